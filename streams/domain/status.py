"""How far an order and its shipments are: the furthest that the facts say, whatever came last.

An older scan never moves an order back, and neither does a newer one; only a retraction does.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from streams.domain.amounts import NONE, plus, reaches
from streams.domain.decisions import BillingState, OrderState, ShipmentStatus, Status
from streams.domain.dossier import Dossier
from streams.domain.goods import Goods, Place, Portion
from streams.domain.money import rounded
from streams.domain.order import Ledger, ShipmentMark, Snapshot
from streams.domain.verdict import Billable, Billed

__all__ = ["as_said", "order_state", "released_amount", "snapshot"]

_NOWHERE: Final[Place] = ("", "")
_MOVING: Final = {0: OrderState.RELEASED, 1: OrderState.IN_TRANSIT, 2: OrderState.OUT_FOR_DELIVERY}


def released_amount(ledger: Ledger) -> Decimal:
    """What is released, net, in the currency of the last release."""
    currency = ledger.basis.currency if ledger.basis is not None else ""
    return sum([rounded(line.value, currency) for line in ledger.lines.values()], Decimal(0))


def snapshot(dossier: Dossier, goods: Goods, ledger: Ledger, billed: Billed, counted: Billable, released: Decimal) -> Snapshot:
    """The status of an order as its facts and its ledger have it. `counted`: what the gate would let be invoiced; `released`: the net
    amount released."""
    currency = ledger.basis.currency if ledger.basis is not None else dossier.revision.currency if dossier.revision is not None else ""
    exceptions, disputes = dossier.open_exceptions(), dossier.disputes.open()
    return Snapshot(
        order_state(dossier, goods),
        _billing(dossier, goods, billed, counted),
        _shipments(dossier, goods),
        tuple(sorted({fact.case for fact in exceptions})) if exceptions else (),
        tuple(sorted({fact.case for fact in disputes})) if disputes else (),
        released,
        currency,
        dossier.last_at,
    )


def as_said(order_id: str, snapshot: Snapshot, at: datetime) -> Status:
    """A snapshot as it is published. `at` is the log time of the record that changed it."""
    shipments = tuple(ShipmentStatus(*mark) for mark in snapshot.shipments)
    return Status(
        order_id,
        snapshot.state,
        snapshot.billing,
        shipments,
        snapshot.open_exceptions,
        snapshot.open_disputes,
        snapshot.released_amount,
        snapshot.currency,
        snapshot.last_event_at,
        at,
    )


def order_state(dossier: Dossier, goods: Goods) -> OrderState:
    """How far the order is as a whole."""
    if dossier.revision is None:
        return OrderState.CANCELLED if dossier.cancelled else OrderState.UNKNOWN
    if dossier.cancelled:
        return OrderState.CANCELLED
    ordered = goods.ordered
    if ordered and reaches(goods.delivered, ordered):
        return OrderState.PROVEN if reaches(goods.proven, ordered) else OrderState.DELIVERED
    for portion in goods.portions:
        if portion.partly or portion.delivered_at is not None:
            return OrderState.PARTIALLY_DELIVERED
    if dossier.moves:
        return _MOVING[max(dossier.moves.values())]
    if ordered and reaches(goods.shipped, ordered):
        return OrderState.SHIPPED
    if goods.shipped:
        return OrderState.PARTIALLY_SHIPPED
    return OrderState.PICKED if dossier.picked else OrderState.RELEASED


def _billing(dossier: Dossier, goods: Goods, billed: Billed, counted: Billable) -> BillingState:
    """What was posted too early counts as far as the target covers it by now. What came back, or will not come, is not waited for."""
    covered, posted, due = billed.released, billed.posted, counted.due
    if (dossier.cancelled or (dossier.revision is not None and not due)) and not covered:
        return BillingState.NOT_BILLABLE
    if billed.early:
        target = counted.target
        early = {line: min(quantity, target[line] - covered.get(line, NONE)) for line, quantity in billed.early.items() if line in target}
        early = {line: quantity for line, quantity in early.items() if quantity > 0}
        covered, posted = plus(covered, early), plus(posted, early)
    if not covered:
        return BillingState.HELD
    if goods.ordered and not dossier.cancelled and reaches(covered, due):
        return BillingState.INVOICED if reaches(posted, due) else BillingState.RELEASED
    return BillingState.PARTLY_RELEASED


def _shipments(dossier: Dossier, goods: Goods) -> tuple[ShipmentMark, ...]:
    by_place: dict[Place, list[Portion]] = {}
    for portion in goods.portions:
        if portion.place in by_place:
            by_place[portion.place].append(portion)
        else:
            by_place[portion.place] = [portion]
    moves: dict[Place, int] = {}
    for (shipment, delivery), move in dossier.moves.items():
        place = goods.place(shipment, delivery)
        if move > moves.get(place, 0):
            moves[place] = move
        by_place.setdefault(place, [])
    eta: dict[Place, datetime] = {}
    if dossier.forecasts:
        for told_of, fact in sorted(dossier.forecasts.items()):
            place = goods.place(*told_of)
            eta[place] = fact.at
            by_place.setdefault(place, [])
    by_place.pop(_NOWHERE, None)
    places = sorted(by_place) if len(by_place) > 1 else by_place
    return tuple([_shipment(place, by_place[place], moves.get(place, 0), eta.get(place)) for place in places])


def _shipment(place: Place, portions: list[Portion], move: int, eta: datetime | None) -> ShipmentMark:
    if len(portions) == 1:
        delivered, proven = portions[0].delivered_at, portions[0].proven_at
    else:
        delivered = _when_all([portion.delivered_at for portion in portions])
        proven = _when_all([portion.proven_at for portion in portions])
    if delivered is not None:
        state = OrderState.PROVEN if proven is not None else OrderState.DELIVERED
        eta = None
    elif any(portion.partly for portion in portions):
        state = OrderState.PARTIALLY_DELIVERED
    elif not move and any(portion.shipped for portion in portions):
        state = OrderState.SHIPPED
    else:
        state = _MOVING[move]
    return ShipmentMark(place[0] or place[1], state, delivered, proven, eta)


def _when_all(moments: list[datetime | None]) -> datetime | None:
    """The last of the moments, if there is one for each portion."""
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None
