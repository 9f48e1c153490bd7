"""Runs the keyed fold in rounds: every engine once a round, in turn, so that a machine's drift hits all alike.

One run is a fresh worker with an empty store on fresh topics. It takes its partitions and counts a few records, falls idle,
and then gets two equal passes of events, each at once: the first on a process that has just started, the second on a warm one.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from confluent_kafka import Message

from benchmarks.backlog import Backlog
from benchmarks.cluster import PARTITIONS, create_topics, delete_topics_of
from benchmarks.fold.check import Exactness, check_fold
from benchmarks.fold.engines import Engine
from benchmarks.fold.job import FoldJob
from benchmarks.reader import CommittedReader
from benchmarks.worker import Worker
from streams.hop import Output

__all__ = ["FoldRun", "Pass", "run_folds"]

_ROOT = Path(__file__).resolve().parents[2]
_PROLOGUE = 400
_SETTLE_S = 1.0
_START_S = 90.0
_SLOWEST_RATE = 250.0
_LINES = [{"sku": "A", "qty": 3}, {"sku": "B", "qty": 1}]


@dataclass(frozen=True, slots=True)
class Pass:
    """One backlog, from the moment it became visible to the moment its last result was seen committed."""

    events_s: float
    cpu_us: float
    """User + system CPU of the worker's process tree, microseconds an event."""


@dataclass(frozen=True, slots=True)
class FoldRun:
    """One run of one engine."""

    engine: str
    round: int
    events: int
    """Events of each pass."""

    first: Pass
    warm: Pass
    start_s: float
    """From the start of the process to its first committed records."""

    start_cpu_s: float
    peak_rss: int
    """Bytes."""

    exactness: Exactness


def run_folds(
    bootstrap: str, engines: Sequence[Engine], events: int, keys: int, rounds: int, scratch: Path, said: Callable[[str], None]
) -> list[FoldRun]:
    """All runs, in the order they were made. Raises WorkerFailed or TimeoutError when an engine does not do its work."""
    token = uuid.uuid4().hex[:8]
    runs = []
    try:
        for number in range(1, rounds + 1):
            for engine in engines:
                run = _run(bootstrap, engine, events, keys, number, f"bench-{token}-{engine.name}-{number}", scratch)
                said(
                    f"round {number}: {engine.title}: {run.first.events_s:,.0f} then {run.warm.events_s:,.0f} events/s,"
                    f" {run.first.cpu_us:.1f} then {run.warm.cpu_us:.1f} us/event, {run.exactness}"
                )
                runs.append(run)
    finally:
        delete_topics_of(bootstrap, [f"bench-{token}"])
    return runs


def _events(topic: str, first: int, events: int, keys: int) -> Iterator[Output]:
    """Small pick events, keys in turn, `seq` counted on from `first`."""
    for seq in range(first, first + events):
        order = f"ORD-{seq % keys:07d}"
        event = {"seq": seq, "order": order, "type": "pick", "at": "2026-01-01T00:00:00Z", "wh": "W1", "lines": _LINES}
        yield Output(topic, order.encode(), orjson.dumps(event))


def _value(message: Message) -> bytes:
    return message.value() or b""


def _run(bootstrap: str, engine: Engine, all_events: int, all_keys: int, number: int, app_id: str, scratch: Path) -> FoldRun:
    events, keys = max(1, int(all_events * engine.share)), max(1, int(all_keys * engine.share))
    state = scratch / app_id
    state.mkdir(parents=True)
    job = FoldJob(bootstrap, f"{app_id}-in", f"{app_id}-out", app_id, str(state), PARTITIONS, "0")
    create_topics(bootstrap, job.input, job.output)
    backlog = Backlog(bootstrap)
    backlog.append(_events(job.input, 0, _PROLOGUE, keys))
    backlog.release()

    seq = _PROLOGUE
    passes: list[Pass] = []
    with CommittedReader(bootstrap, [job.output], _value) as reader:
        started = time.perf_counter()
        environment = {**job.environment(), "PYTHONPATH": str(_ROOT), **engine.env}
        with Worker(engine.command, scratch / f"{app_id}.log", environment, cwd=state) as worker:
            up = reader.until(seq, _START_S, worker.check)
            for _ in range(2):
                time.sleep(_SETTLE_S)
                begin = time.perf_counter()
                backlog.append(_events(job.input, seq, events, keys))
                if not engine.read_uncommitted:
                    time.sleep(_SETTLE_S)
                visible = backlog.release()
                begin = begin if engine.read_uncommitted else visible
                seq += events
                end = reader.until(seq, _START_S + events / _SLOWEST_RATE, worker.check)
                passes.append(Pass(events / (end - begin), 1e6 * (worker.meter.cpu_at(end) - worker.meter.cpu_at(begin)) / events))
            reader.drain()
        exactness = check_fold(reader.kept, seq)
    delete_topics_of(bootstrap, [app_id])
    shutil.rmtree(state, ignore_errors=True)
    return FoldRun(
        engine.name, number, events, passes[0], passes[1], up - started, worker.meter.cpu_at(up), worker.meter.peak_rss, exactness
    )
