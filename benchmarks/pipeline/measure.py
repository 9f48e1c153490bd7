"""The measurements of the pipeline. Each makes its own installation, so that none starts from what another left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from confluent_kafka import Message

from benchmarks.backlog import Backlog, SteadyFeed
from benchmarks.pipeline.day import RECOGNISED
from benchmarks.pipeline.installation import Installation, installation
from benchmarks.reader import CommittedReader
from benchmarks.worker import Worker
from streams.hop import Output

__all__ = ["Latency", "Throughput", "measure_latency", "measure_restarts", "measure_throughput", "run_backlog"]

_ENOUGH = 50
_START_S = 300.0
_SETTLE_S = 1.5
_QUIET_S = 2.0
_SLOWEST_RATE = 300.0
_WARM_UP = 0.2
_BETWEEN_KILLS_S = 3.0
_LATENCY_POLL_S = 0.005


@dataclass(frozen=True, slots=True)
class Throughput:
    """A backlog through one worker, from the moment it was visible to its last committed output."""

    records: int
    outputs: int
    records_s: float
    cpu_us: float
    """User + system CPU of the worker, microseconds a raw record."""

    peak_rss: int
    verdict: str
    """What `verify` found wrong; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Latency:
    """From appending a raw record to seeing the last committed milestone or release that it brought about. Milliseconds."""

    rate: float
    """Records appended a second."""

    p50: float
    p99: float
    records: int
    """Raw records that were timed."""

    missing: int
    """Outputs that the run in memory had and this one had not: a few, where records of two topics arrived the other way round."""

    verdict: str
    """What `verify` found wrong; empty: nothing."""

    feed_behind: float
    """How late the feed itself was at worst."""

    cpu_us: float
    """CPU of the worker, microseconds a raw record."""


def measure_throughput(bootstrap: str, scratch: Path, warm_up: Sequence[Output], day: Sequence[Output]) -> Throughput:
    """Runs `warm_up` first (the process starts, partitions are taken), then `day` as one backlog."""
    with installation(bootstrap, scratch) as here, here.reader(_nothing) as reader:
        with here.worker() as worker:
            run_backlog(here, reader, worker, warm_up)
            seen = len(reader.kept)
            visible, end = run_backlog(here, reader, worker, day)
            cpu = worker.meter.cpu_at(end) - worker.meter.cpu_at(visible)
        return Throughput(
            len(day), len(reader.kept) - seen, len(day) / (end - visible), 1e6 * cpu / len(day), worker.meter.peak_rss, here.exact()
        )


def measure_latency(
    bootstrap: str, scratch: Path, warm_up: Sequence[Output], day: Sequence[Output], rate: float, brought_about: dict[bytes, int]
) -> Latency:
    """Appends `day` at `rate` records a second. `brought_about`: the id of an output, and which record of `day` completes its causes.

    The first fifth is a warm-up. An output that `brought_about` does not name (of a tick, say) is not counted.
    """
    with installation(bootstrap, scratch) as here, here.reader(_identity, RECOGNISED) as reader:
        with here.worker() as worker:
            run_backlog(here, reader, worker, warm_up)
            seen: dict[bytes, float] = {}
            known = len(reader.kept)
            begin = time.perf_counter()
            with SteadyFeed(bootstrap, here.prefix, day, rate) as feed:
                while not feed.done or time.perf_counter() - reader.last_at < _QUIET_S or here.behind():
                    if reader.poll(_LATENCY_POLL_S):
                        for identity in reader.kept[known:]:
                            seen[identity] = reader.last_at
                        known = len(reader.kept)
                        worker.check()
            cpu = worker.meter.cpu_at(feed.appended_at[-1]) - worker.meter.cpu_at(begin)
        expected = {identity: number for identity, number in brought_about.items() if number >= len(day) * _WARM_UP}
        slowest: dict[int, float] = {}
        for identity in expected.keys() & seen.keys():
            number = expected[identity]
            slowest[number] = max(slowest.get(number, 0.0), seen[identity] - feed.appended_at[number])
        if len(slowest) < _ENOUGH:
            raise RuntimeError(f"only {len(slowest)} of {len(day)} records led to an output that could be timed: give it more")
        cuts = quantiles(slowest.values(), n=100)
        missing = len(expected.keys() - seen.keys())
        cpu_us = 1e6 * cpu / len(day)
        return Latency(rate, 1e3 * cuts[49], 1e3 * cuts[98], len(slowest), missing, here.exact(), 1e3 * feed.behind_s, cpu_us)


def measure_restarts(
    bootstrap: str, scratch: Path, warm_up: Sequence[Output], day: Sequence[Output], rate: float, kills: int
) -> list[float]:
    """Seconds from starting the worker again, at once after kill -9, to its first committed output; the load goes on meanwhile."""
    with installation(bootstrap, scratch) as here, here.reader(_nothing) as reader:
        worker = here.worker()
        taken = []
        try:
            run_backlog(here, reader, worker, warm_up)
            with SteadyFeed(bootstrap, here.prefix, day, rate) as feed:
                for _ in range(kills):
                    _watch(reader, _BETWEEN_KILLS_S)
                    worker.kill()
                    _drained(reader)
                    started = time.perf_counter()
                    worker = here.worker()
                    before = len(reader.kept)
                    reader.until(before + 1, _START_S, worker.check)
                    taken.append(reader.last_at - started)
                    if feed.done:
                        raise RuntimeError("the load ended before the last restart: give it more records")
            _settled(here, reader, worker, len(day))
        finally:
            worker.stop()
        wrong = here.exact()
        if wrong:
            raise RuntimeError(f"after {kills} kills verify finds {wrong}")
        return taken


def run_backlog(here: Installation, reader: CommittedReader[Any], worker: Worker, records: Sequence[Output]) -> tuple[float, float]:
    """Gives the worker these records at once; returns the moment they became visible and that of the last output (`perf_counter`)."""
    backlog = Backlog(here.bootstrap, here.prefix)
    backlog.append(records)
    time.sleep(_SETTLE_S)
    visible = backlog.release()
    return visible, _settled(here, reader, worker, len(records))


def _settled(here: Installation, reader: CommittedReader[Any], worker: Worker, records: int) -> float:
    """Waits until the group has committed every record of every hop and no output comes any more; returns the moment of the last output."""
    deadline = time.perf_counter() + _START_S + records / _SLOWEST_RATE
    while True:
        last = reader.drain(_QUIET_S)
        worker.check()
        behind = here.behind()
        if last and not behind:
            return last
        if time.perf_counter() > deadline:
            waiting = ", ".join(f"{count} offsets at {place}" for place, count in behind.items())
            raise TimeoutError(f"{waiting or 'nothing'} still to be processed, last output {last}; see {here.log}")


def _watch(reader: CommittedReader[Any], seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        reader.poll()


def _drained(reader: CommittedReader[Any]) -> None:
    """Reads what a dead worker had committed, so that what comes next is its successor's."""
    while reader.poll(0.2):
        pass


def _nothing(message: Message) -> object:
    return None


def _identity(message: Message) -> bytes:
    """The output's `ce_id`."""
    headers: Any = message.headers() or ()  # The stub says dict; the client gives a list of pairs.
    return next((value or b"" for name, value in headers if name == "ce_id"), b"")
