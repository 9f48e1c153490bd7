"""A partition's store: rows, marks, the offset that goes with them, and when a copy is not trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.engine.errors import WorkerMustRestart
from streams.engine.store import ChangelogIdentity
from tests.unit.engine.doubles import CHANGELOG, open_store

DAY_MS = 86_400_000


def test_rows_and_marks_with_the_same_key_live_apart(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.apply([(b"rsame", b"row"), (b"msame", b"")], 2, 0)
    assert store.row(b"same") == b"row"
    assert list(store.marks(b"")) == [b"same"]
    store.apply([(b"rsame", None)], 3, 0)
    assert store.row(b"same") is None
    assert list(store.marks(b"s")) == [b"same"]


def test_marks_come_in_byte_order_and_only_with_their_prefix(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.apply([(b"m" + key, b"") for key in (b"due/2", b"due/10", b"terms/1", b"due/1", b"d")], 5, 0)
    assert list(store.marks(b"due/")) == [b"due/1", b"due/10", b"due/2"]


def test_a_store_opened_again_knows_where_it_stands(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert store.next_offset is None
    store.apply([(b"rkey", b"row")], 17, now_ms=1_000)
    store.close()
    again = open_store(tmp_path, now_ms=2_000)
    assert (again.next_offset, again.row(b"key")) == (17, b"row")


def test_a_store_older_than_the_changelogs_tombstones_is_wiped(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.apply([(b"rkey", b"row")], 17, now_ms=1_000)
    store.close()
    again = open_store(tmp_path, now_ms=1_000 + DAY_MS)
    assert (again.next_offset, again.row(b"key")) == (None, None)


def test_a_store_that_was_looked_after_is_not_old(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.apply([(b"rkey", b"row")], 17, now_ms=1_000)
    store.touch(DAY_MS)
    store.close()
    assert open_store(tmp_path, now_ms=1_000 + DAY_MS).row(b"key") == b"row"


@pytest.mark.parametrize("other", [ChangelogIdentity("app-hop-changelog", "made anew", DAY_MS), CHANGELOG._replace(topic="another")])
def test_a_store_of_another_changelog_is_wiped(tmp_path: Path, other: ChangelogIdentity) -> None:
    store = open_store(tmp_path)
    store.apply([(b"rkey", b"row")], 17, now_ms=1_000)
    store.close()
    again = open_store(tmp_path, now_ms=1_001, changelog=other)
    assert (again.next_offset, again.row(b"key")) == (None, None)


def test_a_damaged_store_is_wiped(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.apply([(b"r%d" % number, b"row" * 50) for number in range(1_000)], 17, now_ms=1_000)
    store.close()
    for file in (tmp_path / "0").glob("MANIFEST-*"):
        file.write_bytes(b"\0" * 100)
    again = open_store(tmp_path, now_ms=1_001)
    assert (again.next_offset, again.row(b"1")) == (None, None)


def test_a_store_that_cannot_be_read_ends_the_worker_and_poisons_no_record(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.close()
    with pytest.raises(WorkerMustRestart, match="cannot be read"):
        store.row(b"key")
    with pytest.raises(WorkerMustRestart, match="cannot be written"):
        store.apply([(b"rkey", b"row")], 1, 0)
