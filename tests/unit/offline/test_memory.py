"""Rows in memory: transactions that can be undone, and due marks that are given out once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.hop import due_key
from streams.offline import MemoryRows


class Json:
    """Codec of plain data."""

    def encode(self, row: Any) -> bytes:
        return json.dumps(row).encode()

    def decode(self, data: bytes) -> Any:
        return json.loads(data)


def rows_with(**given: Any) -> MemoryRows:
    rows = MemoryRows(Json())
    for key, row in given.items():
        rows.put(key.encode(), row)
    rows.commit()
    return rows


def test_a_transaction_sees_its_own_writes() -> None:
    rows = rows_with(a=1)
    rows.put(b"a", 2)
    rows.put(b"b", 3)
    rows.delete(b"b")
    assert (rows.get(b"a"), rows.get(b"b")) == (2, None)


def test_rollback_undoes_puts_deletes_and_marks() -> None:
    rows = rows_with(a=1, b=2)
    rows.mark(b"m/old")
    rows.commit()
    before = rows.snapshot()
    rows.put(b"a", 10)
    rows.put(b"new", 3)
    rows.delete(b"b")
    rows.mark(b"m/new")
    rows.unmark(b"m/old")
    rows.rollback()
    assert rows.snapshot() == before


def test_rollback_undoes_a_change_in_place_without_a_put() -> None:
    rows = rows_with(a={"count": 1})
    row = rows.get(b"a")
    assert row is not None
    row["count"] = 2
    rows.rollback()
    assert rows.get(b"a") == {"count": 1}


def test_rollback_keeps_what_was_committed() -> None:
    rows = rows_with(a={"count": 1})
    row = rows.get(b"a")
    assert row is not None
    row["count"] = 2
    rows.put(b"a", row)
    rows.commit()
    rows.get(b"a")
    rows.rollback()
    assert rows.get(b"a") == {"count": 2}


def test_a_row_that_cannot_be_encoded_is_not_kept() -> None:
    rows = rows_with(a=1)
    rows.put(b"b", 2)
    rows.put(b"a", object())
    with pytest.raises(TypeError):
        rows.commit()
    rows.rollback()
    assert (rows.get(b"a"), rows.get(b"b")) == (1, None)


def test_rows_beyond_the_cache_are_decoded_again() -> None:
    rows = MemoryRows(Json(), cached=2)
    for number in range(50):
        rows.put(b"%d" % number, [number])
        rows.commit()
    assert [rows.get(b"%d" % number) for number in range(50)] == [[number] for number in range(50)]


def test_marks_come_in_byte_order_and_as_they_stand_at_the_call() -> None:
    rows = MemoryRows(Json())
    for name in (b"w/b", b"w/a", b"x/", b"w/\xff"):
        rows.mark(name)
    found = []
    for mark in rows.marks(b"w/"):
        rows.unmark(mark)
        found.append(mark)
    assert found == [b"w/a", b"w/b", b"w/\xff"]
    assert list(rows.marks(b"w/")) == []


def test_unmarking_what_is_not_marked_is_no_error() -> None:
    MemoryRows(Json()).unmark(b"nothing")


def test_the_earliest_due_mark_is_given_out_first_and_once() -> None:
    rows = MemoryRows(Json())
    rows.mark(due_key(300, b"c"))
    rows.mark(due_key(100, b"a"))
    rows.mark(due_key(200, b"b"))
    assert rows.next_due() == 100
    assert [rows.take_due() for _ in range(3)] == [(100, b"a"), (200, b"b"), (300, b"c")]
    assert rows.next_due() is None
    with pytest.raises(IndexError):
        rows.take_due()


def test_a_due_mark_that_was_removed_is_not_given_out() -> None:
    rows = MemoryRows(Json())
    rows.mark(due_key(100, b"a"))
    rows.mark(due_key(200, b"b"))
    rows.unmark(due_key(100, b"a"))
    assert rows.next_due() == 200


def test_a_due_mark_set_twice_is_given_out_once() -> None:
    rows = MemoryRows(Json())
    for _ in range(2):
        rows.mark(due_key(100, b"a"))
        rows.unmark(due_key(100, b"a"))
    rows.mark(due_key(100, b"a"))
    assert rows.take_due() == (100, b"a")
    assert rows.next_due() is None


def test_a_due_mark_restored_by_a_rollback_is_not_given_out_again() -> None:
    rows = MemoryRows(Json())
    rows.mark(due_key(100, b"a"))
    rows.commit()
    rows.take_due()
    rows.unmark(due_key(100, b"a"))
    rows.rollback()
    assert rows.next_due() is None
    assert list(rows.marks(b"due/")) == [due_key(100, b"a")]


def test_a_hop_without_a_codec_may_keep_no_rows() -> None:
    with pytest.raises(TypeError, match="may keep no rows"):
        MemoryRows(None).put(b"a", 1)


_KEYS = st.sampled_from([b"a", b"b", b"due/00000001x", b"due/00000002y"])
_STEPS = st.lists(st.tuples(st.sampled_from(["get", "put", "delete", "mark", "unmark"]), _KEYS, st.integers(0, 9)))


def _do(rows: MemoryRows, steps: list[tuple[str, bytes, int]]) -> None:
    for what, key, number in steps:
        match what:
            case "get":
                row = rows.get(key)
                if row is not None:
                    row.append(number)
            case "put":
                rows.put(key, [number])
            case "delete":
                rows.delete(key)
            case "mark":
                rows.mark(key)
            case "unmark":
                rows.unmark(key)


@pytest.mark.property
@given(before=_STEPS, undone=_STEPS)
def test_rollback_leaves_exactly_what_the_last_commit_left(
    before: list[tuple[str, bytes, int]], undone: list[tuple[str, bytes, int]]
) -> None:
    rows = MemoryRows(Json())
    _do(rows, before)
    rows.commit()
    kept = rows.snapshot(), {key: rows.get(key) for key in sorted(rows.snapshot()[0])}
    kept = kept[0], json.loads(json.dumps({key.decode(): row for key, row in kept[1].items()}))
    _do(rows, undone)
    rows.rollback()
    assert (rows.snapshot(), {key.decode(): rows.get(key) for key in sorted(rows.snapshot()[0])}) == kept
