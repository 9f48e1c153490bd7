"""Times as sources write them, read into UTC with the source's offset and how sure we are of it.

Whose clock a local time is on is known from the offset that comes with it, else from the place where it happened, else from what was
agreed with the partner, else not at all. A time that cannot be read is refused; it is never replaced by the time of arrival
(docs/sources.md, hazard H10).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.instant import Instant, TimeQuality
from streams.domain.vocabulary import Classifier
from streams.normalize.refusal import Refusal, shown

__all__ = [
    "FUTURE_TOLERANCE",
    "HORIZON",
    "WIDEST_OFFSET",
    "Clock",
    "check",
    "in_zone",
    "local_and_gmt",
    "on_clocks",
    "parse",
    "with_offset",
]

FUTURE_TOLERANCE: Final = timedelta(minutes=15)
"""How far an actual event may lie after its record's Kafka timestamp: clocks differ, but nothing has happened tomorrow."""

WIDEST_OFFSET: Final = timedelta(hours=14)
"""How far local clocks may be ahead of UTC or behind it."""

HORIZON: Final = timedelta(days=2 * 365)
"""How far ahead a plan or an estimate may lie; beyond it stands a placeholder such as 9999-12-31."""

_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile(r"\d{8}", re.ASCII)
_TIME: Final = re.compile(r"\d{6}", re.ASCII)
_DOTTED_OFFSET: Final = re.compile(r"([+-])(\d\d)[.:]([0-5]\d)", re.ASCII)
_ZERO: Final = timedelta(0)
_MINUTE: Final = timedelta(minutes=1)


class Clock(NamedTuple):
    """Zones on one of whose clocks a local time may be, and what that makes of its quality."""

    zones: Sequence[ZoneInfo]
    quality: TimeQuality


