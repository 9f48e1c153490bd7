"""What normalising costs a record of each format, in microseconds on one core: `python -m benchmarks.normalize [FORMAT ...]`.

Bytes in to bytes out, by the real hop: decode, detect, validate, map, encode. Of histories and packets the cost a statement is shown too.
The aim is 60 µs a JSON webhook and 150 µs a 214; what misses 60 µs a statement is marked.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from streams.contracts.messages import decode
from streams.domain.event import Announcement, Event, Snapshot
from streams.domain.instant import to_millis
from streams.hop import Hop, Output, RawRecord
from streams.hops import normalize
from streams.offline.memory import MemoryRows
from tests.unit.normalize.edi_sets import BODIES, IFTSTA, INVOIC, message
from tests.unit.normalize.edi_sets import record as transaction
from tests.unit.normalize.reading import ARRIVED, raw
from tests.unit.normalize.records import EVERY, X12_214
from tests.unit.normalize.vendors import SNAPSHOTS, TOLD_OTHERWISE, VENDORS

_AIM: Final = 60.0
_BATCH: Final = 20
_ROUNDS: Final = 200


def main(wanted: list[str]) -> None:
    """Print the best of several rounds, a line a format."""
    hop, rows = normalize.hop(1_000_000), MemoryRows(None)
    print(f"{'record':44} {'bytes':>6} {'µs a record':>12} {'statements':>10} {'µs each':>8}")
    for name, record in _records():
        if wanted and not any(name.startswith(each) for each in wanted):
            continue
        batch = [record] * _BATCH
        best = min(_timed(hop, rows, batch) for _ in range(_ROUNDS)) / _BATCH * 1e6
        outputs = [decode(output.value or b"") for output in hop.run(rows, batch[:1]) if isinstance(output, Output)]
        said = max(1, sum(isinstance(one, (Event, Snapshot, Announcement)) for one in outputs))
        over = " *" if best / said > _AIM else ""
        print(f"{name:44} {len(record.value or b''):6} {best:12.1f} {said:10} {best / said:8.1f}{over}")


def _records() -> Iterator[tuple[str, RawRecord]]:
    for topic, own in EVERY:
        yield f"{topic} {own.get('type', own.get('code', 'ups or terms'))}", raw(topic, own)
    yield "x12.214", raw("carrier.raw", X12_214, {"format": "x12.214"})
    edi = [(f"x12.{name}", transaction(name)) for name in sorted(BODIES)]
    for name, output in [*edi, ("edifact.IFTSTA", message(IFTSTA)), ("edifact.INVOIC", message(INVOIC))]:
        yield name, RawRecord(output.topic, 0, 0, output.timestamp, output.key, output.value, output.headers)
    for vendor in (*VENDORS, *SNAPSHOTS, *TOLD_OTHERWISE):
        headers = {"format": vendor.format, **vendor.headers}
        xml = vendor.xml()
        yield vendor.format, raw(vendor.topic, vendor.record(), headers)
        if xml is not None:
            yield f"{vendor.format} XML", RawRecord(vendor.topic, 0, 0, to_millis(ARRIVED), None, xml, _encoded(headers))


def _encoded(headers: dict[str, Any]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, text.encode()) for name, text in headers.items())


def _timed(hop: Hop, rows: MemoryRows, batch: list[RawRecord]) -> float:
    start = time.perf_counter()
    hop.run(rows, batch)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1:])
