"""The local copy of a changelog partition: never ahead of it, never a mixture, wiped rather than trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.engine.errors import WorkerMustRestart
from streams.engine.store import MARK, ROW, ChangelogIdentity, PartitionStore, StoreMemory

RETENTION_MS = 1_000
CHANGELOG = ChangelogIdentity("app-hop-changelog", "topic-id", RETENTION_MS)
MEMORY = StoreMemory()


class Opened:
    """Opens the store of one partition and closes it after the test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: PartitionStore | None = None

    def __call__(self, changelog: ChangelogIdentity = CHANGELOG, now_ms: int = 0) -> PartitionStore:
        self.close()
        self._open = PartitionStore.open(self.path, MEMORY, changelog, now_ms)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(tmp_path / "hop" / "0")
    yield opened
    opened.close()


def is_empty(store: PartitionStore) -> bool:
    return store.next_offset is None and store.row(b"a") is None and list(store.marks(b"")) == []


def filled(opened: Opened, now_ms: int = 0) -> None:
    store = opened()
    store.apply([(ROW + b"a", b"1"), (MARK + b"m", b"")], 7, now_ms)
    opened.close()


def test_a_new_store_has_nothing_and_reads_the_changelog_from_its_beginning(opened: Opened) -> None:
    assert is_empty(opened())


def test_a_reopened_store_continues_at_its_offset(opened: Opened) -> None:
    filled(opened)
    store = opened()
    assert store.next_offset == 7
    assert store.row(b"a") == b"1"
    assert list(store.marks(b"")) == [b"m"]


def test_a_store_that_was_opened_but_never_restored_begins_again(opened: Opened) -> None:
    opened()
    assert opened().next_offset is None


def test_none_deletes_rows_and_marks(opened: Opened) -> None:
    filled(opened)
    store = opened()
    store.apply([(ROW + b"a", None), (MARK + b"m", None), (ROW + b"never", None)], 10, 0)
    assert store.row(b"a") is None
    assert list(store.marks(b"")) == []
    assert opened().next_offset == 10


def test_of_entries_for_one_key_the_last_counts(opened: Opened) -> None:
    store = opened()
    store.apply([(ROW + b"a", b"1"), (ROW + b"a", None), (ROW + b"a", b"2")], 3, 0)
    assert store.row(b"a") == b"2"


def test_changes_and_offset_are_written_together_or_not_at_all(opened: Opened) -> None:
    filled(opened)
    store = opened()

    def changes() -> Iterator[tuple[bytes, bytes | None]]:
        yield ROW + b"a", b"2"
        raise RuntimeError("interrupted half way")

    with pytest.raises(RuntimeError):
        store.apply(changes(), 8, 0)
    assert (store.row(b"a"), store.next_offset) == (b"1", 7)
    assert opened().next_offset == 7


def test_an_offset_moves_without_changes(opened: Opened) -> None:
    opened().apply((), 5, 0)
    assert opened().next_offset == 5


def test_marks_come_in_byte_order_and_only_those_of_the_prefix(opened: Opened) -> None:
    store = opened()
    marks = [b"w/b", b"w/\xff", b"w/", b"w/a\0", b"w/a", b"v/", b"w0", b"\xff\xff", b""]
    store.apply([(MARK + mark, b"") for mark in marks] + [(ROW + b"w/row", b"1")], 1, 0)
    assert list(store.marks(b"w/")) == [b"w/", b"w/a", b"w/a\0", b"w/b", b"w/\xff"]
    assert list(store.marks(b"")) == sorted(marks)
    assert list(store.marks(b"\xff")) == [b"\xff\xff"]
    assert list(store.marks(b"x")) == []


def test_what_the_store_knows_about_itself_is_neither_row_nor_mark(opened: Opened) -> None:
    filled(opened)
    store = opened()
    assert list(store.marks(b"")) == [b"m"]
    assert store.row(b"\0head") is None


# When a copy is not trusted


@pytest.mark.parametrize(
    "other",
    [CHANGELOG._replace(topic_id="made again"), CHANGELOG._replace(topic="other-hop-changelog")],
    ids=["topic made again", "another topic"],
)
def test_a_copy_of_another_changelog_is_wiped(opened: Opened, other: ChangelogIdentity) -> None:
    filled(opened)
    assert is_empty(opened(other))
    opened.close()
    assert is_empty(opened(CHANGELOG))


