"""What stops an invoice though its trigger came: exceptions, disputes, refused records, currencies."""

from __future__ import annotations

import pytest

from streams.domain.event import DeadLetterMark, Exceptional, Tick
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Effect, Milestone, ReasonClass
from tests.unit.domain.telling import (
    ORDER_ID,
    ToldOrder,
    changed,
    day,
    delivered,
    delivered_damaged,
    dispute_over,
    disputed,
    exception,
    exception_over,
    happened,
    issued,
    pieces,
    posted,
    proven,
    released,
    terms,
)

ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)


def order_under(*versions: object, lines: dict[str, object] | None = None) -> ToldOrder:
    lines = lines or {"10": 10}
    return ToldOrder(*versions).hears(released(lines), issued(day(2), lines))  # type: ignore[arg-type]


# -- exceptions


def test_case_26_a_damaged_delivery_is_held_until_the_damage_is_settled() -> None:
    order = order_under(ON_DELIVERY).hears(delivered_damaged(day(3)))
    assert order.decisions == []
    assert [(reason.code.value, reason.detail) for reason in order.row.hold] == [("EXCEPTION", "DAMAGE")]  # type: ignore[union-attr]
    assert order.state == "DELIVERED"
    order.hears(exception_over(day(4), "D1"))
    assert order.net == pieces(_10=10)
    assert order.holds == []


def test_a_damage_without_a_case_is_settled_for_its_shipment() -> None:
    order = order_under(ON_DELIVERY).hears(happened(Milestone.DELIVERED_WITH_EXCEPTION, day(3), shipment="S1"))
    assert order.holds == ["EXCEPTION"]
    order.hears(exception_over(day(4), "", shipment="S2"))
    assert order.holds == ["EXCEPTION"]
    order.hears(exception_over(day(4), "", shipment="S1"))
    assert order.kinds == ["RELEASE"]


def test_case_28_an_exception_that_was_over_before_the_delivery_holds_nothing() -> None:
    order = order_under(ON_DELIVERY).hears(exception(day(2), reason=ReasonClass.WEATHER))
    assert order.holds == ["EXCEPTION", "NOT_DELIVERED"]
    order.hears(exception_over(day(2, "18:00")), delivered(day(3)))
    assert order.kinds == ["RELEASE"]
    assert [reached.event.milestone for reached in order.milestones].count(Milestone.EXCEPTION_RAISED) == 1


@pytest.mark.parametrize("effect", [Effect.INFO, Effect.DELAY, Effect.DELIVERY_BLOCK])
def test_case_29_only_an_exception_that_blocks_billing_holds(effect: Effect) -> None:
    order = order_under(ON_DELIVERY).hears(exception(day(2), effect=effect), delivered(day(3)))
    assert order.kinds == ["RELEASE"]
    assert order.row.status.open_exceptions == ("X1",)  # type: ignore[union-attr]


def test_an_exception_whose_effect_nobody_gave_holds() -> None:
    order = order_under(ON_DELIVERY).hears(happened(Milestone.EXCEPTION_RAISED, day(2), case_id="X1"), delivered(day(3)))
    assert order.holds == ["EXCEPTION"]


@pytest.mark.parametrize("effect", list(Effect))
def test_a_delivery_with_an_exception_holds_whatever_effect_its_source_gives_it(effect: Effect) -> None:
    silence = terms(Trigger.ON_POD, pod_auto_confirm_days=1)
    scan = happened(
        Milestone.DELIVERED_WITH_EXCEPTION, day(3), shipment="S1", case_id="D1", exceptional=Exceptional(ReasonClass.SHORTAGE, effect)
    )
    assert order_under(ON_DELIVERY).hears(scan).holds == ["EXCEPTION"]
    assert order_under(silence).hears(scan, Tick(day(9), "o")).decisions == []


def test_an_exception_raised_again_holds_again() -> None:
    order = order_under(ON_DELIVERY).hears(exception(day(2)), exception_over(day(3)), exception(day(4)), delivered(day(5)))
    assert order.holds == ["EXCEPTION"]


def test_the_latest_end_of_an_exception_counts_whatever_arrives_last() -> None:
    order = order_under(ON_DELIVERY).hears(exception(day(4)), exception_over(day(5)), exception_over(day(3)), delivered(day(6)))
    assert order.kinds == ["RELEASE"]


def test_an_exception_raised_and_over_at_one_moment_is_over() -> None:
    order = order_under(ON_DELIVERY).hears(exception(day(2)), exception_over(day(2)), delivered(day(3)))
    assert order.kinds == ["RELEASE"]


def test_an_exception_about_one_line_holds_that_line() -> None:
    order = order_under(ON_DELIVERY, lines={"10": 10, "20": 5}).hears(exception(day(2), lines={"20": 1}), delivered(day(3)))
    assert order.net == pieces(_10=10)
    assert order.holds == ["EXCEPTION"]


def test_an_exception_after_the_release_takes_nothing_back() -> None:
    order = order_under(ON_DELIVERY).hears(delivered(day(3)), exception(day(4)))
    assert order.kinds == ["RELEASE"]
    assert order.holds == ["EXCEPTION"]


# -- disputes


def test_case_42_a_dispute_holds_until_it_is_resolved() -> None:
    order = order_under(ON_POD).hears(disputed(day(2)), delivered(day(3)), proven(day(3)))
    assert order.decisions == []
    assert order.holds == ["DISPUTE"]
    assert order.row.status.open_disputes == ("DIS1",)  # type: ignore[union-attr]
    order.hears(dispute_over(day(9)))
    assert order.release.triggered_at == day(3)
    assert order.holds == []


