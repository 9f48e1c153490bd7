"""Finance cases 26 to 37: exceptions, OS&D, returns, losses. Case 35 has its finding in test_findings.py."""

from __future__ import annotations

from decimal import Decimal

import pytest

from streams.domain.event import Exceptional
from streams.domain.terms import ExceptionPolicy, ExceptionRule, Granularity, Incoterm, LatePolicy, ReturnPolicy, Trigger
from streams.domain.vocabulary import Effect, Milestone, ReasonClass, Settlement
from streams.normalize.x12_214 import SILENT
from tests.unit.domain.finance.words import return_announced, returned, shipped
from tests.unit.domain.telling import (
    ToldOrder,
    day,
    delivered,
    delivered_damaged,
    delivered_partial,
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
    retracted,
    terms,
)
from tests.unit.normalize.test_hazards import express

ON_SHIP = terms(Trigger.ON_SHIP)
ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)


def test_a_damaged_delivery_is_held() -> None:
    """Case 26: given a delivery with damage noted, when it is judged, then it is held and not released in full."""
    order = shipped(ON_DELIVERY).hears(delivered_damaged(day(3)))
    assert order.row is not None
    assert (order.decisions, [(reason.code.value, reason.detail) for reason in order.row.hold]) == ([], [("EXCEPTION", "DAMAGE")])


def test_a_damaged_quantity_may_be_held_alone() -> None:
    """Case 26: given terms that release the net of damages, when two of ten are damaged, then eight are released, the two are held."""
    net = terms(Trigger.ON_DELIVERY, exceptions=(ExceptionRule(ReasonClass.DAMAGE, ExceptionPolicy.RELEASE_NET),))
    damage = exception(day(3), "D1", reason=ReasonClass.DAMAGE, lines={"10": 2}, shipment="S1")
    order = shipped(net).hears(damage, delivered(day(3)))
    assert (order.kinds, order.net, order.holds) == (["PARTIAL_RELEASE"], pieces(_10=8), ["EXCEPTION"])
    assert order.decisions[0].reasons == ("NET",)
    assert order.hears(exception_over(day(4), "D1")).net == pieces(_10=10)


def test_part_of_a_shipment_is_never_all_of_it() -> None:
    """Case 27: given DHL's code PD, when it is mapped, then it is a part delivery and never a delivery."""
    assert express("PD") is Milestone.DELIVERED_PARTIAL
    order = shipped(ON_DELIVERY).hears(happened(express("PD"), day(3), shipment="S1"))
    assert (order.decisions, order.holds) == ([], ["SHIPMENT_CONTENTS_UNKNOWN"])


def test_an_exception_that_was_over_before_the_delivery_holds_nothing() -> None:
    """Case 28: given bad weather that was over before the delivery, when it is delivered clean, then it is released; the trail has both."""
    order = shipped(ON_DELIVERY).hears(exception(day(2), reason=ReasonClass.WEATHER), exception_over(day(2, "18:00")), delivered(day(3)))
    assert order.kinds == ["RELEASE"]
    told = [reached.event.milestone for reached in order.milestones]
    assert told.count(Milestone.EXCEPTION_RAISED) == told.count(Milestone.EXCEPTION_RESOLVED) == 1


def test_a_late_delivery_is_released_with_a_flag_where_the_terms_punish_it() -> None:
    """Case 29: given a delay as information only, when it is delivered late under terms with a penalty, then the release carries a flag."""
    late = exception(day(2), effect=Effect.DELAY, reason=ReasonClass.CARRIER_DELAY)
    assert shipped(terms(Trigger.ON_DELIVERY, late_penalty=True)).hears(late, delivered(day(5))).release.reasons == ("LATE_DELIVERY",)
    assert shipped(ON_DELIVERY).hears(late, delivered(day(5))).release.reasons == ()


def test_refused_goods_are_not_billed_and_credited_when_they_are_back() -> None:
    """Case 30: given a refusal, when the goods come back, then nothing is released; posted on shipment, credit is due when received."""
    refusal = happened(
        Milestone.DELIVERY_REFUSED, day(3), shipment="S1", exceptional=Exceptional(ReasonClass.CONSIGNEE_REFUSED, Effect.BILLING_BLOCK)
    )
    on_the_way_back = happened(Milestone.RETURNED_TO_SHIPPER, day(5), shipment="S1")
    back = returned(day(6), {"10": 10}, "RMA-1")
    order = shipped(ON_DELIVERY).hears(refusal, on_the_way_back, back)
    assert (order.decisions, order.holds) == ([], ["EXCEPTION", "NOT_DELIVERED"])
    early = shipped(ON_SHIP).hears(posted(day(2, "13:00")), refusal, on_the_way_back)
    assert early.kinds == ["RELEASE"]
    early.hears(back)
    assert (early.kinds, early.net, early.decisions[1].reasons) == (["RELEASE", "CREDIT_REQUEST"], {}, ("RETURNED",))


