"""The standing facts of one order, sorted by what they speak of, in one pass.

A dossier can take one more fact without being made anew, unless that fact withdraws something. What it holds does not depend on
the order in which it was given the facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from streams.domain.cases import reason_of
from streams.domain.facts import Fact, standing, withdrawn
from streams.domain.sorting import FORETOLD, HAPPENED, STEPS, UNJUDGED
from streams.domain.standing import Standing
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Milestone, ReasonClass

__all__ = ["Dossier"]


_ACT: Final = Classifier.ACT
"""Taken out once: an attribute of an Enum class costs a tenth of a microsecond on Python 3.11, and a pass asks for thousands."""

_ON_MILESTONES: Final = Trigger.ON_MILESTONES
_IN_TRANSIT: Final = Milestone.IN_TRANSIT
_DELIVERED: Final = Milestone.DELIVERED
_ARRIVED: Final = (Milestone.DELIVERED, Milestone.DELIVERED_PARTIAL, Milestone.DELIVERED_WITH_EXCEPTION)


class Dossier(Standing):
    """What the facts of one order say, retractions applied."""

    __slots__ = ("_gone", "withdrawals")

    def __init__(self, order_id: str, facts: Sequence[Fact]) -> None:
        super().__init__()
        self.withdrawals = [fact for fact in facts if fact.more is not None and fact.more.retracts]
        self._gone = withdrawn(self.withdrawals, order_id) if self.withdrawals else frozenset()
        self._take_all(facts)

    def _take_all(self, facts: Sequence[Fact]) -> None:
        gone, moves = self._gone, self.moves
        last_at: datetime | None = None
        shipment: str | None = None
        delivery: str | None = None
        for fact in facts:
            if fact.milestone is _IN_TRANSIT and fact.classifier is _ACT and fact.more is None and not gone:
                # By far the most frequent; the same as `_take` does with it, once for scans of one place in a row.
                if last_at is None or fact.at > last_at:
                    last_at = fact.at
                if fact.shipment != shipment or fact.delivery != delivery:
                    shipment, delivery = fact.shipment, fact.delivery
                    moves.setdefault((fact.shipment, "") if fact.shipment else ("", fact.delivery), 1)
            else:
                self._take(fact)
        if last_at is not None and (self.last_at is None or last_at > self.last_at):
            self.last_at = last_at

    def _matters(self, milestone: Milestone) -> bool:
        """Whether the gate looks at a fact of this milestone: at steps on the way only where terms list milestones."""
        if milestone in UNJUDGED:
            return False
        if milestone not in STEPS or self.judged is None or self.judged.terms is None:
            return True
        return any(terms.trigger is _ON_MILESTONES for terms in self.judged.terms.versions)

    def add(self, fact: Fact) -> bool:
        """Take one more fact. False: it withdraws something, and the dossier must be made anew."""
        if fact.more is not None and fact.more.retracts:
            return False
        self._take(fact)
        return True

    def open_exceptions(self) -> list[Fact]:
        """Exceptions that are not resolved. A refusal and a loss are over, too, when a clean delivery of the same goods follows."""
        found = self.exceptions.open()
        if not found or not self.arrivals:
            return found
        return [fact for fact in found if not (_ends_with_delivery(fact) and self.delivered_after(fact))]

    def delivered_after(self, fact: Fact) -> bool:
        """Whether the goods that a fact names (a package, delivery or shipment) were delivered clean, and in full, later than it."""
        if not fact.shipment and not fact.delivery and not fact.package:
            return False
        return any(
            arrival.milestone is _DELIVERED
            and not arrival.lines
            and arrival.at > fact.at
            and (arrival.package == fact.package or not arrival.package)
            and (arrival.shipment == fact.shipment or not arrival.shipment)
            and (arrival.delivery == fact.delivery or not arrival.delivery)
            for arrival in self.arrivals
        )

    @property
    def active_invoices(self) -> list[Fact]:
        """Posted, not cancelled, by number."""
        return [self.invoices[number] for number in sorted(self.invoices) if number not in self.invoices_cancelled]

    def stands(self, event_ids: Sequence[str]) -> bool:
        """Whether none of these events was withdrawn."""
        return self._gone.isdisjoint(event_ids)

    def _take(self, fact: Fact) -> None:
        more = fact.more
        if more is not None and more.retracts:
            return
        if self._gone:
            left = standing(fact, self._gone)
            if left is None:
                return
            fact = left
        if fact.classifier is _ACT:
            if self.last_at is None or fact.at > self.last_at:
                self.last_at = fact.at
            if self.judged is not None and self._matters(fact.milestone):
                self.judged = None
            HAPPENED[fact.milestone](self, fact)
        else:
            foretold = FORETOLD.get(fact.milestone)
            if foretold is not None:
                foretold(self, fact)


def _ends_with_delivery(fact: Fact) -> bool:
    return fact.milestone not in _ARRIVED and reason_of(fact) in (ReasonClass.CONSIGNEE_REFUSED, ReasonClass.LOSS)
