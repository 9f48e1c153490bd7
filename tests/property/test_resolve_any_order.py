"""Whatever order links and events of a reference arrive in, the same events reach the same orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.messages import decode, encode
from streams.domain.event import Event, Lineage, Link
from streams.domain.ids import event_id
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.hop import DeadLetter, Output, RawRecord
from streams.hops import resolve
from streams.offline.memory import MemoryRows
from streams.topics import REFERENCES

pytestmark = pytest.mark.property

START = datetime(2026, 1, 1, tzinfo=UTC)
HOP = resolve.hop(timedelta(days=14))
REFERENCES_USED = ("tracking:UPSN:1Z01", "pro:OLDF:77")
LINEAGE = Lineage("S", "f", "t", 0, 0, START)


@st.composite
def events(draw: st.DrawFn) -> Event:
    reference = draw(st.sampled_from(REFERENCES_USED))
    milestone = draw(st.sampled_from([Milestone.IN_TRANSIT, Milestone.DELIVERED, Milestone.POD_RECEIVED]))
    at = START + timedelta(days=draw(st.integers(0, 40)))
    return Event(
        event_id(reference, milestone, Classifier.ACT, Scope.PACKAGE, at),
        milestone,
        Classifier.ACT,
        Scope.PACKAGE,
        Instant(at, at.isoformat(), 0),
        LINEAGE,
        references=(reference,),
    )


@st.composite
def links(draw: st.DrawFn) -> Link:
    order = draw(st.sampled_from(["1000:1", "1000:2", "2000:1"]))
    start = START + timedelta(days=draw(st.integers(0, 30)))
    days = draw(st.integers(1, 30))
    return Link(draw(st.sampled_from(REFERENCES_USED)), order, start, start + timedelta(days=days), LINEAGE, shipment_id=f"S-{order}")


said = st.lists(st.one_of(events(), links()), max_size=14)


def reached(messages: list[Event | Link], batch: int) -> set[tuple[str, str, str, str]]:
    """What the orders are told when the messages come in this order and in batches of this size."""
    rows = MemoryRows(HOP.codec)
    found = set()
    records = [
        RawRecord(REFERENCES, 0, offset, 1_780_000_000_000, key.encode(), encode(message))
        for offset, message in enumerate(messages)
        for key in [message.reference if isinstance(message, Link) else message.references[0]]
    ]
    for start in range(0, len(records), batch):
        for emission in HOP.run(rows, records[start : start + batch]):
            assert isinstance(emission, Output), emission
            event = decode(emission.value or b"")
            assert isinstance(event, Event)
            found.add((event.event_id, event.order_id, event.shipment_id, event.scope))
        rows.commit()
    return found


def expected(messages: list[Event | Link]) -> set[tuple[str, str]]:
    """By the rule itself: each event, each order whose window holds the event's time."""
    return {
        (event.event_id, link.order_id)
        for event in messages
        if isinstance(event, Event)
        for link in messages
        if isinstance(link, Link) and link.reference in event.references and link.valid_from <= event.at.utc < link.valid_to
    }


@settings(deadline=None, max_examples=300)
@given(said, st.data())
def test_any_order_of_links_and_events_reaches_the_same_orders(messages: list[Event | Link], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(messages))
    batch = data.draw(st.integers(1, 5))
    found = reached(messages, 1)
    assert reached(shuffled, batch) == found
    assert len(found) == len(expected(messages))


@settings(deadline=None, max_examples=200)
@given(said, st.data())
def test_repeating_any_of_them_reaches_nobody_else(messages: list[Event | Link], data: st.DataObject) -> None:
    repeated = messages + data.draw(st.lists(st.sampled_from(messages), max_size=6)) if messages else []
    assert reached(repeated, 3) == reached(messages, 1)


@settings(deadline=None, max_examples=200)
@given(said)
def test_in_the_end_each_event_has_reached_an_order_or_is_refused_and_nothing_stays(messages: list[Event | Link]) -> None:
    rows = MemoryRows(HOP.codec)
    lapsed = set()
    told: set[str] = {message.event_id for message in messages if isinstance(message, Event)}
    assert HOP.tick is not None
    for offset, message in enumerate(messages):
        key = message.reference if isinstance(message, Link) else message.references[0]
        for emission in HOP.run(rows, [RawRecord(REFERENCES, 0, offset, 0, key.encode(), encode(message))]):
            assert isinstance(emission, Output)
    matched = {event for event, _ in expected(messages)}
    rows.commit()
    while rows.next_due() is not None:
        tick = HOP.tick(*rows.take_due())
        for emission in HOP.run(rows, [RawRecord(REFERENCES, 0, 99, tick.timestamp, tick.key, tick.value)]):
            assert isinstance(emission, DeadLetter)
            event = decode(emission.record.value or b"")
            assert isinstance(event, Event)
            assert event.event_id not in lapsed
            lapsed.add(event.event_id)
        rows.commit()
    assert lapsed == told - matched
    assert rows.snapshot() == ({}, frozenset())
