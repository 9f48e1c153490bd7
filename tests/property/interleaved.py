"""The pipeline with every record at its own pace: what a cluster may do, at its worst.

Kafka keeps the order of one key in one topic, and nothing else. So each (topic, key) is a queue here, and chance says which queue goes
on next: a hop may be hours behind on one key and ahead on another.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from random import Random

from streams.day.found import Found
from streams.deadletter.holds import hold
from streams.deadletter.writer import render
from streams.hop import DeadLetter, Output, RawRecord
from streams.offline import Runner
from streams.pipeline import hops
from streams.settings import Settings


class Interleaved:
    """Feeds records through all hops in a random order that keeps the order of each topic and key."""

    def __init__(self, chance: Random, now_ms: int) -> None:
        self.found = Found()
        self._chance = chance
        self._now_ms = now_ms
        self._runners = [Runner(hop) for hop in hops(Settings())]
        self._readers = {topic: runner for runner in self._runners for topic in runner.hop.sources}
        self._queues: dict[tuple[str, bytes | None], deque[Output]] = {}
        self._ready: list[tuple[str, bytes | None]] = []
        self._offsets: Counter[str] = Counter()

    def feed(self, records: Iterable[Output]) -> None:
        """Give all these records to the hops and go on until nothing is left to do, timers that are over by now included."""
        for record in records:
            self._append(record)
        while self._ready or self._fire_timers():
            self._step()
            if self._chance.random() < 0.05:
                self._fire_timers()

    def _append(self, record: Output) -> None:
        if record.topic not in self._readers:
            self.found.take(record.topic, record.key, record.value, record.headers)
            return
        place = (record.topic, record.key)
        queue = self._queues.setdefault(place, deque())
        if not queue:
            self._ready.append(place)
        queue.append(record)

    def _step(self) -> None:
        chosen = self._chance.randrange(len(self._ready))
        self._ready[chosen], self._ready[-1] = self._ready[-1], self._ready[chosen]
        place = self._ready[-1]
        queue = self._queues[place]
        output = queue.popleft()
        if not queue:
            self._ready.pop()
            del self._queues[place]
        offset = self._offsets[output.topic]
        self._offsets[output.topic] += 1
        record = RawRecord(output.topic, 0, offset, output.timestamp, output.key, output.value, output.headers)
        for emission in self._readers[output.topic].run((record,)):
            if isinstance(emission, DeadLetter):
                for letter in render(emission, self._now_ms, "test", "", hold):
                    self._append(letter)
            else:
                self._append(emission)

    def _fire_timers(self) -> bool:
        fired = False
        for runner in self._runners:
            if runner.hop.tick is not None:
                while (due := runner.rows.next_due()) is not None and due <= self._now_ms:
                    self._append(runner.hop.tick(*runner.rows.take_due()))
                    fired = True
        return fired
