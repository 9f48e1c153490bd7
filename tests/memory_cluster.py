"""A cluster in memory: partitioned logs that the hops have read and written, to verify, and to spoil first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from aiokafka.partitioner import murmur2

from streams.deadletter.holds import hold
from streams.deadletter.writer import render
from streams.hop import EVERY_PARTITION, DeadLetter, Hop, Output, RawRecord
from streams.offline import Runner
from streams.topics import AUDIT, CATALOGUE, EVENTS, RAW_TOPICS, REFERENCES, REPLAY_TOPICS, TERMS, dead_letter_topic
from streams.verify import Audit, Layout, Report
from streams.verify.ledger import Retention

Log = list[RawRecord]
SOURCES = (*REPLAY_TOPICS, *RAW_TOPICS, TERMS, REFERENCES, EVENTS)


class MemoryCluster:
    """Topics of several partitions each."""

    def __init__(self, hops: Sequence[Hop], partitions: int = 2) -> None:
        self.hops = hops
        names = [topic.name for topic in CATALOGUE if topic.name != AUDIT] + [dead_letter_topic(source) for source in SOURCES]
        self.partitions = dict.fromkeys(names, partitions)
        self.logs: dict[tuple[str, int], Log] = {(name, number): [] for name in names for number in range(partitions)}
        self.processed: dict[tuple[str, int], int] = {}
        self._runners = {(topic, number): Runner(hop) for hop in hops for topic in hop.sources for number in range(partitions)}

    def append(self, output: Output) -> None:
        """As a producer would: the partition is chosen from the key unless it is given."""
        count = self.partitions[output.topic]
        if output.partition == EVERY_PARTITION:
            numbers = list(range(count))
        elif output.partition >= 0:
            numbers = [output.partition]
        else:
            numbers = [(murmur2(output.key or b"") & 0x7FFFFFFF) % count]
        for number in numbers:
            log = self.logs[output.topic, number]
            log.append(RawRecord(output.topic, number, len(log), output.timestamp, output.key, output.value, output.headers))

    def process(self, now_ms: int, *, most: int = 1 << 62) -> None:
        """Run all hops over what they have not read, up to `most` records, and let timers fire that are over at `now_ms`."""
        while most > 0:
            waiting = [at for at in self._runners if self.processed.get(at, 0) < len(self.logs[at])]
            if not waiting:
                if not self._ticked(now_ms):
                    return
                continue
            for at in waiting:
                record = self.logs[at][self.processed.get(at, 0)]
                self._process(self._runners[at], record)
                self.processed[at] = record.offset + 1
                most -= 1

    def layout(self, retention: Mapping[str, Retention] | None = None) -> Layout:
        """As it is now."""
        return Layout(self.partitions, dict(self.processed), retention or {})

    def verify(self, now_ms: int, layout: Layout | None = None, seed: int = 0) -> Report:
        """Verify the logs as they are now, partitions interleaved at random."""
        audit = Audit(self.hops, layout or self.layout())
        chance = Random(seed)
        unread = {at: list(log) for at, log in self.logs.items() if log}
        while unread:
            at = chance.choice(list(unread))
            count = chance.randint(1, 50)
            for record in unread[at][:count]:
                audit.read(record)
            unread[at] = unread[at][count:]
            if not unread[at]:
                del unread[at]
        return audit.finish(now_ms)

    def all(self, topic: str) -> Iterable[RawRecord]:
        """Every record of a topic."""
        for (name, _), log in self.logs.items():
            if name == topic:
                yield from log

    def _process(self, runner: Runner, record: RawRecord) -> None:
        for emission in runner.run((record,)):
            if isinstance(emission, DeadLetter):
                for output in render(emission, 1_000, "app", "version", hold):
                    self.append(output)
            else:
                self.append(emission)

    def _ticked(self, now_ms: int) -> bool:
        ticked = False
        for (topic, number), runner in self._runners.items():
            tick = runner.hop.tick
            while tick is not None and (due := runner.rows.next_due()) is not None and due <= now_ms:
                self.append(tick(*runner.rows.take_due())._replace(topic=topic, partition=number))
                ticked = True
        return ticked
