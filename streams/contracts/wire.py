"""How a value says which schema wrote it (Confluent wire format), and how a raw record of any producer becomes plain data.

Three forms are read:

- magic byte 0, schema id (4 bytes, big endian), Avro body;
- magic byte 1, schema GUID (16 bytes), Avro body;
- header `__value_schema_id` with either of those prefixes, the value being the bare Avro body.

A value that starts otherwise is JSON or XML, or nothing that we can read.
"""

from __future__ import annotations

import json
from decimal import Decimal
from io import BytesIO
from typing import Any, Final, NamedTuple, NoReturn
from uuid import UUID

import orjson
from fastavro import schemaless_reader

from streams.contracts.registry import Registry, Schema, UnknownSchema, embedded
from streams.contracts.xml import XmlError, is_xml, plain
from streams.deadletter.reasons import Reason
from streams.hop import Record

__all__ = ["MAX_DEPTH", "MAX_NUMBER", "SCHEMA_ID_HEADER", "Frame", "WireError", "decode_raw", "find", "prefix", "read_body", "unframe"]

SCHEMA_ID_HEADER: Final = "__value_schema_id"

MAX_DEPTH: Final = 32
"""Raw JSON that is nested deeper is refused; real business documents stay below ten."""

MAX_NUMBER: Final = 64
"""A JSON number with more characters is refused."""

_EXACT_DIGITS: Final = 15
"""A binary float keeps any decimal number of this many digits; longer ones are read as Decimal."""

_DIGITS_AS_ZERO: Final = bytes.maketrans(b"0123456789.", b"00000000000")
_LONG_NUMBER: Final = b"0" * (_EXACT_DIGITS + 1)
_BOM: Final = b"\xef\xbb\xbf"


