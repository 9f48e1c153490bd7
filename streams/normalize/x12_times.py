"""Times of X12 segments: a date, a time of day, and perhaps a code that says whose clock it was (element 623).

Without a code, or with `LT`, the time is local to wherever the event happened; then the zone agreed with the partner counts, and
where none is agreed the quality is UNKNOWN (data elements 337 and 623).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from streams.deadletter.reasons import Reason, Stage
from streams.domain.instant import Instant, TimeQuality
from streams.domain.vocabulary import Classifier
from streams.normalize.refusal import Refusal, shown
from streams.normalize.times import WIDEST_OFFSET, Clock, check, on_clocks

__all__ = ["day", "instant", "zone_named"]

_LOCAL: Final = frozenset({"", "LT"})
_FIXED: Final = (
    {"UT": 0, "GM": 0}
    | {"ES": -300, "ED": -240, "CS": -360, "CD": -300, "MS": -420, "MD": -360, "PS": -480, "PD": -420}
    | {"AS": -540, "AD": -480, "HS": -600, "HD": -540, "NS": -210, "ND": -150, "TS": -240, "TD": -180}
    | {f"{hours:02}": hours * 60 for hours in range(1, 13)}
    | {f"{code:02}": (code - 25) * 60 for code in range(13, 25)}
)
"""Minutes from UTC. Standard (`S`) and daylight (`D`) time say which of both it is; numbers are whole hours, 24 being one behind UTC."""

_ZONES: Final = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
    "AT": "America/Anchorage",
    "HT": "Pacific/Honolulu",
    "NT": "America/St_Johns",
    "TT": "America/Halifax",
}
"""Codes that leave it to the calendar whether it is daylight time."""

_MINUTE: Final = timedelta(minutes=1)


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises `ValueError` where there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone such as America/Chicago") from error


def instant(
    date: str, time: str, code: str, partner_zone: ZoneInfo | None, classifier: Classifier, ingested_at: datetime, field: str
) -> Instant:
    """The instant of `CCYYMMDD`, `HHMM` or `HHMMSS` (decimals of seconds are dropped) and a time code.

    An hour that a clock shows twice in autumn is read as the first one, with quality UNKNOWN. Raises `Refusal` (TIME_INVALID) where date
    or time is missing or impossible, the code is unknown, the clock skipped that time in spring, or the event would lie in the future.
    """
    raw = " ".join(part for part in (date, time, code) if part)
    local = _local(date, time, field)
    if code in _FIXED:
        offset = timedelta(minutes=_FIXED[code])
        utc = (local - offset).replace(tzinfo=UTC)
        check(utc, classifier, ingested_at, field, raw)
        return Instant(utc, raw, offset // _MINUTE, TimeQuality.EXPLICIT)
    if code in _ZONES:
        clocks = [Clock((zone_named(_ZONES[code]),), TimeQuality.EXPLICIT)]
    elif code in _LOCAL:
        clocks = [] if partner_zone is None else [Clock((partner_zone,), TimeQuality.PARTNER_DEFAULT)]
    else:
        raise _refused(f"{field}: {shown(code)} is no time code")
    return on_clocks(local, raw, classifier, ingested_at, field, clocks)


def day(date: str, partner_zone: ZoneInfo | None, ingested_at: datetime, field: str) -> Instant:
    """The begin of the day `CCYYMMDD` on the partner's clocks (without a zone: in UTC), with quality UNKNOWN: nobody said when on that day.

    Raises `Refusal` (TIME_INVALID) where it is no date, or has not begun yet.
    """
    local = _local(date, "0000", field)
    offset = local.replace(tzinfo=partner_zone).utcoffset() if partner_zone is not None else None
    utc = (local - (offset or timedelta(0))).replace(tzinfo=UTC)
    check(utc, Classifier.ACT, ingested_at if partner_zone is not None else ingested_at + WIDEST_OFFSET, field, date)
    return Instant(utc, date, None if offset is None else offset // _MINUTE, TimeQuality.UNKNOWN)


def _local(date: str, time: str, field: str) -> datetime:
    try:
        digits = date + time
        if len(date) != 8 or len(time) not in (4, 6, 7, 8) or not (digits.isascii() and digits.isdigit()):
            raise ValueError
        year = int(date[:4])
        if not 1900 <= year <= 9998:  # where adding an offset cannot leave the calendar
            raise ValueError
        return datetime(year, int(date[4:6]), int(date[6:]), int(time[:2]), int(time[2:4]), int(time[4:6] or 0))  # noqa: DTZ001 (a local clock)
    except ValueError:
        raise _refused(f"{field}: {shown(date)}, {shown(time)} are not CCYYMMDD and HHMM or HHMMSS") from None


def _refused(message: str) -> Refusal:
    return Refusal(Stage.VALIDATE, Reason.TIME_INVALID, message)
