"""Local times of places whose zone is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from streams.domain.dates import first_offset
from streams.domain.event import Event
from streams.domain.instant import Instant, TimeQuality
from streams.domain.reference_data import LocationChanged

__all__ = ["timed"]

_MINUTE: Final = timedelta(minutes=1)


def timed(event: Event, location: LocationChanged) -> Event:
    """An event whose local time was read as UTC, at the moment that it was at its place.

    As it was where the place's zone is unknown, or its clocks skipped that time. In the hour that clocks show twice, the first is taken
    and the quality stays UNKNOWN (docs/sources.md, "Times").
    """
    found = first_offset(event.at.utc, location.time_zone)
    if found is None:
        return event
    offset, sure = found
    quality = TimeQuality.DERIVED_LOCATION if sure else TimeQuality.UNKNOWN
    return replace(event, at=Instant(event.at.utc - offset, event.at.raw, offset // _MINUTE, quality))
