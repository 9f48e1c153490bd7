"""Reference data about articles (`docs/raw-records.md`): their units of measure, all of an article in one record."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.reference_data import ItemChanged, UnitFactor
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.shapes import Identifier, Shape, UnitOfMeasure, plain_number

__all__ = ["FORMAT", "read"]

FORMAT: Final = "milepost.item.v1"

_Factor = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=6), BeforeValidator(plain_number)]


class _Unit(Shape):
    uom: UnitOfMeasure
    factor: _Factor
    """Base units in one of these."""


class _Record(Shape):
    sku: Identifier
    base_uom: UnitOfMeasure
    units: Annotated[list[_Unit], Field(max_length=100)]


_RECORD: Final = TypeAdapter(_Record)


def read(data: Any, origin: Origin) -> list[ItemChanged]:
    """The units of an article. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    names = [unit.uom for unit in record.units]
    twice = next((name for name in names if names.count(name) > 1 or name == record.base_uom), None)
    if twice is not None:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"units: {shown(twice)} is given more than once")
    return [ItemChanged(record.sku, record.base_uom, tuple([UnitFactor(unit.uom, unit.factor) for unit in record.units]))]
