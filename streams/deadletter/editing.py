"""Correct the value of a dead letter: one field of its JSON, or all of it, and show the difference."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import msgspec

from streams.deadletter.plain import hex_lines, plain
from streams.errors import ConfigurationError

__all__ = ["difference", "headers_with", "parse_change", "with_changes"]


def parse_change(option: str, text: str) -> tuple[str, str]:
    """`name=value` of an option. Raises `ConfigurationError`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigurationError(f"{option} {text}: write <field>=<value>, such as {option} lines.0.quantity=12")
    return name, value


def with_changes(value: bytes | None, changes: Sequence[tuple[str, str]]) -> bytes:
    """A JSON value with fields set: `lines.0.quantity` is that of the first of `lines`. What is not named keeps its bytes.

    A new value that is JSON is taken as it is (`12.50`, `null`, `"12"`), any other as text. Raises `ConfigurationError` for a value that is
    not JSON, and for a path that leads nowhere.
    """
    raw = msgspec.Raw(value or b"")
    for path, text in changes:
        raw = _set(raw, path.split("."), _json(text), path)
    return bytes(raw)


def _set(raw: msgspec.Raw, steps: list[str], new: msgspec.Raw, path: str) -> msgspec.Raw:
    if not steps:
        return new
    step, *rest = steps
    try:
        if bytes(raw).lstrip()[:1] == b"[":
            items = msgspec.json.decode(raw, type=list[msgspec.Raw])
            number = int(step) if step.isdecimal() else -1
            if not 0 <= number < len(items):
                raise ConfigurationError(f"--set {path}: {plain(step)} is none of the {len(items)} entries there; the first is 0")
            items[number] = _set(items[number], rest, new, path)
            return msgspec.Raw(msgspec.json.encode(items))
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ConfigurationError(
            f"--set {path}: there is no JSON object or list to set {plain(step)} in; use --file or the editor"
        ) from error
    if rest and step not in fields:
        raise ConfigurationError(
            f"--set {path}: there is no {plain(step)}; there are {', '.join(plain(name) for name in fields) or 'no fields'}"
        )
    fields[step] = _set(fields[step], rest, new, path) if rest else new
    return msgspec.Raw(msgspec.json.encode(fields))


def _json(text: str) -> msgspec.Raw:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return msgspec.Raw(msgspec.json.encode(text))
    return msgspec.Raw(text.encode())


def headers_with(headers: Sequence[tuple[str, bytes]], changes: Mapping[str, str]) -> tuple[tuple[str, bytes], ...]:
    """Headers with some set (in their place, or at the end); an empty new value takes the header away."""
    kept = [(name, changes[name].encode() if name in changes else value) for name, value in headers if changes.get(name) != ""]
    there = {name for name, _ in headers}
    return (*kept, *((name, value.encode()) for name, value in changes.items() if value and name not in there))


def difference(before: bytes | None, after: bytes | None) -> list[str]:
    """A unified diff of two values, JSON indented and bytes that are no text in hexadecimal; lines are plain. Empty if they are equal."""
    if before == after:
        return []
    old, new = list(_readable(before)), list(_readable(after))
    lines = [plain(line) for line in difflib.unified_diff(old, new, "before", "after", lineterm="", n=2)]
    return lines or ["(only blanks differ)"]


def _readable(value: bytes | None) -> Iterator[str]:
    if value is None:
        yield "(no value)"
        return
    try:
        text = value.decode()
    except UnicodeDecodeError:
        yield from hex_lines(value)
        return
    with suppress(msgspec.DecodeError, RecursionError):
        text = msgspec.json.format(text, indent=2)  # numbers stay as they were written
    yield from text.splitlines()
