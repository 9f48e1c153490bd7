"""The day: stories, one after the other, and their records in the order of arrival."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final

import orjson

from streams.day.expectation import Expectation
from streams.day.outcome import outcome_of
from streams.day.profile import REALISTIC, Profile, Situation
from streams.day.situations import strays
from streams.day.situations.delivery import delivered_in_full
from streams.day.story import CLOSING, DAYTIME, Frame, Story, Told
from streams.day.world import CONTRACTS
from streams.topics import TERMS

__all__ = ["DEFAULT_START", "MOST_ORDERS", "Day", "generate", "recent_start"]

DEFAULT_START: Final = datetime(2026, 6, 1, tzinfo=UTC)
"""When a day begins if nobody says otherwise: fixed, so that the same seed gives the same bytes."""

MOST_ORDERS: Final = 500_000
"""Numbers have six digits for the place in the day."""

_LATE_TERMS: Final = 0.75
"""Late terms arrive when this share of the orders has begun, and at the earliest after the first deliveries."""

_DAY: Final = timedelta(days=1)


def generate(seed: int, orders: int, start: datetime = DEFAULT_START, profile: Profile = REALISTIC) -> Day:
    """A realistic day of that many orders. The same arguments give the same day, byte for byte.

    `start` is aware. Raises `ValueError` for a number of orders that is not positive or above `MOST_ORDERS`, or a naive start.
    """
    if not 0 < orders <= MOST_ORDERS:
        raise ValueError(f"orders must be 1 to {MOST_ORDERS}")
    if start.tzinfo is None:
        raise ValueError("start must have an offset, for example 2026-06-01T00:00:00Z")
    return Day(seed, orders, start.astimezone(UTC), profile)


def recent_start(now: datetime, orders: int, profile: Profile = REALISTIC) -> datetime:
    """The latest midnight (UTC) from which a day of that many orders is over, second phase included, by `now`.

    A cluster's timers run on the real clock: with this start auto-confirm days are over, while links and parked statements still live.
    """
    length = _span(orders, profile) * 1.1 + profile.until_closing
    return (now.astimezone(UTC) - length).replace(hour=0, minute=0, second=0, microsecond=0)


def _span(orders: int, profile: Profile) -> timedelta:
    return max(_DAY, _DAY * orders / profile.most_orders_a_day)


@dataclass(frozen=True, slots=True)
class Day:
    """A day that can be told any number of times. Nothing is kept: each iterator tells the stories anew."""

    seed: int
    orders: int
    start: datetime
    profile: Profile

    @property
    def span(self) -> timedelta:
        """From the first order's beginning to the last one's."""
        return _span(self.orders, self.profile)

    @property
    def closing(self) -> datetime:
        """When the second phase begins."""
        return self.start + self.span + self.profile.until_closing

    def lines(self) -> Iterator[bytes]:
        """All records as JSON lines without line ends, first phase first, each phase in the order of arrival."""
        yield from self.phase(DAYTIME)
        yield from self.phase(CLOSING)

    def phase(self, phase: int) -> Iterator[bytes]:
        """The records of one phase."""
        waiting = list(self._terms()) if phase == DAYTIME else []
        heapify(waiting)
        for story, begins in self._told(phase):
            while waiting and waiting[0][0] < begins:
                yield heappop(waiting)[3]
            for record in story.records:
                heappush(waiting, record)
        while waiting:
            yield heappop(waiting)[3]

    def expectations(self) -> Iterator[Expectation]:
        """What must have come of each order, each refused record and each parked statement once all is digested."""
        for story, _ in self._told(0):
            for order in story.orders:
                yield outcome_of(order)
            yield from story.refused
            yield from story.parked

    def stories(self) -> Iterator[Story]:
        """The stories with all their records of the first phase."""
        return (story for story, _ in self._told(DAYTIME))

    def _told(self, phase: int) -> Iterator[tuple[Story, int]]:
        """Each story with its records of a phase (0: of none), and the time in ms before which no later story has any."""
        frame = Frame(self.seed, self.start, self.span / self.orders, self.closing, self.profile.duplicates)
        deck = self.profile.deal(self.seed)
        told = slot = 0
        oversized = self.profile.oversized
        while told < self.orders:
            if oversized and told >= self.orders // 2:
                oversized -= 1
                situation: Situation = strays.oversized
            else:
                situation = next(deck)
            story = self._tell(situation, frame, told, slot, phase)
            if told + len(story.orders) > self.orders:
                story = self._tell(delivered_in_full, frame, told, slot, phase)
            yield story, frame.earliest(told, phase)
            told += len(story.orders)
            slot += 1

    def _tell(self, situation: Situation, frame: Frame, told: int, slot: int, phase: int) -> Story:
        story = Story(frame, Random(f"{self.seed} {slot}"), told, slot, phase)
        story.situation = situation.__name__
        situation(story)
        for order in story.orders:
            order.situation = story.situation
        return story

    def _terms(self) -> Iterator[Told]:
        for number, contract in enumerate(CONTRACTS):
            at = self.start + max(self.span * _LATE_TERMS, _DAY) if contract.late else self.start
            arrival = int(at.timestamp() * 1000)
            line = {"topic": TERMS, "key": contract.terms_id, "value": contract.record(self.start), "headers": {}}
            yield arrival, -1, number, orjson.dumps({**line, "timestamp": arrival, "phase": DAYTIME})
