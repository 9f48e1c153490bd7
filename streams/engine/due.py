"""Turn due marks into tick records.

A sweep writes no state: it appends what `Hop.tick` builds to the hop's own source partition, and the hop removes the mark when it reads the
tick. So all state stays a pure function of the log. What was sent under this assignment is remembered until the hop has handled the mark, so
that a tick that waits in the log is not sent again at each sweep; after a restart it may be, which is harmless (`streams.hop`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from streams.engine.assignment import Assignment
from streams.engine.store import PartitionStore
from streams.hop import DUE_PREFIX, Hop, Output, due_key, parse_due_key

__all__ = ["Due", "DueIndex"]

_AT_ONCE: Final = 1_000
"""Ticks in one transaction."""


class Due(NamedTuple):
    """Ticks to send now, and what to call once they are committed."""

    ticks: list[Output]
    sent: Callable[[], None]


class DueIndex:
    """Which marks of a hop are due and not yet sent."""

    def __init__(self, hop: Hop) -> None:
        assert hop.tick is not None
        self._tick = hop.tick
        self._source = hop.sources[0]
        self._assignment: Assignment | None = None
        self._sent: dict[int, set[bytes]] = {}

    def take(self, assignment: Assignment, partition: int, store: PartitionStore, now_ms: int) -> Due | None:
        """Ticks for marks of `partition` whose time is at or before `now_ms`; None when there are none left to send."""
        if assignment is not self._assignment:
            self._assignment, self._sent = assignment, {}
        end = due_key(now_ms + 1, b"")
        sent = self._sent.setdefault(partition, set())
        fresh: list[bytes] = []
        for mark in store.marks(DUE_PREFIX):
            if mark >= end or len(fresh) == _AT_ONCE:
                break
            if mark not in sent:
                fresh.append(mark)
        if not fresh:
            return None
        ticks = [self._tick(*parse_due_key(mark))._replace(topic=self._source, partition=partition) for mark in fresh]
        return Due(ticks, lambda: sent.update(fresh))

    def handled(self, partition: int, marks: Iterable[bytes]) -> None:
        """The hop has set or removed these marks: one that is there from now on asks for a tick of its own."""
        self._sent.get(partition, set()).difference_update(marks)
