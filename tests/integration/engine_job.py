"""A worker whose hop does what its records say, so that a test can ask for anything. `python -m tests.integration.engine_job`.

Hop `bench` reads `orders`, counts by key, and writes `counted`. A record's value is a JSON object:

- `{}`: count;
- `{"poison": true}`: raise;
- `{"big": n}`: write a value of n bytes that do not compress well;
- `{"broadcast": text}`: one copy to every partition;
- `{"due": ms}`: ask for a tick at that time; `{"tick": ms}` is what comes back;
- `{"sleep": seconds}`: take that long;
- `{"refuse": reason, "order": id}`: dead-letter it;
- `{"as is": true}`: write key, headers, timestamp and topic name as they came.

Hop `copy` keeps no rows: it copies `wide` to `copied`.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from typing import Any

import orjson

from streams.deadletter.reasons import Reason, Stage
from streams.engine import run_worker
from streams.hop import EVERY_PARTITION, DeadLetter, Emission, Hop, Output, Record, Rows, due_key
from streams.settings import Settings

ORDERS, COUNTED, WIDE, COPIED = "orders", "counted", "wide", "copied"


class Json:
    """Rows as JSON."""

    def encode(self, row: Any) -> bytes:
        return orjson.dumps(row)

    def decode(self, data: bytes) -> Any:
        return orjson.loads(data)


def bench(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
    """Do what the records say."""
    return [emission for record in batch for emission in _obey(rows, record)]


def copy(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
    """Pass on."""
    return [Output(COPIED, record.key, record.value) for record in batch]


def tick(when_ms: int, key: bytes) -> Output:
    """The time of a due mark has come."""
    return Output("", key, orjson.dumps({"tick": when_ms}), timestamp=when_ms)


def hold(letter: DeadLetter) -> list[Output]:
    """A record for each order that a dead letter names."""
    return [Output(COUNTED, order.encode(), b'{"held":true}') for order in letter.order_ids]


def _obey(rows: Rows, record: Record) -> list[Emission]:
    assert record.key is not None and record.value is not None
    said = orjson.loads(record.value)
    row = rows.get(record.key) or {"n": 0}
    row["n"] += 1
    rows.put(record.key, row)
    if "poison" in said:
        raise ValueError("poison")
    if "sleep" in said:
        time.sleep(said["sleep"])
    if "refuse" in said:
        rows.put(record.key, row | {"n": row["n"] - 1})
        return [DeadLetter(record, Stage.VALIDATE, Reason(said["refuse"]), "as asked", order_ids=(said["order"],))]
    if "due" in said:
        rows.mark(due_key(said["due"], record.key))
    if "tick" in said:
        rows.unmark(due_key(said["tick"], record.key))
    if "broadcast" in said:
        return [Output(COUNTED, None, said["broadcast"].encode(), partition=EVERY_PARTITION)]
    if "as is" in said:
        headers = (*record.headers, ("topic", record.topic.encode()))
        return [Output(COUNTED, record.key, record.value, headers, timestamp=record.timestamp)]
    answer = {"n": row["n"]} | ({"tick": said["tick"]} if "tick" in said else {}) | ({"pad": random.Random(0).randbytes(said["big"] // 2).hex()} if "big" in said else {})
    return [Output(COUNTED, record.key, orjson.dumps(answer), timestamp=record.timestamp)]


HOPS = (Hop("bench", (ORDERS,), bench, Json(), tick), Hop("copy", (WIDE,), copy))

if __name__ == "__main__":
    sys.exit(run_worker(Settings(), HOPS, outputs=(COUNTED, COPIED), hold=hold))
