"""Names and form of the headers that a dead letter carries, in addition to the source record's own.

All values are UTF-8 text. Route on `dlq.error.code` (`streams.deadletter.reasons`), never on the message.
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
    "PREFIX",
    "REPLAY_COUNT",
    "SCHEMA_ID",
    "SOURCE_OFFSET",
    "SOURCE_PARTITION",
    "SOURCE_TIMESTAMP",
    "SOURCE_TOPIC",
    "STAGE",
    "read",
    "without_failure",
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


def write(fields: Mapping[str, str]) -> tuple[tuple[str, bytes], ...]:
    """Kafka headers of text fields."""
    return tuple((name, value.encode()) for name, value in fields.items())


def read(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """The `dlq.` fields among Kafka headers; of a name that occurs twice the last counts. Undecodable bytes are replaced, never fatal."""
    return {name: (value or b"").decode(errors="replace") for name, value in headers if name.startswith(PREFIX)}


def without_failure(headers: Iterable[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    """The headers that are not ours: what the source record came with."""
    return tuple((name, value) for name, value in headers if not name.startswith(PREFIX))
