"""What one message costs an order's row, gate included, and how that grows with its facts: `python -m benchmarks.row`.

A message is applied once to a row that was just read from its bytes (cold), and to one kept in memory since the message before (hot),
on one core; scans 60 in a row. Medians of microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from time import perf_counter

from streams.contracts.rows import ORDER_ROWS
from streams.domain.event import Event, Evidence, Lineage, LineQuantity, OrderDetails, OrderLine, TermsChanged
from streams.domain.fold import apply
from streams.domain.instant import Instant
from streams.domain.order import OrderRow
from streams.domain.terms import Terms, Trigger
from streams.domain.vocabulary import Classifier, Milestone, Scope

__all__ = ["main"]

LINES = 12
RUNS = 400
START = datetime(2026, 6, 1, tzinfo=UTC)
CONTRACT = TermsChanged("T", (Terms("T", 1, Trigger.ON_POD, "EUR", "Europe/Berlin", START - timedelta(days=365)),))
QUANTITIES = tuple(LineQuantity(str(10 * number), Decimal(number)) for number in range(1, LINES + 1))


def _event(milestone: Milestone, at: datetime, **more: object) -> Event:
    lineage = Lineage("TEST", "test.v1", "carrier.raw", 0, 0, at)
    scope = Scope.ORDER if "order" in more else Scope.SHIPMENT
    shipment = "" if "order" in more else "S1"
    return Event(f"{milestone}/{at}", milestone, Classifier.ACT, scope, Instant(at, "", 0), lineage, "A:1", shipment_id=shipment, **more)  # type: ignore[arg-type]


def _row(facts: int) -> bytes:
    """An order of 12 lines, issued, with scans up to so many facts; as bytes."""
    lines = tuple(OrderLine(q.line, f"SKU-{q.line}", q.quantity, "EA", Decimal("12.50")) for q in QUANTITIES)
    told = [
        _event(Milestone.ORDER_RELEASED, START, order=OrderDetails(1, "C", "EUR", "T", lines)),
        _event(Milestone.GOODS_ISSUED, START + timedelta(days=1), lines=QUANTITIES),
    ]
    told += [_event(Milestone.IN_TRANSIT, START + timedelta(days=1, minutes=number)) for number in range(facts - len(told))]
    row: OrderRow | None = None
    for event in told:
        row = apply(row, event, {"T": CONTRACT}.get, event.at.utc).row
    return ORDER_ROWS.encode(row)


def _cold(data: bytes) -> OrderRow:
    row = ORDER_ROWS.decode(data)
    assert isinstance(row, OrderRow)
    return row


def _hot(data: bytes) -> OrderRow:
    row = _cold(data)
    apply(row, _event(Milestone.IN_TRANSIT, START + timedelta(hours=30)), {"T": CONTRACT}.get, START)
    return row


def _cost(row: Callable[[bytes], OrderRow], data: bytes, before: list[Event], message: Event) -> float:
    taken = []
    for _ in range(RUNS):
        fresh = row(data)
        for event in before:
            apply(fresh, event, {"T": CONTRACT}.get, event.at.utc)
        start = perf_counter()
        apply(fresh, message, {"T": CONTRACT}.get, message.at.utc)
        taken.append(perf_counter() - start)
    return median(taken) * 1e6


def _scans(row: Callable[[bytes], OrderRow], data: bytes) -> float:
    """Mean of 60 scans one after the other, so that summarising, which comes once in some fifty of them, has its share."""
    scans = [_event(Milestone.IN_TRANSIT, START + timedelta(days=2, minutes=number)) for number in range(60)]
    taken = []
    for _ in range(RUNS // 8):
        fresh = row(data)
        start = perf_counter()
        for scan in scans:
            apply(fresh, scan, {"T": CONTRACT}.get, scan.at.utc)
        taken.append((perf_counter() - start) / len(scans))
    return median(taken) * 1e6


def main() -> None:
    """Print the table."""
    delivered = _event(Milestone.DELIVERED, START + timedelta(days=3))
    proof = _event(Milestone.POD_RECEIVED, START + timedelta(days=4), evidence=Evidence("A. Smith"))
    print(f"{'facts':>6}{'bytes':>8}  " + "".join(f"{name:>22}" for name in ("60 scans, each", "delivered cold/hot", "release cold/hot")))
    for facts in (10, 40, 100, 1_000):
        data = _row(facts)
        costs = [f"{_scans(_hot, data):9.1f}"]
        costs += [
            f"{_cost(_cold, data, [], message):9.1f} /{_cost(_hot, data, before, message):7.1f}"
            for message, before in ((delivered, []), (proof, [delivered]))
        ]
        print(f"{facts:>6}{len(data):>8}  " + "".join(f"{cost:>22}" for cost in costs))


if __name__ == "__main__":
    main()
