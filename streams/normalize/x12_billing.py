"""X12 of bills: 810 (invoice), 812 (credit or debit adjustment) and 210 (a carrier's freight bill).

They have dates only, so a statement's time is when it was sent; a resend tells the same invoice number again, which counts once. Amounts
have two implied decimals. An 810 that replaces another (BIG08 05) must name that one (REF OI or IV), under another number: it is cancelled,
and the new one posted. The order is the seller's own number (REF or N9 with OQ, VN or CO), else the purchase order. A freight bill is a
cost, never an invoice of goods. Positions: segments BIG, TDS, BCD, B3 of 004010.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Freight, FreightCharge, Invoice, LineQuantity, Link
from streams.domain.ids import event_id, reference_key
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.agreed import invalid_part, word
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import Refusal, shown
from streams.normalize.x12 import Transaction, quantity, read_transaction
from streams.normalize.x12_warehouse import about, added_up, naming

__all__ = ["ADJUSTMENT", "FREIGHT", "INVOICE", "read_adjustment", "read_freight", "read_invoice"]

INVOICE: Final = "x12.810"
ADJUSTMENT: Final = "x12.812"
FREIGHT: Final = "x12.210"

_INVOICE_CODES: Final = code_map(INVOICE)
_ADJUSTMENT_CODES: Final = code_map(ADJUSTMENT)
_ORDER_NUMBERS: Final = ("OQ", "VN", "CO")
_TOLD: Final = frozenset({"", "00", "07"})
"""BIG08 of an invoice that is told: original, or a duplicate of it."""

_MOST_LINES: Final = 2_000
_KILOGRAMS: Final = {"K": Decimal(1), "L": Decimal("0.45359237")}
"""By L311."""

_CHARGES: Final = {"DTL": "DETENTION", "DTU": "DETENTION", "SRG": "STORAGE", "RCL": "REDELIVERY", "APT": "APPOINTMENT"}
"""L108 of charges that need a cause (`streams.domain.watch.freight`); second-hand. Others keep their code and need none."""


def read_invoice(data: Any, origin: Origin) -> list[Event | Link]:
    """The invoice, credit memo or cancellation of an 810. Raises `Refusal`."""
    transaction = read_transaction(data, "810", INVOICE, origin)
    segments = transaction.elements()
    begin = _first(segments, "BIG", 9)
    order = transaction.order(_number(segments, begin[4]), "BIG04")
    return naming(order, lambda: [*_invoice(transaction, segments, begin, order)])


def _invoice(transaction: Transaction, segments: list[list[str]], begin: list[str], order: str) -> Iterator[Event]:
    origin = transaction.origin
    codes = origin.codes(_INVOICE_CODES)
    milestone = Milestone.INVOICE_POSTED
    said = f"{begin[7]}/{begin[8]}".strip("/")
    if begin[8] not in _TOLD or (begin[8], "BIG08") in codes.rows:
        milestone = codes.meaning(begin[8], "BIG08").milestone
    elif begin[7]:
        milestone = codes.meaning(begin[7], "BIG07").milestone
    invoice = transaction.invoice(begin[2], _first(segments, "TDS", 1)[1], _currency(segments), "TDS01")
    lineage = transaction.lineage(transaction.system, said, codes.version)
    at = transaction.sent()
    if milestone is Milestone.REBILLED:
        replaced = Invoice(word(_replaced(segments, begin[2]), "REF02"), Decimal(0), "")
        cancelled = about(order, Milestone.INVOICE_CANCELLED, at, lineage, origin, detail=replaced.number)
        cancelled.invoice = replaced
        yield cancelled
        milestone = Milestone.INVOICE_POSTED
    lines = _invoiced(segments) if milestone is not Milestone.INVOICE_CANCELLED else ()
    event = about(order, milestone, at, lineage, origin, lines=lines, detail=invoice.number)
    event.invoice = invoice
    yield event


def _replaced(segments: list[list[str]], own: str) -> str:
    """Number of the invoice that a replacement replaces (REF with OI or IV). Raises `Refusal` where it names none but itself."""
    for kind in ("OI", "IV"):
        for segment in segments:
            if segment[0] == "REF" and len(segment) > 2 and segment[1] == kind and segment[2] not in ("", own):
                return segment[2]
    why = "BIG08 05: the replacement does not name another invoice that it replaces (REF with OI or IV)"
    raise Refusal(
        Stage.MAP, Reason.UNMAPPED_CODE, f"{why}; under one number the two cannot be told apart: have it cancelled (01), and a new one sent"
    )


def read_adjustment(data: Any, origin: Origin) -> list[Event | Link]:
    """The credit of an 812: given by us, or asked for by the customer. Raises `Refusal`."""
    transaction = read_transaction(data, "812", ADJUSTMENT, origin)
    segments = transaction.elements()
    begin = _first(segments, "BCD", 10)
    order = transaction.order(_number(segments, begin[10]), "BCD10")

    def read() -> list[Event | Link]:
        codes = origin.codes(_ADJUSTMENT_CODES)
        meaning = codes.meaning(begin[5], "BCD05")
        invoice = transaction.invoice(begin[2], begin[4], _currency(segments), "BCD04")
        lineage = transaction.lineage(transaction.system, begin[5], codes.version)
        event = about(order, meaning.milestone, transaction.sent(), lineage, origin, detail=invoice.number)
        event.invoice = invoice
        return [event]

    return naming(order, read)


def read_freight(data: Any, origin: Origin) -> list[Event]:
    """The freight bill of a 210, about the load that it names. Raises `Refusal`."""
    transaction = read_transaction(data, "210", FREIGHT, origin)
    segments = transaction.elements()
    begin = _first(segments, "B3", 11)
    carrier = word(begin[11], "B311", 32)
    if ":" in carrier:
        raise invalid_part(f"B311: {shown(carrier)} is no SCAC")
    currency = next((segment[1] for segment in segments if segment[0] == "C3" and len(segment) > 1), "")
    invoice = transaction.invoice(begin[2], begin[7], currency, "B307")
    keys: list[str] = []
    for segment in segments:
        if segment[0] in ("N9", "L11") and len(segment) > 2:
            kind, number = (segment[1], segment[2]) if segment[0] == "N9" else (segment[2], segment[1])
            if kind == "CN" and number:
                keys.append(carrier_reference(ReferenceKind.PRO, carrier, word(number, segment[0])))
            elif kind == "BM" and number:
                keys.append(reference_key(ReferenceKind.BOL, carrier, word(number, segment[0])))
    if begin[3]:
        keys.insert(0, reference_key(ReferenceKind.BOL, carrier, word(begin[3], "B303")))
    if not keys:
        raise invalid_part("B303: no shipment number, nor N9 or L11 with CN or BM; nobody knows what was carried")
    at = transaction.sent()
    return [
        Event(
            event_id(keys[0], Milestone.FREIGHT_BILLED, Classifier.ACT, Scope.SHIPMENT, at.utc, invoice.number),
            Milestone.FREIGHT_BILLED,
            Classifier.ACT,
            Scope.SHIPMENT,
            at,
            transaction.lineage(carrier, begin[8]),
            references=tuple(dict.fromkeys(keys)),
            invoice=invoice,
            freight=_freight(transaction, segments),
            traceparent=origin.traceparent,
        )
    ]


def _freight(transaction: Transaction, segments: list[list[str]]) -> Freight | None:
    """The extra charges (L1 with L108) and the weight (L3, where its unit is stated) of a freight bill."""
    charges = []
    weight = Decimal(0)
    for segment in segments:
        if segment[0] == "L1" and len(segment) > 8 and segment[8]:
            amount = transaction.invoice("L1", segment[4], "XXX", "L104").amount
            charges.append(FreightCharge(_CHARGES.get(segment[8], word(segment[8], "L108", 16)), amount))
        elif segment[0] == "L3" and len(segment) > 11 and segment[1] and segment[11] in _KILOGRAMS:
            weight = (quantity("1", segment[1], "", "L301").quantity * _KILOGRAMS[segment[11]]).quantize(Decimal("0.01"))
    return Freight(weight=weight, charges=tuple(charges)) if charges or weight else None


def _invoiced(segments: list[list[str]]) -> tuple[LineQuantity, ...]:
    """The lines of IT1; none where one of them has no number: then the invoice stands for the order as a whole."""
    items = [segment + [""] * (4 - len(segment)) for segment in segments if segment[0] == "IT1"]
    if len(items) > _MOST_LINES:
        raise invalid_part(f"IT1: {len(items)} lines; at most {_MOST_LINES} are taken")
    if not all(item[1] for item in items):
        return ()
    return added_up([quantity(item[1], item[2], item[3], "IT102") for item in items])


def _number(segments: list[list[str]], fallback: str) -> str:
    for kind in _ORDER_NUMBERS:
        for segment in segments:
            if segment[0] in ("REF", "N9") and len(segment) > 2 and segment[1] == kind and segment[2]:
                return segment[2]
    return fallback


def _currency(segments: list[list[str]]) -> str:
    return next((segment[2] for segment in segments if segment[0] == "CUR" and len(segment) > 2), "")


def _first(segments: list[list[str]], tag: str, elements: int) -> list[str]:
    for segment in segments:
        if segment[0] == tag:
            return segment + [""] * (elements + 1 - len(segment))
    raise invalid_part(f"{tag}: is missing")
