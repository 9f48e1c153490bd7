"""X12 of warehouses: 940 (order to ship), 945 (what was shipped) and 944 (what came back).

A 940 plans and never moves an order: the ERP's own record decides. A 945 issues goods by order line: N9 with LI in each item, or it is
refused. Lots and serial numbers (N9 LT, SE) stay in the raw record. Positions: segments W05, W06, W12, W17 of 004010.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from streams.domain.event import Event, Handling, Lineage, LineQuantity, Link
from streams.domain.ids import event_id, normalised, reference_key
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.agreed import invalid_part, word
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.references import DEFAULT_VALID_DAYS, LinkedOrder, Named, carrier_reference, links
from streams.normalize.refusal import Refusal
from streams.normalize.shapes import detail_of
from streams.normalize.x12 import Transaction, quantity, read_transaction

__all__ = [
    "GS1",
    "RECEIPT",
    "SHIPPED",
    "TO_SHIP",
    "Goods",
    "about",
    "added_up",
    "issued",
    "naming",
    "read_receipt",
    "read_shipped",
    "read_to_ship",
]

TO_SHIP: Final = "x12.940"
SHIPPED: Final = "x12.945"
RECEIPT: Final = "x12.944"

GS1: Final = "GS1"
"""Issuer of serial shipping container codes: so EPCIS events of the same unit find it."""

_TO_SHIP_CODES: Final = code_map(TO_SHIP)
_SHIPPED_CODES: Final = code_map(SHIPPED)
_SHIPPED_ON: Final = "11"
_MOST_ITEMS: Final = 2_000
_FINAL: Final = frozenset({"CP", "CU"})
"""W1201 of lines of which no more will come."""

_SUBSTITUTED: Final = frozenset({"CS"})
"""W1201 of lines for which another article was sent."""

Statements = list[Event | Link]


def naming(order: str, read: Callable[[], Statements]) -> Statements:
    """What `read` says; a refusal names the order, so that its release is held until somebody has looked."""
    try:
        return read()
    except Refusal as refusal:
        raise Refusal(refusal.stage, refusal.reason, refusal.message, refusal.statements, refusal.orders or (order,)) from refusal


def read_to_ship(data: Any, origin: Origin) -> Statements:
    """The plan of a 940 (W05), and the links of its references. Raises `Refusal`."""
    transaction = read_transaction(data, "940", TO_SHIP, origin)
    segments = transaction.elements()
    head = _first(segments, "W05", 3)
    order = transaction.order(head[2], "W0502")

    def read() -> Statements:
        codes = origin.codes(_TO_SHIP_CODES)
        meaning = codes.meaning(head[1], "W0501")
        at = transaction.sent()
        lineage = transaction.lineage(transaction.system, head[1], codes.version)
        plan = about(order, meaning.milestone, at, lineage, origin, classifier=meaning.classifier, detail="940")
        if meaning.milestone is Milestone.ORDER_CANCELLED:
            return [plan]
        carrier = next((_at(segment, 10) for segment in segments if segment[0] == "W66"), "")
        goods = Goods(references=_references(transaction, segments, carrier))
        return [plan, *goods.links(order, at, lineage)]

    return naming(order, read)


@dataclass(slots=True)
class Goods:
    """What left for one order, and by which numbers it can be known."""

    lines: list[LineQuantity] = field(default_factory=list)
    shipment_id: str = ""
    references: list[str] = field(default_factory=list)
    final: list[str] = field(default_factory=list)
    substituted: list[str] = field(default_factory=list)
    """Order lines as in `Handling`."""

    tracking: list[str] = field(default_factory=list)
    """Keys of numbers that the carrier gave to packages."""

    units: list[str] = field(default_factory=list)
    """Keys of SSCCs."""

    def named(self) -> list[Named]:
        """All references; packages are those that the carrier numbers, else those with an SSCC. One package is the whole: nothing apart."""
        packages = list(dict.fromkeys(self.tracking)) or list(dict.fromkeys(self.units))
        single = len(packages) < 2
        keys = dict.fromkeys([*self.references, *self.tracking, *self.units])
        return [Named(key, "" if single or key not in packages else key.split(":", 2)[2]) for key in keys]

    def links(self, order: str, at: Instant, lineage: Lineage) -> list[Link]:
        return links(self.named(), [LinkedOrder(order, self.shipment_id)], at.utc, DEFAULT_VALID_DAYS, lineage)


def issued(order: str, goods: Goods, at: Instant, lineage: Lineage, origin: Origin) -> Statements:
    """GOODS_ISSUED of these goods, and its links; nothing where nothing left."""
    lines = added_up([line for line in goods.lines if line.quantity > 0])
    if not lines:
        return []
    named = goods.named()
    packages = tuple([reference.package_id for reference in named if reference.package_id])
    event = about(order, Milestone.GOODS_ISSUED, at, lineage, origin, lines=lines, shipment_id=goods.shipment_id)
    event.packages = packages
    if goods.final or goods.substituted:
        event.handling = Handling(tuple(dict.fromkeys(goods.final)), tuple(dict.fromkeys(goods.substituted)))
    return [event, *goods.links(order, at, lineage)]


def about(
    order: str,
    milestone: Milestone,
    at: Instant,
    lineage: Lineage,
    origin: Origin,
    *,
    classifier: Classifier = Classifier.ACT,
    lines: tuple[LineQuantity, ...] = (),
    shipment_id: str = "",
    detail: str = "",
) -> Event:
    """A statement about an order, or its part of a shipment."""
    scope = Scope.SHIPMENT if shipment_id else Scope.ORDER
    return Event(
        event_id(order, milestone, classifier, scope, at.utc, detail_of(lines, "", shipment_id, *([detail] if detail else []))),
        milestone,
        classifier,
        scope,
        at,
        lineage,
        order,
        shipment_id=shipment_id,
        lines=lines,
        traceparent=origin.traceparent,
    )


def added_up(lines: Sequence[LineQuantity]) -> tuple[LineQuantity, ...]:
    """Lines given several times in one unit (two lots, two cartons) with their sum."""
    sums: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        key = (line.line, line.uom)
        sums[key] = sums.get(key, Decimal(0)) + line.quantity
    return tuple([LineQuantity(number, amount, uom) for (number, uom), amount in sums.items()])


def read_shipped(data: Any, origin: Origin) -> Statements:
    """The goods issue of a 945, its links, and what was shorted or replaced. Raises `Refusal`."""
    transaction = read_transaction(data, "945", SHIPPED, origin)
    segments = transaction.elements()
    head = _first(segments, "W06", 7)
    order = transaction.order(head[2], "W0602")
    return naming(order, lambda: _shipped(transaction, segments, head, order))


def _shipped(transaction: Transaction, segments: list[list[str]], head: list[str], order: str) -> Statements:
    origin = transaction.origin
    codes = origin.codes(_SHIPPED_CODES)
    carrier = next((_at(segment, 2) for segment in segments if segment[0] == "W27"), "")
    goods = Goods(shipment_id=normalised(word(head[4], "W0604")) if head[4] else "")
    goods.references = _references(transaction, segments, carrier)
    if head[4]:
        goods.references.append(reference_key(ReferenceKind.SHIPMENT, transaction.system, head[4]))
    at = _shipped_at(transaction, segments, head[3])
    found: Statements = []
    said: list[str] = []
    for status, item in _items(segments, "W12"):
        number = _line_number(item, status)
        meaning = codes.meaning(_at(status, 1), "W1201")
        said.append(meaning.code)
        if meaning.code in _FINAL:
            goods.final.append(normalised(number))
        elif meaning.code in _SUBSTITUTED:
            goods.substituted.append(normalised(number))
        unit = _at(status, 5)
        goods.lines.append(quantity(number, _at(status, 3) or "0", unit, "W1203"))
        lineage = transaction.lineage(transaction.system, meaning.code, codes.version)
        if meaning.milestone is Milestone.PICK_SHORTED:
            missing = goods.lines[-1]
            asked = quantity(number, _at(status, 2) or "0", unit, "W1202").quantity
            short = LineQuantity(missing.line, max(Decimal(0), asked - missing.quantity), missing.uom)
            found.append(
                about(order, meaning.milestone, at, lineage, origin, lines=(short,), shipment_id=goods.shipment_id, detail=meaning.code)
            )
    for segment in segments:
        if segment[0] == "MAN":
            _package(segment, carrier, goods)
    if not said:
        raise invalid_part("W12: no item, so nothing is said")
    lineage = transaction.lineage(transaction.system, "/".join(dict.fromkeys(said)), codes.version)
    statements = [*issued(order, goods, at, lineage, origin), *found]
    if not statements:
        raise invalid_part("W12: nothing was shipped, and nothing is said to be missing; say what became of the lines in W1201")
    return statements


def read_receipt(data: Any, origin: Origin) -> Statements:
    """The returned goods of a 944. Raises `Refusal`."""
    transaction = read_transaction(data, "944", RECEIPT, origin)
    segments = transaction.elements()
    head = _first(segments, "W17", 8)
    order = transaction.order(head[4], "W1704")

    def read() -> Statements:
        at = transaction.at_or_day(head[2], head[7], "W1702")
        lines = []
        for received, item in _items(segments, "W07"):
            lines.append(quantity(_line_number(item, received), _at(received, 1), _at(received, 2), "W0701"))
        if not lines:
            raise invalid_part("W07: no item, so nothing is said")
        lineage = transaction.lineage(transaction.system, head[1])
        receipt = word(head[3], "W1703")
        return [about(order, Milestone.RETURN_RECEIVED, at, lineage, origin, lines=added_up(lines), detail=receipt)]

    return naming(order, read)


def _package(segment: list[str], carrier: str, goods: Goods) -> None:
    """MAN holds one number, or two: GM is an SSCC, CP the carrier's own."""
    for kind, number in ((_at(segment, 1), _at(segment, 2)), (_at(segment, 4), _at(segment, 5))):
        if kind == "GM":
            goods.units.append(reference_key(ReferenceKind.TRACKING, GS1, word(number, "MAN02")))
        elif kind == "CP" and carrier:
            goods.tracking.append(carrier_reference(ReferenceKind.TRACKING, _carrier(carrier), word(number, "MAN02")))


