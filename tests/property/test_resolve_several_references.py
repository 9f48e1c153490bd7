"""Whatever order links, events, duplicates, questions and answers arrive in, statements with several references reach the same orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.messages import decode
from streams.deadletter.reasons import Reason
from streams.domain.event import Event, Link
from streams.domain.ids import stable_id
from streams.domain.links import LATE_ARRIVALS_MS
from streams.domain.vocabulary import Milestone, Scope
from tests.resolving import DAY, START, TTL, Log, lineage, link, said

pytestmark = pytest.mark.property

NAMES = ("tracking:UPSN:1Z", "pro:OLDF:77", "bol:TMS:1", "container:MAEU:C1")
ORDERS = ("1000:1", "1000:2", "2000:1")


@st.composite
def events(draw: st.DrawFn) -> Event:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    names.sort(key=lambda name: name.startswith("container"))
    event = said(
        *names,
        milestone=draw(st.sampled_from([Milestone.IN_TRANSIT, Milestone.DELIVERED])),
        at=START + draw(st.integers(0, 30)) * DAY,
        scope=draw(st.sampled_from([Scope.PACKAGE, Scope.SHIPMENT])),
        lineage=lineage(draw(st.integers(0, 2))),
    )
    return replace(event, event_id=stable_id(event.event_id, *names))


@st.composite
def links(draw: st.DrawFn, orders: tuple[str, ...] = ORDERS) -> Link:
    name, order = draw(st.sampled_from(NAMES)), draw(st.sampled_from(orders))
    start, days = draw(st.integers(0, 20)), draw(st.integers(1, 30))
    package = draw(st.sampled_from(["", "P-1"])) if name.startswith("tracking") else ""
    return link(name, order, START + start * DAY, days, shipment_id=f"S-{order}", package_id=package)


def mixed(orders: tuple[str, ...] = ORDERS) -> st.SearchStrategy[list[Event | Link]]:
    return st.lists(st.one_of(events(), links(orders)), max_size=12)


def log_of(messages: list[Event | Link], data: st.DataObject) -> Log:
    """Everything at once, each key in its own order, and the keys interleaved at will."""
    log = Log(lambda waiting: data.draw(st.integers(0, waiting - 1)))
    for message in messages:
        log.tell(message, later=True)
        while data.draw(st.booleans()) and log.waiting:
            log.step()
    return log.drain()


def meant(event: Event, messages: list[Event | Link]) -> list[set[str]]:
    """By the rule itself: the orders of each reference that means any at the event's time, in the event's sequence."""
    speaking = []
    for name in event.references:
        orders = {
            each.order_id
            for each in messages
            if isinstance(each, Link) and each.reference == name and each.valid_from <= event.at.utc < each.valid_to
        }
        if orders:
            speaking.append((name, orders))
    contradicted = any(not name.startswith("container") and speaking[0][1].isdisjoint(orders) for name, orders in speaking[1:])
    return [orders for _, orders in speaking] if not contradicted else [set(), *(orders for _, orders in speaking)]


def stories(log: Log) -> dict[tuple[str, str], tuple[str, str, Scope]]:
    """The last that each order was told of each statement: what it is about."""
    return {(event.event_id, event.order_id): (event.shipment_id, event.package_id, event.scope) for event in log.events}


@settings(deadline=None, max_examples=150)
@given(mixed(ORDERS[:1]), st.data())
def test_where_nothing_contradicts_any_order_of_arrival_tells_the_same_story(messages: list[Event | Link], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(messages + data.draw(st.lists(st.sampled_from(messages), max_size=4)) if messages else messages))
    first, second = log_of(messages, data), log_of(shuffled, data)
    assert stories(first) == stories(second)
    assert first.letters == second.letters == []
    told = {event.event_id for event in messages if isinstance(event, Event) and meant(event, messages)}
    assert len(stories(first)) == len(told)


@settings(deadline=None, max_examples=150)
@given(mixed(), st.data())
def test_links_first_each_statement_reaches_what_its_most_telling_reference_means_or_is_refused(
    messages: list[Event | Link], data: st.DataObject
) -> None:
    links_first = [each for each in messages if isinstance(each, Link)]
    log = Log(lambda waiting: data.draw(st.integers(0, waiting - 1))).tell(*links_first)
    for event in messages:
        if isinstance(event, Event):
            before, refused = len(log.events), len(log.letters)
            log.tell(event)
            expected = meant(event, messages)
            reached = {told.order_id for told in log.events[before:]}
            if expected and not expected[0]:
                assert not reached
                (letter,) = log.letters[refused:]
                named = set(letter.order_ids)
                assert (letter.reason, named <= set().union(*expected)) == (Reason.REF_CONFLICT, True)
                assert sum(not named.isdisjoint(orders) for orders in expected[1:]) >= 2
            else:
                assert reached == (expected[0] if expected else set())
                assert len(log.letters) == refused


@settings(deadline=None, max_examples=150)
@given(mixed(), st.data())
def test_in_any_order_a_contradiction_is_never_passed_over(messages: list[Event | Link], data: st.DataObject) -> None:
    """What was handed on before the contradicting link came stays; but then the orders in doubt are held."""
    log = log_of(data.draw(st.permutations(messages)), data)
    held: dict[str, set[str]] = {}
    for letter in log.letters:
        assert letter.reason is Reason.REF_CONFLICT
        held.setdefault(event_of(letter.record.value or b"").event_id, set()).update(letter.order_ids)
    reached: dict[str, set[str]] = {}
    for event in log.events:
        reached.setdefault(source_of(event, messages), set()).add(event.order_id)
    for event in messages:
        if isinstance(event, Event):
            expected = meant(event, messages)
            orders = reached.get(event.event_id, set())
            if expected and expected[0]:
                assert expected[0] <= orders | held.get(event.event_id, set())
                assert orders <= set().union(*expected) | held.get(event.event_id, set())
            elif expected:
                assert held.get(event.event_id), "a contradiction that nobody heard of"


@settings(deadline=None, max_examples=100)
@given(mixed(), st.data())
def test_in_the_end_each_record_was_handed_on_or_refused_and_nothing_stays(messages: list[Event | Link], data: st.DataObject) -> None:
    log = log_of(messages, data)
    log.pass_time(START + 51 * DAY + TTL + 2 * timedelta(milliseconds=LATE_ARRIVALS_MS))
    ended = {event_of(letter.record.value or b"").event_id for letter in log.letters}
    ended |= {source_of(event, messages) for event in log.events}
    assert ended == {event.event_id for event in messages if isinstance(event, Event)}
    assert log.rows.snapshot() == ({}, frozenset())


def event_of(value: bytes) -> Event:
    message = decode(value)
    assert isinstance(message, Event)
    return message


def source_of(told: Event, messages: list[Event | Link]) -> str:
    """The statement that was handed on as this."""
    return next(
        event.event_id
        for event in messages
        if isinstance(event, Event) and stable_id("resolved", event.event_id, told.order_id) == told.event_id
    )
