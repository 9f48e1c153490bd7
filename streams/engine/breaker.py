"""Stops a worker before it empties a topic into its dead-letter topic.

A bad deploy, or a producer that changed its format, has every record refused. Each would become a dead letter in good order, thousands a
second, until somebody looks. So refusals are counted for each source partition: how many came in a row, and how many among the latest.
Beyond either limit nothing more is committed, and the worker stops; what it has not committed it reads again once it is started.

Counts belong to committed work: those of a transaction that is repeated are taken once. They begin anew with the process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.hop import Record

__all__ = ["Breaker", "Limits", "Tripped"]


class Limits(NamedTuple):
    """When to stop. 0 for a limit that is not set."""

    consecutive: int
    """So many records in a row, of one partition or of all partitions of a topic as they are read."""

    share: float
    """More than this share of the latest `window` records of a partition, once there were so many."""

    window: int


class Tripped(NamedTuple):
    """The record that was one too many."""

    record: Record
    why: str


@dataclass(slots=True)
class _Count:
    read: int = 0
    in_a_row: int = 0
    refused: deque[int] = field(default_factory=deque)
    """Which of the latest records were refused, by their number."""

    def copy(self) -> _Count:
        return _Count(self.read, self.in_a_row, self.refused.copy())


class Breaker:
    """Weighs batches of one hop: `weigh` before a transaction, `keep` once it is committed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counts: dict[tuple[str, int], _Count] = {}
        self._weighed: dict[tuple[str, int], _Count] = {}
        self._rows: dict[str, int] = {}
        """Refused in a row, of all partitions of a topic."""

        self._rows_weighed: dict[str, int] = {}

    def weigh(self, topic: str, partition: int, records: Sequence[Record], refused: Collection[int]) -> Tripped | None:
        """Count a batch of a partition, of which the records at the offsets `refused` are dead-lettered. Tripped: do not commit it."""
        row = self._rows_weighed.get(topic, self._rows.get(topic, 0))
        before = self._counts.get((topic, partition))
        count = _Count() if before is None else before.copy()
        self._weighed[topic, partition] = count
        limits = self._limits
        if not refused:  # The usual case: no record needs to be looked at.
            count.read += len(records)
            count.in_a_row = row = 0
        for record in records if refused else ():
            count.read += 1
            if record.offset not in refused:
                count.in_a_row = row = 0
                continue
            count.in_a_row += 1
            row += 1
            if limits.consecutive and count.in_a_row >= limits.consecutive:
                return Tripped(record, f"{count.in_a_row} records in a row")
            if limits.consecutive and row >= limits.consecutive:
                return Tripped(record, f"{row} records in a row of all partitions, and {count.in_a_row}")
            if limits.window and limits.share:
                count.refused.append(count.read)
                while count.refused[0] <= count.read - limits.window:
                    count.refused.popleft()
                if count.read >= limits.window and len(count.refused) > limits.share * limits.window:
                    return Tripped(record, f"{len(count.refused)} of the latest {limits.window} records")
        self._rows_weighed[topic] = row
        while count.refused and count.refused[0] <= count.read - limits.window:
            count.refused.popleft()
        return None

    def keep(self) -> None:
        """What was weighed is committed."""
        self._counts.update(self._weighed)
        self._rows.update(self._rows_weighed)
        self.forget()

    def forget(self) -> None:
        """What was weighed did not happen."""
        self._weighed.clear()
        self._rows_weighed.clear()
