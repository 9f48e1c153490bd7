"""A job whose output shows every fault: three hops that count, so a lost, repeated or half-applied record breaks a sequence.

`raw` → `tag` (no rows) → `tagged` → `reference` (counts by key, sends on under the order) → `events` → `order` (counts by key) → `counted`.
Each record of `counted` says how many records its key has seen. Run as a worker: `python -m tests.fault.counting_job`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import orjson

from streams.engine import run_worker
from streams.hop import Emission, Hop, Output, Record, Rows
from streams.settings import Settings

RAW, TAGGED, EVENTS, COUNTED = "raw", "tagged", "events", "counted"


class Json:
    """Rows as JSON."""

    def encode(self, row: Any) -> bytes:
        return orjson.dumps(row)

    def decode(self, data: bytes) -> Any:
        return orjson.loads(data)


def tag(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
    """Pass on."""
    return [Output(TAGGED, record.key, record.value, (), timestamp=record.timestamp) for record in batch]


def reference(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
    """Number the records of a reference and pass them on under their order."""
    emissions: list[Emission] = []
    for record in batch:
        assert record.key is not None and record.value is not None
        row = rows.get(record.key) or {"seen": 0}
        row["seen"] += 1
        rows.put(record.key, row)
        event = orjson.loads(record.value)
        event["nth"] = row["seen"]
        emissions.append(Output(EVENTS, event["order"].encode(), orjson.dumps(event), timestamp=record.timestamp))
    return emissions


def order(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
    """Number the records of an order."""
    emissions: list[Emission] = []
    for record in batch:
        assert record.key is not None and record.value is not None
        row = rows.get(record.key) or {"seen": 0}
        row["seen"] += 1
        rows.put(record.key, row)
        event = orjson.loads(record.value)
        emissions.append(Output(COUNTED, record.key, orjson.dumps(event | {"count": row["seen"]}), timestamp=record.timestamp))
    return emissions


HOPS = (
    Hop("tag", (RAW,), tag),
    Hop("reference", (TAGGED,), reference, Json()),
    Hop("order", (EVENTS,), order, Json()),
)

if __name__ == "__main__":
    sys.exit(run_worker(Settings(), HOPS, outputs=(COUNTED,)))
