"""How much of an order is delivered, in how many consignments."""

from __future__ import annotations

from streams.day.journey import (
    agreed,
    depart,
    goods_issue,
    hand_over,
    load,
    new_shipment,
    on_vehicle,
    order,
    part_of,
    prove,
    rest_of,
    travel,
)
from streams.day.sources import carrier as carriers
from streams.day.sources import tms, wms
from streams.day.story import Story
from streams.day.truth import Amounts, Shipment, add
from streams.day.world import FREIGHT, PARCEL, UPS

__all__ = [
    "backorder_delivered",
    "backorder_open",
    "consolidated",
    "delivered_in_full",
    "multi_package",
    "on_the_road",
    "on_the_vehicle",
    "package_missing",
    "partly_delivered",
    "picked_only",
    "released_only",
    "shipped_only",
    "split_over_carriers",
]


def released_only(story: Story) -> None:
    """The warehouse has not begun."""
    order(story, *agreed(story))


def picked_only(story: Story) -> None:
    """Picked, waiting for its vehicle."""
    one = order(story, *agreed(story))
    story.wait(1, 6)
    wms.pick(story, one)


def shipped_only(story: Story) -> None:
    """Issued, not yet collected."""
    load(story, new_shipment(story, order(story, *agreed(story))))


def on_the_road(story: Story) -> None:
    """Collected, on the way."""
    shipment = new_shipment(story, order(story, *agreed(story)))
    load(story, shipment)
    depart(story, shipment)


def on_the_vehicle(story: Story) -> None:
    """Out for delivery when the day's records end."""
    shipment = new_shipment(story, order(story, *agreed(story)))
    load(story, shipment)
    travel(story, shipment)


def delivered_in_full(story: Story) -> None:
    """One consignment, all delivered; proven where the contract asks for proof, and now and then where it does not."""
    company, contract = agreed(story)
    shipment = new_shipment(story, order(story, company, contract))
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)
    if contract.trigger == "on_pod" or story.below(4) == 0:
        prove(story, shipment)


def partly_delivered(story: Story) -> None:
    """All shipped, but only a part is handed over, line by line; the rest never turns up."""
    one = order(story, *agreed(story))
    shipment = new_shipment(story, one, carrier=story.pick((PARCEL, FREIGHT)))
    load(story, shipment)
    travel(story, shipment)
    story.wait(0.5, 4)
    part = part_of(story, one)
    if story.below(2):
        tms.deliver_part(story, shipment, one, part)
    else:
        carriers.scan_part(story, shipment, one, part)
    one.reached("DELIVERED_PARTIAL")
    add(one.delivered, part.items())


def backorder_delivered(story: Story) -> None:
    """A part is shipped and delivered; the rest follows in a second consignment a few hours later."""
    company, contract = agreed(story)
    one = order(story, company, contract)
    part = part_of(story, one)
    one.decisions_vary = contract.partial
    for amounts in (part, rest_of(one, part)):
        _consign(story, new_shipment(story, one), amounts, proven=contract.trigger == "on_pod")


def backorder_open(story: Story) -> None:
    """A part is shipped and delivered; the rest is never shipped."""
    company, contract = agreed(story)
    one = order(story, company, contract)
    _consign(story, new_shipment(story, one), part_of(story, one), proven=contract.trigger == "on_pod")


def split_over_carriers(story: Story) -> None:
    """Each third of the lines goes with another carrier, at its own pace."""
    company, contract = agreed(story)
    one = order(story, company, contract, lines=3 + story.below(6))
    one.decisions_vary = contract.partial
    story.wait(0.5, 3)
    wms.pick(story, one)
    numbers = list(one.lines)
    for lot, carrier in enumerate((UPS, PARCEL, FREIGHT)):
        amounts = {number: one.lines[number].quantity for number in numbers[lot::3]}
        _consign(story, new_shipment(story, one, carrier=carrier), amounts, proven=contract.trigger == "on_pod")


def consolidated(story: Story) -> None:
    """Three orders under two contracts on one truck; each is judged under its own."""
    company, contract = agreed(story)
    orders = [order(story, company, agreed(story, company=company)[1] if story.below(2) else contract) for _ in range(3)]
    shipment = new_shipment(story, *orders, carrier=FREIGHT)
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)
    prove(story, shipment)


def multi_package(story: Story) -> None:
    """Several parcels, tracked one by one, all delivered within hours of each other."""
    company, contract = agreed(story)
    shipment = new_shipment(story, order(story, company, contract), carrier=story.pick((UPS, PARCEL)), packages=2 + story.below(3))
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)
    if contract.trigger == "on_pod":
        prove(story, shipment)


def package_missing(story: Story) -> None:
    """Of several parcels one never arrives: what it held nobody can tell from the scans, so the delivery is not complete."""
    one = order(story, *agreed(story, "on_delivery", "on_pod"))
    shipment = new_shipment(story, one, carrier=story.pick((UPS, PARCEL)), packages=3)
    load(story, shipment)
    travel(story, shipment)
    for reference in shipment.references[:-1]:
        story.wait(0.2, 2)
        carriers.scan(story, shipment, "DELIVERED", reference=reference)
        one.reached("DELIVERED")
    one.handed_over = True


def _consign(story: Story, shipment: Shipment, amounts: Amounts, *, proven: bool) -> None:
    """A consignment of a part of one order, from plan to delivery."""
    story.wait(0.2, 2)
    tms.plan(story, shipment)
    goods_issue(story, shipment, shipment.orders[0], amounts)
    depart(story, shipment)
    on_vehicle(story, shipment)
    hand_over(story, shipment)
    if proven:
        prove(story, shipment)
