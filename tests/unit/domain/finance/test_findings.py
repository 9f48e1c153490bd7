"""Posting reconciliation: the finance cases that end in a finding."""

from __future__ import annotations

from decimal import Decimal

from streams.domain.event import Event, Invoice, Tick
from streams.domain.terms import Incoterm, Trigger
from streams.domain.vocabulary import Classifier, Milestone
from streams.domain.watch.patience import PATIENCE
from tests.unit.domain.telling import (
    ORDER_ID,
    ToldOrder,
    changed,
    day,
    delivered,
    happened,
    issued,
    posted,
    released,
    terms,
)


def order(**changes: object) -> ToldOrder:
    trigger = changes.pop("trigger", Trigger.ON_DELIVERY)
    return ToldOrder(terms(trigger, **changes), patience=PATIENCE)  # type: ignore[arg-type]


def at(number: int) -> Tick:
    return Tick(day(number), f"o/{ORDER_ID}")


def memo(when: int, amount: str) -> Event:
    return happened(Milestone.CREDIT_MEMO_POSTED, day(when), invoice=Invoice("CM1", Decimal(amount), "EUR"), topic="erp.raw")


def test_case_35_lost_after_posting_on_ship_is_flagged_and_not_credited() -> None:
    """Case 35: given an order invoiced on ship and posted, when the goods are lost, then R7 and no credit by itself; where the Incoterm
    leaves the risk with the seller, a credit is asked for."""
    lost = happened(Milestone.LOST, day(5), shipment="S1")
    at_buyers_risk = order(trigger=Trigger.ON_SHIP).hears(released(), issued(day(2)), posted(day(3)), lost)
    assert at_buyers_risk.kinds == ["RELEASE"]
    assert at_buyers_risk.open_findings == ["R7/INV1"]
    assert at_buyers_risk.findings[-1].concern.detail == "LOST"
    at_sellers_risk = order(trigger=Trigger.ON_SHIP, incoterm=Incoterm.DAP).hears(released(), issued(day(2)), posted(day(3)), lost)
    assert at_sellers_risk.kinds == ["RELEASE", "CREDIT_REQUEST"]
    assert at_sellers_risk.open_findings == []


def test_case_49_price_change_after_the_release_and_before_the_posting() -> None:
    """Case 49: given a release of 100.00, when the price changes and the invoice is posted with the new amount, then R4."""
    told = order().hears(released(), issued(day(2)), delivered(day(3)), changed({"10": 10}, day(3, "13:00"), price="11.00"))
    told.hears(posted(day(3, "14:00"), amount="110.00"))
    assert told.open_findings == ["R4/INV1"]


def test_case_64_two_invoices_for_one_billable_unit() -> None:
    """Case 64: given a release, when two invoices with different numbers are posted for it, then R6: one is kept, the other flagged."""
    told = order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(3), "A"), posted(day(3, "15:00"), "B"))
    assert told.open_findings == ["R6/B"]


def test_case_65_posted_first_is_found_and_cured() -> None:
    """Case 65: given an invoice posted first, when the goods earn it later, then it was early, and is cured; there is no second release."""
    told = order().hears(released(), posted(day(1)), issued(day(2)), delivered(day(3)))
    assert [(turn.concern.code, turn.kind.value) for turn in told.findings] == [("R1", "RAISED"), ("R1", "HEALED"), ("R2", "HEALED")]
    assert told.decisions == []


def test_case_66_nothing_posted_in_time_is_said_once_and_clears_late() -> None:
    """Case 66: given a release, when nothing is posted within 24 hours, then R3 once; a late posting clears it."""
    told = order().hears(released(), issued(day(2)), delivered(day(3)), at(4), at(5), at(6))
    assert [(turn.concern.code, turn.kind.value) for turn in told.findings] == [("R3", "RAISED")]
    assert told.hears(posted(day(7))).open_findings == []


def test_case_67_the_amount_may_differ_within_its_tolerance() -> None:
    """Case 67: given 100.00 released and a tolerance of 0.05, when 99.99 is posted, then it matches; 99.90 is R4."""
    for amount, found in (("99.99", []), ("99.90", ["R4/INV1"])):
        told = order(amount_tolerance=Decimal("0.05")).hears(released(), issued(day(2)), delivered(day(3)))
        assert told.hears(posted(day(3), amount=amount)).open_findings == found


def test_case_68_an_invoice_of_nothing_is_compared_with_nothing() -> None:
    """Case 68: given a release, when an invoice of zero is posted, then it is no invoice of goods: no R4, and R3 stays due."""
    told = order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(3), "ZERO", amount="0.00"))
    assert told.findings == []
    assert told.hears(at(4)).open_findings == ["R3/1"]


def test_case_71_a_credit_memo_larger_than_the_invoice() -> None:
    """Case 71: given an invoice of 100.00, when a credit memo of 120.00 is posted, then R9."""
    told = order().hears(released(), issued(day(2)), delivered(day(3)), posted(day(3)), memo(4, "120.00"))
    assert told.open_findings == ["R9/CM1"]
    assert told.findings[-1].concern.detail == "OVER_BALANCE"


def test_case_72_an_invoice_of_an_unknown_order_is_found_then_matched() -> None:
    """Case 72: given an invoice of an order that nobody knows, when the order arrives, then R11 is over and the invoice matched."""
    told = order().hears(posted(day(4)), at(5))
    assert told.open_findings == ["R11/INV1"]
    told.hears(released(), issued(day(2)), delivered(day(3)))
    assert told.open_findings == []
    assert told.billing == "INVOICED"


def test_case_75_a_billing_document_that_never_reached_the_ledger() -> None:
    """Case 75: given a release and a billing document whose posting is blocked, when the time is over, then R3 with NOT_IN_LEDGER."""
    document = happened(
        Milestone.INVOICE_POSTED, day(3), classifier=Classifier.PLN, invoice=Invoice("9000", Decimal(100), "EUR"), topic="erp.raw"
    )
    told = order().hears(released(), issued(day(2)), delivered(day(3)), document, at(4))
    assert told.open_findings == ["R3/1"]
    assert told.findings[-1].concern.detail == "NOT_IN_LEDGER: 9000"
    assert told.billing == "RELEASED"
