"""Bytes to segments of EDIFACT: where each ends, in which character set it is written, and its elements (taken apart by pydifact).

The file is cut into segments before anything is decoded: all separators are ASCII, and no character set that is read here uses their bytes
for anything else. Line breaks are no part of the data unless one is the terminator: they are dropped wherever they stand.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from pydifact.control.characters import Characters
from pydifact.exceptions import EDISyntaxError
from pydifact.parser import Parser
from pydifact.tokenizer import Tokenizer

__all__ = ["CHARSETS", "STANDARD", "Elements", "Separators", "SyntaxFault", "elements", "end_of", "separators"]

Elements = list[str | list[str]]
"""Of a segment, its id first; a composite element is a list."""

CHARSETS: Final = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "iso8859-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOW": "utf-8",
    "UNOY": "utf-8",
}
"""Syntax identifiers (element 0001) and their encodings. UNOX (ISO 2022) switches sets with bytes that are separators: it is not read."""

_NO_RELEASE: Final = "\x00"


class SyntaxFault(ValueError):
    """A segment that cannot be taken apart."""


class Separators(NamedTuple):
    """One character each."""

    component: str
    element: str
    release: str
    """NUL where the interchange has none."""

    terminator: str


STANDARD: Final = Separators(":", "+", "?", "'")
"""Those of an interchange without a UNA."""


def separators(advice: str) -> Separators:
    """The separators that the six characters after UNA declare. Raises `SyntaxFault`."""
    if len(advice) < 6:
        raise SyntaxFault("the UNA is cut")
    found = Separators(advice[0], advice[1], _NO_RELEASE if advice[3] == " " else advice[3], advice[5])
    if len(set(found)) < len(found) or any(each.isalnum() or each == " " or not each.isascii() for each in found):
        raise SyntaxFault(f"the UNA gives {advice[:6]!r}; four different characters, no letters or digits, are needed")
    return found


def end_of(text: str, start: int, stop: int, marks: Separators) -> int:
    """Where the segment that begins at `start` has its terminator; -1 where it has none before `stop`."""
    at = text.find(marks.terminator, start, stop)
    while at >= 0:
        before = at
        while before > start and text[before - 1] == marks.release:
            before -= 1
        if (at - before) % 2 == 0:
            return at
        at = text.find(marks.terminator, at + 1, stop)
    return -1


def elements(segment: str, marks: Separators) -> Elements:
    """The elements of a segment (without its terminator), release characters undone. Raises `SyntaxFault`."""
    characters = Characters(marks.component, marks.element, ".", marks.release, " ", marks.terminator)
    try:
        tokens = Tokenizer().get_tokens(segment + marks.terminator, characters)
        found: list[Elements] = list(Parser().convert_tokens_to_raw_segments(tokens))
    except EDISyntaxError as error:
        raise SyntaxFault(str(error)) from error
    if len(found) != 1 or not found[0]:
        raise SyntaxFault("is no single segment")
    return found[0]
