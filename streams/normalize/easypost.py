"""EasyPost: tracker webhooks with the whole history each time, by status and its detail. Knows no partial delivery."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from streams.domain.event import Event, Evidence
from streams.domain.vocabulary import ReferenceKind, Scope
from streams.normalize.codes import code_map, scac
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import invalid
from streams.normalize.scans import MOST_SCANS, each, statements
from streams.normalize.shapes import Code, Identifier, Remark, Shape, SystemName, TimeText

__all__ = ["FORMAT", "read"]

FORMAT: Final = "easypost.tracker.v2"


class _Detail(Shape):
    datetime: TimeText
    status: Code
    status_detail: Code | None = None


class _Tracker(Shape):
    tracking_code: Identifier
    carrier: SystemName
    signed_by: Remark | None = None
    tracking_details: Annotated[list[_Detail], Field(min_length=1, max_length=MOST_SCANS)]


class _Pushed(Shape):
    id: Identifier | None = None
    result: _Tracker


_PUSHED: Final = TypeAdapter(_Pushed)
_TRACKER: Final = TypeAdapter(_Tracker)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The statements of all details of a pushed event, or of a tracker as it is polled. Raises `Refusal`, with those that could be read."""
    try:
        if isinstance(data, dict) and "tracking_code" in data:
            tracker, event_id = _TRACKER.validate_python(data), None
        else:
            pushed = _PUSHED.validate_python(data)
            tracker, event_id = pushed.result, pushed.id
    except ValidationError as error:
        raise invalid(error) from error
    return each(tracker.tracking_details, partial(_detail, origin, tracker, event_id), "tracking_details")


def _detail(origin: Origin, tracker: _Tracker, event_id: str | None, detail: _Detail) -> list[Event]:
    codes = origin.codes(_CODES)
    meaning = codes.meaning(detail.status, detail.status_detail or "")
    at = origin.time(detail.datetime, meaning.classifier, "datetime")
    reference = carrier_reference(ReferenceKind.TRACKING, tracker.carrier, tracker.tracking_code)
    lineage = origin.lineage(scac(tracker.carrier), FORMAT, event_id, f"{detail.status}/{detail.status_detail or ''}", codes.version)
    evidence = Evidence(tracker.signed_by) if tracker.signed_by else None
    return statements(origin, lineage, meaning, (reference,), at, Scope.PACKAGE, evidence=evidence)
