"""Avro bodies straight from and to objects, by functions made once from a schema.

A message passes this code two to four times on its way through the pipeline. fastavro builds a dict for each record and tests each
branch of a union, and takes two to three times as long (docs/contracts.md has the figures). The bytes are the same; property
tests compare both ways against fastavro. Covered is what our own schemas use, anything else is refused when the function is made:

    Avro                        Python
    string                      str, Decimal (as decimal text)
    int, long, boolean          int, int, bool
    long timestamp-micros       datetime, aware
    int date                    date
    bytes decimal               Decimal, exact
    bytes                       bytes
    enum                        StrEnum, str
    array                       tuple (in a dict: list), any iterable when written
    ["null", X]                 None or X
    record                      dataclass with fields of the same names, or a dict
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Any, Final

__all__ = ["compile_reader", "compile_writer"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


# ---- primitives (Avro 1.12, "Binary Encoding")


def _varint(number: int) -> bytes:
    """Zigzag variable-length integer."""
    rest = (number << 1) ^ (number >> 63)
    out = bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


_SMALL: Final = 8192
_SMALL_VARINTS: Final = [_varint(number) for number in range(_SMALL)]


def _text(text: str) -> bytes:
    data = text.encode()
    return _varint(len(data)) + data


def _blob(data: bytes) -> bytes:
    return _varint(len(data)) + data


_PAIRS: Final = [bytes((number & 127 | 128, number >> 7 | 128)) for number in range(1 << 14)]
_LAST_PAIRS: Final = [bytes((number & 127 | 128, number >> 7)) for number in range(1 << 14)]
"""Two bytes of a varint, by their fourteen bits: with more to come, and at its end."""


def _micros(moment: datetime) -> bytes:
    since = moment - _EPOCH
    n = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) << 1
    if 1 << 49 <= n < 1 << 56:  # eight bytes: any time from 1978 to 3111
        return _PAIRS[n & 16383] + _PAIRS[n >> 14 & 16383] + _PAIRS[n >> 28 & 16383] + _LAST_PAIRS[n >> 42]
    return _varint(n >> 1)


def _days(day: date) -> bytes:
    return _varint(day.toordinal() - _EPOCH_ORDINAL)


def _decimal(value: Decimal, scale: int, context: Context) -> bytes:
    """Two's complement of the unscaled value. Raises a `decimal.DecimalException` where the schema cannot hold it."""
    unscaled = value.scaleb(scale, context)
    number = int(unscaled)
    if number != unscaled:
        raise Inexact(f"{value} has more than {scale} decimals")
    data = number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)
    return _SMALL_VARINTS[len(data)] + data


def _unsigned(data: bytes, at: int, first: int) -> tuple[int, int]:
    """The rest of a varint of which `first` was read, not yet unzigzagged, and where it ends."""
    number, shift = first & 127, 7
    while first > 127:
        if shift > 63:
            raise ValueError("a number of more than ten bytes")
        first = data[at]
        at += 1
        number |= (first & 127) << shift
        shift += 7
    return number, at


def _integer(data: bytes, at: int, first: int) -> tuple[int, int]:
    number, at = _unsigned(data, at, first)
    return (number >> 1) ^ -(number & 1), at


def _signed(data: bytes, scale: int, context: Context) -> Decimal:
    return Decimal(int.from_bytes(data, "big", signed=True)).scaleb(-scale, context)


def _date(data: bytes, at: int) -> tuple[date, int]:
    days, at = _integer(data, at + 1, data[at])
    return date.fromordinal(_EPOCH_ORDINAL + days), at


def _length(data: bytes, at: int, first: int) -> tuple[int, int]:
    """Twice the length of a text."""
    number, at = _unsigned(data, at, first)
    if number & 1:
        raise ValueError("a text of negative length")
    return number, at


