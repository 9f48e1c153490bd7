"""shipment: one row an order. Facts in; milestones, status, invoice decisions and holds out.

Reads `shipment.events`, the log that decides. What a record means is `streams.domain.fold`; here it only gets its row and its terms, and
what the row asks for (to be told the time, to be judged again when terms change) becomes marks:

    o/<order>            the order's row
    t/<terms>            all versions of a contract's terms, with the working days that they count
    i/<article>          units of an article
    k/<calendar>         working days
    l/<place>            whose clock the local times of a place are on
    w/<terms> 0 <order>  mark: the order is not settled, and these terms could matter
    u/<article> 0 <order> mark: the order has quantities in units of this article that nobody can convert yet
    c/<calendar> 0 <terms>  mark: these terms count this calendar's working days
    due/<time> o/<order>            mark: tell the order the time
    due/<time> r/w/<terms> 0 <order>  mark: go on judging these terms' orders again, after this one (r/u/<article>: those of an article)

New terms, or new working days of theirs, may concern very many orders. They are judged again `JUDGED_AT_ONCE` at a time, with a tick in
between, so that no transaction grows without bound. An order that is touched in the meantime sees the new terms at once.

A local time whose zone only its place can tell becomes a moment here, when it is read. What was read before the place's zone was known
stays as it was, until its source says it again.

An order that is closed for long goes to `shipment.archive`, and its row is put away in a fraction of its size, and later removed:
`streams.hops.closed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

from streams.contracts import outputs, watch_outputs
from streams.contracts.messages import decode, encode
from streams.contracts.order_rows import ORDER_ROWS, ArchivedOrder, RemovedOrder
from streams.contracts.wire import WireError
from streams.deadletter.holds import settled
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import DeadLetterMark, Event, Link, Restored, TermsChanged, Tick
from streams.domain.fold import apply
from streams.domain.instant import from_millis, to_millis
from streams.domain.order import OrderRow
from streams.domain.places import timed
from streams.domain.reference_data import CalendarChanged, ItemChanged, LocationChanged
from streams.domain.watch.patience import PATIENCE, Patience
from streams.domain.watch.watching import Watched
from streams.hop import DeadLetter, Emission, Hop, Output, Record, Rows, due_key
from streams.hops import closed
from streams.topics import EVENTS

__all__ = ["JUDGED_AT_ONCE", "hop"]

JUDGED_AT_ONCE: Final = 2_000
"""Orders that one record may have judged again; at about 0.1 ms each."""

_ORDER: Final = closed.ORDER_KEY
_TERMS: Final = b"t/"
_WAITS: Final = b"w/"
_ITEM: Final = b"i/"
_NEEDS: Final = b"u/"
_AGAIN: Final = b"r/"
_CALENDAR: Final = b"k/"
_COUNTS: Final = b"c/"
_PLACE: Final = b"l/"


def hop(patience: Patience = PATIENCE) -> Hop:
    """The shipment hop. `patience`: how long each step of an order may take before somebody is told."""

    def run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
        emissions: list[Emission] = []
        for record in batch:
            if record.headers:  # Perhaps a replayed record.
                said: list[Emission] = []
                _one(rows, record, said, patience)
                emissions += settled(record, said)
            else:
                _one(rows, record, emissions, patience)
        return emissions

    return Hop("shipment", (EVENTS,), run, ORDER_ROWS, _tick)


def _tick(due_ms: int, key: bytes) -> Output:
    return Output(EVENTS, key[len(_ORDER) :], encode(Tick(from_millis(due_ms), key.decode())), timestamp=due_ms)


def _one(rows: Rows, record: Record, emissions: list[Emission], patience: Patience) -> None:
    if record.value is None:
        emissions.append(_unreadable(record, Reason.TOMBSTONE, "the record has no value"))
        return
    try:
        message = decode(record.value)
    except WireError as error:
        emissions.append(_unreadable(record, error.reason, str(error)))
        return
    if isinstance(message, Event | DeadLetterMark):
        if message.order_id:
            if isinstance(message, Event) and message.place:
                location: LocationChanged | None = rows.get(_PLACE + message.place.encode())
                message = timed(message, location) if location is not None else message
            _tell(rows, record, _ORDER + message.order_id.encode(), message, emissions, patience)
        else:
            text = f"order_id: {type(message).__name__} names no order"
            emissions.append(DeadLetter(record, Stage.APPLY, Reason.SCHEMA_INVALID, text))
    elif isinstance(message, Tick):
        key = message.key.encode()
        rows.unmark(due_key(to_millis(message.due), key))
        if key.startswith(_AGAIN):
            waited_for, _, after = key[len(_AGAIN) :].partition(b"\0")
            _judge_again(rows, record, waited_for, after, emissions, patience)
        else:
            _tell(rows, record, key, message, emissions, patience)
    elif isinstance(message, TermsChanged):
        _learn_terms(rows, record, message, emissions, patience)
    elif isinstance(message, CalendarChanged):
        key = _CALENDAR + message.calendar.encode()
        if rows.get(key) != message:
            rows.put(key, message)
            prefix = _COUNTS + message.calendar.encode() + b"\0"
            for mark in list(rows.marks(prefix)):
                terms: TermsChanged | None = rows.get(_TERMS + mark[len(prefix) :])
                if terms is not None:
                    _learn_terms(rows, record, terms, emissions, patience)
    elif isinstance(message, LocationChanged):
        rows.put(_PLACE + message.location.encode(), message)
    elif isinstance(message, ItemChanged):
        key = _ITEM + message.sku.encode()
        if rows.get(key) != message:
            rows.put(key, message)
            _judge_again(rows, record, _NEEDS + message.sku.encode(), b"", emissions, patience)
    elif isinstance(message, Restored):
        emissions += closed.restore(rows, record, message, patience)
    else:
        text = f"{type(message).__name__} does not belong on {EVENTS}"
        named = (message.order_id,) if isinstance(message, Link) else ()
        emissions.append(DeadLetter(record, Stage.APPLY, Reason.SCHEMA_INVALID, text, named))


def _learn_terms(rows: Rows, record: Record, came: TermsChanged, emissions: list[Emission], patience: Patience) -> None:
    """Keep terms together with the calendar that they count by, and judge anew who waits for them, where that changes anything."""
    name = came.terms_id.encode()
    known: TermsChanged | None = rows.get(_TERMS + name)
    if came.calendar:
        working_days = rows.get(_CALENDAR + came.calendar.encode())
        came = replace(came, versions=tuple([replace(terms, calendar=came.calendar, working_days=working_days) for terms in came.versions]))
    if known == came:
        return
    if known is not None and known.calendar not in ("", came.calendar):
        rows.unmark(_COUNTS + known.calendar.encode() + b"\0" + name)
    if came.calendar:
        rows.mark(_COUNTS + came.calendar.encode() + b"\0" + name)
    rows.put(_TERMS + name, came)
    _judge_again(rows, record, _WAITS + name, b"", emissions, patience)


def _tell(
    rows: Rows,
    record: Record,
    key: bytes,
    message: Event | DeadLetterMark | Tick | TermsChanged | ItemChanged,
    emissions: list[Emission],
    patience: Patience,
) -> None:
    """Apply a message to the row of an order, store what changed and emit what the order has to say."""
    stored: OrderRow | ArchivedOrder | RemovedOrder | None = rows.get(key)
    if isinstance(stored, RemovedOrder):
        emissions += closed.refuse_late(record, key, stored, message)
        return
    if isinstance(stored, ArchivedOrder) and isinstance(message, Tick):
        closed.tell_time(rows, key, stored, message)
        return
    # An archived one stays as it is, unless the message changes it.
    row = stored.row() if isinstance(stored, ArchivedOrder) else stored
    waited_for, needed, woken_at = (row.waits_for, row.needs, row.wake_at) if row is not None else ("", (), None)
    outcome = apply(
        row,
        message,
        lambda terms_id: rows.get(_TERMS + terms_id.encode()),
        from_millis(record.timestamp),
        lambda sku: rows.get(_ITEM + sku.encode()),
        patience,
    )
    row = outcome.row
    if row is None or not outcome.changed:
        return
    if isinstance(stored, ArchivedOrder):
        closed.came_back(rows, key, stored, row, record)
    _move_marks(rows, key, waited_for, woken_at, row)
    if needed != row.needs:
        _move_needs(rows, key[len(_ORDER) :], needed, row.needs)
    if outcome.archived:
        emissions.append(closed.put_away(rows, key, row, record, patience))
    else:
        rows.put(key, row)
    trace = message.traceparent if isinstance(message, Event) else ""
    emissions += [outputs.milestone(milestone, record) for milestone in outcome.milestones]
    if outcome.status is not None:
        emissions.append(outputs.status(outcome.status, record, trace))
    emissions += [outputs.decision(decision, record, trace) for decision in outcome.decisions]
    if outcome.hold is not None:
        emissions.append(outputs.hold(outcome.hold, record, trace))
    if outcome.watched is not None:
        _say(outcome.watched, record, trace, emissions)


def _say(watched: Watched, record: Record, trace: str, emissions: list[Emission]) -> None:
    emissions += [watch_outputs.task(task, record, trace) for task in watched.tasks]
    emissions += [watch_outputs.exception(turn, record, trace) for turn in watched.exceptions]
    emissions += [watch_outputs.finding(turn, record, trace) for turn in watched.findings]


def _move_marks(rows: Rows, key: bytes, waited_for: str, woken_at: datetime | None, row: OrderRow) -> None:
    order_id = key[len(_ORDER) :]
    if waited_for != row.waits_for:
        if waited_for:
            rows.unmark(_WAITS + waited_for.encode() + b"\0" + order_id)
        if row.waits_for:
            rows.mark(_WAITS + row.waits_for.encode() + b"\0" + order_id)
    if woken_at != row.wake_at:
        if woken_at is not None:
            rows.unmark(due_key(to_millis(woken_at), key))
        if row.wake_at is not None:
            rows.mark(due_key(to_millis(row.wake_at), key))


def _move_needs(rows: Rows, order_id: bytes, before: tuple[str, ...], now: tuple[str, ...]) -> None:
    for sku in before:
        if sku not in now:
            rows.unmark(_NEEDS + sku.encode() + b"\0" + order_id)
    for sku in now:
        rows.mark(_NEEDS + sku.encode() + b"\0" + order_id)


def _judge_again(rows: Rows, record: Record, waited_for: bytes, after: bytes, emissions: list[Emission], patience: Patience) -> None:
    """Judge the next orders that wait for these terms or this article; where more are left, ask for a tick to go on."""
    name = waited_for[len(_WAITS) :]
    came: TermsChanged | ItemChanged | None = rows.get((_TERMS if waited_for.startswith(_WAITS) else _ITEM) + name)
    if came is None:
        return
    prefix = waited_for + b"\0"
    waiting = (mark[len(prefix) :] for mark in rows.marks(prefix))
    orders = list(islice((order for order in waiting if order > after), JUDGED_AT_ONCE))
    for order in orders:
        _tell(rows, record, _ORDER + order, came, emissions, patience)
    if len(orders) == JUDGED_AT_ONCE:
        rows.mark(due_key(record.timestamp, _AGAIN + waited_for + b"\0" + orders[-1]))


def _unreadable(record: Record, reason: Reason, message: str) -> DeadLetter:
    """The key is the order's id, unless the record was about terms: a hold for an order that does not exist harms nobody."""
    return DeadLetter(record, Stage.DECODE, reason, message, (record.key.decode(errors="replace"),) if record.key else ())
