"""What one message costs an order of 12 lines and 40 facts: `python -m tests.unit.domain.speed`.

Each row is applied once: cold (just read from the store) or hot (kept in memory since the message before). Medians; the budget is 80 µs
for a typical message and 25 µs for the row's codec each way.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from decimal import Decimal
from statistics import median
from time import perf_counter

from streams.contracts.rows import ORDER_ROWS
from streams.domain.event import Event
from streams.domain.fold import apply
from streams.domain.order import OrderRow
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Milestone
from tests.unit.domain.telling import (
    TERMS_ID,
    ToldOrder,
    contract,
    day,
    delivered,
    disputed,
    happened,
    in_transit,
    issued,
    picked,
    planned,
    proven,
    released,
    terms,
)

RUNS = 2_000
LINES = {str(10 * number): Decimal(number) for number in range(1, 13)}
CONTRACT = contract(terms(Trigger.ON_POD))
SCANS = [in_transit(day(2, f"{12 + number // 60}:{number % 60:02}")) for number in range(36)]
STORY = [released(LINES, price="12.50"), planned(day(1), "S1", "D1"), picked(day(1), LINES), issued(day(2), LINES, "S1", "D1"), *SCANS]

MESSAGES: dict[str, Event] = {
    "scan": in_transit(day(3)),
    "estimate": happened(Milestone.ETA_UPDATED, day(5), shipment="S1", classifier=Classifier.EST),
    "duplicate": in_transit(day(2, "12:05")),
    "goods issued, 3 lines": issued(day(3), {"10": 1, "20": 1, "30": 1}, "S2"),
    "delivered": delivered(day(3)),
    "dispute": disputed(day(3)),
    "proof, releases 12 lines": proven(day(3)),
}


def applied(row: Callable[[], OrderRow], message: Event) -> float:
    """Microseconds to apply a message to a row that was not used before."""
    taken = []
    for _ in range(RUNS):
        fresh = row()
        start = perf_counter()
        apply(fresh, message, {TERMS_ID: CONTRACT}.get, message.at.utc)
        taken.append(perf_counter() - start)
    return median(taken) * 1e6


def main() -> None:
    order = ToldOrder(*CONTRACT.versions).hears(*STORY)
    assert order.row is not None and len(order.row.facts) == 40
    data = ORDER_ROWS.encode(order.row)
    write, read = (
        min(timeit.repeat(call, number=200, repeat=30)) / 200 * 1e6
        for call in (lambda: ORDER_ROWS.encode(order.row), lambda: ORDER_ROWS.decode(data))
    )
    print(f"row of {len(data)} bytes: encode {write:.1f} µs, decode {read:.1f} µs")

    def cold() -> OrderRow:
        row = ORDER_ROWS.decode(data)
        assert isinstance(row, OrderRow)
        return row

    def hot() -> OrderRow:
        row = cold()
        apply(row, in_transit(day(2, "11:00")), {TERMS_ID: CONTRACT}.get, day(2))
        return row

    print(f"{'message':<26}{'cold':>8}{'hot':>8}   (µs)")
    for name, message in MESSAGES.items():
        print(f"{name:<26}{applied(cold, message):>8.1f}{applied(hot, message):>8.1f}")


if __name__ == "__main__":
    main()
