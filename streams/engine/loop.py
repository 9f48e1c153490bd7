"""The state machine of one hop: when its next transaction begins, and when it must not.

```
             records wait                committing           committed, or aborted for good
   WAITING ───────────────▶ PROCESSING ─────────────▶ COMMITTING ───────────────▶ WAITING
     │ ▲                        ▲                         │
     │ │                        └──── aborted: again ─────┘
     │ └──────────────┐
     ├── marks due ─▶ SWEEPING
     │
     ├── partitions asked back ─▶ DRAINED ── a new assignment ─▶ WAITING
     └── the worker ends ─▶ STOPPED
```

Records that arrive while a transaction runs are gathered for the next one, in any state but DRAINED and STOPPED. Asked to drain, the
machine lets the running transaction end, drops what was gathered (its offsets are not committed, so the next owner reads it) and begins
nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final, Protocol

from streams.engine.assignment import Assignment, Fetched, Part, Work
from streams.engine.errors import StaleGeneration, WorkerMustRestart

__all__ = ["HopLoop", "Runner", "State", "Tap"]

log = logging.getLogger(__name__)


class State(StrEnum):
    """What a hop is doing."""

    WAITING = "waiting"
    PROCESSING = "processing"
    COMMITTING = "committing"
    SWEEPING = "sweeping"
    DRAINED = "drained"
    STOPPED = "stopped"


_MOVES: Final[dict[State, frozenset[State]]] = {
    State.WAITING: frozenset({State.PROCESSING, State.SWEEPING, State.DRAINED, State.STOPPED}),
    State.PROCESSING: frozenset({State.COMMITTING, State.PROCESSING, State.WAITING}),
    State.COMMITTING: frozenset({State.PROCESSING, State.WAITING}),
    State.SWEEPING: frozenset({State.WAITING}),
    State.DRAINED: frozenset({State.WAITING, State.DRAINED, State.STOPPED}),
    State.STOPPED: frozenset({State.STOPPED}),
}


class Runner(Protocol):
    """Does the work in the hop's thread (`streams.engine.runner.HopRunner`)."""

    def run(self, work: Work, committing: Callable[[], None], processing: Callable[[], None]) -> None: ...
    def sweep(self, assignment: Assignment, positions: dict[tuple[str, int], int], now_ms: int) -> None: ...


class Tap(Protocol):
    """Where a hop's records come from, and how to hold them back."""

    def current(self) -> Assignment | None:
        """The assignment under which records are fetched now."""

    def close(self, partitions: Collection[tuple[str, int]]) -> None:
        """Stop handing out records of these source partitions."""

    def open(self, partitions: Collection[tuple[str, int]]) -> None:
        """Hand them out again."""


