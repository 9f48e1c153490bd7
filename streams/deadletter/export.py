"""Dead letters as files: byte for byte what their topic holds, so that they can be brought back.

A line of JSON a letter, bytes as base64:
`{"id", "topic", "partition", "offset", "timestamp", "key", "value", "headers": [[name, value]…]}`.
In a folder, `<id>.json` is that line without the value, and `<id>.value` the value itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec

from streams.deadletter.letter import Letter
from streams.errors import ConfigurationError
from streams.hop import Output

__all__ = ["Exported", "ascii_json", "exported", "parse_line", "read_folder", "to_line", "to_output", "write_file"]

_NAME: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.")


class Exported(msgspec.Struct, frozen=True):
    """One letter in a file."""

    id: str
    topic: str
    """Dead-letter topic, logical name."""

    partition: Annotated[int, msgspec.Meta(ge=0)]
    offset: int
    timestamp: Annotated[int, msgspec.Meta(ge=0)]
    key: bytes | None
    headers: list[tuple[str, bytes]]
    value: bytes | None = None


_READER: Final = msgspec.json.Decoder(Exported)


def exported(letter: Letter) -> Exported:
    """A letter for a file."""
    return Exported(
        letter.id, letter.topic, letter.partition, letter.offset, letter.timestamp, letter.key, list(letter.headers), letter.value
    )


def to_line(letter: Letter) -> bytes:
    """One line, newline included; ASCII only."""
    return ascii_json(msgspec.json.encode(exported(letter))) + b"\n"


def parse_line(line: bytes) -> Exported:
    """The inverse. Raises `ConfigurationError` that says what is wrong with the line."""
    try:
        return _READER.decode(line)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ConfigurationError(f"not an exported dead letter: {error}") from error


def to_output(letter: Exported, topic: str = "") -> Output:
    """The record to append, to its own topic or to another one."""
    return Output(topic or letter.topic, letter.key, letter.value, tuple(letter.headers), letter.partition, letter.timestamp)


def write_file(folder: Path, letter: Letter) -> Path:
    """Write a letter into a folder, and return the file of what is not its value."""
    name = letter.id if letter.id and set(letter.id) <= _NAME and len(letter.id) <= 100 else hashlib.sha256(letter.id.encode()).hexdigest()
    whole = exported(letter)
    if whole.value is not None:
        (folder / f"{name}.value").write_bytes(whole.value)
    described = msgspec.json.encode(msgspec.structs.replace(whole, value=None))
    path = folder / f"{name}.json"
    path.write_bytes(ascii_json(described) + b"\n")
    return path


def read_folder(folder: Path) -> Iterator[tuple[str, Exported]]:
    """`(file name, letter)` of a folder written by `write_file`. Raises `ConfigurationError` for a file that is none."""
    for path in sorted(folder.glob("*.json")):
        try:
            letter = parse_line(path.read_bytes())
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {error}") from error
        value = path.with_suffix(".value")
        yield path.name, msgspec.structs.replace(letter, value=value.read_bytes()) if value.exists() else letter


def ascii_json(text: bytes) -> bytes:
    """The same JSON with every character outside ASCII escaped: no terminal can be steered by it."""
    if text.isascii():
        return text
    return "".join(each if each.isascii() else _escaped(each) for each in text.decode()).encode()


def _escaped(each: str) -> str:
    units = each.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[start : start + 2].hex()}" for start in range(0, len(units), 2))
