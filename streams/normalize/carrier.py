"""Our own carrier shape (`docs/raw-records.md`): scans and statuses by code."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import StringConstraints, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Evidence, Exceptional
from streams.domain.ids import event_id
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.codes import code_map, scac
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.scans import WITH_CASE
from streams.normalize.shapes import Identifier, Lines, Remark, Shape, SystemName, TimeText, detail_of, quantities

__all__ = ["FORMAT", "read"]

FORMAT: Final = "milepost.carrier.v1"


class _Record(Shape):
    carrier: SystemName
    tracking: Identifier | None = None
    pro: Identifier | None = None
    code: Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=64)]
    at: TimeText
    id: Identifier | None = None
    estimated: bool | None = None
    case: Identifier | None = None
    signed_by: Remark | None = None
    document: Remark | None = None
    lines: Lines | None = None
    location: Remark | None = None


_RECORD: Final = TypeAdapter(_Record)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The one statement of a carrier's record. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    references = _references(record)
    codes = origin.codes(_CODES)
    if origin.is_silent(codes, record.code):
        return []
    meaning = codes.meaning(record.code)
    milestone = meaning.milestone
    classifier = Classifier.EST if record.estimated else meaning.classifier
    at = origin.time(record.at, classifier)
    lines = quantities(record.lines)
    if milestone is Milestone.DELIVERED_PARTIAL and not lines:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"lines: {record.code} must say which lines were delivered")
    case_id = ""
    if milestone in WITH_CASE:
        case_id = f"{references[0]}:{record.case}" if record.case else references[0]
    scope = Scope.PACKAGE if record.tracking else Scope.SHIPMENT
    reason = meaning.reason or ""
    return [
        Event(
            event_id(references[0], milestone, classifier, scope, at.utc, detail_of(lines, reason)),
            milestone,
            classifier,
            scope,
            at,
            origin.lineage(scac(record.carrier), FORMAT, record.id, record.code, codes.version),
            references=references,
            lines=lines,
            case_id=case_id,
            exceptional=Exceptional(meaning.reason, meaning.effect) if meaning.reason and meaning.effect else None,
            evidence=Evidence(record.signed_by or "", record.document or "") if record.signed_by or record.document else None,
            traceparent=origin.traceparent,
            place=origin.place(at, record.location),
        )
    ]


def _references(record: _Record) -> tuple[str, ...]:
    found = []
    if record.tracking:
        found.append(carrier_reference(ReferenceKind.TRACKING, record.carrier, record.tracking))
    if record.pro:
        found.append(carrier_reference(ReferenceKind.PRO, record.carrier, record.pro))
    if not found:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "tracking: a carrier's record names a tracking or a pro number")
    return tuple(found)
