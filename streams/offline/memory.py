"""The rows of one partition of a hop, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any

from streams.hop import DUE_PREFIX, RowCodec, parse_due_key

__all__ = ["MemoryRows"]


class MemoryRows:
    """`streams.hop.Rows` in memory, with transactions: `commit` keeps what was done since the last one, `rollback` undoes it.

    Rows are stored as the hop's codec writes them, which takes a tenth of the memory and is what a rollback returns to. Those used
    lately are kept decoded too: at most `cached` of them. `codec` may be None for a hop that keeps no rows; any use of rows is then an
    error. `told_due` hears of each due mark that is set.
    """

    def __init__(self, codec: RowCodec | None, cached: int = 10_000, told_due: Callable[[bytes], None] | None = None) -> None:
        self._codec = codec
        self._told_due = told_due
        self._half = max(1, cached // 2)
        self._stored: dict[bytes, bytes] = {}
        # Two generations of decoded rows: a hit in the old one moves to the young one; when that is full, the old one is dropped.
        self._young: dict[bytes, Any] = {}
        self._old: dict[bytes, Any] = {}
        self._touched: set[bytes] = set()
        self._written: dict[bytes, Any | None] = {}
        self._marks: set[bytes] = set()
        self._due: list[tuple[int, bytes]] = []  # heap; entries whose mark is gone are skipped when they come up
        self._marked_before: dict[bytes, bool] = {}

    def get(self, key: bytes) -> Any | None:
        if key in self._written:
            return self._written[key]
        self._touched.add(key)
        row = self._young.get(key)
        if row is None:
            row = self._old.pop(key, None)
            if row is None:
                data = self._stored.get(key)
                if data is None:
                    return None
                row = self._required_codec().decode(data)
            self._keep(key, row)
        return row

    def put(self, key: bytes, row: Any) -> None:
        self._required_codec()
        self._written[key] = row

    def delete(self, key: bytes) -> None:
        self._written[key] = None

    def mark(self, key: bytes) -> None:
        if self._told_due is not None and key.startswith(DUE_PREFIX):
            self._told_due(key)
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
        """Keep everything done since the last `commit` or `rollback`. Raises what the codec raises for a row that it cannot encode;
        nothing is kept then, and `rollback` must follow.
        """
        encoded = {key: None if row is None else self._required_codec().encode(row) for key, row in self._written.items()}
        for key, data in encoded.items():
            self._forget_decoded(key)
            if data is None:
                self._stored.pop(key, None)
            else:
                self._stored[key] = data
                self._keep(key, self._written[key])
        self._begin()

    def rollback(self) -> None:
        """Undo everything done since the last `commit` or `rollback`, changes in place included."""
        for key in self._touched | self._written.keys():
            self._forget_decoded(key)
        for key, marked in self._marked_before.items():
            # The heap stays as it is: it still holds a restored mark, unless that was taken, and then it must not be given out again.
            (self._marks.add if marked else self._marks.discard)(key)
        self._begin()

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

    def snapshot(self) -> tuple[dict[bytes, bytes], frozenset[bytes]]:
        """All rows as they are stored, by key, and all marks."""
        return dict(self._stored), frozenset(self._marks)

    def _keep(self, key: bytes, row: Any) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = row

    def _forget_decoded(self, key: bytes) -> None:
        self._young.pop(key, None)
        self._old.pop(key, None)

    def _begin(self) -> None:
        self._touched.clear()
        self._written.clear()
        self._marked_before.clear()

    def _required_codec(self) -> RowCodec:
        if self._codec is None:
            raise TypeError("this hop has no codec, so it may keep no rows")
        return self._codec
