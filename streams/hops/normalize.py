"""normalize: from the raw records of all sources to statements in one shape.

Reads the raw topics and the billing terms and keeps nothing. What names its order goes to `shipment.events`, what has only a
reference to `shipment.references`. What cannot be read becomes a dead letter that says why, and that names the orders it was
about where these can be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from streams.contracts.messages import encode
from streams.contracts.registry import Registry
from streams.contracts.wire import WireError, decode_raw
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Link, TermsChanged
from streams.hop import EVERY_PARTITION, DeadLetter, Emission, Hop, Output, Record, Rows
from streams.normalize.detect import Adapter, Statement, detected_adapter, named_adapter
from streams.normalize.origin import origin_of
from streams.normalize.refusal import Refusal, orders_named
from streams.topics import EVENTS, RAW_TOPICS, REFERENCES, TERMS

__all__ = ["MOST_RECORDS", "hop"]

MOST_RECORDS: Final = 1_000
"""Records that one value may hold as a list."""

_MOST_LETTER_BYTES: Final = 8_000_000
"""What the dead letters of one record may hold together: a refused list of a thousand orders must not become a thousand copies of it."""

_Why = TypeVar("_Why")
_SOURCES: Final = (*RAW_TOPICS, TERMS)


def hop(max_record_bytes: int, registry: Registry | None = None) -> Hop:
    """The normalize hop. `registry` finds the schemas of Avro records; without one it is the embedded registry."""

    def run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
        emissions: list[Emission] = []
        for record in batch:
            emissions.extend(_one(record, max_record_bytes, registry))
        return emissions

    return Hop("normalize", _SOURCES, run)


def _one(record: Record, max_record_bytes: int, registry: Registry | None) -> list[Emission]:
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
            return _read(data, record, adapter)
    except Refusal as refusal:
        return _refused(record, data, refusal)
    if not 0 < len(data) <= MOST_RECORDS:
        message = f"the value is a list of {len(data)} records; 1 to {MOST_RECORDS} are taken"
        return [DeadLetter(record, Stage.DECODE, Reason.ENVELOPE_INVALID, message)]
    return _read_list(data, record, adapter)


def _read(data: Any, record: Record, adapter: Adapter | None) -> list[Emission]:
    if adapter is None:
        adapter = detected_adapter(data, record.topic)
    timestamp = record.timestamp
    return [_output(statement, timestamp) for statement in adapter(data, origin_of(record))]


def _read_list(data: list[Any], record: Record, adapter: Adapter | None) -> list[Emission]:
    """Each record of a list on its own: a bad one does not take its neighbours along."""
    emissions: list[Emission] = []
    refused: dict[str, tuple[int, Refusal]] = {}
    count = 0
    for number, item in enumerate(data):
        try:
            emissions.extend(_read(item, record, adapter))
        except Refusal as refusal:
            count += 1
            for order_id in orders_named(item) or ("",):
                refused.setdefault(order_id, (number, refusal))
    for order_id, (number, why) in _affordable(refused, record):
        message = f"[{number}] of a list of {len(data)}, {count} of them refused: {why.message}"
        emissions.append(DeadLetter(record, why.stage, why.reason, message, order_id))
    return emissions


def _refused(record: Record, data: Any, refusal: Refusal) -> list[Emission]:
    """One dead letter for each order that the record names, so that each of them is held; one at least."""
    orders = dict.fromkeys(orders_named(data) or ("",), refusal)
    return [DeadLetter(record, why.stage, why.reason, why.message, order_id) for order_id, why in _affordable(orders, record)]


def _affordable(letters: dict[str, _Why], record: Record) -> Iterator[tuple[str, _Why]]:
    """As many letters as fit the budget, for each of them keeps the whole record; one at least."""
    return islice(letters.items(), max(1, _MOST_LETTER_BYTES // len(record.value or b" ")))


def _output(statement: Statement, timestamp: int) -> Output:
    value = encode(statement)
    if isinstance(statement, Link):
        return Output(REFERENCES, statement.reference.encode(), value, timestamp=timestamp)
    if isinstance(statement, TermsChanged):
        return Output(EVENTS, statement.terms_id.encode(), value, partition=EVERY_PARTITION, timestamp=timestamp)
    if statement.order_id:
        return Output(EVENTS, statement.order_id.encode(), value, timestamp=timestamp)
    return Output(REFERENCES, statement.references[0].encode(), value, timestamp=timestamp)


def _format_header(record: Record) -> str | None:
    for name, value in record.headers:
        if name == "format":
            return (value or b"")[:128].decode(errors="replace")
    return None
