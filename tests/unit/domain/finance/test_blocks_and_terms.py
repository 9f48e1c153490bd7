"""Finance cases 38 to 48: blocks, disputes, terms, Incoterms."""

from __future__ import annotations

from streams.domain.event import Exceptional
from streams.domain.terms import INCOTERMS, DisputePolicy, Incoterm, Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass, Settlement
from tests.unit.domain.finance.words import blocked, shipped, unblocked
from tests.unit.domain.telling import (
    ToldOrder,
    contract,
    day,
    delivered,
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
    terms,
)
from tests.unit.normalize.test_hazards import say

ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)
THREE = {"10": 10, "20": 5, "30": 1}


def by_incoterm(incoterm: Incoterm) -> ToldOrder:
    return shipped(terms(Trigger.ON_MILESTONES, incoterm=incoterm, milestones=INCOTERMS[incoterm]))


def test_a_block_on_the_order_holds_its_deliveries() -> None:
    """Case 38: given a billing block on the order header and none on the delivery, when it is delivered, then it is held (ORDER_BLOCK)."""
    order = shipped(ON_DELIVERY).hears(blocked(day(2)), delivered(day(3)))
    assert order.row is not None
    assert (order.decisions, [(reason.code.value, reason.detail) for reason in order.row.hold]) == ([], [("ORDER_BLOCK", "ERP:01")])


def test_a_block_on_a_line_holds_that_line() -> None:
    """Case 39: given a block on one of three lines, when all is delivered, then the two others are released."""
    order = shipped(ON_DELIVERY, lines=THREE).hears(blocked(day(2), lines={"20": 0}), delivered(day(3)))
    assert (order.kinds, order.net, order.holds) == (["PARTIAL_RELEASE"], pieces(_10=10, _30=1), ["LINE_BLOCK"])


def test_the_end_of_a_block_releases_by_itself() -> None:
    """Case 40: given a delivery held by a block, when the block is cleared and no scan comes, then that alone releases it."""
    order = shipped(ON_DELIVERY).hears(blocked(day(2)), delivered(day(3)))
    assert order.decisions == []
    assert order.hears(unblocked(day(5))).kinds == ["RELEASE"]


def test_a_credit_hold_holds_until_it_is_cleared() -> None:
    """Case 41: given a credit hold, when the goods are delivered, then they are held until it is cleared."""
    raised = exception(day(2), "C2", reason=ReasonClass.CREDIT_HOLD)
    order = shipped(ON_DELIVERY).hears(raised, delivered(day(3)))
    assert (order.decisions, order.holds) == ([], ["EXCEPTION"])
    assert order.hears(exception_over(day(4), "C2")).kinds == ["RELEASE"]
    held = happened(Milestone.ORDER_HELD, day(2), exceptional=Exceptional(ReasonClass.CREDIT_HOLD, Effect.BILLING_BLOCK), case_id="C2")
    order = shipped(ON_DELIVERY).hears(held, delivered(day(3)))
    assert (order.decisions, order.holds) == ([], ["ORDER_HELD"])
    assert order.hears(happened(Milestone.ORDER_HOLD_CLEARED, day(4), case_id="C2")).kinds == ["RELEASE"]


def test_a_dispute_before_the_release_ends_for_against_or_in_part() -> None:
    """Case 42: given a dispute, when all is proven, then it is held; settled for the seller all is released, in part the net."""
    for settlement, net in ((Settlement.STANDS, 10), (None, 10), (Settlement.PART, 7), (Settlement.CREDIT, 6)):
        order = shipped(ON_POD).hears(disputed(day(2), lines={"10": 4}), delivered(day(3)), proven(day(3)))
        assert (order.decisions, order.holds) == ([], ["DISPUTE"])
        order.hears(dispute_over(day(9), settlement=settlement, lines={"10": 3} if settlement is Settlement.PART else None))
        assert (order.kinds, order.net, order.holds) == (["RELEASE"], pieces(_10=net), [])


