"""Dead letters that others wrote: Kafka Connect, Kafka Streams, share groups, Spring, SmallRye.

| family | headers | numbers |
|---|---|---|
| `connect`: sinks with `errors.deadletterqueue.context.headers.enable` | `__connect.errors.…` | UTF-8 text |
| `streams`: KIP-1034, and bakdata's older error handlers | `__streams.errors.…` | UTF-8 text |
| `share-group`: written by the broker, KIP-1191 | `__dlq.errors.…` | UTF-8 text |
| `spring` | `kafka_dlt-…`, `retry_topic-…` | big-endian binary of up to 8 bytes |
| `smallrye`, Quarkus | `dead-letter-…`, `delayed-retry-…` | UTF-8 text |

What stands in a header is somebody's bytes: what cannot be read is left out, and is never an error.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid5

from streams.deadletter.writer import NAMESPACE
from streams.hop import Record

if TYPE_CHECKING:
    from streams.deadletter.letter import Letter

__all__ = ["FOREIGN", "Foreign", "read_foreign"]

_MOST_TEXT: Final = 4_096
"""Bytes of a header that are read: a stack trace stays whole in the record, but not in what is listed."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """One family of dead letters that we read but do not write."""

    prefixes: tuple[str, ...]
    meaning: str
    what_to_do: str


CONNECT, STREAMS, SHARE_GROUP, SPRING, SMALLRYE = "connect", "streams", "share-group", "spring", "smallrye"

FOREIGN: Final[dict[str, Foreign]] = {
    CONNECT: Foreign(
        ("__connect.errors.",),
        "A sink connector of Kafka Connect refused this record.",
        "Look at that connector's converters, transforms and task log; then replay with --to, or discard.",
    ),
    STREAMS: Foreign(
        ("__streams.errors.",),
        "A Kafka Streams application passed over this record.",
        "Look at that application's log; then replay with --to, or discard.",
    ),
    SHARE_GROUP: Foreign(
        ("__dlq.errors.",),
        "The broker set this record aside for a share group. The record's headers, and unless the group asks for copies its key and value, "
        "are only in the source topic.",
        "Look at the consumers of that group; replay with --to if the bytes are here, else read them at the source coordinates.",
    ),
    SPRING: Foreign(
        ("kafka_dlt-",),
        "A Spring Kafka listener gave up on this record after its retries.",
        "Look at that application's log; then replay with --to, or discard.",
    ),
    SMALLRYE: Foreign(
        ("dead-letter-", "delayed-retry-"),
        "A SmallRye (Quarkus) channel could not process this record.",
        "Look at that application's log; then replay with --to, or discard.",
    ),
}
"""By name of the family: what a letter of it means, and what to do."""

_FAMILIES: Final = tuple((prefix, name) for name, foreign in FOREIGN.items() for prefix in foreign.prefixes)


@dataclass(slots=True)
class _Failure:
    topic: str = ""
    partition: int | None = None
    offset: int | None = None
    timestamp: int | None = None
    stage: str = ""
    code: str = ""
    """The broker's disposition; by default the exception's own name."""

    error_class: str = ""
    message: str = ""
    place: str = ""
    """Innermost line of the stack trace."""

    application: str = ""
    """Connector, consumer group or share group."""

    attempt: int = 1


def read_foreign(record: Record) -> Letter | None:
    """The letter in a record of another system's dead-letter topic; None if its headers are of no family that we know. Never raises.

    Its id is made from its own coordinates: several applications may refuse the same record. It failed at Kafka's timestamp.
    """
    from streams.deadletter.letter import Letter

    headers = tuple((name, value or b"") for name, value in record.headers)
    family = _family(headers)
    if family is None:
        return None
    # SmallRye puts its headers before those that the record came with, everybody else after them.
    failure = _READERS[family](_Reader(dict(reversed(headers) if family == SMALLRYE else headers)))
    code = failure.code or _own_name(failure.error_class) or "UNKNOWN"
    return Letter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        key=record.key,
        value=record.value,
        headers=headers,
        id=str(uuid5(NAMESPACE, f"{family}:{record.topic}:{record.partition}:{record.offset}")),
        family=family,
        source_topic=failure.topic,
        source_partition=failure.partition,
        source_offset=failure.offset,
        source_timestamp=failure.timestamp,
        stage=failure.stage,
        code=code,
        error_class=failure.error_class,
        message=failure.message,
        fingerprint=_fingerprint(family, failure.topic, failure.stage, code, failure.error_class, failure.place),
        app_id=failure.application,
        attempt=failure.attempt,
    )


def _family(headers: Sequence[tuple[str, bytes]]) -> str | None:
    """Where a record failed in several frameworks, the one whose headers stand last."""
    for name, _ in reversed(headers):
        for prefix, family in _FAMILIES:
            if name.startswith(prefix):
                return family
    return None


class _Reader:
    def __init__(self, fields: Mapping[str, bytes]) -> None:
        self._fields = fields

    def text(self, *names: str) -> str:
        """The first of these headers that has a text."""
        return next((data[:_MOST_TEXT].decode(errors="replace") for name in names if (data := self._fields.get(name))), "")

    def number(self, *names: str, binary: bool = False) -> int | None:
        """The first of these headers that is there, as text, or with `binary` in either form."""
        return next((_number(self._fields[name], binary) for name in names if name in self._fields), None)


def _number(data: bytes, binary: bool) -> int | None:
    # No partition, offset or time in use is so large that its binary form consists of ASCII digits only, so digits are always text.
    if data.isdigit():
        return int(data) if len(data) <= 18 else None
    if not binary or not 0 < len(data) <= 8:
        return None
    number = int.from_bytes(data, "big", signed=True)
    return number if number >= 0 else None


def _connect(read: _Reader) -> _Failure:
    prefix = "__connect.errors."
    connector, task = read.text(prefix + "connector.name"), read.text(prefix + "task.id")
    return _Failure(
        read.text(prefix + "topic"),
        read.number(prefix + "partition"),
        read.number(prefix + "offset"),
        stage=read.text(prefix + "stage"),
        error_class=read.text(prefix + "exception.class.name"),
        message=read.text(prefix + "exception.message"),
        place=_innermost(read.text(prefix + "exception.stacktrace")) or read.text(prefix + "class.name"),
        application=f"{connector}-{task}" if connector and task else connector,
    )


def _streams(read: _Reader) -> _Failure:
    prefix = "__streams.errors."
    return _Failure(
        read.text(prefix + "topic"),
        read.number(prefix + "partition"),
        read.number(prefix + "offset"),
        stage=read.text(prefix + "processor.node.id", prefix + "description"),
        error_class=read.text(prefix + "exception", prefix + "exception.class.name"),
        message=read.text(prefix + "message", prefix + "exception.message"),
        place=_innermost(read.text(prefix + "stacktrace", prefix + "exception.stack_trace")),
        application=read.text(prefix + "task.id"),
    )


_DISPOSITIONS: Final = {
    "Offset rejected by client.": "REJECTED_BY_CLIENT",
    "Offset delivery count exceeded the threshold.": "DELIVERY_COUNT_EXCEEDED",
}


def _share_group(read: _Reader) -> _Failure:
    prefix = "__dlq.errors."
    message = read.text(prefix + "message")
    return _Failure(
        read.text(prefix + "topic"),
        read.number(prefix + "partition"),
        read.number(prefix + "offset"),
        code=_DISPOSITIONS.get(message, "SHARE_GROUP"),
        message=message,
        application=read.text(prefix + "group"),
        attempt=read.number(prefix + "delivery.count") or 1,
    )


def _spring(read: _Reader) -> _Failure:
    prefix, original = "kafka_dlt-", "kafka_dlt-original-"
    key_failed = not read.text(prefix + "exception-fqcn")
    kind = "key-exception-" if key_failed else "exception-"
    return _Failure(
        read.text(original + "topic"),
        read.number(original + "partition", binary=True),
        read.number(original + "offset", binary=True),
        read.number("retry_topic-original-timestamp", original + "timestamp", binary=True),
        stage="key" if key_failed and read.text(prefix + "key-exception-fqcn") else "",
        # The outer class says only that a listener failed.
        error_class=read.text(prefix + "exception-cause-fqcn", prefix + kind + "fqcn"),
        message=read.text(prefix + kind + "message"),
        place=_innermost(read.text(prefix + kind + "stacktrace")),
        application=read.text(original + "consumer-group"),
        attempt=read.number("retry_topic-attempts", "kafka_deliveryAttempt", binary=True) or 1,
    )


def _smallrye(read: _Reader) -> _Failure:
    prefix, delayed = "dead-letter-", "delayed-retry-"
    return _Failure(
        read.text(prefix + "topic", delayed + "topic"),
        read.number(prefix + "partition", delayed + "partition"),
        read.number(prefix + "offset", delayed + "offset"),
        read.number(delayed + "original-timestamp"),
        error_class=read.text(
            prefix + "cause-class-name", prefix + "exception-class-name", delayed + "cause-class-name", delayed + "exception-class-name"
        ),
        message=read.text(prefix + "reason", prefix + "cause", delayed + "reason", delayed + "cause"),
        attempt=(read.number(delayed + "count") or 0) + 1,
    )


_READERS: Final[dict[str, Callable[[_Reader], _Failure]]] = {
    CONNECT: _connect,
    STREAMS: _streams,
    SHARE_GROUP: _share_group,
    SPRING: _spring,
    SMALLRYE: _smallrye,
}

_JAVA_FRAME: Final = re.compile(r"^\s*at\s+(\S+\([^)]*\))", re.MULTILINE)


def _innermost(stack_trace: str) -> str:
    """The first frame of a Java stack trace."""
    found = _JAVA_FRAME.search(stack_trace)
    return found[1] if found else ""


def _own_name(class_name: str) -> str:
    return re.split(r"[.$]", class_name)[-1][:100]


def _fingerprint(*parts: str) -> str:
    """16 hexadecimal digits, equal for failures of the same kind at the same place."""
    return hashlib.blake2b("|".join(parts).encode(errors="replace"), digest_size=8).hexdigest()
