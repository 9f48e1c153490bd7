"""Rows of a WMS that sends how its deliveries stand, and not what happened (`docs/raw-records.md`).

A row names one order's part of a delivery or shipment, with the totals of each line and the times of its steps; what a later row does not
say any more is taken back (`streams.domain.snapshots`). A value may be a list of rows: each stands for itself.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Claim, LineQuantity, Link, Snapshot
from streams.domain.ids import normalised, order_key, reference_key
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind
from streams.normalize.origin import Origin
from streams.normalize.references import DEFAULT_VALID_DAYS, LinkedOrder, ReferenceField, links, named
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.shapes import EACH, Identifier, Line, LineNumber, Quantity, Shape, SystemName, TimeText, UnitOfMeasure, quantities
from streams.normalize.times import parse

__all__ = ["FORMAT", "read"]

FORMAT: Final = "milepost.wms-snapshot.v1"


class _Line(Shape):
    line: LineNumber
    uom: UnitOfMeasure | None = None
    picked: Quantity | None = None
    issued: Quantity | None = None


class _Record(Shape):
    system: SystemName
    company: SystemName
    order: Identifier
    as_of: TimeText
    delivery: Identifier | None = None
    shipment: Identifier | None = None
    id: Identifier | None = None
    lines: Annotated[list[_Line], Field(max_length=2000)]
    pick_started_at: TimeText | None = None
    picked_at: TimeText | None = None
    packed_at: TimeText | None = None
    staged_at: TimeText | None = None
    load_started_at: TimeText | None = None
    loaded_at: TimeText | None = None
    issued_at: TimeText | None = None
    references: Annotated[list[ReferenceField], Field(max_length=500)] | None = None


_RECORD: Final = TypeAdapter(_Record)

_STEPS: Final = {
    "pick_started_at": Milestone.PICK_STARTED,
    "packed_at": Milestone.PACKED,
    "staged_at": Milestone.STAGED,
    "load_started_at": Milestone.LOAD_STARTED,
    "loaded_at": Milestone.LOADED,
}
"""Steps that are said by their time alone."""


def read(data: Any, origin: Origin) -> list[Snapshot | Link]:
    """The snapshot of a row, and the links that issued goods make. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    as_of = parse(record.as_of, Classifier.ACT, origin.ingested_at, "as_of")
    order_id = order_key(record.company, record.order)
    delivery_id = normalised(record.delivery) if record.delivery else ""
    shipment_id = normalised(record.shipment) if record.shipment else ""

    def claim(milestone: Milestone, field: str, lines: tuple[LineQuantity, ...] = ()) -> list[Claim]:
        text = getattr(record, field)
        if text is None:
            if lines:
                raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, f"{field}: missing, and {lines[0].quantity} of line {lines[0].line} are")
            return []
        at = parse(text, Classifier.ACT, origin.ingested_at, field)
        return [Claim(milestone, order_id, at, delivery_id, shipment_id, lines)]

    claims = [made for field, milestone in _STEPS.items() for made in claim(milestone, field)]
    if picked := _totals(record, "picked"):
        claims += claim(Milestone.PICK_COMPLETED, "picked_at", picked)
    if issued := _totals(record, "issued"):
        claims += claim(Milestone.GOODS_ISSUED, "issued_at", issued)
    lineage = origin.lineage(record.system, FORMAT, record.id)
    document = reference_key(ReferenceKind.SNAPSHOT, record.system, "/".join(part for part in (order_id, delivery_id, shipment_id) if part))
    snapshot = Snapshot(document, as_of, tuple(claims), lineage, origin.traceparent)
    if not issued or not record.references:
        return [snapshot]
    references = named(record.references, (), None, record.system)
    part = LinkedOrder(order_id, shipment_id, delivery_id)
    return [snapshot, *links(references, [part], as_of.utc, DEFAULT_VALID_DAYS, lineage)]


def _totals(record: _Record, field: str) -> tuple[LineQuantity, ...]:
    """The totals of all lines that have any."""
    stated = [(line, getattr(line, field)) for line in record.lines]
    return quantities([Line.model_construct(line=line.line, quantity=total, uom=line.uom or EACH) for line, total in stated if total])
