"""Finance cases 1 to 12: triggers and their evidence."""

from __future__ import annotations

from datetime import date

import pytest

from streams.domain.event import Evidence
from streams.domain.terms import QuantityBasis, Trigger
from streams.domain.vocabulary import Classifier, Milestone, ProofKind
from tests.unit.domain.finance.words import Installation, accepted, rejected, returned, shipped, tick
from tests.unit.domain.telling import (
    ToldOrder,
    cancelled,
    contract,
    day,
    delivered,
    delivered_partial,
    exception,
    exception_over,
    happened,
    issued,
    picked,
    pieces,
    posted,
    proven,
    released,
    retracted,
    terms,
)
from tests.unit.normalize.reading import event, refusal
from tests.unit.normalize.records import UPS, UPS_DELIVERED
from tests.unit.normalize.test_hazards import express

ON_SHIP = terms(Trigger.ON_SHIP)
ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)
SILENCE = terms(Trigger.ON_POD, pod_auto_confirm_days=5)
ACCEPTANCE = terms(Trigger.ON_ACCEPTANCE, acceptance_days=10)


def test_a_delivery_without_its_proof_is_held() -> None:
    """Case 1: given terms on proof of delivery, when the carrier delivers and no proof comes, then it is held with POD_MISSING."""
    order = shipped(ON_POD).hears(delivered(day(3)))
    assert (order.decisions, order.holds) == ([], ["POD_MISSING"])


def test_a_proof_days_later_releases_once_dated_at_the_proof() -> None:
    """Case 2: given terms on proof and a delivery, when the proof comes three days later, then there is one release dated at the proof."""
    order = shipped(ON_POD).hears(delivered(day(3)), proven(day(6)))
    assert (order.release.triggered_at, order.release.accounting_date) == (day(6), date(2026, 6, 6))


def test_pod_before_delivered_scan_releases_once() -> None:
    """Case 3: given terms on proof, when the proof arrives before the delivered scan, then there is one release and none when it lands."""
    assert shipped(ON_POD).hears(proven(day(3)), delivered(day(3, "12:05"))).kinds == ["RELEASE"]


def test_silence_is_proof_after_the_agreed_days_unless_something_is_wrong() -> None:
    """Case 4: given proof by silence after 5 days, when day 5 passes, then it is released (AUTO_CONFIRM); with an open exception held."""
    assert shipped(SILENCE).hears(delivered(day(3)), tick(8)).release.reasons == ("AUTO_CONFIRM",)
    troubled = shipped(SILENCE).hears(delivered(day(3)), exception(day(4)), tick(8))
    assert (troubled.decisions, troubled.holds) == ([], ["EXCEPTION", "POD_MISSING"])


@pytest.mark.parametrize("milestone", [Milestone.DELIVERED, Milestone.ETA_UPDATED])
def test_an_estimated_delivery_releases_nothing(milestone: Milestone) -> None:
    """Case 5: given terms on delivery, when only estimates of the delivery come, then nothing is released."""
    order = shipped(ON_DELIVERY).hears(happened(milestone, day(3), shipment="S1", classifier=Classifier.EST))
    assert (order.decisions, order.holds) == ([], ["NOT_DELIVERED"])


def test_out_for_delivery_releases_nothing() -> None:
    """Case 6: given terms on delivery, when UPS says out for delivery in its delivery group, then nothing is released."""
    said = event("carrier.raw", {**UPS, "activityStatus": {**UPS["activityStatus"], "type": "I"}})
    assert said.milestone is Milestone.OUT_FOR_DELIVERY
    order = shipped(ON_DELIVERY).hears(happened(said.milestone, day(3), shipment="S1"))
    assert (order.decisions, order.holds) == ([], ["NOT_DELIVERED"])


def test_picked_and_packed_is_not_shipped() -> None:
    """Case 7: given terms on shipment, when the goods are picked and packed and not issued, then it is held with NOT_SHIPPED."""
    order = ToldOrder(ON_SHIP).hears(released(), picked(day(1)), happened(Milestone.PACKED, day(1), package="P1", lines={"10": 10}))
    assert (order.decisions, order.holds) == ([], ["NOT_SHIPPED"])


