"""Shopify: orders, fulfilments and refunds, as its REST webhooks push them: the whole resource each time.

The header `X-Shopify-Topic` says why an order was pushed; without it, it is read as it stands. A cancelled order stays cancelled,
whatever is pushed later. An order line is named by the id of its line item, because that is what fulfilments and refunds name. Order ids
are unique in all of Shopify: the company is `SHOPIFY`, unless the header `company` names one. Terms are those that the order names, else
the company's.

A fulfilment is a snapshot: its status may be pushed any number of times, and be taken back (`streams.domain.snapshots`). Goods left when it
was first seen to have succeeded.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Claim, Event, Invoice, LineQuantity, Link, OrderDetails, OrderLine, Snapshot
from streams.domain.ids import event_id, normalised, order_key, reference_key
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.codes import code_map, scac
from streams.normalize.origin import Origin
from streams.normalize.references import DEFAULT_VALID_DAYS, LinkedOrder, Named, ReferenceField, links, named
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.sap import revision
from streams.normalize.shapes import EACH, Code, Currency, Identifier, Quantity, Shape, TimeText, plain_number
from streams.normalize.shopify import SYSTEM
from streams.normalize.times import parse

__all__ = ["FULFILLMENT", "ORDER", "REFUND", "read_fulfillment", "read_order", "read_refund"]

ORDER: Final = "shopify.order.v1"
FULFILLMENT: Final = "shopify.fulfillment.v1"
REFUND: Final = "shopify.refund.v1"

_MONEY_ONLY: Final = "no_restock"
_UPDATED: Final = "orders/updated"
_MICRO: Final = Decimal("0.000001")
_CODES: Final = {format: code_map(format) for format in (ORDER, FULFILLMENT, REFUND)}
_Money = Annotated[Decimal, Field(max_digits=18, decimal_places=6), BeforeValidator(plain_number)]
_T = TypeVar("_T")


class _Discount(Shape):
    amount: _Money


class _OrderItem(Shape):
    id: Identifier
    sku: str | None = None
    variant_id: Identifier | None = None
    quantity: Quantity
    price: _Money
    discount_allocations: Annotated[list[_Discount], Field(max_length=100)] = Field(default_factory=list)


class _RefundItem(Shape):
    line_item_id: Identifier
    quantity: Quantity
    restock_type: Code | None = None


class _RefundOfOrder(Shape):
    refund_line_items: Annotated[list[_RefundItem], Field(max_length=1000)] = Field(default_factory=list)


class _Customer(Shape):
    id: Identifier | None = None


class _PaymentTerms(Shape):
    payment_terms_name: Identifier | None = None


class _Order(Shape):
    id: Identifier
    updated_at: TimeText
    cancelled_at: TimeText | None = None
    currency: Currency
    customer: _Customer | None = None
    payment_terms: _PaymentTerms | None = None
    line_items: Annotated[list[_OrderItem], Field(min_length=1, max_length=1000)]
    refunds: Annotated[list[_RefundOfOrder], Field(max_length=200)] = Field(default_factory=list)


class _FulfilledItem(Shape):
    id: Identifier
    quantity: Quantity


class _Fulfillment(Shape):
    id: Identifier
    order_id: Identifier
    status: Code
    created_at: TimeText
    updated_at: TimeText
    tracking_company: str | None = None
    tracking_numbers: Annotated[list[Identifier], Field(max_length=200)] = Field(default_factory=list)
    line_items: Annotated[list[_FulfilledItem], Field(min_length=1, max_length=1000)]


class _Transaction(Shape):
    amount: _Money
    currency: Currency
    kind: Code
    status: Code


class _Refund(Shape):
    id: Identifier
    order_id: Identifier
    created_at: TimeText
    refund_line_items: Annotated[list[_RefundItem], Field(max_length=1000)] = Field(default_factory=list)
    transactions: Annotated[list[_Transaction], Field(max_length=100)] = Field(default_factory=list)


_ORDER: Final = TypeAdapter(_Order)
_FULFILLMENT: Final = TypeAdapter(_Fulfillment)
_REFUND: Final = TypeAdapter(_Refund)


def read_order(data: Any, origin: Origin) -> list[Event]:
    """The statement of an order. Raises `Refusal`."""
    record = _validated(_ORDER, data)
    codes = origin.codes(_CODES[ORDER])
    topic = origin.header("x-shopify-topic") or _UPDATED
    meaning = codes.meaning("orders/cancelled" if record.cancelled_at else topic)
    at = parse(record.updated_at, Classifier.ACT, origin.ingested_at, "updated_at")
    number = revision(at.utc)
    company = origin.company(SYSTEM)
    order = OrderDetails(number, "", "", "", ()) if meaning.milestone is Milestone.ORDER_CANCELLED else _details(record, company, number)
    if record.cancelled_at:
        at = parse(record.cancelled_at, Classifier.ACT, origin.ingested_at, "cancelled_at")
    return [_event(origin, ORDER, order_key(company, record.id), meaning.milestone, at, str(number), topic, order=order)]


def read_fulfillment(data: Any, origin: Origin) -> list[Snapshot | Link]:
    """The snapshot of a fulfilment, and the links of its number and tracking numbers. Raises `Refusal`."""
    record = _validated(_FULFILLMENT, data)
    codes = origin.codes(_CODES[FULFILLMENT])
    meaning = codes.meaning(record.status)
    as_of = parse(record.updated_at, Classifier.ACT, origin.ingested_at, "updated_at")
    at = parse(record.created_at, Classifier.ACT, origin.ingested_at, "created_at")
    order_id, shipment_id = order_key(origin.company(SYSTEM), record.order_id), normalised(record.id)
    lineage = origin.lineage(SYSTEM, FULFILLMENT, _transport_id(origin), record.status, codes.version)
    claims: list[Claim] = []
    if meaning.milestone is not Milestone.GOODS_ISSUE_REVERSED:
        claims.append(Claim(codes.meaning("open").milestone, order_id, at, "", shipment_id))
    if meaning.milestone is Milestone.GOODS_ISSUED:
        lines = tuple([LineQuantity(normalised(item.id), item.quantity, EACH) for item in record.line_items if item.quantity])
        claims.append(Claim(meaning.milestone, order_id, as_of, "", shipment_id, lines, seen=True))
    document = reference_key(ReferenceKind.SNAPSHOT, SYSTEM, f"FULFILLMENT/{shipment_id}")
    numbers = [ReferenceField.model_construct(kind=ReferenceKind.TRACKING, issuer=None, value=number) for number in record.tracking_numbers]
    carrier = scac(record.tracking_company)[:32].replace(":", " ") if record.tracking_company else None
    own = Named(reference_key(ReferenceKind.SHIPMENT, SYSTEM, record.id))
    references = [own, *named(numbers if carrier else [], (), carrier, SYSTEM)]
    snapshot = Snapshot(document, as_of, tuple(claims), lineage, origin.traceparent)
    return [snapshot, *links(references, [LinkedOrder(order_id, shipment_id)], at.utc, DEFAULT_VALID_DAYS, lineage)]


def read_refund(data: Any, origin: Origin) -> list[Event]:
    """The credit, where money was given back; the goods that came back; and that lines were taken off the order, which the order itself
    then says. Raises `Refusal`.
    """
    record = _validated(_REFUND, data)
    codes = origin.codes(_CODES[REFUND])
    order_id = order_key(origin.company(SYSTEM), record.order_id)
    at = parse(record.created_at, Classifier.ACT, origin.ingested_at, "created_at")
    by_type: dict[str, list[_RefundItem]] = {}
    for item in record.refund_line_items:
        by_type.setdefault(item.restock_type or _MONEY_ONLY, []).append(item)
    paid: dict[str, Decimal] = {}
    for each in record.transactions:
        if each.kind == "refund" and each.status == "success":
            paid[each.currency] = paid.get(each.currency, Decimal(0)) + each.amount
    said: list[Event] = []
    lines = _lines([item for kind, items in by_type.items() if kind != "cancel" for item in items])
    for currency, amount in paid.items():
        credit = Invoice(normalised(record.id), amount, currency)
        milestone = codes.meaning("refund").milestone
        said.append(_event(origin, REFUND, order_id, milestone, at, f"{record.id}/{currency}", "refund", lines=lines, invoice=credit))
    for kind, items in by_type.items():
        if kind != _MONEY_ONLY:
            said.append(_event(origin, REFUND, order_id, codes.meaning(kind).milestone, at, record.id, kind, lines=_lines(items)))
    if not said:
        message = "transactions, refund_line_items: neither money nor goods came back"
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message, orders=(order_id,))
    return said


def _details(record: _Order, company: str, number: int) -> OrderDetails:
    removed: dict[str, Decimal] = {}
    for refund in record.refunds:
        for item in refund.refund_line_items:
            if item.restock_type == "cancel":
                removed[item.line_item_id] = removed.get(item.line_item_id, Decimal(0)) + item.quantity
    lines = []
    for line in record.line_items:
        off = sum((discount.amount for discount in line.discount_allocations), Decimal(0))
        price = max(Decimal(0), line.price - off / line.quantity) if line.quantity else Decimal(0)
        quantity = max(Decimal(0), line.quantity - removed.get(line.id, Decimal(0)))
        sku = normalised((line.sku or "")[:64] or line.variant_id or "")
        lines.append(OrderLine(normalised(line.id), sku, quantity, EACH, price.quantize(_MICRO, ROUND_HALF_EVEN).normalize() + 0))
    customer = record.customer.id if record.customer is not None and record.customer.id else ""
    terms = record.payment_terms.payment_terms_name if record.payment_terms is not None else None
    return OrderDetails(number, customer, record.currency, terms or company, tuple(lines))


def _lines(items: list[_RefundItem]) -> tuple[LineQuantity, ...]:
    sums: dict[str, Decimal] = {}
    for item in items:
        sums[normalised(item.line_item_id)] = sums.get(normalised(item.line_item_id), Decimal(0)) + item.quantity
    return tuple([LineQuantity(line, quantity, EACH) for line, quantity in sums.items() if quantity])


def _event(
    origin: Origin,
    format: Literal["shopify.order.v1", "shopify.refund.v1"],
    order_id: str,
    milestone: Milestone,
    at: Instant,
    detail: str,
    code: str,
    *,
    lines: tuple[LineQuantity, ...] = (),
    order: OrderDetails | None = None,
    invoice: Invoice | None = None,
) -> Event:
    return Event(
        event_id(order_id, milestone, Classifier.ACT, Scope.ORDER, at.utc, detail),
        milestone,
        Classifier.ACT,
        Scope.ORDER,
        at,
        origin.lineage(SYSTEM, format, _transport_id(origin), code, origin.codes(_CODES[format]).version),
        order_id,
        lines=lines,
        order=order,
        invoice=invoice,
        traceparent=origin.traceparent,
    )


def _transport_id(origin: Origin) -> str:
    return origin.header("x-shopify-webhook-id", 256)


def _validated(record: TypeAdapter[_T], data: Any) -> _T:
    try:
        return record.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
