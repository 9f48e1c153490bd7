"""AfterShip: tracking webhooks with all checkpoints each time, read by subtag. The tag alone is too coarse and decides nothing."""

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

FORMAT: Final = "aftership.tracking.v4"


class _Checkpoint(Shape):
    checkpoint_time: TimeText
    subtag: Code


class _Tracking(Shape):
    tracking_number: Identifier
    slug: SystemName
    signed_by: Remark | None = None
    checkpoints: Annotated[list[_Checkpoint], Field(min_length=1, max_length=MOST_SCANS)]


class _Pushed(Shape):
    event_id: Identifier | None = None
    msg: _Tracking


_PUSHED: Final = TypeAdapter(_Pushed)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The statements of all checkpoints. Raises `Refusal`, with the statements of those that could be read."""
    try:
        pushed = _PUSHED.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    return each(pushed.msg.checkpoints, partial(_checkpoint, origin, pushed), "msg.checkpoints")


def _checkpoint(origin: Origin, pushed: _Pushed, checkpoint: _Checkpoint) -> list[Event]:
    tracking = pushed.msg
    codes = origin.codes(_CODES)
    meaning = codes.meaning(checkpoint.subtag)
    at = origin.time(checkpoint.checkpoint_time, meaning.classifier, "checkpoint_time")
    reference = carrier_reference(ReferenceKind.TRACKING, tracking.slug, tracking.tracking_number)
    lineage = origin.lineage(scac(tracking.slug), FORMAT, pushed.event_id, checkpoint.subtag, codes.version)
    evidence = Evidence(tracking.signed_by) if tracking.signed_by else None
    return statements(origin, lineage, meaning, (reference,), at, Scope.PACKAGE, evidence=evidence)
