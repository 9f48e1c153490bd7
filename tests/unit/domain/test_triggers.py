"""When goods become billable: triggers, terms and their versions, silence as proof, cut-offs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from streams.domain.decisions import HoldCode
from streams.domain.event import Tick
from streams.domain.instant import TimeQuality
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone
from tests.unit.domain.telling import (
    ORDER_ID,
    START,
    ToldOrder,
    changed,
    contract,
    day,
    delivered,
    delivered_damaged,
    delivered_partial,
    dispute_over,
    disputed,
    exception,
    exception_over,
    happened,
    in_transit,
    issued,
    picked,
    pieces,
    proven,
    released,
    retracted,
    terms,
)

ON_SHIP = terms(Trigger.ON_SHIP)
ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)
SILENCE = terms(Trigger.ON_POD, pod_auto_confirm_days=5)


def shipped_order(*versions: object) -> ToldOrder:
    return ToldOrder(*versions).hears(released(), issued(day(2)))  # type: ignore[arg-type]


def tick(number: int, time: str = "12:00") -> Tick:
    return Tick(day(number, time), f"o/{ORDER_ID}")


# -- trigger and evidence


def test_case_1_delivered_without_proof_waits_for_it() -> None:
    order = shipped_order(ON_POD).hears(delivered(day(3)))
    assert order.decisions == []
    assert order.holds == ["POD_MISSING"]


def test_case_2_proof_three_days_later_releases_once_dated_at_the_proof() -> None:
    order = shipped_order(ON_POD).hears(delivered(day(3)), proven(day(6)))
    assert order.release.triggered_at == day(6)
    assert order.release.accounting_date == date(2026, 6, 6)
    assert order.net == pieces(_10=10)
    assert order.holds == []


def test_case_3_proof_before_the_delivered_scan_releases_once() -> None:
    order = shipped_order(ON_POD).hears(proven(day(3, "11:58")))
    assert order.release.triggered_at == day(3, "11:58")
    order.hears(delivered(day(3, "12:00")))
    assert order.kinds == ["RELEASE"]
    assert order.state == "PROVEN"


def test_case_4_silence_for_the_agreed_days_is_proof() -> None:
    order = shipped_order(SILENCE).hears(delivered(day(3)))
    assert order.wake_at == day(8)
    order.hears(tick(8))
    assert order.release.reasons == ("AUTO_CONFIRM",)
    assert order.release.triggered_at == day(8)
    assert order.wake_at is None
    assert order.holds == []


def test_case_4_a_tick_that_comes_too_early_confirms_nothing() -> None:
    order = shipped_order(SILENCE).hears(delivered(day(3)), tick(8, "11:59"))
    assert order.decisions == []
    assert order.wake_at == day(8)


def test_case_4_an_open_exception_speaks_against_silence() -> None:
    order = shipped_order(SILENCE).hears(delivered(day(3)), exception(day(4)), tick(8))
    assert order.decisions == []
    assert order.holds == ["EXCEPTION", "POD_MISSING"]
    order.hears(exception_over(day(9)))
    assert order.release.reasons == ("AUTO_CONFIRM",)


@pytest.mark.parametrize("effect", [Effect.BILLING_BLOCK, Effect.DELIVERY_BLOCK])
def test_case_4_an_exception_after_the_silence_takes_nothing_back(effect: Effect) -> None:
    order = shipped_order(SILENCE).hears(delivered(day(3)), tick(8), exception(day(9), effect=effect))
    assert order.kinds == ["RELEASE"]
    assert "POD_MISSING" in order.holds
    order.hears(exception_over(day(10)))
    assert order.kinds == ["RELEASE"]
    assert order.holds == []


def test_case_4_a_withdrawn_delivery_is_revoked_though_an_exception_is_open() -> None:
    scan = delivered(day(3))
    order = shipped_order(SILENCE).hears(scan, tick(8), exception(day(9)), retracted(scan))
    assert order.kinds == ["RELEASE", "REVOKE"]


def test_case_4_a_delay_says_nothing_against_silence() -> None:
    order = shipped_order(SILENCE).hears(exception(day(2), effect=Effect.DELAY), delivered(day(3)), tick(8))
    assert order.release.reasons == ("AUTO_CONFIRM",)


def test_case_4_a_proof_of_less_is_not_overruled_by_silence() -> None:
    order = shipped_order(SILENCE).hears(delivered(day(3)), proven(day(4), lines={"10": 8}), tick(20))
    assert order.net == pieces(_10=8)
    assert order.holds == ["POD_MISSING"]


def test_case_4_a_proof_of_less_after_the_silence_takes_the_rest_back() -> None:
    order = shipped_order(SILENCE).hears(delivered(day(3)), tick(8), proven(day(9), lines={"10": 8}))
    assert order.kinds == ["RELEASE", "REVOKE"]
    assert order.net == pieces(_10=8)


def test_wake_up_is_a_whole_millisecond_not_before_its_time() -> None:
    order = shipped_order(SILENCE).hears(delivered(day(3) + timedelta(microseconds=1)))
    assert order.wake_at == day(8) + timedelta(milliseconds=1)
    order.hears(Tick(day(8) + timedelta(milliseconds=1), f"o/{ORDER_ID}"))
    assert order.kinds == ["RELEASE"]


def test_nobody_is_woken_for_an_order_that_is_complete() -> None:
    order = shipped_order(SILENCE).hears(delivered(day(3)), proven(day(3)), issued(day(4), shipment="S2"), delivered(day(5), "S2"))
    assert order.kinds == ["RELEASE"]
    assert order.wake_at is None


def test_silence_matters_only_where_the_contract_asks_for_proof() -> None:
    order = shipped_order(terms(Trigger.ON_DELIVERY, pod_auto_confirm_days=5)).hears(delivered_partial(day(3), {"10": 6}))
    assert order.wake_at is None


def test_silence_counts_each_partial_delivery_for_itself() -> None:
    order = shipped_order(SILENCE).hears(delivered_partial(day(3), {"10": 6}), delivered_partial(day(5), {"10": 4}))
    assert order.wake_at == day(8)
    order.hears(tick(8))
    assert order.net == pieces(_10=6)
    assert order.wake_at == day(10)
    order.hears(tick(10))
    assert order.net == pieces(_10=10)


@pytest.mark.parametrize("milestone", [Milestone.DELIVERED, Milestone.ETA_UPDATED])
@pytest.mark.parametrize("classifier", [Classifier.EST, Classifier.PLN])
def test_case_5_estimates_and_plans_never_release(milestone: Milestone, classifier: Classifier) -> None:
    order = shipped_order(ON_DELIVERY).hears(happened(milestone, day(3), shipment="S1", classifier=classifier))
    assert order.decisions == []
    assert order.holds == ["NOT_DELIVERED"]
    assert order.state == "SHIPPED"


def test_case_6_out_for_delivery_is_not_delivered() -> None:
    order = shipped_order(ON_DELIVERY).hears(happened(Milestone.OUT_FOR_DELIVERY, day(3), shipment="S1"))
    assert order.decisions == []
    assert order.state == "OUT_FOR_DELIVERY"
    assert order.holds == ["NOT_DELIVERED"]


def test_case_7_picked_is_not_shipped() -> None:
    order = ToldOrder(ON_SHIP).hears(released(), picked(day(1)))
    assert order.decisions == []
    assert order.holds == ["NOT_SHIPPED"]
    assert order.state == "PICKED"


def test_shipped_releases_where_the_contract_says_so() -> None:
    order = shipped_order(ON_SHIP)
    assert order.release.trigger is Trigger.ON_SHIP
    assert order.release.triggered_at == day(2)


def test_a_delivery_is_no_goods_issue() -> None:
    order = ToldOrder(ON_SHIP).hears(released(), delivered(day(3)))
    assert order.decisions == []


def test_a_proof_is_no_delivery_where_the_contract_asks_for_the_delivery() -> None:
    order = shipped_order(ON_DELIVERY).hears(proven(day(3)))
    assert order.decisions == []
    assert order.holds == ["NOT_DELIVERED"]


def test_case_12_a_withdrawn_delivery_revokes_what_is_not_posted() -> None:
    scan = delivered(day(3))
    order = shipped_order(ON_DELIVERY).hears(scan, retracted(scan))
    assert order.kinds == ["RELEASE", "REVOKE"]
    assert order.net == {}
    assert order.decisions[1].reasons == ("EVIDENCE_WITHDRAWN",)
    assert order.holds == ["NOT_DELIVERED"]
    assert order.state == "SHIPPED"


# -- terms


def test_case_45_an_order_without_terms_is_held_and_released_when_they_come() -> None:
    order = ToldOrder().hears(released(), issued(day(2)), delivered(day(3)))
    assert order.decisions == []
    assert order.holds == ["NO_TERMS"]
    order.hears(contract(ON_DELIVERY))
    assert order.release.triggered_at == day(3)
    assert order.holds == []


def test_case_45_terms_that_had_ended_at_the_delivery_release_nothing() -> None:
    ended = terms(Trigger.ON_DELIVERY, valid_to=day(3, "12:00"))
    order = shipped_order(ended).hears(delivered(day(3, "12:00")))
    assert order.decisions == []
    assert order.holds == ["NO_TERMS"]


def test_terms_are_valid_from_their_first_moment() -> None:
    assert shipped_order(terms(Trigger.ON_DELIVERY, valid_from=day(3))).hears(delivered(day(3))).kinds == ["RELEASE"]


def test_what_is_released_stays_released_when_its_terms_are_taken_away() -> None:
    order = shipped_order(ON_DELIVERY).hears(delivered(day(3)), contract(terms(Trigger.ON_DELIVERY, valid_from=day(5))))
    assert order.kinds == ["RELEASE"]
    assert order.holds == ["NO_TERMS"]


def test_case_46_the_version_valid_at_the_trigger_counts_and_is_recorded() -> None:
    versions = (terms(Trigger.ON_DELIVERY, valid_to=day(3, "00:00")), terms(Trigger.ON_DELIVERY, version=2, valid_from=day(3, "00:00")))
    order = shipped_order(*versions).hears(delivered(day(3)))
    assert order.release.terms_version == 2


def test_case_46_goods_that_two_versions_would_bill_are_billed_once() -> None:
    """Shipped while the contract billed on shipment, delivered when it bills on delivery."""
    versions = (terms(Trigger.ON_SHIP, valid_to=day(3, "00:00")), terms(Trigger.ON_DELIVERY, version=2, valid_from=day(3, "00:00")))
    order = ToldOrder(*versions).hears(released({"10": 20}), issued(day(2)))
    assert order.net == pieces(_10=10)
    order.hears(delivered(day(4)))
    assert order.net == pieces(_10=10)
    order.hears(issued(day(5), shipment="S2"))
    assert order.net == pieces(_10=10)
    order.hears(delivered(day(6), shipment="S2"))
    assert order.net == pieces(_10=20)
    assert [decision.terms_version for decision in order.decisions] == [1, 2]


def test_the_latest_version_counts_where_two_are_valid() -> None:
    order = shipped_order(ON_DELIVERY, terms(Trigger.ON_POD, version=2)).hears(delivered(day(3)))
    assert order.holds == ["POD_MISSING"]


def test_the_latest_version_counts_in_whatever_order_they_are_listed() -> None:
    order = shipped_order(terms(Trigger.ON_POD, version=2), ON_DELIVERY).hears(delivered(day(3)))
    assert order.holds == ["POD_MISSING"]


def test_what_an_order_waits_for_is_said_by_the_terms_of_its_latest_step() -> None:
    versions = (terms(Trigger.ON_SHIP, valid_to=day(4)), terms(Trigger.ON_POD, version=2, valid_from=day(4)))
    order = ToldOrder(*versions).hears(released())
    assert order.holds == ["NOT_SHIPPED"]
    order.hears(issued(day(5)))
    assert order.holds == ["NOT_DELIVERED"]
    order.hears(delivered(day(6)), delivered_partial(day(3), {"10": 1}, "S2"))
    assert order.holds == ["POD_MISSING"]


def test_terms_that_are_missing_are_named() -> None:
    def why(order: ToldOrder) -> list[str]:
        assert order.row is not None
        return [reason.detail for reason in order.row.hold]

    assert why(ToldOrder().hears(released())) == ["C-1 is unknown"]
    later = terms(Trigger.ON_DELIVERY, valid_from=day(5))
    assert why(ToldOrder(later).hears(released())) == ["no version of C-1 is valid on 2026-06-01"]
    assert why(shipped_order(later)) == ["no version of C-1 is valid on 2026-06-02"]


def test_an_order_that_is_complete_does_not_mind_terms_that_end_later() -> None:
    until = terms(Trigger.ON_DELIVERY, valid_to=day(4), partial_allowed=False)
    order = shipped_order(until).hears(delivered(day(3)), proven(day(5)))
    assert order.kinds == ["RELEASE"]
    assert order.holds == []


def test_an_order_that_is_complete_is_still_held_by_what_its_terms_say() -> None:
    until = terms(Trigger.ON_DELIVERY, valid_to=day(4), currency="USD")
    assert shipped_order(until).hears(proven(day(5)), delivered(day(3))).holds == ["CURRENCY"]


def test_a_release_that_rests_on_silence_in_part_says_so() -> None:
    order = ToldOrder(SILENCE).hears(released(), issued(day(2), {"10": 6}), issued(day(2), {"10": 4}, "S2"), disputed(day(2)))
    order.hears(delivered(day(3)), proven(day(3)), delivered(day(3), "S2"), tick(8), dispute_over(day(9)))
    assert order.release.reasons == ("AUTO_CONFIRM",)
    assert order.release.triggered_at == day(8)


def test_what_lacks_terms_is_the_only_thing_said_of_the_rest() -> None:
    order = shipped_order(terms(Trigger.ON_DELIVERY, valid_to=day(4))).hears(delivered_partial(day(3), {"10": 6}), delivered(day(5)))
    assert order.net == pieces(_10=6)
    assert order.holds == ["NO_TERMS"]


def test_a_contract_that_stops_partial_invoices_on_the_way_waits_for_the_rest() -> None:
    versions = (
        terms(Trigger.ON_DELIVERY, valid_to=day(4)),
        terms(Trigger.ON_DELIVERY, version=2, valid_from=day(4), partial_allowed=False),
    )
    order = shipped_order(*versions).hears(delivered_partial(day(3), {"10": 6}))
    assert order.net == pieces(_10=6)
    order.hears(delivered_partial(day(5), {"10": 2}))
    assert order.net == pieces(_10=6)
    assert order.holds == ["INCOMPLETE", "NOT_DELIVERED"]
    order.hears(delivered_partial(day(6), {"10": 2}))
    assert order.net == pieces(_10=10)


def test_what_was_delivered_while_the_contract_allowed_no_partial_invoice_waits_for_the_rest() -> None:
    versions = (
        terms(Trigger.ON_DELIVERY, valid_to=day(4), partial_allowed=False),
        terms(Trigger.ON_DELIVERY, version=2, valid_from=day(4)),
    )
    order = shipped_order(*versions).hears(delivered_partial(day(3), {"10": 6}), delivered_partial(day(5), {"10": 2}))
    assert order.decisions == []
    assert order.holds == ["INCOMPLETE", "NOT_DELIVERED"]


def test_a_delivery_between_two_versions_lacks_terms_though_there_are_terms_now() -> None:
    versions = (terms(Trigger.ON_DELIVERY, valid_to=day(3)), terms(Trigger.ON_DELIVERY, version=2, valid_from=day(5)))
    order = shipped_order(*versions).hears(delivered(day(4)), proven(day(6)))
    assert order.decisions == []
    assert order.holds == ["NO_TERMS"]


def test_nothing_is_incomplete_before_anything_is_billable() -> None:
    assert shipped_order(terms(Trigger.ON_DELIVERY, partial_allowed=False)).holds == ["NOT_DELIVERED"]


def test_an_order_moved_to_another_contract_is_judged_by_that() -> None:
    order = shipped_order(ON_POD)
    order.contracts["C-2"] = contract(terms(Trigger.ON_DELIVERY, terms_id="C-2"))
    order.hears(delivered(day(3)), changed({"10": 10}, day(4), terms_id="C-2"))
    assert order.release.terms_id == "C-2"


# -- cut-off


def test_case_59_the_accounting_date_is_the_day_in_the_contracts_zone() -> None:
    order = shipped_order(terms(Trigger.ON_DELIVERY, time_zone="America/New_York")).hears(delivered(START + timedelta(days=30, hours=3)))
    assert order.release.triggered_at.date() == date(2026, 7, 1)
    assert order.release.accounting_date == date(2026, 6, 30)


def test_case_59_a_time_without_a_zone_near_the_months_end_is_held() -> None:
    scan = delivered(day(30, "20:00"), quality=TimeQuality.UNKNOWN)
    order = shipped_order(ON_DELIVERY).hears(scan)
    assert order.decisions == []
    assert order.holds == ["TIME_ZONE"]


def test_case_59_a_time_without_a_zone_in_mid_month_is_released() -> None:
    order = shipped_order(ON_DELIVERY).hears(delivered(day(15), quality=TimeQuality.UNKNOWN))
    assert order.kinds == ["RELEASE"]


def test_case_59_the_hold_goes_when_another_channel_knows_the_zone() -> None:
    order = shipped_order(ON_DELIVERY).hears(delivered(day(30, "20:00"), quality=TimeQuality.UNKNOWN))
    order.hears(delivered(day(30, "20:00"), subject="tracking:TEST:1", topic="tms.raw"))
    assert order.release.triggered_at == day(30, "20:00")
    assert len(order.milestones) == 3


@pytest.mark.parametrize(("hour", "held"), [("15:59", False), ("16:00", True)])
def test_case_59_near_means_within_fourteen_hours(hour: str, held: bool) -> None:
    """Midnight in Berlin is 22:00 UTC; 14 hours before is 08:00 UTC."""
    at = day(30, hour) - timedelta(hours=8)
    order = shipped_order(ON_DELIVERY).hears(delivered(at, quality=TimeQuality.UNKNOWN))
    assert (order.holds == ["TIME_ZONE"]) is held


def test_a_contract_in_an_unknown_zone_releases_nothing() -> None:
    order = shipped_order(terms(Trigger.ON_DELIVERY, time_zone="Mars/Olympus")).hears(delivered(day(3)))
    assert order.decisions == []
    assert order.holds == ["TIME_ZONE"]


# -- what is said while waiting


def test_an_order_that_is_not_known_yet_waits_for_itself() -> None:
    order = ToldOrder(ON_DELIVERY).hears(issued(day(2)), delivered(day(3)))
    assert order.holds == ["NO_ORDER"]
    assert order.state == "UNKNOWN"
    order.hears(released())
    assert order.release.triggered_at == day(3)


def test_each_step_says_what_it_waits_for() -> None:
    order = ToldOrder(ON_POD).hears(released())
    assert order.holds == ["NOT_DELIVERED"]
    order.hears(issued(day(2)), in_transit(day(2, "13:00")))
    assert order.holds == ["NOT_DELIVERED"]
    order.hears(delivered(day(3)))
    assert order.holds == ["POD_MISSING"]
    order.hears(proven(day(3)))
    assert order.holds == []
    assert [[reason.code for reason in hold.reasons] for hold in order.said_holds] == [
        [HoldCode.NOT_DELIVERED],
        [HoldCode.POD_MISSING],
        [],
    ]


def test_waiting_names_the_lines_where_not_all_wait() -> None:
    order = ToldOrder(ON_SHIP).hears(released({"10": 1, "20": 1, "30": 1}), issued(day(2), {"10": 1}))
    assert [(reason.code.value, reason.detail) for reason in order.row.hold] == [("NOT_SHIPPED", "lines 20, 30")]  # type: ignore[union-attr]


def test_a_damaged_delivery_is_not_confirmed_by_silence() -> None:
    order = shipped_order(SILENCE).hears(delivered_damaged(day(3)), tick(8))
    assert order.decisions == []
    assert order.holds == ["EXCEPTION", "POD_MISSING"]
