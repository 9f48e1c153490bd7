"""SAP S/4HANA documents as OData gives them: sales orders, outbound deliveries and billing documents, whole, as they stand.

They are what announcements (`streams.normalize.sap_s4_events`) wait for. The header `system` names the logical system, `as_of` when the
document was read; without it its own `LastChangeDateTime` counts, and where it has none either, it is refused: a snapshot of unknown age
could undo what a newer one said. `zone` names the zone of its dates. Version 2 (`d`, `results`, `/Date(…)/`) and version 4 are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import AliasChoices, BeforeValidator, Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Claim, Event, Invoice, Lineage, Link, OrderDetails, OrderLine, Snapshot
from streams.domain.ids import event_id, normalised, order_key, reference_key
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.idoc_orders import priced
from streams.normalize.origin import Origin
from streams.normalize.references import DEFAULT_VALID_DAYS, LinkedOrder, Named, links
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.sap import Amount, Maybe, MaybeAmount, MaybeCode, MaybeTime, Number, revision, sap_time, unit
from streams.normalize.sap_s4_events import document_reference
from streams.normalize.shapes import Currency, Identifier, Line, LineNumber, Shape, quantities
from streams.normalize.times import parse

__all__ = [
    "BILLING_DOCUMENT",
    "DELIVERY",
    "SALES_ORDER",
    "read_billing_document",
    "read_delivery",
    "read_sales_order",
    "read_wrapped",
]

SALES_ORDER: Final = "sap.s4.salesorder.v1"
DELIVERY: Final = "sap.s4.outbounddelivery.v1"
BILLING_DOCUMENT: Final = "sap.s4.billingdocument.v1"

_CODES: Final = {format: code_map(format) for format in (SALES_ORDER, DELIVERY, BILLING_DOCUMENT)}
_MILLIS: Final = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/", re.ASCII)
_CLOCK: Final = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})(?:\.\d+)?S)?", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_T = TypeVar("_T")


def _results(value: object) -> object:
    """Version 2 wraps lists."""
    if isinstance(value, Mapping):
        value = value.get("results")
    return [] if value is None else value


_Items = Annotated[list[_T], Field(max_length=2000), BeforeValidator(_results)]


class _SalesOrderItem(Shape):
    SalesOrderItem: LineNumber
    Material: Maybe = None
    RequestedQuantity: Number
    RequestedQuantityUnit: MaybeCode = None
    NetAmount: MaybeAmount = None
    NetPriceAmount: MaybeAmount = None
    NetPriceQuantity: MaybeAmount = None
    SalesDocumentRjcnReason: MaybeCode = None


class _SalesOrder(Shape):
    SalesOrder: Identifier
    SoldToParty: Maybe = None
    TransactionCurrency: Currency
    CustomerPaymentTerms: Maybe = None
    ReferenceSDDocument: Maybe = None
    HeaderBillingBlockReason: MaybeCode = None
    LastChangeDateTime: MaybeTime = None
    items: Annotated[_Items[_SalesOrderItem], Field(min_length=1, validation_alias=AliasChoices("to_Item", "_Item"))]


class _DeliveryItem(Shape):
    ReferenceSDDocument: Identifier
    ReferenceSDDocumentItem: LineNumber
    ActualDeliveryQuantity: Number
    DeliveryQuantityUnit: MaybeCode = None
    GoodsMovementStatus: MaybeCode = None


class _Delivery(Shape):
    DeliveryDocument: Annotated[Identifier, Field(validation_alias=AliasChoices("DeliveryDocument", "OutboundDelivery"))]
    ActualGoodsMovementDate: MaybeTime = None
    ActualGoodsMovementTime: MaybeTime = None
    OverallProofOfDeliveryStatus: MaybeCode = None
    ProofOfDeliveryDate: MaybeTime = None
    ConfirmationTime: MaybeTime = None
    BillOfLading: Maybe = None
    LastChangeDateTime: MaybeTime = None
    items: Annotated[_Items[_DeliveryItem], Field(min_length=1, validation_alias=AliasChoices("to_DeliveryDocumentItem", "_Item"))]


class _BillingItem(Shape):
    SalesDocument: Identifier
    SalesDocumentItem: LineNumber
    BillingQuantity: Number
    BillingQuantityUnit: MaybeCode = None
    NetAmount: Amount


class _Billing(Shape):
    BillingDocument: Identifier
    SDDocumentCategory: MaybeCode = None
    BillingDocumentIsCancelled: bool = False
    CancelledBillingDocument: Maybe = None
    TransactionCurrency: Currency
    CreationDate: MaybeTime = None
    CreationTime: MaybeTime = None
    LastChangeDateTime: MaybeTime = None
    items: Annotated[_Items[_BillingItem], Field(min_length=1, validation_alias=AliasChoices("to_Item", "_Item"))]


_SALES_ORDER: Final = TypeAdapter(_SalesOrder)
_DELIVERY: Final = TypeAdapter(_Delivery)
_BILLING: Final = TypeAdapter(_Billing)


class _Read:
    """What all three documents share: whose they are, how old, and how they are named."""

    def __init__(self, origin: Origin, format: str, document: str, number: str, changed: str | None, code: str) -> None:
        self.origin = origin
        self.system = origin.header("system", 32)
        if not self.system or ":" in self.system:
            message = "header system: the logical system that the document was read from is needed, such as S4HCLNT100"
            raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
        self.company = origin.company(self.system)
        self.as_of = _age(origin, changed)
        self.codes = origin.codes(_CODES[format])
        self.lineage: Lineage = origin.lineage(self.system, format, None, code, self.codes.version)
        self.reference = document_reference(self.system, document, number)

    def snapshot(self, claims: list[Claim]) -> Snapshot:
        return Snapshot(self.reference, self.as_of, tuple(claims), self.lineage, self.origin.traceparent)

    def event(self, milestone: Milestone, order_id: str, at: Instant, detail: str) -> Event:
        return Event(
            event_id(order_id, milestone, Classifier.ACT, Scope.ORDER, at.utc, detail),
            milestone,
            Classifier.ACT,
            Scope.ORDER,
            at,
            self.lineage,
            order_id,
            traceparent=self.origin.traceparent,
        )


def read_wrapped(data: Any, origin: Origin) -> list[Event | Link | Snapshot]:
    """Whichever of the three documents version 2 wraps. Raises `Refusal`."""
    inner = data["d"] if isinstance(data["d"], Mapping) else {}
    for field, read in (
        ("to_DeliveryDocumentItem", read_delivery),
        ("BillingDocument", read_billing_document),
        ("SalesOrder", read_sales_order),
    ):
        if field in inner:
            return read(inner, origin)
    message = "d: neither a sales order, nor an outbound delivery, nor a billing document"
    raise Refusal(Stage.DETECT, Reason.UNKNOWN_FORMAT, message)


def read_sales_order(data: Any, origin: Origin) -> list[Event | Link | Snapshot]:
    """The order as it stands, and its snapshot. Raises `Refusal`."""
    record = _validated(_SALES_ORDER, data)
    read = _Read(origin, SALES_ORDER, "SALESORDER", record.SalesOrder, record.LastChangeDateTime, "SalesOrder")
    order_id = order_key(read.company, record.SalesOrder)
    event = read.event(read.codes.meaning("SalesOrder").milestone, order_id, read.as_of, str(revision(read.as_of.utc)))
    lines: dict[str, OrderLine] = {}
    for item in record.items:
        gone = item.SalesDocumentRjcnReason is not None
        number = normalised(item.SalesOrderItem)
        where = f"to_Item {number}"
        if number in lines:
            raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"{where}: given more than once")
        price = Decimal(0)
        if not gone:
            price = priced(item.RequestedQuantity, item.NetPriceAmount, item.NetPriceQuantity, item.NetAmount, where)
        quantity = Decimal(0) if gone else item.RequestedQuantity
        lines[number] = OrderLine(number, normalised(item.Material or ""), quantity, unit(item.RequestedQuantityUnit), price)
    terms = record.ReferenceSDDocument or record.CustomerPaymentTerms or read.company
    event.order = OrderDetails(
        revision(read.as_of.utc), normalised(record.SoldToParty or ""), record.TransactionCurrency, terms, tuple(lines.values())
    )
    claims = []
    if record.HeaderBillingBlockReason is not None:
        block = read.codes.meaning("SalesOrder", "HeaderBillingBlockReason").milestone
        claims.append(Claim(block, order_id, read.as_of, seen=True))
    return [event, read.snapshot(claims)]


def read_delivery(data: Any, origin: Origin) -> list[Event | Link | Snapshot]:
    """The snapshot of a delivery, and the links of its number to its orders. Raises `Refusal`."""
    record = _validated(_DELIVERY, data)
    number = record.DeliveryDocument
    read = _Read(origin, DELIVERY, "OUTBOUNDDELIVERY", number, record.LastChangeDateTime, "OutboundDelivery")
    delivery_id = normalised(number)
    claims: list[Claim] = []
    orders: dict[str, list[_DeliveryItem]] = {}
    for item in record.items:
        orders.setdefault(order_key(read.company, item.ReferenceSDDocument), []).append(item)
    issued_at: Instant | None = None
    for order_id, items in orders.items():
        issued = [item for item in items if item.GoodsMovementStatus == "C"]
        if issued:
            milestone = read.codes.meaning("C", "GoodsMovementStatus").milestone
            date, time = record.ActualGoodsMovementDate, record.ActualGoodsMovementTime
            issued_at = issued_at or _moment(date, time, origin, "ActualGoodsMovementDate")
            lines = quantities(
                [
                    Line.model_construct(
                        line=item.ReferenceSDDocumentItem, quantity=item.ActualDeliveryQuantity, uom=unit(item.DeliveryQuantityUnit)
                    )
                    for item in issued
                ]
            )
            claims.append(Claim(milestone, order_id, issued_at, delivery_id, lines=lines))
        if record.OverallProofOfDeliveryStatus == "C":
            milestone = read.codes.meaning("C", "OverallProofOfDeliveryStatus").milestone
            proven_at = _moment(record.ProofOfDeliveryDate, record.ConfirmationTime, origin, "ProofOfDeliveryDate")
            claims.append(Claim(milestone, order_id, proven_at, delivery_id))
    references = [Named(reference_key(ReferenceKind.DELIVERY, read.system, number))]
    if record.BillOfLading:
        references.append(Named(reference_key(ReferenceKind.BOL, read.system, record.BillOfLading)))
    parts = [LinkedOrder(order_id, "", delivery_id) for order_id in orders]
    since = issued_at or read.as_of
    return [read.snapshot(claims), *links(references, parts, since.utc, DEFAULT_VALID_DAYS, read.lineage)]


def read_billing_document(data: Any, origin: Origin) -> list[Event | Link | Snapshot]:
    """One statement an order of the billing document, and its snapshot. Raises `Refusal`."""
    record = _validated(_BILLING, data)
    code = record.SDDocumentCategory or ""
    read = _Read(origin, BILLING_DOCUMENT, "BILLINGDOCUMENT", record.BillingDocument, record.LastChangeDateTime, code)
    milestone, invoice = read.codes.meaning(code).milestone, record.BillingDocument
    at = _moment(record.CreationDate, record.CreationTime, origin, "CreationDate")
    if milestone is Milestone.INVOICE_CANCELLED:
        if not record.CancelledBillingDocument:
            raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "CancelledBillingDocument: a cancellation must name what it cancels")
        invoice = record.CancelledBillingDocument
    orders: dict[str, list[_BillingItem]] = {}
    for item in record.items:
        orders.setdefault(order_key(read.company, item.SalesDocument), []).append(item)
    said: list[Event | Link | Snapshot] = []
    for order_id, items in orders.items():
        event = read.event(milestone, order_id, at, normalised(invoice))
        if milestone is Milestone.INVOICE_CANCELLED:
            event.invoice = Invoice(normalised(invoice), Decimal(0), "")
        else:
            amount = sum((item.NetAmount for item in items), Decimal(0))
            event.invoice = Invoice(normalised(invoice), amount, record.TransactionCurrency)
            event.lines = quantities(
                [
                    Line.model_construct(line=item.SalesDocumentItem, quantity=item.BillingQuantity, uom=unit(item.BillingQuantityUnit))
                    for item in items
                ]
            )
        said.append(event)
        if record.BillingDocumentIsCancelled and milestone is Milestone.INVOICE_POSTED:
            cancelled = read.event(Milestone.INVOICE_CANCELLED, order_id, read.as_of, normalised(invoice))
            cancelled.invoice = Invoice(normalised(invoice), Decimal(0), "")
            said.append(cancelled)
    return [*said, read.snapshot([])]


def _validated(record: TypeAdapter[_T], data: Any) -> _T:
    if isinstance(data, Mapping) and isinstance(data.get("d"), Mapping):
        data = data["d"]
    try:
        return record.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error


def _age(origin: Origin, changed: str | None) -> Instant:
    told = origin.header("as_of")
    if told:
        return parse(told, Classifier.ACT, origin.ingested_at, "header as_of")
    if changed is None:
        message = "header as_of: when the document was read is needed where it has no LastChangeDateTime, such as 2026-06-01T10:00:00Z"
        raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, message)
    match = _MILLIS.fullmatch(changed)
    text = _millis(match[1], "LastChangeDateTime").isoformat() if match else changed
    return parse(text, Classifier.ACT, origin.ingested_at, "LastChangeDateTime")


def _moment(date: str | None, time: str | None, origin: Origin, field: str) -> Instant:
    """A date of version 2 or 4 and its time of day. Raises `Refusal` (TIME_INVALID)."""
    match = _MILLIS.fullmatch(date or "")
    day = f"{_millis(match[1], field):%Y%m%d}" if match else date
    clock = _CLOCK.fullmatch(time or "")
    return sap_time(day, "".join(f"{int(part or 0):02}" for part in clock.groups()) if clock else time, origin, field)


def _millis(text: str, field: str) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=int(text))
    except OverflowError:
        raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, f"{field}: {shown(text)} is no date") from None
