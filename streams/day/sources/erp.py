"""The companies' ERPs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from streams.day.money import value_of
from streams.day.sources.wording import lines_of, number_of
from streams.day.story import Story
from streams.day.truth import Order, add
from streams.topics import ERP_RAW

__all__ = ["announce", "cancel", "change", "dispute", "order_record", "post_invoice", "say", "settle_dispute"]

_HEADERS: Final = {"format": "milepost.erp.v1"}
_PROMPT: Final = 0.5
"""ERPs publish within this many minutes."""


def announce(story: Story, order: Order, *, hours_late: float = 0.0) -> None:
    """The order is released for fulfilment."""
    order.announced = True
    _order(story, order, "order.released", "ORDER_RELEASED", hours_late)


def change(story: Story, order: Order) -> None:
    """The order changed; its ERP sends the whole of it again, as its lines now are."""
    _order(story, order, "order.changed", "ORDER_CHANGED")


def cancel(story: Story, order: Order) -> None:
    """The whole order is cancelled."""
    order.revision += 1
    order.cancelled = True
    order.reached("ORDER_CANCELLED")
    say(story, order, {**_head(story, order, "order.cancelled"), "revision": order.revision})


def dispute(story: Story, order: Order, lines: tuple[str, ...] = ()) -> str:
    """The customer disputes these lines, or the whole order; returns the case."""
    case = f"C{story.number()}"
    value = {**_head(story, order, "dispute.opened"), "case": case, "text": "quantity not as agreed"}
    if lines:
        value["lines"] = lines_of(order, {line: order.lines[line].quantity for line in lines})
    order.open_disputes.add(case)
    order.disputed_lines.update(lines or order.lines)
    order.reached("DISPUTE_OPENED")
    say(story, order, value)
    return case


def settle_dispute(story: Story, order: Order, case: str) -> None:
    """The one dispute of the order ends in favour of the invoice."""
    order.open_disputes.remove(case)
    order.disputed_lines.clear()
    order.reached("DISPUTE_RESOLVED")
    say(story, order, {**_head(story, order, "dispute.resolved"), "case": case})


def post_invoice(story: Story, order: Order, amounts: Mapping[str, Decimal]) -> None:
    """Finance posts an invoice over these quantities. It does not say which release it acts upon: the generator knows no release ids."""
    total = sum((value_of(order, line, quantity) for line, quantity in amounts.items()), Decimal(0))
    add(order.posted, amounts.items())
    order.reached("INVOICE_POSTED")
    value = {
        **_head(story, order, "invoice.posted"),
        "invoice": f"INV-{story.number()}",
        "amount": str(total),
        "currency": order.currency,
        "lines": lines_of(order, amounts),
    }
    say(story, order, value)


def order_record(story: Story, order: Order, kind: str) -> dict[str, Any]:
    """The order as its ERP would now write it."""
    text = order.company.decimals_as_text
    return {
        **_head(story, order, kind),
        "revision": order.revision,
        "customer": order.customer,
        "currency": order.currency,
        "terms": order.contract.terms_id,
        "lines": [
            {
                "line": number,
                "sku": line.sku,
                "quantity": str(line.quantity) if text else float(line.quantity),
                "uom": line.uom,
                "unit_price": str(line.price) if text else float(line.price),
            }
            for number, line in order.lines.items()
        ],
    }


def _order(story: Story, order: Order, kind: str, milestone: str, hours_late: float = 0.0) -> None:
    order.revision += 1
    order.reached(milestone)
    say(story, order, order_record(story, order, kind), hours_late=hours_late)


def _head(story: Story, order: Order, kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "system": order.company.erp,
        "company": order.company.code,
        "order": number_of(order, padded=True),
        "at": story.at(order.company.zone),
    }


def say(
    story: Story,
    order: Order,
    value: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    *,
    hours_late: float = 0.0,
    once: bool = False,
) -> None:
    """Send an ERP's record about the order."""
    key = f"{order.company.code}/{number_of(order, padded=True)}"
    story.say(ERP_RAW, key, value, _PROMPT, _HEADERS | dict(headers or {}), hours_late=hours_late, once=once)
