"""A dead letter as it is read back: coordinates, what its headers say, and the bytes that were kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from streams.deadletter import headers as names
from streams.deadletter.foreign import read_foreign
from streams.deadletter.writer import NAMESPACE
from streams.hop import Record

__all__ = ["MILEPOST", "Letter", "read_letter"]

MILEPOST: Final = "milepost"
"""The family of our own letters."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. Texts are empty and numbers None where the letter does not say."""

    topic: str
    """Logical name of the dead-letter topic."""

    partition: int
    offset: int
    timestamp: int
    """Of the record, milliseconds since the epoch."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    """All of them, ours included, as they came."""

    id: str
    family: str = MILEPOST
    """Who wrote it; `streams.deadletter.foreign` knows others."""

    source_topic: str = ""
    source_partition: int | None = None
    source_offset: int | None = None
    source_timestamp: int | None = None
    origin: str = ""
    """`topic/partition/offset` of the record that came from outside, through all replays."""

    stage: str = ""
    code: str = ""
    error_class: str = ""
    message: str = ""
    fingerprint: str = ""
    schema_id: int | None = None
    order_ids: tuple[str, ...] = ()
    app_id: str = ""
    app_version: str = ""
    failed_at: str = ""
    """ISO 8601, as the letter has it."""

    first_failed_at: str = ""
    attempt: int = 1
    replay_count: int = 0
    replay_of: str = ""
    """Id of the letter of which this one is a replay that failed again."""

    replay_id: str = ""
    """The job that replayed it."""

    value_size: int | None = None
    """Only of a pointer: how many bytes are at the source coordinates."""

    value_sha256: str = ""

    @property
    def pointer(self) -> bool:
        """Whether the bytes are not here, but at the source coordinates, because the broker would not take them."""
        return self.value_size is not None

    @property
    def coordinates(self) -> str:
        """`topic-partition@offset` of the letter itself."""
        return f"{self.topic}-{self.partition}@{self.offset}"

    @property
    def source_headers(self) -> tuple[tuple[str, bytes], ...]:
        """The headers that the refused record came with."""
        return names.without_ours(self.headers)

    @property
    def partner(self) -> str:
        """Who sent the record, by its header `partner`."""
        return next((value.decode(errors="replace") for name, value in self.headers if name == "partner"), "")

    @property
    def failed_ms(self) -> int:
        """When it failed, milliseconds since the epoch; the record's timestamp where the letter does not say."""
        if self.failed_at:
            try:
                return int(datetime.fromisoformat(self.failed_at).timestamp() * 1000)
            except (ValueError, OverflowError):
                pass
        return self.timestamp


def read_letter(record: Record) -> Letter:
    """The letter in a record of a dead-letter topic (logical name). Never raises: what it cannot read it leaves empty."""
    headers = tuple([(name, value or b"") for name, value in record.headers])
    fields = names.read(headers)
    letter_id = fields.get(names.ID)
    if not letter_id:
        return read_foreign(record) or _unknown(record, headers)
    get = fields.get
    orders = get(names.ORDER_ID)
    return Letter(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        headers,
        letter_id,
        MILEPOST,
        get(names.SOURCE_TOPIC, ""),
        _optional(get(names.SOURCE_PARTITION)),
        _optional(get(names.SOURCE_OFFSET)),
        _optional(get(names.SOURCE_TIMESTAMP)),
        get(names.ORIGIN, ""),
        get(names.STAGE, ""),
        get(names.CODE, ""),
        get(names.CLASS, ""),
        get(names.MESSAGE, ""),
        get(names.FINGERPRINT, ""),
        _optional(get(names.SCHEMA_ID)),
        tuple(orders.split("\n")) if orders else (),
        get(names.APP_ID, ""),
        get(names.APP_VERSION, ""),
        get(names.FAILED_AT, ""),
        get(names.FIRST_FAILED_AT, ""),
        names.number(get(names.ATTEMPT), 1),
        names.number(get(names.REPLAY_COUNT)),
        get(names.REPLAY_OF, ""),
        get(names.REPLAY_ID, ""),
        _optional(get(names.VALUE_SIZE)),
        get(names.VALUE_SHA256, ""),
    )


def _unknown(record: Record, headers: tuple[tuple[str, bytes], ...]) -> Letter:
    letter_id = str(_id_of(record))
    return Letter(record.topic, record.partition, record.offset, record.timestamp, record.key, record.value, headers, letter_id, "unknown")


def _id_of(record: Record) -> UUID:
    return uuid5(NAMESPACE, f"{record.topic}:{record.partition}:{record.offset}")


def _optional(text: str | None) -> int | None:
    number = names.number(text, -1)
    return None if number < 0 else number
