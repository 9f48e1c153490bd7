"""The rows of one partition as a hop sees them inside a transaction.

Reads see the transaction's own writes. Decoded rows stay in memory from one transaction to the next, because the same orders come again
and decoding costs more than anything else here; a failed transaction drops them all, since a hop may have changed them in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Any, Final

from streams.engine.store import MARK, ROW, PartitionStore
from streams.hop import RowCodec

__all__ = ["NoRows", "PartitionRows"]

_NOTHING: Final = object()


class PartitionRows:
    """`streams.hop.Rows` over a `PartitionStore`.

    The cache has two generations of at most `capacity / 2` rows: a hit in the old one moves the row to the young one, and when the young
    one is full the old one is dropped. That keeps what is used, and costs a hit no more than one dictionary look-up.
    """

    def __init__(self, store: PartitionStore, codec: RowCodec, capacity: int) -> None:
        self._store = store
        self._encode, self._decode = codec.encode, codec.decode
        self._half = max(1, capacity // 2)
        self._young: dict[bytes, Any] = {}
        self._old: dict[bytes, Any] = {}
        self._written: dict[bytes, Any | None] = {}
        self._kept: dict[bytes, bytes | None] = {}
        self._marks: dict[bytes, bool] = {}
        self._kept_marks: dict[bytes, bool] = {}

    # What a hop uses

    def get(self, key: bytes) -> Any | None:
        row = self._young.get(key)
        return self._find(key) if row is None else row

    def put(self, key: bytes, row: Any) -> None:
        self._written[key] = row
        self._young[key] = row

    def delete(self, key: bytes) -> None:
        self._written[key] = None
        self._young.pop(key, None)
        self._old.pop(key, None)

    def mark(self, key: bytes) -> None:
        self._marks[key] = True

    def unmark(self, key: bytes) -> None:
        self._marks[key] = False

    def marks(self, prefix: bytes) -> Iterator[bytes]:
        changed = {key: there for key, there in self._marks.items() if key.startswith(prefix)}
        added = sorted(key for key, there in changed.items() if there)
        stored = (key for key in self._store.marks(prefix) if key not in changed)
        return merge(stored, added)

    # What the engine uses

    def changes(self) -> dict[bytes, bytes | None]:
        """What the transaction writes, as changelog entries; None deletes. Each row is encoded here, once."""
        encode = self._encode
        entries = {ROW + key: data for key, data in self._kept.items()}
        for key, row in self._written.items():
            entries[ROW + key] = None if row is None else encode(row)
        for key, there in self._marks.items():
            entries[MARK + key] = b"" if there else None
        return entries

    def changed_marks(self) -> list[bytes]:
        """Marks that the transaction set or removed."""
        return list(self._marks)

    def savepoint(self) -> None:
        """Keep what was written so far, whatever `undo` takes back later."""
        # First all, then keep: a row that cannot be encoded must leave nothing of its transaction behind.
        encoded = {key: None if row is None else self._encode(row) for key, row in self._written.items()}
        self._kept.update(encoded)
        self._kept_marks = dict(self._marks)
        self._forget()

    def undo(self) -> None:
        """Take back everything since the last savepoint (or the beginning), changes in place included."""
        self._marks = dict(self._kept_marks)
        self._forget()

    def committed(self) -> None:
        """The store has the changes: begin the next transaction, decoded rows kept."""
        self._written.clear()
        self._kept.clear()
        self._marks.clear()
        self._kept_marks.clear()
        if len(self._young) > self._half:
            self._old, self._young = self._young, {}

    def discard(self) -> None:
        """Nothing of the transaction happened: begin again from what is stored."""
        self._kept.clear()
        self._kept_marks.clear()
        self.undo()

    def _forget(self) -> None:
        self._written.clear()
        self._young.clear()
        self._old.clear()

    def _find(self, key: bytes) -> Any | None:
        row = self._written.get(key, _NOTHING)
        if row is not _NOTHING:
            return row
        row = self._old.pop(key, None)
        if row is None:
            data = self._kept[key] if key in self._kept else self._store.row(key)
            if data is None:
                return None
            row = self._decode(data)
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = row
        return row


class NoRows:
    """The rows of a hop that keeps none: a hop that uses them has a defect, a transaction that ends has nothing to write."""

    def get(self, key: bytes) -> Any | None:
        raise self._misuse()

    def put(self, key: bytes, row: Any) -> None:
        raise self._misuse()

    def delete(self, key: bytes) -> None:
        raise self._misuse()

    def mark(self, key: bytes) -> None:
        raise self._misuse()

    def unmark(self, key: bytes) -> None:
        raise self._misuse()

    def marks(self, prefix: bytes) -> Iterator[bytes]:
        raise self._misuse()

    def changes(self) -> dict[bytes, bytes | None]:
        return {}

    def changed_marks(self) -> list[bytes]:
        return []

    def savepoint(self) -> None: ...
    def undo(self) -> None: ...
    def committed(self) -> None: ...
    def discard(self) -> None: ...

    @staticmethod
    def _misuse() -> TypeError:
        return TypeError("this hop has no row codec, so it has no rows")
