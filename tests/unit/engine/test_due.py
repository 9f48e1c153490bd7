"""Which due marks become ticks, and when they do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.engine.assignment import Assignment
from streams.engine.due import DueIndex
from streams.engine.store import PartitionStore
from streams.hop import Hop, Output, due_key
from tests.unit.engine.doubles import JsonRows, open_store


def tick(when_ms: int, key: bytes) -> Output:
    return Output("anywhere", key, b"%d" % when_ms, timestamp=when_ms)


HOP = Hop("hop", ("source",), lambda rows, batch: [], JsonRows(), tick)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PartitionStore]:
    store = open_store(tmp_path)
    store.apply([(b"m" + due_key(when, b"k%d" % when), b"") for when in (10, 20, 30)] + [(b"mterms/1", b"")], 4, 0)
    yield store
    store.close()


def keys(index: DueIndex, assignment: Assignment, store: PartitionStore, now_ms: int, *, sent: bool = True) -> list[bytes | None]:
    due = index.take(assignment, 3, store, now_ms)
    if due is None:
        return []
    if sent:
        due.sent()
    return [output.key for output in due.ticks]


def test_a_mark_is_due_at_its_time_and_not_before(store: PartitionStore) -> None:
    index, assignment = DueIndex(HOP), Assignment(1, b"", {})
    assert keys(index, assignment, store, 9) == []
    assert keys(index, assignment, store, 10) == [b"k10"]


def test_a_tick_goes_to_the_same_partition_of_the_hops_own_source(store: PartitionStore) -> None:
    due = DueIndex(HOP).take(Assignment(1, b"", {}), 3, store, 10)
    assert due is not None
    assert due.ticks == [Output("source", b"k10", b"10", partition=3, timestamp=10)]


def test_a_tick_that_waits_in_the_log_is_not_sent_again(store: PartitionStore) -> None:
    index, assignment = DueIndex(HOP), Assignment(1, b"", {})
    assert keys(index, assignment, store, 20) == [b"k10", b"k20"]
    assert keys(index, assignment, store, 30) == [b"k30"]
    assert keys(index, assignment, store, 99) == []


def test_a_tick_whose_transaction_failed_is_sent_again(store: PartitionStore) -> None:
    index, assignment = DueIndex(HOP), Assignment(1, b"", {})
    assert keys(index, assignment, store, 10, sent=False) == [b"k10"]
    assert keys(index, assignment, store, 10) == [b"k10"]


def test_a_new_assignment_knows_of_nothing_sent(store: PartitionStore) -> None:
    index = DueIndex(HOP)
    assert keys(index, Assignment(1, b"", {}), store, 10) == [b"k10"]
    assert keys(index, Assignment(2, b"", {}), store, 10) == [b"k10"]


def test_many_due_marks_are_sent_in_portions(tmp_path: Path) -> None:
    store = open_store(tmp_path / "many")
    store.apply([(b"m" + due_key(1, b"%05d" % number), b"") for number in range(2_500)], 4, 0)
    index, assignment = DueIndex(HOP), Assignment(1, b"", {})
    assert [len(keys(index, assignment, store, 1)) for _ in range(4)] == [1_000, 1_000, 500, 0]
    store.close()


def test_a_mark_handled_and_made_again_between_two_sweeps_is_ticked_again(store: PartitionStore) -> None:
    index, assignment = DueIndex(HOP), Assignment(1, b"", {})
    mark = b"m" + due_key(10, b"k10")
    assert keys(index, assignment, store, 10) == [b"k10"]
    store.apply([(mark, None)], 5, 0)
    index.handled(3, [due_key(10, b"k10")])
    store.apply([(mark, b"")], 6, 0)
    index.handled(3, [due_key(10, b"k10")])
    assert keys(index, assignment, store, 10) == [b"k10"]


def test_partitions_are_remembered_apart(store: PartitionStore) -> None:
    index, assignment = DueIndex(HOP), Assignment(1, b"", {})
    for partition in (0, 1):
        due = index.take(assignment, partition, store, 10)
        assert due is not None
        due.sent()
