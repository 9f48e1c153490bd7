"""Exceptions and findings in any order of arrival, told twice, stored in between: what is open is a matter of facts and time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.rows import ORDER_ROWS
from streams.domain.event import Event, Tick
from streams.domain.order import OrderRow
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Milestone
from streams.domain.watch.patience import PATIENCE
from streams.domain.watch.watching import QUIET, TurnKind
from tests.unit.domain.telling import (
    NEVER,
    ORDER_ID,
    START,
    ToldOrder,
    day,
    delivered,
    exception,
    exception_over,
    happened,
    issued,
    picked,
    planned,
    posted,
    proven,
    released,
    terms,
)

pytestmark = pytest.mark.property

BY_FACTS = replace(PATIENCE, answer=NEVER, posting=NEVER)
"""Answers and postings are awaited from when Milepost said something, which depends on what came first."""

_at = st.builds(day, st.integers(1, 9), st.sampled_from(["06:00", "12:00", "18:00"]))
_lines = st.dictionaries(st.sampled_from(["10", "20"]), st.integers(1, 9), min_size=1)
_shipment = st.sampled_from(["S1", "S2"])
_stories = st.lists(
    st.one_of(
        st.builds(issued, _at, _lines, _shipment),
        st.builds(delivered, _at, _shipment),
        st.builds(proven, _at, _shipment),
        st.builds(planned, _at, _shipment),
        st.builds(picked, _at),
        st.builds(exception, _at, st.sampled_from(["A", "B"])),
        st.builds(exception_over, _at, st.sampled_from(["A", "B"])),
        st.builds(
            happened,
            st.sampled_from([Milestone.ETA_UPDATED, Milestone.DELIVERED]),
            _at,
            shipment=_shipment,
            classifier=st.sampled_from([Classifier.EST, Classifier.PLN]),
            ingested_at=_at,
        ),
        st.builds(happened, st.sampled_from(sorted(QUIET)), _at, shipment=_shipment),
    ),
    max_size=10,
).map(lambda told: [released({"10": 9, "20": 9}), *told])
_triggers = st.sampled_from([Trigger.ON_SHIP, Trigger.ON_DELIVERY, Trigger.ON_POD])


def tell(trigger: Trigger, story: list[Event], *, stored: bool = False, end: int = 40) -> ToldOrder:
    order = ToldOrder(terms(trigger), patience=BY_FACTS)
    for message in [*story, Tick(day(end), f"o/{ORDER_ID}")]:
        order.hears(message)
        if stored and order.row is not None:
            row = ORDER_ROWS.decode(ORDER_ROWS.encode(order.row))
            assert isinstance(row, OrderRow)
            order.row = row
    return order


@given(_triggers, _stories, st.data())
def test_what_is_open_in_the_end_does_not_depend_on_arrival(trigger: Trigger, story: list[Event], data: st.DataObject) -> None:
    again = data.draw(st.permutations(story + data.draw(st.lists(st.sampled_from(story), max_size=3))))
    one, other = tell(trigger, story), tell(trigger, again)
    assert one.row is not None and other.row is not None
    assert one.row.memory.exceptions == other.row.memory.exceptions
    assert one.open_findings == other.open_findings


@given(_triggers, _stories)
def test_what_is_said_leads_to_what_is_open(trigger: Trigger, story: list[Event]) -> None:
    """A consumer that keeps the last record of each id knows exactly what is open; nothing is raised twice without an end in between."""
    order = tell(trigger, story)
    assert order.row is not None
    for turns, memory in ((order.exceptions, order.row.memory.exceptions), (order.findings, order.row.memory.findings)):
        last: dict[str, TurnKind] = {}
        for turn in turns:
            is_open = last.get(turn.concern_id) in (TurnKind.RAISED, TurnKind.ESCALATED, TurnKind.CHANGED)
            if turn.kind is TurnKind.RAISED:
                assert not is_open
            elif turn.kind is not TurnKind.HEALED:
                assert is_open
            last[turn.concern_id] = turn.kind
        open_now = sum(kind in (TurnKind.RAISED, TurnKind.ESCALATED, TurnKind.CHANGED) for kind in last.values())
        assert open_now == sum(not concern.healed for concern in memory.values())


@given(_triggers, _stories)
def test_a_stored_row_says_the_same_as_one_kept_in_memory(trigger: Trigger, story: list[Event]) -> None:
    kept, stored = tell(trigger, story), tell(trigger, story, stored=True)
    assert (kept.exceptions, kept.findings, kept.tasks) == (stored.exceptions, stored.findings, stored.tasks)


@given(_triggers, _stories)
def test_looking_at_quiet_milestones_too_would_change_nothing(trigger: Trigger, story: list[Event]) -> None:
    order = ToldOrder(terms(trigger), patience=BY_FACTS)
    for message in story:
        order.hears(message)
        if message.milestone in QUIET:
            order.hears(Tick(START, f"o/{ORDER_ID}"))  # makes it look, and no time passes
            assert order.outcome.watched is not None
            assert not order.outcome.watched.changed


@given(_triggers, _stories, st.lists(st.builds(posted, _at, st.sampled_from(["I1", "I2"]), _lines), max_size=3), st.data())
def test_one_invoice_is_never_found_twice_for_covering_too_much(
    trigger: Trigger, story: list[Event], invoices: list[Event], data: st.DataObject
) -> None:
    order = tell(trigger, data.draw(st.permutations(story + invoices)))
    too_much = [cause.partition("/")[2] for cause in order.open_findings if cause.split("/")[0] in ("R1", "R5", "R7", "R10")]
    assert len(too_much) == len(set(too_much))


@given(_triggers, _stories)
def test_time_in_one_step_or_in_many_ends_the_same(trigger: Trigger, story: list[Event]) -> None:
    """A long stop, then one tick; or a tick at every deadline."""
    at_once, step_by_step = tell(trigger, story), tell(trigger, story, end=1)
    while step_by_step.outcome.wake_at is not None and step_by_step.outcome.wake_at <= day(40):
        step_by_step.hears(Tick(step_by_step.outcome.wake_at, f"o/{ORDER_ID}"))
    assert at_once.row is not None and step_by_step.row is not None
    assert at_once.row.memory.exceptions == step_by_step.row.memory.exceptions
    assert at_once.open_findings == step_by_step.open_findings
    assert at_once.outcome.wake_at == step_by_step.outcome.wake_at