class HopLoop:
    """Gathers a hop's records and runs one transaction after another. Lives on the event loop; `runner` works in a thread of its own."""

    def __init__(
        self, name: str, sources: Collection[str], runner: Runner, tap: Tap, limit: int, interval: float, waiting: Callable[[int], None]
    ) -> None:
        """`limit`: records of a transaction, about; `interval`: seconds from the start of one to the start of the next, at least."""
        self.name = name
        self.state = State.WAITING
        self.progress = time.monotonic()
        """When this hop last ended a transaction or had nothing to do."""
        self._sources = frozenset(sources)
        self._runner = runner
        self._tap = tap
        self._limit = limit
        self._interval = interval
        self._not_before = 0.0
        self._tell_waiting = waiting
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"hop-{name}")
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._assignment: Assignment | None = None
        self._positions: dict[tuple[str, int], int] = {}
        self._gathered: dict[tuple[str, int], list[Any]] = {}
        self._count = 0
        self._held_back: set[tuple[str, int]] = set()
        self._sweep_wanted = False
        self._drain_wanted = False
        self._stop_wanted = False

    @property
    def busy(self) -> bool:
        """True while records wait or a transaction runs."""
        return self._count > 0 or self.state in (State.PROCESSING, State.COMMITTING, State.SWEEPING)

    def offer(self, fetched: Fetched) -> None:
        """Gather records for the next transaction. Those of an assignment that is over are dropped: they will be read again."""
        assignment = fetched.assignment
        if assignment is not self._tap.current() or not assignment.live or self._stop_wanted or self._drain_wanted:
            return
        if assignment is not self._assignment:
            self._begin(assignment)
        source = fetched.topic, fetched.partition
        gathered = self._gathered.get(source)
        expected = gathered[-1].offset + 1 if gathered else self._positions[source]
        if fetched.records[0].offset < expected:
            raise WorkerMustRestart(
                f"{self.name}: {fetched.topic}/{fetched.partition} came back to offset {fetched.records[0].offset}, "
                f"expected {expected} or later"
            )
        if gathered:
            gathered += fetched.records
        else:
            self._gathered[source] = fetched.records
        self._count += len(fetched.records)
        self._tell_waiting(self._count)
        if self._count >= self._limit and not self._held_back:
            self._held_back = {tp for tp in assignment.positions if tp[0] in self._sources}
            self._tap.close(self._held_back)
        self._wake.set()

    def sweep_soon(self) -> None:
        """Look at the due index once nothing else runs."""
        assignment = self._tap.current()
        if assignment is None or self._stop_wanted or self._drain_wanted:
            return
        if assignment is not self._assignment:
            self._begin(assignment)
        self._sweep_wanted = True
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. Raises what the runner raises, except a stale generation."""
        try:
            while not self._stop_wanted:
                await self._wake.wait()
                self._wake.clear()
                while self.state is State.WAITING and not self._drain_wanted and not self._stop_wanted:
                    if self._sweep_wanted and self._assignment is not None and self._assignment.live:
                        await self._sweep(self._assignment)
                    elif self._count:
                        if (early := self._not_before - time.monotonic()) > 0 and self._count < self._limit:
                            with suppress(TimeoutError):
                                await asyncio.wait_for(self._wake.wait(), early)
                            self._wake.clear()
                            continue
                        self._not_before = time.monotonic() + self._interval
                        await self._transact(self._take())
                    else:
                        self.progress = time.monotonic()
                        break
        finally:
            self._thread.shutdown(wait=False)
        self._move(State.STOPPED)

    async def drain(self) -> None:
        """Let the running transaction end, drop what was gathered, and begin nothing until a new assignment's records come."""
        self._drain_wanted = True
        self._drop()
        while self.state in (State.PROCESSING, State.COMMITTING, State.SWEEPING):
            self._ended.clear()
            await self._ended.wait()
        if self.state is not State.STOPPED:
            self._move(State.DRAINED)
        self._assignment = None
        self._drain_wanted = False

    def stop(self) -> None:
        """End `run` after what runs now."""
        self._stop_wanted = True
        self._wake.set()

    def _begin(self, assignment: Assignment) -> None:
        self._drop()
        self._assignment = assignment
        self._positions = {tp: offset for tp, offset in assignment.positions.items() if tp[0] in self._sources}
        if self.state is State.DRAINED:
            self._move(State.WAITING)

    def _drop(self) -> None:
        self._gathered.clear()
        self._count = 0
        self._tell_waiting(0)
        self._flow()

    def _flow(self) -> None:
        if self._held_back and self._count <= self._limit // 2:
            self._tap.open(self._held_back)
            self._held_back = set()

    def _take(self) -> Work:
        assert self._assignment is not None
        parts: list[Part] = []
        room = self._limit
        for (topic, partition), records in list(self._gathered.items()):
            if room <= 0:
                break
            if len(records) <= room:
                del self._gathered[topic, partition]
                taken = records
            else:
                taken = records[:room]
                self._gathered[topic, partition] = records[room:]
            room -= len(taken)
            parts.append(Part(topic, partition, taken))
        self._count -= self._limit - room
        self._tell_waiting(self._count)
        self._flow()
        return Work(self._assignment, parts)

    async def _transact(self, work: Work) -> None:
        self._move(State.PROCESSING)
        try:
            await self._in_thread(self._runner.run, work, lambda: self._move(State.COMMITTING), lambda: self._move(State.PROCESSING))
        except StaleGeneration:
            self._drop()
        else:
            for part in work.parts:
                self._positions[part.topic, part.partition] = part.records[-1].offset + 1
        finally:
            self._end()

    async def _sweep(self, assignment: Assignment) -> None:
        self._sweep_wanted = False
        self._move(State.SWEEPING)
        try:
            await self._in_thread(self._runner.sweep, assignment, self._positions, time.time_ns() // 1_000_000)
        finally:
            self._end()

    async def _in_thread(self, function: Callable[..., None], *args: object) -> None:
        # Shielded: a transaction that has begun is never abandoned half way, whatever is cancelled around it.
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, function, *args))

    def _end(self) -> None:
        self._move(State.WAITING)
        self.progress = time.monotonic()
        self._ended.set()
        self._wake.set()

    def _move(self, to: State) -> None:
        if to not in _MOVES[self.state]:
            raise AssertionError(f"hop {self.name} cannot go from {self.state} to {to}")
        self.state = to
