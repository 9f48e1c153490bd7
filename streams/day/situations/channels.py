"""The same facts, told badly: twice, in the wrong order, too early, or only as an estimate."""

from __future__ import annotations

from datetime import timedelta

from streams.day.expectation import ExpectedParked
from streams.day.journey import (
    agreed,
    depart,
    expect_order,
    goods_issue,
    hand_over,
    load,
    new_shipment,
    on_vehicle,
    order,
    prove,
    travel,
)
from streams.day.sources import carrier as carriers
from streams.day.sources import erp, tms, wms
from streams.day.story import Story
from streams.day.world import COMPANIES, FREIGHT, PARCEL
from streams.topics import CARRIER_RAW

__all__ = [
    "announced_last",
    "carrier_ahead_of_plan",
    "contents_unknown",
    "estimated_only",
    "linked_by_warehouse",
    "never_announced",
    "number_used_before",
    "planned_afterwards",
    "same_number_in_two_companies",
    "scans_out_of_order",
    "told_twice",
    "told_by_two_channels",
    "unit_unknown",
]


def told_twice(story: Story) -> None:
    """A carrier whose gateway sends each scan of this parcel again half an hour later."""
    shipment = new_shipment(story, order(story, *agreed(story, "on_delivery", "on_ship")))
    load(story, shipment)
    depart(story, shipment)
    on_vehicle(story, shipment)
    hand_over(story, shipment)
    for late in (0.5, 1.0):
        carriers.scan(story, shipment, "DELIVERED", hours_late=late)


def told_by_two_channels(story: Story) -> None:
    """Carrier and TMS report the same delivery of the same moment."""
    shipment = new_shipment(story, order(story, *agreed(story, "on_delivery", "on_ship")))
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment, by="both")


def scans_out_of_order(story: Story) -> None:
    """A scan on the way is read from its handheld long after the delivery is known (finance case 55)."""
    shipment = new_shipment(story, order(story, *agreed(story, "on_delivery", "on_ship")))
    load(story, shipment)
    depart(story, shipment)
    on_vehicle(story, shipment, hours_late=20)
    hand_over(story, shipment)


def carrier_ahead_of_plan(story: Story) -> None:
    """The plan is typed in after the parcel is delivered: all scans wait for it, and reach the order at once (finance case 62)."""
    company, contract = agreed(story)
    shipment = new_shipment(story, order(story, company, contract))
    load(story, shipment, plan_hours_late=40)
    travel(story, shipment)
    hand_over(story, shipment)
    if contract.trigger == "on_pod":
        prove(story, shipment)


def planned_afterwards(story: Story) -> None:
    """The dispatcher plans what is on the road already: scans from before the plan's own time are this order's all the same."""
    one = order(story, *agreed(story, "on_delivery", "on_ship"))
    shipment = new_shipment(story, one)
    story.wait(0.5, 3)
    wms.pick(story, one)
    goods_issue(story, shipment, one, one.ordered())
    travel(story, shipment)
    story.wait(0.2, 2)
    tms.plan(story, shipment)
    hand_over(story, shipment)


def linked_by_warehouse(story: Story) -> None:
    """There is no TMS: the warehouse's goods issue names the carrier's number."""
    company, contract = agreed(story)
    one = order(story, company, contract)
    shipment = new_shipment(story, one, carrier=story.pick((PARCEL, FREIGHT)))
    story.wait(0.5, 3)
    wms.pick(story, one)
    goods_issue(story, shipment, one, one.ordered(), links=True)
    on_vehicle(story, shipment)
    hand_over(story, shipment)
    if contract.trigger == "on_pod":
        prove(story, shipment)


def estimated_only(story: Story) -> None:
    """Estimates of the delivery, by TMS and carrier, but no delivery (finance case 5)."""
    one = order(story, *agreed(story, "on_delivery", "on_pod"))
    shipment = new_shipment(story, one, carrier=story.pick((PARCEL, FREIGHT)))
    load(story, shipment)
    depart(story, shipment)
    tms.estimate(story, shipment, 20)
    story.wait(2, 3.9)  # less than four hours: the same estimate given twice would be one
    tms.estimate(story, shipment, 16)
    carriers.scan(story, shipment, "DELIVERED", estimated=True)
    one.reached("DELIVERED")
    carriers.scan(story, shipment, "ETA")
    one.reached("ETA_UPDATED")


def contents_unknown(story: Story) -> None:
    """Delivered, but no warehouse ever said what was shipped."""
    shipment = new_shipment(story, order(story, *agreed(story, "on_delivery")))
    tms.plan(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)


def unit_unknown(story: Story) -> None:
    """The warehouse counts in cases what was ordered in pieces, and nobody knows how many are in a case (finance case 24)."""
    one = order(story, *agreed(story, "on_delivery", "on_ship"))
    shipment = new_shipment(story, one)
    story.wait(0.5, 3)
    tms.plan(story, shipment)
    value = wms.issue_record(story, one, shipment, one.ordered())
    for line in value["lines"]:
        line["uom"] = "CS"
    wms.say(story, one, value)
    one.reached("GOODS_ISSUED")
    one.unit_unknown = True
    travel(story, shipment)
    hand_over(story, shipment)


def announced_last(story: Story) -> None:
    """The ERP's own record is the last to arrive."""
    company, contract = agreed(story)
    one = expect_order(story, company, contract)
    shipment = new_shipment(story, one)
    story.wait(0.1, 0.2)
    erp.announce(story, one, hours_late=60)
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)
    if contract.trigger == "on_pod":
        prove(story, shipment)


def never_announced(story: Story) -> None:
    """Goods travel for an order that its ERP never mentions."""
    one = expect_order(story, *agreed(story))
    shipment = new_shipment(story, one)
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)


def number_used_before(story: Story) -> None:
    """The carrier uses the parcel's number again: a delivery of last quarter is told now, and is not this order's (hazard H8)."""
    shipment = new_shipment(story, order(story, *agreed(story, "on_delivery", "on_pod")), carrier=PARCEL)
    load(story, shipment)
    depart(story, shipment)
    now, story.now = story.now, story.now - timedelta(days=90)
    value = carriers.record(story, PARCEL, shipment.references[0], "DELIVERED")
    story.now = now
    carriers.say(story, PARCEL, shipment.references[0], value)
    story.parked.append(ExpectedParked(f"tracking:{PARCEL.scac}:{shipment.references[0]}", CARRIER_RAW))


def same_number_in_two_companies(story: Story) -> None:
    """Two companies have an order of one number; each has its own course."""
    first, second = COMPANIES[0], COMPANIES[1]
    one = order(story, *agreed(story, "on_delivery", company=first))
    other = order(story, *agreed(story, "on_delivery", company=second), number=one.number)
    shipment = new_shipment(story, one)
    load(story, shipment)
    wms.pick(story, other)
    travel(story, shipment)
    hand_over(story, shipment)
