"""The warehouses' systems."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from streams.day.sources.wording import lines_of, number_of
from streams.day.story import Story
from streams.day.truth import Amounts, Order, Shipment, add
from streams.topics import WMS_RAW

__all__ = ["issue", "issue_record", "pick", "record", "say"]

_PROMPT: Final = 5.0
"""Warehouses publish within this many minutes."""


def pick(story: Story, order: Order) -> None:
    """All that is ordered was picked."""
    order.picked = True
    order.reached("PICK_COMPLETED")
    say(story, order, record(story, order, "pick.completed", order.ordered()))


def issue(story: Story, order: Order, shipment: Shipment, amounts: Amounts, *, links: bool = False) -> None:
    """Goods left the warehouse in a shipment. `links`: the warehouse itself says which numbers the carrier will use."""
    add(order.shipped, amounts.items())
    shipment.loaded(order, amounts)
    order.reached("GOODS_ISSUED")
    value = issue_record(story, order, shipment, amounts)
    if links:
        value["references"] = [
            {"kind": shipment.carrier.reference, "issuer": shipment.carrier.scac, "value": reference} for reference in shipment.references
        ]
    say(story, order, value)


def issue_record(story: Story, order: Order, shipment: Shipment, amounts: Mapping[str, Decimal]) -> dict[str, Any]:
    """A goods issue as the warehouse would now write it: of a delivery or of a shipment, by its habit."""
    value = record(story, order, "goods.issued", amounts)
    if order.warehouse.names_deliveries:
        return value | {"delivery": shipment.delivery(order)}
    return value | {"shipment": shipment.number}


def record(story: Story, order: Order, kind: str, amounts: Mapping[str, Decimal]) -> dict[str, Any]:
    """A statement about these quantities as the warehouse would now write it."""
    return {
        "type": kind,
        "system": order.warehouse.system,
        "company": order.company.code,
        "order": number_of(order, padded=False),
        "at": story.at(order.warehouse.zone),
        "lines": lines_of(order, amounts),
    }


def say(story: Story, order: Order, value: Mapping[str, Any], headers: Mapping[str, str] | None = None, *, once: bool = False) -> None:
    """Send a warehouse's record about the order. Warehouses never name their format: it is detected."""
    story.say(WMS_RAW, f"{order.company.code}/{order.number}", value, _PROMPT, headers, once=once)
