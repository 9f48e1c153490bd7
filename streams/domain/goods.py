"""The goods of an order as a value: what is ordered, the portions in which it travels, and how much of each got how far.

How it is made: `portions` (what travels where), `statements` (who is meant), `quantities` (how much, and when), `returns`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from streams.domain.amounts import NONE, Amounts
from streams.domain.facts import Fact
from streams.domain.reference_data import ItemChanged
from streams.domain.terms import Trigger

__all__ = [
    "Goods",
    "Increment",
    "ItemOf",
    "Ordered",
    "Place",
    "Portion",
    "Said",
    "Statement",
    "add_up",
    "gains",
    "no_item",
]

Place = tuple[str, str]
"""Shipment id and delivery id; either may be empty."""

ItemOf = Callable[[str], ItemChanged | None]
"""An article's units by its number."""
_ONE: Final = Decimal(1)
_FINEST: Final = Decimal("0.000001")


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


class Said(NamedTuple):
    """What was said of the contents of one delivery in one shipment."""

    issues: list[Fact]
    plans: list[Fact]


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

    told_of: dict[Place, dict[str, Said]] = field(default_factory=dict)
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


def gains(increments: Sequence[Increment]) -> Amounts:
    """Sum of what increments added."""
    if len(increments) == 1:
        return increments[0].gain
    total: Amounts = {}
    for increment in increments:
        for line, quantity in increment.gain.items():
            total[line] = total[line] + quantity if line in total else quantity
    return total
