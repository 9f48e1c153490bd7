"""References under another name of their carrier, in the resolve hop: they are sent on to the row of the carrier's own name.

What arrived before the alias was known lies in a row of its own. Its links and waiting events are sent on as soon as a tick is due, which
the new alias asks for: one record a row, so that no transaction grows without bound.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.contracts.messages import decode, encode
from streams.contracts.wire import WireError
from streams.deadletter.holds import settled, without_replay
from streams.deadletter.reasons import Reason, Stage
from streams.domain.carriers import Carriers, alias_of, renamed, renamed_event, renamed_link, under_alias
from streams.domain.event import Event, Lineage, Link
from streams.domain.instant import from_millis
from streams.domain.reference_data import CarrierChanged
from streams.domain.references import ReferenceRow
from streams.hop import DUE_PREFIX, DeadLetter, Emission, Output, Record, Rows, due_key, parse_due_key
from streams.topics import REFERENCES

__all__ = ["emptied", "known_aliases", "sent_on", "told"]

_KEY = b"carriers"
"""Row of all carriers' names. No reference has this key: they have colons."""


def known_aliases(rows: Rows) -> Mapping[str, str]:
    """The carrier of each alias."""
    return alias_of(rows.get(_KEY))


def told(rows: Rows, record: Record, carrier_of: Mapping[str, str], emissions: list[Emission]) -> Mapping[str, str]:
    """Take in a record whose key is no reference: a carrier's names. Returns the carriers of all aliases then known."""
    try:
        message = decode(record.value) if record.value is not None else None
    except WireError as error:
        emissions.extend(settled(record, [DeadLetter(record, Stage.DECODE, error.reason, str(error))]))
        return carrier_of
    if isinstance(message, CarrierChanged):
        emissions.extend(settled(record, []))
        return _learn(rows, record, message)
    reason = Reason.TOMBSTONE if message is None else Reason.ENVELOPE_INVALID
    emissions.extend(settled(record, [DeadLetter(record, Stage.DECODE, reason, "the record's key is no reference (kind:issuer:value)")]))
    return carrier_of


def _learn(rows: Rows, record: Record, changed: CarrierChanged) -> Mapping[str, str]:
    """Keep a carrier's names, and ask for a tick for each reference that was kept under one of them."""
    carriers = (rows.get(_KEY) or Carriers()).with_(changed)
    rows.put(_KEY, carriers)
    carrier_of = alias_of(carriers)
    kept = {key for _, key in map(parse_due_key, rows.marks(DUE_PREFIX)) if under_alias(key.decode(errors="replace"), carrier_of)}
    for key in sorted(kept):
        rows.mark(due_key(record.timestamp, key))
    return carrier_of


def sent_on(message: Event | Link, record: Record, carrier_of: Mapping[str, str]) -> Output:
    """What came under an alias, to the carrier's own name."""
    moved = renamed_event(message, carrier_of) if isinstance(message, Event) else renamed_link(message, carrier_of)
    reference = moved.references[0] if isinstance(moved, Event) else moved.reference
    return Output(REFERENCES, reference.encode(), encode(moved), without_replay(record.headers), timestamp=record.timestamp)


def emptied(row: ReferenceRow, record: Record, carrier_of: Mapping[str, str]) -> list[Emission]:
    """Links and waiting events of a row under an alias, to the carrier's own name; the row keeps nothing."""
    here = (record.key or b"").decode(errors="replace")
    reference = renamed(here, carrier_of)
    key = reference.encode()
    # Of the links: what they rest on is in the row, and no raw record any more.
    lineage = Lineage("", "", record.topic, record.partition, record.offset, from_millis(record.timestamp))
    found: list[Emission] = []
    for known in row.links:
        link = Link(
            reference,
            known.order_id,
            from_millis(known.valid_from),
            from_millis(known.valid_to),
            lineage,
            known.delivery_id,
            known.shipment_id,
            known.package_id,
            known.shared,
            tuple([renamed(other, carrier_of) for other in known.together]),
        )
        found.append(Output(REFERENCES, key, encode(link), timestamp=record.timestamp))
    for seen in row.events:
        event = decode(seen.value)
        if seen.wait_until and isinstance(event, Event):
            found.append(Output(REFERENCES, key, encode(renamed_event(event, carrier_of)), seen.headers, timestamp=record.timestamp))
    row.links, row.events = [], []
    row.heard.clear()
    row.asking.clear()
    return found
