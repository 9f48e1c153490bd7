"""What of an order travels where: its portions, and what each holds.

A *portion* is the goods of the order in one delivery of one shipment. It holds what was issued for it, else what was planned for it, else
nobody knows; what nobody knows is never shipped, delivered or proven by a statement that does not list it (fail closed).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from streams.domain.amounts import NONE, plus
from streams.domain.dossier import Dossier
from streams.domain.facts import Fact
from streams.domain.goods import Goods, Increment, ItemOf, Ordered, Place, Portion, Said, gains
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone

__all__ = ["goods_without_quantities"]


_ON_SHIP: Final = Trigger.ON_SHIP
_ISSUED: Final = Milestone.GOODS_ISSUED


def goods_without_quantities(dossier: Dossier, items: ItemOf) -> Goods:
    """The portions of an order with their contents; nothing shipped, delivered or proven yet (`streams.domain.quantities` does that)."""
    if dossier.ordered is None:
        dossier.ordered = _ordered(dossier)
    order = dossier.ordered
    goods = Goods(order.units, order.quantities, plans=_current(dossier.plans), skus=order.skus, known=order.measured, items=items)
    goods.free = order.free
    goods.shipments = _shipments(dossier.issues, goods.plans)
    for fact in (*goods.plans, *dossier.issues):
        more = fact.more
        if more is not None:
            if more.packages:
                place = goods.place(fact.shipment, fact.delivery)
                goods.packages[place] = goods.packages.get(place, frozenset()).union(more.packages)
                if len(more.packages) == 1 and fact.lines and fact.milestone is _ISSUED:
                    package = more.packages[0]
                    goods.packed[package] = plus(goods.packed.get(package, {}), goods.measured(fact, _ON_SHIP))
            if more.handled is not None and fact.milestone is _ISSUED:
                goods.final |= frozenset(more.handled.final)
    for fact in sorted(dossier.packed, key=_by_time):
        goods.packed.setdefault(fact.package, goods.measured(fact, _ON_SHIP))
    found = goods.told_of = _found(goods, dossier)
    for place in sorted(found):
        goods.portions += _portions(goods, place, found[place])
    if dossier.reversals:
        for fact in sorted(dossier.reversals, key=_by_time):
            _reverse(goods, fact)
    return goods


def _ordered(dossier: Dossier) -> Ordered:
    found = Ordered()
    revision = dossier.revision
    if revision is not None:
        units, ordered, skus = found.units, found.quantities, found.skus
        for line, sku, quantity, uom, _, free, _ in revision.lines:
            units[line] = uom
            skus[line] = sku
            if free:
                found.free |= {line}
            elif quantity > NONE:
                ordered[line] = ordered[line] + quantity if line in ordered else quantity
        if dossier.cancellations:
            for line, quantity in dossier.cancelled_lines.items():
                if line in ordered:
                    ordered[line] = max(NONE, ordered[line] - quantity)
                    if not ordered[line]:
                        del ordered[line]
    return found


def _reverse(goods: Goods, fact: Fact) -> None:
    """Take back what was issued up to the time of a reversal: its lines, else everything; the latest first."""
    place = goods.place(fact.shipment, fact.delivery)
    rest = goods.measured(fact, _ON_SHIP) if fact.lines else None
    for portion in reversed(goods.portions):
        if place != ("", "") and portion.place != place:
            continue
        if fact.delivery and portion.delivery and portion.delivery != fact.delivery:
            continue
        kept: list[Increment] = []
        for increment in reversed(portion.shipped):
            if increment.at > fact.at:
                kept.append(increment)
            elif rest is not None:
                off = {line: min(quantity, rest.get(line, NONE)) for line, quantity in increment.gain.items()}
                rest = {line: quantity - off.get(line, NONE) for line, quantity in rest.items()}
                gain = {line: quantity - off[line] for line, quantity in increment.gain.items() if quantity > off[line]}
                if gain:
                    kept.append(increment._replace(gain=gain))
        listed = any(part.fact.lines for part in portion.shipped)
        portion.shipped = kept[::-1]
        if listed:
            portion.contents = gains(portion.shipped) if portion.shipped else {}


def _current(plans: list[Fact]) -> list[Fact]:
    """A plan is a snapshot of its shipment: the latest one counts, in all its parts."""
    if len(plans) < 2:
        return plans
    latest: dict[str, datetime] = {}
    for plan in plans:
        if plan.shipment not in latest or plan.at > latest[plan.shipment]:
            latest[plan.shipment] = plan.at
    return [plan for plan in plans if plan.at == latest[plan.shipment]]


def _shipments(issues: list[Fact], plans: list[Fact]) -> dict[str, str]:
    carriers: dict[str, set[str]] = {}
    for facts in (issues, plans):
        for fact in facts:
            if fact.shipment and fact.delivery:
                carriers.setdefault(fact.delivery, set()).add(fact.shipment)
    return {delivery: next(iter(shipments)) for delivery, shipments in carriers.items() if len(shipments) == 1}


def _found(goods: Goods, dossier: Dossier) -> dict[Place, dict[str, Said]]:
    """Every place that anything was said of, and within it every delivery."""
    found: dict[Place, dict[str, Said]] = {}
    for fact in dossier.issues:
        found.setdefault(goods.place(fact.shipment, fact.delivery), {}).setdefault(fact.delivery, Said([], [])).issues.append(fact)
    for fact in goods.plans:
        found.setdefault(goods.place(fact.shipment, fact.delivery), {}).setdefault(fact.delivery, Said([], [])).plans.append(fact)
    of_order = False
    for facts in (dossier.arrivals, dossier.proofs):
        for fact in facts:
            if fact.shipment or fact.delivery:
                found.setdefault(goods.place(fact.shipment, fact.delivery), {}).setdefault(fact.delivery, Said([], []))
            elif not fact.lines:
                of_order = True
    if of_order and not found:
        found["", ""] = {"": Said([], [])}
    return found


def _portions(goods: Goods, place: Place, by_delivery: dict[str, Said]) -> list[Portion]:
    """Of one shipment (or of one delivery without one). Where at most one delivery is named, it is all one portion."""
    named = sorted(delivery for delivery in by_delivery if delivery)
    if len(named) <= 1:
        issues = [fact for said in by_delivery.values() for fact in said.issues]
        plans = [fact for said in by_delivery.values() for fact in said.plans]
        return [_portion(goods, place, named[0] if named else "", issues, plans)]
    unnamed = by_delivery.get("")
    if unnamed is None or not unnamed.issues:
        return [_portion(goods, place, delivery, *by_delivery[delivery]) for delivery in named]
    # Goods were issued for the shipment without saying for which delivery: what else was only planned must not count on top.
    issued = [delivery for delivery in sorted(by_delivery) if by_delivery[delivery].issues]
    return [_portion(goods, place, delivery, by_delivery[delivery].issues, []) for delivery in issued]


def _portion(goods: Goods, place: Place, delivery: str, issues: list[Fact], plans: list[Fact]) -> Portion:
    portion = Portion(place[0], delivery, place)
    portion.lists = [fact for fact in issues if fact.lines]
    if len(portion.lists) > 1:
        portion.lists.sort(key=_by_time)
    for facts in (issues, plans):
        for fact in facts:
            if fact.more is not None and fact.more.handled is not None and fact.more.handled.replacement:
                portion.replacement = True
    if portion.lists:
        portion.shipped = [Increment(fact.at, goods.measured(fact, _ON_SHIP), fact) for fact in portion.lists]
        portion.contents = gains(portion.shipped)
        return portion
    portion.lists = [fact for fact in plans if fact.lines]
    if portion.lists:
        portion.contents = gains([Increment(fact.at, goods.measured(fact, _ON_SHIP), fact) for fact in portion.lists])
    if issues:
        first = min(issues, key=_by_time)
        if portion.contents is None:
            goods.not_known(_ON_SHIP, first)
        else:
            portion.shipped = [Increment(first.at, portion.contents, first)]
    return portion


def _by_time(fact: Fact) -> tuple[datetime, str]:
    return fact.at, fact.id