def test_a_reversed_goods_issue_is_revoked_or_credited() -> None:
    """Case 8: given a release on shipment, when the issue is reversed, then it is revoked; where it was posted, credit is requested."""
    reversal = happened(Milestone.GOODS_ISSUE_REVERSED, day(4), shipment="S1", lines={"10": 10}, topic="wms.raw")
    order = shipped(ON_SHIP).hears(reversal)
    assert (order.kinds, order.net, order.decisions[1].reasons) == (["RELEASE", "REVOKE"], {}, ("GOODS_ISSUE_REVERSED",))
    assert shipped(ON_SHIP).hears(posted(day(3)), reversal).kinds == ["RELEASE", "CREDIT_REQUEST"]


def test_goods_issued_again_after_a_reversal_are_released_again() -> None:
    """Case 8: given a reversed goods issue, when the goods are issued again, also in part, then just that is released."""
    reversal = happened(Milestone.GOODS_ISSUE_REVERSED, day(4), shipment="S1", topic="wms.raw")
    again = [issued(day(2)), reversal, issued(day(5), {"10": 4})]
    for told in (again, again[::-1]):
        assert ToldOrder(ON_SHIP).hears(released(), *told).net == pieces(_10=4)


def test_a_reversal_of_a_part_leaves_the_rest() -> None:
    """Case 8: given ten issued, when three are reversed, then seven stay released and the order waits for three."""
    order = shipped(ON_SHIP).hears(happened(Milestone.GOODS_ISSUE_REVERSED, day(4), shipment="S1", lines={"10": 3}))
    assert (order.net, order.holds) == (pieces(_10=7), ["NOT_SHIPPED"])


def test_logical_scans_and_handing_to_a_third_party_are_no_delivery() -> None:
    """Case 9: given terms on delivery, when UPS sends a logical scan or DHL hands to a third party, then nothing is released."""
    assert refusal("carrier.raw", {**UPS_DELIVERED, "logicalScan": True}).message.count("logicalScan") >= 1
    assert express("TP") is Milestone.IN_TRANSIT
    assert shipped(ON_DELIVERY).hears(happened(express("TP"), day(3), shipment="S1")).decisions == []


def test_acceptance_is_a_word_or_silence_and_a_rejection_holds() -> None:
    """Case 10: given acceptance within 10 days, when the customer rejects on day 9, then it is held; silent on day 10, released."""
    order = shipped(ACCEPTANCE).hears(delivered(day(3)))
    assert (order.holds, order.outcome.wake_at) == (["ACCEPTANCE_MISSING"], day(13))
    assert order.hears(tick(13)).release.reasons == ("AUTO_CONFIRM",)
    refused = shipped(ACCEPTANCE).hears(delivered(day(3)), rejected(day(12)), tick(13))
    assert (refused.decisions, refused.holds) == ([], ["REJECTED"])
    assert refused.hears(accepted(day(15))).release.triggered_at == day(15)


def test_acceptance_by_word_releases_at_once() -> None:
    """Case 10: given acceptance within 10 days, when the customer accepts on day 2, then it is released on that day."""
    order = shipped(ACCEPTANCE).hears(delivered(day(3)), accepted(day(5)))
    assert (order.release.triggered_at, order.release.trigger) == (day(5), Trigger.ON_ACCEPTANCE)


def test_a_rejected_line_does_not_keep_the_others_from_being_accepted() -> None:
    """Case 10: given two lines, when the customer rejects one, then silence accepts the other, and the rejected line is held."""
    order = shipped(ACCEPTANCE, lines={"10": 10, "20": 5}).hears(delivered(day(3)), rejected(day(12), {"20": 5}), tick(13))
    assert (order.net, order.holds) == (pieces(_10=10), ["REJECTED"])


def test_an_unmapped_code_moves_nothing() -> None:
    """Case 11: given a delivery, when a newer code comes that nobody has mapped, then delivered stands and the code is parked."""
    shop = Installation().order().issue(day(2), shipment="S1").plan(day(2)).scan("DELIVERED", day(3)).scan("QQ7", day(4))
    assert (shop.decisions(), shop.state(), shop.refusals) == (["RELEASE"], "DELIVERED", ["UNMAPPED_CODE"])


