"""The resolve hop on a log of its own: what it sends to itself comes back to it, in an order that the test may choose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.contracts.messages import Message, decode, encode
from streams.domain.event import Answer, Event, Inquiry, Lineage, Link, Tick
from streams.domain.ids import event_id
from streams.domain.instant import Instant, to_millis
from streams.domain.references import ReferenceRow
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.hop import DeadLetter, Emission, Output, RawRecord
from streams.hops import resolve
from streams.offline.memory import MemoryRows
from streams.topics import EVENTS, REFERENCES

__all__ = ["DAY", "START", "TTL", "Log", "lineage", "link", "said"]

DAY = timedelta(days=1)
START = datetime(2026, 6, 1, tzinfo=UTC)
TTL = 14 * DAY
HOP = resolve.hop(TTL)


def lineage(offset: int = 1, topic: str = "carrier.raw", arrived: datetime = START) -> Lineage:
    return Lineage("OLDF", "x12.214", topic, 0, offset, arrived)


def said(
    *references: str,
    milestone: Milestone = Milestone.DELIVERED,
    at: datetime = START + DAY,
    scope: Scope = Scope.SHIPMENT,
    **more: Any,
) -> Event:
    """An event that names its references only."""
    subject = event_id(references[0], milestone, Classifier.ACT, scope, at)
    fields: dict[str, Any] = {"lineage": lineage()} | more
    return Event(subject, milestone, Classifier.ACT, scope, Instant(at, at.isoformat(), 0), references=references, **fields)


def link(reference: str, order: str, valid_from: datetime = START, days: float = 60, **more: Any) -> Link:
    fields: dict[str, Any] = {"lineage": lineage(), "shipment_id": "S-1"} | more
    return Link(reference, order, valid_from, valid_from + days * DAY, **fields)


class Log:
    """`shipment.references` as one partition, and what came of it."""

    def __init__(self, choose: Callable[[int], int] = lambda waiting: 0) -> None:
        """`choose`: which of so many keys is read next."""
        self.rows = MemoryRows(HOP.codec)
        self.events: list[Event] = []
        self.letters: list[DeadLetter] = []
        self.between: list[Inquiry | Answer] = []
        """What references asked and answered each other."""

        self._choose = choose
        self._waiting: dict[bytes, list[RawRecord]] = {}
        self._offset = 0

    def tell(self, *messages: Event | Link, later: bool = False) -> Log:
        """Append messages; unless `later`, read on until nothing is left."""
        for message in messages:
            key = message.reference if isinstance(message, Link) else message.references[0]
            self._append(key.encode(), encode(message), (("traceparent", b"00-1-2-01"),))
            if not later:
                self.drain()
        return self

    @property
    def waiting(self) -> bool:
        """Whether anything is unread."""
        return bool(self._waiting)

    def drain(self) -> Log:
        while self._waiting:
            self.step()
        return self

    def step(self) -> None:
        """Read one record."""
        keys = list(self._waiting)
        self._read_next(keys[self._choose(len(keys))])

    def _read_next(self, key: bytes) -> None:
        record = self._waiting[key].pop(0)
        if not self._waiting[key]:
            del self._waiting[key]
        self._take(HOP.run(self.rows, [record]))
        self.rows.commit()

    def pass_time(self, until: datetime) -> Log:
        """Let timers fire up to this moment."""
        assert HOP.tick is not None
        while (due := self.rows.next_due()) is not None and due <= to_millis(until):
            tick = HOP.tick(*self.rows.take_due())
            assert isinstance(decode(tick.value or b""), Tick)
            self._append(tick.key or b"", tick.value or b"", ())
            self.drain()
        return self

    def row(self, reference: str) -> ReferenceRow | None:
        found = self.rows.get(reference.encode())
        assert found is None or isinstance(found, ReferenceRow)
        return found

    @property
    def orders(self) -> list[str]:
        """The orders that were told something, in that sequence."""
        return [event.order_id for event in self.events]

    def _append(self, key: bytes, value: bytes, headers: tuple[tuple[str, bytes], ...]) -> None:
        self._offset += 1
        record = RawRecord(REFERENCES, 2, self._offset, to_millis(START) + self._offset, key, value, headers)
        self._waiting.setdefault(key, []).append(record)

    def _take(self, emissions: list[Emission]) -> None:
        for emission in emissions:
            if isinstance(emission, DeadLetter):
                self.letters.append(emission)
                continue
            message: Message = decode(emission.value or b"")
            if emission.topic == EVENTS:
                assert isinstance(message, Event) and emission.key == message.order_id.encode()
                self.events.append(message)
            else:
                self._back(emission, message)

    def _back(self, output: Output, message: Message) -> None:
        assert output.topic == REFERENCES and isinstance(message, Inquiry | Answer | Link)
        assert output.key == message.reference.encode()
        if not isinstance(message, Link):
            self.between.append(message)
        self._append(output.key or b"", output.value or b"", output.headers)
