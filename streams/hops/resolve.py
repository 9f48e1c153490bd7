"""resolve: from what names a reference to what names its orders.

Reads `shipment.references` (links, events, snapshots, ticks), keeps one row a reference, and sends each event to `shipment.events` once for
each order that the reference meant at the event's time. Events that nobody claims wait, and are refused when their time to live ends.

Of a document's snapshots it sends what differs from the last one. A change that was only announced waits for the snapshot that holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from streams.contracts.messages import decode, encode
from streams.contracts.reference_rows import REFERENCE_ROWS
from streams.contracts.wire import WireError
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Announcement, Event, Link, Snapshot, Tick
from streams.domain.ids import stable_id
from streams.domain.instant import from_millis, to_millis
from streams.domain.references import (
    MOST_LINKS,
    MOST_WAITING,
    STATEMENTS,
    Arrival,
    KnownLink,
    ReferenceRow,
    SeenEvent,
    accept_event,
    accept_link,
    expire,
    is_ambiguous,
    next_wake,
    resolved,
    statement_link,
)
from streams.domain.snapshots import SNAPSHOTS, Document, covers, differences
from streams.hop import DeadLetter, Emission, Hop, Output, RawRecord, Record, Rows, due_key
from streams.topics import EVENTS, REFERENCES

__all__ = ["hop"]


def hop(park_ttl: timedelta) -> Hop:
    """The resolve hop. `park_ttl`: how long, from its raw record's arrival, an event waits for a link."""
    ttl_ms = park_ttl // timedelta(milliseconds=1)

    def run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
        emissions: list[Emission] = []
        for record in batch:
            emissions.extend(_one(rows, record, ttl_ms))
        return emissions

    return Hop("resolve", (REFERENCES,), run, REFERENCE_ROWS, _tick)


def _tick(due_ms: int, key: bytes) -> Output:
    return Output(REFERENCES, key, encode(Tick(from_millis(due_ms), key.decode())), timestamp=due_ms)


def _one(rows: Rows, record: Record, ttl_ms: int) -> list[Emission]:
    if record.value is None:
        return [DeadLetter(record, Stage.DECODE, Reason.TOMBSTONE, "the record has no value")]
    if record.key is None:
        return [DeadLetter(record, Stage.DECODE, Reason.ENVELOPE_INVALID, "the record has no key; its key is the reference")]
    try:
        message = decode(record.value)
    except WireError as error:
        return [DeadLetter(record, Stage.DECODE, error.reason, str(error))]
    row = rows.get(record.key)
    if isinstance(message, Event):
        row = row or ReferenceRow()
        emissions = _event(row, message, record, ttl_ms)
    elif isinstance(message, Link):
        row = row or ReferenceRow()
        emissions = _link(row, message, record)
    elif isinstance(message, Snapshot):
        row = row or ReferenceRow()
        emissions = _snapshot(row, message, record)
    elif isinstance(message, Announcement):
        row = row or ReferenceRow()
        emissions = _announcement(row, message, record, ttl_ms)
    elif isinstance(message, Tick):
        due_ms = to_millis(message.due)
        rows.unmark(due_key(due_ms, record.key))
        if row is None:
            return []
        emissions = [_lapsed(event, record) for event in expire(row, due_ms)]
    else:
        kind = type(message).__name__
        return [DeadLetter(record, Stage.DECODE, Reason.SCHEMA_INVALID, f"{kind} does not belong on {REFERENCES}")]
    _store(rows, record.key, row)
    return emissions


def _seen(name: str, said: Event | Announcement, record: Record, ttl_ms: int) -> SeenEvent:
    assert record.value is not None
    return SeenEvent(
        name,
        to_millis(said.at.utc),
        to_millis(said.lineage.ingested_at) + ttl_ms,
        record.partition,
        record.offset,
        record.timestamp,
        record.value,
        tuple([(name, value or b"") for name, value in record.headers]),
    )


def _snapshot(row: ReferenceRow, snapshot: Snapshot, record: Record) -> list[Emission]:
    row.document = document = row.document or Document()
    events = differences(document, snapshot)
    row.events = [seen for seen in row.events if not covers(document, seen.at)]
    headers = tuple(record.headers)
    return [Output(EVENTS, event.order_id.encode(), encode(event), headers, timestamp=record.timestamp) for event in events]


