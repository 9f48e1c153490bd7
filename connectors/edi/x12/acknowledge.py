"""Acknowledgements of what was read: TA1 for an interchange, 997 or 999 for its groups. They say that it could be read, no more.

An acknowledgement is never acknowledged: a TA1 answers only an interchange that holds something else, a 997 or 999 leaves out groups of
kind FA, and neither asks for one itself (ISA14 is 0). Each mirrors the separators, the version and the test indicator of what it
answers. Times and control numbers are the caller's: nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from connectors.edi.x12.envelope import Group, Interchange, Transaction
from connectors.edi.x12.problems import CATALOGUE, Problem, Refuses

__all__ = ["Functional", "functional", "interchange_acknowledgement"]

_KIND: Final = "FA"
_MOST_CODES: Final = 5
"""An AK5 or AK9 has room for five."""

_IN_ERROR: Final = "5"
_LONG_YEARS_SINCE: Final = "004010"
_VERSION_IN_AK1_SINCE: Final = "005010"
_LARGEST_CONTROL: Final = 999_999_999


class Functional(StrEnum):
    """Which set answers groups: 997 by syntax, 999 where an implementation guide asks for it."""

    S997 = "997"
    S999 = "999"


def interchange_acknowledgement(interchange: Interchange, at: datetime, control: int) -> bytes | None:
    """The TA1 for an interchange, in an interchange of its own numbered `control`; None for one that holds acknowledgements only.

    Whether the partner asked for it (`wants_ta1`) or agreed on it is for the caller to decide.
    """
    if not _answerable(interchange) and not interchange.problems:
        return None
    noted = _distinct(CATALOGUE[problem.code].acknowledged for problem in interchange.problems)
    status = "R" if not interchange.accepted else "E" if noted else "A"
    header = interchange.header
    said = ["TA1", header[13], header[9], header[10], status, noted[0] if noted else "000"]
    return _written(interchange, [said], 0, at, control)


def functional(interchange: Interchange, at: datetime, control: int, kind: Functional = Functional.S997) -> bytes | None:
    """One 997 or 999 a group of an accepted interchange, in an interchange numbered `control`; None where there is nothing to answer."""
    groups = _answerable(interchange)
    if not interchange.accepted or not groups:
        return None
    segments: list[list[str]] = []
    for count, group in enumerate(groups, 1):
        day = f"{at:%Y%m%d}" if group.version >= _LONG_YEARS_SINCE else f"{at:%y%m%d}"
        # Whoever sent the group is told; its version is the one that they can read.
        segments.append(["GS", _KIND, group.receiver, group.sender, day, f"{at:%H%M}", str(count), "X", group.version])
        body = [["ST", kind, "0001", *([group.version] if kind is Functional.S999 else [])], *_group(group, kind)]
        segments += [*body, ["SE", str(len(body) + 1), "0001"], ["GE", "1", str(count)]]
    return _written(interchange, segments, len(groups), at, control)


def _answerable(interchange: Interchange) -> list[Group]:
    return [group for group in interchange.groups if group.kind != _KIND]


def _group(group: Group, kind: Functional) -> list[list[str]]:
    prefix = "IK" if kind is Functional.S999 else "AK"
    versioned = [group.version] if group.version >= _VERSION_IN_AK1_SINCE or kind is Functional.S999 else []
    segments = [["AK1", group.kind, group.control, *versioned]]
    accepted = 0
    for transaction in group.transactions:
        accepted += transaction.accepted
        # Of a group that is refused as a whole only what is wrong itself is told.
        if group.accepted or transaction.problems:
            segments += _transaction(transaction, prefix)
    with_errors = any(transaction.problems for transaction in group.transactions)
    codes = _distinct(CATALOGUE[problem.code].acknowledged for problem in group.problems)
    if not group.accepted or not accepted:
        status = "R"
    elif accepted < len(group.transactions):
        status = "P"
    else:
        status = "E" if with_errors or codes else "A"
    return [*segments, ["AK9", status, str(group.declared), str(len(group.transactions)), str(accepted), *codes]]


def _transaction(transaction: Transaction, prefix: str) -> list[list[str]]:
    named = [transaction.set, transaction.control, *([transaction.implementation] if transaction.implementation else [])]
    segments = [["AK2", *named]]
    codes: list[str] = []
    for problem in transaction.problems:
        if problem.segment in ("ST", "SE") or not problem.segment:
            codes.append(CATALOGUE[problem.code].acknowledged)
        else:
            segments += _segment(problem, prefix)
            codes.append(_IN_ERROR)
    status = "A" if not transaction.problems else "E" if _passes(transaction) else "R"
    return [*segments, [f"{prefix}5", status, *_distinct(codes)]]


def _passes(transaction: Transaction) -> bool:
    return not any(problem.refuses is Refuses.TRANSACTION for problem in transaction.problems)


def _segment(problem: Problem, prefix: str) -> list[list[str]]:
    code = CATALOGUE[problem.code].acknowledged
    where = [f"{prefix}3", problem.segment, str(problem.in_transaction), ""]
    if not problem.element:
        return [[*where, code]]
    return [[*where, "8"], [f"{prefix}4", str(problem.element), "", code]]


def _distinct(codes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(code for code in codes if code))[:_MOST_CODES]


def _written(interchange: Interchange, segments: list[list[str]], groups: int, at: datetime, control: int) -> bytes:
    header = list(interchange.header)
    header[5:9] = [header[7], header[8], header[5], header[6]]
    header[9:11] = [f"{at:%y%m%d}", f"{at:%H%M}"]
    numbered = f"{1 + (control - 1) % _LARGEST_CONTROL:09}"
    header[13:15] = [numbered, "0"]
    delimiters = interchange.delimiters
    whole = [header, *segments, ["IEA", str(groups), numbered]]
    return "".join(delimiters.element.join(segment) + delimiters.terminator for segment in whole).encode()
