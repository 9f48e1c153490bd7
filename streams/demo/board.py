"""What the output topics have said so far, counted as a spectator would."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from streams.contracts.outputs import read
from streams.day import Actual
from streams.day.compare import SeenDeadLetter
from streams.deadletter import headers as dead_letter_headers
from streams.domain.instant import from_millis
from streams.hop import RawRecord
from streams.readable import said
from streams.topics import EVENTS, HOLDS, MILESTONES, RAW_TOPICS, REFERENCES, RELEASES, STATUS, TERMS, dead_letter_topic

__all__ = ["FOLLOWED", "Board"]

_EMITTED: Final = (MILESTONES, STATUS, RELEASES, HOLDS)
FOLLOWED: Final = (*_EMITTED, *(dead_letter_topic(topic) for topic in (*RAW_TOPICS, TERMS, REFERENCES, EVENTS)))
"""The topics that the board counts."""

_RATE_OVER_SECONDS: Final = 3.0
_TIMELINE_LENGTH: Final = 40


class Board:
    """Counts by kind, the latest of each order, and the timeline of one order."""

    def __init__(self, watched_order: str) -> None:
        self.watched_order = watched_order
        self.outputs = 0
        self.orders: dict[str, Actual] = {}
        self.milestones: Counter[str] = Counter()
        self.decisions: Counter[str] = Counter()
        self.amounts: dict[tuple[str, str], Decimal] = {}
        """Sum by decision and currency."""

        self.dead_letters: list[SeenDeadLetter] = []
        self.refusals: Counter[str] = Counter()
        """Dead letters by reason."""

        self.timeline: deque[tuple[datetime, str, str]] = deque(maxlen=_TIMELINE_LENGTH)
        """Of the watched order: log time, topic, what was said."""

        self.last_heard = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque()

    def take(self, records: list[RawRecord]) -> None:
        """Count what came."""
        if not records:
            return
        self.last_heard = time.monotonic()
        self._recent.append((self.last_heard, len(records)))
        self.outputs += len(records)
        for record in records:
            if record.topic in _EMITTED:
                self._take_output(record)
            else:
                self._take_dead_letter(record)

    @property
    def rate(self) -> float:
        """Output records a second, over the last few seconds."""
        begin = time.monotonic() - _RATE_OVER_SECONDS
        while self._recent and self._recent[0][0] < begin:
            self._recent.popleft()
        return sum(count for _, count in self._recent) / _RATE_OVER_SECONDS

    @property
    def holds(self) -> Counter[str]:
        """Orders that are held now, by each reason."""
        return Counter(code for actual in self.orders.values() for code in actual.holds)

    @property
    def held(self) -> int:
        """Orders that are held now."""
        return sum(bool(actual.holds) for actual in self.orders.values())

    def money(self) -> Iterator[tuple[str, int, str]]:
        """(decision, records, amounts by currency) in a fixed order."""
        for decision, count in sorted(self.decisions.items()):
            sums = [f"{amount:,.2f} {currency}" for (kind, currency), amount in sorted(self.amounts.items()) if kind == decision]
            yield decision, count, ", ".join(sums)

    def _take_output(self, record: RawRecord) -> None:
        order = (record.key or b"").decode(errors="replace")
        value = read(record.topic, record.value or b"")
        self.orders.setdefault(order, Actual()).take(record.topic, value)
        if record.topic == MILESTONES:
            self.milestones[value["milestone"]] += 1
        elif record.topic == RELEASES:
            decision, currency = value["decision"], value["currency"]
            self.decisions[decision] += 1
            self.amounts[decision, currency] = self.amounts.get((decision, currency), Decimal(0)) + value["amount"]
        if order == self.watched_order:
            self.timeline.append((from_millis(record.timestamp), record.topic, said(record)))

    def _take_dead_letter(self, record: RawRecord) -> None:
        fields = dead_letter_headers.read(record.headers)
        named = dict(record.headers).get("message-id", record.key or b"").decode(errors="replace")
        reason, order = fields.get(dead_letter_headers.CODE, "?"), fields.get(dead_letter_headers.ORDER_ID, "")
        self.dead_letters.append(SeenDeadLetter(record.topic, named, reason, order))
        self.refusals[reason] += 1
        if order == self.watched_order:
            self.timeline.append((from_millis(record.timestamp), record.topic, said(record)))
