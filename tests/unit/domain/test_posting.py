"""Invoices as finance posts them: after the release, before it, without it."""

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
    proven,
    released,
    retracted,
    terms,
)

ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)


def shipped_order(*versions: object, lines: dict[str, object] | None = None) -> ToldOrder:
    lines = lines or {"10": 10}
    return ToldOrder(*(versions or (ON_DELIVERY,))).hears(released(lines), issued(day(2), lines))  # type: ignore[arg-type]


def test_a_posted_release_is_invoiced() -> None:
    order = shipped_order().hears(delivered(day(3)))
    assert order.billing == "RELEASED"
    order.hears(posted(day(4), release_id=order.release.release_id))
    assert order.billing == "INVOICED"
    assert order.holds == []
    assert order.kinds == ["RELEASE"]


def test_case_65_posted_before_the_release_is_held_and_then_cured_without_a_second_invoice() -> None:
    order = shipped_order(ON_POD).hears(delivered(day(3)), posted(day(3, "13:00")))
    assert order.holds == ["POD_MISSING", "POSTED_WITHOUT_RELEASE"]
    assert order.billing == "HELD"
    order.hears(proven(day(4)))
    assert order.decisions == []
    assert order.holds == []
    assert order.billing == "INVOICED"


def test_a_part_posted_too_early_leaves_the_rest_to_be_released() -> None:
    order = shipped_order().hears(posted(day(2), lines={"10": 6}), delivered(day(3)))
    assert order.kinds == ["RELEASE"]
    assert order.net == pieces(_10=4)
    assert order.holds == []
    order.hears(posted(day(4), "INV2", {"10": 4}))
    assert order.billing == "INVOICED"
    assert order.kinds == ["RELEASE"]


def test_an_early_invoice_that_is_cancelled_leaves_everything_to_be_released() -> None:
    order = shipped_order().hears(posted(day(2)), delivered(day(3)))
    assert order.decisions == []
    order.hears(invoice_cancelled(day(4)))
    assert order.kinds == ["RELEASE"]
    assert order.net == pieces(_10=10)


def test_case_74_a_withdrawn_posting_reopens_the_release_without_a_new_one() -> None:
    order = shipped_order().hears(delivered(day(3)))
    invoice = posted(day(4))
    order.hears(invoice, retracted(invoice))
    assert order.kinds == ["RELEASE"]
    assert order.billing == "RELEASED"


def test_case_69_an_invoice_cancelled_and_posted_under_a_new_number_covers_the_same_release() -> None:
    order = shipped_order().hears(delivered(day(3)), posted(day(4)), invoice_cancelled(day(5)), posted(day(5), "INV2"))
    assert order.kinds == ["RELEASE"]
    assert order.billing == "INVOICED"
    order.hears(cancelled(day(6)))
    assert order.kinds == ["RELEASE", "CREDIT_REQUEST"]


def test_case_72_an_invoice_of_an_order_not_known_yet_waits_for_the_order() -> None:
    order = ToldOrder(ON_DELIVERY).hears(posted(day(1)))
    assert order.holds == ["NO_ORDER"]
    order.hears(released())
    assert order.holds == ["NOT_DELIVERED", "POSTED_WITHOUT_RELEASE"]
    order.hears(issued(day(2)), delivered(day(3)))
    assert order.decisions == []
    assert order.billing == "INVOICED"


def test_an_invoice_that_names_a_release_covers_that_release() -> None:
    order = shipped_order().hears(delivered_partial(day(3), {"10": 6}))
    order.hears(posted(day(4), amount="1.00", release_id=order.decisions[0].release_id))
    assert order.holds == ["NOT_DELIVERED"]
    order.hears(delivered_partial(day(5), {"10": 4}))
    assert order.net == pieces(_10=10)


def test_an_invoice_with_the_amount_of_a_release_covers_that_release() -> None:
    order = shipped_order().hears(delivered_partial(day(3), {"10": 6}), posted(day(4), amount="60.00"))
    assert order.holds == ["NOT_DELIVERED"]
    order.hears(delivered_partial(day(5), {"10": 4}))
    assert order.net == pieces(_10=10)


def test_an_invoice_that_says_nothing_else_covers_the_whole_order() -> None:
    order = shipped_order().hears(delivered_partial(day(3), {"10": 6}), posted(day(4), amount="77.00"))
    assert order.holds == ["NOT_DELIVERED", "POSTED_WITHOUT_RELEASE"]
    order.hears(delivered_partial(day(5), {"10": 4}))
    assert order.net == pieces(_10=6)
    assert (order.holds, order.billing) == ([], "INVOICED")


def test_an_invoice_that_names_an_unknown_release_is_not_taken_for_ours() -> None:
    order = shipped_order().hears(posted(day(2), release_id="somebody-elses"), delivered(day(3)))
    assert order.decisions == []
    assert order.billing == "INVOICED"


def test_an_invoice_in_another_unit_covers_its_line_so_that_nothing_is_posted_twice() -> None:
    order = shipped_order(lines={"10": 10, "20": 5}).hears(posted(day(2), lines={"10": "1 CS"}), delivered(day(3)))
    assert order.net == pieces(_20=5)