def test_a_copy_as_old_as_tombstones_may_be_is_wiped(opened: Opened) -> None:
    filled(opened, now_ms=50)
    assert opened(now_ms=50 + RETENTION_MS - 1).next_offset == 7
    assert is_empty(opened(now_ms=50 + RETENTION_MS))


def test_a_quiet_store_that_was_touched_stays_young(opened: Opened) -> None:
    filled(opened, now_ms=0)
    opened(now_ms=500).touch(900)
    assert opened(now_ms=900 + RETENTION_MS - 1).next_offset == 7


def test_touching_a_store_that_was_never_restored_does_not_make_it_complete(opened: Opened) -> None:
    opened().touch(900)
    assert opened(now_ms=901).next_offset is None


def test_a_wiped_store_is_empty_and_usable(opened: Opened) -> None:
    filled(opened)
    store = opened()
    store.wipe(MEMORY, CHANGELOG, 0)
    assert is_empty(store)
    store.apply([(ROW + b"a", b"2")], 3, 0)
    assert opened().row(b"a") == b"2"


# Damage


def _flip(path: Path, start: int, end: int) -> None:
    data = bytearray(path.read_bytes())
    data[start:end] = bytes(byte ^ 0x5A for byte in data[start:end])
    path.write_bytes(data)


def _garbled_manifest(folder: Path) -> None:
    for path in folder.glob("MANIFEST-*"):
        path.write_bytes(b"not a manifest" * 20)


def _no_manifest(folder: Path) -> None:
    for path in folder.glob("MANIFEST-*"):
        path.unlink()


def _empty_current(folder: Path) -> None:
    (folder / "CURRENT").write_bytes(b"")


def _no_table(folder: Path) -> None:
    for path in folder.glob("*.sst"):
        path.unlink()


def _cut_table(folder: Path) -> None:
    for path in folder.glob("*.sst"):
        path.write_bytes(path.read_bytes()[:100])


def _garbled_first_block(folder: Path) -> None:
    for path in folder.glob("*.sst"):
        _flip(path, 50, 300)


def _garbled_middle(folder: Path) -> None:
    for path in folder.glob("*.sst"):
        _flip(path, path.stat().st_size // 2, path.stat().st_size // 2 + 300)


def _large(opened: Opened) -> None:
    rows: list[tuple[bytes, bytes | None]] = [(ROW + b"%05d" % number, b"%d" % number * 20) for number in range(2_000)]
    opened().apply([(MARK + b"m", b""), *rows], 7, 0)
    opened.close()


@pytest.mark.parametrize(
    "damage",
    [
        _garbled_manifest,
        _empty_current,
        _no_table,
        _cut_table,
        _no_manifest,
        _garbled_first_block,
    ],
)
def test_a_damaged_copy_is_wiped(opened: Opened, damage: Callable[[Path], None]) -> None:
    _large(opened)
    assert list(opened.path.glob("*.sst")), "closing flushes rows to a table"
    damage(opened.path)
    store = opened()
    assert is_empty(store)
    store.apply([(ROW + b"a", b"2")], 3, 0)
    assert store.row(b"a") == b"2"


def _read_every_row(store: PartitionStore) -> None:
    for number in range(2_000):
        assert store.row(b"%05d" % number) == b"%d" % number * 20


def test_damage_found_while_reading_ends_the_worker(opened: Opened) -> None:
    _large(opened)
    _garbled_middle(opened.path)
    with pytest.raises(WorkerMustRestart, match="cannot be read"):
        _read_every_row(opened())


def test_a_store_whose_damage_ended_the_worker_is_wiped_at_the_next_start(opened: Opened) -> None:
    _large(opened)
    _garbled_middle(opened.path)
    with pytest.raises(WorkerMustRestart):
        _read_every_row(opened())
    assert opened().next_offset is None


def test_marks_that_cannot_be_read_are_an_error_not_an_end(opened: Opened) -> None:
    marks: list[tuple[bytes, bytes | None]] = [(MARK + b"%05d" % number * 10, b"") for number in range(20_000)]
    opened().apply(marks, 7, 0)
    opened.close()
    _garbled_middle(opened.path)
    with pytest.raises(WorkerMustRestart, match="cannot be read"):
        assert len(list(opened().marks(b""))) == 20_000
