"""Several channels tell one minute in seconds and in whole minutes: one milestone, whatever comes first, twice, or is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.rows import ORDER_ROWS
from streams.domain.event import Event
from streams.domain.facts import fact_of, milestone_id
from streams.domain.ids import stable_id
from streams.domain.order import OrderRow
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone
from tests.unit.domain.telling import (
    ORDER_ID,
    ToldOrder,
    day,
    delivered,
    exception,
    exception_over,
    happened,
    in_transit,
    issued,
    released,
    retracted,
    terms,
)

pytestmark = pytest.mark.property

_RELEASED = released({"10": 40})
_at = st.builds(
    lambda minute, seconds: day(3, f"12:0{minute}") + timedelta(seconds=seconds), st.integers(0, 1), st.sampled_from([0, 0, 10.25, 40])
)


def _by(event: Event, channel: str) -> Event:
    """As a channel tells it: under an id of its own."""
    return replace(event, event_id=stable_id(channel, event.event_id))


_events = st.builds(
    _by,
    st.one_of(
        st.builds(delivered, _at, st.just("S1")),
        st.builds(happened, st.just(Milestone.DELIVERED), _at, shipment=st.just("S1"), package=st.sampled_from(["P1", "P2"])),
        st.builds(in_transit, _at, st.just("S1")),
        st.builds(exception, _at, st.just("A"), st.just(Effect.BILLING_BLOCK)),
        st.builds(exception_over, _at, st.just("A")),
        st.builds(
            happened, st.just(Milestone.ETA_UPDATED), _at, shipment=st.just("S1"), classifier=st.just(Classifier.EST), ingested_at=_at
        ),
        st.builds(issued, _at, st.sampled_from([{"10": 1}, {"10": 2}]), st.just("S1")),
    ),
    st.sampled_from(["webhook", "poll", "edi"]),
)


@st.composite
def _told(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """A story, and the same story in another order and with repetitions."""
    told = draw(st.lists(_events, min_size=1, max_size=10))
    told += [retracted(event) for event in draw(st.lists(st.sampled_from(told), max_size=2))]
    return told, draw(st.permutations(told + draw(st.lists(st.sampled_from(told), max_size=4))))


def _order(told: list[Event], *, stored: bool = False) -> ToldOrder:
    order = ToldOrder(terms(Trigger.ON_DELIVERY)).hears(_RELEASED)
    for event in told:
        order.hears(event)
        if stored:
            row = ORDER_ROWS.decode(ORDER_ROWS.encode(order.row))
            assert isinstance(row, OrderRow)
            order.row = row
    return order


def _known(order: ToldOrder) -> dict[object, object]:
    """What the row knows, without the order in which it came to know it."""
    assert order.row is not None
    return {
        fact.key: (fact.at, fact.told, frozenset(zip(fact.ids, fact.times or (fact.at,) * len(fact.ids), strict=True)))
        for fact in order.row.facts
    }


@given(_told())
def test_facts_times_and_milestones_do_not_depend_on_what_came_first(told: tuple[list[Event], list[Event]]) -> None:
    one, other = (_order(story) for story in told)
    assert _known(one) == _known(other)
    assert {reached.milestone_id for reached in one.milestones} == {reached.milestone_id for reached in other.milestones}
    assert one.row is not None and one.row.status is not None and other.row is not None and other.row.status is not None
    assert (one.row.status.shipments, one.row.status.open_exceptions) == (other.row.status.shipments, other.row.status.open_exceptions)
    assert (one.row.hold, one.row.status.last_event_at) == (other.row.hold, other.row.status.last_event_at)


@given(_told())
def test_each_fact_is_said_once_and_every_telling_is_remembered(told: tuple[list[Event], list[Event]]) -> None:
    order = _order(told[1])
    assert order.row is not None
    assert len(order.milestones) == len({reached.milestone_id for reached in order.milestones}) == len(order.row.facts)
    assert {reached.milestone_id for reached in order.milestones} == {milestone_id(ORDER_ID, fact) for fact in order.row.facts}
    assert {event.event_id for event in told[1]} <= {event_id for fact in order.row.facts for event_id in fact.ids}
    assert {fact_of(event).key for event in told[1]} <= {fact.key for fact in order.row.facts}


@given(_told())
def test_a_stored_row_goes_on_as_one_in_memory(told: tuple[list[Event], list[Event]]) -> None:
    assert _order(told[1], stored=True).row == _order(told[1]).row
