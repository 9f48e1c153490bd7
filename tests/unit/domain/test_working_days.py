"""Days of terms: every day, or the working days of a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.dates import first_offset, working_days_after
from streams.domain.reference_data import CalendarChanged
from streams.domain.terms import Trigger
from tests.unit.domain.telling import terms

GERMAN = CalendarChanged("DE", (6, 7), (date(2026, 12, 25), date(2026, 12, 26)))


def berlin(at: str, days: int, calendar: CalendarChanged = GERMAN) -> str:
    moment = datetime.fromisoformat(at).astimezone(UTC)
    return working_days_after(moment, days, "Europe/Berlin", calendar.counts).isoformat()


@pytest.mark.parametrize(
    ("at", "days", "due"),
    [
        ("2026-06-01T10:00:00+02:00", 0, "2026-06-01T08:00:00+00:00"),
        ("2026-06-01T10:00:00+02:00", 4, "2026-06-05T08:00:00+00:00"),
        ("2026-06-01T10:00:00+02:00", 5, "2026-06-08T08:00:00+00:00"),  # over a weekend
        ("2026-06-06T10:00:00+02:00", 1, "2026-06-08T08:00:00+00:00"),  # delivered on a Saturday
        ("2026-12-23T10:00:00+01:00", 2, "2026-12-28T09:00:00+00:00"),  # over Christmas, which is a weekend too
        ("2026-03-27T10:00:00+01:00", 1, "2026-03-30T08:00:00+00:00"),  # the same time of day, though clocks were put forward
        ("2026-06-05T23:30:00+00:00", 1, "2026-06-07T23:30:00+00:00"),  # it is Saturday already in Berlin, and Monday there when it is over
    ],
)
def test_days_off_are_not_counted(at: str, days: int, due: str) -> None:
    assert berlin(at, days) == due


DAYS = st.integers(0, 400)


@given(hours=st.integers(0, 90_000), days=DAYS, more=DAYS)
def test_working_days_come_one_after_the_other_and_never_sooner_than_days(hours: int, days: int, more: int) -> None:
    at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    first = working_days_after(at, days, "Europe/Berlin", GERMAN.counts)
    assert first >= at + timedelta(days=days) - timedelta(hours=1)  # clocks may be put forward in between
    assert working_days_after(at, days + more, "Europe/Berlin", GERMAN.counts) >= first


def test_terms_count_every_day_unless_they_name_a_calendar() -> None:
    at = datetime(2026, 6, 5, 8, tzinfo=UTC)
    plain = terms(Trigger.ON_POD)
    assert plain.days_after(at, 1) == at + timedelta(days=1)
    assert terms(Trigger.ON_POD, calendar="DE").days_after(at, 1) is None
    assert terms(Trigger.ON_POD, calendar="DE", working_days=GERMAN).days_after(at, 1) == at + timedelta(days=3)


def test_an_offset_is_sure_unless_clocks_show_the_hour_twice_and_none_where_they_skip_it() -> None:
    def offset(text: str) -> tuple[Decimal, bool] | None:
        found = first_offset(datetime.fromisoformat(text), "Europe/Berlin")
        return None if found is None else (Decimal(found[0] // timedelta(hours=1)), found[1])

    assert offset("2026-06-01T12:00") == (2, True)
    assert offset("2026-10-25T02:30") == (2, False)
    assert offset("2026-03-29T02:30") is None
    assert first_offset(datetime(2026, 6, 1, tzinfo=UTC), "Mars/Olympus") is None
