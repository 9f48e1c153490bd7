"""EDIFACT INVOIC: invoices, credit notes and corrected invoices, as finance posted them.

The time is that of the document (DTM 137) where it has one, else when the interchange was sent. A corrected invoice (384) must name the one
it replaces (RFF IV or OI), under another number: that one is cancelled, and the new one posted. So must an invoice whose function is 5. An
invoice over several orders is told to each of them with the sum of its lines (MOA 203).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Invoice, LineQuantity, Link
from streams.domain.instant import Instant
from streams.domain.vocabulary import Milestone
from streams.normalize.agreed import invalid_part, word
from streams.normalize.codes import code_map
from streams.normalize.edifact import Message, Segment, number, part, read_message
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, shown
from streams.normalize.x12 import quantity
from streams.normalize.x12_warehouse import about, added_up

__all__ = ["FORMAT", "read"]

FORMAT: Final = "edifact.INVOIC"

_CODES: Final = code_map(FORMAT)
_TOLD: Final = frozenset({"", "7", "9", "31", "43"})
"""BGM 1225 of a document that is told: original, duplicate, copy, additional transmission."""

_TOTALS: Final = ("77", "39", "9")
"""MOA of the whole, best first: invoice amount, invoice total, amount due."""

_ORDERS: Final = ("VN", "ON")
"""RFF of an order: the seller's own number, else the buyer's."""

_MOST_LINES: Final = 2_000


@dataclass(slots=True)
class _Line:
    """A LIN with what follows it."""

    number: str
    quantity: str = ""
    unit: str = ""
    amount: Decimal | None = None
    orders: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Document:
    """What an INVOIC says."""

    type: str = ""
    function: str = ""
    number: str = ""
    currency: str = ""
    replaces: str = ""
    at: Segment | None = None
    orders: dict[str, str] = field(default_factory=dict)
    lines: list[_Line] = field(default_factory=list)
    totals: dict[str, Decimal] = field(default_factory=dict)


def read(data: Any, origin: Origin) -> list[Event | Link]:
    """What the invoice says to each of its orders. Raises `Refusal`, which names the orders that could be read."""
    message = read_message(data, "INVOIC", FORMAT, origin)
    document = _document(message)
    shares: dict[str, list[_Line]] = {}
    for line in document.lines:
        named = _order_number(line.orders) or _order_number(document.orders)
        if named:
            shares.setdefault(message.order(named, "RFF ON"), []).append(line)
    if not shares:
        shares[message.order(_order_number(document.orders), "RFF ON")] = []
    try:
        return [event for order, lines in shares.items() for event in _said(message, document, order, lines, alone=len(shares) == 1)]
    except Refusal as refusal:
        raise Refusal(refusal.stage, refusal.reason, refusal.message, refusal.statements, tuple(shares)) from refusal


def _said(message: Message, document: _Document, order: str, lines: list[_Line], *, alone: bool) -> list[Event]:
    origin = message.origin
    codes = origin.codes(_CODES)
    cancels = document.function not in _TOLD or (document.function, "1225") in codes.rows
    milestone = codes.meaning(*((document.function, "1225") if cancels else (document.type, "1001"))).milestone
    if cancels and milestone is Milestone.REBILLED:
        of_type = codes.meaning(document.type, "1001").milestone
        if of_type not in (Milestone.INVOICE_POSTED, Milestone.REBILLED):
            why = f"BGM 1225 {shown(document.function)}: a replaced document of type {shown(document.type)}; only invoices are read"
            raise Refusal(Stage.MAP, Reason.UNMAPPED_CODE, f"{why}: have it cancelled (1), and a new one sent")
    lineage = message.lineage(message.system, f"{document.type}/{document.function}".strip("/"), codes.version)
    invoice = Invoice(word(document.number, "BGM 1004"), _amount(document, lines, alone=alone), _currency(message, document))
    at = _at(message, document)

    def event(kind: Milestone, over: Invoice, goods: tuple[LineQuantity, ...]) -> Event:
        found = about(order, kind, at, lineage, origin, lines=goods, detail=over.number)
        found.invoice = over
        return found

    if milestone is Milestone.REBILLED:
        if document.replaces in ("", document.number):
            raise invalid_part("RFF IV: a corrected invoice must name the one that it replaces, and have a number of its own")
        replaced = Invoice(word(document.replaces, "RFF IV"), Decimal(0), "")
        return [event(Milestone.INVOICE_CANCELLED, replaced, ()), event(Milestone.INVOICE_POSTED, invoice, _quantities(lines))]
    return [event(milestone, invoice, () if milestone is Milestone.INVOICE_CANCELLED else _quantities(lines))]


def _document(message: Message) -> _Document:
    found = _Document()
    line: _Line | None = None
    summary = False
    for segment in message.segments:
        tag = part(segment, 0)
        if tag == "BGM":
            found.type, found.number, found.function = part(segment, 1), part(segment, 2), part(segment, 3)
        elif tag == "LIN":
            if len(found.lines) >= _MOST_LINES:
                raise invalid_part(f"LIN: more than {_MOST_LINES} lines")
            line = _Line(part(segment, 1))
            found.lines.append(line)
        elif tag == "UNS":
            line, summary = None, True
        elif tag == "DTM" and line is None and part(segment, 1) == "137":
            found.at = found.at or segment
        elif tag == "CUX" and not found.currency:
            found.currency = part(segment, 1, 1)
        elif tag == "RFF":
            _reference(found, line, part(segment, 1), part(segment, 1, 1), part(segment, 1, 2))
        elif tag == "QTY" and line is not None and part(segment, 1) == "47":
            line.quantity, line.unit = part(segment, 1, 1), part(segment, 1, 2)
        elif tag == "MOA":
            kind, amount = part(segment, 1), part(segment, 1, 1)
            if summary and amount:
                found.totals[kind] = number(amount, f"MOA {kind[:3]}")
            elif line is not None and kind == "203":
                line.amount = number(amount, "MOA 203")
    return found


def _reference(found: _Document, line: _Line | None, kind: str, text: str, order_line: str) -> None:
    if kind in _ORDERS and text:
        (found.orders if line is None else line.orders).setdefault(kind, text)
        if line is not None and order_line:
            line.number = order_line
    elif kind in ("IV", "OI") and text and line is None:
        found.replaces = found.replaces or text


def _order_number(orders: dict[str, str]) -> str:
    return next((orders[kind] for kind in _ORDERS if kind in orders), "")


def _amount(document: _Document, lines: list[_Line], *, alone: bool) -> Decimal:
    """The total; where the invoice is over several orders, the sum of this one's lines."""
    if alone:
        for kind in _TOTALS:
            if kind in document.totals:
                return document.totals[kind]
    amounts = [line.amount for line in lines]
    if not amounts or any(amount is None for amount in amounts):
        raise invalid_part("MOA: no total (77, 39, 9), or for an invoice over several orders, a line without its amount (203)")
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


def _currency(message: Message, document: _Document) -> str:
    currency = document.currency or message.agreed.currency or ""
    if not (len(currency) == 3 and currency.isascii() and currency.isupper() and currency.isalpha()):
        raise invalid_part(f"CUX: {shown(currency)} is no currency, and none was agreed with the sender")
    return currency


def _quantities(lines: list[_Line]) -> tuple[LineQuantity, ...]:
    """The lines invoiced; none where one of them has no number or quantity: then the invoice stands for the order as a whole."""
    if not all(line.number and line.quantity for line in lines):
        return ()
    return added_up([quantity(line.number, line.quantity.replace(",", "."), line.unit, "QTY 47") for line in lines])


def _at(message: Message, document: _Document) -> Instant:
    if document.at is not None and part(document.at, 1, 2) in ("203", "204", "205"):
        return message.at(document.at)
    return message.sent()
