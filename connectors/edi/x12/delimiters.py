"""The separators that an interchange declares in its ISA, which for that reason has a fixed form (X12.5)."""

from __future__ import annotations

from typing import Final, NamedTuple

from connectors.edi.x12.problems import Code

__all__ = ["ISA_CHARS", "Delimiters", "HeaderError", "delimiters"]

ISA_CHARS: Final = 106
"""ISA with its terminator; line breaks that a wrapping put in are not counted."""

_WIDTHS: Final = (3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_REPETITION_SINCE: Final = "00402"
"""ISA12 from which ISA11 is a separator; before, it named a standard (`U`)."""


class HeaderError(ValueError):
    """An ISA that cannot be read, and so nothing after it."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class Delimiters(NamedTuple):
    """One character each."""

    element: str
    component: str
    repetition: str
    """Empty where the interchange has none."""

    terminator: str


def delimiters(header: str) -> Delimiters:
    """The separators of an ISA of 106 characters. Raises `HeaderError`."""
    element = header[3:4]
    elements = header[: ISA_CHARS - 1].split(element) if element else []
    if len(header) < ISA_CHARS or tuple([len(each) for each in elements]) != _WIDTHS:
        raise HeaderError(Code.ISA_LAYOUT, _misplaced(header, element))
    declared = elements[11]
    repetition = declared if elements[12] >= _REPETITION_SINCE and not declared.isalnum() and declared != " " else ""
    found = Delimiters(element, elements[16], repetition, header[ISA_CHARS - 1])
    present = [each for each in found if each]
    if len(set(present)) < len(present):
        raise HeaderError(Code.ISA_SEPARATORS, f"the ISA gives {_shown(found)}; each must be another character")
    if any(each.isalnum() or each == " " for each in present):
        raise HeaderError(Code.ISA_SEPARATORS, f"the ISA gives {_shown(found)}; none may be a letter, a digit or a blank")
    return found


def _misplaced(header: str, element: str) -> str:
    start = 0
    for number, width in enumerate(_WIDTHS[:-1]):
        start += width
        if header[start : start + 1] != element:
            last = f"ISA{number:02}" if number else "ISA"
            return f"the ISA has no separator {element!r} as character {start + 1}, after {last}; its elements have fixed lengths"
        start += 1
    return f"the ISA has {len(header)} characters of {ISA_CHARS}, its terminator included"


def _shown(found: Delimiters) -> str:
    return f"element {found.element!r}, component {found.component!r}, repetition {found.repetition!r}, end {found.terminator!r}"
