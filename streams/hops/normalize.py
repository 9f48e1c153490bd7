"""normalize: from the raw records of all sources to statements in one shape.

Reads the raw topics, the billing terms and what is replayed of them, and keeps nothing. What names its order goes to `shipment.events`,
what has only a reference to `shipment.references`. What cannot be read becomes a dead letter that says why, and that names the orders it
was about where these can be read.

What is replayed of `shipment.references` and `shipment.events` is handed on to these as it is: their hops have one source each, by whose
partitions their rows are laid out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from streams.contracts.messages import ReferenceData, encode
from streams.contracts.registry import Registry
from streams.contracts.wire import WireError, decode_raw
from streams.deadletter.holds import settled
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Announcement, Event, Link, Snapshot, TermsChanged
from streams.domain.reference_data import CalendarChanged, CarrierChanged, ItemChanged, LocationChanged
from streams.domain.vocabulary import Classifier
from streams.hop import EVERY_PARTITION, DeadLetter, Emission, Hop, Output, Record, Rows
from streams.normalize.agreements import NOTHING_AGREED, Agreements
from streams.normalize.codes import PartnerMaps
from streams.normalize.detect import FORMATS, Adapter, Statement, detected_adapter, named_adapter
from streams.normalize.origin import NO_PARTNERS, PARTNER, Origin, origin_of, partner_of
from streams.normalize.refusal import Refusal, orders_named
from streams.tally import Tally
from streams.topics import EVENTS, RAW_TOPICS, REFERENCES, REPLAY_TOPICS, REPLAYED, SHARED_TOPICS

__all__ = ["MOST_RECORDS", "hop"]

MOST_RECORDS: Final = 1_000
"""Records that one value may hold as a list."""

_SOURCES: Final = (*RAW_TOPICS, *SHARED_TOPICS, *REPLAY_TOPICS)
_NAMES: Final = {adapter: name for name, adapter in FORMATS.items()}


class _Known(NamedTuple):
    """What was agreed, and where to count."""

    partners: PartnerMaps
    agreed: Agreements
    tally: Tally


def hop(
    max_record_bytes: int,
    registry: Registry | None = None,
    partners: PartnerMaps = NO_PARTNERS,
    agreed: Agreements = NOTHING_AGREED,
    tally: Tally | None = None,
) -> Hop:
    """The normalize hop. `registry` finds the schemas of Avro records; without one it is the embedded registry. `partners`: rows of
    code maps that hold for records with a `partner` header. `agreed`: zones of partners, and whose numbers they quote. `tally`: takes
    `statements`, `nothing_said`, `unmapped` and `silent` (with code) by format and partner, and the latest event time as `said` and, by
    system, of events that name their order as `applied`."""
    known = _Known(partners, agreed, tally or Tally())

    def run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
        emissions: list[Emission] = []
        for record in batch:
            if record.topic in REPLAYED:
                emissions.extend(_again(record, max_record_bytes, registry, known))
            else:
                emissions.extend(_one(record, max_record_bytes, registry, known))
        return emissions

    return Hop("normalize", _SOURCES, run)


def _again(record: Record, max_record_bytes: int, registry: Registry | None, known: _Known) -> list[Emission]:
    source = REPLAYED[record.topic]
    if source in (REFERENCES, EVENTS):
        headers = tuple([(name, value or b"") for name, value in record.headers])
        return [Output(source, record.key, record.value, headers, record.partition, record.timestamp)]
    return settled(record, _one(record, max_record_bytes, registry, known))


def _one(record: Record, max_record_bytes: int, registry: Registry | None, known: _Known) -> list[Emission]:
    value = record.value
    if value is not None and len(value) > max_record_bytes:
        message = f"the value has {len(value)} bytes, more than the limit of {max_record_bytes} (MILEPOST_MAX_RECORD_BYTES)"
        return [DeadLetter(record, Stage.DECODE, Reason.OVERSIZED, message)]
    try:
        schema, data = decode_raw(record, registry)
    except WireError as error:
        return [DeadLetter(record, Stage.DECODE, error.reason, error.message, schema_id=error.schema_id)]
    try:
        adapter = named_adapter(_format_header(record), schema)
        if not isinstance(data, list):
            return _read(data, record, adapter, known)
    except Refusal as refusal:
        return [*_outputs(refusal.statements, record, partner_of(record), known), *_refused(record, data, refusal)]
    if not 0 < len(data) <= MOST_RECORDS:
        message = f"the value is a list of {len(data)} records; 1 to {MOST_RECORDS} are taken"
        return [DeadLetter(record, Stage.DECODE, Reason.ENVELOPE_INVALID, message)]
    return _read_list(data, record, adapter, known)


def _read(data: Any, record: Record, adapter: Adapter | None, known: _Known) -> list[Emission]:
    if adapter is None:
        adapter = detected_adapter(data, REPLAYED.get(record.topic, record.topic))
    origin = origin_of(record, known.partners, known.agreed)
    try:
        statements = adapter(data, origin)
    except Refusal as refusal:
        _count(known.tally, adapter, origin, refusal.statements, refusal.reason)
        raise
    _count(known.tally, adapter, origin, statements, None)
    return _outputs(statements, record, origin.partner, known)


def _outputs(statements: Sequence[Statement], record: Record, partner: str, known: _Known) -> list[Emission]:
    """What is sent on. What has yet to find its order takes its partner along, so that its feed is known when it does."""
    timestamp = record.timestamp
    headers = ((PARTNER, partner.encode()),) if partner else ()
    if known.agreed.issuers:
        statements = [known.agreed.told(statement) for statement in statements]
    return [_output(statement, timestamp, headers) for statement in statements]


def _read_list(data: list[Any], record: Record, adapter: Adapter | None, known: _Known) -> list[Emission]:
    """Each record of a list on its own: a bad one does not take its neighbours along."""
    emissions: list[Emission] = []
    orders: dict[str, None] = {}
    first: tuple[int, Refusal] | None = None
    count = 0
    for number, item in enumerate(data):
        try:
            emissions.extend(_read(item, record, adapter, known))
        except Refusal as refusal:
            emissions.extend(_outputs(refusal.statements, record, partner_of(record), known))
            count += 1
            first = first or (number, refusal)
            orders.update(dict.fromkeys(refusal.orders or orders_named(item)))
    if first is not None:
        number, why = first
        message = f"{count} of a list of {len(data)} refused; [{number}]: {why.message}"
        emissions.append(DeadLetter(record, why.stage, why.reason, message, tuple(orders)))
    return emissions


def _refused(record: Record, data: Any, refusal: Refusal) -> list[Emission]:
    return [DeadLetter(record, refusal.stage, refusal.reason, refusal.message, refusal.orders or orders_named(data))]


def _output(statement: Statement, timestamp: int, headers: tuple[tuple[str, bytes], ...]) -> Output:
    value = encode(statement)
    if isinstance(statement, Link):
        return Output(REFERENCES, statement.reference.encode(), value, timestamp=timestamp)
    if isinstance(statement, TermsChanged):
        return Output(EVENTS, statement.terms_id.encode(), value, partition=EVERY_PARTITION, timestamp=timestamp)
    if isinstance(statement, Snapshot | Announcement):
        return Output(REFERENCES, statement.reference.encode(), value, headers, timestamp=timestamp)
    if isinstance(statement, ItemChanged | LocationChanged | CarrierChanged | CalendarChanged):
        return _to_all(statement, value, timestamp)
    if statement.order_id:
        return Output(EVENTS, statement.order_id.encode(), value, timestamp=timestamp)
    return Output(REFERENCES, statement.references[0].encode(), value, headers, timestamp=timestamp)


def _to_all(statement: ReferenceData, value: bytes, timestamp: int) -> Output:
    """Reference data, for every partition of the hop that needs it."""
    match statement:
        case ItemChanged(sku=key) | LocationChanged(location=key) | CalendarChanged(calendar=key):
            return Output(EVENTS, key.encode(), value, partition=EVERY_PARTITION, timestamp=timestamp)
        case CarrierChanged(carrier=key):
            return Output(REFERENCES, key.encode(), value, partition=EVERY_PARTITION, timestamp=timestamp)


def _count(tally: Tally, adapter: Adapter, origin: Origin, statements: Sequence[Statement], refused: Reason | None) -> None:
    counts, name, partner = tally.counts, _NAMES.get(adapter, ""), origin.partner
    if statements:
        what = ("statements", name, partner)
        counts[what] = counts.get(what, 0) + len(statements)
        for statement in statements:
            if isinstance(statement, Event) and statement.classifier is Classifier.ACT:
                at = statement.at.utc
                tally.saw(at, "said", name, partner)
                if statement.order_id:
                    tally.saw(at, "applied", statement.lineage.system, partner)
    elif refused is None:
        tally.count("nothing_said", name, partner)
    if refused is Reason.UNMAPPED_CODE:
        tally.count("unmapped", name, partner)
    for code in origin.silent or ():
        tally.count("silent", name, partner, code)


def _format_header(record: Record) -> str | None:
    for name, value in record.headers:
        if name == "format":
            return (value or b"")[:128].decode(errors="replace")
    return None
