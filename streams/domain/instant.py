"""A moment as its source told it: UTC to compare, the raw words to explain, and how sure we are of the zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

__all__ = ["Instant", "TimeQuality", "from_millis", "to_millis"]


class TimeQuality(StrEnum):
    """Where the UTC offset of an event's time came from."""

    EXPLICIT = "EXPLICIT"
    """Stated by the source, with the time."""

    DERIVED_LOCATION = "DERIVED_LOCATION"
    """From the zone of the place where the event happened."""

    PARTNER_DEFAULT = "PARTNER_DEFAULT"
    """From the partner's agreed zone."""

    UNKNOWN = "UNKNOWN"
    """Nobody said: read as UTC, and trusted with no cut-off."""


@dataclass(slots=True)
class Instant:
    """An event's time. Never the time of its arrival."""

    utc: datetime
    """Aware, in UTC."""

    raw: str
    """The source's own text (local date, time and zone as sent)."""

    offset_minutes: int | None = None
    """Offset of the source's local time from UTC; None where nothing is known of it, and the local time is read as UTC."""

    quality: TimeQuality = TimeQuality.EXPLICIT


def from_millis(millis: int) -> datetime:
    """The UTC datetime of a Kafka timestamp."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def to_millis(moment: datetime) -> int:
    """The Kafka timestamp of an aware datetime."""
    return round(moment.timestamp() * 1000)
