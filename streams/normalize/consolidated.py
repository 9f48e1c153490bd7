"""An invoice over several orders, as our own ERP shape says it (`docs/raw-records.md`): one statement an order, with that order's part.

An order's row knows nothing of other orders, so what needs the whole invoice is settled here, where all of it is in one hand: that
the parts sum to the total. What they miss is said of the first order (by key), so that one finding comes of it and not one an order.
Without the parts nobody could say what of the total is whose: such a record is refused.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Invoice
from streams.domain.ids import event_id, order_key
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.shapes import Currency, Identifier, Lines, Shape, SystemName, TimeText, plain_number, quantities

__all__ = ["MOST_ORDERS", "TYPE", "ConsolidatedInvoice", "read"]

TYPE: Final = "invoice.consolidated"

MOST_ORDERS: Final = 500
"""Orders that one invoice may cover."""

_Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=4), BeforeValidator(plain_number)]


class _Part(Shape):
    company: SystemName
    order: Identifier
    amount: _Amount
    release_id: Identifier | None = None
    lines: Lines | None = None


class ConsolidatedInvoice(Shape):
    """One invoice, as it is sent."""

    type: Literal["invoice.consolidated"]
    system: SystemName
    at: TimeText
    id: Identifier | None = None
    invoice: Identifier
    currency: Currency
    total: _Amount
    orders: Annotated[list[_Part], Field(min_length=1, max_length=MOST_ORDERS)]


_RECORD: Final = TypeAdapter(ConsolidatedInvoice)


def read(data: Any, origin: Origin, form: str) -> list[Event]:
    """One INVOICE_POSTED an order. `form` is the format's name. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    at = origin.time(record.at, Classifier.ACT)
    parts = {order_key(part.company, part.order): part for part in record.orders}
    if len(parts) < len(record.orders):
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "orders: an order is named twice; state its part of the invoice once")
    missing = record.total - sum([part.amount for part in parts.values()], Decimal(0))
    lineage = origin.lineage(record.system, form, record.id, record.type)
    first = min(parts)
    return [
        Event(
            event_id(order_id, Milestone.INVOICE_POSTED, Classifier.ACT, Scope.ORDER, at.utc, record.invoice),
            Milestone.INVOICE_POSTED,
            Classifier.ACT,
            Scope.ORDER,
            at,
            lineage,
            order_id,
            lines=quantities(part.lines),
            invoice=Invoice(
                record.invoice, part.amount, record.currency, part.release_id or "", missing if order_id == first else Decimal(0)
            ),
            traceparent=origin.traceparent,
        )
        for order_id, part in parts.items()
    ]
