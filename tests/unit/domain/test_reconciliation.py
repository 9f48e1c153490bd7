"""Reconciliation, check by check: when a finding opens, when it heals or closes, and that one cause is found once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from streams.domain.event import Event, Freight, FreightCharge, Invoice, Tick
from streams.domain.ledger import release_id
from streams.domain.memory import Owner, Severity
from streams.domain.terms import LatePolicy, Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass
from streams.domain.watch.patience import PATIENCE
from streams.domain.watch.watching import Turn
from tests.unit.domain.telling import (
    ORDER_ID,
    ToldOrder,
    cancelled,
    changed,
    day,
    delivered,
    delivered_partial,
    disputed,
    exception,
    happened,
    invoice_cancelled,
    issued,
    planned,
    posted,
    released,
    retracted,
    terms,
)

ON_DELIVERY = terms(Trigger.ON_DELIVERY)


def order(*versions: object, **more: object) -> ToldOrder:
    return ToldOrder(*(versions or (ON_DELIVERY,)), patience=PATIENCE, **more)  # type: ignore[arg-type]


def at(number: int, time: str = "12:00") -> Tick:
    return Tick(day(number, time), f"o/{ORDER_ID}")


def said(turns: list[Turn]) -> list[tuple[str, str]]:
    return [(turn.concern.code, turn.kind.value) for turn in turns]


def memo(when: int, amount: str, number: str = "CM1") -> Event:
    return happened(Milestone.CREDIT_MEMO_POSTED, day(when), invoice=Invoice(number, Decimal(amount), "EUR"), topic="erp.raw")


def release_of(told: ToldOrder, sequence: int = 1) -> str:
    return release_id(told.order_id, told.order_id, sequence)


def test_an_order_that_goes_well_has_no_findings() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(4)), at(60))
    assert told.findings == []


# -- R1, R2


def test_r1_posted_without_release_opens_once_and_heals_when_it_is_earned() -> None:
    told = order().hears(released(), issued(day(2)), posted(day(2)))
    assert told.open_findings == ["R1/INV1"]
    told.hears(posted(day(2)), at(3, "00:00"))
    told.hears(delivered(day(3)))
    assert said(told.findings) == [("R1", "RAISED"), ("R1", "HEALED"), ("R2", "HEALED")]
    assert told.open_findings == []


def test_r1_closes_when_the_invoice_is_cancelled() -> None:
    told = order().hears(released(), posted(day(2)), invoice_cancelled(day(3)))
    assert said(told.findings) == [("R1", "RAISED"), ("R1", "CLOSED")]


def test_r2_posted_on_an_accounting_date_before_the_release_is_found_even_if_it_became_known_later() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(5)), posted(day(3)))
    assert said(told.findings) == [("R2", "HEALED")]


def test_r2_the_clocks_of_two_systems_may_differ_within_a_day() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(5, "14:00")), posted(day(5, "08:00")))
    assert told.findings == []


# -- R3


def test_r3_released_and_not_posted_in_time() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)))
    assert told.wake_at == day(4)
    told.hears(at(4))
    assert said(told.findings) == [("R3", "RAISED")]
    told.hears(at(9), posted(day(9)))
    assert said(told.findings) == [("R3", "RAISED"), ("R3", "HEALED")]


def test_r3_the_terms_may_give_finance_more_time() -> None:
    told = order(terms(Trigger.ON_DELIVERY, posting_days=3)).hears(released(), issued(day(2)), delivered(day(3)), at(4))
    assert told.findings == []
    assert told.hears(at(6)).open_findings == ["R3/1"]


def test_r3_is_asked_of_each_release_by_itself() -> None:
    told = order().hears(
        released({"10": 10}), issued(day(2), {"10": 6}, "S1"), delivered(day(3)), issued(day(5), {"10": 4}, "S2"), delivered(day(6), "S2")
    )
    told.hears(at(4))
    assert told.open_findings == ["R3/1"]
    told.hears(posted(day(6, "13:00"), lines={"10": 6}, amount="60.00"), at(7))
    assert told.open_findings == ["R3/2"]


def test_r3_closes_when_the_release_is_revoked() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), at(4), retracted(delivered(day(3)), day(5)))
    assert told.kinds == ["RELEASE", "REVOKE"]
    assert said(told.findings) == [("R3", "RAISED"), ("R3", "CLOSED")]


# -- R4


@pytest.mark.parametrize(
    ("amount", "found"), [("100.00", []), ("99.99", []), ("100.05", []), ("99.90", ["R4/INV1"]), ("100.06", ["R4/INV1"])]
)
def test_r4_amount_against_the_release_within_tolerance(amount: str, found: list[str]) -> None:
    told = order(terms(Trigger.ON_DELIVERY, amount_tolerance=Decimal("0.05"))).hears(
        released(), issued(day(2)), delivered(day(3)), posted(day(3, "13:00"), amount=amount)
    )
    assert told.open_findings == found


def test_r4_tolerance_in_percent() -> None:
    one_percent = terms(Trigger.ON_DELIVERY, amount_tolerance_percent=Decimal(1))
    told = order(one_percent).hears(released(), issued(day(2)), delivered(day(3)), posted(day(3), amount="99.00"))
    assert told.open_findings == []


def test_r4_says_both_amounts_in_a_currency_without_decimals() -> None:
    yen = terms(Trigger.ON_DELIVERY, currency="JPY")
    told = order(yen).hears(
        released(price="33.4", currency="JPY"), issued(day(2)), delivered(day(3)), posted(day(3), amount="333", currency="JPY")
    )
    (turn,) = told.findings
    assert turn.concern.amounting is not None
    assert (turn.concern.amounting.expected, turn.concern.amounting.found, turn.concern.amounting.unit) == (
        Decimal(334),
        Decimal(333),
        "JPY",
    )


def test_r4_another_currency_is_never_converted() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(3), currency="USD"))
    assert told.open_findings == ["R4/INV1"]
    assert told.findings[0].concern.detail.startswith("CURRENCY")


def test_r4_an_invoice_over_two_releases_is_held_against_their_sum() -> None:
    told = order().hears(released({"10": 3}, price="3.335"), issued(day(2), {"10": 1}, "S1"), delivered(day(3)))
    told.hears(issued(day(3), {"10": 2}, "S2"), delivered(day(3, "15:00"), "S2"))
    assert told.amount == Decimal("10.01")
    assert told.hears(posted(day(3, "18:00"), amount="10.01", lines={"10": 3})).findings == []


def test_r4_the_parts_of_a_consolidated_invoice_that_miss_its_total_are_found_where_they_are_said() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)))
    invoice = Invoice("INV1", Decimal(100), "EUR", unallocated=Decimal("-12.50"))
    told.hears(happened(Milestone.INVOICE_POSTED, day(3, "13:00"), invoice=invoice, topic="erp.raw"))
    assert told.open_findings == ["R4/INV1 in all"]
    told.hears(invoice_cancelled(day(4)))
    assert said(told.findings)[-1] == ("R4", "CLOSED")


# -- R5


def test_r5_more_posted_than_released() -> None:
    told = order().hears(released(), issued(day(2), {"10": 6}), delivered(day(3)), posted(day(3), lines={"10": 8}, amount="80.00"))
    assert told.open_findings == ["R5/INV1"]


def test_r5_other_quantities_than_the_release_that_the_invoice_names() -> None:
    told = order().hears(released({"10": 5, "20": 5}), issued(day(2), {"10": 5, "20": 5}), delivered(day(3)))
    told.hears(posted(day(3), lines={"10": 5, "20": 3}, amount="80.00", release_id=release_of(told)))
    assert told.open_findings == ["R5/INV1"]
    amounting = told.findings[0].concern.amounting
    assert amounting is not None
    assert (amounting.expected, amounting.found) == (Decimal(5), Decimal(3))


# -- R6


def test_r6_two_numbers_for_the_same_goods_keep_the_first() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(3), "A"), posted(day(4), "B"))
    assert told.open_findings == ["R6/B"]
    assert told.findings[-1].concern.detail == "A"
    assert said(told.hears(invoice_cancelled(day(5), "B")).findings) == [("R6", "RAISED"), ("R6", "CLOSED")]


def test_r6_a_number_that_is_posted_twice_with_different_contents() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(3)), posted(day(4)))
    assert told.findings == []
    told.hears(posted(day(4), amount="90.00"))
    assert "R6/INV1" in told.open_findings


# -- R7


def test_r7_posted_for_a_cancelled_order() -> None:
    told = order().hears(released(), cancelled(day(2)), posted(day(3)))
    assert told.open_findings == ["R7/INV1"]


def test_r7_posted_then_cancelled_asks_for_a_credit_instead() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(3)), cancelled(day(3, "15:00")))
    assert told.kinds == ["RELEASE", "CREDIT_REQUEST"]
    assert told.open_findings == []


def test_r7_stays_open_where_a_person_decides_about_the_credit() -> None:
    review = terms(Trigger.ON_DELIVERY, late=LatePolicy.REVIEW)
    told = order(review).hears(released(), issued(day(2)), delivered(day(3)), posted(day(3)))
    told.hears(happened(Milestone.RETURN_RECEIVED, day(5), shipment="S1", lines={"10": 4}))
    assert told.holds == ["CREDIT_REVIEW"]
    assert told.open_findings == ["R7/INV1"]
    assert told.findings[0].concern.detail == "RETURNED"


# -- R8


def test_r8_everything_delivered_and_never_released() -> None:
    told = ToldOrder(patience=PATIENCE).hears(released(), issued(day(2)), delivered(day(3)), at(10))
    assert told.open_findings == ["R8/"]
    assert told.findings[0].concern.detail == "NO_TERMS"
    assert told.findings[0].concern.severity is Severity.HIGH


def test_r8_what_the_contract_or_the_customer_holds_is_no_leak() -> None:
    told = order().hears(released(), issued(day(2)), disputed(day(2)), delivered(day(3)), at(10))
    assert told.holds == ["DISPUTE"]
    assert told.open_findings == []


# -- R9


def credited() -> ToldOrder:
    """An order of 100.00 that was posted, and cancelled afterwards."""
    return order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(3)), cancelled(day(5)))


def test_r9_a_credit_that_was_asked_for_and_never_given() -> None:
    told = credited().hears(at(6))
    assert told.open_findings == ["R9/2"]
    assert said(told.hears(memo(7, "100.00")).findings) == [("R9", "RAISED"), ("R9", "HEALED")]


def test_r9_a_memo_in_time_is_no_finding() -> None:
    assert credited().hears(memo(5, "100.00"), at(60)).findings == []


def test_r9_a_memo_that_nothing_asked_for() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(3)), memo(4, "20.00"))
    assert told.open_findings == ["R9/CM1"]
    assert told.findings[0].concern.detail == "WITHOUT_CAUSE"


# -- R10, R11, R12


def test_r10_posted_after_the_release_was_revoked() -> None:
    told = order().hears(released(), issued(day(2)), delivered(day(3)), retracted(delivered(day(3)), day(4)), posted(day(5)))
    assert told.kinds == ["RELEASE", "REVOKE"]
    assert told.open_findings == ["R10/INV1"]


def test_r11_an_invoice_of_an_order_that_nobody_knows_waits_a_while_for_it() -> None:
    told = order().hears(posted(day(2)))
    assert (told.open_findings, told.wake_at) == ([], day(2, "13:00"))
    told.hears(at(2, "13:00"))
    assert told.open_findings == ["R11/INV1"]
    told.hears(released(), issued(day(1)), delivered(day(1, "18:00")))
    assert said(told.findings) == [("R11", "RAISED"), ("R11", "HEALED"), ("R1", "RAISED"), ("R1", "HEALED"), ("R2", "HEALED")]


def test_r12_delivered_and_the_warehouse_never_confirmed_that_it_left() -> None:
    told = order(terms(Trigger.ON_POD)).hears(released(), planned(day(1), lines={"10": 10}), delivered(day(3)), at(4))
    assert told.open_findings == ["R12/S1"]
    assert told.findings[0].concern.owner is Owner.WMS
    assert said(told.hears(issued(day(2))).findings) == [("R12", "RAISED"), ("R12", "HEALED")]


# -- R13


def billed(when: int, number: str = "F1", amount: str = "90.00", **more: object) -> Event:
    freight = Freight(**more) if more else None  # type: ignore[arg-type]
    return happened(Milestone.FREIGHT_BILLED, day(when), shipment="S1", invoice=Invoice(number, Decimal(amount), "EUR"), freight=freight)


def agreed(amount: str = "90.00", weight: str = "100") -> Event:
    return planned(day(1), freight=Freight(Decimal(amount), "EUR", Decimal(weight)))


def test_r13_a_bill_as_agreed_is_no_finding() -> None:
    assert order().hears(released(), agreed(), billed(5)).findings == []


@pytest.mark.parametrize(
    ("bill", "detail"),
    [
        (billed(5, amount="95.00"), "AMOUNT"),
        (billed(5, weight=Decimal(120)), "WEIGHT"),
        (billed(5, amount="105.00", charges=(FreightCharge("REDELIVERY", Decimal(15)),)), "CHARGE REDELIVERY"),
    ],
)
def test_r13_a_bill_that_is_not_as_agreed(bill: Event, detail: str) -> None:
    told = order().hears(released(), agreed(), bill)
    assert told.open_findings == ["R13/S1/F1"]
    assert told.findings[0].concern.detail == detail
    assert told.findings[0].concern.owner is Owner.CARRIER


def test_r13_a_charge_whose_event_is_known_is_no_finding() -> None:
    charge = billed(5, amount="105.00", charges=(FreightCharge("REDELIVERY", Decimal(15)),))
    told = order().hears(released(), agreed(), charge, happened(Milestone.DELIVERY_ATTEMPTED, day(3), shipment="S1"))
    assert said(told.findings) == [("R13", "RAISED"), ("R13", "HEALED")]


def test_r13_a_second_bill_for_the_same_shipment() -> None:
    told = order().hears(released(), agreed(), billed(5), billed(9, "F2"))
    assert told.open_findings == ["R13/S1/F2"]


def test_r13_has_the_same_id_in_every_order_of_the_shipment() -> None:
    ids = set()
    for order_id in ("ACME:1", "ACME:2"):
        told = order()
        for message in (released(order_id=order_id), billed(5), billed(9, "F2")):
            message.order_id = order_id
            told.hears(message)
        (turn,) = told.findings
        ids.add(turn.concern_id)
    assert len(ids) == 1


# -- one cause, once


def test_the_same_facts_in_another_order_end_with_the_same_findings() -> None:
    story = [released(), issued(day(2)), delivered(day(3)), posted(day(2, "18:00")), posted(day(4), "B", amount="70.00")]
    forwards, backwards = order().hears(*story), order().hears(*reversed(story))
    assert forwards.open_findings == backwards.open_findings == ["R4/B", "R6/B"]


def test_an_id_never_changes_though_it_opens_again() -> None:
    told = order().hears(released(), posted(day(2)), issued(day(2)), delivered(day(3)))
    told.hears(retracted(delivered(day(3)), day(4)))
    raised = [turn.concern_id for turn in told.findings if (turn.concern.code, turn.kind.value) == ("R1", "RAISED")]
    assert len(raised) == 2 and len(set(raised)) == 1


def test_an_open_exception_is_no_leak_and_a_changed_order_no_second_finding() -> None:
    told = order().hears(released(), issued(day(2)), exception(day(2), effect=Effect.BILLING_BLOCK, reason=ReasonClass.DAMAGE))
    told.hears(delivered(day(3)), changed({"10": 10}, day(4)), at(40))
    assert told.findings == []


def test_a_partial_posting_heals_only_its_own_release() -> None:
    told = order().hears(released({"10": 10}), issued(day(2)), delivered_partial(day(3), {"10": 4}), at(4))
    assert told.open_findings == ["R3/1"]
    told.hears(posted(day(4, "13:00"), lines={"10": 4}, amount="40.00"))
    assert told.open_findings == []
    assert said(told.findings) == [("R3", "RAISED"), ("R3", "HEALED")]


def test_a_draft_says_why_nothing_is_in_the_ledger() -> None:
    draft = happened(
        Milestone.INVOICE_POSTED, day(3), classifier=Classifier.PLN, invoice=Invoice("90001", Decimal(100), "EUR"), topic="erp.raw"
    )
    told = order().hears(released(), issued(day(2)), delivered(day(3)), draft, at(4))
    assert told.findings[0].concern.detail == "NOT_IN_LEDGER: 90001"
    assert told.findings[0].concern.since == day(3) + timedelta(days=1)
