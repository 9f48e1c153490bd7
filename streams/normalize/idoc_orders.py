"""SAP IDoc ORDERS05: sales orders as the ERP sends them out (ORDERS, ORDRSP), whole each time, and their cancellation.

An item that is cancelled (action 003) or rejected (`ABGRU`) stands at zero. ORDCHG may hold changed items only, so of it is read what needs
no other item: the cancellation of the order, or of all items that it holds. Have other changes sent as ORDERS or ORDRSP, whole. Terms: the
contract (E1EDK02 005 or 006), else the terms of payment, else those of the company.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from pydantic import TypeAdapter

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Lineage, LineQuantity, Link, OrderDetails, OrderLine
from streams.domain.ids import event_id, normalised, order_key
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.codes import code_map
from streams.normalize.idoc import ORDER_NUMBER, Control, Qualified, created, documents, first, system
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, shown
from streams.normalize.sap import Maybe, MaybeAmount, MaybeCode, MaybeLine, Number, Some, revision, unit
from streams.normalize.shapes import Currency, Shape

__all__ = ["FORMAT", "priced", "read"]

FORMAT: Final = "sap.orders05.v1"

_MICRO: Final = Decimal("0.000001")
_CANCELLED: Final = "003"
_CHANGE: Final = "ORDCHG"
_CONTRACTS: Final = ("005", "006")


class _Head(Shape):
    ACTION: MaybeCode = None
    CURCY: Currency | None = None
    ZTERM: Maybe = None
    BELNR: Maybe = None


class _Partner(Shape):
    PARVW: MaybeCode = None
    PARTN: Maybe = None


class _Material(Shape):
    QUALF: MaybeCode = None
    IDTNR: Maybe = None


class _Item(Shape):
    POSEX: MaybeLine = None
    ACTION: MaybeCode = None
    ABGRU: MaybeCode = None
    MENGE: Number
    MENEE: MaybeCode = None
    VPREI: MaybeAmount = None
    PEINH: MaybeAmount = None
    NETWR: MaybeAmount = None
    MATNR: Maybe = None
    E1EDP19: Some[_Material]


class _Document(Shape):
    EDI_DC40: Control
    E1EDK01: _Head
    E1EDK02: Some[Qualified]
    E1EDKA1: Some[_Partner]
    E1EDP01: Some[_Item]


_RECORD: Final = TypeAdapter(_Document)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event | Link]:
    """The statements of each order. Raises `Refusal`."""
    return documents(data, "ORDERS05", _RECORD, _read, origin)


def _read(document: _Document, origin: Origin) -> list[Event | Link]:
    control, head = document.EDI_DC40, document.E1EDK01
    codes = origin.codes(_CODES)
    number = first(document.E1EDK02, ORDER_NUMBER) or head.BELNR
    if not number:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "E1EDK01.BELNR: the document has no number")
    sender = system(control)
    company = origin.company(sender)
    at = created(control, origin)
    order_id = order_key(company, number)
    code = f"{control.MESTYP}/{head.ACTION}" if head.ACTION else control.MESTYP
    lineage = origin.lineage(sender, FORMAT, control.DOCNUM, code, codes.version)
    if control.MESTYP == _CHANGE and (control.MESTYP, head.ACTION or "") not in codes.rows:
        return [_items_cancelled(document.E1EDP01, order_id, at, lineage, origin)]
    meaning = codes.meaning(control.MESTYP, head.ACTION or "")
    if meaning.milestone is Milestone.ORDER_CANCELLED:
        order = OrderDetails(revision(at.utc), "", "", "", ())
    else:
        order = _details(document, company, revision(at.utc))
    return [
        Event(
            event_id(order_id, meaning.milestone, Classifier.ACT, Scope.ORDER, at.utc, str(order.revision)),
            meaning.milestone,
            Classifier.ACT,
            Scope.ORDER,
            at,
            lineage,
            order_id,
            order=order,
            traceparent=origin.traceparent,
        )
    ]


def _items_cancelled(items: list[_Item], order_id: str, at: Instant, lineage: Lineage, origin: Origin) -> Event:
    """The cancellation of all items of an ORDCHG. Raises `Refusal` where it holds anything else: it does not say what the order then is."""
    if not items or not all(_is_gone(item) for item in items):
        why = "ORDCHG holds changed items only, and is read where all of these are cancelled (E1EDP01.ACTION 003, ABGRU)"
        raise Refusal(Stage.MAP, Reason.UNMAPPED_CODE, f"{why}; have changes sent as ORDERS or ORDRSP, the order whole")
    lines = tuple([LineQuantity(line.line, Decimal(0), line.uom) for line in map(_line, items)])
    milestone, named = Milestone.ORDER_CANCELLED, ",".join(sorted(line.line for line in lines))
    return Event(
        event_id(order_id, milestone, Classifier.ACT, Scope.LINE, at.utc, named),
        milestone,
        Classifier.ACT,
        Scope.LINE,
        at,
        lineage,
        order_id,
        lines=lines,
        order=OrderDetails(revision(at.utc), "", "", "", ()),
        traceparent=origin.traceparent,
    )


def _is_gone(item: _Item) -> bool:
    return item.ACTION == _CANCELLED or bool(item.ABGRU)


def _details(document: _Document, company: str, number: int) -> OrderDetails:
    head = document.E1EDK01
    if head.CURCY is None:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "E1EDK01.CURCY: an order without a currency cannot be invoiced")
    if not document.E1EDP01:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "E1EDP01: the order has no items")
    lines: dict[str, OrderLine] = {}
    for item in document.E1EDP01:
        line = _line(item)
        if line.line in lines:
            raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"E1EDP01.POSEX: item {shown(line.line)} is given more than once")
        lines[line.line] = line
    contract = next((found for kind in _CONTRACTS if (found := first(document.E1EDK02, kind))), "")
    customer = next((each.PARTN for each in document.E1EDKA1 if each.PARVW == "AG" and each.PARTN), "")
    return OrderDetails(number, normalised(customer), head.CURCY, contract or head.ZTERM or company, tuple(lines.values()))


def _line(item: _Item) -> OrderLine:
    if not item.POSEX:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "E1EDP01.POSEX: an item has no number")
    sku = item.MATNR or next((each.IDTNR for each in item.E1EDP19 if each.QUALF in ("002", "001") and each.IDTNR), "")
    if _is_gone(item):
        return OrderLine(normalised(item.POSEX), normalised(sku), Decimal(0), unit(item.MENEE), Decimal(0))
    price = priced(item.MENGE, item.VPREI, item.PEINH, item.NETWR, f"E1EDP01 {item.POSEX}")
    return OrderLine(normalised(item.POSEX), normalised(sku), item.MENGE, unit(item.MENEE), price)


def priced(quantity: Decimal, price: Decimal | None, per: Decimal | None, net: Decimal | None, where: str) -> Decimal:
    """Net price of one unit: the item's value by its quantity, else the price by its price unit (SAP prices may stand for 10 or 1,000).

    Raises `Refusal` (QTY_INVALID) where neither is given, or it is negative.
    """
    if net is not None and quantity:
        found = net / quantity
    elif price is not None:
        found = price / (per or 1)
    else:
        raise Refusal(Stage.VALIDATE, Reason.QTY_INVALID, f"{where}: no net price and no net value")
    if found < 0:
        raise Refusal(Stage.VALIDATE, Reason.QTY_INVALID, f"{where}: a negative price")
    return found.quantize(_MICRO, ROUND_HALF_EVEN).normalize() + 0