def test_case_40_the_end_of_a_dispute_releases_by_itself() -> None:
    order = order_under(ON_DELIVERY).hears(disputed(day(2)), delivered(day(3)))
    assert order.decisions == []
    assert order.hears(dispute_over(day(9))).kinds == ["RELEASE"]


def test_case_44_of_two_disputes_on_a_line_both_must_end() -> None:
    order = order_under(ON_DELIVERY).hears(disputed(day(2), "A", {"10": 2}), disputed(day(2), "B", {"10": 3}), delivered(day(3)))
    assert order.holds == ["DISPUTE", "DISPUTE"]
    order.hears(dispute_over(day(4), "A"))
    assert order.decisions == []
    assert order.holds == ["DISPUTE"]
    assert order.hears(dispute_over(day(5), "B")).kinds == ["RELEASE"]


def test_case_36_a_dispute_about_a_line_holds_the_line_and_not_the_order() -> None:
    order = order_under(ON_POD, lines={"10": 10, "20": 5, "30": 1})
    order.hears(disputed(day(3), lines={"20": 2}), delivered(day(3)), proven(day(3)))
    assert order.kinds == ["PARTIAL_RELEASE"]
    assert order.net == pieces(_10=10, _30=1)
    assert order.holds == ["DISPUTE"]
    order.hears(dispute_over(day(9)))
    assert order.kinds == ["PARTIAL_RELEASE", "RELEASE"]


def test_without_partial_invoices_a_disputed_line_holds_the_order() -> None:
    order = order_under(terms(Trigger.ON_DELIVERY, partial_allowed=False), lines={"10": 10, "20": 5})
    order.hears(disputed(day(2), lines={"20": 5}), delivered(day(3)))
    assert order.decisions == []
    assert order.holds == ["DISPUTE"]


# -- refused records


def test_a_refused_record_holds_until_it_is_dealt_with() -> None:
    def mark(open_: bool, at: int) -> DeadLetterMark:
        return DeadLetterMark("erp.raw-0-7", ORDER_ID, "SCHEMA_INVALID", open_, day(at))

    order = order_under(ON_DELIVERY).hears(mark(True, 2), delivered(day(3)))
    assert order.decisions == []
    assert [(reason.code.value, reason.detail, reason.evidence) for reason in order.row.hold] == [  # type: ignore[union-attr]
        ("DEAD_LETTER", "SCHEMA_INVALID", ("erp.raw-0-7",))
    ]
    assert order.hears(mark(False, 4)).kinds == ["RELEASE"]
    order.hears(mark(True, 2))
    assert order.holds == []


def test_a_refused_record_does_not_hold_back_milestones() -> None:
    order = order_under(ON_DELIVERY).hears(DeadLetterMark("d", ORDER_ID, "POISON", True, day(1)))
    before = len(order.milestones)
    order.hears(delivered(day(3)))
    assert len(order.milestones) == before + 1
    assert order.state == "DELIVERED"


def test_a_refused_record_of_an_order_not_known_yet_holds_it_when_it_comes() -> None:
    order = ToldOrder(ON_DELIVERY).hears(
        DeadLetterMark("d", ORDER_ID, "POISON", True, day(1)), released(), issued(day(2)), delivered(day(3))
    )
    assert order.decisions == []
    assert order.holds == ["DEAD_LETTER"]
    assert len(order.milestones) == 3


def test_of_two_words_at_one_moment_the_open_one_counts() -> None:
    marks = [DeadLetterMark("d", ORDER_ID, "POISON", open_, day(1)) for open_ in (True, False)]
    for told in (marks, marks[::-1]):
        assert order_under(ON_DELIVERY).hears(*told, delivered(day(3))).holds == ["DEAD_LETTER"]


# -- currency


def test_an_order_in_another_currency_than_its_terms_is_held() -> None:
    order = ToldOrder(terms(Trigger.ON_DELIVERY, currency="USD")).hears(released(), issued(day(2)), delivered(day(3)))
    assert order.decisions == []
    assert [(reason.code.value, reason.detail) for reason in order.row.hold] == [("CURRENCY", "order in EUR, terms in USD")]  # type: ignore[union-attr]


def test_another_currency_is_said_before_anything_is_billable() -> None:
    assert ToldOrder(terms(Trigger.ON_DELIVERY, currency="USD")).hears(released()).holds == ["CURRENCY", "NOT_DELIVERED"]


def test_case_73_an_invoice_in_another_currency_is_held() -> None:
    order = order_under(ON_DELIVERY, lines={"10": 10, "20": 5})
    order.hears(posted(day(2), lines={"20": 5}, currency="USD"), delivered(day(3)))
    assert "CURRENCY" in order.holds
    assert order.decisions == []


def test_an_order_that_changes_its_currency_after_a_release_is_held() -> None:
    both = (ON_DELIVERY, terms(Trigger.ON_DELIVERY, version=2, currency="USD", valid_from=day(4)))
    order = order_under(*both).hears(delivered(day(3)))
    order.hears(changed({"10": 20}, day(4), currency="USD"), issued(day(5), shipment="S2"), delivered(day(6), "S2"))
    assert order.kinds == ["RELEASE"]
    assert order.holds[0] == "CURRENCY"
