"""Accounting dates: the day of a moment in a contract's time zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["accounting_date", "is_zone", "near_month_end"]

_DOUBT: Final = timedelta(hours=14)
"""The widest offset from UTC that is in use: so far off may a time be whose zone nobody said."""


def accounting_date(at: datetime, time_zone: str) -> date:
    """The day of a moment in a zone (IANA name); UTC's where there is no such zone (the gate releases nothing by one)."""
    zone = _zone(time_zone)
    return at.astimezone(zone).date() if zone is not None else at.date()


def is_zone(time_zone: str) -> bool:
    """Whether this is the name of a known IANA zone."""
    return _zone(time_zone) is not None


def near_month_end(at: datetime, time_zone: str) -> bool:
    """Whether a moment whose offset is unknown may belong to either of two accounting months."""
    earliest, latest = accounting_date(at - _DOUBT, time_zone), accounting_date(at + _DOUBT, time_zone)
    return earliest.month != latest.month


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
