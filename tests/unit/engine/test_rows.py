"""The rows that a hop sees: its own writes, what a failure undoes, and what stays in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.rows import NoRows, PartitionRows
from tests.unit.engine.doubles import JsonRows, open_store


@pytest.fixture
def codec() -> JsonRows:
    return JsonRows()


@pytest.fixture
def rows(tmp_path: Path, codec: JsonRows) -> Iterator[PartitionRows]:
    store = open_store(tmp_path)
    store.apply([(b"rold", b'{"n":1}'), (b"mdue/1", b""), (b"mdue/3", b"")], 3, 0)
    yield PartitionRows(store, codec, capacity=100)
    store.close()


def test_reads_see_the_transactions_own_writes(rows: PartitionRows) -> None:
    rows.put(b"new", {"n": 7})
    rows.delete(b"old")
    rows.mark(b"due/2")
    rows.unmark(b"due/1")
    assert rows.get(b"new") == {"n": 7}
    assert rows.get(b"old") is None
    assert list(rows.marks(b"due/")) == [b"due/2", b"due/3"]


def test_a_row_is_encoded_once_a_transaction_however_often_it_is_put(rows: PartitionRows, codec: JsonRows) -> None:
    for _ in range(10):
        row = rows.get(b"old")
        row["n"] += 1
        rows.put(b"old", row)
    assert rows.changes() == {b"rold": b'{"n":11}'}
    assert codec.encoded == 1


def test_changes_are_changelog_entries(rows: PartitionRows) -> None:
    rows.delete(b"old")
    rows.mark(b"due/2")
    rows.unmark(b"due/3")
    assert rows.changes() == {b"rold": None, b"mdue/2": b"", b"mdue/3": None}


def test_nothing_is_left_to_write_after_a_commit_but_the_decoded_rows_stay(rows: PartitionRows, codec: JsonRows) -> None:
    row = rows.get(b"old")
    row["n"] = 2
    rows.put(b"old", row)
    rows.committed()
    assert rows.changes() == {}
    assert rows.get(b"old") == {"n": 2}
    assert codec.decoded == 1


def test_discard_forgets_changes_in_place_too(rows: PartitionRows) -> None:
    rows.get(b"old")["n"] = 99
    rows.put(b"new", {"n": 1})
    rows.unmark(b"due/1")
    rows.discard()
    assert rows.get(b"old") == {"n": 1}
    assert rows.get(b"new") is None
    assert rows.changes() == {}
    assert list(rows.marks(b"")) == [b"due/1", b"due/3"]


def test_undo_goes_back_to_the_savepoint(rows: PartitionRows) -> None:
    first = rows.get(b"old")
    first["n"] = 2
    rows.put(b"old", first)
    rows.mark(b"due/2")
    rows.savepoint()
    second = rows.get(b"old")
    second["n"] = 99
    rows.put(b"old", second)
    rows.delete(b"other")
    rows.unmark(b"due/2")
    rows.undo()
    assert rows.get(b"old") == {"n": 2}
    assert rows.changes() == {b"rold": b'{"n":2}', b"mdue/2": b""}


def test_a_row_deleted_before_the_savepoint_stays_deleted(rows: PartitionRows) -> None:
    rows.delete(b"old")
    rows.savepoint()
    rows.put(b"old", {"n": 5})
    rows.undo()
    assert rows.get(b"old") is None


def test_marks_are_those_of_the_moment_of_the_call(rows: PartitionRows) -> None:
    seen = []
    for mark in rows.marks(b"due/"):
        rows.unmark(mark)
        rows.mark(b"due/2")
        seen.append(mark)
    assert seen == [b"due/1", b"due/3"]
    assert list(rows.marks(b"due/")) == [b"due/2"]


def test_the_cache_is_bounded_and_own_writes_survive_it(tmp_path: Path, codec: JsonRows) -> None:
    store = open_store(tmp_path)
    store.apply([(b"r%d" % number, b"%d" % number) for number in range(1_000)], 1_000, 0)
    rows = PartitionRows(store, codec, capacity=10)
    rows.put(b"mine", {"n": 1})
    for number in range(1_000):
        assert rows.get(b"%d" % number) == number
    assert len(rows._young) + len(rows._old) <= 11
    assert rows.get(b"mine") == {"n": 1}


KEYS = st.sampled_from([b"a", b"b", b"c", b"d"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(0, 9)),
        st.tuples(st.sampled_from(["delete", "mark", "unmark", "touch"]), KEYS, st.just(0)),
        st.tuples(st.sampled_from(["savepoint", "undo", "commit", "discard"]), st.just(b""), st.just(0)),
    ),
    max_size=60,
)


@pytest.mark.property
@given(steps=STEPS, capacity=st.integers(0, 4))
def test_rows_behave_like_a_dictionary_with_savepoints(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bytes, int]], capacity: int
) -> None:
    store = open_store(tmp_path_factory.mktemp("rows"))
    rows = PartitionRows(store, JsonRows(), capacity)
    committed: tuple[dict[bytes, int], set[bytes]] = ({}, set())
    now, saved = ({}, set()), ({}, set())  # type: tuple[dict[bytes, int], set[bytes]], tuple[dict[bytes, int], set[bytes]]
    offset = 0

    def copy(of: tuple[dict[bytes, int], set[bytes]]) -> tuple[dict[bytes, int], set[bytes]]:
        return dict(of[0]), set(of[1])

    for step, key, value in steps:
        match step:
            case "put":
                rows.put(key, {"n": value})
                now[0][key] = value
            case "delete":
                rows.delete(key)
                now[0].pop(key, None)
            case "mark":
                rows.mark(key)
                now[1].add(key)
            case "unmark":
                rows.unmark(key)
                now[1].discard(key)
            case "touch":
                row = rows.get(key)
                if row is not None:
                    row["n"] = now[0][key] = now[0][key] + 10
                    rows.put(key, row)
            case "savepoint":
                rows.savepoint()
                saved = copy(now)
            case "undo":
                rows.undo()
                now = copy(saved)
            case "commit":
                offset += 1
                store.apply(rows.changes().items(), offset, 0)
                rows.committed()
                committed, saved = copy(now), copy(now)
            case "discard":
                rows.discard()
                now, saved = copy(committed), copy(committed)
        for known in (b"a", b"b", b"c", b"d"):
            row = rows.get(known)
            assert (None if row is None else row["n"]) == now[0].get(known)
        assert list(rows.marks(b"")) == sorted(now[1])
    store.close()


def test_a_hop_without_rows_that_uses_them_is_told() -> None:
    rows = NoRows()
    for misuse in (lambda: rows.get(b""), lambda: rows.put(b"", 1), lambda: rows.mark(b""), lambda: rows.marks(b"")):
        with pytest.raises(TypeError, match="no rows"):
            misuse()
    assert rows.changes() == {}
