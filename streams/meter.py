"""Count what hops say, once it is committed."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Final

from streams.contracts import outputs
from streams.deadletter.reasons import Reason
from streams.hop import DeadLetter, Emission, Hop, Output, Record, Rows
from streams.metrics import Metrics
from streams.topics import ARCHIVE, EXCEPTIONS, FINDINGS, HOLDS, MILESTONES, RELEASES, TASKS

__all__ = ["Meter"]

_NO_REASON: Final = "NONE"
_WATCHED: Final = frozenset({EXCEPTIONS, FINDINGS, TASKS, ARCHIVE})
_topic_of = attrgetter("topic")


@dataclass(slots=True)
class _Said:
    """What a hop has said in the transaction that runs now."""

    accepted: Tally[str] = field(default_factory=Tally)
    refused: Tally[str] = field(default_factory=Tally)
    milestones: list[Output] = field(default_factory=list)
    decisions: list[Output] = field(default_factory=list)
    holds: list[Output] = field(default_factory=list)
    watched: list[Output] = field(default_factory=list)
    """Exceptions, findings, tasks and archived orders."""


class Meter:
    """The engine's observer (`streams.engine.observer.Observer`) that counts into `Metrics`.

    The engine reports how many records were committed, not what they say; so pass the hops through `metered`, and what they said is counted
    when the engine reports their transaction, or forgotten when it was aborted.
    """

    def __init__(self, metrics: Metrics, logical: Callable[[str], str]) -> None:
        """`logical` is `Settings.logical`: labels name topics without the installation's prefix."""
        self._metrics = metrics
        self._logical = logical
        self._said: dict[str, _Said] = {}

    def metered(self, hop: Hop) -> Hop:
        """The same hop, listened to."""
        self._said[hop.name] = _Said()

        def run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
            emissions = hop.run(rows, batch)
            _note(self._said[hop.name], batch, emissions)
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
        self._metrics.assigned_partitions.set(partitions)
        self._metrics.rebalances.inc()

    def _count(self, hop: str, said: _Said, now: float) -> None:
        metrics = self._metrics
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
        for ce_type, count in Tally(dict(output.headers)["ce_type"] for output in said.decisions).items():
            metrics.release_decisions.labels(_kind(ce_type)).inc(count)
        for output in said.watched:
            self._count_watched(output)
        for reason, count in Tally(reason for output in said.holds for reason in _reasons(output)).items():
            metrics.holds.labels(reason).inc(count)

    def _count_watched(self, output: Output) -> None:
        metrics = self._metrics
        if output.topic == ARCHIVE:
            metrics.archived_orders.inc()
            return
        value = outputs.read(output.topic, output.value or b"")
        if output.topic == EXCEPTIONS:
            metrics.exceptions.labels(value["code"], value["state"]).inc()
        elif output.topic == FINDINGS:
            metrics.findings.labels(value["check"], value["state"]).inc()
        else:
            metrics.tasks.labels(value["target"], value["action"]).inc()


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
        elif emission.topic in _WATCHED:
            said.watched.append(emission)
    said.accepted.update(map(_topic_of, batch))
    if refused:
        # A hop may also refuse a record that it had parked earlier; that one was counted as accepted when it was read.
        here = Tally(record.topic for record in batch if _coordinates(record) in refused)
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
