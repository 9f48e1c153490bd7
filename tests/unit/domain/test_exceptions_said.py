"""Exceptions: overdue by the clock, late by plan or estimate, odd in quantity; raised once, escalated, healed by what was missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from streams.contracts.rows import ORDER_ROWS
from streams.domain.event import Event, OrderDetails, OrderLine, Tick
from streams.domain.memory import Owner, Severity
from streams.domain.order import OrderRow
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass
from streams.domain.watch.patience import PATIENCE
from tests.unit.domain.telling import (
    NEVER,
    ORDER_ID,
    START,
    TERMS_ID,
    ToldOrder,
    cancelled,
    changed,
    day,
    delivered,
    exception,
    exception_over,
    happened,
    in_transit,
    issued,
    picked,
    planned,
    posted,
    proven,
    released,
    terms,
)


def order(trigger: Trigger = Trigger.ON_DELIVERY, **more: object) -> ToldOrder:
    return ToldOrder(terms(trigger, **more), patience=replace(PATIENCE, answer=NEVER))


def at(when: datetime) -> Tick:
    return Tick(when, f"o/{ORDER_ID}")


def said(told: ToldOrder) -> list[tuple[str, str]]:
    return [(turn.concern.code, turn.kind.value) for turn in told.exceptions]


def promised(when: datetime, quantity: int = 10) -> Event:
    line = OrderLine("10", "SKU-10", Decimal(quantity), "EA", Decimal(10))
    return happened(Milestone.ORDER_RELEASED, START, order=OrderDetails(1, "CUSTOMER", "EUR", TERMS_ID, (line,), when), topic="erp.raw")


def eta(when: datetime, told_at: datetime) -> Event:
    return happened(Milestone.ETA_UPDATED, when, shipment="S1", classifier=Classifier.EST, ingested_at=told_at)


# -- by the clock


def test_a_row_asks_to_be_woken_at_the_next_deadline_and_no_other() -> None:
    told = order()
    assert told.hears(released()).wake_at == START + PATIENCE.pick
    assert told.hears(picked(day(1))).wake_at == START + PATIENCE.dispatch
    assert told.hears(issued(day(2))).wake_at == day(2) + PATIENCE.delivery
    assert told.hears(delivered(day(3))).wake_at == day(3) + PATIENCE.posting
    assert told.hears(posted(day(3, "18:00"))).wake_at == day(3, "18:00") + PATIENCE.archive
    assert told.exceptions == []


def test_no_pick_then_no_dispatch_and_both_heal_when_goods_leave() -> None:
    told = order().hears(released(), at(START + PATIENCE.pick))
    assert told.open_exceptions == ["PICK_OVERDUE/"]
    told.hears(at(START + PATIENCE.dispatch))
    assert told.open_exceptions == ["DISPATCH_OVERDUE/", "PICK_OVERDUE/"]
    told.hears(issued(day(6)))
    assert said(told)[2:] == [("DISPATCH_OVERDUE", "HEALED"), ("PICK_OVERDUE", "HEALED")]
    assert {turn.concern.owner for turn in told.exceptions} == {Owner.WMS}


def test_a_cancelled_order_is_missed_no_more() -> None:
    told = order().hears(released(), at(START + PATIENCE.pick), cancelled(day(4)))
    assert said(told) == [("PICK_OVERDUE", "RAISED"), ("PICK_OVERDUE", "CLOSED")]


def test_no_delivery_where_nobody_promised_one() -> None:
    told = order().hears(released(), issued(day(2)), at(day(2) + PATIENCE.delivery))
    assert told.open_exceptions == ["DELIVERY_OVERDUE/S1"]
    told.hears(delivered(day(20)))
    assert said(told) == [("DELIVERY_OVERDUE", "RAISED"), ("DELIVERY_OVERDUE", "HEALED")]


def test_no_delivery_by_the_promised_time() -> None:
    told = order().hears(promised(day(5)), issued(day(2)))
    assert told.wake_at == day(5)
    assert told.hears(at(day(5))).open_exceptions == ["DELIVERY_OVERDUE/S1"]


def test_each_shipment_is_overdue_by_itself() -> None:
    told = order().hears(released(), issued(day(2), {"10": 5}, "S1"), issued(day(4), {"10": 5}, "S2"), delivered(day(5), "S2"))
    assert told.hears(at(day(2) + PATIENCE.delivery)).open_exceptions == ["DELIVERY_OVERDUE/S1", "POSTING_OVERDUE/1"]


def test_no_proof_where_the_terms_invoice_on_it() -> None:
    told = order(Trigger.ON_POD).hears(released(), issued(day(2)), delivered(day(3)), at(day(3) + PATIENCE.proof))
    assert told.open_exceptions == ["PROOF_OVERDUE/S1"]
    assert said(told.hears(proven(day(12)))) == [("PROOF_OVERDUE", "RAISED"), ("PROOF_OVERDUE", "HEALED")]


@pytest.mark.parametrize(("trigger", "days"), [(Trigger.ON_DELIVERY, None), (Trigger.ON_POD, 30)])
def test_a_proof_that_nobody_waits_for_is_not_overdue(trigger: Trigger, days: int | None) -> None:
    told = order(trigger, pod_auto_confirm_days=days).hears(released(), issued(day(2)), delivered(day(3)), posted(day(3, "13:00")))
    told.hears(at(day(3) + PATIENCE.proof))
    assert "PROOF_OVERDUE/S1" not in told.open_exceptions


def test_no_posting() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), at(day(4)))
    assert told.open_exceptions == ["POSTING_OVERDUE/1"]
    assert told.exceptions[0].concern.owner is Owner.ERP
    assert said(told.hears(posted(day(5))))[-1] == ("POSTING_OVERDUE", "HEALED")


def test_after_a_long_stop_one_tick_says_all_that_is_overdue_and_late_news_heals_it() -> None:
    told = ToldOrder(terms(), patience=PATIENCE).hears(released(), at(day(60)))
    assert told.open_exceptions == ["DISPATCH_OVERDUE/", "PICK_OVERDUE/", "TASK_UNANSWERED/TRANSPORT/ v1", "TASK_UNANSWERED/WAREHOUSE/ v1"]
    told.hears(issued(day(2)), delivered(day(3)), posted(day(3, "15:00")))
    assert told.open_exceptions == []


def test_a_tick_told_twice_or_too_early_says_nothing() -> None:
    told = order().hears(released(), at(START + PATIENCE.pick), at(START + PATIENCE.pick), at(START))
    assert said(told) == [("PICK_OVERDUE", "RAISED")]


def test_a_row_that_was_stored_between_any_two_messages_says_the_same() -> None:
    story = [promised(day(5)), at(START + PATIENCE.pick), issued(day(4)), eta(day(9), day(4)), at(day(5)), delivered(day(8)), at(day(30))]
    kept, stored = order().hears(*story), order()
    for message in story:
        stored.hears(message)
        row = ORDER_ROWS.decode(ORDER_ROWS.encode(stored.row))
        assert isinstance(row, OrderRow)
        stored.row = row
    assert kept.exceptions == stored.exceptions
    assert kept.findings == stored.findings
    assert kept.tasks == stored.tasks


# -- late by plan or estimate


def test_an_estimate_after_the_promise_is_a_delay_before_it_is_overdue() -> None:
    told = order().hears(promised(day(5)), issued(day(2)), eta(day(7, "13:00"), day(3)))
    assert told.open_exceptions == ["DELAY_EXPECTED/S1"]
    assert told.exceptions[0].concern.severity is Severity.MEDIUM
    assert told.exceptions[0].concern.detail == "expected 2 days after 2026-06-05T12:00:00+00:00"


def test_an_estimate_that_moves_by_minutes_is_not_said_again_and_by_days_it_is() -> None:
    told = order().hears(promised(day(5)), issued(day(2)), eta(day(7, "13:00"), day(3)), eta(day(7, "13:30"), day(3, "14:00")))
    assert said(told) == [("DELAY_EXPECTED", "RAISED")]
    told.hears(eta(day(9), day(4)), eta(day(5, "11:00"), day(4, "14:00")))
    assert said(told) == [("DELAY_EXPECTED", "RAISED"), ("DELAY_EXPECTED", "ESCALATED"), ("DELAY_EXPECTED", "HEALED")]


def test_without_a_promise_of_the_order_the_carriers_plan_counts() -> None:
    plan = happened(Milestone.DELIVERED, day(5), shipment="S1", classifier=Classifier.PLN, ingested_at=day(1))
    told = order().hears(released(), plan, issued(day(2)), eta(day(6, "18:00"), day(3)))
    assert told.open_exceptions == ["DELAY_EXPECTED/S1"]


def test_a_plan_after_the_promise_is_a_delay_from_the_start() -> None:
    plan = happened(Milestone.DELIVERED, day(8), shipment="S1", classifier=Classifier.PLN, ingested_at=day(1))
    told = order().hears(promised(day(5)), planned(day(1)), plan)
    assert told.open_exceptions == ["DELAY_PLANNED/S1"]
    assert told.exceptions[0].concern.owner is Owner.TMS


def test_a_delivery_ends_a_delay() -> None:
    told = order().hears(promised(day(5)), issued(day(2)), eta(day(7), day(3)), delivered(day(6)))
    assert said(told)[-1] == ("DELAY_EXPECTED", "HEALED")


# -- what sources report


def test_what_a_source_raised_is_said_and_healed_when_it_is_resolved() -> None:
    told = order().hears(released(), issued(day(2)), exception(day(2), "X1", Effect.DELAY, ReasonClass.WEATHER))
    (turn,) = told.exceptions
    assert (turn.concern.subject, turn.concern.detail, turn.concern.severity) == ("X1", "WEATHER", Severity.MEDIUM)
    assert turn.concern.owner is Owner.CARRIER
    assert said(told.hears(exception_over(day(3)))) == [("EXCEPTION_REPORTED", "RAISED"), ("EXCEPTION_REPORTED", "HEALED")]


def test_what_stays_open_is_escalated_once() -> None:
    told = order().hears(released(), issued(day(2)), exception(day(2), "X1", Effect.DELAY, ReasonClass.WEATHER))
    told.hears(at(day(2) + PATIENCE.escalation), at(day(9)))
    assert said(told) == [("EXCEPTION_REPORTED", "RAISED"), ("EXCEPTION_REPORTED", "ESCALATED")]
    assert told.exceptions[-1].concern.severity is Severity.HIGH


# -- quantities


def test_more_delivered_than_ordered() -> None:
    told = order().hears(released(), issued(day(2), {"10": 12}), delivered(day(3)))
    assert told.open_exceptions == ["OVER_DELIVERY/10"]
    assert told.exceptions[0].concern.detail == "12 of 10"


def test_a_proof_that_states_less_than_was_delivered() -> None:
    told = order(Trigger.ON_POD).hears(released(), issued(day(2)), delivered(day(3)), proven(day(4), lines={"10": 8}))
    assert told.open_exceptions == ["SHORTAGE/S1"]
    assert told.exceptions[0].concern.detail == "line 10: 2"


def test_goods_of_a_cancelled_line_that_left_all_the_same() -> None:
    told = order().hears(released({"10": 1, "20": 1}), changed({"10": 1, "20": 0}, day(2)), issued(day(3), {"10": 1, "20": 1}))
    assert told.open_exceptions == ["CANCELLED_SHIPPED/20"]


def test_goods_of_a_cancelled_order_that_left_all_the_same() -> None:
    assert order().hears(released(), cancelled(day(2)), issued(day(3))).open_exceptions == ["CANCELLED_SHIPPED/"]
    assert order().hears(released(), issued(day(2)), cancelled(day(3))).open_exceptions == []


def test_a_scan_on_the_way_is_not_looked_at() -> None:
    told = order().hears(released(), issued(day(2)), in_transit(day(3)))
    assert told.outcome.watched is None


def test_arrival_order_does_not_matter() -> None:
    story = [promised(day(5)), issued(day(2), {"10": 12}), eta(day(9), day(3)), exception(day(3))]
    one, other = order().hears(*story, at(day(6))), order().hears(*reversed(story), at(day(6)))
    assert len(one.open_exceptions) == 4
    assert one.open_exceptions == other.open_exceptions
