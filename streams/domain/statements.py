"""Who is meant: statements about shipments, packages or a whole order, brought down to the portions that they reach.

- About a shipment or a delivery: its portions. About the order: all portions.
- About a package, without lines: it speaks once every package of its shipment's plan has spoken.
- With lines, about several portions: the lines fill these one after the other.
- With lines, about the order as a whole: a second opinion on the sum over portions (`Portion.whole_order`).
- A partial delivery that lists no lines, or a statement that reaches nothing known, is noted in `Goods.unknown`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from streams.domain.amounts import NONE, Amounts
from streams.domain.facts import Fact
from streams.domain.goods import Goods, Place, Portion, Statement
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone

__all__ = ["added", "reached_portions", "statements"]

_PARTIAL: Final = Milestone.DELIVERED_PARTIAL
_ON_DELIVERY: Final = Trigger.ON_DELIVERY


def statements(goods: Goods, facts: list[Fact], trigger: Trigger) -> list[tuple[Portion, list[Statement]]]:
    """What `facts` (all deliveries, or all proofs...: `trigger` says which) say of each portion, in order of time.

    Portions of which nothing was said are left out.
    """
    said: dict[int, list[Statement]] = {}
    by_package: dict[Place, dict[str, Fact]] = {}
    shared: dict[Place, list[Fact]] = {}
    for fact in sorted(facts, key=_by_time) if len(facts) > 1 else facts:
        place = goods.place(fact.shipment, fact.delivery)
        of_order = not fact.shipment and not fact.delivery
        reached = _every(goods) if of_order else _reached(goods, place, fact.delivery)
        if fact.lines:
            if of_order:
                reached = [_whole_order(goods)]
            if len(reached) > 1:
                shared.setdefault(place, []).append(fact)
            elif reached:
                said.setdefault(reached[0], []).append(Statement(fact.at, goods.measured(fact, trigger), fact))
        elif fact.milestone is _PARTIAL:
            goods.not_known(trigger, fact)
            _touch(goods, reached)
        elif fact.package:
            if of_order:
                place = _place_of(goods, fact.package)
            by_package.setdefault(place, {}).setdefault(fact.package, fact)
        else:
            for index in reached:
                said.setdefault(index, []).append(Statement(fact.at, None, fact))
        if not reached:
            goods.not_known(trigger, fact)
    for place, of_place in shared.items():
        _share_out(goods, _reached(goods, place, ""), of_place, trigger, said)
    for place, packages in by_package.items():
        _of_packages(goods, place, packages, trigger, said)
    for each in said.values():
        if len(each) > 1:
            each.sort(key=_order)
    return [(goods.portions[index], said[index]) for index in (sorted(said) if len(said) > 1 else said)]


def added(lines: Amounts, done: Amounts, limit: Amounts | None) -> Amounts:
    """What `lines` add to `done` without going beyond `limit` (None: no limit). Changes `done`. All quantities are above zero."""
    if lines is limit and not done:
        done.update(lines)  # all that there is, and nothing before it
        return lines
    gain: Amounts = {}
    for line, quantity in lines.items():
        had = done.get(line, NONE)
        if limit is not None:
            quantity = min(quantity, limit.get(line, NONE) - had)
        if quantity > 0:
            gain[line] = quantity
            done[line] = had + quantity
    return gain


def reached_portions(goods: Goods, fact: Fact) -> list[Portion]:
    """The portions that a fact is about: of its shipment or delivery; of the order as a whole, all."""
    place = goods.place(fact.shipment, fact.delivery)
    if place == ("", "") and fact.package:
        place = _place_of(goods, fact.package)
    if place == ("", ""):
        return [goods.portions[index] for index in _every(goods)]
    return [goods.portions[index] for index in _reached(goods, place, fact.delivery)]


def _every(goods: Goods) -> list[int]:
    return [index for index, portion in enumerate(goods.portions) if not portion.whole_order or portion.delivered]


def _reached(goods: Goods, place: Place, delivery: str) -> list[int]:
    found = [index for index, portion in enumerate(goods.portions) if portion.place == place and not portion.whole_order]
    if delivery and len(found) > 1:
        return [index for index in found if goods.portions[index].delivery == delivery]
    return found


def _whole_order(goods: Goods) -> int:
    for index, portion in enumerate(goods.portions):
        if portion.whole_order:
            return index
    goods.portions.append(Portion("", "", whole_order=True))
    return len(goods.portions) - 1


def _share_out(goods: Goods, reached: list[int], facts: list[Fact], trigger: Trigger, said: dict[int, list[Statement]]) -> None:
    filled: dict[int, Amounts] = {index: {} for index in reached}
    for fact in facts:
        rest = goods.measured(fact, trigger)
        for index in reached:
            gain = added(rest, filled[index], goods.portions[index].contents)
            if gain:
                said.setdefault(index, []).append(Statement(fact.at, gain, fact))
                rest = {line: quantity - gain.get(line, NONE) for line, quantity in rest.items()}


def _of_packages(goods: Goods, place: Place, heard: dict[str, Fact], trigger: Trigger, said: dict[int, list[Statement]]) -> None:
    """A package whose contents are known speaks for these; others only together, once each package of their place has spoken."""
    reached = _reached(goods, place, "")
    planned = goods.packages.get(place, frozenset())
    unknown = {package: fact for package, fact in heard.items() if package not in goods.packed}
    filled: dict[int, Amounts] = {index: {} for index in reached}
    for package, fact in sorted(heard.items()):
        rest = goods.packed.get(package, {})
        for index in reached:
            gain = added(rest, filled[index], goods.portions[index].contents)
            if gain:
                said.setdefault(index, []).append(Statement(fact.at, gain, fact))
                rest = {line: quantity - gain.get(line, NONE) for line, quantity in rest.items()}
    if not planned:
        if unknown:
            goods.not_known(trigger, min(unknown.values(), key=_by_time))
    elif planned <= heard.keys():
        last = max((heard[package] for package in planned), key=_by_time)
        for index in reached:
            said.setdefault(index, []).append(Statement(last.at, None, last))
    if trigger is _ON_DELIVERY:
        _touch(goods, reached)


def _place_of(goods: Goods, package: str) -> Place:
    """The place that lists a package; that of the order as a whole where none, or more than one, does."""
    found = [place for place, packages in goods.packages.items() if package in packages]
    return found[0] if len(found) == 1 else ("", "")


def _touch(goods: Goods, reached: list[int]) -> None:
    for index in reached:
        goods.portions[index].partly = True


def _by_time(fact: Fact) -> tuple[datetime, str]:
    return fact.at, fact.id


def _order(statement: Statement) -> tuple[datetime, bool, str]:
    """At one moment, stated lines come before statements about everything."""
    return statement.at, statement.lines is None, statement.fact.id
