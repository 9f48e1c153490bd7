"""resolve: from what names references to what names its orders.

Reads `shipment.references` (links, events, ticks, and what one reference asks another), keeps one row a reference, and sends each event to
`shipment.events` once for each order that it is about (`streams.domain.references`). Events that nobody claims wait, and are refused when
their time to live ends; so are those whose references mean different orders.

Of a document's snapshots it sends what differs from the last one (`streams.domain.snapshots`). A change that was only announced waits for
the snapshot that holds it. What names a carrier by another of its names is sent on to the carrier's own (`streams.hops.aliases`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from struct import Struct
from typing import Final

from streams.contracts.messages import decode, encode
from streams.contracts.reference_rows import REFERENCE_ROWS
from streams.contracts.wire import WireError
from streams.deadletter.holds import settled, without_replay
from streams.deadletter.reasons import Reason, Stage
from streams.domain.carriers import renamed_event, under_alias
from streams.domain.event import Announcement, Answer, Event, Inquiry, Link, Snapshot, Tick
from streams.domain.ids import stable_id
from streams.domain.instant import from_millis, to_millis
from streams.domain.links import KnownLink
from streams.domain.references import (
    MOST_LINKS,
    MOST_WAITING,
    Arrival,
    Changes,
    Contradiction,
    Found,
    ReferenceRow,
    SeenEvent,
    accept_answer,
    accept_event,
    accept_inquiry,
    accept_link,
    expire,
    first_wait,
    inquiries,
    next_wake,
    others_of,
)
from streams.domain.resolution import STATEMENTS, is_ambiguous, resolved, statement_link
from streams.domain.snapshots import SNAPSHOTS, Document, covers, differences
from streams.domain.vocabulary import Scope
from streams.hop import DeadLetter, Emission, Hop, Output, RawRecord, Record, Rows, due_key
from streams.hops import aliases
from streams.normalize.origin import partner_of
from streams.tally import Tally
from streams.topics import EVENTS, REFERENCES

__all__ = ["PARKED", "hop", "parked_key", "parked_until"]


def hop(park_ttl: timedelta, tally: Tally | None = None) -> Hop:
    """The resolve hop. `park_ttl`: how long, from its raw record's arrival, an event waits for a link.

    `tally` takes `events` by what became of them (matched, parked, told_again, found_later, contradicted, unresolved), and the latest
    event time of what reached an order, by system and partner, as `applied`.
    """
    counted = tally or Tally()
    ttl_ms = park_ttl // timedelta(milliseconds=1)

    def run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
        emissions: list[Emission] = []
        carrier_of = aliases.known_aliases(rows)
        for record in batch:
            if record.key is not None and b":" not in record.key:  # no reference: a carrier
                carrier_of = aliases.told(rows, record, carrier_of, emissions)
            else:
                emissions.extend(settled(record, _one(rows, record, ttl_ms, counted, carrier_of)))
        return emissions

    return Hop("resolve", (REFERENCES,), run, REFERENCE_ROWS, _tick)


PARKED: Final = b"park/"
"""Marks of references with events that wait, in the order in which the first of these gives up."""

_UNTIL: Final = Struct(">Q")
_MATCHED: Final = ("events", "matched")


def parked_key(waits_until: int, key: bytes) -> bytes:
    """The mark of a reference whose first event gives up at this time, milliseconds since the epoch."""
    return PARKED + _UNTIL.pack(waits_until) + key


def parked_until(mark: bytes) -> int:
    """When the first event of a mark made by `parked_key` gives up."""
    return int(_UNTIL.unpack_from(mark, len(PARKED))[0])


def _tick(due_ms: int, key: bytes) -> Output:
    return Output(REFERENCES, key, encode(Tick(from_millis(due_ms), key.decode())), timestamp=due_ms)


def _one(rows: Rows, record: Record, ttl_ms: int, tally: Tally, carrier_of: Mapping[str, str]) -> list[Emission]:
    if record.value is None:
        return [DeadLetter(record, Stage.DECODE, Reason.TOMBSTONE, "the record has no value")]
    if record.key is None:
        return [DeadLetter(record, Stage.DECODE, Reason.ENVELOPE_INVALID, "the record has no key; its key is the reference")]
    try:
        message = decode(record.value)
    except WireError as error:
        return [DeadLetter(record, Stage.DECODE, error.reason, str(error))]
    moved = bool(carrier_of) and under_alias(_key(record), carrier_of)
    if moved and isinstance(message, Event | Link):
        return [aliases.sent_on(message, record, carrier_of)]
    row = rows.get(record.key)
    if row is None:
        row = ReferenceRow()
    emissions: list[Emission]
    if isinstance(message, Event):
        emissions = _event(row, renamed_event(message, carrier_of) if carrier_of else message, record, ttl_ms, tally)
    elif isinstance(message, Link):
        emissions = _link(row, message, record, tally)
    elif isinstance(message, Snapshot):
        emissions = _snapshot(row, message, record, tally)
    elif isinstance(message, Announcement):
        emissions = _announcement(row, message, record, ttl_ms, tally)
    elif isinstance(message, Inquiry):
        emissions = _told([accept_inquiry(row, message)], record)
    elif isinstance(message, Answer):
        emissions = _changed(accept_answer(row, message, record.timestamp), record, tally)
    elif isinstance(message, Tick):
        due_ms = to_millis(message.due)
        rows.unmark(due_key(due_ms, record.key))
        emissions = aliases.emptied(row, record, carrier_of) if moved else [_lapsed(event, record, tally) for event in expire(row, due_ms)]
    else:
        kind = type(message).__name__
        return [DeadLetter(record, Stage.DECODE, Reason.SCHEMA_INVALID, f"{kind} does not belong on {REFERENCES}")]
    _store(rows, record.key, row)
    return emissions


def _event(row: ReferenceRow, event: Event, record: Record, ttl_ms: int, tally: Tally) -> list[Emission]:
    assert record.value is not None
    seen = SeenEvent(
        event.event_id,
        to_millis(event.at.utc),
        to_millis(event.lineage.ingested_at) + ttl_ms,
        record.partition,
        record.offset,
        record.timestamp,
        record.value,
        tuple([(name, value or b"") for name, value in record.headers]) if record.headers else (),
        others_of(event, _key(record)) if len(event.references) > 1 else (),
        event.scope is Scope.PACKAGE,
    )
    found = accept_event(row, seen)
    if isinstance(found, Contradiction):
        tally.count("events", "contradicted")
        return [_contradicted(found, record, record)]
    if found is Arrival.OVERFLOW:
        tally.count("events", "unresolved")
        message = f"{MOST_WAITING} events wait for an order of {_name(record)} already"
        return [DeadLetter(record, Stage.RESOLVE, Reason.REF_UNRESOLVED, message)]
    if isinstance(found, Arrival):
        tally.count("events", "parked" if found is Arrival.WAITS else "told_again")
        return _told(inquiries(row, seen, _key(record), record.timestamp), record) if seen.others and found is Arrival.WAITS else []
    counts = tally.counts
    counts[_MATCHED] = counts.get(_MATCHED, 0) + 1
    tally.saw(event.at.utc, "applied", event.lineage.system, partner_of(record) if record.headers else "")
    ambiguous = tuple([each.link.order_id for each in found if is_ambiguous(event, each.link)]) if event.lines else ()
    emissions: list[Emission] = []
    for each in found:
        if each.link.order_id not in ambiguous:
            emissions.append(_reaching(event, each, record, record.timestamp))
            if len(event.references) > 1:
                emissions += _nameable(event, each.link, record.timestamp)
    if ambiguous:
        emissions.append(_whose_lines(record, ambiguous))
    return emissions


def _snapshot(row: ReferenceRow, snapshot: Snapshot, record: Record, tally: Tally) -> list[Emission]:
    row.document = document = row.document or Document()
    events = differences(document, snapshot)
    row.events = [seen for seen in row.events if not covers(document, seen.at)]
    for event in events:
        tally.count("events", "matched")
        tally.saw(event.at.utc, "applied", event.lineage.system, partner_of(record) if record.headers else "")
    headers = tuple(record.headers)
    return [Output(EVENTS, event.order_id.encode(), encode(event), headers, timestamp=record.timestamp) for event in events]


def _announcement(row: ReferenceRow, announced: Announcement, record: Record, ttl_ms: int, tally: Tally) -> list[Emission]:
    assert record.value is not None
    name, at = stable_id("announced", announced.reference, announced.at.utc.isoformat()), to_millis(announced.at.utc)
    if covers(row.document, at) or any(other.event_id == name for other in row.events):
        tally.count("events", "told_again")
        return []
    if len(row.events) >= MOST_WAITING:
        tally.count("events", "unresolved")
        message = f"{MOST_WAITING} changes of {_name(record)} wait for its snapshot already"
        return [DeadLetter(record, Stage.RESOLVE, Reason.SNAPSHOT_MISSING, message)]
    tally.count("events", "parked")
    until = to_millis(announced.lineage.ingested_at) + ttl_ms
    headers = tuple([(name, value or b"") for name, value in record.headers])
    row.events.append(SeenEvent(name, at, until, record.partition, record.offset, record.timestamp, record.value, headers))
    return []


def _link(row: ReferenceRow, link: Link, record: Record, tally: Tally) -> list[Emission]:
    changes = accept_link(row, link, record.timestamp)
    if changes is None:
        message = f"{MOST_LINKS} orders claim {_name(record)} already: a placeholder for a reference?"
        return [DeadLetter(record, Stage.RESOLVE, Reason.REF_CONFLICT, message, (link.order_id,))]
    return _changed(changes, record, tally)


def _changed(changes: Changes, record: Record, tally: Tally) -> list[Emission]:
    """What follows from a link or an answer in `record`, of events that came before."""
    emissions: list[Emission] = []
    for seen, found in changes.reached:
        event = decode(seen.value)
        assert isinstance(event, Event)
        if seen.wait_until:
            tally.count("events", "found_later")
        event_record = _record_of(seen, record)
        tally.saw(event.at.utc, "applied", event.lineage.system, partner_of(event_record) if event_record.headers else "")
        if is_ambiguous(event, found.link):
            emissions.append(_whose_lines(event_record, (found.link.order_id,)))
            continue
        emissions.append(_reaching(event, found, event_record, record.timestamp))
        emissions += _nameable(event, found.link, record.timestamp)
    for seen, why in changes.contradictions:
        tally.count("events", "contradicted")
        emissions.append(_contradicted(why, _record_of(seen, record), record))
    return [*emissions, *_told(changes.asked, record), *_told(changes.answers, record)]


def _told(messages: Iterable[Inquiry | Answer], record: Record) -> list[Emission]:
    """What one reference has to say to another."""
    return [Output(REFERENCES, message.reference.encode(), encode(message), timestamp=record.timestamp) for message in messages]


def _contradicted(why: Contradiction, refused: Record, cause: Record) -> DeadLetter:
    named = "; ".join(f"{name or _name(cause)} means {', '.join(orders[:3])}" for name, orders in why.named)
    if why.handed_on:
        named = f"handed on to {', '.join(why.handed_on[:3])} before; now {named}"
    message = f"references of the record mean different orders: {named}"
    return DeadLetter(refused, Stage.RESOLVE, Reason.REF_CONFLICT, message, why.orders)


def _whose_lines(record: Record, orders: tuple[str, ...]) -> DeadLetter:
    message = f"lines: {_name(record)} stands for several orders, and the record does not say whose lines it means; name company and order"
    return DeadLetter(record, Stage.RESOLVE, Reason.REF_CONFLICT, message, orders)


def _reaching(event: Event, found: Found, record: Record, timestamp: int) -> Output:
    """The event for the link's order. `record` holds the event; `timestamp` is that of the record that brings both together."""
    link, own = found
    value = encode(resolved(event, link, own))
    return Output(EVENTS, link.order_id.encode(), value, without_replay(record.headers), timestamp=timestamp)


