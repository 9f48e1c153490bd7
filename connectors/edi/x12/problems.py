"""What can be wrong with an X12 file: a closed catalogue with stable codes, and what an acknowledgement says of each.

Acknowledgement codes: element I18 for TA1, 716 for AK9, 718 for AK5, 720 for AK3 and 723 for AK4 (and their IK twins in a 999).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["CATALOGUE", "Code", "Explanation", "Problem", "Refuses"]


class Refuses(StrEnum):
    """How much is refused with the part that is wrong."""

    NOTHING = "nothing"
    """It is taken, and acknowledged with errors."""

    TRANSACTION = "transaction"
    GROUP = "group"
    INTERCHANGE = "interchange"
    FILE = "file"
    """Bytes that belong to no readable interchange; the interchanges beside them are not concerned."""


class Code(StrEnum):
    """Stable code of a problem: route and group on this, never on the message."""

    NOT_X12 = "NOT_X12"
    FILE_LONG = "FILE_LONG"
    ISA_LAYOUT = "ISA_LAYOUT"
    ISA_SEPARATORS = "ISA_SEPARATORS"
    ISA_CONTROL = "ISA_CONTROL"
    IEA_MISSING = "IEA_MISSING"
    IEA_CONTROL = "IEA_CONTROL"
    IEA_COUNT = "IEA_COUNT"
    INTERCHANGE_SEGMENT = "INTERCHANGE_SEGMENT"
    INTERCHANGE_LONG = "INTERCHANGE_LONG"
    INTERCHANGE_DUPLICATE = "INTERCHANGE_DUPLICATE"
    SEGMENT_LONG = "SEGMENT_LONG"
    GS_LAYOUT = "GS_LAYOUT"
    GS_DUPLICATE = "GS_DUPLICATE"
    GE_MISSING = "GE_MISSING"
    GE_CONTROL = "GE_CONTROL"
    GE_COUNT = "GE_COUNT"
    GROUP_SEGMENT = "GROUP_SEGMENT"
    ST_SET = "ST_SET"
    ST_CONTROL = "ST_CONTROL"
    ST_DUPLICATE = "ST_DUPLICATE"
    SE_MISSING = "SE_MISSING"
    SE_CONTROL = "SE_CONTROL"
    SE_COUNT = "SE_COUNT"
    TRANSACTION_LONG = "TRANSACTION_LONG"
    SEGMENT_ID = "SEGMENT_ID"
    ELEMENTS_MANY = "ELEMENTS_MANY"
    ELEMENT_LONG = "ELEMENT_LONG"
    CHARACTER = "CHARACTER"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row of the catalogue."""

    refuses: Refuses
    meaning: str
    what_to_do: str
    acknowledged: str = ""
    """Code in TA1, AK9 or AK5, by what is refused; in AK4 for an element; in AK3 for a segment as a whole."""


@dataclass(slots=True)
class Problem:
    """One thing that is wrong, and where."""

    code: Code
    message: str
    position: int
    """Number of the segment in the file; the first ISA is 1."""

    segment: str = ""
    """Id of the segment, where it has one."""

    in_transaction: int = 0
    """Number of the segment in its transaction; ST is 1, and 0 says that the problem lies outside of transactions."""

    element: int = 0
    """Number of the element; 0 where the whole segment is concerned."""

    @property
    def refuses(self) -> Refuses:
        return CATALOGUE[self.code].refuses


_AGAIN: Final = "Ask the sender for the file again"

