"""What is asked of a replay, and what becomes of each letter by it. No broker here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import uuid4

from streams.deadletter.audit import Action, Outcome
from streams.deadletter.letter import Letter
from streams.deadletter.selection import Selection
from streams.errors import ConfigurationError, MilepostError
from streams.topics import REPLAYED, replay_topic

__all__ = ["Edit", "Fate", "Guard", "Plan", "Progress", "ReplayRefused", "Result", "TellProgress", "fate", "target_of"]

_LONGEST_REASON: Final = 500
_REPLAYABLE: Final = frozenset(REPLAYED.values())


class ReplayRefused(MilepostError):
    """The job cannot be done like this; nothing was sent by this run, or nothing more is."""


class Fate(StrEnum):
    """What a job does with a letter, or why it leaves it as it is."""

    SETTLE = "SETTLE"
    """It is replayed, redirected or discarded, as the job says."""

    NOT_SELECTED = "NOT_SELECTED"
    SETTLED = "SETTLED"
    """It was settled before; that happens once."""

    EXHAUSTED = "EXHAUSTED"
    """It was replayed as often as is allowed and failed each time."""

    NO_TARGET = "NO_TARGET"
    """Its source topic is not Milepost's to replay: name a target."""

    TOO_OLD = "TOO_OLD"
    """The target keeps records for a shorter time than this one's age: the broker could remove it before it is read."""

    GONE = "GONE"
    """A pointer whose bytes are not at the source coordinates any more."""

    REFUSED = "REFUSED"
    """The broker does not take it: too large for the target, mostly."""


@dataclass(frozen=True, slots=True)
class Guard:
    """When a replay stops by itself, because what it sends fails again."""

    share: float = 0.5
    """Of what was replayed so far; 1 or more: never."""

    least: int = 10
    """Failures below this number stop nothing."""

    sample: int = 100
    """So many letters go first; the rest follows once the workers have read them and most of them stayed well. 0: no sample."""

    patience_seconds: float = 10.0
    """How long to wait for the workers to read the sample, and at the end what else was sent. 0: not at all."""

    def trips(self, replayed: int, failed: int) -> bool:
        """Whether to stop."""
        return failed >= self.least and failed > self.share * replayed


@dataclass(frozen=True, slots=True)
class Edit:
    """What the record is to be in place of what was refused."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    """The source record's own; ours are added."""

    difference: str = ""
    """Words for the audit: a diff of what is readable."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A job on the letters of one dead-letter topic. Raises `ConfigurationError` for what can never be done."""

    topic: str
    """The dead-letter topic (logical name)."""

    action: Action
    by: str
    reason: str
    selection: Selection = Selection()  # noqa: RUF009 - frozen
    target: str = ""
    """Logical name; empty: `<source topic>.replay`, which Milepost alone reads."""

    rate: float = 0.0
    """Letters a second at most; 0: no limit."""

    max_replays: int = 3
    """A letter that was replayed so often before is left where it is."""

    limit: int = 0
    """At most so many letters; 0: all."""

    guard: Guard = Guard()
    edit: Edit | None = None
    id: str = field(default_factory=lambda: str(uuid4()))

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise ConfigurationError("a replay or a discard needs a name and a reason: the audit keeps both")
        if len(self.reason) > _LONGEST_REASON:
            raise ConfigurationError(f"the reason has {len(self.reason)} characters: at most {_LONGEST_REASON} fit into a header")
        if self.target.endswith(".dlq") or self.target == self.topic:
            raise ConfigurationError(f"{self.target} keeps dead letters: a replay into it would only move them; name another topic")
        if (self.action is Action.REDIRECTED) != bool(self.target):
            raise ConfigurationError("a target is named for a redirected replay, and for no other")
        if (self.action is Action.EDITED) != (self.edit is not None):
            raise ConfigurationError("an edit comes with what the record is to be, and nothing else does")
        if self.edit is not None and len(self.selection.ids) != 1:
            raise ConfigurationError("an edit is for one letter: select it by its id")
        if self.rate < 0 or self.max_replays < 1 or self.limit < 0:
            raise ConfigurationError("rate and limit are not negative, and a record may be replayed at least once")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    total: int
    """Offsets of the dead-letter topic that this job looks through; markers of transactions count too."""

    seen: int
    settled: int
    skipped: int
    failed_again: int


TellProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended."""

    job_id: str
    action: Action
    outcome: Outcome
    settled: int
    """By this run."""

    failed_again: int
    """Replays of this job that have come back as new letters so far."""

    skipped: Counter[Fate]
    """Selected letters that are left as they were."""

    words: str
    """One line for a person."""


def target_of(letter: Letter, plan: Plan) -> str:
    """Logical name of the topic to which the plan sends a letter; empty where it has none."""
    if plan.action is Action.DISCARDED:
        return ""
    if plan.target:
        return plan.target
    source = REPLAYED.get(letter.source_topic, letter.source_topic)
    return replay_topic(source) if source in _REPLAYABLE else ""


def fate(letter: Letter, plan: Plan, settled: Container[str]) -> Fate:
    """What the plan does with a letter, as far as that can be said without the broker. `settled` holds ids of letters."""
    if not plan.selection.matches(letter):
        return Fate.NOT_SELECTED
    if letter.id in settled:
        return Fate.SETTLED
    if plan.action is Action.DISCARDED:
        return Fate.SETTLE
    if not target_of(letter, plan):
        return Fate.NO_TARGET
    if letter.replay_count >= plan.max_replays:
        return Fate.EXHAUSTED
    return Fate.SETTLE
