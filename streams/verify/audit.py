"""Recomputes with the hops themselves what each of them should have sent, and compares.

Everything here works on records in memory, whatever they were read from. The engine's code has no part in it: not its batches, not its
store, not its transactions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aiokafka.partitioner import murmur2

from streams.deadletter import headers as dead_letter_headers
from streams.deadletter.holds import hold
from streams.deadletter.writer import orders_of
from streams.hop import BY_KEY, DUE_PREFIX, EVERY_PARTITION, DeadLetter, Hop, Output, RawRecord, parse_due_key
from streams.offline.memory import MemoryRows
from streams.offline.runner import Runner
from streams.topics import SHARED_TOPICS, dead_letter_topic
from streams.verify.findings import Report
from streams.verify.judge import Judge
from streams.verify.layout import Layout
from streams.verify.ledger import Expected, Ledger, Retention
from streams.verify.prints import of_dead_letter, of_record

__all__ = ["Audit"]

_CACHED_ROWS = 1_000
"""Decoded rows kept a partition of a hop; about 15 KB each."""


class Audit:
    """Takes in every record of every topic, each partition in its order and the partitions in any interleaving; then `finish`.

    Memory grows with the rows of the hops, and with how far the reading of a topic runs ahead of the topics that explain it.
    """

    def __init__(self, hops: Sequence[Hop], layout: Layout) -> None:
        self._layout = layout
        self._report = Report()
        self._judge = Judge(layout)
        self._stations = {(topic, partition): station for hop in hops for topic, partition, station in _stations(hop, layout)}
        self._sources = {topic for topic, _ in self._stations}
        self._ledgers = {
            topic: Ledger(topic, self._judge.judgement, layout.retention.get(topic, Retention()))
            for topic in layout.partitions
            if topic not in self._sources or any(topic in hop.sources and hop.codec is not None for hop in hops)
        }
        self._dead_letters = {dead_letter_topic(topic) for topic in self._sources}
        self._sequences: Counter[tuple[str, str, int]] = Counter()
        self._terms_read: dict[int, int] = {}
        self._partition_of: dict[tuple[bytes, int], int] = {}

    def read(self, record: RawRecord) -> None:
        """Take in one record; its topic is the logical name."""
        topic = record.topic
        station = self._stations.get((topic, record.partition))
        ledger = self._ledgers.get(topic)
        if ledger is not None:
            if topic in self._dead_letters:
                ledger.see(of_dead_letter(record.partition, record.key, record.value, record.headers), record)
            else:
                fingerprint = of_record(record.partition, record.timestamp, record.key, record.value, record.headers)
                if station is not None and fingerprint in station.ticks:
                    self._report.ticks[topic] += 1
                else:
                    ledger.see(fingerprint, record)
        if station is not None:
            if topic in SHARED_TOPICS:
                self._watch_for_gaps(record)
            self._recompute(station, record)

    def finish(self, now_ms: int) -> Report:
        """Judge what is left over. Ticks whose time was over at `now_ms` (milliseconds since the epoch) are still to come."""
        for ledger in self._ledgers.values():
            ledger.settle(self._report, now_ms)
        for station in self._stations.values():
            overdue = sum(parse_due_key(mark)[0] <= now_ms for mark in station.runner.rows.marks(DUE_PREFIX)) if station.timed else 0
            if overdue:
                self._report.not_yet[f"ticks of {station.runner.hop.name}"] += overdue
        return self._report

    def rows(self, topic: str, partition: int) -> tuple[dict[bytes, bytes], frozenset[bytes]]:
        """Rows (encoded) and marks of the hop that reads this partition, as recomputed so far."""
        return self._stations[topic, partition].runner.rows.snapshot()

    def _recompute(self, station: _Station, record: RawRecord) -> None:
        if station.trimmed:
            self._report.unverifiable[record.topic] += 1
            return
        required = record.offset < self._layout.committed.get((record.topic, record.partition), 0)
        hop = station.runner.hop.name
        for emission in station.runner.run((record,)):
            if not isinstance(emission, DeadLetter):
                self._expect(emission, hop, record, required)
                continue
            self._expect_dead_letter(emission, hop, record, required)
            for mark in hold(emission):
                self._expect(mark, hop, record, required)

    def _expect(self, output: Output, hop: str, record: RawRecord, required: bool) -> None:
        count = self._layout.partitions[output.topic]
        if output.partition == EVERY_PARTITION:
            partitions: Sequence[int] = range(count)
        elif output.partition == BY_KEY and output.key is not None:
            partitions = (self._partition(output.key, count),)
        else:
            partitions = (output.partition,)
        for partition in partitions:
            placed = output._replace(partition=partition)
            fingerprint = of_record(partition, placed.timestamp, placed.key, placed.value, placed.headers)
            self._ledgers[output.topic].expect(fingerprint, self._expected(placed, hop, record, required))

    def _expect_dead_letter(self, letter: DeadLetter, hop: str, record: RawRecord, required: bool) -> None:
        refused = letter.record
        fields = {
            dead_letter_headers.SOURCE_TOPIC: refused.topic,
            dead_letter_headers.SOURCE_PARTITION: str(refused.partition),
            dead_letter_headers.SOURCE_OFFSET: str(refused.offset),
            dead_letter_headers.CODE: str(letter.reason),
        }
        if orders := orders_of(letter):
            fields[dead_letter_headers.ORDER_ID] = "\n".join(orders)
        headers = dead_letter_headers.write(fields)
        output = Output(dead_letter_topic(refused.topic), refused.key, refused.value, headers, refused.partition, refused.timestamp)
        fingerprint = of_dead_letter(output.partition, output.key, output.value, headers)
        self._ledgers[output.topic].expect(fingerprint, self._expected(output, hop, record, required))

    def _expected(self, output: Output, hop: str, record: RawRecord, required: bool) -> Expected:
        stream = (hop, record.topic, record.partition)
        self._sequences[stream] += 1
        return Expected(output, hop, (record.topic, record.partition, record.offset), self._sequences[stream], required)

    def _partition(self, key: bytes, count: int) -> int:
        """As the Java client chooses it."""
        found = self._partition_of.get((key, count))
        if found is None:
            found = self._partition_of[key, count] = (murmur2(key) & 0x7FFFFFFF) % count
        return found

    def _watch_for_gaps(self, record: RawRecord) -> None:
        if record.offset != self._terms_read.get(record.partition, -1) + 1:
            self._judge.terms_compacted = True
        self._terms_read[record.partition] = record.offset


class _Station:
    """A hop at one partition of what it reads."""

    def __init__(self, hop: Hop, runner: Runner, ticks: set[bytes], trimmed: bool) -> None:
        self.runner = runner
        self.ticks = ticks
        """Fingerprints of the ticks whose due mark was set by a record before."""

        self.timed = hop.tick is not None
        self.trimmed = trimmed
        """The rows cannot be recomputed, because the beginning of the log is gone."""


def _rows(hop: Hop, partition: int, ticks: set[bytes]) -> MemoryRows:
    """Rows that note which ticks their due marks allow."""
    make = hop.tick
    if make is None:
        return MemoryRows(hop.codec, _CACHED_ROWS)

    def note(mark: bytes) -> None:
        tick = make(*parse_due_key(mark))
        ticks.add(of_record(partition, tick.timestamp, tick.key, tick.value, tick.headers))

    return MemoryRows(hop.codec, _CACHED_ROWS, note)


def _stations(hop: Hop, layout: Layout) -> list[tuple[str, int, _Station]]:
    stations = []
    stateless = Runner(hop) if hop.codec is None else None
    for topic in hop.sources:
        for partition in range(layout.partitions[topic]):
            ticks: set[bytes] = set()
            trimmed = hop.codec is not None and layout.retention.get(topic, Retention()).trimmed(partition)
            runner = stateless or Runner(hop, _rows(hop, partition, ticks))
            stations.append((topic, partition, _Station(hop, runner, ticks, trimmed)))
    return stations
