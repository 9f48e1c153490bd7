"""Orders that change while they are worked on."""

from __future__ import annotations

from decimal import Decimal

from streams.day.journey import agreed, hand_over, load, new_line, new_shipment, order, prove, travel
from streams.day.sources import erp, wms
from streams.day.story import Story
from streams.day.truth import Order

__all__ = [
    "cancelled_after_pick",
    "cancelled_after_release",
    "cancelled_before_pick",
    "line_added",
    "line_cancelled",
    "quantity_reduced",
]


def cancelled_before_pick(story: Story) -> None:
    """The customer changes their mind at once."""
    one = order(story, *agreed(story))
    story.wait(0.1, 1)
    erp.cancel(story, one)


def cancelled_after_pick(story: Story) -> None:
    """Cancelled while it stands on the dock; it is never shipped."""
    one = order(story, *agreed(story))
    story.wait(0.5, 3)
    wms.pick(story, one)
    story.wait(0.1, 1)
    erp.cancel(story, one)


def cancelled_after_release(story: Story) -> None:
    """Shipped and released; in the second phase the customer cancels, before anything is posted (finance case 51): revoked."""
    company, contract = agreed(story, "on_ship")
    one = order(story, company, contract)
    load(story, new_shipment(story, one))
    story.close_the_books()
    erp.cancel(story, one)
    one.revoked = True


def quantity_reduced(story: Story) -> None:
    """Before the pick the customer takes half of the first line; what counts is the order as it last was."""
    one = order(story, *agreed(story))
    story.wait(0.1, 0.5)
    first = next(iter(one.lines.values()))
    first.quantity = (first.quantity / 2).quantize(first.quantity) or first.quantity
    _deliver_changed(story, one)


def line_cancelled(story: Story) -> None:
    """One line is cancelled before the pick."""
    one = order(story, *agreed(story), lines=2 + story.below(4))
    story.wait(0.1, 0.5)
    list(one.lines.values())[-1].quantity = Decimal(0)
    _deliver_changed(story, one)


def line_added(story: Story) -> None:
    """The customer adds a line before the pick."""
    one = order(story, *agreed(story))
    story.wait(0.1, 0.5)
    one.lines[str((len(one.lines) + 1) * one.company.line_step)] = new_line(story, one.company)
    _deliver_changed(story, one)
    one.decisions_vary = True


def _deliver_changed(story: Story, one: Order) -> None:
    erp.change(story, one)
    one.decisions_vary = one.contract.partial
    shipment = new_shipment(story, one)
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)
    if one.contract.trigger == "on_pod":
        prove(story, shipment)
