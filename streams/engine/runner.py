"""Run one hop over its records, a transaction at a time, in the hop's own thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from streams.deadletter.reasons import Reason, Stage
from streams.engine.assignment import Assignment, Part, Work
from streams.engine.breaker import Breaker, Limits
from streams.engine.due import DueIndex
from streams.engine.errors import (
    BreakerTripped,
    EngineError,
    OutcomeUnknown,
    RecordRefused,
    StaleGeneration,
    TransactionAborted,
    WorkerMustRestart,
    WorkerMustStop,
)
from streams.engine.observer import Observer
from streams.engine.offsets import start_of
from streams.engine.producer import Changelog, HopProducer
from streams.engine.rows import NoRows, PartitionRows
from streams.engine.state import HopState
from streams.errors import MilepostError
from streams.hop import DeadLetter, Emission, Hop, Output, Record
from streams.settings import Settings
from streams.topics import REPLAYED

__all__ = ["HopRunner", "RenderLetter"]

log = logging.getLogger(__name__)

RenderLetter = Callable[[DeadLetter], list[Output]]
"""The records that keep a dead letter and hold what depends on it."""

_NO_ROWS = NoRows()
_LONGEST_WAIT_SECONDS: Final = 10.0
"""Between two attempts while something that a batch needs is away."""

_ATTEMPTS: Final = 40
"""About a minute: what the broker says no to for that long, the checks at start know to name (a topic deleted, mostly)."""


class HopRunner:
    """Turns `Work` into committed transactions. Every method but the constructor runs in the hop's thread."""

    def __init__(
        self,
        hop: Hop,
        settings: Settings,
        producer: HopProducer,
        state: HopState | None,
        render: RenderLetter,
        observer: Observer,
        stopping: threading.Event,
    ) -> None:
        self._stopping = stopping
        self._hop = hop
        self._settings = settings
        self._producer = producer
        self._state = state
        self._render = render
        self._observer = observer
        self._breaker = Breaker(Limits(settings.breaker_consecutive, settings.breaker_share, settings.breaker_window))
        self._has_letters = False
        """Whether the latest transaction, committed or not, held dead letters."""

        self._due = DueIndex(hop) if state is not None and hop.tick is not None else None

    def run(self, work: Work, committing: Callable[[], None], processing: Callable[[], None]) -> None:
        """Process the records and commit what follows from them; returns once that is done.

        A transaction that aborts is run again while the assignment lives. A transaction that the broker refuses for one of its records
        is taken apart: each record gets its own, and the one at fault becomes a dead letter.

        Raises StaleGeneration when the partitions are no longer ours (nothing happened, nothing is owed), WorkerMustStop when a record can
        neither be processed nor dead-lettered, WorkerMustRestart when the outcome is unknown.
        """
        phases = committing, processing
        try:
            self._settle(work.assignment, work.parts, phases)
        except RecordRefused as refusal:
            log.warning("%s: a transaction of %d records was refused (%s); running them one by one", self._hop.name, work.size, refusal)
            for part in work.parts:
                for record in part.records:
                    self._settle_alone(work.assignment, Part(part.topic, part.partition, [record]), record, phases)

    def sweep(self, assignment: Assignment, positions: Mapping[tuple[str, int], int], now_ms: int) -> None:
        """Send ticks for the marks whose time has come, fenced like any transaction: by the offsets that we already stand at."""
        if self._due is None or self._state is None:
            return
        for partition, store in self._state.stores.items():
            store.touch(now_ms)
            while assignment.live and (due := self._due.take(assignment, partition, store, now_ms)):
                source = self._settings.topic(self._hop.sources[0])
                offsets = {(source, partition): positions[source, partition]}
                try:
                    self._producer.transact((), due.ticks, offsets, assignment.group_metadata)
                except StaleGeneration:
                    assignment.live = False
                    return
                except (TransactionAborted, OutcomeUnknown) as abort:
                    log.warning("%s: ticks of partition %d were not sent (%s); the next sweep sends them", self._hop.name, partition, abort)
                    return
                due.sent()
                self._observer.ticked(self._hop.name, len(due.ticks))
                self._observer.emitted(self._hop.name, self._hop.sources[0], len(due.ticks))

    def _settle_alone(self, assignment: Assignment, part: Part, record: Record, phases: tuple[Callable[[], None], ...]) -> None:
        try:
            self._settle(assignment, [part], phases)
        except RecordRefused as refusal:
            self._settle_refused(assignment, part, record, phases, refusal)

    def _settle_refused(
        self, assignment: Assignment, part: Part, record: Record, phases: tuple[Callable[[], None], ...], refusal: RecordRefused
    ) -> None:
        """The broker refuses what came of a record. First what the hop said with a pointer for a dead letter, then the record as a dead
        letter of ours, then a pointer to it: the least that is kept are its coordinates."""
        again = refusal
        poison: list[Emission] = [_poison(record, refusal)]
        ways: list[tuple[list[Emission] | None, bool]] = [(poison, False), (poison, True)]
        for instead, pointers in [(None, True), *ways] if self._has_letters else ways:
            try:
                self._settle(assignment, [part], phases, instead, pointers=pointers)
            except RecordRefused as failure:
                again = failure
            else:
                return
        raise WorkerMustStop(
            f"{self._hop.name}: the record {part.topic}/{part.partition}@{record.offset} can neither be processed ({refusal}) nor "
            f"dead-lettered ({again}); nothing is skipped, so the worker stops. Raise max.message.bytes of {part.topic}.dlq"
        ) from again

    def _settle(
        self,
        assignment: Assignment,
        parts: Sequence[Part],
        phases: tuple[Callable[[], None], ...],
        instead: list[Emission] | None = None,
        *,
        pointers: bool = False,
    ) -> None:
        """One transaction, tried until it is committed. `instead` replaces what the hop would emit, and the hop is not run. With `pointers`
        dead letters say where the bytes are in place of keeping them."""
        committing, processing = phases
        attempt = 0
        began = time.monotonic()
        while True:
            processing()
            try:
                self._transact(assignment, parts, committing, instead, pointers)
                return
            except MilepostError as failure:
                if not failure.transient:
                    raise
                self._discard(parts, "unavailable")
                attempt += 1
                if time.monotonic() - began > self._settings.retry_seconds:
                    raise
                if attempt.bit_count() == 1:  # 1, 2, 4, 8...
                    log.warning("%s: %s; the same records are tried again (attempt %d)", self._hop.name, failure, attempt + 1)
                committing()  # It waits for somebody else now, as for a broker.
                if self._stopping.wait(min(0.05 * 2**attempt, _LONGEST_WAIT_SECONDS)) or not assignment.live:
                    raise StaleGeneration("stopped, or partitions asked back, while something was away") from failure
            except StaleGeneration as stale:
                assignment.live = False
                self._discard(parts, "stale")
                log.info("%s: generation %d is over (%s); its records go to their new owner", self._hop.name, assignment.generation, stale)
                raise
            except RecordRefused:
                self._discard(parts, "refused")
                raise
            except TransactionAborted as abort:
                self._discard(parts, "broker")
                attempt += 1
                if attempt == _ATTEMPTS:
                    raise WorkerMustRestart(
                        f"{self._hop.name}: a transaction was aborted {attempt} times in a row, last for {abort}"
                    ) from abort
                if attempt.bit_count() == 1:  # 1, 2, 4, 8...
                    log.warning("%s: transaction aborted (%s); attempt %d follows", self._hop.name, abort, attempt + 1)
                if not assignment.live:
                    raise StaleGeneration("partitions were asked back while the transaction had to be repeated") from abort
                time.sleep(min(0.05 * 2**attempt, 2.0))

    def _transact(
        self,
        assignment: Assignment,
        parts: Sequence[Part],
        committing: Callable[[], None],
        instead: list[Emission] | None,
        pointers: bool,
    ) -> None:
        began = time.monotonic()
        emissions: list[Emission] = [] if instead is None else instead
        changes: dict[int, dict[bytes, bytes | None]] = {}
        for part in parts:
            if instead is None:
                emitted, changes[part.partition] = self._process(self._rows(part.partition), part.records)
                emissions += emitted
        outputs, letters = self._render_all(emissions, pointers)
        self._has_letters = bool(letters)
        self._weigh(parts, letters)
        committing()
        processed = time.monotonic()
        changelog = self._state.changelog.topic if self._state is not None else ""
        offsets = {(part.topic, part.partition): part.records[-1].offset + 1 for part in parts}
        rows = [Changelog(changelog, partition, entries) for partition, entries in changes.items() if entries]
        try:
            ends = self._producer.transact(rows, outputs, offsets, assignment.group_metadata)
        except OutcomeUnknown as unknown:
            if not self._committed(offsets):
                raise TransactionAborted(str(unknown)) from unknown
            ends = unknown.ends
        self._breaker.keep()
        self._apply(changes, ends)
        self._tell(parts, outputs, letters, processed - began, time.monotonic() - processed)

    def _weigh(self, parts: Sequence[Part], letters: Sequence[DeadLetter]) -> None:
        """Raises BreakerTripped where too many records of a source are refused. What is replayed has a guard of its own, in the replay."""
        refused: dict[tuple[str, int], dict[int, DeadLetter]] = {}
        for letter in letters:
            refused.setdefault((letter.record.topic, letter.record.partition), {})[letter.record.offset] = letter
        for part in parts:
            topic = self._settings.logical(part.topic)
            if topic in REPLAYED:
                continue
            found = refused.get((topic, part.partition), {})
            tripped = self._breaker.weigh(topic, part.partition, part.records, found)
            if tripped is not None:
                letter = found[tripped.record.offset]
                raise BreakerTripped(
                    f"{self._hop.name}: {tripped.why} of {part.topic}/{part.partition} are refused, the last at offset "
                    f"{tripped.record.offset} ({letter.reason}: {letter.message[:200]}). The worker stops before more become dead letters; "
                    f"offsets from {part.records[0].offset} are not committed. Undo what changed here or at the producer, start again, and "
                    "replay what was dead-lettered; or, if these refusals are right, raise MILEPOST_BREAKER_CONSECUTIVE and "
                    "MILEPOST_BREAKER_SHARE"
                )

    def _process(self, rows: PartitionRows | NoRows, records: Sequence[Record]) -> tuple[list[Emission], dict[bytes, bytes | None]]:
        """Run the hop. If it raises, undo the batch and run it record by record, so that one record's defect stays with that record."""
        try:
            emissions = self._hop.run(rows, records)
            return emissions, rows.changes()
        except (EngineError, MilepostError):
            raise
        except Exception as defect:  # noqa: BLE001 - a hop may fail in any way
            log.warning(
                "%s: %d records failed together (%s: %s); running them one by one",
                self._hop.name, len(records), type(defect).__name__, defect,
            )  # fmt: skip
        rows.undo()
        emissions = []
        poisoned = 0
        for record in records:
            try:
                emitted = self._hop.run(rows, (record,))
                rows.savepoint()
            except (EngineError, MilepostError):
                raise
            except Exception as defect:  # a hop may fail in any way
                poisoned += 1
                if poisoned == 1:
                    log.exception("%s: %s/%d@%d is refused as POISON", self._hop.name, record.topic, record.partition, record.offset)
                rows.undo()
                emitted = [_poison(record, defect)]
            emissions += emitted
        if poisoned > 1:
            log.error("%s: %d more records are refused as POISON; their headers say why", self._hop.name, poisoned - 1)
        return emissions, rows.changes()

    def _render_all(self, emissions: Iterable[Emission], pointers: bool) -> tuple[list[Output], list[DeadLetter]]:
        outputs: list[Output] = []
        letters: list[DeadLetter] = []
        for emission in emissions:
            if isinstance(emission, Output):
                outputs.append(emission)
            else:
                emission.pointer = pointers
                letters.append(emission)
                outputs += self._render(emission)
        return outputs, letters

    def _rows(self, partition: int) -> PartitionRows | NoRows:
        return _NO_ROWS if self._state is None else self._state.rows[partition]

    def _apply(self, changes: Mapping[int, Mapping[bytes, bytes | None]], ends: Mapping[int, int]) -> None:
        if self._state is None:
            return
        now_ms = time.time_ns() // 1_000_000
        for partition, entries in changes.items():
            if entries:
                self._state.stores[partition].apply(entries.items(), ends[partition], now_ms)
            rows = self._rows(partition)
            if self._due is not None:
                self._due.handled(partition, rows.changed_marks())
            rows.committed()

    def _committed(self, offsets: Mapping[tuple[str, int], int]) -> bool:
        """Whether the transaction with these offsets was committed. It must have ended, and it alone decided over them."""
        found = start_of(self._settings, offsets.keys(), self._stopping)
        if not found:
            raise WorkerMustRestart(f"{self._hop.name}: stopped before the outcome of a transaction was known")
        return found == offsets

    def _discard(self, parts: Sequence[Part], cause: str) -> None:
        self._observer.aborted(self._hop.name, cause)
        self._breaker.forget()
        for part in parts:
            self._rows(part.partition).discard()

    def _tell(
        self, parts: Sequence[Part], outputs: Sequence[Output], letters: Sequence[DeadLetter], processing: float, committing: float
    ) -> None:
        hop, observer, now = self._hop.name, self._observer, time.time()
        observer.transaction(hop, sum(len(part.records) for part in parts), processing, committing)
        for part in parts:
            observer.consumed(
                hop, self._settings.logical(part.topic), part.partition, len(part.records), now - part.records[-1].timestamp / 1000
            )
        sent: dict[str, int] = {}
        for output in outputs:
            sent[output.topic] = sent.get(output.topic, 0) + self._producer.copies(output)
        for topic, count in sent.items():
            observer.emitted(hop, topic, count)
        for letter in letters:
            observer.dead_lettered(hop, letter)


def _poison(record: Record, defect: BaseException) -> DeadLetter:
    return DeadLetter(record, Stage.APPLY, Reason.POISON, f"{type(defect).__name__}: {defect}", exception=defect)
