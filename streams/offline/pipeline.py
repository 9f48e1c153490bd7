"""All hops chained by topic, on a log in memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Any

from streams.deadletter.holds import hold
from streams.deadletter.writer import render
from streams.hop import DeadLetter, Hop, Output, RawRecord
from streams.offline.runner import Runner

__all__ = ["OfflinePipeline"]

_APP = "simulate"


class OfflinePipeline:
    """Runs records through hops as a cluster would: each output that another hop reads is handed to it, dead letters are written as
    records, those that name an order hold it, and due marks become ticks.

    Every topic has one partition, 0. Time is the latest timestamp among the records fed so far: nothing depends on the machine's
    clock, so the same records give the same outputs, always.
    """

    def __init__(self, hops: Sequence[Hop]) -> None:
        self._runners = [Runner(hop) for hop in hops]
        self._readers = {topic: runner for runner in self._runners for topic in runner.hop.sources}
        self._timed = [runner for runner in self._runners if runner.hop.tick is not None]
        self._offsets: Counter[str] = Counter()
        self._clock = 0

    @property
    def inputs(self) -> frozenset[str]:
        """Logical names of the topics that some hop reads."""
        return frozenset(self._readers)

    @property
    def clock(self) -> int:
        """Milliseconds since the epoch; 0 before the first record."""
        return self._clock

    def row(self, hop: str, key: bytes) -> Any | None:
        """A row of the hop of this name as it stands now; None where there is none. It is not to be changed."""
        return next(runner.rows.get(key) for runner in self._runners if runner.hop.name == hop)

    def feed(self, record: Output, said: Sequence[Output] | None = None) -> list[Output]:
        """Append one record to a topic that a hop reads; return all records appended in consequence, in order.

        Timers that end before the record's timestamp come first. `said`: what the hop says of the record, where that is known already.
        Raises `KeyError` for a topic that no hop reads.
        """
        if record.topic not in self._readers:
            raise KeyError(record.topic)
        appended: list[Output] = []
        self._advance(record.timestamp, appended)
        if said is None:
            self._process((record,), appended)
        else:
            self._offsets[record.topic] += 1
            appended += said
            self._process(said, appended)
        self._advance(self._clock, appended)  # timers that were over when they were set
        return appended

    def advance(self, until_ms: int) -> list[Output]:
        """Let time pass; return all records appended in consequence, in order. A time in the past changes nothing."""
        appended: list[Output] = []
        self._advance(until_ms, appended)
        return appended

    def _advance(self, until_ms: int, appended: list[Output]) -> None:
        self._clock = max(self._clock, until_ms)
        while (next_tick := self._next_tick()) is not None:
            appended.append(next_tick)
            self._process((next_tick,), appended)

    def _next_tick(self) -> Output | None:
        first, when = None, self._clock + 1
        for runner in self._timed:
            due = runner.rows.next_due()
            if due is not None and due < when:
                first, when = runner, due
        if first is None:
            return None
        assert first.hop.tick is not None
        return first.hop.tick(*first.rows.take_due())

    def _process(self, records: Iterable[Output], appended: list[Output]) -> None:
        waiting = deque(record for record in records if record.topic in self._readers)
        while waiting:
            current = waiting.popleft()
            for output in self._run(current):
                appended.append(output)
                if output.topic in self._readers:
                    waiting.append(output)

    def _run(self, output: Output) -> list[Output]:
        offset = self._offsets[output.topic]
        self._offsets[output.topic] = offset + 1
        record = RawRecord(output.topic, 0, offset, output.timestamp, output.key, output.value, output.headers)
        outputs: list[Output] = []
        for emission in self._readers[output.topic].run((record,)):
            if isinstance(emission, DeadLetter):
                outputs += render(emission, self._clock, _APP, "", hold)
            else:
                outputs.append(emission)
        return outputs
