"""SAP IDoc INVOIC02: invoices, credit memos and their cancellation, as the ERP sends them out.

One invoice may cover several orders: each gets the invoice under its number, with the items and the net value that are its own. Amounts
are net (E1EDS01 010, else the items' values), because that is what was released. Without `BSART` nobody can tell an invoice from a
credit memo: no row.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Invoice, Link
from streams.domain.ids import event_id, normalised, order_key
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.codes import code_map
from streams.normalize.idoc import ORDER_NUMBER, Control, Qualified, created, documents, first, system
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal
from streams.normalize.sap import Maybe, MaybeAmount, MaybeCode, Number, Some, unit
from streams.normalize.shapes import Currency, Line, Shape, quantities

__all__ = ["FORMAT", "read"]

FORMAT: Final = "sap.invoic02.v1"

_INVOICE_NUMBER: Final = "009"
_NET_VALUE: Final = "003"
_NET_TOTAL: Final = "010"


class _Head(Shape):
    ACTION: MaybeCode = None
    BSART: MaybeCode = None
    CURCY: Currency
    BELNR: Maybe = None


class _Value(Shape):
    QUALF: MaybeCode = None
    BETRG: MaybeAmount = None


class _Total(Shape):
    SUMID: MaybeCode = None
    SUMME: MaybeAmount = None


class _Item(Shape):
    MENGE: Number
    MENEE: MaybeCode = None
    NETWR: MaybeAmount = None
    E1EDP02: Some[Qualified]
    E1EDP26: Some[_Value]


class _Document(Shape):
    EDI_DC40: Control
    E1EDK01: _Head
    E1EDK02: Some[Qualified]
    E1EDP01: Some[_Item]
    E1EDS01: Some[_Total]


_RECORD: Final = TypeAdapter(_Document)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event | Link]:
    """One statement an order of each invoice. Raises `Refusal`."""
    return documents(data, "INVOIC02", _RECORD, _read, origin)


def _read(document: _Document, origin: Origin) -> list[Event | Link]:
    control, head = document.EDI_DC40, document.E1EDK01
    codes = origin.codes(_CODES)
    meaning = codes.meaning(head.BSART or "", head.ACTION or "")
    number = normalised(first(document.E1EDK02, _INVOICE_NUMBER) or head.BELNR or "")
    if not number:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "E1EDK01.BELNR: the invoice has no number")
    sender = system(control)
    company = origin.company(sender)
    at = created(control, origin)
    lineage = origin.lineage(
        sender, FORMAT, control.DOCNUM, f"{head.BSART}/{head.ACTION}" if head.ACTION else head.BSART or "", codes.version
    )
    said: list[Event | Link] = []
    parts = _by_order(document)
    total = next((each.SUMME for each in document.E1EDS01 if each.SUMID == _NET_TOTAL), None)
    for order, items in parts.items():
        order_id = order_key(company, order)
        cancelled = meaning.milestone is Milestone.INVOICE_CANCELLED
        amount = Decimal(0) if cancelled else total if total is not None and len(parts) == 1 else _value(items)
        lines = [
            Line.model_construct(line=line, quantity=item.MENGE, uom=unit(item.MENEE))
            for item in items
            for line in [next((each.ZEILE for each in item.E1EDP02 if each.QUALF == ORDER_NUMBER and each.ZEILE), "")]
        ]
        said.append(
            Event(
                event_id(order_id, meaning.milestone, Classifier.ACT, Scope.ORDER, at.utc, number),
                meaning.milestone,
                Classifier.ACT,
                Scope.ORDER,
                at,
                lineage,
                order_id,
                lines=quantities(lines) if not cancelled and all(line.line for line in lines) else (),
                invoice=Invoice(number, amount, "" if cancelled else head.CURCY),
                traceparent=origin.traceparent,
            )
        )
    return said


def _by_order(document: _Document) -> dict[str, list[_Item]]:
    """The items by the order that they, or else the document, name. Raises `Refusal` where one names none."""
    whole = first(document.E1EDK02, ORDER_NUMBER)
    parts: dict[str, list[_Item]] = {}
    for number, item in enumerate(document.E1EDP01):
        order = first(item.E1EDP02, ORDER_NUMBER) or whole
        if not order:
            message = f"E1EDP01[{number}]: E1EDP02 with qualifier 002 is needed, the order of each item"
            raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
        parts.setdefault(order, []).append(item)
    if not parts:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "E1EDP01: the invoice has no items")
    return parts


def _value(items: list[_Item]) -> Decimal:
    total = Decimal(0)
    for item in items:
        value = next((each.BETRG for each in item.E1EDP26 if each.QUALF == _NET_VALUE), item.NETWR)
        if value is None:
            message = "E1EDP26 003: the net value of each item is needed where an invoice covers several orders or has no total"
            raise Refusal(Stage.VALIDATE, Reason.QTY_INVALID, message)
        total += value
    return total