def test_case_68_an_invoice_of_nothing_or_less_covers_nothing() -> None:
    order = shipped_order().hears(posted(day(2), "PROFORMA", amount="0.00"), posted(day(2), "CREDIT", amount="-5.00"), delivered(day(3)))
    assert order.kinds == ["RELEASE"]


def test_what_was_posted_early_and_never_earned_stays_a_hold_and_is_not_credited() -> None:
    order = shipped_order().hears(posted(day(2)), cancelled(day(3)))
    assert order.decisions == []
    assert order.holds == ["POSTED_WITHOUT_RELEASE"]
    assert order.billing == "NOT_BILLABLE"


def test_a_credited_quantity_is_not_credited_again_when_its_invoice_is_cancelled() -> None:
    order = shipped_order().hears(delivered(day(3)), posted(day(4)), changed({"10": 6}, day(5)))
    assert order.kinds == ["RELEASE", "CREDIT_REQUEST"]
    order.hears(invoice_cancelled(day(6)), posted(day(6), "INV2", {"10": 6}, "60.00"))
    assert order.billing == "INVOICED"
    order.hears(changed({"10": 5}, day(7), revision=3))
    assert order.kinds == ["RELEASE", "CREDIT_REQUEST", "CREDIT_REQUEST"]
    assert order.net == pieces(_10=5)


def test_an_invoice_for_a_part_of_a_release_leaves_the_rest_unposted() -> None:
    order = shipped_order().hears(delivered(day(3)), posted(day(4), lines={"10": 4}), cancelled(day(5)))
    assert order.kinds == ["RELEASE", "REVOKE", "CREDIT_REQUEST"]
    assert [decision.lines[0].delta for decision in order.decisions[1:]] == [-6, -4]


def test_what_is_released_again_after_a_credit_is_not_posted_yet() -> None:
    order = shipped_order().hears(delivered(day(3)), posted(day(4)), changed({"10": 6}, day(5)), changed({"10": 10}, day(6), revision=3))
    assert order.kinds == ["RELEASE", "CREDIT_REQUEST", "RELEASE"]
    assert order.billing == "RELEASED"
    order.hears(cancelled(day(7), revision=4))
    assert [(decision.kind.value, decision.lines[0].delta) for decision in order.decisions[3:]] == [("REVOKE", -4), ("CREDIT_REQUEST", -6)]


def test_without_partial_invoices_a_credit_of_one_line_revokes_the_unposted_rest() -> None:
    lines = {"10": 10, "20": 5}
    scan = delivered(day(3))
    order = ToldOrder(terms(Trigger.ON_DELIVERY, partial_allowed=False)).hears(released(lines), issued(day(2), {"10": 10}))
    order.hears(issued(day(2), {"20": 5}, "S2"), scan, delivered(day(3), "S2"), posted(day(4), lines={"10": 10}), retracted(scan))
    assert [(decision.kind.value, decision.lines[0].line) for decision in order.decisions[1:]] == [
        ("REVOKE", "20"),
        ("CREDIT_REQUEST", "10"),
    ]


def test_a_credit_is_taken_off_the_invoice_that_is_still_posted() -> None:
    order = shipped_order().hears(delivered(day(3)), posted(day(4)), invoice_cancelled(day(4)), posted(day(5), "INV2"))
    order.hears(changed({"10": 6}, day(6)), changed({"10": 10}, day(7), revision=3), cancelled(day(8), revision=4))
    assert [(decision.kind.value, decision.lines[0].delta) for decision in order.decisions[1:]] == [
        ("CREDIT_REQUEST", -4),
        ("RELEASE", 4),
        ("REVOKE", -4),
        ("CREDIT_REQUEST", -6),
    ]


def test_of_several_releases_an_invoice_covers_the_one_that_it_names() -> None:
    lines = {"10": 5, "20": 5}
    order = shipped_order(lines=lines).hears(delivered_partial(day(3), {"10": 5}), delivered_partial(day(3), {"20": 5}))
    order.hears(posted(day(4), amount="1.00", release_id=order.decisions[1].release_id), cancelled(day(5)))
    assert [(decision.kind.value, decision.lines[0].line) for decision in order.decisions[2:]] == [
        ("REVOKE", "10"),
        ("CREDIT_REQUEST", "20"),
    ]


def test_of_two_releases_of_one_amount_each_is_posted_once() -> None:
    order = shipped_order().hears(delivered_partial(day(3), {"10": 5}), delivered_partial(day(4), {"10": 5}))
    order.hears(posted(day(5), "INV1", amount="50.00"))
    assert order.billing == "RELEASED"
    order.hears(posted(day(5), "INV2", amount="50.00"))
    assert order.billing == "INVOICED"


def test_a_number_posted_twice_is_one_invoice_as_it_first_became_known() -> None:
    order = shipped_order().hears(posted(day(2), lines={"10": 7}), posted(day(1), lines={"10": 1}), delivered(day(3)))
    assert order.net == pieces(_10=3)


def test_a_duplicate_posting_changes_nothing() -> None:
    order = shipped_order().hears(delivered(day(3)), posted(day(4)), posted(day(4)))
    assert order.kinds == ["RELEASE"]
    assert order.billing == "INVOICED"
