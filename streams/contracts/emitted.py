"""The contract of each emitted topic: its record type, written by the newest schema and read from any version.

Headers of every record: `ce_specversion`, `ce_id` (the same for the same statement at every recomputation), `ce_type`, `ce_source`,
`ce_time`, `ce_subject` (the order), `content-type`, `milepost.cause` (`topic:partition:offset` of the record that made Milepost say it)
and, where the cause has one, `traceparent`. docs/contracts.md explains them to consumers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from streams.contracts.codec import compile_reader, compile_writer
from streams.contracts.registry import embedded
from streams.contracts.wire import WireError, find, prefix, read_body, unframe
from streams.deadletter.reasons import Reason
from streams.hop import Output, Record
from streams.topics import ARCHIVE, EXCEPTIONS, FINDINGS, HOLDS, MILESTONES, RELEASES, STATUS, TASKS

__all__ = [
    "ARCHIVED",
    "DECISION",
    "EXCEPTION",
    "FINDING",
    "HOLD",
    "MILESTONE",
    "STATUS_NOW",
    "TASK",
    "Contract",
    "coordinates",
    "read",
    "use_ids",
]

_SPEC_VERSION: Final = ("ce_specversion", b"1.0")
_SOURCE: Final = ("ce_source", b"/milepost/shipment")
_CONTENT_TYPE: Final = ("content-type", b"application/avro")


class Contract:
    """The one record type of an emitted topic."""

    def __init__(self, topic: str, name: str) -> None:
        self.topic: Final = topic
        self.newest: Final = embedded().newest(name)
        self.write: Final = compile_writer(self.newest.parsed)
        self.read: Final = compile_reader(self.newest.parsed)
        self.head = prefix(self.newest.id)

    def output(
        self, value: dict[str, Any], cause: Record, *, order_id: str, ce_id: str, ce_type: bytes, ce_time: datetime, traceparent: str
    ) -> Output:
        """The record that says `value` of an order. `cause` is the record that was being read."""
        key = order_id.encode()
        headers: tuple[tuple[str, bytes], ...] = (
            _SPEC_VERSION,
            ("ce_id", ce_id.encode()),
            ("ce_type", ce_type),
            _SOURCE,
            ("ce_time", ce_time.isoformat().encode()),
            ("ce_subject", key),
            _CONTENT_TYPE,
            ("milepost.cause", coordinates(cause).encode()),
        )
        if traceparent:
            headers += (("traceparent", traceparent.encode()),)
        return Output(self.topic, key, self.head + self.write(value), headers, timestamp=cause.timestamp)


MILESTONE: Final = Contract(MILESTONES, "milepost.ShipmentMilestone")
STATUS_NOW: Final = Contract(STATUS, "milepost.ShipmentStatus")
DECISION: Final = Contract(RELEASES, "milepost.InvoiceDecision")
HOLD: Final = Contract(HOLDS, "milepost.InvoiceHold")
EXCEPTION: Final = Contract(EXCEPTIONS, "milepost.ShipmentException")
TASK: Final = Contract(TASKS, "milepost.ShipmentTask")
FINDING: Final = Contract(FINDINGS, "milepost.ReconciliationFinding")
ARCHIVED: Final = Contract(ARCHIVE, "milepost.OrderArchive")
_CONTRACTS: Final = {contract.topic: contract for contract in (MILESTONE, STATUS_NOW, DECISION, HOLD, EXCEPTION, TASK, FINDING, ARCHIVED)}

_embedded_ids: dict[int, int] = {}
"""Of ids that a registry gave our schemas, back to our own."""


def use_ids(ids: Mapping[int, int]) -> None:
    """Write the ids that a schema registry gave to our schemas (by our own id) from now on. For the composition root, once, at start."""
    for contract in _CONTRACTS.values():
        contract.head = prefix(ids.get(contract.newest.id, contract.newest.id))
    _embedded_ids.clear()
    _embedded_ids.update((theirs, ours) for ours, theirs in ids.items())


def read(topic: str, value: bytes) -> dict[str, Any]:
    """The value of a record of an emitted topic (logical name) as plain data: Decimal, datetime in UTC, date, None for what is not stated.

    Whatever version wrote it, it has every field of the newest one. Raises `WireError`, and `KeyError` for a topic that
    Milepost does not emit.
    """
    contract = _CONTRACTS[topic]
    framed = unframe(value)
    if framed is None:
        raise WireError(Reason.BAD_WIRE_FORMAT, f"a value of {topic} starts with magic byte 00 and a schema id")
    if framed.schema_id is not None:
        framed = framed._replace(schema_id=_embedded_ids.get(framed.schema_id, framed.schema_id))
    schema = find(framed, embedded())
    if schema.name != contract.newest.name:
        raise WireError(Reason.BAD_WIRE_FORMAT, f"a {schema.name} on {topic}, where only {contract.newest.name} belongs", schema.id)
    data: dict[str, Any]
    if schema is not contract.newest:
        data = read_body(schema, framed.body, contract.newest)
        return data
    try:
        data, end = contract.read(framed.body, 0)
    except (IndexError, KeyError, ValueError, ArithmeticError) as error:
        why = f"{type(error).__name__}: {error}"
        raise WireError(Reason.BAD_WIRE_FORMAT, f"not a {schema.name} (schema {schema.id}): {why}", schema.id) from error
    if end != len(framed.body):
        what = f"{len(framed.body) - end} bytes follow" if end < len(framed.body) else f"{end - len(framed.body)} bytes are missing from"
        raise WireError(Reason.BAD_WIRE_FORMAT, f"{what} the {schema.name} (schema {schema.id})", schema.id)
    return data


def coordinates(record: Record) -> str:
    """`topic:partition:offset`."""
    return f"{record.topic}:{record.partition}:{record.offset}"
