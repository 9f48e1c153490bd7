"""Changes and cancellations of an order, before and after its release."""

from __future__ import annotations

from streams.domain.terms import Trigger
from tests.unit.domain.telling import (
    ToldOrder,
    cancelled,
    changed,
    day,
    delivered,
    delivered_partial,
    invoice_cancelled,
    issued,
    pieces,
    posted,
    released,
    retracted,
    terms,
)

ON_DELIVERY = terms(Trigger.ON_DELIVERY)


def delivered_order(*versions: object) -> ToldOrder:
    return ToldOrder(*(versions or (ON_DELIVERY,))).hears(released(), issued(day(2)), delivered(day(3)))  # type: ignore[arg-type]


def test_case_51_an_order_cancelled_after_its_release_is_revoked() -> None:
    order = delivered_order().hears(cancelled(day(4)))
    assert order.kinds == ["RELEASE", "REVOKE"]
    assert order.net == {}
    assert order.amount == 0
    assert order.decisions[1].reasons == ("ORDER_CANCELLED",)
    assert order.decisions[1].accounting_date == day(4).date()
    assert (order.state, order.billing, order.holds) == ("CANCELLED", "NOT_BILLABLE", [])


def test_case_51_an_order_cancelled_after_posting_is_credited() -> None:
    order = delivered_order().hears(posted(day(4)), cancelled(day(5)))
    assert order.kinds == ["RELEASE", "CREDIT_REQUEST"]
    assert order.net == {}
    order.hears(delivered(day(6)))
    assert order.kinds == ["RELEASE", "CREDIT_REQUEST"]


def test_a_cancelled_order_releases_nothing() -> None:
    order = ToldOrder(ON_DELIVERY).hears(cancelled(day(1)), released(), issued(day(2)), delivered(day(3)))
    assert order.decisions == []
    assert order.state == "CANCELLED"


def test_a_cancellation_without_a_revision_is_final() -> None:
    order = delivered_order().hears(cancelled(day(1), revision=None), changed({"10": 10}, day(9), revision=9))
    assert order.state == "CANCELLED"


def test_a_later_revision_revives_a_cancelled_order() -> None:
    order = delivered_order().hears(cancelled(day(4), revision=2))
    order.hears(changed({"10": 10}, day(5), revision=3))
    assert order.net == pieces(_10=10)
    assert order.state == "DELIVERED"


def test_a_cancellation_of_the_revision_that_counts_cancels_it() -> None:
    assert delivered_order().hears(cancelled(day(4), revision=1)).state == "CANCELLED"


def test_an_order_with_one_line_at_zero_is_not_cancelled() -> None:
    order = delivered_order().hears(changed({"10": 10, "20": 0}, day(4)))
    assert order.state == "DELIVERED"
    assert order.kinds == ["RELEASE"]


def test_a_withdrawn_cancellation_never_was() -> None:
    word = cancelled(day(4))
    order = delivered_order().hears(word, retracted(word))
    assert order.kinds == ["RELEASE", "REVOKE", "RELEASE"]
    assert order.net == pieces(_10=10)


def test_an_order_whose_lines_are_all_at_zero_is_cancelled() -> None:
    order = delivered_order().hears(changed({"10": 0}, day(4)))
    assert order.kinds == ["RELEASE", "REVOKE"]
    assert (order.state, order.billing) == ("CANCELLED", "NOT_BILLABLE")


def test_case_52_an_order_reduced_to_what_was_delivered_is_complete() -> None:
    order = ToldOrder(terms(Trigger.ON_DELIVERY, partial_allowed=False)).hears(released(), issued(day(2)))
    order.hears(delivered_partial(day(3), {"10": 6}))
    assert order.holds == ["INCOMPLETE", "NOT_DELIVERED"]
    order.hears(changed({"10": 6}, day(4)))
    assert order.release.lines[0].delta == 6
    assert order.holds == []


def test_an_order_reduced_below_what_was_released_is_revoked_by_the_difference() -> None:
    order = delivered_order().hears(changed({"10": 7}, day(4)))
    assert order.kinds == ["RELEASE", "REVOKE"]
    assert order.net == pieces(_10=7)
    assert order.decisions[1].lines[0].delta == -3
    assert order.decisions[1].amount == -30
    assert order.decisions[1].reasons == ("ORDER_REDUCED",)


