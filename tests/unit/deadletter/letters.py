"""Letters made by hand, as the writer would write them."""

from __future__ import annotations

import json
from typing import Any

from streams.deadletter.audit import Action, Settlement
from streams.deadletter.index import Found
from streams.deadletter.letter import Letter, read_letter
from streams.deadletter.reasons import Reason, Stage
from streams.deadletter.writer import render
from streams.domain.instant import from_millis
from streams.hop import DeadLetter, RawRecord

FAILED_AT = 1_760_000_000_000


def letter(
    offset: int = 0,
    *,
    reason: Reason = Reason.QTY_INVALID,
    value: bytes | None = b'{"a":1}',
    orders: tuple[str, ...] = ("1000:1",),
    message: str = "quantity 'x' is no number",
    failed_at: int = FAILED_AT,
    headers: tuple[tuple[str, bytes], ...] = (("format", b"milepost.erp.v1"), ("partner", b"ACME")),
    topic: str = "erp.raw",
) -> Letter:
    """A letter of ours, read back."""
    record = RawRecord(topic, 1, offset, FAILED_AT - 1_000, b"key", value, headers)
    (output, *_) = render(DeadLetter(record, Stage.MAP, reason, message, orders), failed_at, "milepost", "1.0")
    return read_letter(RawRecord(output.topic, output.partition, offset, output.timestamp, output.key, output.value, output.headers))


def found(each: Letter | None = None, **changes: Any) -> Found:
    """An open letter."""
    return Found(each or letter(**changes), None)


def settled(each: Letter, action: Action = Action.DISCARDED) -> Found:
    at = from_millis(FAILED_AT + 5_000)
    return Found(each, Settlement(each.id, each.topic, each.partition, each.offset, action, "job-1", "ops", "a test", at))


def as_json(value: Any) -> Any:
    """What a script reads of it."""
    return json.loads(json.dumps(value))
