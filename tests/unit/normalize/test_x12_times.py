"""Dates, times and time codes of X12: daylight saving time, hours that come twice or never, and zones nobody named."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.instant import Instant, TimeQuality
from streams.domain.vocabulary import Classifier
from streams.normalize.refusal import Refusal
from streams.normalize.x12_times import instant, zone_named

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def at(date: str, time: str, code: str, zone: ZoneInfo | None = None) -> Instant:
    return instant(date, time, code, zone, Classifier.ACT, NOW, "AT7")


@pytest.mark.parametrize(
    ("code", "summer", "winter"),
    [
        ("UT", 12, 12),
        ("GM", 12, 12),
        ("ET", 16, 17),
        ("CT", 17, 18),
        ("MT", 18, 19),
        ("PT", 19, 20),
        ("TT", 15, 16),
        ("AT", 20, 21),
        ("HT", 22, 22),
        ("ED", 16, 16),
        ("ES", 17, 17),
        ("CD", 17, 17),
        ("CS", 18, 18),
        ("MD", 18, 18),
        ("MS", 19, 19),
        ("PD", 19, 19),
        ("PS", 20, 20),
        ("01", 11, 11),
        ("12", 0, 0),
        ("13", 0, 0),
        ("24", 13, 13),
    ],
)
def test_noon_by_each_clock(code: str, summer: int, winter: int) -> None:
    for date, hour in (("20260701", summer), ("20260115", winter)):
        found = at(date, "1200", code)
        assert (found.utc.hour, found.quality) == (hour, TimeQuality.EXPLICIT)
        assert found.raw == f"{date} 1200 {code}"


def test_the_offset_is_kept() -> None:
    assert at("20260701", "120030", "ET") == Instant(datetime(2026, 7, 1, 16, 0, 30, tzinfo=UTC), "20260701 120030 ET", -240)
    assert at("20260701", "1200", "NT").offset_minutes == -150


def test_decimals_of_seconds_are_dropped() -> None:
    assert at("20260701", "12003099", "UT").utc == datetime(2026, 7, 1, 12, 0, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_the_first_one_and_unsure() -> None:
    assert at("20261101", "0130", "ET") == Instant(datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "20261101 0130 ET", -240, TimeQuality.UNKNOWN)
    assert at("20261101", "0230", "ET").quality is TimeQuality.EXPLICIT
    assert at("20261101", "0130", "ES").utc == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_an_hour_that_never_came_is_refused() -> None:
    with pytest.raises(Refusal, match="does not exist") as caught:
        at("20260308", "0230", "ET")
    assert caught.value.reason is Reason.TIME_INVALID
    assert at("20260308", "0330", "ET").utc == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize("code", ["", "LT"])
def test_a_local_time_needs_the_partners_zone(code: str) -> None:
    assert at("20260701", "1200", code).quality is TimeQuality.UNKNOWN
    agreed = at("20260701", "1200", code, zone_named("America/Chicago"))
    assert (agreed.utc.hour, agreed.offset_minutes, agreed.quality) == (17, -300, TimeQuality.PARTNER_DEFAULT)


@pytest.mark.parametrize(
    ("date", "time", "code"),
    [
        ("", "1200", "UT"),
        ("260701", "1200", "UT"),
        ("20260701", "", "UT"),
        ("20260701", "2400", "UT"),
        ("20260701", "12", "UT"),
        ("20260231", "1200", "UT"),
        ("00000000", "0000", "UT"),
        ("99991231", "2359", "24"),
        ("20260701", "12:0", "UT"),
        ("2026070\u0661", "1200", "UT"),
        ("20260701", "1200", "XX"),
        ("20260701", "1200", "25"),
        ("20261202", "1200", "UT"),
        ("19991231", "1200", "UT"),
    ],
)
def test_what_cannot_be_a_time_is_refused_never_replaced(date: str, time: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        at(date, time, code)
    assert caught.value.reason is Reason.TIME_INVALID
    assert caught.value.message.startswith("AT7: ")
