"""Answers to tasks (`shipment.tasks`), as warehouses and transport give them on `wms.raw` and `tms.raw` (`docs/raw-records.md`)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from streams.domain.event import Event, Exceptional
from streams.domain.ids import event_id, order_key
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass, Scope
from streams.normalize.origin import Origin
from streams.normalize.refusal import invalid
from streams.normalize.shapes import Identifier, Remark, Shape, SystemName, TimeText

__all__ = ["FORMAT", "TaskAnswer", "read"]

FORMAT: Final = "milepost.task-answer.v1"

_MILESTONES: Final = {"task.accepted": Milestone.TASK_ACCEPTED, "task.rejected": Milestone.TASK_REJECTED}


class TaskAnswer(Shape):
    """One answer, as it is sent."""

    type: Literal["task.accepted", "task.rejected"]
    system: SystemName
    company: SystemName
    order: Identifier
    at: TimeText
    task: Identifier
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    text: Remark | None = None
    id: Identifier | None = None


_RECORD: Final = TypeAdapter(TaskAnswer)


def read(data: Any, origin: Origin) -> list[Event]:
    """The one statement of an answer. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    at = origin.time(record.at, Classifier.ACT)
    order_id, milestone = order_key(record.company, record.order), _MILESTONES[record.type]
    case_id = f"{record.task}/{record.version}"
    return [
        Event(
            event_id(order_id, milestone, Classifier.ACT, Scope.ORDER, at.utc, case_id),
            milestone,
            Classifier.ACT,
            Scope.ORDER,
            at,
            origin.lineage(record.system, FORMAT, record.id, record.type),
            order_id,
            case_id=case_id,
            exceptional=Exceptional(ReasonClass.OTHER, Effect.INFO, record.text) if record.text else None,
            traceparent=origin.traceparent,
        )
    ]
