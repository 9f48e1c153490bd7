"""What normalising costs a record of each format, in microseconds: `python -m tests.unit.normalize.speed`."""

from __future__ import annotations

import time

from streams.contracts.messages import decode
from streams.domain.event import Event
from streams.hop import Hop, Output, RawRecord
from streams.hops import normalize
from streams.offline.memory import MemoryRows
from tests.unit.normalize.reading import raw
from tests.unit.normalize.records import EVERY
from tests.unit.normalize.vendors import VENDORS

_BATCH = 20
_ROUNDS = 200


def main() -> None:
    """Print the best of several rounds: bytes in to bytes out, one core. Histories are shown by statement too."""
    hop, rows = normalize.hop(100_000), MemoryRows(None)
    named = [(f"{topic} {record.get('type', record.get('code', 'ups or terms'))}", topic, record, {}) for topic, record in EVERY]
    named += [(vendor.format, vendor.topic, vendor.record(), {"format": vendor.format}) for vendor in VENDORS]
    for name, topic, record, headers in named:
        batch = [raw(topic, record, headers)] * _BATCH
        best = min(_timed(hop, rows, batch) for _ in range(_ROUNDS)) / _BATCH * 1e6
        said = sum(isinstance(out, Output) and isinstance(decode(out.value or b""), Event) for out in hop.run(rows, batch[:1]))
        print(f"{name:42} {best:7.1f} a record  {best / max(1, said):7.1f} a statement ({said})")


def _timed(hop: Hop, rows: MemoryRows, batch: list[RawRecord]) -> float:
    start = time.perf_counter()
    hop.run(rows, batch)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
