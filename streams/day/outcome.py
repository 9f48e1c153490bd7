"""What must come of an order, given the truth about it.

This is the generator's own, small reading of the billing rules (`docs/day.md`). It shares no code with the pipeline, so that a mistake
in either shows as a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from streams.day.expectation import Expected
from streams.day.money import total_of
from streams.day.truth import Amounts, Order
from streams.day.world import EXPIRED, NEVER_SENT

__all__ = ["outcome_of", "released_of"]

_ZERO: Final = Decimal(0)
_WITHOUT_TERMS: Final = (EXPIRED, NEVER_SENT)


def outcome_of(order: Order) -> Expected:
    """The final result of the order."""
    released = _released(order)
    return Expected(
        order_id=order.id,
        situation=order.situation,
        state=_state(order),
        billing=_billing(order, released),
        currency=order.currency if order.announced else "",
        released=None if order.release_varies else released,
        amount=None if order.release_varies else total_of(order, released),
        invoiceable=_larger(released, order.posted),
        holds=tuple(sorted(_holds(order))),
        milestones=dict(sorted(order.milestones.items())),
        decisions=None if order.decisions_vary or order.release_varies else _decisions(order, released),
        open_exceptions=order.open_exceptions,
        open_disputes=len(order.open_disputes),
        findings=("R1",) if order.posted_too_early and not order.cancelled else (),
    )


def _released(order: Order) -> Amounts:
    if order.posted_first:
        return {}
    return released_of(order) if order.released_before is None else order.released_before


def released_of(order: Order) -> Amounts:
    """What finance may invoice by now, by line."""
    billable = _billable(order)
    if _blocked(order) or (not order.contract.partial and billable != order.ordered()):
        return {}
    return {line: quantity for line, quantity in billable.items() if line not in order.disputed_lines}


def _billable(order: Order) -> Amounts:
    """What the trigger covers, blocked or not."""
    reached = {"on_ship": order.shipped, "on_delivery": order.delivered, "on_pod": order.proven}[order.contract.trigger]
    if order.confirmed_by_silence:
        reached = order.delivered
    covered = {line: min(quantity, reached.get(line, _ZERO)) for line, quantity in order.ordered().items()}
    return {line: quantity for line, quantity in covered.items() if quantity}


def _blocked(order: Order) -> bool:
    return bool(
        not order.announced
        or order.cancelled
        or order.contract in _WITHOUT_TERMS
        or order.currency != order.contract.currency
        or order.billing_blocked
        or order.dead_letters
        or order.disputed_lines == set(order.lines)
    )


def _holds(order: Order) -> set[str]:
    if not order.announced:
        return {"NO_ORDER"}
    if order.cancelled:
        return set()
    holds = _missing(order)
    for applies, code in (
        (order.currency != order.contract.currency, "CURRENCY"),
        (order.billing_blocked, "EXCEPTION"),
        (order.open_disputes, "DISPUTE"),
        (order.dead_letters, "DEAD_LETTER"),
        (order.posted_too_early, "POSTED_WITHOUT_RELEASE"),
    ):
        if applies:
            holds.add(code)
    return holds


def _missing(order: Order) -> set[str]:
    """What the trigger still waits for. What cannot be known (terms, contents, units) stands for all that would follow from it."""
    if order.contract in _WITHOUT_TERMS:
        return {"NO_TERMS"}
    billable, ordered = _billable(order), order.ordered()
    if billable == ordered:
        return set()
    if order.unit_unknown:
        return {"UNIT_UNKNOWN"}
    if order.contents_unknown:
        return {"SHIPMENT_CONTENTS_UNKNOWN"}
    missing = {"INCOMPLETE"} if billable and not order.contract.partial else set()
    if order.contract.trigger == "on_ship":
        missing.add("NOT_SHIPPED")
    elif order.delivered != ordered:
        missing.add("NOT_DELIVERED")
    if order.contract.trigger == "on_pod" and any(billable.get(line, _ZERO) < quantity for line, quantity in order.delivered.items()):
        missing.add("POD_MISSING")
    return missing


def _state(order: Order) -> str:
    ordered = order.ordered()
    for applies, state in (
        (not order.announced, "UNKNOWN"),
        (order.cancelled, "CANCELLED"),
        (order.delivered == ordered and order.proven == ordered, "PROVEN"),
        (order.delivered == ordered, "DELIVERED"),
        (order.delivered or order.handed_over, "PARTIALLY_DELIVERED"),
        (order.progress == "OUT_FOR_DELIVERY", "OUT_FOR_DELIVERY"),
        (order.progress, "IN_TRANSIT"),
        (order.shipped == ordered, "SHIPPED"),
        (order.shipped, "PARTIALLY_SHIPPED"),
        (order.picked, "PICKED"),
    ):
        if applies:
            return state
    return "RELEASED"


def _billing(order: Order, released: Amounts) -> str:
    if order.cancelled:
        return "NOT_BILLABLE"
    ordered = order.ordered()
    if order.announced and order.posted == ordered and not order.posted_too_early:
        return "INVOICED"
    if released == ordered:
        return "RELEASED"
    return "PARTLY_RELEASED" if released else "HELD"


def _decisions(order: Order, released: Amounts) -> dict[str, int]:
    if order.revoked:
        return {"RELEASE": 1, "REVOKE": 1}
    if not released:
        return {}
    return {"RELEASE" if released == order.ordered() else "PARTIAL_RELEASE": 1}


def _larger(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> Amounts:
    return {line: max(one.get(line, _ZERO), other.get(line, _ZERO)) for line in sorted(one.keys() | other.keys())}
