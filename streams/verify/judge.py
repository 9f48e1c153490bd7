"""How records are told apart, named after their order, and compared in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from streams.contracts.messages import Message, decode
from streams.contracts.outputs import read
from streams.contracts.wire import WireError
from streams.deadletter import headers as dead_letter_headers
from streams.domain.event import Announcement, Answer, DeadLetterMark, Event, Inquiry, Link, Restored, Snapshot, TermsChanged, Tick
from streams.domain.reference_data import CalendarChanged, CarrierChanged, ItemChanged, LocationChanged
from streams.hop import Output, RawRecord
from streams.topics import DEAD_LETTERED, EVENTS, RAW_TOPICS, REFERENCES, SHARED_TOPICS, dead_letter_topic
from streams.verify.layout import Layout
from streams.verify.ledger import Judgement

__all__ = ["Judge"]

_LOGS = (EVENTS, REFERENCES)
_CONTENT_SHOWN = 60


class Judge:
    """The `Judgement` for every topic of an installation."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._dead_letters = {dead_letter_topic(topic) for topic in DEAD_LETTERED}
        self.terms_compacted = False
        """Whether a gap was seen in `billing.terms`."""

        self.judgement = Judgement(self.identity, self.order, self.difference, self.excused)

    def identity(self, topic: str, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...]) -> str:
        """What a record is about, apart from what it says of it."""
        if topic in self._dead_letters:
            return f"letter {_coordinates(dead_letter_headers.read(headers))}"
        if topic in _LOGS:
            return f"{_text(key)} {_identity(_decoded(value))}"
        return f"{_text(key)} {dict(headers).get('ce_id', value)!r}"

    def order(self, topic: str, key: bytes | None, value: bytes | None) -> str:
        """The order id, or whatever else the record's key says."""
        message = _decoded(value) if topic in _LOGS else None
        if isinstance(message, (Event, Link, DeadLetterMark)) and message.order_id:
            return message.order_id
        return _text(key)

    def difference(self, expected: Output, record: RawRecord) -> str:
        """What differs, field by field."""
        topic = record.topic
        parts = []
        if expected.partition != record.partition:
            parts.append(f"partition {record.partition}, not {expected.partition}")
        if expected.key != record.key:
            parts.append(f"key {_text(record.key)!r}, not {_text(expected.key)!r}")
        if topic in self._dead_letters:
            return "; ".join(parts + _changes(dead_letter_headers.read(expected.headers), dead_letter_headers.read(record.headers)))
        if expected.timestamp != record.timestamp:
            parts.append(f"timestamp {record.timestamp}, not {expected.timestamp}")
        if expected.headers != record.headers:
            parts += _changes(_named(expected.headers), _named(record.headers), "header ")
        if expected.value != record.value:
            parts += _changes(_content(topic, expected.value), _content(topic, record.value)) or ["other bytes with the same meaning"]
        return "; ".join(parts) or "the order of its headers"

    def excused(self, record: RawRecord) -> bool:
        """Whether what explains the record may be gone from the topics that the hops read."""
        topic = record.topic
        if topic in self._dead_letters:
            fields = dead_letter_headers.read(record.headers)
            source = fields.get(dead_letter_headers.SOURCE_TOPIC, "")
            if source in _LOGS and self._trimmed(source):
                return True
            return self._gone(source, fields.get(dead_letter_headers.SOURCE_PARTITION), fields.get(dead_letter_headers.SOURCE_OFFSET))
        if topic not in _LOGS:
            return self._trimmed(EVENTS)
        message = _decoded(record.value)
        if isinstance(message, (Event, Link, Snapshot, Announcement)):
            lineage = message.lineage
            resolved = isinstance(message, Event) and topic == EVENTS and bool(message.references)
            gone = self._gone(lineage.topic, str(lineage.partition), str(lineage.offset))
            return gone or (resolved and self._trimmed(REFERENCES))
        if isinstance(message, DeadLetterMark):
            # A mark that settles a dead letter is written by whoever replays or discards it.
            return not message.open or any(self._trimmed(source) for source in (*RAW_TOPICS, *SHARED_TOPICS, REFERENCES))
        if isinstance(message, Restored):
            return True  # sent by whoever wants the order back
        if isinstance(message, Tick | Inquiry | Answer):
            return self._trimmed(topic)
        shared = isinstance(message, TermsChanged | ItemChanged | LocationChanged | CarrierChanged | CalendarChanged)
        return shared and (self.terms_compacted or any(self._trimmed(source) for source in SHARED_TOPICS))

    def _trimmed(self, topic: str) -> bool:
        retention = self._layout.retention.get(topic)
        return retention is not None and any(retention.trimmed(partition) for partition in range(self._layout.partitions[topic]))

    def _gone(self, topic: str, partition: str | None, offset: str | None) -> bool:
        retention = self._layout.retention.get(topic)
        if retention is None or not (partition and offset and partition.isdecimal() and offset.isdecimal()):
            return False
        return int(partition) < len(retention.starts) and int(offset) < retention.starts[int(partition)]


def _decoded(value: bytes | None) -> Message | None:
    try:
        return decode(value or b"")
    except WireError:
        return None


def _identity(message: Message | None) -> str:
    match message:
        case Event():
            lineage = message.lineage
            return f"event {message.event_id} {lineage.topic}-{lineage.partition}@{lineage.offset}"
        case Link():
            lineage = message.lineage
            return f"link {message.order_id} {message.package_id} {lineage.topic}-{lineage.partition}@{lineage.offset}"
        case Snapshot() | Announcement():
            lineage = message.lineage
            return f"{type(message).__name__} {lineage.topic}-{lineage.partition}@{lineage.offset}"
        case DeadLetterMark():
            return f"mark {message.dead_letter_id} {message.open}"
        case TermsChanged():
            return f"terms {message.terms_id}"
        case ItemChanged():
            return f"item {message.sku}"
        case LocationChanged():
            return f"location {message.location}"
        case CarrierChanged():
            return f"carrier {message.carrier}"
        case CalendarChanged():
            return f"calendar {message.calendar}"
        case Restored():
            return f"restored {message.order_id} by {message.by}"
        case Inquiry():
            return f"inquiry of {message.home}"
        case Answer():
            return f"answer about {message.about}"
    return repr(message)


def _coordinates(fields: Mapping[str, str]) -> str:
    where = (dead_letter_headers.SOURCE_TOPIC, dead_letter_headers.SOURCE_PARTITION, dead_letter_headers.SOURCE_OFFSET)
    return " ".join(fields.get(name, "?") for name in where)


def _content(topic: str, value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {"value": None}
    try:
        return asdict(decode(value)) if topic in _LOGS else read(topic, value)
    except WireError as error:
        return {"value": f"unreadable ({error})"}


def _changes(wanted: Mapping[str, Any], found: Mapping[str, Any], what: str = "") -> list[str]:
    names = [name for name in {**wanted, **found} if name in wanted and wanted[name] != found.get(name)]
    return [f"{what}{name} is {_short(found.get(name))}, not {_short(wanted[name])}" for name in names] + [
        f"{what}{name} is {_short(found[name])}, not there" for name in found if name not in wanted and not name.startswith("dlq.")
    ]


def _named(headers: tuple[tuple[str, bytes], ...]) -> dict[str, str]:
    return {name: _text(value) for name, value in headers}


def _short(content: object) -> str:
    text = repr(content) if isinstance(content, str) else str(content)
    return text if len(text) <= _CONTENT_SHOWN else text[: _CONTENT_SHOWN - 1] + "…"


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")
