"""Oracle Fusion: receivables invoices that were completed, or made incomplete again, with their lines as the REST resource gives them.

An invoice is a snapshot (`streams.domain.snapshots`): completed it is posted, incomplete it is not, and completed again it is posted
again; so a posting is taken back, and never cancelled for good. Amounts are those of its lines. Sales order numbers belong to the
business unit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from streams.domain.event import Claim, Invoice, Snapshot
from streams.domain.ids import normalised, order_key, reference_key
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.refusal import invalid
from streams.normalize.sap import unit
from streams.normalize.shapes import (
    Code,
    Currency,
    Identifier,
    Line,
    LineNumber,
    Quantity,
    Shape,
    SystemName,
    TimeText,
    plain_number,
    quantities,
)
from streams.normalize.times import parse

__all__ = ["FORMAT", "SYSTEM", "read"]

FORMAT: Final = "oracle.receivables.v1"
SYSTEM: Final = "ORACLE"

_Money = Annotated[Decimal, Field(max_digits=18, decimal_places=6), BeforeValidator(plain_number)]


class _Line(Shape):
    SalesOrder: Identifier
    SalesOrderLine: LineNumber
    quantity: Annotated[Quantity, Field(validation_alias="Quantity")]
    UOMCode: Code | None = None
    LineAmount: _Money


class _Record(Shape):
    BusinessEventCode: Code
    EventTime: TimeText
    EventId: Identifier | None = None
    TransactionNumber: Identifier
    BusinessUnit: SystemName
    InvoiceCurrencyCode: Currency
    lines: Annotated[list[_Line], Field(min_length=1, max_length=2000, validation_alias="receivablesInvoiceLines")]


_RECORD: Final = TypeAdapter(_Record)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Snapshot]:
    """The snapshot of an invoice. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    codes = origin.codes(_CODES)
    meaning = codes.meaning(record.BusinessEventCode)
    at = parse(record.EventTime, Classifier.ACT, origin.ingested_at, "EventTime")
    company = origin.company(record.BusinessUnit)
    number = normalised(record.TransactionNumber)
    claims: list[Claim] = []
    if meaning.milestone is Milestone.INVOICE_POSTED:
        orders: dict[str, list[_Line]] = {}
        for line in record.lines:
            orders.setdefault(order_key(company, line.SalesOrder), []).append(line)
        for order_id, lines in orders.items():
            counted = quantities(
                [Line.model_construct(line=line.SalesOrderLine, quantity=line.quantity, uom=unit(line.UOMCode)) for line in lines]
            )
            invoice = Invoice(number, sum((line.LineAmount for line in lines), Decimal(0)), record.InvoiceCurrencyCode)
            claims.append(Claim(meaning.milestone, order_id, at, lines=counted, invoice=invoice, seen=True))
    document = reference_key(ReferenceKind.SNAPSHOT, SYSTEM, f"{company}/INVOICE/{number}")
    lineage = origin.lineage(SYSTEM, FORMAT, record.EventId, record.BusinessEventCode, codes.version)
    return [Snapshot(document, at, tuple(claims), lineage, origin.traceparent)]