def _block(data: bytes, at: int, first: int) -> tuple[int, int]:
    """Twice the count of items in an array block. A negative count is followed by the block's size, which only skipping needs."""
    number, at = _unsigned(data, at, first)
    if number & 1:
        _, at = _unsigned(data, at + 1, data[at])
        number += 1
    return number, at


def _moment(data: bytes, at: int) -> tuple[datetime, int]:
    n = int.from_bytes(data[at : at + 8], "little")
    if n & 0x80808080_80808081 == 0x00808080_80808080 and n >> 56:  # eight bytes, not negative
        micros = (
            n >> 1 & 0x3F
            | n >> 2 & 0x1FC0
            | n >> 3 & 0xFE000
            | n >> 4 & 0x7F00000
            | n >> 5 & 0x3F8000000
            | n >> 6 & 0x1FC00000000
            | n >> 7 & 0xFE0000000000
            | n >> 8 & 0x7F000000000000
        )
        return _EPOCH + timedelta(0, 0, micros), at + 8
    micros, at = _integer(data, at + 1, data[at])
    return _EPOCH + timedelta(0, 0, micros), at


# ---- functions from schemas


def compile_writer(parsed: Any, kind: type | None = None) -> Callable[[Any], bytes]:
    """A function from an object to its Avro body.

    `parsed` is fastavro's parsed schema of a record; `kind` the dataclass to be written, None for dicts with a key for each field.
    Raises `TypeError` where schema and dataclass do not fit. The function raises `KeyError` for a symbol that the schema
    lacks, and a `decimal.DecimalException` for a number that the schema's decimal cannot hold.
    """
    return _Writer(parsed["__named_schemas"]).make(parsed, kind)


def compile_reader(parsed: Any, kind: type | None = None) -> Callable[[bytes, int], tuple[Any, int]]:
    """A function from data and the position of an Avro body in it to an object and the position after it.

    `parsed` is the writer's schema, parsed by fastavro; `kind` the dataclass of the object, None for dicts with a key for each field.
    Fields of the dataclass that the schema lacks get the dataclass's defaults.
    Raises `TypeError` where schema and dataclass do not fit. The function raises `IndexError`, `KeyError`, `ValueError` or
    `ArithmeticError` for broken bytes; a text that is cut off at the end shows as a position after the end of the data.
    """
    return _Reader(parsed["__named_schemas"]).make(parsed, kind)


class _Maker:
    """What both directions share: names of constants, and the schema behind a name."""

    def __init__(self, named: dict[str, Any]) -> None:
        self._named = named
        self._constants: dict[str, Any] = {}

    def constant(self, value: Any) -> str:
        name = f"C{len(self._constants)}"
        self._constants[name] = value
        return name

    def function(self, lines: Sequence[str], tools: Sequence[Callable[..., Any]]) -> Any:
        scope = self._constants | {tool.__name__: tool for tool in tools} | {"Decimal": Decimal, "SMALL_VARINTS": _SMALL_VARINTS}
        exec(compile("\n".join(lines), f"<{__name__}>", "exec"), scope)
        return scope["made"]

    def resolve(self, schema: Any) -> Any:
        return self._named.get(schema, schema) if isinstance(schema, str) else schema


def _hints(kind: type | None) -> dict[str, Any]:
    """Type of each field; empty for dicts."""
    return {} if kind is None else typing.get_type_hints(kind)


def _inner(hint: Any) -> Any:
    """X of `tuple[X, ...]` or of `X | None`."""
    if hint is None:
        return None
    if isinstance(hint, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not type(None))
    return typing.get_args(hint)[0]


def _unfit(schema: Any, hint: Any) -> TypeError:
    return TypeError(f"no way to write or read {hint} as Avro {schema}")