def test_a_dispute_after_posting_that_ends_with_a_credit_is_credited_with_its_case() -> None:
    """Case 43: given a posted release, when a dispute ends with a credit, then it is requested by that case, and nothing is released."""
    dispute, end = disputed(day(5), lines={"10": 4}), dispute_over(day(9), settlement=Settlement.CREDIT)
    order = shipped(ON_POD).hears(delivered(day(3)), proven(day(3)), posted(day(4)), dispute)
    assert (order.kinds, order.holds) == (["RELEASE"], ["DISPUTE"])
    order.hears(end)
    credit = order.decisions[1]
    assert (order.kinds, order.net, credit.reasons) == (["RELEASE", "CREDIT_REQUEST"], pieces(_10=6), ("DISPUTE_CONCEDED",))
    assert {dispute.event_id, end.event_id} <= set(credit.evidence)


def test_of_two_disputes_on_a_line_both_must_end() -> None:
    """Case 44: given two disputes on one line, when one is resolved, then it is still held."""
    order = shipped(ON_DELIVERY).hears(disputed(day(2), "A", {"10": 2}), disputed(day(2), "B", {"10": 3}), delivered(day(3)))
    assert (order.hears(dispute_over(day(4), "A")).decisions, order.holds) == ([], ["DISPUTE"])
    assert order.hears(dispute_over(day(5), "B")).kinds == ["RELEASE"]


def test_an_order_without_valid_terms_waits_for_them() -> None:
    """Case 45: given no terms, or expired ones, at the delivery, when they come later, then it is held with NO_TERMS and then released."""
    for versions in ((), (terms(Trigger.ON_DELIVERY, valid_to=day(3, "11:00")),)):
        order = shipped(*versions).hears(delivered(day(3)))
        assert (order.decisions, order.holds) == ([], ["NO_TERMS"])
        assert order.hears(contract(ON_DELIVERY)).release.triggered_at == day(3)


def test_the_version_valid_at_the_trigger_counts() -> None:
    """Case 46: given terms that change between shipment and delivery, when it is judged, then the version of the trigger's time counts."""
    versions = (terms(Trigger.ON_DELIVERY, valid_to=day(3, "00:00")), terms(Trigger.ON_DELIVERY, version=2, valid_from=day(3, "00:00")))
    assert shipped(*versions).hears(delivered(day(3))).release.terms_version == 2


def test_on_board_counts_at_the_port_of_loading_only() -> None:
    """Case 47: given FOB, when loading is estimated, and then told of a transshipment, then only the real loading at origin releases."""
    order = by_incoterm(Incoterm.FOB)
    order.hears(happened(Milestone.LOADED_ON_VESSEL, day(3), shipment="S1", classifier=Classifier.EST))
    again_on_the_way = say("dcsa.tnt.v3", "LOAD", "EQUIPMENT/TRANSSHIPMENT").milestone
    order.hears(happened(again_on_the_way, day(4), shipment="S1"))
    assert (order.decisions, order.holds) == ([], ["MILESTONE_MISSING"])
    at_origin = say("dcsa.tnt.v3", "LOAD", "EQUIPMENT").milestone
    assert order.hears(happened(at_origin, day(3), shipment="S1")).release.triggered_at == day(3)


def test_delivered_duty_paid_waits_for_customs() -> None:
    """Case 48: given DDP, when it is delivered and customs have not cleared it, then it is held; cleared, it is released."""
    order = by_incoterm(Incoterm.DDP).hears(delivered(day(3)))
    assert order.row is not None
    assert (order.decisions, [reason.detail for reason in order.row.hold]) == ([], ["CUSTOMS_CLEARED"])
    cleared = order.hears(happened(Milestone.CUSTOMS_CLEARED, day(4), shipment="S1"))
    assert (cleared.release.triggered_at, cleared.release.trigger) == (day(4), Trigger.ON_MILESTONES)


# -- more about blocks and disputes


def test_a_block_on_a_delivery_holds_that_delivery() -> None:
    order = ToldOrder(ON_DELIVERY).hears(
        released({"10": 20}), issued(day(2), shipment="", delivery="D1"), issued(day(2), shipment="", delivery="D2")
    )
    order.hears(
        blocked(day(2), delivery="D2"),
        happened(Milestone.DELIVERED, day(3), delivery="D1"),
        happened(Milestone.DELIVERED, day(3), delivery="D2"),
    )
    assert (order.net, order.holds) == (pieces(_10=10), ["DELIVERY_BLOCK"])
    assert order.hears(unblocked(day(4), delivery="D2")).net == pieces(_10=20)


