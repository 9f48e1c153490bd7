"""Tasks out: what an order asks of warehouse and transport, version by version."""

from __future__ import annotations

from decimal import Decimal

from streams.domain.event import Event, OrderDetails, OrderLine, Tick
from streams.domain.vocabulary import Milestone
from streams.domain.watch.patience import PATIENCE
from streams.domain.watch.tasks import Task
from tests.unit.domain.telling import (
    ORDER_ID,
    START,
    TERMS_ID,
    ToldOrder,
    cancelled,
    changed,
    day,
    delivered,
    happened,
    issued,
    picked,
    planned,
    released,
    terms,
)


def order() -> ToldOrder:
    return ToldOrder(terms(), patience=PATIENCE)


def said(tasks: list[Task]) -> list[tuple[str, str, int, dict[str, int]]]:
    return [(t.target.value, t.action.value, t.version, {line.line: int(line.quantity) for line in t.lines}) for t in tasks]


def answered(task: Task, milestone: Milestone, when: int = 1) -> Event:
    return happened(milestone, day(when, "10:00"), case_id=f"{task.task_id}/{task.version}", topic="wms.raw")


def test_a_release_becomes_a_task_for_warehouse_and_transport() -> None:
    told = order().hears(released({"10": 3, "20": 4}))
    assert said(told.tasks) == [
        ("WAREHOUSE", "CREATE", 1, {"10": 3, "20": 4}),
        ("TRANSPORT", "CREATE", 1, {"10": 3, "20": 4}),
    ]
    assert [line.sku for line in told.tasks[0].lines] == ["SKU-10", "SKU-20"]
    assert told.tasks[0].answer_by == START + PATIENCE.answer
    assert len({task.task_id for task in told.tasks}) == 2


def test_each_ship_from_gets_its_own() -> None:
    lines = tuple(
        OrderLine(line, f"SKU-{line}", Decimal(1), "EA", Decimal(1), ship_from=place)
        for line, place in (("10", "HAM"), ("20", "MUC"), ("30", "HAM"))
    )
    told = order().hears(
        happened(Milestone.ORDER_RELEASED, START, order=OrderDetails(1, "C", "EUR", TERMS_ID, lines, day(9)), topic="erp.raw")
    )
    assert [(t.target.value, t.ship_from, [line.line for line in t.lines]) for t in told.tasks] == [
        ("WAREHOUSE", "HAM", ["10", "30"]),
        ("TRANSPORT", "HAM", ["10", "30"]),
        ("WAREHOUSE", "MUC", ["20"]),
        ("TRANSPORT", "MUC", ["20"]),
    ]
    assert {task.promised_at for task in told.tasks} == {day(9)}


def test_a_change_amends_with_all_lines_and_the_same_order_again_says_nothing() -> None:
    told = order().hears(released({"10": 3}), changed({"10": 3}, day(1)))
    assert len(told.tasks) == 2
    told.hears(changed({"10": 2, "20": 1}, day(1, "15:00"), revision=3))
    assert said(told.tasks)[2:] == [("WAREHOUSE", "AMEND", 2, {"10": 2, "20": 1}), ("TRANSPORT", "AMEND", 2, {"10": 2, "20": 1})]
    assert [task.task_id for task in told.tasks[:2]] == [task.task_id for task in told.tasks[2:]]


def test_cancelled_before_the_pick() -> None:
    told = order().hears(released(), cancelled(day(1)))
    assert said(told.tasks)[2:] == [("WAREHOUSE", "CANCEL", 2, {"10": 10}), ("TRANSPORT", "CANCEL", 2, {"10": 10})]


def test_cancelled_after_the_pick_goes_back_to_stock() -> None:
    told = order().hears(released(), picked(day(1)), cancelled(day(2)))
    assert said(told.tasks)[2:] == [("WAREHOUSE", "RETURN_TO_STOCK", 2, {"10": 10}), ("TRANSPORT", "CANCEL", 2, {"10": 10})]