class WireError(Exception):
    """A value cannot be read. `reason` is BAD_WIRE_FORMAT, UNKNOWN_SCHEMA, ENVELOPE_INVALID or TOMBSTONE."""

    def __init__(self, reason: Reason, message: str, schema_id: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.schema_id = schema_id


class Frame(NamedTuple):
    """A value taken apart. Exactly one of `schema_id` and `guid` is set."""

    schema_id: int | None
    guid: UUID | None
    body: bytes


def prefix(schema_id: int) -> bytes:
    """The five bytes that go before an Avro body."""
    return b"\x00" + schema_id.to_bytes(4, "big")


def unframe(value: bytes, header: bytes | None = None) -> Frame | None:
    """Take a value apart, `header` being that of `SCHEMA_ID_HEADER`. None: the value does not claim to be Avro.

    Raises `WireError` where it does and the claim is broken off.
    """
    source = value if header is None else header
    magic = source[:1]
    if magic == b"\x00":
        end, what = 5, "a schema id (4 bytes)"
    elif magic == b"\x01":
        end, what = 17, "a schema GUID (16 bytes)"
    elif header is not None:
        start = magic.hex() or "nothing"
        raise WireError(Reason.BAD_WIRE_FORMAT, f"header {SCHEMA_ID_HEADER} starts with {start}, not with magic byte 00 or 01")
    else:
        return None
    if len(source) < end or (header is not None and len(header) != end):
        raise WireError(Reason.BAD_WIRE_FORMAT, f"magic byte {magic.hex()} asks for {what}, but {len(source) - 1} bytes follow")
    body = value if header is not None else value[end:]
    if end == 5:
        return Frame(int.from_bytes(source[1:5], "big"), None, body)
    return Frame(None, UUID(bytes=bytes(source[1:17])), body)


def decode_raw(record: Record, registry: Registry | None = None) -> tuple[str | None, dict[str, Any] | list[Any]]:
    """A raw record's value as plain data, and the name of its shape where its schema tells it (Avro), else None (JSON, XML).

    All look alike: null fields of Avro records are left out, as JSON leaves them out. JSON numbers are int or float where a float
    keeps every digit, else Decimal; `Decimal(str(number))` is exact in either case.

    `registry` finds schemas by id; without one it is the embedded registry. Raises `WireError`.
    """
    value = record.value
    if value is None:
        raise WireError(Reason.TOMBSTONE, "the record has no value")
    header = next((content for name, content in record.headers if name == SCHEMA_ID_HEADER), None) if record.headers else None
    framed = unframe(value, header)
    if framed is None:
        return None, _xml(value) if is_xml(value) else _json(value)
    schema = find(framed, registry or embedded())
    data = read_body(schema, framed.body)
    if not isinstance(data, (dict, list)):
        raise WireError(Reason.ENVELOPE_INVALID, f"Avro, but {type(data).__name__} and not a record or a list of records", schema.id)
    return schema.shape or None, _without_nulls(data)


def read_body(schema: Schema, body: bytes, read_as: Schema | None = None) -> Any:
    """An Avro body as plain data, logical types converted, resolved to schema `read_as` where that is given.

    Raises `WireError` (BAD_WIRE_FORMAT) where body and schema do not fit.
    """
    source = BytesIO(body)
    try:
        data = schemaless_reader(source, schema.parsed, None if read_as is None else read_as.parsed)
    except Exception as error:  # whatever fastavro meets in broken bytes: EOFError, IndexError, UnicodeDecodeError, ...
        why = f"{type(error).__name__}: {error}"
        raise WireError(Reason.BAD_WIRE_FORMAT, f"not a {schema.name} (schema {schema.id}): {why}", schema.id) from error
    if source.tell() != len(body):
        rest = len(body) - source.tell()
        raise WireError(Reason.BAD_WIRE_FORMAT, f"{rest} bytes follow the {schema.name} (schema {schema.id})", schema.id)
    return data


def find(framed: Frame, registry: Registry) -> Schema:
    """The schema that wrote a value. Raises `WireError` (UNKNOWN_SCHEMA)."""
    try:
        if framed.guid is not None:
            return registry.by_guid(framed.guid)
        assert framed.schema_id is not None
        return registry.by_id(framed.schema_id)
    except UnknownSchema as error:
        raise WireError(Reason.UNKNOWN_SCHEMA, str(error), framed.schema_id) from None


def _without_nulls(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    if isinstance(data, list):
        return [_without_nulls(item) for item in data]
    return data


def _xml(value: bytes) -> dict[str, Any]:
    try:
        return plain(value)
    except XmlError as error:
        raise WireError(Reason.ENVELOPE_INVALID, str(error)) from None


def _json(value: bytes) -> dict[str, Any] | list[Any]:
    value = value.removeprefix(_BOM)
    try:
        data = orjson.loads(value)
        if _LONG_NUMBER in value.translate(_DIGITS_AS_ZERO):
            data = json.loads(value, parse_float=_exact_decimal, parse_int=_exact_int)
    except (ValueError, RecursionError) as error:
        raise WireError(Reason.ENVELOPE_INVALID, f"neither Avro in the Confluent wire format nor JSON nor XML: {error}") from None
    if not isinstance(data, (dict, list)):
        raise WireError(Reason.ENVELOPE_INVALID, f"JSON, but {type(data).__name__} and not an object or a list of objects")
    if value.count(b"{") + value.count(b"[") > MAX_DEPTH and _deeper(data, MAX_DEPTH):
        raise WireError(Reason.ENVELOPE_INVALID, f"JSON nested deeper than {MAX_DEPTH} levels")
    return data


def _deeper(data: Any, levels: int) -> bool:
    if isinstance(data, dict):
        return levels == 0 or any(_deeper(value, levels - 1) for value in data.values())
    if isinstance(data, list):
        return levels == 0 or any(_deeper(item, levels - 1) for item in data)
    return False


def _exact_decimal(text: str) -> Decimal:
    return Decimal(text) if len(text) <= MAX_NUMBER else _refuse_number(text)


def _exact_int(text: str) -> int:
    return int(text) if len(text) <= MAX_NUMBER else _refuse_number(text)


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"a number of {len(text)} characters (limit {MAX_NUMBER})")
