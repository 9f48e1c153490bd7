"""The rows of a partition inside a transaction: what a hop reads, what is written, what is undone."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streams.engine.rows import NoRows, PartitionRows
from streams.engine.store import MARK, ROW, ChangelogIdentity, PartitionStore, StoreMemory

CHANGELOG = ChangelogIdentity("app-hop-changelog", "topic-id", 86_400_000)
MEMORY = StoreMemory()


class CountingJson:
    """Codec of plain data that counts what it does."""

    def __init__(self) -> None:
        self.encoded: list[Any] = []
        self.decoded: list[Any] = []

    def encode(self, row: Any) -> bytes:
        self.encoded.append(row)
        return json.dumps(row).encode()

    def decode(self, data: bytes) -> Any:
        row = json.loads(data)
        self.decoded.append(row)
        return row


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PartitionStore]:
    store = PartitionStore.open(tmp_path / "0", MEMORY, CHANGELOG, 0)
    yield store
    store.close()


@pytest.fixture
def codec() -> CountingJson:
    return CountingJson()


@pytest.fixture
def rows(store: PartitionStore, codec: CountingJson) -> PartitionRows:
    return PartitionRows(store, codec, 100)


def commit(rows: PartitionRows, store: PartitionStore) -> None:
    """What the engine does once a transaction is committed."""
    store.apply(rows.changes().items(), (store.next_offset or 0) + 1, 0)
    rows.committed()


# Reading and writing


def test_a_transaction_reads_its_own_writes(rows: PartitionRows) -> None:
    assert rows.get(b"a") is None
    rows.put(b"a", [1])
    assert rows.get(b"a") == [1]
    rows.delete(b"a")
    assert rows.get(b"a") is None


def test_delete_then_get_finds_nothing_though_the_row_is_stored(rows: PartitionRows, store: PartitionStore) -> None:
    rows.put(b"a", [1])
    commit(rows, store)
    rows.delete(b"a")
    assert rows.get(b"a") is None
    assert rows.changes() == {ROW + b"a": None}
    commit(rows, store)
    assert rows.get(b"a") is None
    assert store.row(b"a") is None


def test_a_row_put_again_after_its_deletion_is_there(rows: PartitionRows, store: PartitionStore) -> None:
    rows.put(b"a", [1])
    commit(rows, store)
    rows.delete(b"a")
    rows.put(b"a", [2])
    assert rows.get(b"a") == [2]
    assert rows.changes() == {ROW + b"a": b"[2]"}


def test_a_row_is_encoded_once_a_transaction_however_often_it_is_put(rows: PartitionRows, codec: CountingJson) -> None:
    row: list[int] = []
    for number in range(5):
        row.append(number)
        rows.put(b"a", row)
    assert rows.changes() == {ROW + b"a": b"[0, 1, 2, 3, 4]"}
    assert len(codec.encoded) == 1


def test_a_row_changed_after_its_put_is_written_as_it_is_at_the_end(rows: PartitionRows) -> None:
    row = [1]
    rows.put(b"a", row)
    row.append(2)
    assert rows.changes() == {ROW + b"a": b"[1, 2]"}


def test_a_row_is_decoded_once_and_kept_for_later_transactions(rows: PartitionRows, store: PartitionStore, codec: CountingJson) -> None:
    store.apply([(ROW + b"a", b"[1]")], 1, 0)
    first = rows.get(b"a")
    commit(rows, store)
    assert rows.get(b"a") is first
    assert len(codec.decoded) == 1


def test_what_was_only_read_is_not_written(rows: PartitionRows, store: PartitionStore) -> None:
    store.apply([(ROW + b"a", b"[1]")], 1, 0)
    rows.get(b"a")
    assert rows.changes() == {}


def test_a_committed_transaction_is_not_written_again(rows: PartitionRows, store: PartitionStore) -> None:
    rows.put(b"a", [1])
    rows.mark(b"m")
    commit(rows, store)
    assert rows.changes() == {}


def test_rows_and_marks_of_one_name_do_not_touch_each_other(rows: PartitionRows, store: PartitionStore) -> None:
    rows.put(b"same", [1])
    rows.mark(b"same")
    assert rows.changes() == {ROW + b"same": b"[1]", MARK + b"same": b""}
    commit(rows, store)
    rows.delete(b"same")
    commit(rows, store)
    assert rows.get(b"same") is None
    assert list(rows.marks(b"")) == [b"same"]
    rows.put(b"same", [2])
    rows.unmark(b"same")
    commit(rows, store)
    assert rows.get(b"same") == [2]
    assert list(rows.marks(b"")) == []


# The cache


def test_the_cache_keeps_what_is_used_and_forgets_the_rest(store: PartitionStore, codec: CountingJson) -> None:
    store.apply([(ROW + b"%d" % number, b"[%d]" % number) for number in range(100)], 1, 0)
    rows = PartitionRows(store, codec, 10)
    for number in range(100):
        rows.get(b"hot" if number == 0 else b"0")
        rows.get(b"%d" % number)
    decoded = [row[0] for row in codec.decoded]
    assert decoded.count(0) == 1, "a row in constant use is never decoded again"
    codec.decoded.clear()
    for number in range(100):
        rows.get(b"%d" % number)
    assert len(codec.decoded) >= 90, "at most `capacity` rows stay decoded"


@pytest.mark.parametrize("capacity", [0, 1, 2, 7])
def test_a_small_cache_changes_no_answer(store: PartitionStore, codec: CountingJson, capacity: int) -> None:
    rows = PartitionRows(store, codec, capacity)
    for number in range(20):
        rows.put(b"%d" % number, [number])
    assert [rows.get(b"%d" % number) for number in range(20)] == [[number] for number in range(20)]
    commit(rows, store)
    assert [rows.get(b"%d" % number) for number in range(20)] == [[number] for number in range(20)]


def test_a_row_written_and_pushed_out_of_the_cache_is_still_read_as_written(store: PartitionStore, codec: CountingJson) -> None:
    store.apply([(ROW + b"%d" % number, b"[%d]" % number) for number in range(20)], 1, 0)
    rows = PartitionRows(store, codec, 2)
    rows.put(b"0", ["new"])
    for number in range(1, 20):
        rows.get(b"%d" % number)
    assert rows.get(b"0") == ["new"]


# Undoing


def test_undo_takes_back_puts_deletes_and_marks(rows: PartitionRows, store: PartitionStore) -> None:
    store.apply([(ROW + b"a", b"[1]"), (MARK + b"old", b"")], 1, 0)
    rows.put(b"a", [2])
    rows.put(b"b", [3])
    rows.delete(b"a")
    rows.mark(b"new")
    rows.unmark(b"old")
    rows.undo()
    assert (rows.get(b"a"), rows.get(b"b")) == ([1], None)
    assert list(rows.marks(b"")) == [b"old"]
    assert rows.changes() == {}


def test_a_row_changed_in_place_does_not_survive_undo(rows: PartitionRows, store: PartitionStore) -> None:
    rows.put(b"a", [1])
    commit(rows, store)
    row = rows.get(b"a")
    assert row is not None
    row.append(2)
    rows.undo()
    assert rows.get(b"a") == [1]


def test_undo_goes_back_to_the_savepoint_and_no_further(rows: PartitionRows, store: PartitionStore) -> None:
    rows.put(b"a", [1])
    rows.mark(b"kept")
    rows.savepoint()
    row = rows.get(b"a")
    assert row is not None
    row.append(2)
    rows.put(b"a", row)
    rows.put(b"b", [3])
    rows.mark(b"gone")
    rows.unmark(b"kept")
    rows.undo()
    assert (rows.get(b"a"), rows.get(b"b")) == ([1], None)
    assert list(rows.marks(b"")) == [b"kept"]
    assert rows.changes() == {ROW + b"a": b"[1]", MARK + b"kept": b""}


def test_a_deletion_before_the_savepoint_survives_undo(rows: PartitionRows, store: PartitionStore) -> None:
    store.apply([(ROW + b"a", b"[1]")], 1, 0)
    rows.delete(b"a")
    rows.savepoint()
    rows.put(b"a", [2])
    rows.undo()
    assert rows.get(b"a") is None
    assert rows.changes() == {ROW + b"a": None}


def test_a_deletion_after_the_savepoint_wins(rows: PartitionRows) -> None:
    rows.put(b"a", [1])
    rows.savepoint()
    rows.delete(b"a")
    assert rows.get(b"a") is None
    assert rows.changes() == {ROW + b"a": None}


def test_discard_goes_back_to_the_store_whatever_was_saved(rows: PartitionRows, store: PartitionStore) -> None:
    store.apply([(ROW + b"a", b"[1]"), (MARK + b"old", b"")], 1, 0)
    rows.put(b"a", [2])
    rows.unmark(b"old")
    rows.savepoint()
    rows.put(b"a", [3])
    rows.mark(b"new")
    rows.discard()
    assert rows.get(b"a") == [1]
    assert list(rows.marks(b"")) == [b"old"]
    assert rows.changes() == {}


def test_a_savepoint_outlives_the_commit_only_in_the_store(rows: PartitionRows, store: PartitionStore) -> None:
    rows.put(b"a", [1])
    rows.savepoint()
    commit(rows, store)
    rows.undo()
    assert rows.get(b"a") == [1]
    assert rows.changes() == {}


class _RefusesText(CountingJson):
    def encode(self, row: Any) -> bytes:
        if isinstance(row, str):
            raise TypeError("no text")
        return super().encode(row)


def test_a_savepoint_that_fails_keeps_nothing_of_what_it_should_keep(store: PartitionStore) -> None:
    rows = PartitionRows(store, _RefusesText(), 100)
    rows.put(b"a", [1])
    rows.put(b"b", "cannot be encoded")
    with pytest.raises(TypeError):
        rows.savepoint()
    rows.undo()
    assert rows.changes() == {}


# Marks


def test_marks_of_the_transaction_merge_with_stored_ones_in_byte_order(rows: PartitionRows, store: PartitionStore) -> None:
    store.apply([(MARK + mark, b"") for mark in (b"w/b", b"w/d", b"w/f", b"x/a")], 1, 0)
    for mark in (b"w/\xff", b"w/a", b"w/c", b"v/z"):
        rows.mark(mark)
    rows.unmark(b"w/d")
    rows.unmark(b"w/never")
    assert list(rows.marks(b"w/")) == [b"w/a", b"w/b", b"w/c", b"w/f", b"w/\xff"]


def test_a_mark_set_again_is_listed_once(rows: PartitionRows, store: PartitionStore) -> None:
    store.apply([(MARK + b"w/a", b"")], 1, 0)
    rows.mark(b"w/a")
    assert list(rows.marks(b"w/")) == [b"w/a"]


def test_marks_are_listed_as_they_stand_at_the_call(rows: PartitionRows, store: PartitionStore) -> None:
    store.apply([(MARK + b"w/a", b""), (MARK + b"w/b", b"")], 1, 0)
    rows.mark(b"w/c")
    found = []
    for mark in rows.marks(b"w/"):
        rows.unmark(mark)
        rows.mark(mark + b"!")
        found.append(mark)
    assert found == [b"w/a", b"w/b", b"w/c"]
    assert list(rows.marks(b"w/")) == [b"w/a!", b"w/b!", b"w/c!"]


def test_a_hop_without_a_codec_has_no_rows() -> None:
    rows = NoRows()
    for use in (
        lambda: rows.get(b"a"),
        lambda: rows.put(b"a", 1),
        lambda: rows.delete(b"a"),
        lambda: rows.mark(b"a"),
        lambda: rows.unmark(b"a"),
        lambda: rows.marks(b""),
    ):
        with pytest.raises(TypeError, match="no row codec"):
            use()
    assert rows.changes() == {}


# Against a plain model

_KEYS = st.sampled_from([b"", b"a", b"ab", b"b", b"\xff"])
_PREFIXES = st.sampled_from([b"", b"a", b"b"])


class RowsAgainstDictionaries(RuleBasedStateMachine):
    """Whatever is done in whatever order, rows answer as two dictionaries with copies for savepoint and commit would."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = PartitionStore.open(self.folder / "0", MEMORY, CHANGELOG, 0)
        self.rows = PartitionRows(self.store, CountingJson(), 4)
        self.now: tuple[dict[bytes, list[int]], set[bytes]] = ({}, set())
        self.saved, self.committed = self._copy(), self._copy()

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def _copy(self) -> tuple[dict[bytes, list[int]], set[bytes]]:
        return {key: list(row) for key, row in self.now[0].items()}, set(self.now[1])

    @rule(key=_KEYS, number=st.integers(0, 9))
    def put(self, key: bytes, number: int) -> None:
        self.rows.put(key, [number])
        self.now[0][key] = [number]

    @rule(key=_KEYS, number=st.integers(0, 9))
    def change_in_place_and_put(self, key: bytes, number: int) -> None:
        row = self.rows.get(key)
        assert row == self.now[0].get(key)
        if row is not None:
            row.append(number)
            self.rows.put(key, row)
            self.now[0][key].append(number)

    @rule(key=_KEYS)
    def change_in_place_and_fail(self, key: bytes) -> None:
        row = self.rows.get(key)
        if row is not None:
            row.append(-1)
        self.undo()

    @rule(key=_KEYS)
    def get(self, key: bytes) -> None:
        assert self.rows.get(key) == self.now[0].get(key)

    @rule(key=_KEYS)
    def delete(self, key: bytes) -> None:
        self.rows.delete(key)
        self.now[0].pop(key, None)

    @rule(key=_KEYS)
    def mark(self, key: bytes) -> None:
        self.rows.mark(key)
        self.now[1].add(key)

    @rule(key=_KEYS)
    def unmark(self, key: bytes) -> None:
        self.rows.unmark(key)
        self.now[1].discard(key)

    @rule()
    def savepoint(self) -> None:
        self.rows.savepoint()
        self.saved = self._copy()

    @rule()
    def undo(self) -> None:
        self.rows.undo()
        self.now = self.saved
        self.saved = self._copy()

    @rule()
    def discard(self) -> None:
        self.rows.discard()
        self.now = self.committed
        self.committed, self.saved = self._copy(), self._copy()

    @rule()
    def commit(self) -> None:
        commit(self.rows, self.store)
        self.committed, self.saved = self._copy(), self._copy()
        for key, row in self.now[0].items():
            data = self.store.row(key)
            assert data is not None and json.loads(data) == row
        assert list(self.store.marks(b"")) == sorted(self.now[1])

    @rule(prefix=_PREFIXES)
    def list_marks(self, prefix: bytes) -> None:
        assert list(self.rows.marks(prefix)) == sorted(mark for mark in self.now[1] if mark.startswith(prefix))

    @invariant()
    def the_store_changes_only_at_a_commit(self) -> None:
        assert set(self.store.marks(b"")) == self.committed[1]


TestRowsAgainstDictionaries = pytest.mark.property(RowsAgainstDictionaries.TestCase)
TestRowsAgainstDictionaries.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