def test_refused_goods_that_come_back_do_not_hold_those_sent_instead() -> None:
    """Case 30: given a refused shipment on its way back, when another is sent and delivered, then that is released, once."""
    refusal = happened(
        Milestone.DELIVERY_REFUSED, day(3), shipment="S1", exceptional=Exceptional(ReasonClass.CONSIGNEE_REFUSED, Effect.BILLING_BLOCK)
    )
    order = shipped(ON_DELIVERY).hears(refusal, happened(Milestone.RETURNING, day(4), shipment="S1"), issued(day(5), shipment="S2"))
    order.hears(delivered(day(6), "S2"), returned(day(8), {"10": 10}))
    assert (order.net, order.holds) == ({}, ["EXCEPTION"])
    order.hears(exception_over(day(8), "", shipment="S1"))
    assert (order.kinds, order.net) == (["RELEASE"], pieces(_10=10))


def test_a_return_is_credited_once_whoever_tells_of_it() -> None:
    """Case 31: given a posted delivery, when three come back, told by ERP, carrier and warehouse, then three are credited, once."""
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), posted(day(4)), return_announced(day(5), {"10": 3}, "RMA-1"))
    order.hears(happened(Milestone.RETURNED_TO_SHIPPER, day(7), shipment="R9"), returned(day(8), {"10": 3}, "RMA-1"))
    order.hears(returned(day(8, "14:00"), {"10": 3}, "RMA-1"))
    assert (order.kinds, order.net) == (["RELEASE", "CREDIT_REQUEST"], pieces(_10=7))
    assert (order.decisions[1].amount, order.holds, order.billing) == (Decimal(-30), [], "INVOICED")


def test_an_announced_return_holds_or_revokes_by_the_terms() -> None:
    """Case 32: given a release that is not posted, when a return is announced, then it is revoked, or only held, by the terms."""
    announced = return_announced(day(4), {"10": 3}, "RMA-1")
    held = shipped(ON_DELIVERY).hears(delivered(day(3)), announced)
    assert (held.kinds, held.holds) == (["RELEASE"], ["RETURN"])
    revoked = shipped(terms(Trigger.ON_DELIVERY, returns=ReturnPolicy.REVOKE)).hears(delivered(day(3)), announced)
    assert (revoked.kinds, revoked.net, revoked.decisions[1].reasons) == (["RELEASE", "REVOKE"], pieces(_10=7), ("RETURN_ANNOUNCED",))
    before = shipped(ON_DELIVERY).hears(announced, delivered(day(5)))
    assert (before.net, before.holds) == (pieces(_10=7), ["RETURN"])


def test_an_announced_return_of_posted_goods_is_credited_only_when_they_are_back() -> None:
    """Case 32: given a posted release, when a return is announced, then no credit is requested before the goods are back."""
    order = shipped(terms(Trigger.ON_DELIVERY, returns=ReturnPolicy.REVOKE)).hears(delivered(day(3)), posted(day(4)))
    order.hears(return_announced(day(5), {"10": 3}, "RMA-1"))
    assert order.kinds == ["RELEASE"]
    assert order.hears(returned(day(8), {"10": 3}, "RMA-1")).kinds == ["RELEASE", "CREDIT_REQUEST"]


def test_the_return_of_the_part_that_was_not_invoiced_completes_the_order() -> None:
    """Case 33: given six of ten invoiced, when the other four come back, then net is delivered less returned, and nothing is left open."""
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), posted(day(4), lines={"10": 6}, amount="60.00"), returned(day(6), {"10": 4}))
    assert (order.kinds, order.net) == (["RELEASE", "REVOKE"], pieces(_10=6))
    assert (order.holds, order.billing, order.state) == ([], "INVOICED", "DELIVERED")


def test_the_return_of_invoiced_units_lowers_what_is_billed_and_no_more() -> None:
    """Case 34: given ten invoiced, when two come back, then two are credited and the order stays invoiced for eight."""
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), posted(day(4)), returned(day(6), {"10": 2}))
    assert (order.kinds, order.net, order.billing) == (["RELEASE", "CREDIT_REQUEST"], pieces(_10=8), "INVOICED")


