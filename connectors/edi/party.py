"""What interchanges of both standards have in common: who speaks, and how counts are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["LONGEST_NUMBER", "Party", "number"]

LONGEST_NUMBER: Final = 18
"""Digits of a count or control number at most."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends or receives an interchange."""

    qualifier: str
    id: str

    def __str__(self) -> str:
        return f"{self.qualifier}:{self.id}"


def number(text: str) -> int | None:
    """A count or control number, zero- or blank-padded; None where it is none."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER else None
