"""Closed orders, as rows of the shipment hop: put away, removed when their time is over, and restored.

An archived order keeps its whole row, so that a late fact brings it back by itself. Of a removed one a mark of ten bytes stays: a late fact
must not start it anew, or finance would be told twice. What a hop says may depend on its log alone, which the archive topic is not part
of; so whoever wants a removed order back sends its row through the log, as `Restored`.
"""

from __future__ import annotations

from typing import Final

from streams.contracts import watch_outputs
from streams.contracts.order_rows import ArchivedOrder, RemovedOrder
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import DeadLetterMark, Event, Restored, TermsChanged, Tick
from streams.domain.instant import from_millis, to_millis
from streams.domain.order import OrderRow
from streams.domain.reference_data import ItemChanged
from streams.domain.watch.patience import Patience
from streams.hop import DeadLetter, Emission, Output, Record, Rows, due_key

__all__ = ["ORDER_KEY", "came_back", "put_away", "refuse_late", "restore", "tell_time"]

ORDER_KEY: Final = b"o/"
"""What the key of an order's row starts with."""


def put_away(rows: Rows, key: bytes, row: OrderRow, record: Record, patience: Patience) -> Output:
    """Archive a row, and ask for the time at which it may be removed. Returns its record of `shipment.archive`."""
    archived = _keep(rows, key, ArchivedOrder.of(row, _end(record, patience)))
    return watch_outputs.archive(row, archived.packed, record)


def came_back(rows: Rows, key: bytes, archived: ArchivedOrder, row: OrderRow, record: Record) -> None:
    """A late fact changed it: it is an open order again, and nobody need be told of its end. `row` is archived anew as of now, not as of
    the time when that was due, or it could be removed before the next late fact."""
    if archived.until_ms:
        rows.unmark(due_key(archived.until_ms, key))
    if row.wake_at is not None and to_millis(row.wake_at) < record.timestamp:
        row.wake_at = from_millis(record.timestamp)


def tell_time(rows: Rows, key: bytes, archived: ArchivedOrder, tick: Tick) -> None:
    """Remove an archived order whose time is over. A tick from its life before says nothing."""
    due_ms = to_millis(tick.due)
    if archived.until_ms and due_ms >= archived.until_ms:
        rows.put(key, RemovedOrder(due_ms))


def refuse_late(
    record: Record, key: bytes, removed: RemovedOrder, message: Event | DeadLetterMark | Tick | TermsChanged | ItemChanged
) -> list[Emission]:
    """A late fact about a removed order is kept as a dead letter until the order is restored. Other messages have nobody to tell.

    That the letter itself holds a release need not be known: nothing can be released.
    """
    if not isinstance(message, Event):
        return []
    order = key[len(ORDER_KEY) :].decode()
    when = f"{from_millis(removed.at_ms):%Y-%m-%d}"
    text = f"order {order} was closed, archived, and removed on {when}; `milepost archive restore {order}`, then replay"
    return [DeadLetter(record, Stage.APPLY, Reason.ORDER_REMOVED, text, (order,))]


def restore(rows: Rows, record: Record, message: Restored, patience: Patience) -> list[Emission]:
    """Put a removed order back among the archived, for as long as any. An order that is not removed stays as it is: asked twice is asked
    once."""
    key = ORDER_KEY + message.order_id.encode()
    present = rows.get(key)
    if isinstance(present, OrderRow | ArchivedOrder):
        return []
    archived = ArchivedOrder(message.row, _end(record, patience))
    try:
        row = archived.row()
    except ValueError as error:
        return [_invalid(record, message, f"row: {error}")]
    if row.order_id != message.order_id:
        return [_invalid(record, message, f"row: that of order {row.order_id}, not of {message.order_id}")]
    if present is None:
        return [_invalid(record, message, f"order {message.order_id} was never here, so it was not removed from here")]
    _keep(rows, key, archived)
    return []


def _keep(rows: Rows, key: bytes, archived: ArchivedOrder) -> ArchivedOrder:
    rows.put(key, archived)
    rows.mark(due_key(archived.until_ms, key))
    return archived


def _end(record: Record, patience: Patience) -> int:
    return record.timestamp + int(patience.removal.total_seconds() * 1000)


def _invalid(record: Record, message: Restored, text: str) -> DeadLetter:
    return DeadLetter(record, Stage.APPLY, Reason.SCHEMA_INVALID, text, (message.order_id,))