def parse(text: str, classifier: Classifier, ingested_at: datetime, field: str = "at", clocks: Sequence[Clock] = ()) -> Instant:
    """The instant of an ISO 8601 date and time.

    Without an offset it is local: to the first of `clocks` all of whose zones then agree. Where none does, the quality is UNKNOWN and
    the time is read as UTC. In the hour that clocks show twice, the first is taken and the quality is UNKNOWN, too. Raises `Refusal`
    (TIME_INVALID) where the text is no date and time, is skipped by its clock, lies before 2000, or after `ingested_at` by more than the
    classifier allows (where the clock is unknown, by `WIDEST_OFFSET` more).
    """
    try:
        # A bare date would be read as midnight, which nobody said.
        if len(text) < 13 or text[10] not in "T ":
            raise ValueError
        local = datetime.fromisoformat(text)
        offset = local.utcoffset()
        utc = local.replace(tzinfo=UTC) if offset is None else local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refused(f"{field}: {shown(text)} is not an ISO 8601 date and time such as 2026-06-01T09:15:00+02:00") from None
    if offset is None:
        return on_clocks(local, text, classifier, ingested_at, field, clocks)
    if not -WIDEST_OFFSET <= offset <= WIDEST_OFFSET:
        raise _refused(f"{field}: {shown(text)} has an offset that no place on earth has")
    check(utc, classifier, ingested_at, field, text)
    return Instant(utc, text, offset // _MINUTE)


def on_clocks(local: datetime, text: str, classifier: Classifier, ingested_at: datetime, field: str, clocks: Sequence[Clock]) -> Instant:
    """The instant of a local time, by the first of `clocks` that tells; without one it is read as UTC, with quality UNKNOWN.

    Raises `Refusal` (TIME_INVALID) as `parse` does.
    """
    utc = local.replace(tzinfo=UTC)
    if not 1900 <= local.year <= 9998:  # where adding an offset cannot leave the calendar
        check(utc, classifier, ingested_at, field, text)
    for zones, quality in clocks:
        offsets = {(local.replace(tzinfo=zone).utcoffset(), local.replace(tzinfo=zone, fold=1).utcoffset()) for zone in zones}
        if len(offsets) != 1:
            continue
        [(first, second)] = offsets
        assert first is not None and second is not None
        if first < second:
            raise _refused(f"{field}: {shown(text)} does not exist in {zones[0].key}: clocks were put forward")
        utc = (local - first).replace(tzinfo=UTC)
        check(utc, classifier, ingested_at, field, text)
        if first > second:
            return Instant(utc, text, first // _MINUTE, TimeQuality.UNKNOWN)
        return Instant(utc, text, first // _MINUTE, quality)
    check(utc, classifier, ingested_at + WIDEST_OFFSET, field, text)
    return Instant(utc, text, None, TimeQuality.UNKNOWN)


def local_and_gmt(
    local_date: str | None,
    local_time: str | None,
    gmt_date: str | None,
    gmt_time: str | None,
    gmt_offset: str | None,
    classifier: Classifier,
    ingested_at: datetime,
) -> Instant:
    """The instant of UPS's pairs of local and GMT date (`YYYYMMDD`) and time (`HHMMSS`), and offset (`-04.00`); any may be blank.

    The offset is that between both clocks. With the local pair alone the quality is UNKNOWN. Raises `Refusal` (TIME_INVALID) where no pair
    is complete, or where they contradict each other.
    """
    raw = " ".join(part for part in (local_date, local_time, gmt_offset) if part)
    local = _digits(local_date, local_time, "localActivity")
    gmt = _digits(gmt_date, gmt_time, "gmtActivity")
    stated = _offset(gmt_offset)
    if gmt is None and local is not None and stated is not None:
        gmt = local - stated
    if gmt is None:
        if local is None:
            raise _refused("localActivityDate, localActivityTime: no complete date and time, nor in gmtActivityDate, gmtActivityTime")
        utc = local.replace(tzinfo=UTC)
        check(utc, classifier, ingested_at + WIDEST_OFFSET, "localActivityDate", raw)
        return Instant(utc, raw, None, TimeQuality.UNKNOWN)
    offset = local - gmt if local is not None else stated or _ZERO
    if stated is not None and offset != stated:
        raise _refused(f"gmtOffset: {shown(gmt_offset)} contradicts the local and GMT times, which are {offset} apart")
    if not -WIDEST_OFFSET <= offset <= WIDEST_OFFSET:
        raise _refused(f"gmtActivityDate: local and GMT times are {offset} apart, more than any zone")
    utc = gmt.replace(tzinfo=UTC)
    check(utc, classifier, ingested_at, "gmtActivityDate", raw)
    return Instant(utc, raw or f"{gmt_date} {gmt_time} GMT", offset // _MINUTE)


def with_offset(at: Instant, offset: str | None) -> Instant:
    """The same moment with the offset of its place (`+02:00`), where the source states that apart. Raises `Refusal` (TIME_INVALID)."""
    if not offset:
        return at
    stated = _offset(offset, "offset")
    assert stated is not None
    if not -WIDEST_OFFSET <= stated <= WIDEST_OFFSET:
        raise _refused(f"offset: {shown(offset)} is an offset that no place on earth has")
    return Instant(at.utc, at.raw, stated // _MINUTE, at.quality)


def in_zone(text: str, zone: str, classifier: Classifier, ingested_at: datetime, field: str) -> Instant:
    """The instant of `YYYYMMDDHHMMSS` on the clocks of an IANA zone (`Europe/Berlin`, `CET`, `UTC`).

    In the hour that clocks show twice, the first is taken and the quality is UNKNOWN. Raises `Refusal` (TIME_INVALID): no such time or
    zone, a time that clocks skip, or one that `parse` would refuse.
    """
    local = _digits(text[:8], text[8:], field)
    if local is None:
        raise _refused(f"{field}: {shown(text)} is not YYYYMMDDHHMMSS")
    try:
        known = _zone(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _refused(f"{field}: {shown(zone)} is no time zone that we know") from None
    first, second = local.replace(tzinfo=known), local.replace(tzinfo=known, fold=1)
    utc = first.astimezone(UTC)
    if utc.astimezone(known).replace(tzinfo=None) != local:
        raise _refused(f"{field}: {shown(text)} does not exist in {zone}: clocks were put forward")
    check(utc, classifier, ingested_at, field, text)
    offset = first.utcoffset()
    assert offset is not None
    quality = TimeQuality.EXPLICIT if offset == second.utcoffset() else TimeQuality.UNKNOWN
    return Instant(utc, f"{text} {zone}", offset // _MINUTE, quality)


@lru_cache(maxsize=1_000)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def check(utc: datetime, classifier: Classifier, ingested_at: datetime, field: str, text: str) -> None:
    """Raises `Refusal` (TIME_INVALID) for a time before 2000, or after `ingested_at` by more than the classifier allows."""
    if utc < _EARLIEST:
        raise _refused(f"{field}: {shown(text)} lies before 2000")
    if classifier is Classifier.ACT:
        if utc > ingested_at + FUTURE_TOLERANCE:
            arrived = ingested_at.isoformat(timespec="seconds")
            raise _refused(f"{field}: {shown(text)} is said to have happened, but lies after the record's own time {arrived}")
    elif utc > ingested_at + HORIZON:
        raise _refused(f"{field}: {shown(text)} lies more than two years ahead: a placeholder?")


def _digits(date: str | None, time: str | None, field: str) -> datetime | None:
    if not date or not time:
        return None
    try:
        if not _DATE.fullmatch(date) or not _TIME.fullmatch(time):
            raise ValueError
        year = int(date[:4])
        if not 1900 <= year <= 9998:  # where adding an offset cannot leave the calendar
            raise ValueError
        return datetime(year, int(date[4:6]), int(date[6:]), int(time[:2]), int(time[2:4]), int(time[4:]))  # noqa: DTZ001 (a local clock)
    except ValueError:
        raise _refused(f"{field}Date, {field}Time: {shown(date)}, {shown(time)} are not YYYYMMDD and HHMMSS") from None


def _offset(text: str | None, field: str = "gmtOffset") -> timedelta | None:
    if not text:
        return None
    match = _DOTTED_OFFSET.fullmatch(text)
    if match is None:
        raise _refused(f"{field}: {shown(text)} is not an offset such as -04.00")
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset


def _refused(message: str) -> Refusal:
    return Refusal(Stage.VALIDATE, Reason.TIME_INVALID, message)
