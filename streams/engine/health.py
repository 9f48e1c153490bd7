"""Whether a worker is alive and ready, for probes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from streams.engine.loop import State

__all__ = ["Health", "HopHealth", "Verdict"]

_BEAT_SECONDS: Final = 10.0
_STUCK_SECONDS: Final = 60.0


class HopHealth(Protocol):
    """What health looks at in a hop (`streams.engine.loop.HopLoop`)."""

    name: str
    state: State
    progress: float

    @property
    def busy(self) -> bool: ...


class Verdict(NamedTuple):
    """An answer for a probe, with its reason."""

    ok: bool
    reason: str


class Health:
    """Live: the event loop turns, and every hop with something to do gets something done. Ready: the assigned partitions are restored."""

    def __init__(self, hops: Iterable[HopHealth]) -> None:
        self._hops = list(hops)
        self._beat = time.monotonic()
        self._restored = False

    def beat(self) -> None:
        """The event loop turns."""
        self._beat = time.monotonic()

    def rebalancing(self) -> None:
        """Partitions are asked back."""
        self._restored = False

    def restored(self) -> None:
        """The assigned partitions are restored and read."""
        self._restored = True

    def live(self) -> Verdict:
        """False when only a restart can help. Waiting for a broker is not such a case as long as the waiting is alive."""
        now = time.monotonic()
        if now - self._beat > _BEAT_SECONDS:
            return Verdict(False, f"the event loop has been stuck for {now - self._beat:.0f} s")
        for hop in self._hops:
            # A transaction that waits for the broker ends by itself; a hop that computes for a minute does not.
            if hop.busy and hop.state is not State.COMMITTING and now - hop.progress > _STUCK_SECONDS:
                return Verdict(False, f"hop {hop.name} has been {hop.state} for {now - hop.progress:.0f} s")
        return Verdict(True, "")

    def ready(self) -> Verdict:
        """True when the worker processes, or has no partition to process."""
        return Verdict(self._restored, "" if self._restored else "partitions are being assigned or restored")
