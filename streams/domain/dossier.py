"""The standing facts of one order, sorted by what they speak of, in one pass.

A dossier can take one more fact without being made anew, unless that fact withdraws something. What it holds does not depend on
the order in which it was given the facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from streams.domain.facts import Fact, withdrawn
from streams.domain.vocabulary import Classifier, Effect, Milestone

if TYPE_CHECKING:
    from streams.domain.quantities import Goods

__all__ = ["Dossier", "Place"]

Place = tuple[str, str]
"""Shipment id and delivery id; either may be empty."""

_MOVES = {
    Milestone.PICKED_UP: 1,
    Milestone.DISPATCHED: 1,
    Milestone.IN_TRANSIT: 1,
    Milestone.OUT_FOR_DELIVERY: 2,
}
_ARRIVALS = frozenset({Milestone.DELIVERED, Milestone.DELIVERED_PARTIAL, Milestone.DELIVERED_WITH_EXCEPTION})
_FORECASTS = _ARRIVALS | {Milestone.ETA_UPDATED}


class Cases:
    """Exceptions or disputes: when each was raised (again), and when it was last resolved."""

    __slots__ = ("_raised", "_resolved")

    def __init__(self) -> None:
        self._raised: dict[str, list[Fact]] = {}
        self._resolved: dict[str, datetime] = {}

    def raised(self, fact: Fact) -> None:
        self._raised.setdefault(fact.case, []).append(fact)

    def resolved(self, fact: Fact) -> None:
        known = self._resolved.get(fact.case)
        if known is None or fact.at > known:
            self._resolved[fact.case] = fact.at

    def open(self) -> list[Fact]:
        """What was raised after its case was last resolved, by case and time."""
        if not self._raised:
            return []
        facts = [
            fact
            for case, raised in self._raised.items()
            for fact in raised
            if case not in self._resolved or fact.at > self._resolved[case]
        ]
        return sorted(facts, key=lambda fact: (fact.case, fact.at, fact.id))


class Dossier:
    """What the facts of one order say, retractions applied. Only ACT counts, except for plans and estimates."""

    __slots__ = (
        "_gone",
        "arrivals",
        "cancellations",
        "disputes",
        "exceptions",
        "forecasts",
        "goods",
        "invoices",
        "invoices_cancelled",
        "issues",
        "last_at",
        "moves",
        "order",
        "picked",
        "plans",
        "proofs",
        "withdrawals",
    )

    def __init__(self, order_id: str, facts: Iterable[Fact]) -> None:
        facts = list(facts)
        self.order: Fact | None = None
        """The order revision that counts."""
        self.cancellations: list[Fact] = []
        self.picked = False
        self.issues: list[Fact] = []
        self.plans: list[Fact] = []
        self.arrivals: list[Fact] = []
        self.proofs: list[Fact] = []
        self.moves: dict[Place, int] = {}
        """How far each shipment or delivery came on the road: 1 moving, 2 out for delivery."""
        self.forecasts: dict[Place, Fact] = {}
        """The latest estimate of each shipment's or delivery's arrival."""
        self.exceptions = Cases()
        self.disputes = Cases()
        self.invoices: dict[str, Fact] = {}
        self.invoices_cancelled: set[str] = set()
        self.withdrawals: list[Fact] = []
        self.last_at: datetime | None = None
        """Time of the latest thing that happened."""
        self.goods: Goods | None = None
        """Made from this dossier by `quantities`; dropped when a fact about goods or the order comes in."""

        self.withdrawals = [fact for fact in facts if fact.more is not None and fact.more.retracts]
        self._gone = withdrawn(self.withdrawals, order_id) if self.withdrawals else frozenset()
        for fact in facts:
            self._take(fact)

    def add(self, fact: Fact) -> bool:
        """Take one more fact. False: it withdraws something, and the dossier must be made anew."""
        if fact.more is not None and fact.more.retracts:
            return False
        self._take(fact)
        return True

    @property
    def cancelled(self) -> bool:
        """The order is cancelled and no later revision revived it, or all its lines are at zero."""
        order = self.order.more.order if self.order is not None and self.order.more is not None else None
        for cancellation in self.cancellations:
            told = cancellation.more.order if cancellation.more is not None else None
            if told is None or order is None or told.number >= order.number:
                return True
        return order is not None and not any(line.quantity > 0 for line in order.lines)

    @property
    def active_invoices(self) -> list[Fact]:
        """Posted, not cancelled, by number."""
        return [self.invoices[number] for number in sorted(self.invoices) if number not in self.invoices_cancelled]

    def _take(self, fact: Fact) -> None:
        more = fact.more
        if more is not None and more.retracts:
            return
        if self._gone and not self._gone.isdisjoint(fact.ids):
            return
        milestone = fact.milestone
        if milestone is Milestone.SHIPMENT_PLANNED:
            self.plans.append(fact)
            self.goods = None
        if fact.classifier is not Classifier.ACT or milestone is Milestone.ETA_UPDATED:
            if milestone in _FORECASTS:
                self._forecast(fact)
            return
        if self.last_at is None or fact.at > self.last_at:
            self.last_at = fact.at
        if milestone in _MOVES:
            place = fact.shipment, "" if fact.shipment else fact.delivery
            self.moves[place] = max(_MOVES[milestone], self.moves.get(place, 0))
        elif milestone in _ARRIVALS:
            self.arrivals.append(fact)
            self.goods = None
            if milestone is Milestone.DELIVERED_WITH_EXCEPTION:
                self.exceptions.raised(fact)
        elif milestone is Milestone.GOODS_ISSUED:
            self.issues.append(fact)
            self.goods = None
        elif milestone is Milestone.POD_RECEIVED:
            self.proofs.append(fact)
            self.goods = None
        elif milestone is Milestone.ORDER_RELEASED or milestone is Milestone.ORDER_CHANGED:
            if more is not None and more.order is not None and (self.order is None or _supersedes(fact, self.order)):
                self.order = fact
                self.goods = None
        elif milestone is Milestone.ORDER_CANCELLED:
            self.cancellations.append(fact)
        elif milestone is Milestone.PICK_COMPLETED:
            self.picked = True
        elif milestone is Milestone.EXCEPTION_RAISED:
            self.exceptions.raised(fact)
        elif milestone is Milestone.EXCEPTION_RESOLVED:
            self.exceptions.resolved(fact)
        elif milestone is Milestone.DISPUTE_OPENED:
            self.disputes.raised(fact)
        elif milestone is Milestone.DISPUTE_RESOLVED:
            self.disputes.resolved(fact)
        elif more is not None and more.invoice is not None:
            self._invoice(fact, more.invoice.number)

    def _forecast(self, fact: Fact) -> None:
        place = fact.shipment, "" if fact.shipment else fact.delivery
        known = self.forecasts.get(place)
        if known is None or _forecast_rank(fact) > _forecast_rank(known):
            self.forecasts[place] = fact

    def _invoice(self, fact: Fact, number: str) -> None:
        if fact.milestone is Milestone.INVOICE_CANCELLED:
            self.invoices_cancelled.add(number)
            return
        known = self.invoices.get(number)
        if known is None or (fact.at, fact.id) < (known.at, known.id):
            self.invoices[number] = fact


def blocks_confirmation(fact: Fact) -> bool:
    """An open exception that speaks against taking silence as proof of delivery: all but delays and remarks."""
    effect = fact.more.effect if fact.more is not None else None
    return fact.milestone is Milestone.DELIVERED_WITH_EXCEPTION or effect not in (Effect.INFO, Effect.DELAY)


def blocks_billing(fact: Fact) -> bool:
    """An open exception that holds the invoice."""
    effect = fact.more.effect if fact.more is not None else None
    return fact.milestone is Milestone.DELIVERED_WITH_EXCEPTION or effect not in (Effect.INFO, Effect.DELAY, Effect.DELIVERY_BLOCK)


def _supersedes(fact: Fact, known: Fact) -> bool:
    return _revision_rank(fact) > _revision_rank(known)


def _revision_rank(fact: Fact) -> tuple[int, datetime, str]:
    number = fact.more.order.number if fact.more is not None and fact.more.order is not None else -1
    return number, fact.at, fact.id


def _forecast_rank(fact: Fact) -> tuple[bool, datetime, datetime, str]:
    """An estimate beats a plan; among equals the last said counts."""
    return fact.classifier is not Classifier.PLN, fact.told or fact.at, fact.at, fact.id
