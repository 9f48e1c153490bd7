"""Letters that failed in the same way are one group."""

from __future__ import annotations

from streams.deadletter.audit import Action
from streams.deadletter.groups import grouped
from streams.deadletter.reasons import Reason
from tests.unit.deadletter.letters import FAILED_AT, found, letter, settled


def test_the_same_failure_is_one_group_with_first_last_and_a_sample() -> None:
    letters = [found(offset=n, failed_at=FAILED_AT + at, orders=(f"1000:{n}",)) for n, at in enumerate((50, 10, 90, 40))]
    (group,) = grouped(letters)
    assert (group.count, group.first.offset, group.last.offset) == (4, 1, 2)
    assert group.orders == {"1000:0", "1000:1", "1000:2", "1000:3"}
    assert group.partners == {"ACME": 4}


def test_another_reason_or_another_topic_is_another_group_and_the_largest_comes_first() -> None:
    letters = [
        found(offset=0),
        found(offset=1, reason=Reason.POISON),
        found(offset=2, reason=Reason.POISON),
        found(offset=3, topic="wms.raw"),
    ]
    assert [(group.last.topic, group.last.code, group.count) for group in grouped(letters)] == [
        ("erp.raw.dlq", "POISON", 2),
        ("erp.raw.dlq", "QTY_INVALID", 1),
        ("wms.raw.dlq", "QTY_INVALID", 1),
    ]


def test_a_group_says_what_became_of_its_letters() -> None:
    (group,) = grouped([found(offset=0), settled(letter(1)), settled(letter(2), Action.REPLAYED)])
    assert group.states == {"OPEN": 1, "DISCARDED": 1, "REPLAYED": 1}


def test_no_letters_are_no_groups() -> None:
    assert grouped([]) == []
