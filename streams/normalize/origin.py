"""Where a raw record came from, as far as the statements read from it carry that along."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.domain.event import Lineage
from streams.domain.instant import from_millis
from streams.hop import Record

__all__ = ["Origin", "origin_of"]


@dataclass(slots=True)
class Origin:
    """Coordinates of a raw record and what its headers say."""

    topic: str
    partition: int
    offset: int
    ingested_at: datetime
    """Timestamp of the record in its topic: the only clock that reading a record knows."""

    traceparent: str = ""
    """W3C trace context from the header of that name."""

    transport_id: str = ""
    """CloudEvents id from the header `ce_id`, for records that carry no id of their own."""

    def lineage(self, system: str, format: str, transport_id: str | None, code: str = "", map_version: str = "") -> Lineage:
        return Lineage(
            system,
            format,
            self.topic,
            self.partition,
            self.offset,
            self.ingested_at,
            transport_id or self.transport_id,
            code,
            map_version,
        )


def origin_of(record: Record) -> Origin:
    """The origin of a record; headers that are not text are left out."""
    traceparent = transport_id = ""
    for name, value in record.headers:
        if name == "traceparent":
            traceparent = _text(value, 128)
        elif name == "ce_id":
            transport_id = _text(value, 256)
    return Origin(record.topic, record.partition, record.offset, from_millis(record.timestamp), traceparent, transport_id)


def _text(value: bytes | None, longest: int) -> str:
    if value is None or len(value) > longest:
        return ""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""