def _references(transaction: Transaction, segments: list[list[str]], carrier: str) -> list[str]:
    """Keys of the numbers in N9 that scans will name. A bill of lading is told by carriers too, as theirs."""
    found: list[str] = []
    for segment in segments:
        if segment[0] in ("LX", "W12", "W01"):
            break  # from here on they are about items
        kind, number = _at(segment, 1), _at(segment, 2)
        if segment[0] != "N9" or not number:
            continue
        if kind == "BM":
            issuers = [transaction.system, *([_carrier(carrier)] if carrier else [])]
            found += [reference_key(ReferenceKind.BOL, issuer, word(number, "N902")) for issuer in issuers]
        elif kind == "CN" and carrier:
            found.append(carrier_reference(ReferenceKind.PRO, _carrier(carrier), word(number, "N902")))
        elif kind == "2I" and carrier:
            found.append(carrier_reference(ReferenceKind.TRACKING, _carrier(carrier), word(number, "N902")))
        elif kind == "DO":
            found.append(reference_key(ReferenceKind.DELIVERY, transaction.system, word(number, "N902")))
    return found


def _carrier(carrier: str) -> str:
    name = word(carrier, "SCAC", 32)
    if ":" in name:
        raise invalid_part(f"SCAC: {name!r} is none")
    return name