def test_a_block_on_a_delivery_that_nobody_knows_holds_everything() -> None:
    order = shipped(ON_DELIVERY).hears(blocked(day(2), delivery="D9"), delivered(day(3)))
    assert (order.decisions, order.holds) == ([], ["DELIVERY_BLOCK"])


def test_one_code_may_block_header_and_line_and_each_is_cleared_for_itself() -> None:
    order = shipped(ON_DELIVERY, lines=THREE).hears(blocked(day(2)), blocked(day(2), lines={"20": 0}), delivered(day(3)))
    assert order.holds == ["LINE_BLOCK", "ORDER_BLOCK"]
    order.hears(unblocked(day(4)))
    assert (order.net, order.holds) == (pieces(_10=10, _30=1), ["LINE_BLOCK"])


def test_terms_may_pass_over_a_block() -> None:
    order = shipped(terms(Trigger.ON_DELIVERY, ignored_blocks=("08",))).hears(blocked(day(2), "ERP:08"), delivered(day(3)))
    assert (order.kinds, order.holds) == (["RELEASE"], [])


def test_a_block_after_the_release_takes_nothing_back() -> None:
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), blocked(day(4)))
    assert (order.kinds, order.holds) == (["RELEASE"], ["ORDER_BLOCK"])


def test_a_dispute_holds_all_its_lines_or_nothing_by_the_terms() -> None:
    for policy, net, holds in (
        (DisputePolicy.HOLD_ALL, {}, ["DISPUTE"]),
        (DisputePolicy.HOLD_LINES, pieces(_10=10, _30=1), ["DISPUTE"]),
        (DisputePolicy.IGNORE, pieces(_10=10, _20=5, _30=1), []),
    ):
        order = shipped(terms(Trigger.ON_DELIVERY, disputes=policy), lines=THREE).hears(
            disputed(day(2), lines={"20": 1}), delivered(day(3))
        )
        assert (order.net, order.holds) == (net, holds)


def test_a_dispute_opened_again_holds_again_and_what_was_conceded_is_open() -> None:
    order = shipped(ON_DELIVERY).hears(
        disputed(day(2), lines={"10": 4}), delivered(day(3)), dispute_over(day(4), settlement=Settlement.CREDIT)
    )
    assert order.net == pieces(_10=6)
    order.hears(disputed(day(5), lines={"10": 4}))
    assert (order.net, order.holds) == (pieces(_10=6), ["DISPUTE"])
    order.hears(dispute_over(day(6), settlement=Settlement.STANDS))
    assert (order.net, order.holds) == (pieces(_10=10), [])


def test_an_incoterm_asks_for_its_own_milestone() -> None:
    for incoterm, milestone in (
        (Incoterm.EXW, Milestone.STAGED),
        (Incoterm.FCA, Milestone.PICKED_UP),
        (Incoterm.CPT, Milestone.DISPATCHED),
        (Incoterm.CIF, Milestone.LOADED_ON_VESSEL),
        (Incoterm.DAP, Milestone.ARRIVED_DESTINATION),
        (Incoterm.DPU, Milestone.UNLOADED),
    ):
        order = by_incoterm(incoterm)
        assert order.holds == ["MILESTONE_MISSING"]
        assert order.hears(happened(milestone, day(3), shipment="S1")).kinds == ["RELEASE"], incoterm


def test_listed_milestones_release_a_part_when_all_of_them_were_told_of_it() -> None:
    both = terms(Trigger.ON_MILESTONES, milestones=(Milestone.DELIVERED, Milestone.CUSTOMS_CLEARED))
    order = shipped(both).hears(happened(Milestone.CUSTOMS_CLEARED, day(3), shipment="S1"), delivered_partial(day(4), {"10": 6}))
    assert (order.net, order.holds) == (pieces(_10=6), ["MILESTONE_MISSING"])
    assert order.hears(delivered(day(5))).net == pieces(_10=10)
