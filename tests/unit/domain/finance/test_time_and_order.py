"""Finance cases 55 to 63: arrival order, time, identity."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from streams.contracts.rows import ORDER_ROWS
from streams.domain.instant import TimeQuality
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Milestone
from streams.normalize.times import in_zone
from tests.unit.domain.finance.words import Installation, shipped
from tests.unit.domain.telling import START, day, delivered, in_transit, proven, terms

ON_DELIVERY = terms(Trigger.ON_DELIVERY)


def test_an_older_scan_that_comes_late_is_kept_and_changes_nothing() -> None:
    """Case 55: given a delivery at noon, when a scan of 11:00 arrives, then it is kept, and status and release stay."""
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), in_transit(day(3, "11:00")))
    assert (order.kinds, order.state, len(order.milestones)) == (["RELEASE"], "DELIVERED", 4)


def test_one_event_by_two_channels_is_one_milestone_with_both_sources() -> None:
    """Case 56: given a delivery by webhook, when the same comes by 214, then it is one milestone, and both sources are kept."""
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), delivered(day(3), subject="pro:X:1", topic="edi.raw"))
    assert order.row is not None
    fact = next(fact for fact in order.row.facts if fact.milestone is Milestone.DELIVERED)
    assert (order.kinds, len(order.milestones), len(fact.sources), len(fact.ids)) == (["RELEASE"], 3, 2, 2)


def test_an_event_that_is_replayed_after_its_release_releases_nothing() -> None:
    """Case 57: given a release, when its event is replayed, then there is no second one; the decision has the same id for ever."""
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), delivered(day(3)))
    assert order.release.release_id == shipped(ON_DELIVERY).hears(delivered(day(3))).release.release_id


def test_a_hundred_duplicates_release_once_though_the_row_moves_on_the_way() -> None:
    """Case 58: given a hundred duplicates, when the order's row is stored and read by another worker mid-way, then one is released."""
    order = shipped(ON_DELIVERY).hears(*[delivered(day(3))] * 50)
    order.row = ORDER_ROWS.decode(ORDER_ROWS.encode(order.row))  # type: ignore[assignment]
    assert order.hears(*[delivered(day(3))] * 50).kinds == ["RELEASE"]


def test_the_month_ends_in_the_contracts_zone() -> None:
    """Case 59: given 23:30 on the 31st local and the next day in UTC, when released, then the contract's date; with no zone known, held."""
    at = START + timedelta(days=30, hours=3, minutes=30)
    york = terms(Trigger.ON_DELIVERY, time_zone="America/New_York")
    assert shipped(york).hears(delivered(at)).release.accounting_date == date(2026, 6, 30)
    held = shipped(york).hears(delivered(at, quality=TimeQuality.UNKNOWN))
    assert (held.decisions, held.holds) == ([], ["TIME_ZONE"])


def test_an_hour_that_clocks_show_twice_is_the_first_and_marked() -> None:
    """Case 60: given 01:30 on the night in which clocks go back, when it is read, then the first is taken, each time, and marked."""
    read = [in_zone("20261101013000", "America/New_York", Classifier.ACT, day(300), "at") for _ in range(3)]
    assert {(instant.utc, instant.quality) for instant in read} == {(datetime(2026, 11, 1, 5, 30, tzinfo=UTC), TimeQuality.UNKNOWN)}


def test_a_time_in_the_future_is_refused() -> None:
    """Case 61: given an event time in the future, when it is read, then it is refused with TIME_INVALID, and nothing is released."""
    shop = Installation().order().issue(day(2), shipment="S1").plan(day(2)).scan("DELIVERED", day(9), heard=day(3))
    assert (shop.decisions(), shop.refusals) == ([], ["TIME_INVALID"])


def test_a_scan_before_its_order_is_known_waits_for_it() -> None:
    """Case 62: given a scan of an unknown shipment, when the order comes two hours later, then it is released once; if never, reported."""
    shop = Installation().scan("DELIVERED", day(3)).order(at=day(3, "14:00")).issue(day(3, "11:00"), shipment="S1").plan(day(3, "14:00"))
    assert (shop.decisions(), shop.refusals) == (["RELEASE"], [])
    assert Installation().scan("DELIVERED", day(3)).waits(day(90)).refusals == ["REF_UNRESOLVED"]


def test_lines_that_could_be_anyones_move_nobody() -> None:
    """Case 63: given a reference that means two orders, when a scan states lines without naming one, then REF_CONFLICT, neither moves."""
    shop = Installation().order("1").order("2").issue(day(2), "1", shipment="S1").issue(day(2), "2", shipment="S1").plan(day(2), "1", "2")
    shop.scan("PARTIAL", day(3), lines=[{"line": "10", "quantity": 5}])
    assert (shop.decisions("1"), shop.decisions("2"), shop.refusals) == ([], [], ["REF_CONFLICT"])


@pytest.mark.parametrize("trigger", list(Trigger))
def test_decisions_have_the_same_ids_in_every_run(trigger: Trigger) -> None:
    told = [
        shipped(terms(trigger, milestones=(Milestone.DELIVERED,), acceptance_days=0)).hears(delivered(day(3)), proven(day(4)))
        for _ in range(2)
    ]
    assert told[0].decisions == told[1].decisions
