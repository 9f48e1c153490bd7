"""The transport management system."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any, Final

from streams.day.sources.wording import lines_of, number_of
from streams.day.story import Story
from streams.day.truth import Amounts, Order, Shipment
from streams.day.world import TMS
from streams.topics import TMS_RAW

__all__ = ["deliver", "deliver_part", "estimate", "plan", "progress", "prove", "raise_exception", "resolve_exception", "say"]

_HEADERS: Final = {"format": "milepost.tms.v1"}
_PROMPT: Final = 10.0
"""The TMS publishes within this many minutes."""


def plan(story: Story, shipment: Shipment, hours_late: float = 0.0) -> None:
    """The shipment is planned: its numbers now mean these orders. Late: the plan reaches us after the carrier's first scans."""
    for order in shipment.orders:
        order.reached("SHIPMENT_PLANNED")
    value: dict[str, Any] = {
        **_head(story, shipment, "shipment.planned"),
        "carrier": shipment.carrier.nickname or shipment.carrier.scac,
        "orders": [_planned(shipment, order) for order in shipment.orders],
    }
    if shipment.packages:
        value["packages"] = shipment.references
    else:
        value["references"] = [{"kind": shipment.carrier.reference, "value": number} for number in shipment.references]
    say(story, shipment, value, hours_late)


def progress(story: Story, shipment: Shipment, milestone: str) -> None:
    """DISPATCHED, IN_TRANSIT or OUT_FOR_DELIVERY."""
    for order in shipment.orders:
        order.reached(milestone)
        order.progress = milestone
    say(story, shipment, _head(story, shipment, f"shipment.{milestone.lower()}"))


def estimate(story: Story, shipment: Shipment, hours: float) -> None:
    """The delivery is expected so many hours from now: no fact, and nothing may be invoiced on it."""
    for order in shipment.orders:
        order.reached("ETA_UPDATED")
    value = _head(story, shipment, "shipment.eta")
    value["at"] = (story.now + timedelta(hours=int(hours))).astimezone(UTC).isoformat()
    say(story, shipment, value)


def deliver(story: Story, shipment: Shipment) -> None:
    """The TMS reports the shipment delivered. Who notes that in the truth: `streams.day.journey`."""
    say(story, shipment, _head(story, shipment, "shipment.delivered"))


def deliver_part(story: Story, shipment: Shipment, order: Order, amounts: Amounts) -> None:
    """The TMS reports that only these quantities of the order were handed over."""
    value = {**_head(story, shipment, "shipment.delivered_partial"), "lines": lines_of(order, amounts)}
    if len(shipment.orders) > 1:
        value |= {"company": order.company.code, "order": number_of(order, padded=False)}
    say(story, shipment, value)


def prove(story: Story, shipment: Shipment) -> None:
    """A signed delivery note for the whole shipment."""
    say(story, shipment, {**_head(story, shipment, "pod.received"), "signed_by": "R. Meyer", "document": f"pod/{shipment.number}.pdf"})


def raise_exception(story: Story, shipment: Shipment, reason: str, *, blocks: bool) -> str:
    """Something went wrong; returns the case. `blocks`: with this reason nothing may be invoiced while the case is open."""
    case = f"X{story.number()}"
    for order in shipment.orders:
        order.reached("EXCEPTION_RAISED")
        order.open_exceptions += 1
        order.billing_blocked = order.billing_blocked or blocks
    say(story, shipment, {**_head(story, shipment, "exception.raised"), "case": case, "reason": reason})
    return case


def resolve_exception(story: Story, shipment: Shipment, case: str) -> None:
    """The shipment's one open case is settled."""
    for order in shipment.orders:
        order.reached("EXCEPTION_RESOLVED")
        order.open_exceptions -= 1
        order.billing_blocked = False
    say(story, shipment, {**_head(story, shipment, "exception.resolved"), "case": case})


def _planned(shipment: Shipment, order: Order) -> dict[str, str]:
    entry = {"company": order.company.code, "order": number_of(order, padded=False)}
    if order.warehouse.names_deliveries:
        entry["delivery"] = shipment.delivery(order)
    return entry


def _head(story: Story, shipment: Shipment, kind: str) -> dict[str, Any]:
    return {"type": kind, "system": TMS, "shipment": shipment.number, "at": story.at(UTC).replace("+00:00", "Z")}


def say(story: Story, shipment: Shipment, value: Mapping[str, Any], hours_late: float = 0.0) -> None:
    """Send a record about the shipment."""
    story.say(TMS_RAW, shipment.number, value, _PROMPT, _HEADERS, hours_late=hours_late)