def _announcement(row: ReferenceRow, announced: Announcement, record: Record, ttl_ms: int) -> list[Emission]:
    seen = _seen(stable_id("announced", announced.reference, announced.at.utc.isoformat()), announced, record, ttl_ms)
    if covers(row.document, seen.at) or any(other.event_id == seen.event_id for other in row.events):
        return []
    if len(row.events) >= MOST_WAITING:
        message = f"{MOST_WAITING} changes of {_name(record)} wait for its snapshot already"
        return [DeadLetter(record, Stage.RESOLVE, Reason.SNAPSHOT_MISSING, message)]
    row.events.append(seen)
    return []


def _event(row: ReferenceRow, event: Event, record: Record, ttl_ms: int) -> list[Emission]:
    seen = _seen(event.event_id, event, record, ttl_ms)
    found = accept_event(row, seen)
    if found is Arrival.OVERFLOW:
        message = f"{MOST_WAITING} events wait for an order of {_name(record)} already"
        return [DeadLetter(record, Stage.RESOLVE, Reason.REF_UNRESOLVED, message)]
    if isinstance(found, Arrival):
        return []
    ambiguous = tuple(link.order_id for link in found if is_ambiguous(event, link))
    emissions: list[Emission] = []
    for link in found:
        if link.order_id not in ambiguous:
            emissions += [_reaching(event, link, record), *_nameable(event, link, record.timestamp)]
    if ambiguous:
        emissions.append(_whose_lines(record, ambiguous))
    return emissions


def _link(row: ReferenceRow, link: Link, record: Record) -> list[Emission]:
    reached = accept_link(row, link)
    if reached is None:
        message = f"{MOST_LINKS} orders claim {_name(record)} already: a placeholder for a reference?"
        return [DeadLetter(record, Stage.RESOLVE, Reason.REF_CONFLICT, message, (link.order_id,))]
    emissions: list[Emission] = []
    for seen, known in reached:
        event = decode(seen.value)
        assert isinstance(event, Event)
        emissions.append(_reaching(event, known, _record_of(seen, record), record.timestamp))
        emissions += _nameable(event, known, record.timestamp)
    return emissions


def _whose_lines(record: Record, orders: tuple[str, ...]) -> DeadLetter:
    message = f"lines: {_name(record)} stands for several orders, and the record does not say whose lines it means; name company and order"
    return DeadLetter(record, Stage.RESOLVE, Reason.REF_CONFLICT, message, orders)


def _reaching(event: Event, link: KnownLink, record: Record, timestamp: int | None = None) -> Emission:
    """The event for the link's order. `record` holds the event; `timestamp` is that of the record that brings both together."""
    if is_ambiguous(event, link):
        return _whose_lines(record, (link.order_id,))
    when = record.timestamp if timestamp is None else timestamp
    return Output(EVENTS, link.order_id.encode(), encode(resolved(event, link)), tuple(record.headers), timestamp=when)


def _nameable(event: Event, link: KnownLink, timestamp: int) -> list[Emission]:
    """Links from the statement's own reference to the order: so a retraction that names nothing but the statement finds its way."""
    if is_ambiguous(event, link):
        return []
    return [
        Output(REFERENCES, reference.encode(), encode(statement_link(reference, event, link)), timestamp=timestamp)
        for reference in event.references[1:]
        if reference.startswith(STATEMENTS)
    ]


def _lapsed(seen: SeenEvent, tick: Record) -> DeadLetter:
    until = from_millis(seen.wait_until).isoformat(timespec="seconds")
    if (tick.key or b"").startswith(SNAPSHOTS.encode()):
        message = f"{_name(tick)} was said to have changed, and no snapshot of it came by {until}"
        return DeadLetter(_record_of(seen, tick), Stage.RESOLVE, Reason.SNAPSHOT_MISSING, message)
    message = f"no order became known for {_name(tick)} by {until}"
    return DeadLetter(_record_of(seen, tick), Stage.RESOLVE, Reason.REF_UNRESOLVED, message)


def _record_of(seen: SeenEvent, cause: Record) -> RawRecord:
    """The record of `shipment.references` that held the event, as it was."""
    return RawRecord(cause.topic, seen.partition, seen.offset, seen.timestamp, cause.key, seen.value, seen.headers)


def _store(rows: Rows, key: bytes, row: ReferenceRow) -> None:
    wake_at = next_wake(row)
    if wake_at != row.wake_at:
        if row.wake_at:
            rows.unmark(due_key(row.wake_at, key))
        if wake_at:
            rows.mark(due_key(wake_at, key))
        row.wake_at = wake_at
    if wake_at:
        rows.put(key, row)
    else:
        rows.delete(key)


def _name(record: Record) -> str:
    return (record.key or b"").decode(errors="replace")[:120]
