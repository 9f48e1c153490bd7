"""What of the goods came back, is coming back, or was lost on the way.

    back         RETURN_RECEIVED: the warehouse has it again, and looked at it. Facts that name one case (a return order) count once
    coming back  RETURN_INITIATED, RETURNING, RETURNED_TO_SHIPPER: announced, or with the carrier, until it is back or delivered after all
    lost         LOST, until it is delivered after all

A return that names no shipment is taken from what was refused, then from what was delivered, then from what was only shipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from streams.domain.amounts import NONE, Amounts, less, plus
from streams.domain.cases import reason_of
from streams.domain.dossier import Dossier
from streams.domain.facts import Fact
from streams.domain.goods import Goods, Portion, gains
from streams.domain.statements import reached_portions
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone, ReasonClass

__all__ = ["take_back"]

_ON_SHIP: Final = Trigger.ON_SHIP
_RECEIVED: Final = Milestone.RETURN_RECEIVED
_ANNOUNCED: Final = Milestone.RETURN_INITIATED


def take_back(goods: Goods, dossier: Dossier) -> None:
    """Enter returns and losses into the portions."""
    refused = [fact for fact in dossier.exceptions.told() if reason_of(fact) is ReasonClass.CONSIGNEE_REFUSED]
    with_carrier = [fact for fact in dossier.returns if fact.milestone not in (_RECEIVED, _ANNOUNCED) and not dossier.delivered_after(fact)]
    preferred = _preferred(goods, [*refused, *with_carrier])
    received = _of_each_portion(goods, preferred, (fact for fact in dossier.returns if fact.milestone is _RECEIVED))
    announced = _of_each_portion(goods, preferred, (fact for fact in dossier.returns if fact.milestone is _ANNOUNCED))
    carried = _of_each_portion(goods, preferred, with_carrier, together=True)
    for index, portion in enumerate(goods.portions):
        portion.returned = received.get(index, {})
        both = [announced.get(index, {}), carried.get(index, {})]
        coming = {line: max(each.get(line, NONE) for each in both) for line in both[0].keys() | both[1].keys()}
        portion.coming_back = less(coming, portion.returned)
    goods.returned_elsewhere = received.get(-1, {})
    for fact in dossier.losses:
        if not dossier.delivered_after(fact):
            for portion in reached_portions(goods, fact):
                whole = less(portion.contents or {}, gains(portion.delivered))
                lost = _amounts(goods, fact)
                portion.lost = whole if lost is None else _most(portion.lost, lost)


def _of_each_portion(goods: Goods, preferred: list[int], facts: Iterable[Fact], *, together: bool = False) -> dict[int, Amounts]:
    """What facts say of each portion, by its index (-1: of none that is known). `together`: facts about one place say the same again."""
    found: dict[int, Amounts] = {}
    by_case: dict[str, Amounts] = {}
    for fact in sorted(facts, key=_by_time):
        lines = _amounts(goods, fact)
        reached = reached_portions(goods, fact)
        indexes = [index for index in preferred if any(goods.portions[index] is portion for portion in reached)]
        if lines is None:
            for index in indexes:
                found[index] = _held(goods.portions[index])
            continue
        case = fact.more.case if fact.more is not None else ""
        if together:
            case = case or fact.case
        if case:
            known = by_case.get(case, {})
            by_case[case] = _most(known, lines)
            lines = less(lines, known)
        for index in indexes:
            room = less(_held(goods.portions[index]), found.get(index, {}))
            taken = {line: min(quantity, room[line]) for line, quantity in lines.items() if line in room}
            if taken:
                found[index] = plus(found.get(index, {}), taken)
                lines = less(lines, taken)
        if lines:
            found[-1] = plus(found.get(-1, {}), lines)
    return found


def _amounts(goods: Goods, fact: Fact) -> Amounts | None:
    """The lines of a fact, or what its package holds. None: everything at its place."""
    if fact.lines:
        return goods.measured(fact, _ON_SHIP)
    return goods.packed.get(fact.package) if fact.package else None


def _held(portion: Portion) -> Amounts:
    return portion.contents if portion.contents is not None else gains(portion.delivered)


def _most(some: Amounts, other: Amounts) -> Amounts:
    return {line: max(some.get(line, NONE), other.get(line, NONE)) for line in sorted(some.keys() | other.keys())}


def _preferred(goods: Goods, refusals: list[Fact]) -> list[int]:
    """Indexes of portions in the order in which a return of the order as a whole is taken from them."""
    turned_away = {id(portion) for fact in refusals if fact.shipment or fact.delivery for portion in reached_portions(goods, fact)}

    def rank(index: int) -> tuple[bool, bool, int]:
        portion = goods.portions[index]
        return id(portion) not in turned_away or bool(portion.delivered), not portion.delivered, index

    return sorted((index for index, portion in enumerate(goods.portions) if not portion.whole_order), key=rank)


def _by_time(fact: Fact) -> tuple[datetime, str]:
    return fact.at, fact.id