class _Writer(_Maker):
    """Makes `def made(o): return b"".join([...])`, one expression a part, nested records in line."""

    def make(self, record: Any, kind: type | None) -> Callable[[Any], bytes]:
        parts = self._record(self.resolve(record), kind, "o")
        lines = ["def made(o):", "    return b''.join([", *(f"        {part}," for part in parts), "    ])"]
        made: Callable[[Any], bytes] = self.function(lines, (_varint, _text, _blob, _micros, _days, _decimal))
        return made

    def _record(self, record: Any, kind: type | None, path: str) -> list[str]:
        hints = _hints(kind)
        parts: list[str] = []
        for field in record["fields"]:
            name = field["name"]
            if kind is not None and name not in hints:
                raise TypeError(f"{kind.__name__} has no field {name}")
            value = f"{path}[{name!r}]" if kind is None else f"{path}.{name}"
            parts += self._value(self.resolve(field["type"]), hints.get(name), value)
        return parts

    def _value(self, schema: Any, hint: Any, value: str) -> list[str]:
        """Expressions of bytes that together are the value."""
        match schema:
            case ["null", other]:
                inner = self._one(self.resolve(other), _inner(hint), "v")
                return [f"b'\\0' if (v := {value}) is None else b'\\2' + {inner}"]
            case {"type": "record"}:
                return self._record(schema, hint, value)
            case {"type": "array", "items": items}:
                item = self._one(self.resolve(items), _inner(hint), "x")
                return [f"_varint(len(v)) + b''.join([{item} for x in v]) + b'\\0' if (v := {value}) else b'\\0'"]
            case "string" | {"type": "string"}:
                text = f"str({value})" if hint is Decimal else value
                return [f"SMALL_VARINTS[n] if (n := len(b := {text}.encode())) < {_SMALL} else _varint(n)", "b"]
            case "int" | "long":
                return [f"SMALL_VARINTS[n] if 0 <= (n := {value}) < {_SMALL} else _varint(n)"]
            case _:
                return [self._one(schema, hint, value)]

    def _one(self, schema: Any, hint: Any, value: str) -> str:
        """One expression of bytes."""
        match schema:
            case {"type": "record"}:
                return f"{self.constant(_Writer(self._named).make(schema, hint))}({value})"
            case {"type": "enum", "symbols": symbols}:
                table = {symbol: _varint(index) for index, symbol in enumerate(symbols)}
                return f"{self.constant(table)}[{value}]"
            case "string" | {"type": "string"}:
                return f"_text(str({value}))" if hint is Decimal else f"_text({value})"
            case "boolean" | {"type": "boolean"}:
                return f"(b'\\1' if {value} else b'\\0')"
            case "int" | "long":
                return f"_varint({value})"
            case {"logicalType": "timestamp-micros"}:
                return f"_micros({value})"
            case {"logicalType": "date"}:
                return f"_days({value})"
            case "bytes":
                return f"_blob({value})"
            case {"logicalType": "decimal", "precision": precision, "scale": scale}:
                context = self.constant(Context(prec=precision, Emax=precision - 1, traps=[Inexact, InvalidOperation, Overflow]))
                return f"_decimal({value}, {scale}, {context})"
            case _:
                raise _unfit(schema, hint)


