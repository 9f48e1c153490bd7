"""What the watch says to the world, as records: exceptions, findings and tasks; and closed orders for the archive."""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import Any, Final

from streams.contracts.emitted import ARCHIVED, EXCEPTION, FINDING, TASK, coordinates
from streams.domain.instant import from_millis
from streams.domain.memory import TaskAction
from streams.domain.order import OrderRow
from streams.domain.watch.checks import Check
from streams.domain.watch.exceptions import ExceptionCode
from streams.domain.watch.tasks import Task
from streams.domain.watch.watching import Turn
from streams.hop import Output, Record

__all__ = ["archive", "exception", "finding", "task", "unpacked"]

_EXCEPTION_TYPES: Final = {code.value: f"milepost.exception.{code.value.lower()}.v1".encode() for code in ExceptionCode}
_FINDING_TYPES: Final = {check.value: f"milepost.finding.{check.value.lower()}.v1".encode() for check in Check}
_TASK_TYPES: Final = {action: f"milepost.task.{action.value.lower()}.v1".encode() for action in TaskAction}
_ARCHIVE_TYPE: Final = b"milepost.order.archived.v1"


def exception(turn: Turn, cause: Record, traceparent: str = "") -> Output:
    """A record of `shipment.exceptions`. `cause` is the record of `shipment.events` that was being read."""
    value = {"exception_id": turn.concern_id, "code": turn.concern.code} | _concern(turn)
    return EXCEPTION.output(
        value,
        cause,
        order_id=turn.order_id,
        ce_id=f"exception/{turn.concern_id}/{coordinates(cause)}",
        ce_type=_EXCEPTION_TYPES[turn.concern.code],
        ce_time=turn.at,
        traceparent=traceparent,
    )


def finding(turn: Turn, cause: Record, traceparent: str = "") -> Output:
    """A record of `reconciliation.findings`. `cause` is the record of `shipment.events` that was being read."""
    value = {"finding_id": turn.concern_id, "check": turn.concern.code} | _concern(turn)
    return FINDING.output(
        value,
        cause,
        order_id=turn.order_id,
        ce_id=f"finding/{turn.concern_id}/{coordinates(cause)}",
        ce_type=_FINDING_TYPES[turn.concern.code],
        ce_time=turn.at,
        traceparent=traceparent,
    )


def task(given: Task, cause: Record, traceparent: str = "") -> Output:
    """A record of `shipment.tasks`. `cause` is the record of `shipment.events` that was being read."""
    value = {
        "task_id": given.task_id,
        "version": given.version,
        "order_id": given.order_id,
        "target": given.target,
        "action": given.action,
        "ship_from": given.ship_from or None,
        "lines": [{"line": line.line, "sku": line.sku, "quantity": line.quantity, "uom": line.uom} for line in given.lines],
        "promised_at": given.promised_at,
        "answer_by": given.answer_by,
        "at": given.at,
    }
    return TASK.output(
        value,
        cause,
        order_id=given.order_id,
        ce_id=f"task/{given.task_id}/{given.version}",
        ce_type=_TASK_TYPES[given.action],
        ce_time=given.at,
        traceparent=traceparent,
    )


def archive(row: OrderRow, packed: bytes, cause: Record) -> Output:
    """A record of `shipment.archive`. `packed`: the row's stored bytes, compressed (`packed_row`)."""
    status = row.status
    at = from_millis(cause.timestamp)
    value = {
        "order_id": row.order_id,
        "state": status.state.value if status is not None else "",
        "billing": status.billing.value if status is not None else "",
        "released_amount": status.released_amount if status is not None else Decimal(0),
        "currency": status.currency if status is not None else "",
        "last_event_at": status.last_event_at if status is not None else None,
        "row": packed,
        "at": at,
    }
    return ARCHIVED.output(
        value,
        cause,
        order_id=row.order_id,
        ce_id=f"archive/{row.order_id}/{coordinates(cause)}",
        ce_type=_ARCHIVE_TYPE,
        ce_time=at,
        traceparent="",
    )


def unpacked(packed: bytes) -> bytes:
    """The stored row within an archive record's `row`. Raises `zlib.error`."""
    return zlib.decompress(packed)


def _concern(turn: Turn) -> dict[str, Any]:
    concern, amounting = turn.concern, turn.concern.amounting
    return {
        "order_id": turn.order_id,
        "state": turn.kind,
        "severity": concern.severity,
        "owner": concern.owner,
        "subject": concern.subject or None,
        "detail": concern.detail or None,
        "expected": amounting.expected if amounting is not None else None,
        "found": amounting.found if amounting is not None else None,
        "unit": amounting.unit if amounting is not None else None,
        "since": concern.since,
        "evidence": concern.evidence,
        "at": turn.at,
    }
