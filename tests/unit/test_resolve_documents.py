"""The resolve hop and documents: snapshots are compared, announcements wait for the snapshot that holds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from streams.contracts.messages import decode, encode
from streams.deadletter.reasons import Reason
from streams.domain.event import Announcement, Claim, Event, Lineage, LineQuantity, Snapshot, Tick
from streams.domain.instant import Instant, to_millis
from streams.domain.references import MOST_WAITING
from streams.domain.snapshots import CLOCKS_DIFFER_MS, KEPT_MS
from streams.domain.vocabulary import Milestone
from streams.hop import DeadLetter, Output, RawRecord
from streams.hops import resolve
from streams.offline import Runner
from streams.topics import EVENTS, REFERENCES

NINE = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
TTL = timedelta(days=14)
KEY = "snapshot:S4:OUTBOUNDDELIVERY/1"


def moment(minutes: float) -> Instant:
    at = NINE + timedelta(minutes=minutes)
    return Instant(at, at.isoformat(), 0)


def lineage(minutes: float) -> Lineage:
    return Lineage("S4", "sap", "erp.raw", 0, int(minutes), NINE + timedelta(minutes=minutes))


def announced(minutes: float) -> Announcement:
    return Announcement(KEY, moment(minutes), lineage(minutes))


def snapshot(minutes: float, issued: int) -> Snapshot:
    lines = (LineQuantity("10", Decimal(issued)),)
    return Snapshot(KEY, moment(minutes), (Claim(Milestone.GOODS_ISSUED, "1000:1", moment(0), "1", lines=lines),), lineage(minutes), "00-a")


class Told:
    def __init__(self) -> None:
        self.hop = Runner(resolve.hop(TTL))
        self.offset = 0

    def __call__(self, message: Announcement | Snapshot | Tick) -> list[Output | DeadLetter]:
        self.offset += 1
        return self.hop.run([RawRecord(REFERENCES, 2, self.offset, to_millis(NINE), KEY.encode(), encode(message), (("h", b"1"),))])

    def ticked(self) -> list[Output | DeadLetter]:
        """What happens when the next due mark's time has come."""
        when, key = self.hop.rows.take_due()
        assert self.hop.hop.tick is not None
        tick = self.hop.hop.tick(when, key)
        self.offset += 1
        return self.hop.run([RawRecord(REFERENCES, 2, self.offset, when, tick.key, tick.value)])


def test_a_snapshot_sends_what_differs_to_the_order_with_the_headers_of_its_record() -> None:
    told = Told()
    (output,) = told(snapshot(1, 4))
    assert isinstance(output, Output)
    event = decode(output.value or b"")
    assert isinstance(event, Event)
    assert (output.topic, output.key, output.headers, output.timestamp) == (EVENTS, b"1000:1", (("h", b"1"),), to_millis(NINE))
    assert (event.milestone, event.references, event.traceparent) == (Milestone.GOODS_ISSUED, (KEY,), "00-a")
    assert told(snapshot(2, 4)) == []


def test_an_announcement_that_the_snapshot_holds_waits_no_longer() -> None:
    told = Told()
    assert told(announced(1)) == []
    assert len(told(snapshot(2, 4))) == 1
    assert told(announced(1)) == [], "told again"
    assert told(announced(2 + CLOCKS_DIFFER_MS / 60_000)) == [], "announced a moment after it was made"
    assert told.hop.rows.next_due() == to_millis(NINE + timedelta(minutes=2)) + KEPT_MS, "only the document is kept"


def test_an_announcement_that_no_snapshot_holds_is_refused_with_its_record_when_its_time_is_over() -> None:
    told = Told()
    told(snapshot(1, 4))
    assert told(announced(30)) == []
    assert told(announced(30)) == [], "the same announcement, sent again"
    (letter,) = told.ticked()
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.record.value, letter.record.offset) == (Reason.SNAPSHOT_MISSING, encode(announced(30)), 2)
    assert "was said to have changed, and no snapshot of it came by 2026-06-15T09:30:00" in letter.message


def test_a_dead_letter_that_is_replayed_after_the_snapshot_came_says_nothing() -> None:
    told = Told()
    told(announced(30))
    (letter,) = told.ticked()
    assert isinstance(letter, DeadLetter)
    told(snapshot(60, 4))
    assert told(announced(30)) == []


def test_announcements_without_end_are_refused() -> None:
    told = Told()
    for minute in range(MOST_WAITING):
        assert told(announced(minute)) == []
    (letter,) = told(announced(MOST_WAITING))
    assert isinstance(letter, DeadLetter)
    assert letter.reason is Reason.SNAPSHOT_MISSING


def test_a_document_is_forgotten_in_the_end() -> None:
    told = Told()
    told(snapshot(1, 4))
    assert told.ticked() == []
    assert told.hop.rows.snapshot() == ({}, frozenset())
