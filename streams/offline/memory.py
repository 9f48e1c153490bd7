"""The rows of one partition of a hop, in a dict."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

from streams.hop import DUE_PREFIX, RowCodec, parse_due_key

__all__ = ["MemoryRows"]


class MemoryRows:
    """`streams.hop.Rows` in memory, with transactions: `commit` keeps what was done since the last one, `rollback` undoes it.

    Rows stay decoded. A hop may change a row in place, so its first read in a transaction keeps the row's encoded form, from which
    `rollback` restores it. `codec` may be None for a hop that keeps no rows; any use of rows is then an error.
    """

    def __init__(self, codec: RowCodec | None) -> None:
        self._codec = codec
        self._rows: dict[bytes, Any] = {}
        self._marks: set[bytes] = set()
        self._due: list[tuple[int, bytes]] = []  # heap; entries whose mark is gone are skipped when they come up
        self._before: dict[bytes, bytes | None] = {}
        self._written: set[bytes] = set()
        self._images: dict[bytes, bytes] = {}  # encoded forms of rows that are read again and again, and not written
        self._marked_before: dict[bytes, bool] = {}

    def get(self, key: bytes) -> Any | None:
        self._remember(key)
        return self._rows.get(key)

    def put(self, key: bytes, row: Any) -> None:
        self._remember(key)
        self._written.add(key)
        self._rows[key] = row

    def delete(self, key: bytes) -> None:
        self._remember(key)
        self._written.add(key)
        self._rows.pop(key, None)

    def mark(self, key: bytes) -> None:
        if key in self._marks:
            return
        self._marked_before.setdefault(key, False)
        self._marks.add(key)
        if key.startswith(DUE_PREFIX):
            heappush(self._due, (parse_due_key(key)[0], key))

    def unmark(self, key: bytes) -> None:
        if key in self._marks:
            self._marked_before.setdefault(key, True)
            self._marks.remove(key)

    def marks(self, prefix: bytes) -> Iterator[bytes]:
        return iter(sorted(mark for mark in self._marks if mark.startswith(prefix)))

    def commit(self) -> None:
        """Keep everything done since the last `commit` or `rollback`."""
        for key in self._written:
            self._images.pop(key, None)
        self._forget()

    def rollback(self) -> None:
        """Undo everything done since the last `commit` or `rollback`, changes in place included."""
        for key, data in self._before.items():
            if data is None:
                self._rows.pop(key, None)
            else:
                assert self._codec is not None
                self._rows[key] = self._codec.decode(data)
        for key, marked in self._marked_before.items():
            # The heap stays as it is: it still holds a restored mark, unless that was taken, and then it must not be given out again.
            (self._marks.add if marked else self._marks.discard)(key)
        self._forget()

    def next_due(self) -> int | None:
        """The earliest due time (milliseconds since the epoch) among the marks not yet taken; None if nothing waits."""
        while self._due:
            when, mark = self._due[0]
            if mark in self._marks:
                return when
            heappop(self._due)
        return None

    def take_due(self) -> tuple[int, bytes]:
        """`(when_ms, key)` of the earliest due mark. It is given out once; the mark itself stays until the hop removes it.

        Raises `IndexError` where `next_due` is None.
        """
        while True:
            entry = heappop(self._due)
            while self._due and self._due[0] == entry:  # marked, unmarked and marked again
                heappop(self._due)
            if entry[1] in self._marks:
                return parse_due_key(entry[1])

    def snapshot(self) -> tuple[dict[bytes, Any], frozenset[bytes]]:
        """All rows by key, and all marks."""
        return dict(self._rows), frozenset(self._marks)

    def _remember(self, key: bytes) -> None:
        if self._codec is None:
            raise TypeError("this hop has no codec, so it may keep no rows")
        if key in self._before:
            return
        row = self._rows.get(key)
        if row is None:
            self._before[key] = None
            return
        image = self._images.get(key)
        if image is None:
            image = self._images[key] = self._codec.encode(row)
        self._before[key] = image

    def _forget(self) -> None:
        self._before.clear()
        self._written.clear()
        self._marked_before.clear()
