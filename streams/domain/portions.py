"""What of an order travels where: its portions, and what each holds.

A *portion* is the goods of the order in one delivery of one shipment. It holds what was issued for it, else what was planned for it, else
nobody knows; what nobody knows is never shipped, delivered or proven by a statement that does not list it (fail closed).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from streams.domain.dossier import Dossier, Place
from streams.domain.event import ItemChanged
from streams.domain.facts import Fact
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone

__all__ = [
    "NONE",
    "Amounts",
    "Goods",
    "Increment",
    "ItemOf",
    "Ordered",
    "Portion",
    "Statement",
    "add_up",
    "gains",
    "goods_without_quantities",
    "least",
    "less",
    "no_item",
    "plus",
    "reaches",
]

Amounts = dict[str, Decimal]
"""Quantity by order line, in the order line's unit. Shared where possible, so never changed once it is made."""

ItemOf = Callable[[str], ItemChanged | None]
"""An article's units by its number."""

NONE: Final = Decimal(0)
_ONE: Final = Decimal(1)
_FINEST: Final = Decimal("0.000001")
_ON_SHIP: Final = Trigger.ON_SHIP
_ISSUED: Final = Milestone.GOODS_ISSUED


def no_item(sku: str) -> ItemChanged | None:
    """Knows no article."""
    return None


class Statement(NamedTuple):
    """A fact as it concerns one portion. `lines` None: all that the portion holds."""

    at: datetime
    lines: Amounts | None
    fact: Fact


class Increment(NamedTuple):
    """A quantity that one fact added, by line."""

    at: datetime
    gain: Amounts
    fact: Fact
    auto: bool = False
    """Silence is the proof, not a document."""


@dataclass(slots=True)
class Portion:
    """The goods of the order in one delivery of one shipment, and what became of them."""

    shipment: str
    delivery: str
    place: Place = ("", "")
    """Where statements about it belong (`Goods.place`)."""

    contents: Amounts | None = None
    """None: nobody said."""

    lists: list[Fact] = field(default_factory=list)
    """The facts that say what it holds."""

    shipped: list[Increment] = field(default_factory=list)
    delivered: list[Increment] = field(default_factory=list)
    proven: list[Increment] = field(default_factory=list)
    unproven: list[Increment] = field(default_factory=list)
    """Deliveries about which no proof has said anything."""

    proofs: list[Statement] = field(default_factory=list)
    """All proofs that speak of it."""

    accepted: list[Increment] = field(default_factory=list)
    unaccepted: list[Increment] = field(default_factory=list)
    """Deliveries which the customer neither accepted nor rejected."""

    rejected: dict[str, Fact] = field(default_factory=dict)
    """By line: the rejection that no later acceptance lifted."""

    returned: Amounts = field(default_factory=dict)
    """What came back and was received."""

    coming_back: Amounts = field(default_factory=dict)
    """What is announced or on its way back."""

    lost: Amounts = field(default_factory=dict)

    replacement: bool = False
    """It makes good what other portions lost or got back: no second charge."""

    partly: bool = False
    """Something of it was delivered."""

    delivered_at: datetime | None = None
    """When all of it was delivered."""

    proven_at: datetime | None = None
    """When all of it was proven."""

    whole_order: bool = False
    """No portion: what was said, line by line, of the order as a whole."""


@dataclass(slots=True)
class Ordered:
    """What the order revision that counts says, made once a revision."""

    units: dict[str, str] = field(default_factory=dict)
    quantities: Amounts = field(default_factory=dict)
    skus: dict[str, str] = field(default_factory=dict)
    free: frozenset[str] = frozenset()
    measured: dict[int, Amounts] = field(default_factory=dict)
    """Lines of facts in the order's units, by the fact's identity, where no conversion was needed."""


