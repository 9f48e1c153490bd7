"""How many dead letters are open, and since when: kept up to date from the topics, for metrics."""

from __future__ import annotations

from collections import Counter

from streams.contracts.wire import WireError
from streams.deadletter import headers as names
from streams.deadletter.audit import Settlement, decode
from streams.hop import Record
from streams.topics import AUDIT

__all__ = ["Backlog"]


class Backlog:
    """Takes in every record of the dead-letter topics and of `deadletter.audit`, in any interleaving of topics and partitions."""

    def __init__(self) -> None:
        self._open: dict[str, dict[str, int]] = {}
        self._settled: set[str] = set()
        self.settled: Counter[tuple[str, str]] = Counter()
        """Letters settled so far, by dead-letter topic and action."""

        self.failed_again: Counter[str] = Counter()
        """Replays that have come back as new letters so far, by dead-letter topic."""

    def take(self, record: Record) -> None:
        """Take in one record; its topic is the logical name."""
        if record.topic == AUDIT:
            self._take_settlement(record.value)
            return
        opened = self._open.setdefault(record.topic, {})
        letter_id = ""
        for name, value in record.headers:
            if name == names.ID:
                letter_id = (value or b"").decode(errors="replace")
            elif name == names.REPLAY_OF:
                self.failed_again[record.topic] += 1
        letter_id = letter_id or f"{record.partition}@{record.offset}"
        if letter_id not in self._settled:
            opened[letter_id] = record.timestamp

    def open(self) -> dict[str, tuple[int, int]]:
        """By dead-letter topic: how many letters are open, and when the oldest was written in milliseconds since the epoch (0: none)."""
        return {topic: (len(opened), min(opened.values(), default=0)) for topic, opened in self._open.items()}

    def _take_settlement(self, value: bytes | None) -> None:
        try:
            entry = decode(value or b"")
        except WireError:
            return
        if isinstance(entry, Settlement) and entry.letter_id not in self._settled:
            self._settled.add(entry.letter_id)
            self.settled[entry.letter_topic, entry.action] += 1
            self._open.get(entry.letter_topic, {}).pop(entry.letter_id, None)
