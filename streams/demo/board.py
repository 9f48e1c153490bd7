"""What the output topics have said so far, counted as a spectator would."""

from __future__ import annotations

import time
from collections import Counter, deque
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from streams.day.found import Found
from streams.hop import RawRecord
from streams.readable import orders_of, said
from streams.topics import DEAD_LETTERED, OUTPUTS, STATUS, dead_letter_topic

__all__ = ["FOLLOWED", "Board"]

FOLLOWED: Final = (*OUTPUTS, *map(dead_letter_topic, DEAD_LETTERED))
"""The topics that the board counts."""

_RATE_OVER_SECONDS: Final = 3.0
_IN_THE_TIMELINE: Final = frozenset(FOLLOWED) - {STATUS}


class Board:
    """Counts by kind, how fast records come, and the timeline of one order."""

    def __init__(self, watched_order: str) -> None:
        self.watched_order = watched_order
        self.found = Found()
        self.outputs = 0
        self.timeline: list[tuple[datetime, str, str]] = []
        """Of the watched order: when we heard it, topic, what was said."""

        self.last_heard = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque()

    def take(self, records: list[RawRecord]) -> None:
        """Count what came."""
        if not records:
            return
        self.last_heard = time.monotonic()
        self._recent.append((self.last_heard, len(records)))
        self.outputs += len(records)
        now = datetime.now(UTC)
        for record in records:
            self.found.take(record.topic, record.key, record.value, record.headers)
            if record.topic in _IN_THE_TIMELINE and self.watched_order in orders_of(record):
                self.timeline.append((now, record.topic, said(record)))

    @property
    def rate(self) -> float:
        """Output records a second, over the last few seconds."""
        begin = time.monotonic() - _RATE_OVER_SECONDS
        while self._recent and self._recent[0][0] < begin:
            self._recent.popleft()
        return sum(count for _, count in self._recent) / _RATE_OVER_SECONDS

    @property
    def milestones(self) -> Counter[str]:
        """Milestones by kind."""
        return sum((order.milestones for order in self.found.orders.values()), Counter())

    @property
    def decisions(self) -> Counter[str]:
        """Invoice decisions by kind."""
        return sum((order.decisions for order in self.found.orders.values()), Counter())

    @property
    def released(self) -> dict[str, Decimal]:
        """Net released amount by currency."""
        amounts: dict[str, Decimal] = {}
        for order in self.found.orders.values():
            if order.amount:
                amounts[order.currency] = amounts.get(order.currency, Decimal(0)) + order.amount
        return dict(sorted(amounts.items()))

    @property
    def holds(self) -> Counter[str]:
        """Orders that are held now, by each reason."""
        return Counter(code for order in self.found.orders.values() for code in order.holds)

    @property
    def held(self) -> int:
        """Orders that are held now."""
        return sum(bool(order.holds) for order in self.found.orders.values())

    @property
    def refusals(self) -> Counter[str]:
        """Dead letters by reason."""
        return Counter(letter.reason for letter in self.found.dead_letters)
