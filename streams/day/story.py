"""One story of the day: a few orders, the records that tell of them, and the truth behind them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from random import Random
from typing import Any, Final, TypeVar

import orjson

from streams.day.expectation import ExpectedDeadLetter, ExpectedParked
from streams.day.truth import Order

__all__ = ["CLOSING", "DAYTIME", "Frame", "Story", "Told"]

DAYTIME: Final = 1
"""Phase of nearly all records."""

CLOSING: Final = 2
"""Phase of what comes once all else is digested: finance's postings, and proofs of delivery that took a week."""

_HOUR: Final = 3600
_T = TypeVar("_T")

Told = tuple[int, int, int, bytes]
"""A record: when it arrives (ms since the epoch), the story's slot, its serial within the story, the JSON line. Sorts by arrival."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What all stories of a day share."""

    seed: int
    start: datetime
    spacing: timedelta
    """Between the beginnings of two orders."""

    closing: datetime
    """When the second phase begins: after all of the first, auto-confirm days included."""

    duplicates: float
    """Share of records that their channel delivers twice."""

    def earliest(self, index: int, phase: int) -> int:
        """Before this time (ms since the epoch) no record of an order in this place, or a later one, arrives."""
        begin = self.closing + index * self.spacing / 10 if phase == CLOSING else self.start + index * self.spacing
        return int(begin.timestamp() * 1000)

    @property
    def tag(self) -> str:
        """Three digits, not all zero, that tell the numbers of one seed's day from another's."""
        return f"{1 + self.seed % 999:03d}"


@dataclass(slots=True)
class Story:
    """Collects the records of one phase; the draws of chance and the truth are the same in each."""

    frame: Frame
    rng: Random
    index: int
    """How many orders of the day came before: its place in time."""

    slot: int
    """How many stories came before: all its numbers are made of this."""

    telling: int = DAYTIME
    """The phase whose records are written; the others are only thought."""

    situation: str = ""
    orders: list[Order] = field(default_factory=list)
    refused: list[ExpectedDeadLetter] = field(default_factory=list)
    parked: list[ExpectedParked] = field(default_factory=list)
    records: list[Told] = field(default_factory=list)
    phase: int = DAYTIME
    now: datetime = field(init=False)
    """The story's clock: the time at which the next thing happens."""

    _serial: int = 0
    _numbers: int = 0

    def __post_init__(self) -> None:
        begin = self.frame.start + self.index * self.frame.spacing + timedelta(seconds=1 + self.below(60))
        self.now = begin.replace(microsecond=0)

    def wait(self, least_hours: float, most_hours: float) -> None:
        """Let time pass, in whole seconds."""
        self.now += timedelta(seconds=int((least_hours + (most_hours - least_hours) * self.rng.random()) * _HOUR))

    def at(self, zone: tzinfo) -> str:
        """Now, as a clock of that zone writes it."""
        return self.now.astimezone(zone).isoformat()

    def number(self) -> str:
        """A number that nothing else of the day has, of 11 digits."""
        self._numbers += 1
        return f"{self.frame.tag}{self.slot:06d}{self._numbers:02d}"

    def order_number(self, digits: bool) -> str:
        """A number for the story's next order: ten digits, as SAP has them, or with letters."""
        number = f"{self.frame.tag}{self.slot:06d}{len(self.orders)}"
        return number if digits else f"JO-{number}"

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, but not including, the limit."""
        return int(self.rng.random() * limit)

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of these."""
        return choices[int(self.rng.random() * len(choices))]

    def message_id(self) -> str:
        """Id for a record that will be looked for among the dead letters."""
        return f"m-{self.number()}"

    def close_the_books(self) -> None:
        """From here on records arrive in the second phase."""
        self.phase = CLOSING

    def say(
        self,
        topic: str,
        key: str,
        value: Mapping[str, Any] | str | bytes | None,
        minutes: float,
        headers: Mapping[str, str] | None = None,
        *,
        hours_late: float = 0.0,
        once: bool = False,
    ) -> None:
        """A record about what happens now, arriving up to so many minutes later; perhaps twice, unless `once`."""
        arrival = self._arrival(minutes, hours_late)
        repeat = not once and self.rng.random() < self.frame.duplicates
        again = self._arrival(minutes * 3 + 1, hours_late) if repeat else 0
        if self.phase != self.telling:
            return
        line: dict[str, Any] = {
            "topic": topic,
            "key": key,
            "value": {"$base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value,
            "headers": headers or {},
        }
        self._append(line, arrival)
        if repeat:
            self._append(line, max(arrival + 1, again))

    def _arrival(self, minutes: float, hours_late: float) -> int:
        delay = int((self.rng.random() * minutes + hours_late * 60) * 60_000) + 50
        if self.phase == CLOSING:
            return self.frame.earliest(self.index, CLOSING) + self._serial
        return int(self.now.timestamp() * 1000) + delay

    def _append(self, line: dict[str, Any], arrival: int) -> None:
        line["timestamp"] = arrival
        line["phase"] = self.phase
        self._serial += 1
        # A copy of its own size: what orjson returns keeps a larger buffer, and these bytes wait for a day (70 MB in place of 320).
        self.records.append((arrival, self.slot, self._serial, bytes(memoryview(orjson.dumps(line)))))
