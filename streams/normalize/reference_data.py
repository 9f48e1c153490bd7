"""Reference data about places, carriers and working days (`docs/raw-records.md`); each all in one record."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.dates import is_zone
from streams.domain.reference_data import CalendarChanged, CarrierChanged, LocationChanged
from streams.normalize.codes import scac
from streams.normalize.origin import LONGEST_PLACE, Origin
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.shapes import CONTROL_FREE, Identifier, Shape, SystemName

__all__ = ["ALIASES", "CALENDAR", "LOCATION", "read_aliases", "read_calendar", "read_location"]

LOCATION: Final = "milepost.location.v1"
ALIASES: Final = "milepost.aliases.v1"
CALENDAR: Final = "milepost.calendar.v1"

_MOST_HOLIDAYS: Final = 5_000
_MOST_ALIASES: Final = 1_000
_WEEKEND: Final = (6, 7)


def _day(text: str) -> str:
    date.fromisoformat(text)
    return text


class _Location(Shape):
    location: Annotated[
        str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=LONGEST_PLACE, pattern=CONTROL_FREE)
    ]
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class _Aliases(Shape):
    carrier: SystemName
    aliases: Annotated[list[SystemName], Field(max_length=_MOST_ALIASES)]


class _Calendar(Shape):
    calendar: Identifier
    weekend: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] | None = None
    """Days of the week off, 1 is Monday; none stated: Saturday and Sunday."""

    holidays: Annotated[list[Annotated[str, Field(max_length=10), AfterValidator(_day)]], Field(max_length=_MOST_HOLIDAYS)]


_A_LOCATION: Final = TypeAdapter(_Location)
_SOME_ALIASES: Final = TypeAdapter(_Aliases)
_A_CALENDAR: Final = TypeAdapter(_Calendar)


def read_location(data: Any, origin: Origin) -> list[LocationChanged]:
    """The time zone of a place. Raises `Refusal`."""
    try:
        record = _A_LOCATION.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    if not is_zone(record.time_zone):
        raise _refused(f"time_zone: {shown(record.time_zone)} is no IANA time zone such as America/Chicago")
    return [LocationChanged(record.location, record.time_zone)]


def read_aliases(data: Any, origin: Origin) -> list[CarrierChanged]:
    """The other names of a carrier. Raises `Refusal`."""
    try:
        record = _SOME_ALIASES.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    carrier = scac(record.carrier)
    aliases = sorted({scac(alias) for alias in record.aliases} - {carrier})
    return [CarrierChanged(carrier, tuple(aliases))]


def read_calendar(data: Any, origin: Origin) -> list[CalendarChanged]:
    """The days off of a calendar. Raises `Refusal`."""
    try:
        record = _A_CALENDAR.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    weekend = tuple(sorted(set(_WEEKEND if record.weekend is None else record.weekend)))
    if len(weekend) == 7:
        raise _refused("weekend: every day of the week is off, so no working day would ever come")
    return [CalendarChanged(record.calendar, weekend, tuple(sorted({date.fromisoformat(day) for day in record.holidays})))]


def _refused(message: str) -> Refusal:
    return Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
