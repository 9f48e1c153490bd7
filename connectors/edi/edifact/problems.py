"""What can be wrong with an EDIFACT file: a closed catalogue with stable codes, and what a CONTRL says of each (element 0085)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["CATALOGUE", "Code", "Explanation", "Problem", "Refuses"]


class Refuses(StrEnum):
    """How much is refused with the part that is wrong."""

    MESSAGE = "message"
    INTERCHANGE = "interchange"
    FILE = "file"
    """Bytes that belong to no readable interchange."""


class Code(StrEnum):
    """Stable code of a problem: route and group on this, never on the message."""

    NOT_EDIFACT = "NOT_EDIFACT"
    FILE_LONG = "FILE_LONG"
    UNA_SEPARATORS = "UNA_SEPARATORS"
    UNB_LAYOUT = "UNB_LAYOUT"
    CHARSET_UNKNOWN = "CHARSET_UNKNOWN"
    UNZ_MISSING = "UNZ_MISSING"
    UNZ_CONTROL = "UNZ_CONTROL"
    UNZ_COUNT = "UNZ_COUNT"
    UNE_MISMATCH = "UNE_MISMATCH"
    INTERCHANGE_SEGMENT = "INTERCHANGE_SEGMENT"
    INTERCHANGE_LONG = "INTERCHANGE_LONG"
    INTERCHANGE_DUPLICATE = "INTERCHANGE_DUPLICATE"
    SEGMENT_LONG = "SEGMENT_LONG"
    UNH_LAYOUT = "UNH_LAYOUT"
    UNH_DUPLICATE = "UNH_DUPLICATE"
    UNT_MISSING = "UNT_MISSING"
    UNT_CONTROL = "UNT_CONTROL"
    UNT_COUNT = "UNT_COUNT"
    MESSAGE_LONG = "MESSAGE_LONG"
    SEGMENT_SYNTAX = "SEGMENT_SYNTAX"
    ELEMENTS_MANY = "ELEMENTS_MANY"
    ELEMENT_LONG = "ELEMENT_LONG"
    CHARACTER = "CHARACTER"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row of the catalogue."""

    refuses: Refuses
    meaning: str
    what_to_do: str
    acknowledged: str = "18"
    """Element 0085 of a CONTRL."""


@dataclass(slots=True)
class Problem:
    """One thing that is wrong, and where."""

    code: Code
    message: str
    position: int
    """Number of the segment in the file; the first UNB is 1."""

    segment: str = ""
    in_message: int = 0
    """Number of the segment in its message; UNH is 1, and 0 says that the problem lies outside of messages."""

    @property
    def refuses(self) -> Refuses:
        return CATALOGUE[self.code].refuses

    @property
    def what_to_do(self) -> str:
        return CATALOGUE[self.code].what_to_do


_AGAIN: Final = "Ask the sender for the file again"
_FILE, _ALL, _ONE = Refuses.FILE, Refuses.INTERCHANGE, Refuses.MESSAGE

CATALOGUE: Final[dict[Code, Explanation]] = {
    Code.NOT_EDIFACT: Explanation(
        _FILE, "Something other than an interchange stands where a UNB should begin.", "Remove it, or send it where it belongs."
    ),
    Code.FILE_LONG: Explanation(_FILE, "The file is larger than the limit; nothing of it was read.", "Split it by interchange."),
    Code.UNA_SEPARATORS: Explanation(
        _FILE, "The UNA is cut, or two of its separators are one character, or one is a letter or a digit.", "Have the sender change them."
    ),
    Code.UNB_LAYOUT: Explanation(
        _ALL, "The UNB lacks its syntax, sender, recipient or control reference.", "Have the sender complete it.", "13"
    ),
    Code.CHARSET_UNKNOWN: Explanation(
        _ALL, "The character set is none that is read here.", "Have the sender use UNOA to UNOK, UNOW or UNOY.", "2"
    ),
    Code.UNZ_MISSING: Explanation(_ALL, "The interchange has no end (UNZ).", f"{_AGAIN}: it was cut.", "13"),
    Code.UNZ_CONTROL: Explanation(_ALL, "The references in UNB and UNZ differ.", f"{_AGAIN}: parts of two files are mixed.", "28"),
    Code.UNZ_COUNT: Explanation(
        _ALL, "UNZ does not say how many messages (or groups) there are.", f"{_AGAIN}: messages are missing or repeated.", "29"
    ),
    Code.UNE_MISMATCH: Explanation(
        _ALL, "A group (UNG) has no end, or its end (UNE) another reference or count.", f"{_AGAIN}: messages are missing or mixed.", "28"
    ),
    Code.INTERCHANGE_SEGMENT: Explanation(_ALL, "A segment stands outside of any message.", f"{_AGAIN}: a UNH is lost.", "15"),
    Code.INTERCHANGE_LONG: Explanation(_ALL, "The interchange holds more messages than the limit.", "Have the sender make several of it."),
    Code.INTERCHANGE_DUPLICATE: Explanation(
        _ALL,
        "This sender used this control reference before.",
        "If it is new, have the sender number it anew; if it was sent twice, there is nothing to do.",
        "26",
    ),
    Code.SEGMENT_LONG: Explanation(_ALL, "A segment is longer than the limit, or its end is missing.", f"{_AGAIN}: a terminator is lost."),
    Code.UNH_LAYOUT: Explanation(_ONE, "The UNH lacks its reference or its message type.", "Have the sender complete it.", "13"),
    Code.UNH_DUPLICATE: Explanation(
        _ONE, "The interchange has two messages with this reference.", "Have the sender number its messages.", "26"
    ),
    Code.UNT_MISSING: Explanation(_ONE, "The message has no end (UNT).", f"{_AGAIN}: it was cut.", "13"),
    Code.UNT_CONTROL: Explanation(_ONE, "The references in UNH and UNT differ.", f"{_AGAIN}: messages are mixed.", "28"),
    Code.UNT_COUNT: Explanation(
        _ONE, "UNT does not say how many segments there are.", f"{_AGAIN}: segments are missing or repeated.", "29"
    ),
    Code.MESSAGE_LONG: Explanation(_ONE, "The message is larger than the limit.", "Have the sender make several of it."),
    Code.SEGMENT_SYNTAX: Explanation(
        _ONE, "A segment has no id of three capital letters or digits, or cannot be taken apart.", f"{_AGAIN}: it is damaged.", "12"
    ),
    Code.ELEMENTS_MANY: Explanation(
        _ONE, "A segment has more elements, or an element more components, than the limit.", f"{_AGAIN}: it is damaged.", "16"
    ),
    Code.ELEMENT_LONG: Explanation(_ONE, "An element is longer than the limit.", f"{_AGAIN}: it is damaged.", "39"),
    Code.CHARACTER: Explanation(
        _ONE, "A segment holds bytes that are no text in its character set, or a control character.", "Have the sender correct it.", "21"
    ),
}
"""Every code has a row."""
