"""What the models of our own raw shapes share: kinds of text and number with their limits, lines, and how these become the domain's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from streams.domain.event import LineQuantity
from streams.domain.ids import normalised

__all__ = [
    "CONTROL_FREE",
    "EACH",
    "Code",
    "Currency",
    "Identifier",
    "Line",
    "LineNumber",
    "Lines",
    "Price",
    "Quantity",
    "Remark",
    "Shape",
    "SystemName",
    "TimeText",
    "UnitOfMeasure",
    "detail_of",
    "plain_number",
    "quantities",
]

_NUMBER: Final = re.compile(r"\s*[+-]?\d+(\.\d*)?([eE][+-]?\d{1,3})?\s*", re.ASCII)


def plain_number(value: object) -> object:
    """For `BeforeValidator`: text must be a plain decimal number. Decimal itself would also read `1_000` and other alphabets' digits."""
    if type(value) is str and not _NUMBER.fullmatch(value):
        raise ValueError("not a plain decimal number such as 12.5")
    return value


CONTROL_FREE: Final = r"^[^\x00-\x1f\x7f]*$"
"""Pattern of text without control characters."""

Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=CONTROL_FREE)]
"""A number or name that another system gave out. Control characters separate parts of row keys, so none may be inside."""

SystemName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32, pattern=r"^[^\x00-\x1f\x7f:]*$")]
"""A company, a system or an issuer: as `Identifier`, without the colon that separates it from the number that follows."""

LineNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32, pattern=CONTROL_FREE)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
TimeText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=48)]
Remark = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Quantity = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6), BeforeValidator(plain_number)]
Price = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6), BeforeValidator(plain_number)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=CONTROL_FREE)]
"""A status code, as its source writes it."""

UnitOfMeasure = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=16, pattern=CONTROL_FREE)]


EACH: Final = "EA"
"""Unit of measure where none is given."""


class Shape(BaseModel):
    """A raw record or a part of one. Fields that are not listed are ignored; numbers may stand where a number's text is meant."""

    model_config = ConfigDict(coerce_numbers_to_str=True, extra="ignore")


class Line(Shape):
    """How much of an order line a record is about."""

    line: LineNumber
    quantity: Quantity
    uom: UnitOfMeasure | None = None


Lines = Annotated[list[Line], Field(max_length=2000)]


def quantities(lines: Sequence[Line] | None) -> tuple[LineQuantity, ...]:
    """The domain's lines. A line that is given several times in one unit (two bins, two lots) counts with its sum."""
    if not lines:
        return ()
    if len(lines) == 1:
        line = lines[0]
        return (LineQuantity(normalised(line.line), line.quantity, line.uom or EACH),)
    sums: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        key = (normalised(line.line), line.uom or EACH)
        sums[key] = sums[key] + line.quantity if key in sums else line.quantity
    return tuple([LineQuantity(number, quantity, uom) for (number, uom), quantity in sums.items()])


def detail_of(lines: tuple[LineQuantity, ...], *more: str) -> str:
    """What tells a statement about these lines apart from another one at the same moment: two picks may be confirmed in one second."""
    return "|".join([*more, *sorted([f"{line.line}={line.quantity.normalize()}{line.uom}" for line in lines])])
