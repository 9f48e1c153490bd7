"""`deadletter.audit` as a job needs it: read to its true end, and written by the job's own transactions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from streams.contracts.wire import WireError
from streams.deadletter.audit import Job, Run, Settlement, decode, encode, key_of
from streams.domain.instant import to_millis
from streams.engine.offsets import log_ends
from streams.hop import Output
from streams.settings import Settings
from streams.topics import AUDIT
from streams.verify.reader import TopicReader

__all__ = ["Journal", "entry_of", "find_job", "read_journal", "with_run"]

_LETTER = b"letter/"


@dataclass(frozen=True, slots=True)
class Journal:
    """What was settled before."""

    settled: set[str]
    """Ids of letters."""

    by_job: int
    """How many of them by the job in question."""

    job: Job | None
    """The job, if it ran before."""


def read_journal(settings: Settings, partitions: Iterable[int], topic: str, job_id: str) -> Journal:
    """What is settled of a dead-letter topic (logical name), by whom ever.

    Reads up to the log's end, not only to the end of what is stable: while another topic's replay has a transaction open, the latest
    entries of this one's predecessor are behind it. Raises `MilepostError` if that transaction does not end within a minute.
    """
    settled: set[str] = set()
    by_job = 0
    job = None
    numbers = list(partitions)
    ends = {number: last for (_, number), (_, last) in log_ends(settings, [(settings.topic(AUDIT), number) for number in numbers]).items()}
    reader = TopicReader(settings, AUDIT, dict.fromkeys(numbers, 0), ends)
    try:
        while not reader.done:
            for record in reader.read():
                try:
                    entry = decode(record.value or b"")
                except WireError:
                    if record.key is not None and record.key.startswith(_LETTER):
                        settled.add(record.key[len(_LETTER) :].decode(errors="replace"))
                    continue
                if isinstance(entry, Settlement):
                    if entry.letter_topic == topic:
                        settled.add(entry.letter_id)
                        by_job += entry.job_id == job_id
                elif entry.id == job_id:
                    job = entry
    finally:
        reader.close()
    return Journal(settled, by_job, job)


def find_job(settings: Settings, partitions: Iterable[int], job_id: str) -> Job | None:
    """A job by its id, or None if the audit knows none."""
    return read_journal(settings, partitions, "", job_id).job


def entry_of(job: Job) -> Output:
    """The record that says how a job stands."""
    return Output(AUDIT, key_of(job), encode(job), timestamp=to_millis(datetime.now(UTC)))


def with_run(job: Job, run: Run) -> Job:
    """The job with this run as its latest."""
    runs = job.runs[:-1] if job.runs and job.runs[-1].began_at == run.began_at else job.runs
    return replace(job, runs=(*runs, run))