@dataclass(slots=True)
class Goods:
    """All portions of an order, and the sums over them."""

    units: dict[str, str] = field(default_factory=dict)
    """Unit of each order line."""

    ordered: Amounts = field(default_factory=dict)
    """By line of the revision that counts; lines at zero left out."""

    portions: list[Portion] = field(default_factory=list)
    """Sorted by shipment and delivery."""

    plans: list[Fact] = field(default_factory=list)
    """The latest plan of each shipment."""

    shipments: dict[str, str] = field(default_factory=dict)
    """Delivery id -> the one shipment that carries it. A delivery put into several shipments is in none that we know."""

    packages: dict[Place, frozenset[str]] = field(default_factory=dict)
    """The packages of each place, where plans or issues name them."""

    packed: dict[str, Amounts] = field(default_factory=dict)
    """What each package holds, where somebody said so."""

    skus: dict[str, str] = field(default_factory=dict)
    """Article of each order line."""

    known: dict[int, Amounts] = field(default_factory=dict)
    """Facts measured before."""

    items: ItemOf = no_item
    """Units of measure by article."""

    final: frozenset[str] = frozenset()
    """Lines of which no more will come."""

    free: frozenset[str] = frozenset()
    """Lines that are never invoiced."""

    told_of: dict[Place, dict[str, _Said]] = field(default_factory=dict)
    """Every place that anything was said of, and within it every delivery."""

    returned_elsewhere: Amounts = field(default_factory=dict)
    """Received back, and no portion is known to have held it."""

    odd_units: dict[Trigger, dict[str, Fact]] = field(default_factory=dict)
    """Line -> a fact that counts it in a unit other than the order's: what a portion holds (ON_SHIP), deliveries, proofs."""

    unknown: dict[Trigger, dict[str, Fact]] = field(default_factory=dict)
    """Statements, by id, about goods of which nobody said what they are."""

    shipped: Amounts = field(default_factory=dict)
    delivered: Amounts = field(default_factory=dict)
    proven: Amounts = field(default_factory=dict)

    def place(self, shipment: str, delivery: str) -> Place:
        """Where a statement about these ids belongs: its shipment if that is known, else its delivery."""
        shipment = shipment or self.shipments.get(delivery, "")
        return (shipment, "") if shipment else ("", delivery)

    def measured(self, fact: Fact, trigger: Trigger) -> Amounts:
        """The lines of a fact in the order's units; lines in units that cannot be converted are left out and noted in `odd_units`."""
        known = self.known.get(id(fact))
        if known is not None:
            return known
        amounts: Amounts = {}
        units = self.units
        plain = True
        for line, quantity, uom in fact.lines:
            if line in units and units[line] != uom:
                plain = False
                converted = self.converted(line, quantity, uom)
                if converted is None:
                    odd = self.odd_units.setdefault(trigger, {})
                    if line not in odd or fact.id < odd[line].id:
                        odd[line] = fact
                    continue
                quantity = converted
            if quantity > NONE:
                amounts[line] = amounts[line] + quantity if line in amounts else quantity
        if amounts == self.ordered:
            amounts = self.ordered  # as it mostly is; and then many a comparison to come is one of identity
        if plain:
            self.known[id(fact)] = amounts
        return amounts

    def converted(self, line: str, quantity: Decimal, uom: str) -> Decimal | None:
        """A quantity in the order line's unit, by the factors of its article; None where one of the two units is not known."""
        item = self.items(self.skus.get(line, ""))
        if item is None:
            return None
        factors = {unit.uom: unit.factor for unit in item.units}
        factors[item.base_uom] = _ONE
        told, wanted = factors.get(uom), factors.get(self.units[line])
        if told is None or wanted is None:
            return None
        return (quantity * told / wanted).quantize(_FINEST).normalize()

    def articles_in_question(self) -> tuple[str, ...]:
        """Articles whose units would have to be known."""
        return tuple(sorted({self.skus[line] for facts in self.odd_units.values() for line in facts if line in self.skus}))

    def not_known(self, trigger: Trigger, fact: Fact) -> None:
        """Note that `fact` is about goods of which nobody said what they are."""
        self.unknown.setdefault(trigger, {})[fact.id] = fact


def add_up(parts: Sequence[tuple[Portion, Amounts]]) -> Amounts:
    """Sum over portions. What was said of the order as a whole is a second opinion on that sum, and counts where it is more."""
    if len(parts) == 1:
        return parts[0][1]
    total: Amounts = {}
    whole: Amounts = {}
    for portion, amounts in parts:
        into = whole if portion.whole_order else total
        for line, quantity in amounts.items():
            into[line] = into[line] + quantity if line in into else quantity
    for line, quantity in whole.items():
        if quantity > total.get(line, NONE):
            total[line] = quantity
    return total


def plus(some: Amounts, more: Amounts) -> Amounts:
    """Sum of two, by line."""
    if not more:
        return some
    if not some:
        return more
    total = dict(some)
    for line, quantity in more.items():
        total[line] = total[line] + quantity if line in total else quantity
    return total


def less(some: Amounts, off: Amounts) -> Amounts:
    """What is left of `some`; lines of which nothing is left are left out."""
    if not off:
        return some
    left = {line: quantity - off[line] if line in off else quantity for line, quantity in some.items()}
    return {line: quantity for line, quantity in left.items() if quantity > 0}


def least(some: Amounts, other: Amounts) -> Amounts:
    """The smaller quantity of each line that both have."""
    if some is other or some == other:
        return some
    return {line: min(quantity, other[line]) for line, quantity in some.items() if line in other}


def reaches(amounts: Amounts, wanted: Amounts) -> bool:
    """Whether there is at least as much of each line as is wanted."""
    if amounts is wanted or amounts == wanted:
        return True
    for line, quantity in wanted.items():  # noqa: SIM110 - a generator costs twice as much here
        if line not in amounts or amounts[line] < quantity:
            return False
    return True


def gains(increments: Sequence[Increment]) -> Amounts:
    """Sum of what increments added."""
    if len(increments) == 1:
        return increments[0].gain
    total: Amounts = {}
    for increment in increments:
        for line, quantity in increment.gain.items():
            total[line] = total[line] + quantity if line in total else quantity
    return total


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


class _Said(NamedTuple):
    """What was said of the contents of one delivery in one shipment."""

    issues: list[Fact]
    plans: list[Fact]


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


def _found(goods: Goods, dossier: Dossier) -> dict[Place, dict[str, _Said]]:
    """Every place that anything was said of, and within it every delivery."""
    found: dict[Place, dict[str, _Said]] = {}
    for fact in dossier.issues:
        found.setdefault(goods.place(fact.shipment, fact.delivery), {}).setdefault(fact.delivery, _Said([], [])).issues.append(fact)
    for fact in goods.plans:
        found.setdefault(goods.place(fact.shipment, fact.delivery), {}).setdefault(fact.delivery, _Said([], [])).plans.append(fact)
    of_order = False
    for facts in (dossier.arrivals, dossier.proofs):
        for fact in facts:
            if fact.shipment or fact.delivery:
                found.setdefault(goods.place(fact.shipment, fact.delivery), {}).setdefault(fact.delivery, _Said([], []))
            elif not fact.lines:
                of_order = True
    if of_order and not found:
        found["", ""] = {"": _Said([], [])}
    return found


def _portions(goods: Goods, place: Place, by_delivery: dict[str, _Said]) -> list[Portion]:
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
