"""What X12 adapters share: one transaction (ST to SE) as `connectors.edi.raw` split it from its file, and what was agreed with its sender.

Releases from 003070 on are read; GS08 says which one. Before 004010 dates have two digits for the year.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, TypeAdapter

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Invoice, LineQuantity
from streams.domain.ids import normalised
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier
from streams.normalize.agreed import Agreed, Part, invalid_part, read_agreed, with_century, word
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, shown
from streams.normalize.shapes import EACH, Shape
from streams.normalize.x12_times import day, instant

__all__ = ["OLDEST", "Transaction", "quantity", "read_transaction"]

OLDEST: Final = "003070"
_LONG_YEARS_SINCE: Final = "004010"
_QUANTITY: Final = re.compile(r"\d{1,12}(\.\d{0,6})?", re.ASCII)
_CENTS: Final = re.compile(r"-?\d{1,15}", re.ASCII)


class _Separators(Shape):
    element: Annotated[str, StringConstraints(min_length=1, max_length=1)]


class _Record(Agreed):
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}")]
    separators: _Separators
    segments: Annotated[list[Annotated[str, StringConstraints(max_length=65_536)]], Field(min_length=2, max_length=50_000)]


_RECORD: Final = TypeAdapter(_Record)


class Transaction(Part):
    """A transaction that is being read. Elements are without blanks around them."""

    standard = "X12"

    def __init__(self, record: _Record, zone: ZoneInfo | None, format: str, origin: Origin) -> None:
        super().__init__(record, zone, format, origin)
        self.version = record.version
        self.segments = record.segments
        self.separator = record.separators.element

    def elements(self) -> list[list[str]]:
        """All segments, each as its elements with its id first."""
        return [[element.strip() for element in segment.split(self.separator)] for segment in self.segments]

    def sent(self) -> Instant:
        """When the group was sent: the time of statements that have no other. Raises `Refusal`."""
        date, time = [*self.agreed.sent, "", ""][:2]
        return self.at(date, time, "", "sent")

    def at(self, date: str, time: str, code: str, where: str, classifier: Classifier = Classifier.ACT) -> Instant:
        """The instant of a date, a time of day and a time code. Raises `Refusal` (TIME_INVALID)."""
        return instant(self._long(date), time, code, self.zone, classifier, self.origin.ingested_at, where)

    def day(self, date: str, where: str) -> Instant:
        """The begin of a day of which no time was said, with quality UNKNOWN. Raises `Refusal` (TIME_INVALID)."""
        return day(self._long(date), self.zone, self.origin.ingested_at, where)

    def at_or_day(self, date: str, time: str, where: str, code: str = "") -> Instant:
        """`at` where there is a time, else `day`."""
        return self.at(date, time, code, where) if time else self.day(date, where)

    def invoice(self, number: str, cents: str, currency: str, where: str) -> Invoice:
        """An invoice over an amount with two implied decimals (X12 type N2). Raises `Refusal`."""
        if not _CENTS.fullmatch(cents):
            raise Refusal(Stage.VALIDATE, Reason.QTY_INVALID, f"{where}: {shown(cents)} is no amount with two implied decimals")
        known = currency or self.agreed.currency or ""
        if not re.fullmatch("[A-Z]{3}", known):
            raise invalid_part(f"CUR02: {shown(known)} is no currency, and none was agreed with the sender")
        return Invoice(word(number, "invoice"), Decimal(cents).scaleb(-2), known)

    def _long(self, date: str) -> str:
        if len(date) == 6 and self.version < _LONG_YEARS_SINCE:
            return with_century(date)
        return date


def read_transaction(data: Any, set: str, format: str, origin: Origin) -> Transaction:
    """The transaction in a raw record. Raises `Refusal`."""
    record, zone = read_agreed(_RECORD, data, origin)
    if record.version < OLDEST:
        raise invalid_part(f"version: {shown(record.version)}; releases from {OLDEST} on are read")
    if record.segments[0].split(record.separators.element)[:2] != ["ST", set]:
        raise invalid_part(f"segments[0]: {shown(record.segments[0])} does not begin a {set}")
    return Transaction(record, zone, format, origin)


def quantity(line: str, amount: str, unit: str, where: str) -> LineQuantity:
    """How much of an order line. Raises `Refusal`."""
    if not _QUANTITY.fullmatch(amount):
        raise Refusal(Stage.VALIDATE, Reason.QTY_INVALID, f"{where}: {shown(amount)} is no quantity such as 12 or 12.5")
    return LineQuantity(normalised(word(line, f"{where}, line number", 32)), Decimal(amount), word(unit or EACH, where, 16).upper())
