"""Dynamics 365 Finance and Operations: business events, which name a document and say little of it.

They carry no lines, so none of them proves quantities: an invoice without lines covers what it was released for, by its amount. Event names
differ by installation: a partner's map adds its own. Orders belong to the legal entity.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Invoice
from streams.domain.ids import event_id, normalised, order_key
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.shapes import Code, Currency, Identifier, Shape, SystemName, TimeText, plain_number
from streams.normalize.times import parse

__all__ = ["FORMAT", "read"]

FORMAT: Final = "dynamics365.business-event.v1"

_MILLIS: Final = re.compile(r"/Date\((\d{1,15})\)/", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INVOICES: Final = frozenset({Milestone.INVOICE_POSTED, Milestone.INVOICE_CANCELLED, Milestone.CREDIT_MEMO_POSTED})


class _Record(Shape):
    BusinessEventId: Code
    EventId: Identifier
    EventTime: TimeText
    LegalEntity: SystemName
    SalesId: Identifier
    InvoiceId: Identifier | None = None
    InvoiceAmount: Annotated[Decimal | None, Field(max_digits=18, decimal_places=6), BeforeValidator(plain_number)] = None
    CurrencyCode: Currency | None = None


_RECORD: Final = TypeAdapter(_Record)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The statement of an event. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    codes = origin.codes(_CODES)
    milestone = codes.meaning(record.BusinessEventId).milestone
    at = parse(_time(record.EventTime), Classifier.ACT, origin.ingested_at, "EventTime")
    order_id = order_key(origin.company(record.LegalEntity), record.SalesId)
    invoice: Invoice | None = None
    if milestone in _INVOICES:
        if record.InvoiceId is None or record.InvoiceAmount is None or record.CurrencyCode is None:
            message = "InvoiceId, InvoiceAmount and CurrencyCode are needed: add them to the event's payload"
            raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message, orders=(order_id,))
        invoice = Invoice(normalised(record.InvoiceId), record.InvoiceAmount, record.CurrencyCode)
    return [
        Event(
            event_id(order_id, milestone, Classifier.ACT, Scope.ORDER, at.utc, invoice.number if invoice else ""),
            milestone,
            Classifier.ACT,
            Scope.ORDER,
            at,
            origin.lineage(record.LegalEntity, FORMAT, record.EventId, record.BusinessEventId, codes.version),
            order_id,
            invoice=invoice,
            traceparent=origin.traceparent,
        )
    ]


def _time(text: str) -> str:
    """Business events write times as `/Date(milliseconds)/` or as ISO 8601."""
    match = _MILLIS.fullmatch(text)
    if match is None:
        return text
    try:
        return (_EPOCH + timedelta(milliseconds=int(match[1]))).isoformat()
    except OverflowError:
        raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, f"EventTime: {shown(text)} is no date") from None
