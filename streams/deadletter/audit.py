"""What became of dead letters: who settled which, when, why and how. The topic `deadletter.audit`.

A letter is settled at most once, so that no settlement ever replaces another: compacted, the topic is the present state and the whole
history at once. Jobs say what was asked, and grow with each run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from streams.contracts.codec import compile_reader, compile_writer
from streams.contracts.registry import embedded
from streams.contracts.wire import WireError, prefix
from streams.deadletter.reasons import Reason

__all__ = ["Action", "AuditState", "Job", "Outcome", "Run", "Settlement", "Skipped", "decode", "encode", "key_of"]

_HEAD: Final = 5
"""Bytes before an Avro body: magic and schema id."""


class Action(StrEnum):
    """What was done with a dead letter."""

    REPLAYED = "REPLAYED"
    """Sent again as it was, where Milepost reads it."""

    EDITED = "EDITED"
    """Sent again as somebody corrected it."""

    REDIRECTED = "REDIRECTED"
    """Sent to a topic that somebody named."""

    DISCARDED = "DISCARDED"
    """Given up."""


class Outcome(StrEnum):
    """How a run of a job ended."""

    RUNNING = "RUNNING"
    """Not yet; or it was killed."""

    DONE = "DONE"
    """Every letter that was meant is settled, or left open for a reason that is told."""

    STOPPED = "STOPPED"
    """Somebody asked it to stop; it can be resumed."""

    GUARD = "GUARD"
    """It stopped by itself, because its replays fail again; it can be resumed."""

    FAILED = "FAILED"
    """The broker or the target would not; it can be resumed."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one letter. `avro/internal/dead_letter_settlement.v1.avsc` explains the fields."""

    letter_id: str
    letter_topic: str
    letter_partition: int
    letter_offset: int
    action: Action
    job_id: str
    by: str
    reason: str
    at: datetime
    target_topic: str = ""
    target_partition: int = -1
    code: str = ""
    order_ids: tuple[str, ...] = ()
    replay_count: int = 0
    replay_of: str = ""
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Letters that a run left open for one reason (`streams.replay.Fate`)."""

    fate: str
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """One process at work on a job."""

    by: str
    host: str
    """Machine and process id."""

    began_at: datetime
    ended_at: datetime | None = None
    outcome: str = Outcome.RUNNING.value
    settled: int = 0
    failed_again: int = 0
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A replay or a discard: what was asked, and each run of it. `avro/internal/dead_letter_job.v1.avsc` explains the fields."""

    id: str
    topic: str
    action: Action
    selection: str
    by: str
    reason: str
    target: str
    rate: str
    max_replays: int
    limit: int
    started_at: datetime
    ends: tuple[int, ...]
    runs: tuple[Run, ...] = ()


@dataclass(slots=True)
class AuditState:
    """All that `deadletter.audit` says."""

    settled: dict[str, Settlement] = field(default_factory=dict)
    """By letter id; a letter that is not here is open."""

    jobs: dict[str, Job] = field(default_factory=dict)

    def take(self, value: bytes | None) -> None:
        """Take in one record, in the order of its partition. What cannot be read is left out: the audit must not stop anybody's work."""
        try:
            entry = decode(value or b"")
        except WireError:
            return
        if isinstance(entry, Settlement):
            self.settled.setdefault(entry.letter_id, entry)
        else:
            self.jobs[entry.id] = entry


def key_of(entry: Settlement | Job) -> bytes:
    """Key of an entry on the topic."""
    return f"letter/{entry.letter_id}".encode() if isinstance(entry, Settlement) else f"job/{entry.id}".encode()


def encode(entry: Settlement | Job) -> bytes:
    """An entry in the wire format."""
    head, write = _WRITERS[type(entry)]
    data: bytes = head + write(entry)
    return data


def decode(data: bytes) -> Settlement | Job:
    """The entry in `data`. Raises `WireError`."""
    read = _READERS.get(data[:_HEAD])
    if read is None:
        raise WireError(Reason.UNKNOWN_SCHEMA, f"no entry of the audit starts with {data[:_HEAD].hex()}")
    entry: Settlement | Job
    try:
        entry, end = read(data, _HEAD)
    except (IndexError, KeyError, ValueError, ArithmeticError) as error:
        raise WireError(Reason.BAD_WIRE_FORMAT, f"not an entry of the audit: {type(error).__name__}: {error}") from None
    if end != len(data):
        raise WireError(Reason.BAD_WIRE_FORMAT, f"an entry of the audit ends at byte {end} of {len(data)}")
    return entry


_SCHEMAS: Final = {kind: embedded().versions(f"milepost.pipeline.{kind.__name__}") for kind in (Settlement, Job)}
_WRITERS: Final[dict[type, Any]] = {
    kind: (prefix(versions[-1].id), compile_writer(versions[-1].parsed, kind)) for kind, versions in _SCHEMAS.items()
}
_READERS: Final[dict[bytes, Any]] = {
    prefix(schema.id): compile_reader(schema.parsed, kind) for kind, versions in _SCHEMAS.items() for schema in versions
}
