"""Our own ERP shape (`docs/raw-records.md`): orders and their changes, blocks, disputes, acceptances, returns, invoices and credits."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Exceptional, Invoice, LineQuantity, OrderDetails, OrderLine
from streams.domain.ids import event_id, normalised, order_key
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass, Scope, Settlement
from streams.normalize import consolidated
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
    detail_of,
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
    free: bool = False
    ship_from: Identifier | None = None


class _Order(_Record):
    type: Literal["order.released", "order.changed"]
    revision: _Revision
    customer: Identifier
    currency: Currency
    terms: Identifier
    promised_at: TimeText | None = None
    lines: Annotated[list[_OrderLine], Field(min_length=1, max_length=2000)]


class _OrderCancelled(_Record):
    """With lines: only these, and of each the quantity; without a revision it is final."""

    type: Literal["order.cancelled"]
    revision: _Revision | None = None
    lines: Lines | None = None


class _InvoicePosted(_Record):
    type: Literal["invoice.posted", "invoice.drafted"]
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
    outcome: Settlement | None = None
    lines: Lines | None = None

    @model_validator(mode="after")
    def _part_of_something(self) -> _DisputeResolved:
        if self.outcome is Settlement.PART and not self.lines:
            raise ValueError("lines: an outcome PART states the quantities that were conceded")
        return self


class _Block(_Record):
    """A billing block on the order, on lines, or on a delivery; `block` is its code."""

    type: Literal["billing.blocked", "billing.unblocked"]
    block: Identifier
    lines: Lines | None = None
    delivery: Identifier | None = None


class _Hold(_Record):
    type: Literal["order.held", "order.hold_cleared"]
    case: Identifier
    reason: ReasonClass = ReasonClass.OTHER


class _Judged(_Record):
    type: Literal["customer.accepted", "customer.rejected"]
    lines: Lines | None = None
    delivery: Identifier | None = None


class _Return(_Record):
    """`case` is the return order; all that is said of one case counts once."""

    type: Literal["return.announced"]
    case: Identifier
    lines: Lines | None = None


class _CreditPosted(_Record):
    type: Literal["credit.posted"]
    credit: Identifier
    amount: _Amount
    currency: Currency
    release_id: Identifier | None = None
    case: Identifier | None = None
    lines: Lines | None = None


_Other = _Block | _Hold | _Judged | _Return | _CreditPosted
_Any = _Order | _OrderCancelled | _InvoicePosted | _InvoiceCancelled | _DisputeOpened | _DisputeResolved | _Other
_RECORD: Final[TypeAdapter[_Any]] = TypeAdapter(Annotated[_Any, Field(discriminator="type")])

_MILESTONES: Final = {
    "order.released": Milestone.ORDER_RELEASED,
    "order.changed": Milestone.ORDER_CHANGED,
    "order.cancelled": Milestone.ORDER_CANCELLED,
    "invoice.posted": Milestone.INVOICE_POSTED,
    "invoice.drafted": Milestone.INVOICE_POSTED,
    "invoice.cancelled": Milestone.INVOICE_CANCELLED,
    "dispute.opened": Milestone.DISPUTE_OPENED,
    "dispute.resolved": Milestone.DISPUTE_RESOLVED,
    "billing.blocked": Milestone.BILLING_BLOCK_SET,
    "billing.unblocked": Milestone.BILLING_BLOCK_CLEARED,
    "order.held": Milestone.ORDER_HELD,
    "order.hold_cleared": Milestone.ORDER_HOLD_CLEARED,
    "customer.accepted": Milestone.ACCEPTED_BY_CUSTOMER,
    "customer.rejected": Milestone.REJECTED_BY_CUSTOMER,
    "return.announced": Milestone.RETURN_INITIATED,
    "credit.posted": Milestone.CREDIT_MEMO_POSTED,
}


def read(data: Any, origin: Origin) -> list[Event]:
    """The one statement of an ERP record; of an invoice over several orders one an order. Raises `Refusal`."""
    if isinstance(data, dict) and data.get("type") == consolidated.TYPE:
        return consolidated.read(data, origin, FORMAT)
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    classifier = Classifier.PLN if record.type == "invoice.drafted" else Classifier.ACT
    at = origin.time(record.at, classifier)
    order_id = order_key(record.company, record.order)
    milestone = _MILESTONES[record.type]
    lines: tuple[LineQuantity, ...] = ()
    case_id = delivery_id = ""
    order: OrderDetails | None = None
    invoice: Invoice | None = None
    exceptional: Exceptional | None = None
    settlement: Settlement | None = None
    match record:
        case _Order():
            order = _details(record, origin)
            detail = str(record.revision)
        case _OrderCancelled():
            order = OrderDetails(record.revision, "", "", "", ()) if record.revision is not None else None
            lines = quantities(record.lines)
            detail = detail_of(lines, *([] if record.revision is None else [str(record.revision)]))
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
            if record.text:
                exceptional = Exceptional(ReasonClass.OTHER, Effect.BILLING_BLOCK, record.text)
        case _DisputeResolved():
            case_id = detail = f"{record.system}:{record.case}"
            lines, settlement = quantities(record.lines), record.outcome
        case _Block():
            case_id = f"{record.system}:{record.block}"
            lines, delivery_id = quantities(record.lines), normalised(record.delivery) if record.delivery else ""
            detail = detail_of(lines, case_id, delivery_id)
        case _Hold():
            case_id = detail = f"{record.system}:{record.case}"
            exceptional = Exceptional(record.reason, Effect.BILLING_BLOCK)
        case _Judged():
            lines, delivery_id = quantities(record.lines), normalised(record.delivery) if record.delivery else ""
            detail = detail_of(lines, delivery_id)
        case _Return():
            case_id = f"{record.system}:{record.case}"
            lines = quantities(record.lines)
            detail = detail_of(lines, case_id)
        case _CreditPosted():
            invoice = Invoice(record.credit, record.amount, record.currency, record.release_id or "")
            lines, case_id = quantities(record.lines), f"{record.system}:{record.case}" if record.case else ""
            detail = record.credit
    return [
        Event(
            event_id(order_id, milestone, classifier, Scope.ORDER, at.utc, detail),
            milestone,
            classifier,
            Scope.DELIVERY if delivery_id else Scope.ORDER,
            at,
            origin.lineage(record.system, FORMAT, record.id, record.type),
            order_id,
            delivery_id=delivery_id,
            lines=lines,
            case_id=case_id,
            order=order,
            exceptional=exceptional,
            invoice=invoice,
            settlement=settlement,
            traceparent=origin.traceparent,
        )
    ]


def _details(record: _Order, origin: Origin) -> OrderDetails:
    """The order as it now is; a line number may stand once only, because nobody could say which of two counts."""
    promised = origin.time(record.promised_at, Classifier.PLN, "promised_at").utc if record.promised_at else None
    lines = tuple([_line(line) for line in record.lines])
    if len({line.line for line in lines}) < len(lines):
        seen: set[str] = set()
        twice = next(line.line for line in lines if line.line in seen or seen.add(line.line))  # type: ignore[func-returns-value]
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"lines: line {shown(twice)} is given more than once")
    return OrderDetails(record.revision, record.customer, record.currency, record.terms, lines, promised)


def _line(line: _OrderLine) -> OrderLine:
    return OrderLine(normalised(line.line), line.sku, line.quantity, line.uom or EACH, line.unit_price, line.free, line.ship_from or "")