def test_a_retracted_delivery_is_revoked_or_credited() -> None:
    """Case 12: given a release on delivery, when the delivery is retracted, then it is revoked; where posted, credit is requested."""
    scan = delivered(day(3))
    assert shipped(ON_DELIVERY).hears(scan, retracted(scan)).kinds == ["RELEASE", "REVOKE"]
    assert shipped(ON_DELIVERY).hears(scan, posted(day(4)), retracted(scan)).kinds == ["RELEASE", "CREDIT_REQUEST"]


# -- further triggers and proofs


def test_an_order_billed_on_order_is_released_with_it_and_shrinks_with_it() -> None:
    order = ToldOrder(terms(Trigger.ON_ORDER)).hears(released())
    assert (order.release.trigger, order.release.triggered_at, order.holds) == (Trigger.ON_ORDER, day(1, "00:00"), [])
    order.hears(issued(day(2)), delivered(day(3)))
    assert order.kinds == ["RELEASE"]
    assert order.hears(cancelled(day(4))).kinds == ["RELEASE", "REVOKE"]


def test_an_order_billed_on_order_does_not_mind_terms_that_end_before_its_goods_leave() -> None:
    prepaid = terms(Trigger.ON_ORDER, valid_to=day(2, "00:00"))
    order = ToldOrder(prepaid).hears(released(), issued(day(3), {"10": 6}), delivered(day(4)))
    assert (order.kinds, order.net, order.holds) == (["RELEASE"], pieces(_10=10), [])


def test_a_prepaid_release_stays_when_its_terms_are_taken_away() -> None:
    order = ToldOrder(terms(Trigger.ON_ORDER)).hears(released(), contract(terms(Trigger.ON_ORDER, valid_from=day(5))))
    assert (order.kinds, order.holds) == (["RELEASE"], ["NO_TERMS"])


def test_returned_goods_of_a_prepaid_order_are_taken_off_unless_they_are_sent_again() -> None:
    order = ToldOrder(terms(Trigger.ON_ORDER)).hears(released(), issued(day(2)), returned(day(6), {"10": 10}))
    assert (order.kinds, order.net) == (["RELEASE", "REVOKE"], {})
    assert order.hears(issued(day(7), shipment="S2")).net == pieces(_10=10)


def test_a_proof_of_a_kind_that_the_terms_do_not_take_proves_nothing() -> None:
    signed = terms(Trigger.ON_POD, pod_kinds=(ProofKind.SIGNATURE,), pod_auto_confirm_days=5)
    order = shipped(signed).hears(delivered(day(3)), proven(day(3), evidence=Evidence(kind=ProofKind.PHOTO)))
    assert (order.decisions, order.holds, order.outcome.wake_at) == ([], ["POD_MISSING"], day(8))
    assert order.hears(proven(day(4), evidence=Evidence("A. Smith"))).release.triggered_at == day(4)


def test_the_kind_of_a_proof_may_come_by_another_channel() -> None:
    signed = terms(Trigger.ON_POD, pod_kinds=(ProofKind.SIGNATURE,))
    order = shipped(signed).hears(delivered(day(3)), proven(day(4)))
    assert order.decisions == []
    order.hears(proven(day(4), evidence=Evidence("A. Smith"), subject="tracking:X:1"))
    assert (order.kinds, len(order.milestones)) == (["RELEASE"], 4)


def test_terms_that_bill_what_was_shipped_take_the_proof_as_a_trigger_only() -> None:
    order = shipped(terms(Trigger.ON_POD, quantity_basis=QuantityBasis.SHIPPED)).hears(delivered(day(3)), proven(day(4), lines={"10": 8}))
    assert (order.net, order.holds) == (pieces(_10=10), [])


def test_silence_after_an_exception_that_is_over_still_counts_from_the_delivery() -> None:
    order = shipped(ACCEPTANCE).hears(delivered(day(3)), exception(day(4)), tick(13), exception_over(day(14)))
    assert order.release.triggered_at == day(13)


def test_silence_accepts_each_part_delivery_for_itself() -> None:
    order = shipped(ACCEPTANCE).hears(delivered_partial(day(3), {"10": 6}), delivered_partial(day(5), {"10": 4}), tick(13))
    assert order.net == pieces(_10=6)