def test_a_pick_that_becomes_known_after_the_cancellation_goes_back_to_stock_too() -> None:
    told = order().hears(released(), cancelled(day(2)), picked(day(1)))
    assert said(told.tasks)[-1] == ("WAREHOUSE", "RETURN_TO_STOCK", 3, {"10": 10})


def test_cancelled_on_the_road_is_intercepted() -> None:
    told = order().hears(released(), issued(day(2)), cancelled(day(3)))
    assert said(told.tasks)[2:] == [("TRANSPORT", "INTERCEPT", 2, {"10": 10})]


def test_cancelled_when_part_of_it_left() -> None:
    told = order().hears(released(), issued(day(2), {"10": 4}), cancelled(day(3)))
    assert said(told.tasks)[2:] == [("WAREHOUSE", "CANCEL", 2, {"10": 6}), ("TRANSPORT", "INTERCEPT", 2, {"10": 4})]


def test_reduced_below_what_left_intercepts_the_difference() -> None:
    told = order().hears(released(), issued(day(2)), changed({"10": 7}, day(3)))
    assert ("TRANSPORT", "INTERCEPT", 2, {"10": 3}) in said(told.tasks)


def test_cancelled_after_the_delivery_asks_nobody() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), cancelled(day(4)))
    assert len(told.tasks) == 2


def test_a_cancelled_order_that_is_revived_is_asked_for_again() -> None:
    told = order().hears(released(), cancelled(day(1), revision=2), changed({"10": 5}, day(2), revision=3))
    assert said(told.tasks)[-2:] == [("WAREHOUSE", "CREATE", 3, {"10": 5}), ("TRANSPORT", "CREATE", 3, {"10": 5})]


def test_an_order_that_becomes_known_when_its_goods_are_under_way_asks_nobody() -> None:
    assert order().hears(issued(day(2)), released()).tasks == []


# -- answers


def deadline() -> Tick:
    return Tick(START + PATIENCE.answer, f"o/{ORDER_ID}")


def test_a_task_that_nobody_acknowledges_is_an_exception() -> None:
    told = order().hears(released(), deadline())
    assert told.open_exceptions == ["TASK_UNANSWERED/TRANSPORT/ v1", "TASK_UNANSWERED/WAREHOUSE/ v1"]
    told.hears(answered(told.tasks[0], Milestone.TASK_ACCEPTED))
    assert told.open_exceptions == ["TASK_UNANSWERED/TRANSPORT/ v1"]


def test_an_acknowledgement_in_time_is_the_end_of_it() -> None:
    told = order().hears(released())
    told.hears(*(answered(task, Milestone.TASK_ACCEPTED) for task in told.tasks), deadline())
    assert told.exceptions == []


def test_work_shows_that_a_task_was_understood() -> None:
    assert order().hears(released(), picked(day(1)), planned(day(1)), deadline()).exceptions == []


def test_a_rejected_task_is_an_exception_until_its_next_version() -> None:
    told = order().hears(released())
    told.hears(answered(told.tasks[0], Milestone.TASK_REJECTED))
    assert told.open_exceptions == ["TASK_REJECTED/WAREHOUSE/ v1"]
    assert told.hears(changed({"10": 5}, day(2))).open_exceptions == []


def test_an_answer_to_an_older_version_answers_nothing() -> None:
    told = order().hears(released())
    first = told.tasks[0]
    told.hears(changed({"10": 5}, day(1, "01:00")), answered(first, Milestone.TASK_REJECTED))
    assert told.open_exceptions == []


def test_a_cancellation_must_be_answered_though_work_went_on() -> None:
    told = order().hears(released(), picked(day(1)), cancelled(day(2)))
    told.hears(Tick(day(2) + PATIENCE.answer, f"o/{ORDER_ID}"))
    assert told.open_exceptions == ["TASK_UNANSWERED/TRANSPORT/ v2", "TASK_UNANSWERED/WAREHOUSE/ v2"]
