"""Exceptions on the road and disputes with the customer.

Where a case is left open, the record that opens it and the one that would trigger the invoice come from one source under one key, or in two
phases: so their order is fixed, and nothing may ever be released.
"""

from __future__ import annotations

from streams.day.journey import agreed, depart, hand_over, load, new_shipment, on_vehicle, order, prove, travel, trusted
from streams.day.outcome import released_of
from streams.day.sources import carrier as carriers
from streams.day.sources import erp, tms
from streams.day.story import Story
from streams.day.truth import Shipment
from streams.day.world import FREIGHT, PARCEL, Carrier

__all__ = [
    "damage_open",
    "damage_settled",
    "delayed_by_weather",
    "delivered_damaged",
    "dispute_after_release",
    "dispute_open",
    "dispute_over_one_line",
    "dispute_settled",
    "refused_by_consignee",
]


def delayed_by_weather(story: Story) -> None:
    """A delay, told and never closed: it is known, and holds no invoice."""
    shipment = _shipment(story, "on_delivery", "on_ship")
    depart(story, shipment)
    tms.raise_exception(story, shipment, "WEATHER", blocks=False)
    story.wait(6, 12)
    on_vehicle(story, shipment)
    hand_over(story, shipment)


def damage_settled(story: Story) -> None:
    """Reported damaged on the way, inspected and found to be in order, then delivered (finance case 28)."""
    shipment = _shipment(story, "on_delivery")
    depart(story, shipment)
    story.wait(1, 3)
    case = tms.raise_exception(story, shipment, "DAMAGE", blocks=True)
    story.wait(3, 9)
    tms.resolve_exception(story, shipment, case)
    on_vehicle(story, shipment)
    hand_over(story, shipment, by="tms")


def damage_open(story: Story) -> None:
    """Reported damaged on the way and delivered all the same; the case stays open (finance case 26)."""
    shipment = _shipment(story, "on_delivery")
    depart(story, shipment)
    story.wait(1, 3)
    tms.raise_exception(story, shipment, "DAMAGE", blocks=True)
    on_vehicle(story, shipment)
    hand_over(story, shipment, by="tms")


def delivered_damaged(story: Story) -> None:
    """Handed over with damage noted on the spot: no clean delivery (finance case 26)."""
    shipment = _shipment(story, "on_delivery", carrier=story.pick((PARCEL, FREIGHT)))
    travel(story, shipment)
    story.wait(0.5, 4)
    carriers.scan(story, shipment, "DAMAGED")
    for one in shipment.orders:
        one.reached("DELIVERED_WITH_EXCEPTION")
        trusted(shipment, one, one.delivered)
        one.open_exceptions += 1
        one.billing_blocked = True


def refused_by_consignee(story: Story) -> None:
    """The consignee does not take it (finance case 30)."""
    shipment = _shipment(story, "on_delivery", "on_pod")
    travel(story, shipment)
    story.wait(0.5, 4)
    carriers.scan(story, shipment, "REFUSED")
    for one in shipment.orders:
        one.reached("EXCEPTION_RAISED")
        one.open_exceptions += 1
        one.billing_blocked = True


def dispute_settled(story: Story) -> None:
    """Disputed while it travels, settled in favour before the proof comes in (finance case 42)."""
    shipment = _shipment(story, "on_pod")
    one = shipment.orders[0]
    travel(story, shipment)
    case = erp.dispute(story, one)
    hand_over(story, shipment)
    story.wait(2, 8)
    erp.settle_dispute(story, one, case)
    story.close_the_books()
    prove(story, shipment)


def dispute_open(story: Story) -> None:
    """Disputed as a whole; the proof comes in, and nothing is released."""
    shipment = _shipment(story, "on_pod")
    travel(story, shipment)
    hand_over(story, shipment)
    erp.dispute(story, shipment.orders[0])
    story.close_the_books()
    prove(story, shipment)


def dispute_after_release(story: Story) -> None:
    """Disputed in the second phase, when the release is out: nothing is taken back, and the dispute is shown."""
    shipment = _shipment(story, "on_delivery")
    one = shipment.orders[0]
    travel(story, shipment)
    hand_over(story, shipment)
    one.released_before = released_of(one)
    story.close_the_books()
    erp.dispute(story, one)


def dispute_over_one_line(story: Story) -> None:
    """One line of several is disputed (finance case 36): the others are released."""
    shipment = _shipment(story, "on_pod", lines=2 + story.below(5))
    one = shipment.orders[0]
    travel(story, shipment)
    hand_over(story, shipment)
    erp.dispute(story, one, (story.pick(tuple(one.lines)),))
    story.close_the_books()
    prove(story, shipment)


def _shipment(story: Story, *triggers: str, carrier: Carrier | None = None, lines: int = 0) -> Shipment:
    shipment = new_shipment(story, order(story, *agreed(story, *triggers), lines=lines), carrier=carrier)
    load(story, shipment)
    return shipment