def _items(segments: list[list[str]], tag: str) -> list[tuple[list[str], list[list[str]]]]:
    """Each item segment with those that follow it, up to the next item or loop."""
    found: list[tuple[list[str], list[list[str]]]] = []
    inside: list[list[str]] | None = None
    for segment in segments:
        if segment[0] == tag:
            inside = []
            found.append((segment, inside))
        elif segment[0] in ("LX", "W03", "W14", "SE"):
            inside = None
        elif inside is not None:
            inside.append(segment)
    if len(found) > _MOST_ITEMS:
        raise invalid_part(f"{tag}: {len(found)} items; at most {_MOST_ITEMS} are taken")
    return found


def _line_number(item: list[list[str]], head: list[str]) -> str:
    for segment in item:
        if segment[0] == "N9" and _at(segment, 1) == "LI" and _at(segment, 2):
            return segment[2]
    raise invalid_part(f"{head[0]}: an item without its order line (N9 with LI); have the sender state it")


def _shipped_at(transaction: Transaction, segments: list[list[str]], date: str) -> Instant:
    """When the goods left: G62 with 11 where it has a time, else the date of W06, of which nobody said the hour."""
    for segment in segments:
        if segment[0] == "G62" and _at(segment, 1) == _SHIPPED_ON and _at(segment, 4):
            return transaction.at(_at(segment, 2), _at(segment, 4), _at(segment, 5), "G62")
    return transaction.day(date, "W0603")


def _first(segments: list[list[str]], tag: str, elements: int) -> list[str]:
    """The first segment with this id, filled up with empty elements. Raises `Refusal`."""
    for segment in segments:
        if segment[0] == tag:
            return segment + [""] * (elements + 1 - len(segment))
    raise invalid_part(f"{tag}: is missing")


def _at(segment: list[str], index: int) -> str:
    return segment[index] if index < len(segment) else ""
