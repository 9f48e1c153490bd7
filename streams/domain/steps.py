"""Milestones that terms may list as their trigger: how much of a portion has passed all of them, and when.

A later step stands for an earlier one where it cannot have happened without it: what was collected was ready to be collected. Customs and
loading on board a vessel only count when they are told.
"""

from __future__ import annotations

from typing import Final

from streams.domain.amounts import NONE, Amounts
from streams.domain.dossier import Dossier
from streams.domain.facts import Fact
from streams.domain.goods import Goods, Increment, Portion
from streams.domain.statements import added, statements
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone

__all__ = ["LISTABLE", "all_of", "missing_steps"]

_SHOWN_BY: Final[dict[Milestone, frozenset[Milestone]]] = {
    Milestone.STAGED: frozenset({Milestone.STAGED, Milestone.LOADED, Milestone.PICKED_UP, Milestone.DISPATCHED}),
    Milestone.LOADED: frozenset({Milestone.LOADED, Milestone.PICKED_UP, Milestone.DISPATCHED}),
    Milestone.PICKED_UP: frozenset({Milestone.PICKED_UP, Milestone.DISPATCHED}),
    Milestone.DISPATCHED: frozenset({Milestone.DISPATCHED}),
    Milestone.LOADED_ON_VESSEL: frozenset({Milestone.LOADED_ON_VESSEL}),
    Milestone.ARRIVED_DESTINATION: frozenset({Milestone.ARRIVED_DESTINATION, Milestone.UNLOADED}),
    Milestone.UNLOADED: frozenset({Milestone.UNLOADED}),
    Milestone.CUSTOMS_CLEARED: frozenset({Milestone.CUSTOMS_CLEARED}),
}
"""Milestones that show that one has happened."""

_OR_DELIVERED: Final = frozenset(
    {Milestone.STAGED, Milestone.LOADED, Milestone.PICKED_UP, Milestone.DISPATCHED, Milestone.ARRIVED_DESTINATION, Milestone.UNLOADED}
)
"""What a delivery shows, too."""

LISTABLE: Final = frozenset(_SHOWN_BY) | {
    Milestone.GOODS_ISSUED,
    Milestone.DELIVERED,
    Milestone.POD_RECEIVED,
    Milestone.ACCEPTED_BY_CUSTOMER,
}
"""Milestones that terms may list."""

_ON_MILESTONES: Final = Trigger.ON_MILESTONES


def all_of(milestones: tuple[Milestone, ...], dossier: Dossier, goods: Goods, portion: Portion) -> list[Increment]:
    """What of a portion has passed all the milestones, each quantity at the time of its last one. Empty where none is listed."""
    passed = [_passed(milestone, dossier, goods, portion) for milestone in milestones]
    if not passed or not all(passed):
        return []
    sums: list[Amounts] = [{} for _ in passed]
    done: Amounts = {}
    found: list[Increment] = []
    steps = [(increment, index) for index, increments in enumerate(passed) for increment in increments]
    for increment, index in sorted(steps, key=lambda step: (step[0].at, step[0].fact.id, step[1])):
        added(increment.gain, sums[index], None)
        common = {line: min(each.get(line, NONE) for each in sums) for line in increment.gain}
        gain = {line: quantity - done.get(line, NONE) for line, quantity in common.items() if quantity > done.get(line, NONE)}
        if gain:
            done.update({line: common[line] for line in gain})
            found.append(Increment(increment.at, gain, increment.fact))
    return found


def _passed(milestone: Milestone, dossier: Dossier, goods: Goods, portion: Portion) -> list[Increment]:
    if milestone is Milestone.GOODS_ISSUED:
        return portion.shipped
    if milestone is Milestone.DELIVERED:
        return portion.delivered
    if milestone is Milestone.POD_RECEIVED:
        return portion.proven
    if milestone is Milestone.ACCEPTED_BY_CUSTOMER:
        return portion.accepted
    shown_by = _SHOWN_BY[milestone]
    found = _told(goods, portion, [fact for fact in dossier.marks if fact.milestone in shown_by])
    if milestone in _OR_DELIVERED and portion.delivered:
        found = sorted([*found, *portion.delivered], key=lambda increment: (increment.at, increment.fact.id))
        done: Amounts = {}
        gained = [(increment, added(increment.gain, done, portion.contents)) for increment in found]
        found = [increment._replace(gain=gain) for increment, gain in gained if gain]
    return found


def _told(goods: Goods, portion: Portion, facts: list[Fact]) -> list[Increment]:
    done: Amounts = {}
    found: list[Increment] = []
    for other, said in statements(goods, facts, _ON_MILESTONES):
        if other is not portion:
            continue
        for at, lines, fact in said:
            gain = added(portion.contents or {} if lines is None else lines, done, portion.contents)
            if gain:
                found.append(Increment(at, gain, fact))
    return found


def missing_steps(milestones: tuple[Milestone, ...], dossier: Dossier, goods: Goods) -> list[Milestone]:
    """Listed milestones that no portion has passed at all."""
    return [milestone for milestone in milestones if not any(_passed(milestone, dossier, goods, portion) for portion in goods.portions)]