CATALOGUE: Final[dict[Code, Explanation]] = {
    Code.NOT_X12: Explanation(
        Refuses.FILE, "Something other than an interchange stands where an ISA should begin.", "Remove it, or send it where it belongs."
    ),
    Code.FILE_LONG: Explanation(Refuses.FILE, "The file is larger than the limit; the rest was not read.", "Split it by interchange."),
    Code.ISA_LAYOUT: Explanation(
        Refuses.FILE,
        "The ISA is not of its fixed form: 106 characters with separators at fixed places.",
        f"{_AGAIN}; blanks at the ends of elements are often lost in e-mails and editors.",
        "022",
    ),
    Code.ISA_SEPARATORS: Explanation(
        Refuses.FILE, "Two separators are one character, or one is a letter, a digit or a blank.", "Have the sender change them.", "026"
    ),
    Code.ISA_CONTROL: Explanation(
        Refuses.INTERCHANGE, "The interchange control number (ISA13) is not a number.", "Have the sender number its interchanges.", "018"
    ),
    Code.IEA_MISSING: Explanation(Refuses.INTERCHANGE, "The interchange has no end (IEA).", f"{_AGAIN}: it was cut.", "023"),
    Code.IEA_CONTROL: Explanation(
        Refuses.INTERCHANGE, "The control numbers in ISA13 and IEA02 differ.", f"{_AGAIN}: parts of two files are mixed.", "001"
    ),
    Code.IEA_COUNT: Explanation(
        Refuses.INTERCHANGE, "IEA01 does not say how many groups there are.", f"{_AGAIN}: groups are missing or repeated.", "021"
    ),
    Code.INTERCHANGE_SEGMENT: Explanation(
        Refuses.INTERCHANGE, "A segment stands outside of any group.", "Have the sender put transactions into a group (GS to GE).", "022"
    ),
    Code.INTERCHANGE_LONG: Explanation(
        Refuses.INTERCHANGE, "The interchange holds more than the limit.", "Have the sender make several of it.", "022"
    ),
    Code.INTERCHANGE_DUPLICATE: Explanation(
        Refuses.INTERCHANGE,
        "This sender used this control number before.",
        "If it is new, have the sender number it anew; if it was sent twice, there is nothing to do.",
        "025",
    ),
    Code.SEGMENT_LONG: Explanation(
        Refuses.INTERCHANGE, "A segment is longer than the limit, or its end is missing.", f"{_AGAIN}: a terminator is lost.", "022"
    ),
    Code.GS_LAYOUT: Explanation(
        Refuses.GROUP, "The group's header lacks its kind, control number or version.", "Have the sender complete GS01, GS06, GS08.", "6"
    ),
    Code.GS_DUPLICATE: Explanation(
        Refuses.GROUP, "The interchange has two groups with this control number.", "Have the sender number its groups.", "19"
    ),
    Code.GE_MISSING: Explanation(Refuses.GROUP, "The group has no end (GE).", f"{_AGAIN}: it was cut.", "3"),
    Code.GE_CONTROL: Explanation(Refuses.GROUP, "The control numbers in GS06 and GE02 differ.", f"{_AGAIN}: groups are mixed.", "4"),
    Code.GE_COUNT: Explanation(
        Refuses.GROUP, "GE01 does not say how many transactions there are.", f"{_AGAIN}: transactions are missing or repeated.", "5"
    ),
    Code.GROUP_SEGMENT: Explanation(
        Refuses.GROUP, "A segment stands in a group outside of any transaction.", f"{_AGAIN}: an ST is lost, or an SE came too early.", "5"
    ),
    Code.ST_SET: Explanation(Refuses.TRANSACTION, "ST01 names no transaction set.", "Have the sender name it, such as 214.", "6"),
    Code.ST_CONTROL: Explanation(Refuses.TRANSACTION, "The transaction has no control number (ST02).", "Have the sender number it.", "7"),
    Code.ST_DUPLICATE: Explanation(
        Refuses.TRANSACTION, "The group has two transactions with this control number.", "Have the sender number its transactions.", "23"
    ),
    Code.SE_MISSING: Explanation(Refuses.TRANSACTION, "The transaction has no end (SE).", f"{_AGAIN}: it was cut.", "2"),
    Code.SE_CONTROL: Explanation(
        Refuses.TRANSACTION, "The control numbers in ST02 and SE02 differ.", f"{_AGAIN}: transactions are mixed.", "3"
    ),
    Code.SE_COUNT: Explanation(
        Refuses.TRANSACTION, "SE01 does not say how many segments there are.", f"{_AGAIN}: segments are missing or repeated.", "4"
    ),
    Code.TRANSACTION_LONG: Explanation(
        Refuses.TRANSACTION, "The transaction is larger than the limit.", "Have the sender make several of it.", "5"
    ),
    Code.SEGMENT_ID: Explanation(
        Refuses.TRANSACTION, "A segment has no id of two or three letters and digits.", f"{_AGAIN}: it is damaged.", "1"
    ),
    Code.ELEMENTS_MANY: Explanation(Refuses.TRANSACTION, "A segment has more elements than the limit.", f"{_AGAIN}: it is damaged.", "3"),
    Code.ELEMENT_LONG: Explanation(Refuses.TRANSACTION, "An element is longer than the limit.", f"{_AGAIN}: it is damaged.", "5"),
    Code.CHARACTER: Explanation(
        Refuses.NOTHING, "An element holds a control character.", "Have the sender leave it out; the transaction is taken.", "6"
    ),
}
"""Every code has a row."""
