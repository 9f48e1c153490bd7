"""Records as JSON lines: how a person or a script writes them, and how they are shown.

A line is `{"topic", "key", "value", "headers", "timestamp"}`; only topic and value are needed, other fields are ignored. Topics go by
their logical names. Bytes of a key, a value or a header are given as

- an object, a list, a number, a boolean: its JSON text, exactly as it stands in the line;
- a string: its UTF-8 bytes;
- `{"$base64": "…"}`: any bytes;
- null: none (a value of null is a tombstone).

Headers are an object, or a list of `[name, value]` where a name occurs twice. `timestamp` is milliseconds since the epoch, or ISO 8601
with an offset.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
import orjson

from streams.contracts.messages import decode
from streams.contracts.outputs import read
from streams.contracts.wire import WireError
from streams.domain.instant import to_millis
from streams.hop import Output
from streams.topics import EVENTS, OUTPUTS, REFERENCES

__all__ = ["LineError", "dump", "parse", "shown_bytes", "shown_headers", "shown_value"]


class LineError(ValueError):
    """A line is not a record; the message says why."""


class _Line(msgspec.Struct):
    topic: str
    value: msgspec.Raw
    key: msgspec.Raw = msgspec.Raw(b"null")
    headers: dict[str, msgspec.Raw] | list[tuple[str, msgspec.Raw]] | None = None
    timestamp: Annotated[int, msgspec.Meta(ge=0)] | Annotated[datetime, msgspec.Meta(tz=True)] | None = None


_LINES: Final = msgspec.json.Decoder(_Line)
_STRING: Final = msgspec.json.Decoder(str)
_MESSAGES: Final = (EVENTS, REFERENCES)


def parse(line: bytes, default_timestamp: int) -> Output:
    """The record of one line. `default_timestamp` (milliseconds since the epoch) counts where the line has none.

    Raises `LineError`.
    """
    try:
        fields = _LINES.decode(line)
        headers = fields.headers.items() if isinstance(fields.headers, dict) else fields.headers or ()
        return Output(
            topic=fields.topic,
            key=_bytes(fields.key),
            value=_bytes(fields.value),
            headers=tuple((name, _bytes(value) or b"") for name, value in headers),
            timestamp=_millis(fields.timestamp, default_timestamp),
        )
    except (msgspec.DecodeError, binascii.Error, UnicodeError) as error:
        why = str(error)
        raise LineError(why[:1].lower() + why[1:] if why[1:2].islower() else why) from error


def dump(value: Any) -> bytes:
    """One line of JSON, newline included. Times are written as ISO 8601, decimals as text."""
    return orjson.dumps(value, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def shown_value(topic: str, value: bytes | None) -> Any:
    """A value for `dump`: the pipeline's own topics (by logical name) decoded, anything else as `shown_bytes` does."""
    try:
        if value is not None and topic in _MESSAGES:
            message = decode(value)
            return {"type": type(message).__name__} | {name: getattr(message, name) for name in message.__slots__}
        if value is not None and topic in OUTPUTS:
            return read(topic, value)
    except WireError:
        pass  # not what belongs there: show the bytes
    return shown_bytes(value)


def shown_bytes(data: bytes | None) -> Any:
    """Bytes for `dump`, in the form that `parse` turns into the same bytes again."""
    if data is None:
        return None
    if data[:1] in (b"{", b"[") and b"\n" not in data and b'"$base64"' not in data:
        try:
            orjson.loads(data)
        except orjson.JSONDecodeError:
            pass
        else:
            return orjson.Fragment(data)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"$base64": base64.b64encode(data).decode()}


def shown_headers(headers: Iterable[tuple[str, bytes | None]]) -> Any:
    """Headers for `dump`: an object, or pairs where a name occurs twice."""
    pairs = [(name, shown_bytes(value)) for name, value in headers]
    by_name = dict(pairs)
    return by_name if len(by_name) == len(pairs) else pairs


def _millis(given: int | datetime | None, default: int) -> int:
    if given is None:
        return default
    return to_millis(given) if isinstance(given, datetime) else given


def _bytes(raw: msgspec.Raw) -> bytes | None:
    text = bytes(raw)
    if text == b"null":
        return None
    if text.startswith(b'"'):
        return _STRING.decode(text).encode()
    if text.startswith(b"{") and b'"$base64"' in text:
        held = msgspec.json.decode(text)
        if held.keys() == {"$base64"}:
            return base64.b64decode(msgspec.convert(held["$base64"], str), validate=True)
    return text
