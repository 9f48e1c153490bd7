"""The shipment hop and reference data: working days of terms, and zones of places."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.event import Event, TermsChanged
from streams.domain.instant import Instant, TimeQuality
from streams.domain.order import OrderRow
from streams.domain.reference_data import CalendarChanged, LocationChanged
from streams.domain.terms import Trigger
from streams.topics import HOLDS, MILESTONES, RELEASES
from tests.unit.domain.telling import contract, day, delivered, issued, released, terms
from tests.unit.test_shipment_hop import ORDER_KEY, Partition, said

OFF = CalendarChanged("DE", (6, 7), (date(2026, 6, 4),))
SILENCE = replace(contract(terms(Trigger.ON_POD, pod_auto_confirm_days=2)), calendar="DE")
WEDNESDAY = day(3)
"""2026-06-03; two days later it is Friday, two working days later (Thursday is off) it is Monday."""


def row(partition: Partition) -> OrderRow:
    found = partition.rows.get(ORDER_KEY)
    assert isinstance(found, OrderRow)
    return found


def holds(partition: Partition) -> list[tuple[str, str]]:
    return [(reason.code.value, reason.detail) for reason in row(partition).hold]


def test_silence_is_counted_in_working_days() -> None:
    assert WEDNESDAY.isoweekday() == 3
    partition = Partition()
    partition.tell(OFF, SILENCE, released(), issued(day(2)), delivered(WEDNESDAY))
    assert [when for when, _ in partition.due()] == [WEDNESDAY + timedelta(days=5)]


def test_without_its_calendar_silence_is_not_counted_and_the_hold_says_so() -> None:
    partition = Partition()
    partition.tell(SILENCE, released(), issued(day(2)), delivered(WEDNESDAY))
    assert partition.due() == []
    assert holds(partition) == [("NO_TERMS", "calendar DE of C-1 is unknown; send it on reference.data"), ("POD_MISSING", "")]


def test_orders_that_wait_for_a_calendar_are_judged_when_it_comes() -> None:
    partition = Partition()
    partition.tell(SILENCE, released(), issued(day(2)), delivered(WEDNESDAY))
    emissions = partition.tell(OFF)
    assert [hold["reasons"][0]["code"] for hold in said(emissions, HOLDS)] == ["POD_MISSING"]
    assert [when for when, _ in partition.due()] == [WEDNESDAY + timedelta(days=5)]


def test_a_corrected_calendar_moves_the_day() -> None:
    partition = Partition()
    partition.tell(OFF, SILENCE, released(), issued(day(2)), delivered(WEDNESDAY), replace(OFF, holidays=()))
    assert [when for when, _ in partition.due()] == [WEDNESDAY + timedelta(days=2)]


def test_the_same_calendar_again_changes_nothing() -> None:
    partition = Partition()
    partition.tell(OFF, SILENCE, released(), issued(day(2)), delivered(WEDNESDAY))
    before = partition.rows.snapshot()
    assert partition.tell(OFF, SILENCE) == []
    assert partition.rows.snapshot() == before


def test_terms_that_change_their_calendar_are_not_told_of_the_old_one() -> None:
    partition = Partition()
    partition.tell(OFF, SILENCE, replace(SILENCE, calendar="FR"), released(), issued(day(2)), delivered(WEDNESDAY))
    assert partition.marks(b"c/") == [b"c/FR\0C-1"]
    assert partition.tell(replace(OFF, holidays=())) == []
    partition.tell(replace(SILENCE, calendar=""))
    assert partition.marks(b"c/") == []
    assert [when for when, _ in partition.due()] == [WEDNESDAY + timedelta(days=2)]


@given(order=st.permutations(range(5)))
def test_whatever_comes_first_the_order_waits_for_the_same_day(order: list[int]) -> None:
    messages: list[Any] = [OFF, SILENCE, released(), issued(day(2)), delivered(WEDNESDAY)]
    partition = Partition()
    partition.tell(*[messages[number] for number in order])
    assert [when for when, _ in partition.due()] == [WEDNESDAY + timedelta(days=5)]
    assert holds(partition) == [("POD_MISSING", "")]


# Places

CHICAGO = LocationChanged("CHICAGO/IL", "America/Chicago")


def local(event: Event, place: str = "CHICAGO/IL") -> Event:
    """The event as a source says it that gives local time and place."""
    return replace(event, at=Instant(event.at.utc, event.at.utc.replace(tzinfo=None).isoformat(), None, TimeQuality.UNKNOWN), place=place)


ON_DELIVERY = contract(terms(Trigger.ON_DELIVERY))
MONTH_END = day(30, "20:00")


def delivered_on_month_end(partition: Partition, *before: Any) -> list[Any]:
    return partition.tell(ON_DELIVERY, released(), issued(day(2)), *before, local(delivered(MONTH_END)))


def test_a_local_time_is_read_on_the_clock_of_its_place() -> None:
    emissions = delivered_on_month_end(Partition(), CHICAGO)
    (arrived,) = [each for each in said(emissions, MILESTONES) if each["milestone"] == "DELIVERED"]
    assert arrived["at"] == MONTH_END + timedelta(hours=5)
    assert (arrived["at_offset_minutes"], arrived["at_quality"]) == (-300, "DERIVED_LOCATION")
    assert [release["decision"] for release in said(emissions, RELEASES)] == ["RELEASE"]


def test_without_the_zone_of_its_place_a_month_end_is_held() -> None:
    partition = Partition()
    assert said(delivered_on_month_end(partition), RELEASES) == []
    assert [code for code, _ in holds(partition)] == ["TIME_ZONE"]


def test_a_delivery_said_again_once_its_place_is_known_is_one_delivery_and_releases_once() -> None:
    partition = Partition()
    first = local(delivered(MONTH_END))
    partition.tell(ON_DELIVERY, released(), issued(day(2)), first, CHICAGO)
    emissions = partition.tell(first)
    assert [release["decision"] for release in said(emissions, RELEASES)] == ["RELEASE"]
    assert [fact.at for fact in row(partition).facts if fact.milestone.value == "DELIVERED"] == [MONTH_END + timedelta(hours=5)]
    assert partition.tell(first) == []


def test_a_corrected_zone_moves_what_is_said_again() -> None:
    partition = Partition()
    delivered_on_month_end(partition, replace(CHICAGO, time_zone="America/New_York"))
    partition.tell(CHICAGO, local(delivered(MONTH_END)))
    assert [fact.at for fact in row(partition).facts if fact.milestone.value == "DELIVERED"] == [MONTH_END + timedelta(hours=5)]


def test_in_the_hour_that_clocks_show_twice_the_first_is_taken_and_not_trusted() -> None:
    partition = Partition()
    twice = day(154, "01:30")
    assert twice.date() == date(2026, 11, 1)
    partition.tell(CHICAGO, ON_DELIVERY, released(), local(delivered(twice)))
    (fact,) = [fact for fact in row(partition).facts if fact.milestone.value == "DELIVERED"]
    assert (fact.at, fact.quality) == (twice + timedelta(hours=5), TimeQuality.UNKNOWN)


def test_a_time_that_the_place_skips_stays_as_it_was() -> None:
    partition = Partition()
    skipped = day(-84, "02:30")
    assert skipped.date() == date(2026, 3, 8)
    partition.tell(CHICAGO, local(delivered(skipped)))
    (fact,) = row(partition).facts
    assert (fact.at, fact.quality) == (skipped, TimeQuality.UNKNOWN)


def test_terms_without_a_calendar_are_stored_as_they_came() -> None:
    partition = Partition()
    partition.tell(ON_DELIVERY)
    stored = partition.rows.get(b"t/C-1")
    assert isinstance(stored, TermsChanged)
    assert stored == ON_DELIVERY
