"""What a hop notices while it works that no record says: counted for metrics, never read by a hop.

Hops stay plain functions of their log: they write to a tally and forget it. `streams.meter` takes it over once their transaction is
committed.
"""

from __future__ import annotations

from datetime import datetime

__all__ = ["Tally"]


class Tally:
    """Counts and latest moments of one hop, by what they are about: a name, then the values of its labels."""

    __slots__ = ("counts", "latest")

    def __init__(self) -> None:
        self.counts: dict[tuple[str, ...], int] = {}
        self.latest: dict[tuple[str, ...], datetime] = {}

    def count(self, *what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def saw(self, moment: datetime, *what: str) -> None:
        """Keep the latest moment."""
        known = self.latest.get(what)
        if known is None or moment > known:
            self.latest[what] = moment

    def take(self, other: Tally) -> None:
        """Add what another has counted, and empty it."""
        for what, count in other.counts.items():
            self.counts[what] = self.counts.get(what, 0) + count
        for what, moment in other.latest.items():
            self.saw(moment, *what)
        other.clear()

    def clear(self) -> None:
        self.counts.clear()
        self.latest.clear()
