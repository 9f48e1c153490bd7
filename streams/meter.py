"""Count what hops say, once it is committed."""

from __future__ import annotations

import time
from collections import Counter as Counts
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Final

from prometheus_client import Gauge

from streams.contracts import outputs
from streams.deadletter.reasons import Reason
from streams.hop import DeadLetter, Emission, Hop, Output, Record, Rows
from streams.hops.resolve import PARKED, parked_until
from streams.metrics import Metrics
from streams.tally import Tally
from streams.topics import HOLDS, MILESTONES, RELEASES

__all__ = ["Meter"]

_NO_REASON: Final = "NONE"
_RESOLVE: Final = "resolve"
_LOOK_EVERY_SECONDS: Final = 10.0
_MOST_PARKED_COUNTED: Final = 10_000
_MOST_SERIES: Final = 300
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_topic_of = attrgetter("topic")


@dataclass(slots=True)
class _Said:
    """What a hop has said in the transaction that runs now."""

    accepted: Counts[str] = field(default_factory=Counts)
    refused: Counts[str] = field(default_factory=Counts)
    milestones: list[Output] = field(default_factory=list)
    decisions: list[Output] = field(default_factory=list)
    holds: list[Output] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


class Meter:
    """The engine's observer (`streams.engine.observer.Observer`) that counts into `Metrics`.

    The engine reports how many records were committed, not what they say; so pass the hops through `metered`, and what they said is counted
    when the engine reports their transaction, or forgotten when it was aborted.
    """

    def __init__(self, metrics: Metrics, logical: Callable[[str], str], park_ttl: timedelta = timedelta()) -> None:
        """`logical` is `Settings.logical`: labels name topics without the installation's prefix. `park_ttl`: how long events wait."""
        self._metrics = metrics
        self._logical = logical
        self._park_ttl_ms = park_ttl // timedelta(milliseconds=1)
        self._said: dict[str, _Said] = {}
        self._tallies: dict[str, Tally] = {}
        self._looked_at: dict[int, float] = {}
        self._latest: dict[tuple[str, ...], datetime] = {}
        self._labels: dict[str, set[tuple[str, ...]]] = {}

    def tally(self, hop: str) -> Tally:
        """What a hop of this name counts into."""
        return self._tallies.setdefault(hop, Tally())

    def metered(self, hop: Hop) -> Hop:
        """The same hop, listened to."""
        self._said[hop.name] = _Said()

        tally = self.tally(hop.name)

        def run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
            tally.clear()  # of a run that failed
            emissions = hop.run(rows, batch)
            said = self._said[hop.name]
            _note(said, batch, emissions)
            said.tally.take(tally)
            if hop.name == _RESOLVE and batch:
                self._look_at_parked(rows, batch[0].partition)
            return emissions

        return replace(hop, run=run)

    def consumed(self, hop: str, topic: str, partition: int, records: int, lag_seconds: float) -> None:
        self._metrics.lag_seconds.labels(hop, topic).observe(max(0.0, lag_seconds))

    def emitted(self, hop: str, topic: str, records: int) -> None:
        self._metrics.emitted_records.labels(hop, topic).inc(records)

    def dead_lettered(self, hop: str, letter: DeadLetter) -> None:
        source = self._logical(letter.record.topic)
        self._metrics.dead_letters.labels(hop, source, letter.stage.value, letter.reason.value).inc()
        if letter.reason is Reason.POISON:  # Written by the engine: the hop raised, and so said nothing about this record.
            self._metrics.records.labels(hop, source, "dead_lettered").inc()

    def transaction(self, hop: str, records: int, processing_seconds: float, committing_seconds: float) -> None:
        metrics, now = self._metrics, time.time()
        metrics.transaction_seconds.labels(hop, "processing").observe(processing_seconds)
        metrics.transaction_seconds.labels(hop, "committing").observe(committing_seconds)
        metrics.transaction_records.labels(hop).observe(records)
        metrics.last_progress_timestamp_seconds.labels(hop).set(now)
        if hop in self._said:
            said, self._said[hop] = self._said[hop], _Said()
            self._count(hop, said, now)

    def aborted(self, hop: str, cause: str) -> None:
        self._metrics.transactions_aborted.labels(hop, cause).inc()
        self._said[hop] = _Said()

    def restored(self, hop: str, partitions: int, rows: int, seconds: float) -> None:
        self._metrics.restore_seconds.labels(hop).observe(seconds)
        self._metrics.restored_entries.labels(hop).inc(rows)

    def ticked(self, hop: str, ticks: int) -> None:
        self._metrics.ticks.labels(hop).inc(ticks)

    def waiting(self, hop: str, records: int) -> None:
        self._metrics.waiting_records.labels(hop).set(records)

    def assigned(self, partitions: int) -> None:
        for partition in list(self._looked_at):  # they may be another worker's now
            self._forget_parked(partition)
        self._metrics.assigned_partitions.set(partitions)
        self._metrics.rebalances.inc()

    def _look_at_parked(self, rows: Rows, partition: int) -> None:
        now = time.monotonic()
        if now - self._looked_at.get(partition, -_LOOK_EVERY_SECONDS) < _LOOK_EVERY_SECONDS:
            return
        self._looked_at[partition] = now
        marks = list(islice(rows.marks(PARKED), _MOST_PARKED_COUNTED))
        self._metrics.parked_references.labels(str(partition)).set(len(marks))
        if marks:
            oldest = (parked_until(marks[0]) - self._park_ttl_ms) / 1000
            self._metrics.oldest_parked_timestamp_seconds.labels(str(partition)).set(oldest)
        else:
            self._drop(self._metrics.oldest_parked_timestamp_seconds, partition)

    def _forget_parked(self, partition: int) -> None:
        del self._looked_at[partition]
        self._drop(self._metrics.parked_references, partition)
        self._drop(self._metrics.oldest_parked_timestamp_seconds, partition)

    @staticmethod
    def _drop(gauge: Gauge, partition: int) -> None:
        with suppress(KeyError):
            gauge.remove(str(partition))

    def _tell(self, tally: Tally) -> None:
        metrics = self._metrics
        counters = {
            "statements": metrics.statements,
            "nothing_said": metrics.nothing_said,
            "unmapped": metrics.unmapped,
            "silent": metrics.silent_codes,
            "events": metrics.reference_events,
        }
        gauges = {"said": metrics.last_said_timestamp_seconds, "applied": metrics.last_applied_timestamp_seconds}
        for what, count in tally.counts.items():
            counters[what[0]].labels(*self._bounded(what[0], what[1:])).inc(count)
        for what, moment in tally.latest.items():
            values = self._bounded(what[0], what[1:])
            if moment > self._latest.get((what[0], *values), _LONG_AGO):
                self._latest[what[0], *values] = moment
                gauges[what[0]].labels(*values).set(moment.timestamp())

    def _bounded(self, name: str, values: tuple[str, ...]) -> tuple[str, ...]:
        """Label values, for only so many series: they come out of records, and anybody may make up a system."""
        known = self._labels.setdefault(name, set())
        if values in known or len(known) < _MOST_SERIES:
            known.add(values)
            return values
        return ("other",) * len(values)

    def _count(self, hop: str, said: _Said, now: float) -> None:
        metrics = self._metrics
        self._tell(said.tally)
        for outcome, tally in (("accepted", said.accepted), ("dead_lettered", said.refused)):
            for topic, count in tally.items():
                if count:
                    metrics.records.labels(hop, self._logical(topic), outcome).inc(count)
        ages: dict[bytes, list[float]] = {}
        for output in said.milestones:
            headers = dict(output.headers)
            ages.setdefault(headers["ce_type"], []).append(now - datetime.fromisoformat(headers["ce_time"].decode()).timestamp())
        for ce_type, lags in ages.items():
            kind = _kind(ce_type)
            metrics.milestones.labels(kind).inc(len(lags))
            observe = metrics.event_lag_seconds.labels(kind).observe
            for lag in lags:
                if lag >= 0:
                    observe(lag)
        for ce_type, count in Counts(dict(output.headers)["ce_type"] for output in said.decisions).items():
            metrics.release_decisions.labels(_kind(ce_type)).inc(count)
        for reason, count in Counts(reason for output in said.holds for reason in _reasons(output)).items():
            metrics.holds.labels(reason).inc(count)


def _note(said: _Said, batch: Sequence[Record], emissions: Sequence[Emission]) -> None:
    refused: set[tuple[str, int, int]] = set()
    for emission in emissions:
        if isinstance(emission, DeadLetter):
            refused.add(_coordinates(emission.record))
        elif emission.topic == MILESTONES:
            said.milestones.append(emission)
        elif emission.topic == RELEASES:
            said.decisions.append(emission)
        elif emission.topic == HOLDS:
            said.holds.append(emission)
    said.accepted.update(map(_topic_of, batch))
    if refused:
        # A hop may also refuse a record that it had parked earlier; that one was counted as accepted when it was read.
        here = Counts(record.topic for record in batch if _coordinates(record) in refused)
        said.accepted.subtract(here)
        said.refused.update(here)


def _coordinates(record: Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _kind(ce_type: bytes) -> str:
    """DELIVERED of `milepost.milestone.delivered.v1`."""
    return ce_type.decode().split(".")[2].upper()


def _reasons(output: Output) -> list[str]:
    if output.value is None:
        return [_NO_REASON]
    return sorted({reason["code"] for reason in outputs.read(HOLDS, output.value)["reasons"]}) or [_NO_REASON]
