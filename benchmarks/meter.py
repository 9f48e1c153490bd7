"""CPU time and memory of a worker process and its children, sampled while it works."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from dataclasses import dataclass

import psutil

__all__ = ["Meter", "Sample"]

_INTERVAL_S = 0.05
_RESCAN_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """State of a process tree at one moment."""

    at: float
    """`time.perf_counter()`, seconds."""

    cpu_s: float
    """User + system seconds since the start, children (also ended ones) included."""

    rss: int
    """Resident bytes of all processes of the tree."""


class Meter:
    """Samples a process tree every 50 ms in a thread, from `start` to `stop`.

    The kernel counts CPU in ticks of 10 ms, so a figure over less than a second of CPU is coarse.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._tree = [self._root]
        self._samples: list[Sample] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)

    def start(self) -> Meter:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def cpu_at(self, moment: float) -> float:
        """CPU seconds used up to `moment` (a `perf_counter` value), interpolated between samples.

        Raises ValueError when nothing was sampled.
        """
        if not self._samples:
            raise ValueError("the worker ended before it could be measured: look at its log")
        i = bisect_left(self._samples, moment, key=lambda s: s.at)
        if i == 0:
            return self._samples[0].cpu_s
        if i == len(self._samples):
            return self._samples[-1].cpu_s
        a, b = self._samples[i - 1], self._samples[i]
        return a.cpu_s + (b.cpu_s - a.cpu_s) * (moment - a.at) / (b.at - a.at)

    @property
    def peak_rss(self) -> int:
        """Largest resident size seen, bytes."""
        return max((s.rss for s in self._samples), default=0)

    @property
    def last_rss(self) -> int:
        """Resident size at the last sample, bytes."""
        return self._samples[-1].rss if self._samples else 0

    def _run(self) -> None:
        rescan_at = 0.0
        while not self._stopping.is_set():
            now = time.perf_counter()
            try:
                if now >= rescan_at:
                    self._tree = [self._root, *self._root.children(recursive=True)]
                    rescan_at = now + _RESCAN_S
                self._samples.append(self._sample())
            except psutil.NoSuchProcess:
                return
            self._stopping.wait(_INTERVAL_S)

    def _sample(self) -> Sample:
        cpu, rss = 0.0, 0
        for process in self._tree:
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    cpu += times.user + times.system + times.children_user + times.children_system
                    rss += process.memory_info().rss
            except psutil.NoSuchProcess:
                if process is self._root:
                    raise
        return Sample(time.perf_counter(), cpu, rss)
