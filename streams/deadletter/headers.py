"""Names and form of the headers that a dead letter carries, in addition to the source record's own.

All values are UTF-8 text. Route on `dlq.error.code` (`streams.deadletter.reasons`), never on the message. A record that was
replayed carries `replay.` headers, which say who asked for it, and the few `dlq.` headers by which its history goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

__all__ = [
    "APP_ID",
    "APP_VERSION",
    "ATTEMPT",
    "CLASS",
    "CODE",
    "FAILED_AT",
    "FINGERPRINT",
    "FIRST_FAILED_AT",
    "ID",
    "MESSAGE",
    "ORDER_ID",
    "ORIGIN",
    "PREFIX",
    "REPLAY_AT",
    "REPLAY_BY",
    "REPLAY_COUNT",
    "REPLAY_EDITED",
    "REPLAY_ID",
    "REPLAY_OF",
    "REPLAY_PREFIX",
    "REPLAY_REASON",
    "SCHEMA_ID",
    "SOURCE_OFFSET",
    "SOURCE_PARTITION",
    "SOURCE_TIMESTAMP",
    "SOURCE_TOPIC",
    "STAGE",
    "VALUE_SHA256",
    "VALUE_SIZE",
    "number",
    "read",
    "without_failure",
    "without_ours",
    "write",
]

PREFIX: Final = "dlq."
ID: Final = "dlq.id"
"""UUIDv5 of the source coordinates: the same for every reading of the same record."""
SOURCE_TOPIC: Final = "dlq.source.topic"
SOURCE_PARTITION: Final = "dlq.source.partition"
SOURCE_OFFSET: Final = "dlq.source.offset"
SOURCE_TIMESTAMP: Final = "dlq.source.timestamp"
"""Milliseconds since the epoch."""
STAGE: Final = "dlq.stage"
CODE: Final = "dlq.error.code"
CLASS: Final = "dlq.error.class"
MESSAGE: Final = "dlq.error.message"
"""At most 1 KiB of UTF-8."""
FINGERPRINT: Final = "dlq.error.fingerprint"
"""Equal for failures of the same kind at the same place in the code: group by it."""
SCHEMA_ID: Final = "dlq.schema.id"
ORDER_ID: Final = "dlq.order.id"
"""The order that the record names; several stand one a line."""
APP_ID: Final = "dlq.app.id"
APP_VERSION: Final = "dlq.app.version"
FAILED_AT: Final = "dlq.failed.at"
"""ISO 8601 in UTC with milliseconds."""
FIRST_FAILED_AT: Final = "dlq.first.failed.at"
"""Kept through replays."""
ATTEMPT: Final = "dlq.attempt"
"""How often the record has been refused, this time included."""
REPLAY_COUNT: Final = "dlq.replay.count"
"""How often the record was replayed before."""
ORIGIN: Final = "dlq.origin"
"""`topic/partition/offset` of the record that came from outside, kept through replays."""
VALUE_SIZE: Final = "dlq.value.size"
"""Only where the broker would not take the bytes: how many there are at the source coordinates. Such a letter has no value."""
VALUE_SHA256: Final = "dlq.value.sha256"
"""Beside `VALUE_SIZE`: by which the bytes are known again."""

REPLAY_PREFIX: Final = "replay."
REPLAY_ID: Final = "replay.id"
"""The job that sent the record again."""
REPLAY_OF: Final = "replay.of"
"""Id of the dead letter that it was."""
REPLAY_BY: Final = "replay.by"
REPLAY_REASON: Final = "replay.reason"
REPLAY_AT: Final = "replay.at"
"""ISO 8601 in UTC with milliseconds."""
REPLAY_EDITED: Final = "replay.edited"
"""`true` where the record is not what it was."""

_OURS: Final = (PREFIX, REPLAY_PREFIX)
_MOST_DIGITS: Final = 18
"""Of a number in a header, which any producer may have written."""


def write(fields: Mapping[str, str]) -> tuple[tuple[str, bytes], ...]:
    """Kafka headers of text fields."""
    return tuple((name, value.encode()) for name, value in fields.items())


def read(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Our fields among Kafka headers; of a name that occurs twice the last counts. Undecodable bytes are replaced, never fatal."""
    return {name: str(value or b"", "utf-8", "replace") for name, value in headers if name.startswith(_OURS)}


def without_failure(headers: Iterable[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    """The headers that say nothing of a failure: what the record came with, and by which replay."""
    return tuple((name, value) for name, value in headers if not name.startswith(PREFIX))


def without_ours(headers: Iterable[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    """The headers that are not ours: what the source record came with."""
    return tuple([pair for pair in headers if not pair[0].startswith(_OURS)])


def number(text: str | None, default: int = 0) -> int:
    """A count or a place in a header; `default` where there is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else default