class _Reader(_Maker):
    """Makes `def made(d, i): ... return object, i`, everything in line: a call for each field would cost as much as the rest."""

    def __init__(self, named: dict[str, Any]) -> None:
        super().__init__(named)
        self._lines: list[str] = []
        self._variables = 0

    def make(self, record: Any, kind: type | None) -> Callable[[bytes, int], tuple[Any, int]]:
        self._lines = ["def made(d, i):"]
        value = self._record(self.resolve(record), kind, 1)
        self._lines.append(f"    return {value}, i")
        tools = (_integer, _unsigned, _length, _block, _moment, _signed, _date)
        made: Callable[[bytes, int], tuple[Any, int]] = self.function(self._lines, tools)
        return made

    def _add(self, depth: int, *lines: str) -> None:
        self._lines += ["    " * depth + line for line in lines]

    def _variable(self) -> str:
        self._variables += 1
        return f"v{self._variables}"

    def _record(self, record: Any, kind: type | None, depth: int) -> str:
        """Lines that read the fields, and an expression that makes the object."""
        hints = _hints(kind)
        values: dict[str, str] = {}
        for field in record["fields"]:
            name = field["name"]
            if kind is not None and name not in hints:
                raise TypeError(f"{kind.__name__} has no field {name}")
            values[name] = self._variable()
            self._value(self.resolve(field["type"]), hints.get(name), values[name], depth)
        if kind is None:
            return f"{{{', '.join(f'{name!r}: {value}' for name, value in values.items())}}}"
        for field in dataclasses.fields(kind):
            if field.name not in values and field.default is dataclasses.MISSING:
                raise TypeError(f"schema {record['name']} has no field {field.name}, and {kind.__name__} no default for it")
        if list(values) == list(hints):  # by position is faster
            return f"{self.constant(kind)}({', '.join(values.values())})"
        return f"{self.constant(kind)}({', '.join(f'{name}={value}' for name, value in values.items())})"

    def _value(self, schema: Any, hint: Any, v: str, depth: int) -> None:
        """Lines that read one value into variable `v`."""
        add = self._add
        match schema:
            case ["null", other]:
                add(depth, "n = d[i]; i += 1", "if n == 0:", f"    {v} = None", "elif n == 2:")
                self._value(self.resolve(other), _inner(hint), v, depth + 1)
                add(depth, "else:", "    raise ValueError('a union branch that the schema lacks')")
            case {"type": "record"}:
                add(depth, f"{v} = {self._record(schema, hint, depth)}")
            case {"type": "array", "items": items}:
                item = self._variable()
                add(depth, f"{v} = []", "n = d[i]; i += 1", "while n:", "    if n & 129:", "        n, i = _block(d, i, n)")
                add(depth + 1, "for _ in range(n >> 1):")
                self._value(self.resolve(items), _inner(hint), item, depth + 2)
                add(depth + 2, f"{v}.append({item})")
                add(depth + 1, "n = d[i]; i += 1")
                if hint is not None:
                    add(depth, f"{v} = tuple({v})")
            case "string" | {"type": "string"}:
                add(depth, "n = d[i]; i += 1", "if n:", "    if n & 129:", "        n, i = _length(d, i, n)", "    j = i + (n >> 1)")
                add(depth, f"    {v} = d[i:j].decode()", "    i = j", "else:", f"    {v} = ''")
                if hint is Decimal:
                    add(depth, f"{v} = Decimal({v})")
            case {"type": "enum", "symbols": symbols}:
                table = {index << 1: symbol if hint is None else hint(symbol) for index, symbol in enumerate(symbols)}
                if len(symbols) <= 64:
                    add(depth, f"{v} = {self.constant(table)}[d[i]]; i += 1")
                else:  # the symbols beyond take two bytes
                    add(depth, "n = d[i]; i += 1", "if n > 127:", "    n, i = _unsigned(d, i, n)", f"{v} = {self.constant(table)}[n]")
            case "boolean" | {"type": "boolean"}:
                add(depth, f"{v} = d[i] == 1; i += 1")
            case {"logicalType": "timestamp-micros"}:
                add(depth, f"{v}, i = _moment(d, i)")
            case {"logicalType": "date"}:
                add(depth, f"{v}, i = _date(d, i)")
            case "bytes" | {"logicalType": "decimal"}:
                add(depth, "n = d[i]; i += 1", "if n & 129:", "    n, i = _length(d, i, n)", "j = i + (n >> 1)", f"{v} = d[i:j]; i = j")
                if schema != "bytes":
                    context = self.constant(Context(prec=schema["precision"], traps=[Inexact, InvalidOperation, Overflow]))
                    add(depth, f"{v} = _signed({v}, {schema['scale']}, {context})")
            case "int" | "long":
                add(depth, f"{v} = d[i]; i += 1", f"if {v} & 129:", f"    {v}, i = _integer(d, i, {v})", "else:", f"    {v} >>= 1")
            case _:
                raise _unfit(schema, hint)
