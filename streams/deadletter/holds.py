"""The records that hold an order's release while a dead letter that names it is open, and those that let it go.

A hold is lifted by the hop that processed the replayed record, behind all that this record had to say: before, an invoice could be released
on half the facts. The hop knows what to lift from the record's own headers, so that it stays a function of its log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from streams.contracts.messages import encode
from streams.deadletter import headers as names
from streams.deadletter.writer import is_from_outside, letter_id, orders_of
from streams.domain.event import DeadLetterMark
from streams.domain.instant import from_millis, to_millis
from streams.hop import DeadLetter, Emission, Output, Record
from streams.topics import EVENTS

__all__ = ["closing", "hold", "lift", "settled", "without_replay"]


def hold(letter: DeadLetter) -> list[Output]:
    """A `DeadLetterMark` for `shipment.events` for each order that the letter names, keyed by it. Where the record was a replay, the
    letter that it was before lets go of its orders, behind that.

    They depend on the refused record alone, so each reading of that record gives the same marks.
    """
    record = letter.record
    at = from_millis(record.timestamp)
    marks = [
        _output(DeadLetterMark(str(letter_id(record)), order_id, letter.reason, open=True, at=at), record.timestamp)
        for order_id in orders_of(letter)
    ]
    return marks + lift(record)


def lift(record: Record) -> list[Output]:
    """The marks by which a replayed record lets go of the orders that its dead letter held; none for any other record."""
    if not record.headers or is_from_outside(record):
        return []
    fields = names.read(record.headers)
    replayed, orders = fields.get(names.REPLAY_OF), fields.get(names.ORDER_ID)
    if not replayed or not orders:
        return []
    # Later than the mark that it closes, which bears the record's own timestamp.
    at_ms = max(_millis(fields.get(names.REPLAY_AT, "")), record.timestamp + 1)
    return closing(replayed, orders.split("\n"), at_ms)


def closing(dead_letter_id: str, order_ids: Iterable[str], at_ms: int) -> list[Output]:
    """Marks for `shipment.events` that end the hold of a letter. `at_ms`, milliseconds since the epoch, must be later than the letter's
    record."""
    at = from_millis(at_ms)
    return [_output(DeadLetterMark(dead_letter_id, order_id, "", open=False, at=at), at_ms) for order_id in order_ids]


def settled(record: Record, emissions: list[Emission]) -> list[Emission]:
    """What a hop sends for a record, with the marks that lift its hold behind it. A letter among them brings its own."""
    if record.headers and not any(isinstance(emission, DeadLetter) for emission in emissions):
        emissions += lift(record)
    return emissions


def without_replay(headers: Sequence[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    """Headers for what follows from a record: that the record was replayed is said by the record alone."""
    return names.without_ours(headers) if headers else ()


def _output(mark: DeadLetterMark, timestamp: int) -> Output:
    return Output(EVENTS, mark.order_id.encode(), encode(mark), timestamp=timestamp)


def _millis(text: str) -> int:
    try:
        return to_millis(datetime.fromisoformat(text))
    except (ValueError, TypeError, OverflowError):
        return 0