def _nameable(event: Event, link: KnownLink, timestamp: int) -> list[Emission]:
    """Links from the statement's own reference to the order: so a retraction that names nothing but the statement finds its way."""
    return [
        Output(REFERENCES, reference.encode(), encode(statement_link(reference, event, link)), timestamp=timestamp)
        for reference in event.references[1:]
        if reference.startswith(STATEMENTS)
    ]


def _lapsed(seen: SeenEvent, tick: Record, tally: Tally) -> DeadLetter:
    tally.count("events", "unresolved")
    if _key(tick).startswith(SNAPSHOTS):
        until = from_millis(seen.wait_until).isoformat(timespec="seconds")
        message = f"{_name(tick)} was said to have changed, and no snapshot of it came by {until}"
        return DeadLetter(_record_of(seen, tick), Stage.RESOLVE, Reason.SNAPSHOT_MISSING, message)
    names = " or ".join([_name(tick), *seen.others[:2]])
    message = f"no order became known for {names} by {from_millis(seen.wait_until).isoformat(timespec='seconds')}"
    return DeadLetter(_record_of(seen, tick), Stage.RESOLVE, Reason.REF_UNRESOLVED, message)


def _record_of(seen: SeenEvent, cause: Record) -> RawRecord:
    """The record of `shipment.references` that held the event, as it was."""
    return RawRecord(cause.topic, seen.partition, seen.offset, seen.timestamp, cause.key, seen.value, seen.headers)


def _store(rows: Rows, key: bytes, row: ReferenceRow) -> None:
    waits_until = first_wait(row)
    if waits_until != row.waits_until:
        if row.waits_until:
            rows.unmark(parked_key(row.waits_until, key))
        if waits_until:
            rows.mark(parked_key(waits_until, key))
        row.waits_until = waits_until
    wake_at = next_wake(row, waits_until)
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
    return _key(record)[:120]


def _key(record: Record) -> str:
    return (record.key or b"").decode(errors="replace")
