"""What EDI adapters of both standards share: what was agreed with the sender, and how a part that is wrong is refused.

An order number is one of the company that was agreed with the sender; where none was, the transaction or message is refused rather than put
to somebody's order.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Lineage
from streams.domain.ids import order_key
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.shapes import Currency, Shape, SystemName
from streams.normalize.x12_times import zone_named

__all__ = ["LONGEST_NUMBER", "Agreed", "Part", "bounded", "invalid_part", "read_agreed", "with_century", "word"]

LONGEST_NUMBER: Final = 64
_CENTURY: Final = "70"
"""Two digits from here on are of the last century."""


class Agreed(Shape):
    """What was agreed with the sender, as the raw record carries it (`connectors.edi.partners`), and when it was sent."""

    sender: Annotated[str, StringConstraints(max_length=64)] = ""
    zone: Annotated[str, StringConstraints(max_length=64)] | None = None
    company: SystemName | None = None
    system: SystemName | None = None
    currency: Currency | None = None
    stops: Annotated[str, StringConstraints(max_length=16)] | None = None
    sent: Annotated[list[Annotated[str, StringConstraints(max_length=16)]], Field(max_length=2)] = Field(default_factory=list)


_Record = TypeVar("_Record", bound=Agreed)


class Part:
    """A transaction or message that is being read."""

    standard: str
    """The name of a system of which nothing else is known."""

    def __init__(self, agreed: Agreed, zone: ZoneInfo | None, format: str, origin: Origin) -> None:
        self.agreed = agreed
        self.zone = zone
        self.format = format
        self.origin = origin

    @property
    def system(self) -> str:
        """The sender's system as it was agreed, else its id."""
        return self.agreed.system or self.agreed.sender.partition(":")[2][:32].replace(":", "") or self.standard

    def order(self, number: str, where: str) -> str:
        """The order key of an order number. Raises `Refusal` where it is none, or nobody said whose."""
        if not self.agreed.company:
            sender = shown(self.agreed.sender)
            raise invalid_part(f"company: none was agreed with sender {sender}: nobody knows whose order it is; see MILEPOST_EDI_PARTNERS")
        return order_key(self.agreed.company, word(number, where))

    def lineage(self, system: str, code: str, map_version: str = "") -> Lineage:
        return self.origin.lineage(system, self.format, None, code, map_version)


def read_agreed(adapter: TypeAdapter[_Record], data: Any, origin: Origin) -> tuple[_Record, ZoneInfo | None]:
    """A raw record of an EDI set, and the zone of its local times: the agreed one, else the partner's. Raises `Refusal`."""
    try:
        record = adapter.validate_python(data)
        return record, zone_named(record.zone) if record.zone else origin.zone
    except ValidationError as error:
        raise invalid(error) from error
    except ValueError as error:
        raise invalid_part(f"zone: {error}") from error


def with_century(date: str) -> str:
    """YYMMDD as CCYYMMDD."""
    return ("19" if date[:2] >= _CENTURY else "20") + date


def word(text: str, where: str, longest: int = LONGEST_NUMBER) -> str:
    """A number or name that must be there. Raises `Refusal`."""
    if not text:
        raise invalid_part(f"{where}: is missing")
    return bounded(text, where, longest)


def bounded(text: str, where: str, longest: int) -> str:
    """A text that may be empty. Raises `Refusal` where it is too long or not printable."""
    if len(text) > longest or not text.isprintable():
        raise invalid_part(f"{where}: {shown(text)} is longer than {longest} characters or not printable")
    return text


def invalid_part(message: str) -> Refusal:
    """The refusal of a part that is missing or wrong."""
    return Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
