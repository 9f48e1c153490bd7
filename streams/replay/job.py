"""One run of a job: from the letters of a topic to records sent again, holds lifted and entries in the audit, a transaction at a time.

What makes it safe to kill at any point:

- the records, the marks that lift holds, the entries that say "settled" and the group's offsets are one transaction;
- a new run first takes the transactional id, which ends what its predecessor left open, and only then reads from the audit what is settled.

The group's offsets show how far a run is. They decide nothing: a filtered job leaves letters behind that a later one must find.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from streams.admin import connect
from streams.deadletter.audit import Action, Job, Outcome, Run, Skipped
from streams.deadletter.letter import Letter, read_letter
from streams.deadletter.selection import Selection
from streams.engine.errors import EngineError, RecordRefused, StaleGeneration, TransactionAborted
from streams.engine.offsets import log_ends
from streams.engine.producer import HopProducer
from streams.hop import Output, RawRecord
from streams.metadata import find_topics
from streams.processes import RARE_COLLECTION
from streams.replay.journal import entry_of, find_job, read_journal, with_run
from streams.replay.plan import Fate, Guard, Plan, Progress, ReplayRefused, Result, TellProgress, fate, target_of
from streams.replay.sending import outputs
from streams.replay.sole import SoleReader
from streams.replay.sources import Sources
from streams.replay.watching import Watch
from streams.settings import Settings
from streams.topics import AUDIT

__all__ = ["resume_replay", "run_replay"]

log = logging.getLogger(__name__)

_AT_ONCE: Final = 2_000
"""Letters in one transaction."""

_ATTEMPTS: Final = 10
_BYTES_AT_ONCE: Final = 8 << 20
_SLICE_SECONDS: Final = 0.5
"""With a rate, a transaction holds about what may be sent in this time."""

_WATCHED: Final = frozenset((Action.REPLAYED, Action.EDITED))


def run_replay(settings: Settings, plan: Plan, *, progress: TellProgress | None = None, stopped: threading.Event | None = None) -> Result:
    """Do what the plan says with the letters that are there now; returns once it is done, or `stopped`, or its guard stops it.

    Run again with the same plan, it goes on where it was killed. Raises `ReplayRefused` (another process works on the same letters, a topic
    is missing), `BrokerUnreachable`.
    """
    return _Job(settings, plan, progress, stopped or threading.Event()).run()


def resume_replay(
    settings: Settings,
    job_id: str,
    *,
    by: str = "",
    guard: Guard | None = None,
    progress: TellProgress | None = None,
    stopped: threading.Event | None = None,
) -> Result:
    """Go on with a job that the audit knows: the same letters, reason, target and limits. `by`: who asks this time.

    An edit is one letter, and is asked again instead. Raises as `run_replay` does, and `ReplayRefused` for a job that nobody knows.
    """
    job = find_job(settings, _partitions(settings, AUDIT), job_id)
    if job is None:
        raise ReplayRefused(f"the audit knows no job {job_id}: `milepost dlq audit` lists them")
    if job.action is Action.EDITED:
        raise ReplayRefused(f"job {job_id} was an edit of one letter: edit it again if it is still open")
    plan = Plan(
        job.topic,
        job.action,
        by or job.by,
        job.reason,
        Selection.from_json(job.selection),
        job.target,
        float(job.rate or 0),
        job.max_replays,
        job.limit,
        guard or Guard(),
        id=job.id,
    )
    return run_replay(settings, plan, progress=progress, stopped=stopped)


class _Job:
    def __init__(self, settings: Settings, plan: Plan, progress: TellProgress | None, stopped: threading.Event) -> None:
        self._settings = settings
        self._plan = plan
        self._tell: Callable[[Progress], object] = progress or (lambda _: None)
        self._stopped = stopped
        self._settled: set[str] = set()
        self._skipped: Counter[Fate] = Counter()
        self._targets: set[str] = set()
        self._done = 0
        self._before = 0
        """Letters that earlier runs of this job settled."""

        self._seen = 0
        self._sampled = False

    def run(self) -> Result:
        usual = gc.get_threshold()
        gc.set_threshold(*RARE_COLLECTION)
        try:
            return self._run_once()
        finally:
            gc.set_threshold(*usual)

    def _run_once(self) -> Result:
        settings, plan = self._settings, self._plan
        connect(settings)
        numbers = _partitions(settings, plan.topic)
        audit = _partitions(settings, AUDIT)
        self._sources = Sources(settings, plan)
        with SoleReader(settings, plan.topic, numbers, self._stopped) as reader:
            producer = self._producer(reader)
            try:
                producer.open()
                ends = {number: last for (_, number), (_, last) in self._log_ends(numbers).items()}
                journal = read_journal(settings, audit, plan.topic, plan.id)
                job = journal.job or self._new_job(ends, numbers)
                self._settled, self._before = journal.settled, journal.by_job
                self._ends = dict(zip(numbers, job.ends, strict=False))
                with Watch(settings, plan.topic, self._ends, plan.id) as watch, self._sources:
                    return self._work(reader, producer, watch, job)
            finally:
                producer.close()

    def _work(self, reader: SoleReader, producer: HopProducer, watch: Watch, job: Job) -> Result:
        self._began = datetime.now(UTC)
        self._run = Run(self._plan.by, reader.client_id.rpartition("@")[2], self._began)
        self._write(producer, reader, job, self._run)
        outcome, why = Outcome.FAILED, ""
        try:
            outcome = self._settle_all(reader, producer, watch)
            if outcome is Outcome.DONE and self._done and self._watches:
                watch.await_workers(self._targets, self._plan.guard.patience_seconds)
        except EngineError as failure:
            why = str(failure)
            if reader.rival():
                raise ReplayRefused(
                    f"another process has begun to replay {self._plan.topic}; what this one settled stays settled"
                ) from failure
        failed_again = watch.look() if self._watches else 0
        result = Result(
            self._plan.id, self._plan.action, outcome, self._done, failed_again, self._skipped, self._words(outcome, failed_again, why)
        )
        skipped = tuple(Skipped(str(fate), count) for fate, count in sorted(self._skipped.items()))
        ended = replace(
            self._run, ended_at=datetime.now(UTC), outcome=outcome.value, settled=self._done, failed_again=failed_again, skipped=skipped
        )
        try:
            self._write(producer, reader, job, ended)
        except EngineError as failure:
            log.warning("the end of job %s could not be written to the audit: %s", job.id, failure)
        return result

    def _settle_all(self, reader: SoleReader, producer: HopProducer, watch: Watch) -> Outcome:
        for letters, positions in self._batches(reader):
            waited = time.monotonic()
            self._settle(reader, producer, letters, positions)
            failed = watch.look() if self._watches else 0
            self._tell(Progress(sum(self._ends.values()), self._seen, self._done, sum(self._skipped.values()), failed))
            if self._watches and self._tripped(watch):
                return Outcome.GUARD
            if self._plan.rate and letters:
                self._stopped.wait(max(0.0, len(letters) / self._plan.rate - (time.monotonic() - waited)))
            if self._stopped.is_set():
                return Outcome.STOPPED
        return Outcome.DONE

    def _batches(self, reader: SoleReader) -> Iterator[tuple[list[tuple[Letter, bytes | None]], dict[int, int]]]:
        """Letters to settle with the bytes to send, and how far each partition has been looked through."""
        if self._plan.limit and self._before >= self._plan.limit:
            return
        letters: list[tuple[Letter, bytes | None]] = []
        positions: dict[int, int] = {}
        size = 0
        unread = {number for number, end in self._ends.items() if end > 0}
        waiting: list[RawRecord] = []
        while unread or waiting:
            if not waiting:
                records, reached = reader.read()
                waiting = [record for record in records if record.offset < self._ends[record.partition]]
                for record in records:
                    if record.offset >= self._ends[record.partition] - 1:
                        unread.discard(record.partition)
                unread -= {number for number, offset in reached.items() if offset >= self._ends[number]}
                if self._stopped.is_set():
                    return
            for index, record in enumerate(waiting):
                letter = read_letter(record)
                self._seen += 1
                positions[record.partition] = record.offset + 1
                if self._wants(letter):
                    sent = self._bytes_of(letter)
                    if sent is not None:
                        letters.append(sent)
                        size += len(sent[1] or b"") + 1_000
                full = bool(self._plan.limit) and self._before + self._done + len(letters) >= self._plan.limit
                if full or len(letters) >= self._most() or size >= _BYTES_AT_ONCE:
                    waiting = waiting[index + 1 :]
                    yield letters, positions
                    letters, positions, size = [], {}, 0
                    if full:
                        return
                    break
            else:
                waiting = []
                if letters and (not unread or size > _BYTES_AT_ONCE // 2):
                    yield letters, positions
                    letters, positions, size = [], {}, 0
        if positions:
            yield letters, positions

    def _most(self) -> int:
        """Letters of the next transaction."""
        most = _AT_ONCE
        if self._plan.rate:
            most = min(most, max(1, int(self._plan.rate * _SLICE_SECONDS)))
        if self._watches and not self._sampled and self._plan.guard.sample:
            most = min(most, max(1, self._plan.guard.sample - self._done))
        return most

    def _wants(self, letter: Letter) -> bool:
        found = fate(letter, self._plan, self._settled)
        if found not in (Fate.SETTLE, Fate.NOT_SELECTED):
            self._skipped[found] += 1
        return found is Fate.SETTLE

    def _bytes_of(self, letter: Letter) -> tuple[Letter, bytes | None] | None:
        """The letter and what to send; None (and counted) where the broker's side forbids it."""
        if self._plan.action is Action.DISCARDED:
            return letter, None
        if self._sources.too_old(letter, target_of(letter, self._plan)):
            self._skipped[Fate.TOO_OLD] += 1
            return None
        if not letter.pointer or self._plan.edit is not None:
            return letter, letter.value
        found = self._sources.bytes_of(letter)
        if found is None:
            self._skipped[Fate.GONE] += 1
            return None
        return letter, found

    def _settle(
        self, reader: SoleReader, producer: HopProducer, letters: list[tuple[Letter, bytes | None]], positions: dict[int, int]
    ) -> None:
        """One transaction; where the broker refuses a record of it, one for each letter, and the letter at fault stays open."""
        try:
            self._transact(reader, producer, letters, positions)
        except RecordRefused as refusal:
            if len(letters) == 1:
                log.warning("%s is left open: the broker does not take it (%s)", letters[0][0].coordinates, refusal)
                self._skipped[Fate.REFUSED] += 1
                return
            for letter in letters:
                self._settle(reader, producer, [letter], {letter[0].partition: letter[0].offset + 1})

    def _transact(
        self, reader: SoleReader, producer: HopProducer, letters: list[tuple[Letter, bytes | None]], positions: dict[int, int]
    ) -> None:
        at = datetime.now(UTC)
        sent: list[Output] = []
        for letter, value in letters:
            sent += outputs(letter, self._plan, at, value)
            self._sources.check(target_of(letter, self._plan), letter)
        offsets = {(self._settings.topic(self._plan.topic), number): offset for number, offset in positions.items()}
        self._commit(producer, reader, sent, offsets)
        self._done += len(letters)
        self._settled.update(letter.id for letter, _ in letters)
        self._targets.update(target_of(letter, self._plan) for letter, _ in letters)

    @property
    def _watches(self) -> bool:
        return self._plan.action in _WATCHED

    def _tripped(self, watch: Watch) -> bool:
        guard = self._plan.guard
        replayed = self._before + self._done
        if not self._sampled and guard.sample and self._done >= guard.sample:
            self._sampled = True
            if not watch.await_workers(self._targets, guard.patience_seconds) and guard.patience_seconds:
                log.warning("no worker has read the first %d replays within %.0f s; going on", self._done, guard.patience_seconds)
        return guard.trips(replayed, watch.failed_again)

    def _words(self, outcome: Outcome, failed_again: int, why: str) -> str:
        done = {Action.DISCARDED: "discarded", Action.REDIRECTED: "redirected", Action.EDITED: "edited and replayed"}
        text = f"{self._done} letters of {self._plan.topic} {done.get(self._plan.action, 'replayed')}"
        if left := sum(self._skipped.values()):
            text += f", {left} left as they were ({', '.join(f'{fate}: {count}' for fate, count in sorted(self._skipped.items()))})"
        if failed_again:
            text += f", {failed_again} have failed again"
        match outcome:
            case Outcome.GUARD:
                share = f"{self._plan.guard.share:.0%}"
                text += f"; stopped, because more than {share} failed again: fix the cause, then resume job {self._plan.id}"
            case Outcome.STOPPED:
                text += f"; stopped as asked: resume job {self._plan.id}"
            case Outcome.FAILED:
                text += f"; stopped ({why}): resume job {self._plan.id}"
        return text

    def _producer(self, reader: SoleReader) -> HopProducer:
        return HopProducer(
            self._settings, "replay", reader.client_id, lambda: not self._stopped.is_set(), reader.rival, transactional_id=reader.name
        )

    def _write(self, producer: HopProducer, reader: SoleReader, job: Job, run: Run) -> None:
        self._commit(producer, reader, [entry_of(with_run(job, run))], {})

    def _commit(self, producer: HopProducer, reader: SoleReader, sent: list[Output], offsets: dict[tuple[str, int], int]) -> None:
        """One transaction, tried again while the broker aborts it. Raises `RecordRefused`, and `EngineError` where another run must look
        what happened."""
        attempt = 0
        while True:
            try:
                producer.transact((), sent, offsets, reader.membership)
                return
            except (RecordRefused, StaleGeneration):
                raise
            except TransactionAborted as abort:
                attempt += 1
                if attempt == _ATTEMPTS:
                    raise
                log.warning("job %s: transaction aborted (%s); attempt %d follows", self._plan.id, abort, attempt + 1)
                self._stopped.wait(min(0.05 * 2**attempt, 2.0))

    def _new_job(self, ends: dict[int, int], numbers: list[int]) -> Job:
        plan = self._plan
        return Job(
            plan.id,
            plan.topic,
            plan.action,
            plan.selection.to_json(),
            plan.by,
            plan.reason,
            plan.target,
            f"{plan.rate:g}",
            plan.max_replays,
            plan.limit,
            datetime.now(UTC),
            tuple(ends[number] for number in numbers),
        )

    def _log_ends(self, numbers: list[int]) -> dict[tuple[str, int], tuple[int, int]]:
        return log_ends(self._settings, [(self._settings.topic(self._plan.topic), number) for number in numbers])


def _partitions(settings: Settings, topic: str) -> list[int]:
    """Partition numbers of a topic (logical name). Raises `ReplayRefused` if it is missing."""
    name = settings.topic(topic)
    found = find_topics(connect(settings), [name])
    if name not in found:
        raise ReplayRefused(f"there is no topic {name}: check its name and MILEPOST_PREFIX, or run `milepost topics create`")
    return sorted(found[name].partitions)
