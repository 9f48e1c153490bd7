"""What a job may be asked, what it does with each letter, and what it writes for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from streams.deadletter.audit import Action
from streams.deadletter.letter import Letter
from streams.deadletter.selection import Selection
from streams.errors import ConfigurationError
from streams.replay.plan import Edit, Fate, Guard, Plan, fate, target_of
from streams.replay.sending import outputs
from streams.topics import AUDIT, EVENTS

AT = datetime(2026, 6, 2, tzinfo=UTC)


def letter(**more: Any) -> Letter:
    fields = {"id": "one", "source_topic": "erp.raw", "source_partition": 2, "source_offset": 7, "source_timestamp": 500, "code": "POISON"}
    return Letter("erp.raw.dlq", 2, 4, 9_000, b"k", b"v", (("a", b"1"), ("dlq.id", b"one")), **(fields | more))


def plan(action: Action = Action.REPLAYED, **more: Any) -> Plan:
    return Plan(**{"topic": "erp.raw.dlq", "action": action, "by": "jane", "reason": "fixed", "id": "job"} | more)


EDIT = Edit(b"k", b"w", ())


@pytest.mark.parametrize(
    ("action", "more"),
    [
        (Action.REPLAYED, {"by": " "}),
        (Action.REPLAYED, {"reason": ""}),
        (Action.DISCARDED, {"reason": "x" * 501}),
        (Action.REPLAYED, {"target": "elsewhere"}),
        (Action.REDIRECTED, {}),
        (Action.REDIRECTED, {"target": "wms.raw.dlq"}),
        (Action.REPLAYED, {"edit": EDIT}),
        (Action.EDITED, {"selection": Selection(ids=frozenset({"one"}))}),
        (Action.EDITED, {"edit": EDIT}),
        (Action.EDITED, {"edit": EDIT, "selection": Selection(ids=frozenset({"one", "two"}))}),
        (Action.REPLAYED, {"rate": -1.0}),
        (Action.REPLAYED, {"max_replays": 0}),
    ],
)
def test_what_can_never_be_done_is_refused_at_once(action: Action, more: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        plan(action, **more)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("erp.raw", "erp.raw.replay"),
        ("erp.raw.replay", "erp.raw.replay"),
        ("shipment.references", "shipment.references.replay"),
        ("orders", ""),
    ],
)
def test_the_usual_way_is_the_replay_topic_of_the_source(source: str, target: str) -> None:
    assert target_of(letter(source_topic=source), plan()) == target
    assert target_of(letter(source_topic=source), plan(Action.REDIRECTED, target="there")) == "there"
    assert target_of(letter(source_topic=source), plan(Action.DISCARDED)) == ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (fate(letter(), plan(), ()), Fate.SETTLE),
        (fate(letter(), plan(selection=Selection(codes=frozenset({"TOMBSTONE"}))), ()), Fate.NOT_SELECTED),
        (fate(letter(), plan(), {"one"}), Fate.SETTLED),
        (fate(letter(replay_count=2), plan(), ()), Fate.SETTLE),
        (fate(letter(replay_count=3), plan(), ()), Fate.EXHAUSTED),
        (fate(letter(replay_count=3), plan(Action.DISCARDED), ()), Fate.SETTLE),
        (fate(letter(source_topic="orders"), plan(), ()), Fate.NO_TARGET),
    ],
)
def test_each_letter_has_one_fate(found: Fate, said: Fate) -> None:
    assert found is said


def test_a_few_failures_stop_nothing_and_most_of_many_do() -> None:
    guard = Guard(share=0.5, least=10)
    assert [guard.trips(10, 9), guard.trips(100, 50), guard.trips(100, 51)] == [False, False, True]


def test_the_record_has_the_time_it_had_and_not_that_of_its_letter() -> None:
    sent, entry = outputs(letter(), plan(), AT, b"v")
    assert (sent.topic, sent.partition, sent.timestamp, sent.value) == ("erp.raw.replay", 2, 500, b"v")
    assert (entry.topic, entry.key) == (AUDIT, b"letter/one")


def test_the_usual_way_leaves_the_hold_to_the_hop_and_others_end_it() -> None:
    held = letter(order_ids=("1:1", "1:2"))
    usual = outputs(held, plan(), AT, b"v")
    assert [output.topic for output in usual] == ["erp.raw.replay", AUDIT]
    assert dict(usual[0].headers)["dlq.order.id"] == b"1:1\n1:2"
    elsewhere = outputs(held, plan(Action.REDIRECTED, target="there"), AT, b"v")
    assert [output.topic for output in elsewhere] == ["there", EVENTS, EVENTS, AUDIT]
    assert "dlq.order.id" not in dict(elsewhere[0].headers)
    assert [output.topic for output in outputs(held, plan(Action.DISCARDED), AT, None)] == [EVENTS, EVENTS, AUDIT]
