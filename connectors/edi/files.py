"""A file of either standard: what it is, what may be taken of it, and what is to be answered."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO, Final

from connectors.edi.edifact.acknowledge import contrl
from connectors.edi.edifact.envelope import Interchange as EdifactInterchange
from connectors.edi.edifact.envelope import Reading as EdifactReading
from connectors.edi.edifact.problems import Problem as EdifactProblem
from connectors.edi.partners import NOBODY, Partner, Partners
from connectors.edi.raw import message_record, raw_record
from connectors.edi.remembered import InterchangeKey, key_of, refuse_duplicate
from connectors.edi.x12.acknowledge import Functional, functional, interchange_acknowledgement
from connectors.edi.x12.envelope import Interchange
from connectors.edi.x12.problems import Problem
from connectors.edi.x12.reading import Reading
from streams.hop import Output

__all__ = ["EdiFile", "is_edi"]

_HEAD: Final = 64
_PADDING: Final = b" \t\r\n\v\f\x00\x1a\xef\xbb\xbf"


def is_edi(head: bytes) -> bool:
    """Whether a file that begins so is X12 or EDIFACT."""
    return head.lstrip(_PADDING).startswith((b"ISA", b"UNA", b"UNB"))


class EdiFile:
    """A file that is read: X12, or EDIFACT where it begins with UNA or UNB. `source` must be able to seek.

    `remembered`: interchanges taken before are refused. `take_test`: whether what is marked as test data may be published, too.
    """

    def __init__(
        self,
        source: BinaryIO,
        partners: Partners = NOBODY,
        remembered: Container[InterchangeKey] | None = None,
        take_test: bool = False,
    ) -> None:
        source.seek(0)
        edifact = source.read(_HEAD).lstrip(_PADDING).startswith((b"UNA", b"UNB"))
        self.reading: Reading | EdifactReading = EdifactReading(source) if edifact else Reading(source)
        self._partners = partners
        self._take_test = take_test
        if remembered is not None:
            for interchange in self.interchanges:
                refuse_duplicate(interchange, remembered)

    @property
    def interchanges(self) -> Sequence[Interchange | EdifactInterchange]:
        return self.reading.interchanges

    @property
    def keys(self) -> list[InterchangeKey]:
        """Of accepted interchanges, without those that are held back."""
        return [key for each in self.interchanges if each.accepted and self._published(each) and (key := key_of(each)) is not None]

    @property
    def held_back(self) -> int:
        """Accepted interchanges of test data that are not published."""
        return sum(each.accepted and not self._published(each) for each in self.interchanges)

    def partner(self, interchange: Interchange | EdifactInterchange) -> Partner | None:
        return self._partners.of(str(interchange.sender), str(interchange.receiver))

    def records(self, at: datetime) -> Iterator[Output]:
        """The raw records of all that is accepted, stamped with the time at which it was taken. Acknowledgements make none."""
        if isinstance(self.reading, EdifactReading):
            for message in self.reading.messages():
                if self._published(message.interchange):
                    output = message_record(message, at, self.partner(message.interchange))
                    if output is not None:
                        yield output
            return
        for transaction in self.reading.transactions():
            interchange = transaction.group.interchange
            if self._published(interchange):
                output = raw_record(transaction, at, self.partner(interchange))
                if output is not None:
                    yield output

    def _published(self, interchange: Interchange | EdifactInterchange) -> bool:
        return self._take_test or not interchange.test

    def acknowledgements(self, at: datetime, control: Iterator[int]) -> Iterator[tuple[str, bytes]]:
        """`(kind, bytes)` of what the partners agreed on or asked for, each numbered by the next of `control`."""
        for interchange in self.interchanges:
            partner = self.partner(interchange)
            agreed = partner.acknowledge if partner is not None else "none"
            if isinstance(interchange, EdifactInterchange):
                if agreed == "contrl" or interchange.wants_contrl:
                    answer = contrl(interchange, at, str(next(control)))
                    if answer is not None:
                        yield "contrl", answer
                continue
            if interchange.wants_ta1:
                answer = interchange_acknowledgement(interchange, at, next(control))
                if answer is not None:
                    yield "ta1", answer
            if agreed in ("997", "999"):
                answer = functional(interchange, at, next(control), Functional(agreed))
                if answer is not None:
                    yield agreed, answer

    def problems(self) -> Iterator[dict[str, str | int]]:
        """All that is wrong with the file, for the report beside it."""
        parts: list[tuple[str, Sequence[Problem | EdifactProblem]]] = [("file", self.reading.problems)]
        for interchange in self.interchanges:
            parts.append((f"interchange {interchange.control}", interchange.problems))
            if isinstance(interchange, EdifactInterchange):
                parts += [(f"{each.type} {each.control}", each.problems) for each in interchange.messages]
            else:
                for group in interchange.groups:
                    parts.append((f"group {group.control}", group.problems))
                    parts += [(f"{each.set} {each.control}", each.problems) for each in group.transactions]
        for where, problems in parts:
            for problem in problems:
                yield {"where": where, "code": problem.code, "message": problem.message, "segment": problem.position}
