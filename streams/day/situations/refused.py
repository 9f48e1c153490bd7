"""Records about an order that cannot be read: the order's release is held until somebody settles the dead letter.

The refused record comes before the one that would trigger the invoice, from the same source under the same key, or it is the trigger
itself: so nothing may ever be released.
"""

from __future__ import annotations

from streams.day.expectation import ExpectedDeadLetter
from streams.day.journey import agreed, expect_order, goods_issue, hand_over, load, new_shipment, order, travel
from streams.day.sources import carrier as carriers
from streams.day.sources import erp, tms, wms
from streams.day.story import Story
from streams.day.truth import Order
from streams.day.world import FREIGHT, PARCEL, UPS
from streams.topics import CARRIER_RAW, ERP_RAW, REFERENCES, WMS_RAW

__all__ = ["code_unmapped", "field_missing", "logical_scan", "placeholder_date", "quantity_unreadable", "time_unreadable", "whose_lines"]


def field_missing(story: Story) -> None:
    """The ERP forgets the currency, then sends the order again in full; what became of the first record somebody must say."""
    one = expect_order(story, *agreed(story, "on_delivery"))
    value = erp.order_record(story, one, "order.released")
    del value["currency"]
    erp.say(story, one, value, _refuse(story, ERP_RAW, "SCHEMA_INVALID", one), once=True)
    story.wait(0.1, 0.5)
    erp.announce(story, one)
    _deliver(story, one)


def quantity_unreadable(story: Story) -> None:
    """The pick is confirmed with a decimal comma; the goods issue after it is in order, and would trigger the invoice."""
    one = order(story, *agreed(story, "on_ship"))
    story.wait(0.5, 3)
    value = wms.record(story, one, "pick.completed", one.ordered())
    value["lines"][0]["quantity"] = "1.234,5"
    wms.say(story, one, value, _refuse(story, WMS_RAW, "QTY_INVALID", one), once=True)
    shipment = new_shipment(story, one)
    story.wait(0.2, 1)
    tms.plan(story, shipment)
    goods_issue(story, shipment, one, one.ordered())
    travel(story, shipment)
    hand_over(story, shipment)


def time_unreadable(story: Story) -> None:
    """The goods issue itself has a placeholder for its time: nothing counts as shipped."""
    one = order(story, *agreed(story, "on_ship"))
    story.wait(0.5, 3)
    wms.pick(story, one)
    story.wait(0.5, 1)
    value = wms.record(story, one, "goods.issued", one.ordered()) | {"at": "0000-00-00T00:00:00+00:00"}
    wms.say(story, one, value, _refuse(story, WMS_RAW, "TIME_INVALID", one), once=True)


def placeholder_date(story: Story) -> None:
    """A delivered scan of the last day of the year 9999: refused, and nothing is delivered by it (finance case 61)."""
    shipment = new_shipment(story, order(story, *agreed(story, "on_delivery", "on_pod")), carrier=story.pick((PARCEL, FREIGHT)))
    load(story, shipment)
    travel(story, shipment)
    number = shipment.references[0]
    value = carriers.record(story, shipment.carrier, number, "DELIVERED") | {"at": "9999-12-31T00:00:00+00:00"}
    carriers.say(story, shipment.carrier, number, value, _refuse(story, CARRIER_RAW, "TIME_INVALID"), once=True)


def code_unmapped(story: Story) -> None:
    """A scan with a code that nobody has mapped: it moves nothing, and holds nothing, for it names no order (finance case 11)."""
    shipment = new_shipment(story, order(story, *agreed(story, "on_delivery", "on_ship")))
    load(story, shipment)
    travel(story, shipment)
    value = carriers.record(story, shipment.carrier, shipment.references[0], "ZZ9")
    carriers.say(story, shipment.carrier, shipment.references[0], value, _refuse(story, CARRIER_RAW, "UNMAPPED_CODE"), once=True)
    hand_over(story, shipment)


def logical_scan(story: Story) -> None:
    """UPS concludes a delivery that nobody scanned (docs/sources.md, hazard H12): no evidence."""
    shipment = new_shipment(story, order(story, *agreed(story, "on_delivery")), carrier=UPS)
    load(story, shipment)
    travel(story, shipment)
    value = carriers.record(story, UPS, shipment.references[0], "DELIVERED", logicalScan=True)
    carriers.say(story, UPS, shipment.references[0], value, _refuse(story, CARRIER_RAW, "UNMAPPED_CODE"), once=True)


def whose_lines(story: Story) -> None:
    """A partial delivery of a consolidated truck names lines, but not whose: it is refused for both orders, and both are held."""
    company, contract = agreed(story, "on_delivery")
    orders = [order(story, company, contract), order(story, company, contract)]
    shipment = new_shipment(story, *orders, carrier=FREIGHT)
    load(story, shipment)
    travel(story, shipment)
    reference = shipment.references[0]
    value = carriers.record(story, FREIGHT, reference, "PARTIAL", lines=[{"line": next(iter(orders[0].lines)), "quantity": 1}])
    carriers.say(story, FREIGHT, reference, value, once=True)
    for one in orders:
        one.dead_letters += 1
        story.refused.append(ExpectedDeadLetter(REFERENCES, f"pro:NWFT:{reference.lstrip('0')}", "REF_CONFLICT", one.id))


def _deliver(story: Story, one: Order) -> None:
    shipment = new_shipment(story, one)
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)


def _refuse(story: Story, topic: str, reason: str, one: Order | None = None) -> dict[str, str]:
    """Expect the next record as a dead letter; returns the header by which it is recognised."""
    record = story.message_id()
    story.refused.append(ExpectedDeadLetter(topic, record, reason, one.id if one else ""))
    if one is not None:
        one.dead_letters += 1
    return {"message-id": record}
