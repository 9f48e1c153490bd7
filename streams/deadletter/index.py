"""Read the dead letters of a cluster, with what became of each.

Everything is read afresh each time: the topics are the truth, and 100,000 letters take a few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from streams.admin import connect
from streams.deadletter.audit import AuditState, Settlement
from streams.deadletter.letter import Letter, read_letter
from streams.deadletter.selection import Selection
from streams.errors import ConfigurationError, MilepostError
from streams.reading import Progress, read_records
from streams.settings import Settings
from streams.topics import AUDIT, dead_letter_topic

__all__ = ["OPEN", "Found", "Index", "Wanted", "letter_topics"]

OPEN: Final = "OPEN"
"""State of a letter that nobody has settled; other states are the names of `Action`."""

_ALL: Final = Selection()


@dataclass(frozen=True, slots=True)
class Found:
    """A letter and what became of it."""

    letter: Letter
    settlement: Settlement | None

    @property
    def state(self) -> str:
        return OPEN if self.settlement is None else self.settlement.action.value


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters somebody asks for. `topics` are names or patterns of dead-letter topics, empty for all; `states` empty for any."""

    topics: tuple[str, ...] = ()
    selection: Selection = _ALL
    states: frozenset[str] = frozenset({OPEN})
    families: frozenset[str] = frozenset()

    def matches(self, found: Found) -> bool:
        return (
            (not self.states or found.state in self.states)
            and (not self.families or found.letter.family in self.families)
            and self.selection.matches(found.letter)
        )


class Index:
    """The dead letters of an installation. Raises `BrokerUnreachable`, and `ConfigurationError` for a topic that is not there."""

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        self._settings = settings
        self._progress = progress
        self.audit = AuditState()
        if AUDIT in _existing(settings):
            for record in read_records(settings, [AUDIT]):
                self.audit.take(record.value)

    def letters(self, wanted: Wanted) -> Iterator[Found]:
        """The letters that are wanted: topic by topic and partition by partition mixed, in offset order within each partition."""
        settled = self.audit.settled
        matches = wanted.matches
        for record in read_records(self._settings, letter_topics(self._settings, wanted.topics), self._progress):
            letter = read_letter(record)
            found = Found(letter, settled.get(letter.id))
            if matches(found):
                yield found

    def one(self, name: str, topics: tuple[str, ...] = ()) -> Found:
        """The letter with this id, the beginning of an id, or `topic-partition@offset`.

        Raises `MilepostError` if there is none, or more than one.
        """
        matching = [
            found
            for found in self.letters(Wanted(topics, states=frozenset()))
            if found.letter.id.startswith(name) or found.letter.coordinates == name
        ]
        exact = [found for found in matching if name in (found.letter.id, found.letter.coordinates)]
        matching = exact or matching
        if not matching:
            raise MilepostError(f"there is no dead letter {name}: `milepost dlq list --state any` shows all; --topic names other topics")
        if len(matching) > 1:
            raise MilepostError(
                f"{len(matching)} dead letters are called {name}, such as {matching[0].letter.coordinates} and "
                f"{matching[1].letter.coordinates}: name one by its coordinates"
            )
        return matching[0]


def letter_topics(settings: Settings, patterns: Sequence[str] = ()) -> list[str]:
    """Logical names of the dead-letter topics that are meant: every existing `….dlq` of this installation, or what the names and patterns
    (`*` and `?`) fit. A name may be given without `.dlq`, and any topic may be named: those of other systems have their own names.

    Raises `BrokerUnreachable`, and `ConfigurationError` where a name fits nothing.
    """
    existing = _existing(settings)
    if not patterns:
        return sorted(name for name in existing if name.endswith(dead_letter_topic("")))
    chosen: dict[str, None] = {}
    for pattern in patterns:
        fitting = [name for name in (dead_letter_topic(pattern), pattern) if name in existing][:1]
        fitting = fitting or sorted(name for name in existing if fnmatchcase(name, pattern))
        if not fitting:
            raise ConfigurationError(f"there is no topic {pattern} or {dead_letter_topic(pattern)}: check its name and MILEPOST_PREFIX")
        chosen.update(dict.fromkeys(fitting))
    return list(chosen)


def _existing(settings: Settings) -> set[str]:
    names = connect(settings).list_topics(timeout=20).topics
    return {settings.logical(name) for name in names if name.startswith(settings.prefix)}
