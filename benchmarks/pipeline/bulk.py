"""A store of a million orders: made from the rows of a real run, restored, and worked upon."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import Message

from benchmarks.backlog import Backlog, SteadyFeed
from benchmarks.pipeline.installation import Installation, installation
from benchmarks.pipeline.measure import run_backlog
from benchmarks.reader import CommittedReader
from streams.engine.store import MARK, ROW
from streams.hop import DUE_PREFIX, Output, due_key, parse_due_key
from streams.topics import changelog_topic

__all__ = ["Bulk", "measure_bulk"]

_HOPS = ("resolve", "shipment")
_ORDER = ROW + b"o/"
_TERMS = ROW + b"t/"
_RESTORED = re.compile(r"(\w+): \d+ partitions ready, (\d+) entries restored in ([0-9.]+) s")
_PROBE_RATE = 50.0
_FEW = 100
_START_S = 300.0
_YEAR_MS = 365 * 86_400_000

Entry = tuple[int, bytes, bytes]
"""Partition, key and value of a changelog entry that stands."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a worker with that many orders costs."""

    orders: int
    entries: int
    """Rows and marks of all changelogs."""

    order_row_bytes: float
    """Mean size of an order's stored row."""

    bytes_in_changelogs: int
    """Keys and values."""

    restore_s: list[float]
    """How long the restore of all stores took, as the worker's log says."""

    rss_restored: int
    """Resident bytes after the restore, before the load."""

    rss_peak: int
    """Highest resident bytes while it restored and worked."""

    load_records: int


def measure_bulk(
    bootstrap: str, scratch: Path, sample: Sequence[Output], load: Sequence[Output], orders: int, rounds: int, said: Callable[[str], None]
) -> Bulk:
    """`sample` runs through a worker, and its rows are copied under new keys until there are `orders`.

    `load` is another day with the same terms: its first records come slowly during the restores, the others as a backlog after them.
    """
    rows = _rows_of(bootstrap, scratch, sample)
    real = [entry for entry in rows["shipment"] if entry[1].startswith(_ORDER)]
    if not real:
        raise RuntimeError("the sample left no order's row: are their keys still `o/<order>`?")
    copies = -(-orders // len(real))
    with installation(bootstrap, scratch) as here:
        backlog = Backlog(bootstrap)
        entries = size = 0
        for hop in _HOPS:
            said(f"writing {copies} copies of {len(rows[hop]):,} entries of {hop}")
            topic = changelog_topic(here.settings.app_id, hop)
            for copy in range(1, copies + 1):
                copied = list(_copied(rows[hop], copy))
                backlog.append(Output(topic, key, value, (), partition) for partition, key, value in copied)
                backlog.release()
                entries += len(copied)
                size += sum(len(key) + len(value) for _, key, value in copied)
        restores = []
        with here.reader(_nothing) as reader, SteadyFeed(bootstrap, here.prefix, load, _PROBE_RATE) as feed:
            for number in range(rounds):
                _first_output(here, reader)
                restored, seconds = _restored(here)
                if restored < entries:
                    raise RuntimeError(f"{restored:,} entries were restored, not {entries:,}: the store was not lost")
                restores.append(seconds)
                said(f"restore {number + 1}: {restored:,} entries in {seconds:.1f} s")
                here.lose_store()
        rest = load[len(feed.appended_at) :]
        with here.reader(_nothing) as reader, here.worker() as worker:
            run_backlog(here, reader, worker, rest[:_FEW])
            resting = worker.meter.last_rss
            run_backlog(here, reader, worker, rest[_FEW:])
            peak = worker.meter.peak_rss
    mean = sum(len(value) for _, _, value in real) / len(real)
    return Bulk(len(real) * copies, entries, mean, size, restores, resting, peak, len(rest))


def _rows_of(bootstrap: str, scratch: Path, sample: Sequence[Output]) -> dict[str, list[Entry]]:
    """What stands in each hop's changelog after the sample."""
    found = {}
    with installation(bootstrap, scratch) as here, here.reader(_nothing) as reader:
        with here.worker() as worker:
            run_backlog(here, reader, worker, sample)
        for hop in _HOPS:
            with CommittedReader(bootstrap, [changelog_topic(here.settings.app_id, hop)], _entry) as changelog:
                changelog.drain()
                standing = {(partition, key): value for partition, key, value in changelog.kept}
            found[hop] = [(partition, key, value) for (partition, key), value in standing.items() if value is not None]
    return found


def _copied(entries: Sequence[Entry], copy: int) -> Iterator[Entry]:
    """The entries under keys of their own. Due times move a year away: nobody is to be woken meanwhile. Terms are not copied."""
    suffix = f"~{copy}".encode()
    for partition, key, value in entries:
        if key.startswith(_TERMS):
            if copy == 1:
                yield partition, key, value
        elif key.startswith(MARK + DUE_PREFIX):
            when, due = parse_due_key(key[len(MARK) :])
            yield partition, MARK + due_key(when + _YEAR_MS, due + suffix), value
        else:
            yield partition, key + suffix, value


def _restored(here: Installation) -> tuple[int, float]:
    """`(entries, seconds)` of the last start's restore; hops restore side by side, so the slowest counts."""
    found = {hop: (int(entries), float(seconds)) for hop, entries, seconds in _RESTORED.findall(here.log.read_text())}
    if found.keys() < set(_HOPS):
        raise RuntimeError(f"{here.log} does not say what was restored: has the engine's log line changed?")
    return sum(entries for entries, _ in found.values()), max(seconds for _, seconds in found.values())


def _first_output(here: Installation, reader: CommittedReader[Any]) -> None:
    """Runs the worker until its first committed output."""
    with here.worker() as worker:
        reader.until(len(reader.kept) + 1, _START_S, worker.check)
    reader.drain(0.5)


def _entry(message: Message) -> tuple[int, bytes, bytes | None]:
    return message.partition() or 0, message.key() or b"", message.value()


def _nothing(message: Message) -> object:
    return None
