"""What EDIFACT adapters share: one message as `connectors.edi.raw` took it from its file, and what was agreed with its sender."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, TypeAdapter

from streams.deadletter.reasons import Reason, Stage
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier
from streams.normalize.agreed import Agreed, Part, invalid_part, read_agreed, with_century
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, shown
from streams.normalize.times import parse
from streams.normalize.x12_times import instant

__all__ = ["Message", "Segment", "number", "part", "read_message"]

_Text = Annotated[str, StringConstraints(max_length=8_192)]
Segment = list[str | list[str]]
"""Its elements, its id first; a composite element is a list."""

_NUMBER: Final = re.compile(r"-?\d{1,14}([.,]\d{0,6})?", re.ASCII)
_OFFSET: Final = re.compile(r"(\d{12})([+-])(\d\d)(\d\d)", re.ASCII)


class _Record(Agreed):
    version: Annotated[str, StringConstraints(max_length=8)] = ""
    segments: Annotated[
        list[Annotated[list[_Text | Annotated[list[_Text], Field(max_length=200)]], Field(min_length=1, max_length=300)]],
        Field(min_length=2, max_length=50_000),
    ]


_RECORD: Final = TypeAdapter(_Record)


class Message(Part):
    """A message that is being read."""

    standard = "EDIFACT"

    def __init__(self, record: _Record, zone: ZoneInfo | None, format: str, origin: Origin) -> None:
        super().__init__(record, zone, format, origin)
        self.segments: list[Segment] = record.segments
        self.version = record.version

    def sent(self) -> Instant:
        """When the interchange was sent: the time of statements that have no other. Raises `Refusal`."""
        date, time = [*self.agreed.sent, "", ""][:2]
        if len(date) == 6:
            date = with_century(date)
        return self._local(date, time, "UNB 0017")

    def at(self, segment: Segment, classifier: Classifier = Classifier.ACT) -> Instant:
        """The instant of a DTM with date and time: formats 203, 204, and 205 with its offset. Raises `Refusal` (TIME_INVALID)."""
        text, format = part(segment, 1, 1), part(segment, 1, 2)
        where = f"DTM {part(segment, 1)[:3]}"
        if format in ("203", "204") and len(text) == (12 if format == "203" else 14):
            return self._local(text[:8], text[8:], where, classifier)
        if format == "205" and (match := _OFFSET.fullmatch(text)):
            digits, sign, hours, minutes = match.groups()
            written = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:]}{sign}{hours}:{minutes}"
            return parse(written, classifier, self.origin.ingested_at, where)
        raise Refusal(
            Stage.VALIDATE, Reason.TIME_INVALID, f"{where}: {shown(text)} of format {shown(format)} is no date and time (203, 204, 205)"
        )

    def _local(self, date: str, time: str, where: str, classifier: Classifier = Classifier.ACT) -> Instant:
        return instant(date, time, "", self.zone, classifier, self.origin.ingested_at, where)


def read_message(data: Any, type: str, format: str, origin: Origin) -> Message:
    """The message in a raw record. Raises `Refusal`."""
    record, zone = read_agreed(_RECORD, data, origin)
    if part(record.segments[0], 0) != "UNH" or part(record.segments[0], 2) != type:
        raise invalid_part(f"segments[0]: {shown(str(record.segments[0])[:80])} does not begin a message of type {type}")
    return Message(record, zone, format, origin)


def part(segment: Segment, index: int, component: int = 0) -> str:
    """A component of an element, without blanks around it; empty where there is none."""
    if index >= len(segment):
        return ""
    element = segment[index]
    if isinstance(element, str):
        return element.strip() if component == 0 else ""
    return element[component].strip() if component < len(element) else ""


def number(text: str, where: str) -> Decimal:
    """A decimal number; comma and point both mark decimals (ISO 9735 allows either). Raises `Refusal` (QTY_INVALID)."""
    if not _NUMBER.fullmatch(text):
        raise Refusal(Stage.VALIDATE, Reason.QTY_INVALID, f"{where}: {shown(text)} is no number such as 12 or 12.5")
    return Decimal(text.replace(",", "."))
