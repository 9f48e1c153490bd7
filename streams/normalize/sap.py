"""How SAP writes numbers, dates, times, units and empty fields, in IDocs and elsewhere.

An IDoc's numbers have a decimal point and their sign at the end; what went through a German system may have a decimal comma. A date is
`YYYYMMDD`, `DD.MM.YYYY` or `YYYY-MM-DD`, on the clocks of the system: the header `zone` (an IANA name) says which, else the zone agreed
with the partner; without either the quality is UNKNOWN. Zeros alone are an empty field.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, Field

from streams.deadletter.reasons import Reason, Stage
from streams.domain.instant import Instant, TimeQuality
from streams.domain.vocabulary import Classifier
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, shown
from streams.normalize.shapes import EACH, Code, Identifier, LineNumber, TimeText
from streams.normalize.x12_times import instant, zone_named

__all__ = ["Amount", "Maybe", "MaybeAmount", "MaybeCode", "MaybeLine", "MaybeTime", "Number", "Some", "revision", "sap_time", "unit"]

_T = TypeVar("_T")

_GROUPED: Final = re.compile(r"\d{1,3}(\.\d{3})+,\d+", re.ASCII)
_GROUPED_ENGLISH: Final = re.compile(r"\d{1,3}(,\d{3})+\.\d+", re.ASCII)
_COMMA: Final = re.compile(r"\d+,\d+", re.ASCII)
_THOUSAND: Final = re.compile(r"[1-9]\d{0,2},\d{3}", re.ASCII)
_PLAIN: Final = re.compile(r"\d+(\.\d*)?", re.ASCII)
_LONGEST: Final = 40
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


def _number(value: object) -> object:
    """Text as a plain decimal number. What could be two numbers is refused."""
    if type(value) is not str:
        return value
    text = value.strip()
    if len(text) > _LONGEST:
        raise ValueError("too long for a number")
    sign = "-" if text.endswith("-") or text.startswith("-") else ""
    digits = text.strip("+-").strip()
    if _PLAIN.fullmatch(digits):
        return sign + digits
    if _GROUPED.fullmatch(digits):
        return sign + digits.replace(".", "").replace(",", ".")
    if _GROUPED_ENGLISH.fullmatch(digits):
        return sign + digits.replace(",", "")
    if _THOUSAND.fullmatch(digits):
        raise ValueError("could be a fraction or thousands: send a decimal point")
    if _COMMA.fullmatch(digits):
        return sign + digits.replace(",", ".")
    raise ValueError("not a number such as 12.5 or 12.5-")


def _blank(value: object) -> object:
    """An empty field is no field."""
    return None if isinstance(value, str) and not value.strip() else value


def _listed(value: object) -> object:
    """Segments come as a list, or alone where there is one."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


Number = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6), BeforeValidator(_number)]
Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=6), BeforeValidator(_number)]
MaybeAmount = Annotated[
    Annotated[Decimal, Field(max_digits=18, decimal_places=6), BeforeValidator(_number)] | None, BeforeValidator(_blank)
]
"""Of either sign."""

Maybe = Annotated[Identifier | None, BeforeValidator(_blank)]
MaybeCode = Annotated[Code | None, BeforeValidator(_blank)]
MaybeLine = Annotated[LineNumber | None, BeforeValidator(_blank)]
MaybeTime = Annotated[TimeText | None, BeforeValidator(_blank)]
Some = Annotated[list[_T], Field(max_length=2000, default_factory=list), BeforeValidator(_listed)]


def unit(name: str | None) -> str:
    """A unit in one spelling, whether SAP's own code, its ISO code or UN/ECE's (`maps/units.csv`); others stay as they are."""
    if not name:
        return EACH
    text = name.strip().upper()
    return _units().get(text, text)


def sap_time(date: str | None, time: str | None, origin: Origin, field: str, classifier: Classifier = Classifier.ACT) -> Instant:
    """The moment of a date and a time of day on the clocks of the system. A date alone is its midnight, with quality UNKNOWN.

    Raises `Refusal` (TIME_INVALID).
    """
    day, clock = _digits(date), (time or "").strip().replace(":", "")
    if not day.strip("0"):
        raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, f"{field}: no date is given")
    named = origin.header("zone")
    try:
        zone = zone_named(named) if named else origin.zone
    except ValueError:
        raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, f"header zone: {shown(named)} is no IANA time zone") from None
    at = instant(day, clock or "000000", "", zone, classifier, origin.ingested_at, field)
    return at if clock else Instant(at.utc, at.raw, at.offset_minutes, TimeQuality.UNKNOWN)


def revision(at: datetime) -> int:
    """A number that grows with each change, where the source counts none: seconds since 2000."""
    return int((at - _EPOCH).total_seconds())


def _digits(date: str | None) -> str:
    text = (date or "").strip()
    if len(text) == 10:
        if text[2] == text[5] == ".":
            return text[6:] + text[3:5] + text[:2]
        if text[4] == text[7] == "-":
            return text.replace("-", "")
    return text


@cache
def _units() -> dict[str, str]:
    text = (files("streams.normalize") / "maps" / "units.csv").read_text(encoding="utf-8")
    return {row["name"]: row["unit"] for row in csv.DictReader(io.StringIO(text))}
