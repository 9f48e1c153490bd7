"""What normalising costs a record of each format, in microseconds, one core: `python -m benchmarks.normalize`.

A row is a format, a topic and a record's bytes and headers. To measure another format, add its rows to `ROWS`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from streams.hop import DeadLetter, Hop, Output, RawRecord
from streams.hops import normalize
from streams.offline.memory import MemoryRows

__all__ = ["ROWS", "Row", "main"]

_BATCH: Final = 20
_ROUNDS: Final = 200


class Row(NamedTuple):
    """A format to be measured."""

    name: str
    record: RawRecord
    wanted: float = 0
    """Microseconds a record at most; 0: no figure was set."""


def _edi() -> list[Row]:
    from tests.unit.normalize.edi_sets import BODIES, IFTSTA, INVOIC, message, record
    from tests.unit.normalize.records import X12_214

    status = [*X12_214["segments"][1:-1], "MS1*DAYTON*OH*US", "MS2*OLDF*TR881"]
    rows = [Row("x12.214", _raw(record("214", status)), wanted=150)]
    rows += [Row(f"x12.{name}", _raw(record(name))) for name in sorted(BODIES)]
    return [*rows, Row("edifact.IFTSTA", _raw(message(IFTSTA))), Row("edifact.INVOIC", _raw(message(INVOIC)))]


def _raw(output: Output) -> RawRecord:
    return RawRecord(output.topic, 0, 1, output.timestamp, output.key, output.value, output.headers)


ROWS: Final[list[Callable[[], list[Row]]]] = [_edi]
"""Where rows come from, by family."""


def main() -> None:
    """Print a table in Markdown: the best of several rounds, from bytes to bytes."""
    hop, rows = normalize.hop(1_000_000), MemoryRows(None)
    print("| format | µs a record | emitted | wanted |\n|---|---:|---:|---:|")
    for family in ROWS:
        for row in family():
            batch = [row.record] * _BATCH
            emitted = hop.run(rows, batch[:1])
            assert not any(isinstance(each, DeadLetter) for each in emitted), f"{row.name} is refused"
            best = min(_timed(hop, rows, batch) for _ in range(_ROUNDS)) / _BATCH * 1e6
            print(f"| {row.name} | {best:.0f} | {len(emitted)} | {f'{row.wanted:.0f}' if row.wanted else ''} |")


def _timed(hop: Hop, rows: MemoryRows, batch: list[RawRecord]) -> float:
    start = time.perf_counter()
    hop.run(rows, batch)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
