"""Compares the records of one topic with those that were recomputed for it, in one pass and in any interleaving of the two.

What is recomputed and what is read wait for each other in two dictionaries by fingerprint; a pair leaves both at once. So memory holds
only what one side has and the other has not yet, and eight bytes for each pair.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from streams.hop import Output, RawRecord
from streams.verify.findings import Finding, Kind, Report

__all__ = ["Expected", "Judgement", "Ledger", "Retention", "place"]


class Expected(NamedTuple):
    """A record that a hop must have sent."""

    output: Output
    """With the partition it must be in; negative where any will do."""

    hop: str
    cause: tuple[str, int, int]
    """Topic, partition and offset of the source record."""

    sequence: int
    """Grows with each record that the hop sends for one source partition."""

    required: bool
    """False: the workers had not committed its cause yet when the verification began."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What the broker may have removed from a topic."""

    compacted: bool = False
    segment_ms: int = 7 * 86_400_000
    segment_bytes: int = 1 << 30
    starts: tuple[int, ...] = ()
    """First offset of each partition; above 0, older records are gone."""

    def trimmed(self, partition: int) -> bool:
        """Whether the beginning of this partition is gone."""
        return partition < len(self.starts) and self.starts[partition] > 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a ledger tells records of its topic apart, and how it speaks of them."""

    identity: Callable[[str, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]], str]
    """Of topic, key, value, headers: equal where two records say the same thing, perhaps with different words."""

    order: Callable[[str, bytes | None, bytes | None], str]
    """Of topic, key, value: the order that a record is about."""

    difference: Callable[[Output, RawRecord], str]
    """In words, between what should be there and what is."""

    excused: Callable[[RawRecord], bool]
    """Whether an unexplained record may come from a source record that is gone."""


class _Segment:
    """How much was written to a partition, as far as recomputed: enough to close a segment, so that compaction could begin?"""

    __slots__ = ("bytes", "earliest", "latest")

    def __init__(self) -> None:
        self.bytes = 0
        self.earliest = 1 << 62
        self.latest = 0

    def add(self, output: Output) -> None:
        self.bytes += len(output.value or b"") + len(output.key or b"")
        self.earliest = min(self.earliest, output.timestamp)
        self.latest = max(self.latest, output.timestamp)

    def closed(self, retention: Retention, now_ms: int) -> bool:
        # The marker that ends a transaction bears the broker's time, and closes a segment whose first record is old enough.
        return max(self.latest, now_ms) - self.earliest > retention.segment_ms or self.bytes > retention.segment_bytes


class Ledger:
    """The two sides of one topic."""

    def __init__(self, topic: str, judgement: Judgement, retention: Retention) -> None:
        self._topic = topic
        self._judgement = judgement
        self._retention = retention
        self._expected: dict[bytes, list[Expected]] = {}
        self._found: dict[bytes, list[RawRecord]] = {}
        self._matched = array("Q")
        self._position: dict[tuple[str, str, int, int], tuple[int, int]] = {}
        self._first: dict[tuple[str, str, int, int], int] = {}
        self._latest: dict[bytes, int] = {}
        self._segments: dict[int, _Segment] = {}
        self._disordered: list[Finding] = []

    def expect(self, fingerprint: bytes, expected: Expected) -> None:
        """Enter a recomputed record. Those of one source partition are entered in their order."""
        if self._retention.compacted:
            self._segments.setdefault(expected.output.partition, _Segment()).add(expected.output)
        waiting = self._found.get(fingerprint)
        if waiting:
            self._match(fingerprint, expected, waiting.pop(0))
            if not waiting:
                del self._found[fingerprint]
        else:
            self._expected.setdefault(fingerprint, []).append(expected)

    def see(self, fingerprint: bytes, record: RawRecord) -> None:
        """Enter a record that was read. Those of one partition are entered in their order."""
        waiting = self._expected.get(fingerprint)
        if waiting:
            self._match(fingerprint, waiting.pop(0), record)
            if not waiting:
                del self._expected[fingerprint]
        else:
            self._found.setdefault(fingerprint, []).append(record)

    def settle(self, report: Report, now_ms: int) -> None:
        """Judge what has found no partner. `now_ms`: when the reading ended, in milliseconds since the epoch."""
        report.compared[self._topic] += len(self._matched)
        report.findings += self._disordered
        absent = [expected for waiting in self._expected.values() for expected in waiting]
        unexplained = self._without_duplicates(report)
        for expected, record in self._pairs(absent, unexplained):
            report.findings.append(self._different(expected, record))
        for expected in absent:
            if not expected.required:
                report.not_yet[self._topic] += 1
            elif self._gone(expected, now_ms):
                report.unverifiable[self._topic] += 1
            else:
                report.findings.append(self._missing(expected))
        for record in unexplained:
            if self._judgement.excused(record):
                report.unverifiable[self._topic] += 1
            else:
                report.findings.append(self._extra(Kind.EXTRA, record, "no record of the source topics explains it"))

    def _match(self, fingerprint: bytes, expected: Expected, record: RawRecord) -> None:
        self._matched.append(int.from_bytes(fingerprint[:8], "big"))
        stream = (expected.hop, expected.cause[0], expected.cause[1], record.partition)
        # Both sides come in their order, so pairs are made in that order too, or the two orders differ.
        sequence, offset = self._position.get(stream, (0, -1))
        if expected.sequence < sequence or record.offset < offset:
            self._disordered.append(
                Finding(
                    Kind.DISORDERED,
                    self._topic,
                    self._order(record),
                    expected.hop,
                    place(expected.cause),
                    place(record),
                    "its place among the records of the same source partition is another",
                )
            )
        else:
            self._position[stream] = expected.sequence, record.offset
        self._first.setdefault(stream, expected.sequence)
        if self._retention.compacted and record.key is not None:
            self._latest[record.key] = expected.sequence

    def _without_duplicates(self, report: Report) -> list[RawRecord]:
        """The records that nothing explains; those that are copies of explained ones are reported."""
        prints = {int.from_bytes(fingerprint[:8], "big") for fingerprint in self._found}
        copied = prints.intersection(self._matched) if prints else set()
        unexplained: list[RawRecord] = []
        for fingerprint, records in self._found.items():
            if int.from_bytes(fingerprint[:8], "big") in copied:
                report.findings += [self._extra(Kind.DUPLICATE, record, "the same record stands before it") for record in records]
            else:
                unexplained += records
        return unexplained

    def _pairs(self, absent: list[Expected], unexplained: list[RawRecord]) -> list[tuple[Expected, RawRecord]]:
        """Take out of both lists what speaks of the same thing."""
        by_identity: dict[str, list[Expected]] = {}
        for expected in absent:
            output = expected.output
            by_identity.setdefault(self._judgement.identity(self._topic, output.key, output.value, output.headers), []).append(expected)
        pairs: list[tuple[Expected, RawRecord]] = []
        for record in unexplained:
            candidates = by_identity.get(self._judgement.identity(self._topic, record.key, record.value, record.headers))
            if candidates:
                pairs.append((candidates.pop(0), record))
        taken = {id(expected) for expected, _ in pairs}
        absent[:] = [expected for expected in absent if id(expected) not in taken]
        explained = {id(record) for _, record in pairs}
        unexplained[:] = [record for record in unexplained if id(record) not in explained]
        return pairs

    def _gone(self, expected: Expected, now_ms: int) -> bool:
        """Whether the broker may have removed the record: by retention from the beginning, or by compaction for a later one of its key."""
        output = expected.output
        if self._retention.trimmed(output.partition):
            stream = (expected.hop, expected.cause[0], expected.cause[1], output.partition)
            return expected.sequence < self._first.get(stream, 1 << 62)
        if not self._retention.compacted or output.key is None:
            return False
        segment = self._segments[output.partition]
        return segment.closed(self._retention, now_ms) and self._latest.get(output.key, -1) > expected.sequence

    def _missing(self, expected: Expected) -> Finding:
        output = expected.output
        order = self._judgement.order(self._topic, output.key, output.value)
        return Finding(Kind.MISSING, self._topic, order, expected.hop, place(expected.cause))

    def _different(self, expected: Expected, record: RawRecord) -> Finding:
        return Finding(
            Kind.DIFFERENT,
            self._topic,
            self._order(record),
            expected.hop,
            place(expected.cause),
            place(record),
            self._judgement.difference(expected.output, record),
        )

    def _extra(self, kind: Kind, record: RawRecord, detail: str) -> Finding:
        return Finding(kind, self._topic, self._order(record), found=place(record), detail=detail)

    def _order(self, record: RawRecord) -> str:
        return self._judgement.order(self._topic, record.key, record.value)


def place(record: RawRecord | tuple[str, int, int]) -> str:
    """`topic-partition@offset`."""
    topic, partition, offset = record[:3]
    return f"{topic}-{partition}@{offset}"
