"""Segments to interchanges, groups and transactions, with every control number and count checked.

What is wrong with a part is written to that part, and reading goes on: a bad transaction does not take its neighbours along.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from connectors.edi.party import LONGEST_NUMBER, Party, number
from connectors.edi.x12.delimiters import Delimiters
from connectors.edi.x12.limits import Limits
from connectors.edi.x12.problems import CATALOGUE, Code, Problem, Refuses
from connectors.edi.x12.scanner import Scanner, SegmentTooLong

__all__ = ["Group", "Interchange", "Transaction", "Walk"]

_ENVELOPE: Final = frozenset({"ISA", "IEA", "GS", "GE", "ST"})
_SEGMENT_ID: Final = re.compile(r"[A-Z][A-Z0-9]{1,2}", re.ASCII)
_SET: Final = re.compile(r"[0-9]{3}", re.ASCII)


@dataclass(slots=True)
class Transaction:
    """ST to SE."""

    group: Group
    set: str
    """ST01, such as `214`."""

    control: str
    """ST02, without blanks around it."""

    implementation: str
    """ST03: the implementation guide's version, where the sender states one."""

    position: int
    """Number of its ST in the file."""

    segments: list[str] = field(default_factory=list)
    """As sent, without terminators, ST and SE included. Empty in a survey."""

    count: int = 0
    """How many segments were found, ST and SE included."""

    problems: list[Problem] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether it, its group and its interchange hold nothing that refuses it. Known once its interchange has ended."""
        return self.group.accepted and not any(problem.refuses is Refuses.TRANSACTION for problem in self.problems)


@dataclass(slots=True)
class Group:
    """GS to GE."""

    interchange: Interchange
    header: list[str]
    """Elements of GS; the first is the id."""

    position: int
    declared: int = 0
    """GE01: how many transactions its sender counts."""

    transactions: list[Transaction] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def _element(self, index: int) -> str:
        return self.header[index].strip() if index < len(self.header) else ""

    @property
    def kind(self) -> str:
        """GS01, such as `QM` for 214 and `FA` for acknowledgements."""
        return self._element(1)

    @property
    def sender(self) -> str:
        return self._element(2)

    @property
    def receiver(self) -> str:
        return self._element(3)

    @property
    def date(self) -> str:
        """GS04: YYMMDD before 004010, CCYYMMDD since."""
        return self._element(4)

    @property
    def time(self) -> str:
        """GS05."""
        return self._element(5)

    @property
    def control(self) -> str:
        return self._element(6)

    @property
    def version(self) -> str:
        """GS08: version, release and perhaps the guide, such as `004010`."""
        return self._element(8)

    @property
    def accepted(self) -> bool:
        """Whether it and its interchange hold nothing that refuses it."""
        return self.interchange.accepted and not any(problem.refuses is Refuses.GROUP for problem in self.problems)


@dataclass(slots=True)
class Interchange:
    """ISA to IEA."""

    header: list[str]
    """The 16 elements of ISA after its id, at their fixed lengths; `header[0]` is the id."""

    delimiters: Delimiters
    position: int
    groups: list[Group] = field(default_factory=list)
    ta1: list[list[str]] = field(default_factory=list)
    """Acknowledgements of our own interchanges that came with it."""

    problems: list[Problem] = field(default_factory=list)

    @property
    def sender(self) -> Party:
        return Party(self.header[5].strip(), self.header[6].strip())

    @property
    def receiver(self) -> Party:
        return Party(self.header[7].strip(), self.header[8].strip())

    @property
    def control(self) -> str:
        """ISA13."""
        return self.header[13].strip()

    @property
    def control_number(self) -> int | None:
        """ISA13 as a number; None where it is none."""
        return number(self.control)

    @property
    def wants_ta1(self) -> bool:
        """ISA14 asks for an acknowledgement of the interchange."""
        return self.header[14] == "1"

    @property
    def test(self) -> bool:
        """ISA15 says that this is not production data."""
        return self.header[15] != "P"

    @property
    def accepted(self) -> bool:
        return not any(problem.refuses is Refuses.INTERCHANGE for problem in self.problems)


class Walk:
    """One pass over a file. Iterate over it: each transaction as its SE is read, each interchange as its IEA is read.

    A transaction's own problems are known when it comes; those of its group and interchange only when these have ended.
    """

    def __init__(self, source: bytes | BinaryIO, limits: Limits) -> None:
        self._scanner = Scanner(source, limits)
        self._limits = limits
        self.problems = self._scanner.problems
        """Of what belongs to no interchange."""

    def __iter__(self) -> Iterator[Transaction | Interchange]:
        while (opening := self._scanner.opening()) is not None:
            header, delimiters = opening
            interchange = Interchange(header.split(delimiters.element), delimiters, self._scanner.position)
            if interchange.control_number is None:
                self._note(interchange.problems, Code.ISA_CONTROL, f"ISA13 is {interchange.control!r}", "ISA")
            try:
                yield from self._interchange(interchange)
            except SegmentTooLong:
                message = f"no segment ends within {self._limits.segment_chars} characters after segment {self._scanner.position}"
                self._note(interchange.problems, Code.SEGMENT_LONG, message)
                self._scanner.lose()
            except _TooMany:
                message = f"more than {self._limits.transactions} transactions"
                self._note(interchange.problems, Code.INTERCHANGE_LONG, message)
                self._scanner.lose()
            yield interchange

    def _interchange(self, interchange: Interchange) -> Iterator[Transaction]:
        separator = interchange.delimiters.element
        problems = interchange.problems
        controls: set[str] = set()
        self._left = self._limits.transactions
        while (token := self._scanner.segment()) is not None:
            elements = token.split(separator)
            match elements[0]:
                case "GS":
                    group = Group(interchange, elements, self._scanner.position)
                    interchange.groups.append(group)
                    yield from self._group(group, controls)
                case "IEA":
                    self._check_end(problems, elements, interchange.control, len(interchange.groups), Code.IEA_CONTROL, Code.IEA_COUNT)
                    return
                case "ISA":
                    self._scanner.unread()
                    break
                case "TA1":
                    self._spend()
                    interchange.ta1.append(elements)
                case other:
                    self._note(problems, Code.INTERCHANGE_SEGMENT, f"{other[:3]!r} stands outside of any group", other[:3])
        self._note(problems, Code.IEA_MISSING, f"interchange {interchange.control} has no IEA")

    def _group(self, group: Group, controls: set[str]) -> Iterator[Transaction]:
        separator = group.interchange.delimiters.element
        problems = group.problems
        self._spend()
        if not group.kind or number(group.control) is None or not group.version:
            message = f"GS01 is {group.kind[:20]!r}, GS06 {group.control[:20]!r}, GS08 {group.version[:20]!r}"
            self._note(problems, Code.GS_LAYOUT, message, "GS")
        elif _key(group.control) in controls:
            self._note(problems, Code.GS_DUPLICATE, f"GS06 {group.control} is given twice", "GS")
        controls.add(_key(group.control))
        seen: set[str] = set()
        while (token := self._scanner.segment()) is not None:
            elements = token.split(separator)
            tag = elements[0]
            if tag == "ST":
                self._spend()
                transaction = Transaction(group, _at(elements, 1), _at(elements, 2), _at(elements, 3), self._scanner.position)
                self._transaction(transaction, token, seen)
                group.transactions.append(transaction)
                yield transaction
            elif tag == "GE":
                group.declared = number(_at(elements, 1)) or 0
                self._check_end(problems, elements, group.control, len(group.transactions), Code.GE_CONTROL, Code.GE_COUNT)
                return
            elif tag in _ENVELOPE:
                self._scanner.unread()
                break
            else:
                self._note(problems, Code.GROUP_SEGMENT, f"{tag[:3]!r} stands outside of any transaction", tag[:3])
        self._note(problems, Code.GE_MISSING, f"group {group.control[:20]} has no GE")

    def _transaction(self, transaction: Transaction, first: str, seen: set[str]) -> None:
        problems = transaction.problems
        control = transaction.control
        if not _SET.fullmatch(transaction.set):
            self._note(problems, Code.ST_SET, f"ST01 is {transaction.set[:20]!r}", "ST", 1)
        if not control or len(control) > LONGEST_NUMBER:
            self._note(problems, Code.ST_CONTROL, f"ST02 is {control[:20]!r}", "ST", 1)
        elif _key(control) in seen:
            self._note(problems, Code.ST_DUPLICATE, f"ST02 {control} is given twice in its group", "ST", 1)
        seen.add(_key(control))
        delimiters = transaction.group.interchange.delimiters
        chars = 0
        token: str | None = first
        while token is not None:
            tag = token[: token.find(delimiters.element)] if delimiters.element in token else token
            if tag in _ENVELOPE and token is not first:
                self._scanner.unread()
                break
            transaction.count += 1
            chars += len(token)
            if chars <= self._limits.transaction_chars and transaction.count <= self._limits.transaction_segments:
                transaction.segments.append(token)
            elif transaction.segments:
                transaction.segments.clear()
                chars = self._limits.transaction_chars
                message = f"more than {self._limits.transaction_segments} segments or {self._limits.transaction_chars} characters"
                self._note(problems, Code.TRANSACTION_LONG, message, "", transaction.count)
            self._check_segment(transaction, tag, token, delimiters)
            if tag == "SE":
                elements = token.split(delimiters.element)
                self._check_end(problems, elements, control, transaction.count, Code.SE_CONTROL, Code.SE_COUNT, transaction.count)
                return
            token = self._scanner.segment()
        self._note(problems, Code.SE_MISSING, f"transaction {control[:20]} has no SE", "", transaction.count + 1)

    def _check_segment(self, transaction: Transaction, tag: str, token: str, delimiters: Delimiters) -> None:
        problems, limits = transaction.problems, self._limits
        where = transaction.count
        if not _SEGMENT_ID.fullmatch(tag):
            self._note(problems, Code.SEGMENT_ID, f"{tag[:20]!r} is no segment id", tag[:3], where)
        elements = token.count(delimiters.element)
        if elements > limits.elements:
            message = f"{tag[:3]} has {elements} elements of at most {limits.elements}"
            self._note(problems, Code.ELEMENTS_MANY, message, tag[:3], where, limits.elements + 1)
        elif len(token) > limits.element_chars:
            for index, element in enumerate(token.split(delimiters.element)):
                if len(element) > limits.element_chars:
                    message = f"{tag[:3]}{index:02} has {len(element)} characters of at most {limits.element_chars}"
                    self._note(problems, Code.ELEMENT_LONG, message, tag[:3], where, index)
        if not token.isprintable():
            for index, element in enumerate(token.split(delimiters.element)):
                for character in element:
                    if (character < " " or "\x7f" <= character < "\xa0") and character not in delimiters:
                        message = f"{tag[:3]}{index:02} holds the control character {character!r}"
                        self._note(problems, Code.CHARACTER, message, tag[:3], where, index)
                        break

    def _check_end(
        self,
        problems: list[Problem],
        elements: list[str],
        control: str,
        count: int,
        control_code: Code,
        count_code: Code,
        in_transaction: int = 0,
    ) -> None:
        tag = elements[0]
        said, repeated = _at(elements, 1), _at(elements, 2)
        if number(said) != count:
            self._note(problems, count_code, f"{tag}01 says {said[:20]!r}, there are {count}", tag, in_transaction)
        if _key(repeated) != _key(control):
            self._note(problems, control_code, f"{tag}02 is {repeated[:20]!r}, the header's is {control[:20]!r}", tag, in_transaction)

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooMany

    def _note(self, problems: list[Problem], code: Code, message: str, segment: str = "", where: int = 0, element: int = 0) -> None:
        # Remarks leave room for what refuses.
        most = self._limits.problems * (1 if CATALOGUE[code].refuses is Refuses.NOTHING else 2)
        if len(problems) < most:
            problems.append(Problem(code, message, self._scanner.position, segment, where, element))


class _TooMany(Exception):
    pass


def _at(elements: list[str], index: int) -> str:
    return elements[index].strip() if index < len(elements) else ""


def _key(control: str) -> str:
    """A control number to compare: padding is no difference."""
    return control.lstrip("0") or "0" if control.isdigit() else control
