"""The record that holds an order's release while a dead letter that names it is open."""

from __future__ import annotations

from streams.contracts.messages import encode
from streams.deadletter.writer import letter_id
from streams.domain.event import DeadLetterMark
from streams.domain.instant import from_millis
from streams.hop import DeadLetter, Output
from streams.topics import EVENTS

__all__ = ["hold"]


def hold(letter: DeadLetter) -> Output:
    """A `DeadLetterMark` for `shipment.events`, keyed by the order that the letter names.

    It depends on the refused record alone, so each reading of that record gives the same mark. Raises `ValueError` if no order is named.
    """
    if not letter.order_id:
        raise ValueError("the dead letter names no order")
    record = letter.record
    mark = DeadLetterMark(str(letter_id(record)), letter.order_id, letter.reason, open=True, at=from_millis(record.timestamp))
    return Output(EVENTS, letter.order_id.encode(), encode(mark), timestamp=record.timestamp)
