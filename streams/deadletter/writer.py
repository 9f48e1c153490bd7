"""Render a refused record as the dead letter that keeps it: bytes and source headers untouched, ours added."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from streams.deadletter import headers
from streams.hop import DeadLetter, Output, Record
from streams.topics import RAW_TOPICS, TERMS, dead_letter_topic

__all__ = ["NAMESPACE", "Hold", "fingerprint", "is_from_outside", "letter_id", "orders_of", "render"]

Hold = Callable[[DeadLetter], list[Output]]
"""The records that hold the release of the orders which a dead letter names. Must depend on the letter alone, not on a clock."""

NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:milepost:dead-letter")
"""Of ids of dead letters."""

_FROM_OUTSIDE: Final = frozenset((*RAW_TOPICS, TERMS))
_MESSAGE_BYTES: Final = 1024
_FRAMES: Final = 3
_POINTER_BYTES: Final = 16 * 1024
"""Largest key, and largest headers of the source record, that a pointer keeps."""


def render(letter: DeadLetter, now_ms: int, app_id: str, app_version: str, hold: Hold | None = None) -> list[Output]:
    """The dead letter itself, on the partition of the same number, and the records that hold the orders it names.

    `now_ms` (milliseconds since the epoch) goes into the headers only. A record that was replayed and fails again keeps the time of its
    first failure, and its attempt counts on. A pointer has no value, but size and digest of the one at the source coordinates.
    """
    record = letter.record
    before = headers.read(record.headers)
    failed_at = _iso(now_ms)
    fields = {
        headers.ID: str(letter_id(record)),
        headers.SOURCE_TOPIC: record.topic,
        headers.SOURCE_PARTITION: str(record.partition),
        headers.SOURCE_OFFSET: str(record.offset),
        headers.SOURCE_TIMESTAMP: str(record.timestamp),
        headers.STAGE: str(letter.stage),
        headers.CODE: str(letter.reason),
        headers.CLASS: _class_name(letter.exception),
        headers.MESSAGE: _shortened(letter.message),
        headers.FINGERPRINT: fingerprint(letter),
        headers.SCHEMA_ID: "" if letter.schema_id is None else str(letter.schema_id),
        headers.ORDER_ID: "\n".join(orders_of(letter)),
        headers.APP_ID: app_id,
        headers.APP_VERSION: app_version,
        headers.FAILED_AT: failed_at,
        headers.FIRST_FAILED_AT: before.get(headers.FIRST_FAILED_AT) or failed_at,
        headers.ATTEMPT: str(headers.number(before.get(headers.ATTEMPT)) + 1),
        headers.REPLAY_COUNT: str(headers.number(before.get(headers.REPLAY_COUNT))),
        headers.ORIGIN: before.get(headers.ORIGIN) or f"{record.topic}/{record.partition}/{record.offset}",
    }
    key, value, kept = record.key, record.value, headers.without_failure(record.headers)
    if letter.pointer:
        data = value or b""
        fields |= {headers.VALUE_SIZE: str(len(data)), headers.VALUE_SHA256: sha256(data).hexdigest()}
        key, value, kept = _if_small(key), None, kept if _size(kept) <= _POINTER_BYTES else ()
    ours = headers.write({name: text for name, text in fields.items() if text})
    outputs = [Output(dead_letter_topic(record.topic), key, value, kept + ours, record.partition, record.timestamp)]
    if hold is not None:
        outputs += hold(letter)
    return outputs


def letter_id(record: Record) -> UUID:
    """The id of a record's dead letter: the same however often the record is read."""
    return uuid5(NAMESPACE, f"{record.topic}:{record.partition}:{record.offset}")


def _if_small(key: bytes | None) -> bytes | None:
    return key if key is None or len(key) <= _POINTER_BYTES else None


def _size(kept: tuple[tuple[str, bytes], ...]) -> int:
    return sum(len(name) + len(value or b"") for name, value in kept)


def orders_of(letter: DeadLetter) -> tuple[str, ...]:
    """The orders that a letter holds: those that the hop could read in the record, else those that were held before it was replayed."""
    if letter.order_ids or is_from_outside(letter.record):
        return letter.order_ids
    for name, value in letter.record.headers:
        if name == headers.ORDER_ID and value:
            return tuple(value.decode(errors="replace").split("\n"))
    return ()


def is_from_outside(record: Record) -> bool:
    """Whether anybody may have written this record: what it says of replays then means nothing."""
    return record.topic in _FROM_OUTSIDE


def fingerprint(letter: DeadLetter) -> str:
    """16 hexadecimal digits that are equal for failures with the same reason, error class and innermost places in the code."""
    places = []
    if letter.exception is not None:
        frames = traceback.extract_tb(letter.exception.__traceback__)[-_FRAMES:]
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.name}" for frame in frames]
    text = "|".join((letter.reason, letter.stage, _class_name(letter.exception), *places))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _class_name(exception: BaseException | None) -> str:
    if exception is None:
        return ""
    kind = type(exception)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _shortened(message: str) -> str:
    return message.encode(errors="replace")[:_MESSAGE_BYTES].decode(errors="ignore")


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
