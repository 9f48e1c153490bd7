"""The standing facts of one order, sorted by what they speak of, in one pass.

A dossier can take one more fact without being made anew, unless that fact withdraws something. What it holds does not depend on
the order in which it was given the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from streams.domain.facts import Fact, Revision, withdrawn
from streams.domain.vocabulary import Classifier, Effect, Milestone

if TYPE_CHECKING:
    from streams.domain.portions import Goods

__all__ = ["Cases", "Dossier", "Place", "blocks_billing", "blocks_confirmation"]

Place = tuple[str, str]
"""Shipment id and delivery id; either may be empty."""

_ACT: Final = Classifier.ACT
"""Taken out once: an attribute of an Enum class costs a tenth of a microsecond on Python 3.11, and a pass asks for thousands."""


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
            fact for case, raised in self._raised.items() for fact in raised if case not in self._resolved or fact.at > self._resolved[case]
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
        "revision",
        "withdrawals",
    )

    def __init__(self, order_id: str, facts: Sequence[Fact]) -> None:
        self.order: Fact | None = None
        """The fact with the order revision that counts."""
        self.revision: Revision | None = None
        """That revision."""
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
        order = self.revision
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
        if fact.classifier is _ACT:
            if self.last_at is None or fact.at > self.last_at:
                self.last_at = fact.at
            _HAPPENED[fact.milestone](self, fact)
        else:
            foretold = _FORETOLD.get(fact.milestone)
            if foretold is not None:
                foretold(self, fact)

    def _ordered(self, fact: Fact) -> None:
        revision = fact.more.order if fact.more is not None else None
        if revision is None:
            return
        if self.order is None or self.revision is None or _revision_rank(fact, revision) > _revision_rank(self.order, self.revision):
            self.order, self.revision = fact, revision
            self.goods = None

    def _cancelled(self, fact: Fact) -> None:
        self.cancellations.append(fact)

    def _picked(self, fact: Fact) -> None:
        self.picked = True

    def _issued(self, fact: Fact) -> None:
        self.issues.append(fact)
        self.goods = None

    def _planned(self, fact: Fact) -> None:
        self.plans.append(fact)
        self.goods = None

    def _moving(self, fact: Fact) -> None:
        self.moves.setdefault((fact.shipment, "") if fact.shipment else ("", fact.delivery), 1)

    def _out_for_delivery(self, fact: Fact) -> None:
        self.moves[(fact.shipment, "") if fact.shipment else ("", fact.delivery)] = 2

    def _arrived(self, fact: Fact) -> None:
        self.arrivals.append(fact)
        self.goods = None

    def _arrived_badly(self, fact: Fact) -> None:
        self._arrived(fact)
        self.exceptions.raised(fact)

    def _proven(self, fact: Fact) -> None:
        self.proofs.append(fact)
        self.goods = None

    def _noted(self, fact: Fact) -> None:
        """A refused delivery, a loss or a damage that states its effect opens a case under any name; nothing else is derived."""
        if fact.more is not None and fact.more.effect is not None:
            self.exceptions.raised(fact)

    def _forecast(self, fact: Fact) -> None:
        place = (fact.shipment, "") if fact.shipment else ("", fact.delivery)
        known = self.forecasts.get(place)
        if known is None or _forecast_rank(fact) > _forecast_rank(known):
            self.forecasts[place] = fact

    def _posted(self, fact: Fact) -> None:
        if fact.more is not None and fact.more.invoice is not None:
            number = fact.more.invoice.number
            known = self.invoices.get(number)
            if known is None or (fact.at, fact.id) < (known.at, known.id):
                self.invoices[number] = fact

    def _invoice_cancelled(self, fact: Fact) -> None:
        if fact.more is not None and fact.more.invoice is not None:
            self.invoices_cancelled.add(fact.more.invoice.number)


_JUDGED: Final[dict[Milestone, Callable[[Dossier, Fact], None]]] = {
    Milestone.ORDER_RELEASED: Dossier._ordered,
    Milestone.ORDER_CHANGED: Dossier._ordered,
    Milestone.ORDER_CANCELLED: Dossier._cancelled,
    Milestone.PICK_COMPLETED: Dossier._picked,
    Milestone.GOODS_ISSUED: Dossier._issued,
    Milestone.SHIPMENT_PLANNED: Dossier._planned,
    Milestone.PICKED_UP: Dossier._moving,
    Milestone.DISPATCHED: Dossier._moving,
    Milestone.IN_TRANSIT: Dossier._moving,
    Milestone.ARRIVED_TERMINAL: Dossier._moving,
    Milestone.DEPARTED_TERMINAL: Dossier._moving,
    Milestone.LOADED_ON_VESSEL: Dossier._moving,
    Milestone.DISCHARGED: Dossier._moving,
    Milestone.ARRIVED_DESTINATION: Dossier._moving,
    Milestone.AVAILABLE_FOR_COLLECTION: Dossier._moving,
    Milestone.OUT_FOR_DELIVERY: Dossier._out_for_delivery,
    Milestone.ETA_UPDATED: Dossier._forecast,
    Milestone.DELIVERED: Dossier._arrived,
    Milestone.DELIVERED_PARTIAL: Dossier._arrived,
    Milestone.DELIVERED_WITH_EXCEPTION: Dossier._arrived_badly,
    Milestone.POD_RECEIVED: Dossier._proven,
    Milestone.EXCEPTION_RAISED: lambda dossier, fact: dossier.exceptions.raised(fact),
    Milestone.EXCEPTION_RESOLVED: lambda dossier, fact: dossier.exceptions.resolved(fact),
    Milestone.CUSTOMS_CLEARED: lambda dossier, fact: dossier.exceptions.resolved(fact),
    Milestone.DISPUTE_OPENED: lambda dossier, fact: dossier.disputes.raised(fact),
    Milestone.DISPUTE_RESOLVED: lambda dossier, fact: dossier.disputes.resolved(fact),
    Milestone.INVOICE_POSTED: Dossier._posted,
    Milestone.INVOICE_CANCELLED: Dossier._invoice_cancelled,
}

_HAPPENED: Final[dict[Milestone, Callable[[Dossier, Fact], None]]] = {kind: _JUDGED.get(kind, Dossier._noted) for kind in Milestone}
"""What a fact of each kind does. Milestones that nothing is derived from yet are noted: never a delivery, never a release."""

_FORETOLD: Final[dict[Milestone, Callable[[Dossier, Fact], None]]] = {
    Milestone.SHIPMENT_PLANNED: Dossier._planned,
    Milestone.ETA_UPDATED: Dossier._forecast,
    Milestone.DELIVERED: Dossier._forecast,
    Milestone.DELIVERED_PARTIAL: Dossier._forecast,
    Milestone.DELIVERED_WITH_EXCEPTION: Dossier._forecast,
}
"""What plans and estimates do; those of other milestones do nothing."""


def blocks_confirmation(fact: Fact) -> bool:
    """An open exception that speaks against taking silence as proof of delivery: all but delays and remarks."""
    effect = fact.more.effect if fact.more is not None else None
    return fact.milestone is Milestone.DELIVERED_WITH_EXCEPTION or effect not in (Effect.INFO, Effect.DELAY)


def blocks_billing(fact: Fact) -> bool:
    """An open exception that holds the invoice."""
    effect = fact.more.effect if fact.more is not None else None
    return fact.milestone is Milestone.DELIVERED_WITH_EXCEPTION or effect not in (Effect.INFO, Effect.DELAY, Effect.DELIVERY_BLOCK)


def _revision_rank(fact: Fact, revision: Revision) -> tuple[int, datetime, str, Revision]:
    """The highest number counts, then the latest word; the rest only makes sure that arrival order never matters."""
    return revision.number, fact.at, fact.id, revision


def _forecast_rank(fact: Fact) -> tuple[bool, datetime, datetime, str]:
    """An estimate beats a plan; among equals the last said counts."""
    return fact.classifier is not Classifier.PLN, fact.told or fact.at, fact.at, fact.id
