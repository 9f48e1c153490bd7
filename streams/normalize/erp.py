"""Our own ERP shape (`docs/raw-records.md`): orders, changes, cancellations, disputes and posted invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Invoice, LineQuantity, OrderDetails, OrderLine
from streams.domain.ids import event_id, normalised, order_key
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.shapes import (
    EACH,
    Currency,
    Identifier,
    LineNumber,
    Lines,
    Price,
    Quantity,
    Remark,
    Shape,
    SystemName,
    TimeText,
    UnitOfMeasure,
    plain_number,
    quantities,
)

__all__ = ["FORMAT", "read"]

FORMAT: Final = "milepost.erp.v1"

_Revision = Annotated[int, Field(ge=0, le=2**31 - 1)]
_Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=4), BeforeValidator(plain_number)]


class _Record(Shape):
    system: SystemName
    company: SystemName
    order: Identifier
    at: TimeText
    id: Identifier | None = None


class _OrderLine(Shape):
    line: LineNumber
    sku: Identifier
    quantity: Quantity
    uom: UnitOfMeasure | None = None
    unit_price: Price


class _Order(_Record):
    type: Literal["order.released", "order.changed"]
    revision: _Revision
    customer: Identifier
    currency: Currency
    terms: Identifier
    lines: Annotated[list[_OrderLine], Field(min_length=1, max_length=2000)]


class _OrderCancelled(_Record):
    type: Literal["order.cancelled"]
    revision: _Revision


class _InvoicePosted(_Record):
    type: Literal["invoice.posted"]
    invoice: Identifier
    amount: _Amount
    currency: Currency
    release_id: Identifier | None = None
    lines: Lines | None = None


class _InvoiceCancelled(_Record):
    type: Literal["invoice.cancelled"]
    invoice: Identifier


class _DisputeOpened(_Record):
    type: Literal["dispute.opened"]
    case: Identifier
    lines: Lines | None = None
    text: Remark | None = None


class _DisputeResolved(_Record):
    type: Literal["dispute.resolved"]
    case: Identifier


_Any = _Order | _OrderCancelled | _InvoicePosted | _InvoiceCancelled | _DisputeOpened | _DisputeResolved
_RECORD: Final[TypeAdapter[_Any]] = TypeAdapter(Annotated[_Any, Field(discriminator="type")])

_MILESTONES: Final = {
    "order.released": Milestone.ORDER_RELEASED,
    "order.changed": Milestone.ORDER_CHANGED,
    "order.cancelled": Milestone.ORDER_CANCELLED,
    "invoice.posted": Milestone.INVOICE_POSTED,
    "invoice.cancelled": Milestone.INVOICE_CANCELLED,
    "dispute.opened": Milestone.DISPUTE_OPENED,
    "dispute.resolved": Milestone.DISPUTE_RESOLVED,
}


def read(data: Any, origin: Origin) -> list[Event]:
    """The one statement of an ERP record. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    at = origin.time(record.at, Classifier.ACT)
    order_id = order_key(record.company, record.order)
    milestone = _MILESTONES[record.type]
    lines: tuple[LineQuantity, ...] = ()
    case_id = ""
    order: OrderDetails | None = None
    invoice: Invoice | None = None
    match record:
        case _Order():
            order = _details(record)
            detail = str(record.revision)
        case _OrderCancelled():
            order = OrderDetails(record.revision, "", "", "", ())
            detail = str(record.revision)
        case _InvoicePosted():
            invoice = Invoice(record.invoice, record.amount, record.currency, record.release_id or "")
            lines = quantities(record.lines)
            detail = record.invoice
        case _InvoiceCancelled():
            invoice = Invoice(record.invoice, Decimal(0), "")
            detail = record.invoice
        case _DisputeOpened():
            case_id = detail = f"{record.system}:{record.case}"
            lines = quantities(record.lines)
        case _DisputeResolved():
            case_id = detail = f"{record.system}:{record.case}"
    return [
        Event(
            event_id(order_id, milestone, Classifier.ACT, Scope.ORDER, at.utc, detail),
            milestone,
            Classifier.ACT,
            Scope.ORDER,
            at,
            origin.lineage(record.system, FORMAT, record.id, record.type),
            order_id,
            lines=lines,
            case_id=case_id,
            order=order,
            invoice=invoice,
            traceparent=origin.traceparent,
        )
    ]


def _details(record: _Order) -> OrderDetails:
    """The order as it now is; a line number may stand once only, because nobody could say which of two counts."""
    lines = tuple([OrderLine(normalised(line.line), line.sku, line.quantity, line.uom or EACH, line.unit_price) for line in record.lines])
    if len({line.line for line in lines}) < len(lines):
        seen: set[str] = set()
        twice = next(line.line for line in lines if line.line in seen or seen.add(line.line))  # type: ignore[func-returns-value]
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"lines: line {shown(twice)} is given more than once")
    return OrderDetails(record.revision, record.customer, record.currency, record.terms, lines)
