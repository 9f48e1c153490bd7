"""Dead letters on a real broker: written as a worker writes them, and read back with what became of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from streams.deadletter.audit import AuditState
from streams.deadletter.holds import hold
from streams.deadletter.reasons import Reason, Stage
from streams.deadletter.writer import letter_id, render
from streams.following import Follower
from streams.hop import DeadLetter, Output, RawRecord
from streams.producing import Sender
from streams.settings import Settings
from streams.topics import AUDIT

NOW_MS = 1_780_300_000_000


def refused(
    offset: int, topic: str = "erp.raw", *, partition: int = 0, key: str = "", headers: Sequence[tuple[str, bytes]] = (), **more: Any
) -> DeadLetter:
    """A refused record; the same offset gives the same letter."""
    value = more.pop("value", json.dumps({"number": offset}).encode())
    record = RawRecord(topic, partition, offset, NOW_MS + offset, (key or f"k{offset}").encode(), value, (("source", b"kept"), *headers))
    return DeadLetter(record, Stage.MAP, more.pop("reason", Reason.QTY_INVALID), "quantity is no number", **more)


def write(settings: Settings, letters: Iterable[DeadLetter], *, holding: bool = False) -> list[str]:
    """Append letters to their topics (and with `holding` the marks that hold their orders); returns their ids."""
    ids = []
    with Sender(settings) as sender:
        for letter in letters:
            for output in render(letter, NOW_MS, "app", "1", hold if holding else None):
                sender.send(output)
            ids.append(str(letter_id(letter.record)))
    assert not sender.failures
    return ids


def send(settings: Settings, records: Iterable[Output]) -> None:
    """Append records."""
    with Sender(settings) as sender:
        for record in records:
            sender.send(record)
    assert not sender.failures


def everything(settings: Settings, topic: str, *, quiet_seconds: float = 1.0) -> list[RawRecord]:
    """What a read_committed reader finds on a topic (logical name), once nothing more comes."""
    found: list[RawRecord] = []
    with Follower(settings, [topic], from_start=True) as follower:
        last = time.monotonic()
        while time.monotonic() - last < quiet_seconds:
            if records := follower.read():
                found += records
                last = time.monotonic()
    return found


def audit(settings: Settings) -> AuditState:
    """All that the audit says."""
    state = AuditState()
    for record in everything(settings, AUDIT, quiet_seconds=0.5):
        state.take(record.value)
    return state
