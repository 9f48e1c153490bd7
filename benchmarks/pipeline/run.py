"""All pipeline measurements, in rounds, as figures beside what was wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.pipeline.bulk import measure_bulk
from benchmarks.pipeline.day import brought_about, records_of_a_day, start_of_a_day
from benchmarks.pipeline.figures import Figure
from benchmarks.pipeline.measure import measure_latency, measure_restarts, measure_throughput

__all__ = ["FULL", "QUICK", "Effort", "run_pipeline"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    rounds: int = 3
    orders: int = 6_000
    """Orders of the day that throughput is measured on."""

    seconds: float = 20
    """How long a steady load lasts."""

    kills: int = 3
    bulk_orders: int = 1_000_000
    sample_orders: int = 4_000
    """Orders whose rows are copied to make the bulk."""

    bulk_load_orders: int = 60_000
    """Orders of the day that goes on beside them."""


FULL = Effort()
QUICK = Effort(rounds=1, orders=200, seconds=2, kills=1, bulk_orders=2_000, sample_orders=100, bulk_load_orders=200)

_RECORDS_AN_ORDER = 9.6
_WARM_UP = 0.15


def run_pipeline(bootstrap: str, scratch: Path, effort: Effort, said: Callable[[str], None]) -> list[Figure]:
    """Raises RuntimeError or TimeoutError when the pipeline does not do its work; what `verify` finds is in the figures."""
    return [*_pace(bootstrap, scratch, effort, said), *_bulk(bootstrap, scratch, effort, said)]


def _pace(bootstrap: str, scratch: Path, effort: Effort, said: Callable[[str], None]) -> list[Figure]:
    day = records_of_a_day(1, effort.orders)
    cut = int(len(day) * _WARM_UP)
    runs = []
    for number in range(1, effort.rounds + 1):
        run = measure_throughput(bootstrap, scratch, day[:cut], day[cut:])
        said(f"throughput {number}: {run.records_s:,.0f} raw records/s, {run.cpu_us:.0f} us each, verify: {run.verdict or 'nothing wrong'}")
        runs.append(run)
    half = median(run.records_s for run in runs) / 2

    steady = records_of_a_day(2, max(100, int(half * effort.seconds * 1.2 / _RECORDS_AN_ORDER)))
    cut = int(len(steady) * _WARM_UP)
    warm_up, load = steady[:cut], steady[cut:]
    causes = brought_about(warm_up, load)
    delays = []
    for number in range(1, effort.rounds + 1):
        delay = measure_latency(bootstrap, scratch, warm_up, load, half, causes)
        said(
            f"latency {number} at {half:,.0f}/s: p50 {delay.p50:.0f} ms, p99 {delay.p99:.0f} ms,"
            f" {delay.records:,} records timed, feed at most {delay.feed_behind:.0f} ms late, verify: {delay.verdict or 'nothing wrong'}"
        )
        delays.append(delay)

    long = records_of_a_day(3, max(400, int(half * effort.kills * 15 / _RECORDS_AN_ORDER)))
    cut = min(cut, len(long) // 4)
    restarts = measure_restarts(bootstrap, scratch, long[:cut], long[cut:], half, effort.kills)
    said("restarts: " + ", ".join(f"{taken:.1f} s" for taken in restarts))

    exact = "; ".join(filter(None, [*(run.verdict for run in runs), *(delay.verdict for delay in delays)]))
    late, missing = max(delay.feed_behind for delay in delays), max(delay.missing for delay in delays)
    wait = f"{delays[0].records:,} records timed a round, at most {missing} outputs not recognised; the feed was at most {late:.0f} ms late"
    return [
        Figure(
            "raw records/s a worker", "/s", [r.records_s for r in runs], "5,000 and more",
            f"{runs[0].records:,} records as one backlog, {runs[0].outputs:,} outputs; verify: {exact or 'nothing wrong'}",
        ),
        Figure("CPU a raw record", "us", [r.cpu_us for r in runs], "200", "worker process, all three hops"),
        Figure("CPU a raw record at half load", "us", [d.cpu_us for d in delays], "", f"{half:,.0f} records/s"),
        Figure("latency p50 at half load", "ms", [d.p50 for d in delays], "", wait),
        Figure("latency p99 at half load", "ms", [d.p99 for d in delays], "at most 250 ms", "raw append to committed output"),
        Figure("restart to first output after kill -9", "s", restarts, "at most 5 s", f"load of {half:,.0f} records/s goes on"),
        Figure("peak memory of a worker, backlog", "MB", [r.peak_rss / 2**20 for r in runs], "", f"{effort.orders:,} orders"),
    ]  # fmt: skip


def _bulk(bootstrap: str, scratch: Path, effort: Effort, said: Callable[[str], None]) -> list[Figure]:
    start = start_of_a_day(effort.bulk_load_orders)
    sample = records_of_a_day(4, effort.sample_orders, start, daytime=True)
    load = records_of_a_day(5, effort.bulk_load_orders, start)
    bulk = measure_bulk(bootstrap, scratch, sample, load, effort.bulk_orders, effort.rounds, said)
    megabytes = bulk.bytes_in_changelogs / 2**20
    size = f"{bulk.orders:,} orders of {bulk.order_row_bytes:,.0f} bytes, {bulk.entries:,} rows and marks in all, {megabytes:,.0f} MB"
    return [
        Figure("restore of a lost store", "rows/s", [bulk.entries / seconds for seconds in bulk.restore_s], "100,000 and more", size),
        Figure("memory after the restore", "MB", [bulk.rss_restored / 2**20], "", size),
        Figure(
            f"peak memory with {bulk.orders:,} orders", "MB", [bulk.rss_peak / 2**20], "at most 800 MB with 1,000,000",
            f"restore, then {bulk.load_records:,} more records at full speed",
        ),
    ]  # fmt: skip
