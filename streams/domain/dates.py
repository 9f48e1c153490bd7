"""Accounting dates: the day of a moment in a contract's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["accounting_date", "first_offset", "is_zone", "near_month_end", "working_days_after"]

_DAY: Final = timedelta(days=1)
_DOUBT: Final = timedelta(hours=14)
"""The widest offset from UTC that is in use: so far off may a time be whose zone nobody said."""


def accounting_date(at: datetime, time_zone: str) -> date:
    """The day of a moment in a zone (IANA name); UTC's where there is no such zone (the gate releases nothing by one)."""
    zone = _zone(time_zone)
    return at.astimezone(zone).date() if zone is not None else at.date()


def is_zone(time_zone: str) -> bool:
    """Whether this is the name of a known IANA zone."""
    return _zone(time_zone) is not None


def first_offset(local: datetime, time_zone: str) -> tuple[timedelta, bool] | None:
    """The offset from UTC of a local time (its own zone is not looked at), and whether no other was in force at that time too: in the
    hour that clocks show twice, it is the first. None: there is no such zone, or its clocks skipped that time."""
    zone = _zone(time_zone)
    if zone is None:
        return None
    first, second = local.replace(tzinfo=zone).utcoffset(), local.replace(tzinfo=zone, fold=1).utcoffset()
    if first is None or second is None or first < second:
        return None
    return first, first == second


def near_month_end(at: datetime, time_zone: str) -> bool:
    """Whether a moment whose offset is unknown may belong to either of two accounting months."""
    earliest, latest = accounting_date(at - _DOUBT, time_zone), accounting_date(at + _DOUBT, time_zone)
    return earliest.month != latest.month


def working_days_after(at: datetime, days: int, time_zone: str, counts: Callable[[date], bool]) -> datetime:
    """The same time of day in a zone, `days` working days later: the day of `at` itself is not counted, days that `counts` refuses are
    passed over. UTC's days where there is no such zone. Years after 9000 count every day."""
    zone = _zone(time_zone) or UTC
    local = at.astimezone(zone)
    day = local.date()
    while days and day.year < 9000:
        day += _DAY
        if counts(day):
            days -= 1
    return datetime.combine(day + days * _DAY, local.timetz().replace(tzinfo=zone)).astimezone(UTC)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
