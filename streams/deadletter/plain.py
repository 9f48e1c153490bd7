"""Bytes and texts of producers in a form that cannot steer a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["hex_lines", "plain", "plain_bytes", "plain_lines"]

_A_LINE: Final = 16
_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def plain(text: str, most: int = 0) -> str:
    """One line of printable characters: controls, escape sequences and what turns the direction of writing are shown as escapes.

    With `most`, at most so many characters of the text.
    """
    cut = "…" if most and len(text) > most else ""
    text = text[:most] if most else text
    return (text if text.isprintable() else "".join(map(_character, text))) + cut


def plain_bytes(data: bytes | None, most: int = 0) -> str:
    """Bytes as one line: text where they are UTF-8, else `\\x` escapes. None is `(none)`."""
    if data is None:
        return "(none)"
    cut = "…" if most and len(data) > most else ""
    return plain((data[:most] if most else data).decode(errors="backslashreplace")) + cut


def plain_lines(text: str) -> list[str]:
    """The lines of a text, each made plain."""
    return [plain(line) for line in text.splitlines()]


def hex_lines(data: bytes) -> Iterator[str]:
    """Offset, 16 bytes, and what of them is ASCII, a line each."""
    for start in range(0, len(data), _A_LINE):
        part = data[start : start + _A_LINE]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        yield f"{start:08x}  {part.hex(' '):<47}  {shown}"


def _character(each: str) -> str:
    if each.isprintable():
        return each
    return _ESCAPES.get(each) or (
        f"\\x{ord(each):02x}" if ord(each) < 256 else f"\\u{ord(each):04x}" if ord(each) < 65536 else f"\\U{ord(each):08x}"
    )
