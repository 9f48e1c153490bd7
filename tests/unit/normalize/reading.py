"""How tests put a raw record through the normalize hop and look at what comes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.contracts.messages import Message, decode
from streams.deadletter.reasons import Reason
from streams.domain.event import Event, Link
from streams.domain.instant import to_millis
from streams.hop import DeadLetter, Emission, Output, RawRecord
from streams.hops import normalize
from streams.offline.memory import MemoryRows

ARRIVED = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)
"""When the records of `records.py` reach their topics: after all that they report as happened."""

_HOP = normalize.hop(max_record_bytes=100_000)
_NO_ROWS = MemoryRows(None)


def raw(topic: str, value: Any, headers: Mapping[str, str] | None = None, arrived: datetime = ARRIVED, offset: int = 7) -> RawRecord:
    """A raw record; anything but bytes and None is written as JSON."""
    data = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    encoded = tuple((name, text.encode()) for name, text in (headers or {}).items())
    return RawRecord(topic, 3, offset, to_millis(arrived), b"any", data, encoded)


def emitted(record: RawRecord) -> list[Emission]:
    """All that the hop sends for a record."""
    return _HOP.run(_NO_ROWS, [record])


def outputs(topic: str, value: Any, headers: Mapping[str, str] | None = None, arrived: datetime = ARRIVED) -> list[Output]:
    """What the hop appends for a record that it must accept."""
    found = emitted(raw(topic, value, headers, arrived))
    refused = [emission.message for emission in found if isinstance(emission, DeadLetter)]
    assert not refused, refused
    return [emission for emission in found if isinstance(emission, Output)]


def messages(topic: str, value: Any, headers: Mapping[str, str] | None = None, arrived: datetime = ARRIVED) -> list[Message]:
    """What the hop says for a record that it must accept."""
    return [decode(output.value or b"") for output in outputs(topic, value, headers, arrived)]


def event(topic: str, value: Any, headers: Mapping[str, str] | None = None, arrived: datetime = ARRIVED) -> Event:
    """The one event of a record."""
    (found,) = (message for message in messages(topic, value, headers, arrived) if isinstance(message, Event))
    return found


def links(topic: str, value: Any) -> list[Link]:
    """The links of a record."""
    return [message for message in messages(topic, value) if isinstance(message, Link)]


def refusals(topic: str, value: Any, headers: Mapping[str, str] | None = None, arrived: datetime = ARRIVED) -> list[DeadLetter]:
    """The dead letters of a record that must be refused whole."""
    found = emitted(raw(topic, value, headers, arrived))
    letters = [emission for emission in found if isinstance(emission, DeadLetter)]
    assert letters, "accepted"
    assert len(letters) == len(found)
    return letters


def refusal(topic: str, value: Any, headers: Mapping[str, str] | None = None, arrived: datetime = ARRIVED) -> DeadLetter:
    """The one dead letter of a record."""
    (letter,) = refusals(topic, value, headers, arrived)
    return letter


def why(topic: str, value: Any, headers: Mapping[str, str] | None = None, arrived: datetime = ARRIVED) -> tuple[Reason, str]:
    """Reason and message of a record's one dead letter."""
    letter = refusal(topic, value, headers, arrived)
    return letter.reason, letter.message


def later(**by: float) -> datetime:
    """A moment after the records' usual arrival."""
    return ARRIVED + timedelta(**by)
