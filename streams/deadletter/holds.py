"""The records that hold an order's release while a dead letter that names it is open."""

from __future__ import annotations

from streams.contracts.messages import encode
from streams.deadletter.writer import letter_id
from streams.domain.event import DeadLetterMark
from streams.domain.instant import from_millis
from streams.hop import DeadLetter, Output
from streams.topics import EVENTS

__all__ = ["hold"]


def hold(letter: DeadLetter) -> list[Output]:
    """A `DeadLetterMark` for `shipment.events` for each order that the letter names, keyed by it.

    They depend on the refused record alone, so each reading of that record gives the same marks.
    """
    record, marks = letter.record, []
    for order_id in letter.order_ids:
        mark = DeadLetterMark(str(letter_id(record)), order_id, letter.reason, open=True, at=from_millis(record.timestamp))
        marks.append(Output(EVENTS, order_id.encode(), encode(mark), timestamp=record.timestamp))
    return marks
