"""The pipeline's own messages as bytes: what `shipment.events` and `shipment.references` carry.

Newer versions of these schemas only append fields to the top-level record (a test holds that). So a worker that meets the id of a version
newer than its own reads what it knows and leaves the rest: versions can be mixed while workers are replaced one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_args

from streams.contracts.codec import compile_reader, compile_writer
from streams.contracts.registry import embedded
from streams.contracts.wire import WireError, prefix, unframe
from streams.deadletter.reasons import Reason
from streams.domain.event import Announcement, Answer, DeadLetterMark, Event, Inquiry, Link, Restored, Snapshot, TermsChanged, Tick
from streams.domain.reference_data import CalendarChanged, CarrierChanged, ItemChanged, LocationChanged

__all__ = ["Message", "ReferenceData", "decode", "encode"]

ReferenceData = ItemChanged | LocationChanged | CarrierChanged | CalendarChanged
Message = Event | Link | Snapshot | Announcement | TermsChanged | Tick | DeadLetterMark | Inquiry | Answer | ReferenceData | Restored

_Write = Callable[[Any], bytes]
_Read = Callable[[bytes, int], tuple[Any, int]]

_HEAD: Final = 5
"""Bytes before an Avro body: magic and schema id."""

_WRITERS: Final[dict[type[Message], tuple[bytes, _Write]]] = {}
_READERS: Final[dict[bytes, _Read]] = {}
"""By the bytes before the body."""

_NEWEST: Final[dict[int, tuple[int, _Read]]] = {}
"""By family (schema id without its version byte): the newest id that we know, and its reader."""


def encode(message: Message) -> bytes:
    """A message in the wire format, by the newest schema of its kind."""
    head, write = _WRITERS[type(message)]
    return head + write(message)


def decode(data: bytes) -> Message:
    """The message in `data`. Raises `WireError`: UNKNOWN_SCHEMA, or BAD_WIRE_FORMAT where bytes and schema do not fit."""
    read = _READERS.get(data[:_HEAD])
    exact = read is not None
    if read is None:
        read = _reader_of_newer(data)
    message: Message
    try:
        message, end = read(data, _HEAD)
    except (IndexError, KeyError, ValueError, ArithmeticError) as error:
        raise _broken(data, f"{type(error).__name__}: {error}") from None
    if end > len(data):
        raise _broken(data, f"{end - len(data)} bytes are missing at its end")
    if exact and end < len(data):
        raise _broken(data, f"{len(data) - end} bytes follow its end")
    return message


def _broken(data: bytes, why: str) -> WireError:
    schema_id = int.from_bytes(data[1:_HEAD], "big")
    return WireError(Reason.BAD_WIRE_FORMAT, f"not a message of schema {schema_id}: {why}", schema_id)


def _reader_of_newer(data: bytes) -> _Read:
    """How to read an id that this version has not seen: as a newer version of a kind that it knows, or not at all."""
    framed = unframe(data)
    if framed is None or framed.schema_id is None:
        raise WireError(Reason.BAD_WIRE_FORMAT, "a message of the pipeline's own starts with magic byte 00 and a schema id")
    newest, read = _NEWEST.get(framed.schema_id >> 8, (framed.schema_id, None))
    if read is None or framed.schema_id < newest:
        raise WireError(Reason.UNKNOWN_SCHEMA, f"no message of the pipeline's own has schema id {framed.schema_id}", framed.schema_id)
    return read


def _learn(kind: type[Message]) -> None:
    """Make the writer of a kind of message, and the readers of every version of it."""
    for schema in embedded().versions(f"milepost.pipeline.{kind.__name__}"):
        read = compile_reader(schema.parsed, kind)
        _READERS[prefix(schema.id)] = read
        _NEWEST[schema.id >> 8] = (schema.id, read)
        _WRITERS[kind] = (prefix(schema.id), compile_writer(schema.parsed, kind))


for _kind in get_args(Message):
    _learn(_kind)