@pytest.mark.parametrize(("incoterm", "credited"), [(None, False), (Incoterm.FCA, False), (Incoterm.DAP, True)])
def test_a_loss_after_posting_is_credited_only_at_the_sellers_risk(incoterm: Incoterm | None, credited: bool) -> None:
    """Case 35: given goods posted on shipment, when they are lost, then credit is requested only where the seller bears the risk."""
    lost = happened(Milestone.LOST, day(5), shipment="S1", exceptional=Exceptional(ReasonClass.LOSS, Effect.BILLING_BLOCK))
    order = shipped(terms(Trigger.ON_SHIP, incoterm=incoterm)).hears(posted(day(3)), lost)
    assert ("CREDIT_REQUEST" in order.kinds) is credited
    assert order.holds == ["EXCEPTION"]


def test_a_shortage_found_after_a_clean_proof_holds_its_line_only() -> None:
    """Case 36: given a clean proof of three lines, when a dispute about one is opened, then only the others are released."""
    order = shipped(ON_POD, lines={"10": 10, "20": 5, "30": 1}).hears(disputed(day(3), lines={"20": 2}), delivered(day(3)), proven(day(3)))
    assert (order.kinds, order.net, order.holds) == (["PARTIAL_RELEASE"], pieces(_10=10, _30=1), ["DISPUTE"])


def test_papers_alone_are_no_pickup() -> None:
    """Case 37: given the 214 status OO (paperwork only), when it is read, then it says nothing, and triggers nothing."""
    assert "OO" in SILENT


# -- more about returns, losses and exceptions


def test_a_withdrawn_return_never_was() -> None:
    back = returned(day(6), {"10": 2})
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), posted(day(4)), back, retracted(back))
    assert (order.kinds, order.net) == (["RELEASE", "CREDIT_REQUEST", "RELEASE"], pieces(_10=10))


def test_lost_goods_that_are_found_and_delivered_are_released() -> None:
    lost = happened(Milestone.LOST, day(4), shipment="S1", exceptional=Exceptional(ReasonClass.LOSS, Effect.BILLING_BLOCK))
    order = shipped(ON_DELIVERY).hears(lost)
    assert order.holds == ["EXCEPTION", "NOT_DELIVERED"]
    order.hears(delivered(day(9)))
    assert (order.kinds, order.holds) == (["RELEASE"], [])


def test_a_credit_may_be_left_to_a_person() -> None:
    order = shipped(terms(Trigger.ON_DELIVERY, late=LatePolicy.REVIEW)).hears(
        delivered(day(3)), posted(day(4)), returned(day(6), {"10": 2})
    )
    assert (order.kinds, order.holds) == (["RELEASE"], ["CREDIT_REVIEW"])


def test_an_exception_about_one_delivery_holds_that_one_where_deliveries_are_invoiced_one_by_one() -> None:
    by_delivery = terms(Trigger.ON_DELIVERY, granularity=Granularity.DELIVERY)
    order = ToldOrder(by_delivery).hears(released({"10": 20}), issued(day(2)), issued(day(2), {"10": 10}, "S2"))
    order.hears(exception(day(3), reason=ReasonClass.DAMAGE, shipment="S2"), delivered(day(3)), delivered(day(3), "S2"))
    assert (order.net, order.holds) == (pieces(_10=10), ["EXCEPTION"])


def test_terms_may_hold_for_a_delay_and_pass_over_a_damage() -> None:
    rules = (ExceptionRule(ReasonClass.CARRIER_DELAY, ExceptionPolicy.HOLD), ExceptionRule(ReasonClass.DAMAGE, ExceptionPolicy.IGNORE))
    strange = terms(Trigger.ON_DELIVERY, exceptions=rules)
    delay = exception(day(2), effect=Effect.DELAY, reason=ReasonClass.CARRIER_DELAY)
    assert shipped(strange).hears(delay, delivered(day(3))).holds == ["EXCEPTION"]
    assert shipped(strange).hears(delivered_damaged(day(3))).kinds == ["RELEASE"]


def test_what_is_conceded_and_returned_under_one_case_counts_once() -> None:
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), posted(day(4)), disputed(day(5), "K1", {"10": 2}))
    order.hears(dispute_over(day(8), "K1", Settlement.CREDIT), returned(day(9), {"10": 2}, "K1"))
    assert (order.kinds, order.net) == (["RELEASE", "CREDIT_REQUEST"], pieces(_10=8))


def test_a_return_before_the_proof_comes_is_never_released() -> None:
    order = shipped(ON_POD).hears(delivered(day(3)), returned(day(5), {"10": 4}), proven(day(6)))
    assert (order.net, order.holds) == (pieces(_10=6), [])


def test_a_part_delivery_and_the_return_of_the_rest_leave_what_was_kept() -> None:
    order = shipped(ON_SHIP).hears(delivered_partial(day(3), {"10": 6}), returned(day(5), {"10": 4}, shipment="S1"))
    assert (order.net, order.billing) == (pieces(_10=6), "RELEASED")
