"""X12 856, ship notice: a hierarchy (HL) of shipment, orders, pallets or cartons, and items, to goods issues and links.

Levels may be nested in any order (shipment, order, package, item, or packages above orders). Line numbers come from SN101, else LIN01.
BSN01 00 tells a shipment, 01 takes it back; changes and replacements (04, 05) are parked: what they replace is not in them, and goods that
were issued at the same time in the same quantity could not be told from those that they replace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Link
from streams.domain.ids import event_id, normalised, reference_key
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.agreed import invalid_part, word
from streams.normalize.codes import Meaning, code_map
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import Refusal
from streams.normalize.x12 import Transaction, quantity, read_transaction
from streams.normalize.x12_warehouse import GS1, Goods, about, issued

__all__ = ["FORMAT", "read"]

FORMAT: Final = "x12.856"

_CODES: Final = code_map(FORMAT)
_MOST_LEVELS: Final = 5_000
_DEEPEST: Final = 8
_REPLACES: Final = ("04", "05")
_SHIPPED_ON: Final = "011"
_SCAC: Final = "2"
_ORDER_NUMBERS: Final = ("OQ", "VN", "CO")
"""REF qualifiers of the seller's own order number, best first; else PRF01."""


@dataclass(slots=True)
class _Level:
    """One HL and its segments."""

    kind: str
    parent: int
    """Index of its parent; -1 for none."""

    depth: int
    segments: list[list[str]] = field(default_factory=list)

    def element(self, tag: str, index: int) -> str:
        for segment in self.segments:
            if segment[0] == tag and index < len(segment):
                return segment[index]
        return ""

    def reference(self, *kinds: str) -> str:
        for kind in kinds:
            for segment in self.segments:
                if segment[0] == "REF" and len(segment) > 2 and segment[1] == kind and segment[2]:
                    return segment[2]
        return ""


def read(data: Any, origin: Origin) -> list[Event | Link]:
    """What a ship notice says, an order at a time. Raises `Refusal`, which names the orders that could be read."""
    transaction = read_transaction(data, "856", FORMAT, origin)
    begin, levels = _levels(transaction)
    orders = {
        index: transaction.order(level.reference(*_ORDER_NUMBERS) or level.element("PRF", 1), "PRF01")
        for index, level in enumerate(levels)
        if level.kind == "O"
    }
    try:
        return _read(transaction, begin, levels, orders)
    except Refusal as refusal:
        named = tuple(dict.fromkeys(orders.values()))
        raise Refusal(refusal.stage, refusal.reason, refusal.message, refusal.statements, named) from refusal


def _read(transaction: Transaction, begin: list[str], levels: list[_Level], orders: dict[int, str]) -> list[Event | Link]:
    origin = transaction.origin
    codes = origin.codes(_CODES)
    if begin[1] in _REPLACES and (begin[1], "BSN01") not in codes.rows:
        why = f"BSN01 {begin[1]}: a changed or replaced notice does not say what it replaces"
        raise Refusal(Stage.MAP, Reason.UNMAPPED_CODE, f"{why}; have the first one taken back (01), and the goods told anew (00)")
    meaning = codes.meaning(begin[1], "BSN01")
    shipment = word(begin[2], "BSN02")
    lineage = transaction.lineage(transaction.system, begin[1], codes.version)
    own = reference_key(ReferenceKind.SHIPMENT, transaction.system, shipment)
    if meaning.milestone is not Milestone.GOODS_ISSUED:
        return _taken_back(transaction, meaning, own, shipment, orders)
    if not orders:
        raise invalid_part("HL: no order (HL03 is O), so nobody knows whose goods these are")
    root = next((level for level in levels if level.kind == "S"), levels[0])
    carrier = next((segment[3] for segment in root.segments if segment[0] == "TD5" and len(segment) > 3 and segment[2] == _SCAC), "")
    if ":" in carrier:
        raise invalid_part(f"TD503: {carrier!r} is no SCAC")
    at = _shipped_at(transaction, root, begin)
    goods = {order: Goods(shipment_id=normalised(shipment), references=[own]) for order in orders.values()}
    for kind, number in _numbers(transaction, root, carrier):
        for each in goods.values():
            each.references.append(reference_key(kind, *number) if kind is ReferenceKind.BOL else carrier_reference(kind, *number))
    for index, level in enumerate(levels):
        if level.kind == "I":
            line = level.element("SN1", 1) or level.element("LIN", 1)
            said = quantity(line, level.element("SN1", 2), level.element("SN1", 3), "SN102")
            goods[_order_of(index, levels, orders)].lines.append(said)
        elif level.kind in ("P", "T"):
            for order in _orders_at(index, levels, orders):
                _packages(level, carrier, goods[order])
    if not any(each.lines for each in goods.values()):
        raise invalid_part("HL: no item (HL03 is I), so nothing is said of the goods")
    statements = [statement for order, each in goods.items() for statement in issued(order, each, at, lineage, origin)]
    if not statements:
        raise invalid_part("SN102: no quantity above zero, so nothing left")
    return statements


