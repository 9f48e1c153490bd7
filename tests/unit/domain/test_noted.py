"""Milestones that nothing is derived from yet: facts, published, and never a delivery, a proof or a release."""

from __future__ import annotations

import pytest

from streams.domain.event import Exceptional
from streams.domain.sorting import DERIVED_FROM
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Effect, Milestone, ReasonClass
from tests.unit.domain.telling import ToldOrder, day, delivered, exception, happened, issued, released, terms

NOTED = [kind for kind in Milestone if kind not in DERIVED_FROM]


def shipped_order(trigger: Trigger) -> ToldOrder:
    return ToldOrder(terms(trigger)).hears(released({"10": 10}), issued(day(2), {"10": 10}))


@pytest.mark.parametrize("kind", NOTED)
@pytest.mark.parametrize("trigger", [Trigger.ON_DELIVERY, Trigger.ON_POD])
def test_a_noted_milestone_is_published_and_changes_neither_state_nor_release(kind: Milestone, trigger: Trigger) -> None:
    order = shipped_order(trigger)
    before = (order.state, order.billing, order.net, order.holds)
    told = len(order.milestones)
    order.hears(happened(kind, day(3), shipment="S1"))
    assert len(order.milestones) == told + 1
    assert (order.state, order.billing, order.net, order.holds) == before


def test_a_refused_delivery_is_no_delivery_and_is_over_when_a_later_one_is_clean() -> None:
    refused = Exceptional(ReasonClass.CONSIGNEE_REFUSED, Effect.BILLING_BLOCK)
    order = shipped_order(Trigger.ON_DELIVERY)
    order.hears(happened(Milestone.DELIVERY_REFUSED, day(3), shipment="S1", exceptional=refused, case_id="R1"))
    assert order.net == {}
    assert order.holds == ["EXCEPTION", "NOT_DELIVERED"]
    order.hears(delivered(day(4)))
    assert order.kinds == ["RELEASE"]
    assert order.holds == []


def test_a_refusal_is_not_over_by_an_older_delivery_or_one_of_other_goods() -> None:
    refused = Exceptional(ReasonClass.CONSIGNEE_REFUSED, Effect.BILLING_BLOCK)
    order = shipped_order(Trigger.ON_DELIVERY)
    order.hears(delivered(day(2, "18:00"), "S2"), happened(Milestone.DELIVERY_REFUSED, day(3), shipment="S1", exceptional=refused))
    order.hears(delivered(day(5), "S2"))
    assert order.decisions == []
    assert "EXCEPTION" in order.holds


def test_customs_clearance_ends_the_customs_case_only() -> None:
    order = shipped_order(Trigger.ON_DELIVERY)
    held = Exceptional(ReasonClass.CUSTOMS, Effect.BILLING_BLOCK)
    order.hears(happened(Milestone.CUSTOMS_HELD, day(3), shipment="S1", exceptional=held, case_id="T1:CUSTOMS"))
    order.hears(exception(day(3), case="T1:DAMAGE", effect=Effect.BILLING_BLOCK), delivered(day(4)))
    order.hears(happened(Milestone.CUSTOMS_CLEARED, day(5), case_id="T1:CUSTOMS"))
    assert order.net == {}
    order.hears(happened(Milestone.EXCEPTION_RESOLVED, day(6), case_id="T1:DAMAGE"))
    assert order.kinds == ["RELEASE"]


def test_a_shipment_known_only_by_its_scans_in_terminals_is_on_its_way() -> None:
    order = shipped_order(Trigger.ON_DELIVERY).hears(happened(Milestone.ARRIVED_TERMINAL, day(3), shipment="S1"))
    assert order.state == "IN_TRANSIT"