def test_without_partial_invoices_a_reduced_order_that_is_complete_is_revoked_by_the_difference() -> None:
    order = delivered_order(terms(Trigger.ON_DELIVERY, partial_allowed=False)).hears(changed({"10": 7}, day(4)))
    assert order.net == pieces(_10=7)
    assert order.holds == []


def test_an_order_that_is_taken_back_altogether_is_revoked() -> None:
    told = released()
    order = ToldOrder(ON_DELIVERY).hears(told, issued(day(2)), delivered(day(3)), retracted(told))
    assert order.kinds == ["RELEASE", "REVOKE"]
    assert (order.state, order.holds) == ("UNKNOWN", ["NO_ORDER"])


def test_a_line_taken_off_the_order_is_revoked() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released({"10": 10, "20": 5}), issued(day(2), {"10": 10, "20": 5}), delivered(day(3)))
    order.hears(changed({"10": 10}, day(4)))
    assert order.net == pieces(_10=10)


def test_a_larger_order_waits_for_the_rest() -> None:
    order = delivered_order().hears(changed({"10": 12}, day(4)))
    assert order.kinds == ["RELEASE"]
    assert order.holds == ["NOT_DELIVERED"]
    order.hears(issued(day(5), {"10": 2}, "S2"), delivered(day(6), "S2"))
    assert order.kinds == ["RELEASE", "RELEASE"]
    assert order.net == pieces(_10=12)


def test_an_order_that_grows_after_its_release_is_not_revoked_where_partial_invoices_are_not_allowed() -> None:
    order = delivered_order(terms(Trigger.ON_DELIVERY, partial_allowed=False)).hears(changed({"10": 12}, day(4)))
    assert order.kinds == ["RELEASE"]
    assert order.holds == ["INCOMPLETE", "NOT_DELIVERED"]


def test_the_highest_revision_counts_whatever_arrives_last() -> None:
    order = ToldOrder(ON_DELIVERY).hears(changed({"10": 6}, day(1), revision=3), changed({"10": 20}, day(2), revision=2), released())
    order.hears(issued(day(3)), delivered(day(4)))
    assert order.net == pieces(_10=6)


def test_of_one_revision_told_twice_the_later_word_counts() -> None:
    order = ToldOrder(ON_DELIVERY).hears(changed({"10": 6}, day(2)), changed({"10": 8}, day(1)), issued(day(3)), delivered(day(4)))
    assert order.net == pieces(_10=6)


def test_a_withdrawn_change_leaves_the_order_as_it_was() -> None:
    change = changed({"10": 6}, day(1))
    order = ToldOrder(ON_DELIVERY).hears(released(), change, retracted(change), issued(day(2)), delivered(day(3)))
    assert order.net == pieces(_10=10)


def test_a_credit_is_asked_for_once_and_goods_delivered_again_are_released_again() -> None:
    scan = delivered(day(3))
    order = ToldOrder(ON_DELIVERY).hears(released(), issued(day(2)), scan, posted(day(4)), retracted(scan))
    assert order.kinds == ["RELEASE", "CREDIT_REQUEST"]
    assert order.amount == 0
    order.hears(delivered(day(6)))
    assert order.kinds == ["RELEASE", "CREDIT_REQUEST", "RELEASE"]
    assert order.net == pieces(_10=10)


def test_part_posted_and_part_not_is_revoked_and_credited() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released(), issued(day(2)), delivered_partial(day(3), {"10": 6}))
    order.hears(posted(day(4), lines={"10": 6}), delivered_partial(day(5), {"10": 4}), changed({"10": 3}, day(6)))
    assert order.kinds == ["PARTIAL_RELEASE", "RELEASE", "REVOKE", "CREDIT_REQUEST"]
    assert [decision.lines[0].delta for decision in order.decisions[2:]] == [-4, -3]
    assert [decision.sequence for decision in order.decisions] == [1, 2, 3, 4]
    assert order.net == pieces(_10=3)


def test_an_invoice_cancelled_before_the_order_leaves_nothing_to_credit() -> None:
    order = delivered_order().hears(posted(day(4)), invoice_cancelled(day(5)), cancelled(day(6)))
    assert order.kinds == ["RELEASE", "REVOKE"]
