"""What the engine tells about itself while it runs.

The engine calls an `Observer`; someone else turns the calls into metrics. Calls come from the hop's own thread or from the event
loop, must be quick and must not raise.
"""

from __future__ import annotations

from typing import Protocol

from streams.hop import DeadLetter

__all__ = ["Observer", "Silent"]


class Observer(Protocol):
    """Callbacks, one for each thing worth counting. Seconds are wall time; topics are logical names."""

    def consumed(self, hop: str, topic: str, partition: int, records: int, lag_seconds: float) -> None:
        """`records` of a partition are committed; the last one's timestamp was `lag_seconds` ago."""

    def emitted(self, hop: str, topic: str, records: int) -> None:
        """`records` were appended to `topic` by a committed transaction (dead letters and ticks included, changelogs not)."""

    def dead_lettered(self, hop: str, letter: DeadLetter) -> None:
        """A dead letter is committed."""

    def transaction(self, hop: str, records: int, processing_seconds: float, committing_seconds: float) -> None:
        """A transaction of `records` source records is committed."""

    def aborted(self, hop: str, cause: str) -> None:
        """A transaction was aborted. `cause` is one of `stale`, `refused`, `broker`, `unavailable`."""

    def restored(self, hop: str, partitions: int, rows: int, seconds: float) -> None:
        """The stores of `partitions` are at the changelog's end after reading `rows` entries."""

    def ticked(self, hop: str, ticks: int) -> None:
        """`ticks` due marks were turned into records."""

    def waiting(self, hop: str, records: int) -> None:
        """`records` are read and wait for the hop's next transaction."""

    def assigned(self, partitions: int) -> None:
        """A rebalance ended; the worker now owns `partitions` source partitions."""


class Silent:
    """An observer that does nothing."""

    def consumed(self, hop: str, topic: str, partition: int, records: int, lag_seconds: float) -> None: ...
    def emitted(self, hop: str, topic: str, records: int) -> None: ...
    def dead_lettered(self, hop: str, letter: DeadLetter) -> None: ...
    def transaction(self, hop: str, records: int, processing_seconds: float, committing_seconds: float) -> None: ...
    def aborted(self, hop: str, cause: str) -> None: ...
    def restored(self, hop: str, partitions: int, rows: int, seconds: float) -> None: ...
    def ticked(self, hop: str, ticks: int) -> None: ...
    def waiting(self, hop: str, records: int) -> None: ...
    def assigned(self, partitions: int) -> None: ...