def _taken_back(transaction: Transaction, meaning: Meaning, own: str, shipment: str, orders: dict[int, str]) -> list[Event | Link]:
    """Of the orders that are named; where none is, of all that the shipment's number stands for."""
    origin = transaction.origin
    at = transaction.sent()
    lineage = transaction.lineage(transaction.system, meaning.code, origin.codes(_CODES).version)
    shipment_id = normalised(shipment)
    if orders:
        return [about(order, meaning.milestone, at, lineage, origin, shipment_id=shipment_id) for order in dict.fromkeys(orders.values())]
    identity = event_id(own, meaning.milestone, Classifier.ACT, Scope.SHIPMENT, at.utc)
    return [
        Event(
            identity,
            meaning.milestone,
            Classifier.ACT,
            Scope.SHIPMENT,
            at,
            lineage,
            references=(own,),
            shipment_id=shipment_id,
            traceparent=origin.traceparent,
        )
    ]


def _levels(transaction: Transaction) -> tuple[list[str], list[_Level]]:
    """BSN, and the hierarchy. A parent must come before its children, so there is no ring. Raises `Refusal`."""
    begin: list[str] = []
    levels: list[_Level] = []
    known: dict[str, int] = {}
    for segment in transaction.elements():
        if segment[0] == "BSN" and not begin:
            begin = segment + [""] * (6 - len(segment))
        elif segment[0] == "HL":
            number, parent, kind = [*segment[1:4], "", "", ""][:3]
            above = known.get(parent, -1) if parent else -1
            if (parent and above < 0) or not number or number in known:
                why = f"its number is given twice or missing, or its parent {parent[:12]!r} does not come before it"
                raise invalid_part(f"HL {number[:12]!r}: {why}")
            depth = levels[above].depth + 1 if above >= 0 else 1
            if len(levels) >= _MOST_LEVELS or depth > _DEEPEST:
                raise invalid_part(f"HL: at most {_MOST_LEVELS} levels, {_DEEPEST} deep, are taken")
            known[number] = len(levels)
            levels.append(_Level(kind, above, depth))
        elif levels:
            levels[-1].segments.append(segment)
    if not begin or not levels:
        raise invalid_part("BSN, HL: one of them is missing")
    return begin, levels


def _above(index: int, levels: list[_Level]) -> Iterator[int]:
    while index >= 0:
        yield index
        index = levels[index].parent


def _order_of(index: int, levels: list[_Level], orders: dict[int, str]) -> str:
    for each in _above(index, levels):
        if each in orders:
            return orders[each]
    raise invalid_part("HL: an item stands under no order, so nobody knows whose it is")


def _orders_at(index: int, levels: list[_Level], orders: dict[int, str]) -> list[str]:
    """The orders of a package: the one above it, else those within it."""
    above = [orders[each] for each in _above(index, levels) if each in orders]
    return above[:1] or list(dict.fromkeys(order for each, order in orders.items() if index in _above(each, levels)))


def _packages(level: _Level, carrier: str, goods: Goods) -> None:
    for segment in level.segments:
        if segment[0] == "MAN" and len(segment) > 2 and segment[2]:
            if segment[1] == "GM":
                goods.units.append(reference_key(ReferenceKind.TRACKING, GS1, word(segment[2], "MAN02")))
            elif segment[1] == "CP" and carrier:
                goods.tracking.append(carrier_reference(ReferenceKind.TRACKING, carrier, word(segment[2], "MAN02")))


def _numbers(transaction: Transaction, root: _Level, carrier: str) -> Iterator[tuple[ReferenceKind, tuple[str, str]]]:
    """Kind, issuer and value of the shipment's numbers. A bill of lading is told by carriers too, as theirs."""
    for segment in root.segments:
        if segment[0] != "REF" or len(segment) < 3 or not segment[2]:
            continue
        number = word(segment[2], "REF02")
        if segment[1] == "BM":
            yield ReferenceKind.BOL, (transaction.system, number)
            if carrier:
                yield ReferenceKind.BOL, (word(carrier, "TD503", 32), number)
        elif segment[1] in ("CN", "2I") and carrier:
            yield ReferenceKind.PRO if segment[1] == "CN" else ReferenceKind.TRACKING, (word(carrier, "TD503", 32), number)


def _shipped_at(transaction: Transaction, root: _Level, begin: list[str]) -> Instant:
    """DTM with 011 of the shipment; without a time, the begin of that day. Without DTM, when the notice was written."""
    for segment in root.segments:
        if segment[0] == "DTM" and len(segment) > 2 and segment[1] == _SHIPPED_ON:
            date, time, code = [*segment[2:5], "", "", ""][:3]
            return transaction.at_or_day(date, time, "DTM", code)
    return transaction.at_or_day(begin[3], begin[4], "BSN03")
