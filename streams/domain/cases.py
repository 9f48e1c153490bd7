"""What opens and is settled: exceptions, disputes, blocks and holds, and what an exception stands in the way of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from streams.domain.facts import Fact
from streams.domain.vocabulary import Effect, Milestone, ReasonClass

__all__ = [
    "Cases",
    "block_of",
    "blocks_billing",
    "blocks_confirmation",
    "case_of",
    "reason_of",
]


class Cases:
    """Exceptions, disputes or blocks: when each was raised (again), and when it was last resolved."""

    __slots__ = ("_key", "_raised", "_resolved")

    def __init__(self, key: Callable[[Fact], str]) -> None:
        self._key = key
        self._raised: dict[str, list[Fact]] = {}
        self._resolved: dict[str, Fact] = {}

    def raised(self, fact: Fact) -> None:
        self._raised.setdefault(self._key(fact), []).append(fact)

    def resolved(self, fact: Fact) -> None:
        case = self._key(fact)
        known = self._resolved.get(case)
        if known is None or (fact.at, fact.id) > (known.at, known.id):
            self._resolved[case] = fact

    def open(self) -> list[Fact]:
        """What was raised after its case was last resolved, by case and time."""
        if not self._raised:
            return []
        resolved = self._resolved
        facts = [fact for case, raised in self._raised.items() for fact in raised if case not in resolved or fact.at > resolved[case].at]
        return facts if len(facts) < 2 else sorted(facts, key=lambda fact: (self._key(fact), fact.at, fact.id))

    @property
    def any_settled(self) -> bool:
        return bool(self._resolved)

    def settled(self) -> Iterator[tuple[Fact, list[Fact]]]:
        """Every case that is over: the fact that ended it, and those that raised it."""
        for case, ended in sorted(self._resolved.items()):
            raised = self._raised.get(case, [])
            if all(fact.at <= ended.at for fact in raised):
                yield ended, raised

    def told(self) -> Iterator[Fact]:
        """All that was ever raised."""
        for raised in self._raised.values():
            yield from raised


def case_of(fact: Fact) -> str:
    """An exception or dispute is known by its id, else by what it is about."""
    return fact.case


def block_of(fact: Fact) -> str:
    """A block is known by its code and by what it is about: header, item and delivery may be blocked with one code."""
    code = fact.more.case if fact.more is not None else ""
    return f"{code}@{fact.shipment}/{fact.delivery}/" + ",".join([quantity.line for quantity in fact.lines])


def blocks_confirmation(fact: Fact) -> bool:
    """An open exception that speaks against taking silence as proof of delivery: all but delays and remarks."""
    effect = fact.more.effect if fact.more is not None else None
    return fact.milestone is Milestone.DELIVERED_WITH_EXCEPTION or effect not in (Effect.INFO, Effect.DELAY)


def blocks_billing(fact: Fact) -> bool:
    """An open exception that holds the invoice."""
    effect = fact.more.effect if fact.more is not None else None
    return fact.milestone is Milestone.DELIVERED_WITH_EXCEPTION or effect not in (Effect.INFO, Effect.DELAY, Effect.DELIVERY_BLOCK)


def reason_of(fact: Fact) -> ReasonClass:
    """Why an exception was raised: its reason class, else what its milestone says by itself."""
    if fact.more is not None and fact.more.reason is not None:
        return fact.more.reason
    return _OWN_REASONS.get(fact.milestone, ReasonClass.OTHER)


_OWN_REASONS: Final = {
    Milestone.DELIVERED_WITH_EXCEPTION: ReasonClass.DAMAGE,
    Milestone.DAMAGED: ReasonClass.DAMAGE,
    Milestone.LOST: ReasonClass.LOSS,
    Milestone.DELIVERY_REFUSED: ReasonClass.CONSIGNEE_REFUSED,
    Milestone.POD_DIFFERENCE: ReasonClass.SHORTAGE,
    Milestone.DELAYED: ReasonClass.CARRIER_DELAY,
}
