"""Mistakes found in other projects' tables and code (docs/sources.md, H1 to H12): each one must not happen here."""

from __future__ import annotations

from typing import Any

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import Event
from streams.domain.facts import fact_of
from streams.domain.instant import TimeQuality
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass
from streams.normalize.codes import CodeMap, PartnerMaps, code_map, read_code_map
from streams.normalize.scans import HANDED_OVER
from streams.topics import CARRIER_RAW
from tests.unit.normalize.reading import event, messages, refusal, why
from tests.unit.normalize.records import CARRIER_HEAD, UPS_DELIVERED
from tests.unit.normalize.test_codes import MAPS
from tests.unit.normalize.vendors import VENDORS, vendor

EACH_MAP = pytest.mark.parametrize("table", [code_map(name) for name in MAPS], ids=MAPS)


def say(format: str, code: str, type: str = "") -> Event:
    """What a vendor's record with this code says."""
    return event(vendor(format).topic, vendor(format).saying(code_map(format).meaning(code, type)), {"format": format})


def express(code: str) -> Milestone:
    return say("dhl.express.v1", code).milestone


# -- H1: partial and damaged are not delivered


def test_h1_dhl_express_ok_is_the_only_clean_delivery() -> None:
    clean = [row.code for row in code_map("dhl.express.v1").rows.values() if row.milestone is Milestone.DELIVERED]
    assert clean == ["OK"]
    assert express("PD") is Milestone.DELIVERED_PARTIAL
    assert express("DD") is Milestone.DELIVERED_WITH_EXCEPTION


def test_h1_fedex_delivered_with_an_exception_code_is_not_clean() -> None:
    record = vendor("fedex.track.v1").record()
    scan = record["output"]["completeTrackResults"][0]["trackResults"][0]["scanEvents"]
    scan[0]["exceptionCode"] = "A12"
    del scan[1:]
    reason, message = why(CARRIER_RAW, record)
    assert reason is Reason.UNMAPPED_CODE
    assert "'DL' of type 'A12'" in message


@EACH_MAP
def test_h1_damage_and_shortage_always_hold_the_invoice(table: CodeMap) -> None:
    for row in table.rows.values():
        if row.milestone in (Milestone.DELIVERED_WITH_EXCEPTION, Milestone.DAMAGED, Milestone.LOST, Milestone.DELIVERY_REFUSED):
            assert row.effect is Effect.BILLING_BLOCK, row


# -- H2: unknown is nothing


def test_h2_unknown_is_no_delay() -> None:
    record = vendor("dhl.unified.v1").record()
    record["shipments"][0]["events"] = [{"timestamp": "2026-06-01T11:05:00", "statusCode": "unknown"}]
    assert refusal(CARRIER_RAW, record).reason is Reason.UNMAPPED_CODE


@EACH_MAP
def test_h2_no_map_has_a_row_for_unknown(table: CodeMap) -> None:
    assert not [row for row in table.rows.values() if "unknown" in (row.code.lower(), row.type.lower())]


# -- H3: one meaning a code (the reader refuses a second row: test_codes.py)


def test_h3_held_for_payment_and_returned_have_one_meaning_each() -> None:
    held = say("dhl.express.v1", "HP")
    assert held.exceptional is not None and held.exceptional.reason is ReasonClass.PAYMENT_HOLD
    assert express("RT") is Milestone.RETURNED_TO_SHIPPER


# -- H4: unknown codes advance nothing (for each vendor: test_vendors.py)


def test_h4_an_unknown_fedex_scan_is_not_in_transit() -> None:
    record = vendor("fedex.track.v1").record()
    result = record["output"]["completeTrackResults"][0]["trackResults"][0]
    result["scanEvents"] = [{"date": "2026-06-01T09:12:00+02:00", "eventType": "QQ", "derivedStatusCode": "IT"}]
    assert refusal(CARRIER_RAW, record).reason is Reason.UNMAPPED_CODE


# -- H5: good news is no hold


@pytest.mark.parametrize(
    ("format", "code", "type"), [("dhl.express.v1", "CR", ""), ("dcsa.tnt.v3", "CUSR", "EQUIPMENT"), ("sap.gtt.v1", "CLEAR_CUSTOMS", "")]
)
def test_h5_released_by_customs_ends_the_customs_case(format: str, code: str, type: str) -> None:
    said = say(format, code, type)
    assert said.milestone is Milestone.CUSTOMS_CLEARED
    assert said.case_id.endswith(":CUSTOMS")
    assert said.exceptional is not None and said.exceptional.effect is Effect.INFO


def test_h5_customs_hold_and_release_are_one_case() -> None:
    assert say("dhl.express.v1", "CD").case_id == say("dhl.express.v1", "CR").case_id


# -- H6: evidence by code, not by type or flat status


@EACH_MAP
def test_h6_what_hands_over_has_code_level_evidence(table: CodeMap) -> None:
    for row in table.rows.values():
        if row.milestone in HANDED_OVER:
            assert row.code and row.provenance and row.example
            assert "second-hand" not in row.provenance


def test_h6_a_flat_delivered_without_its_proof_is_no_delivery() -> None:
    record = vendor("dhl.unified.v1").record()
    del record["shipments"][0]["details"], record["shipments"][0]["events"][1]
    reason, message = why(CARRIER_RAW, record)
    assert (reason, "proofOfDelivery" in message) == (Reason.UNMAPPED_CODE, True)


def test_h6_fedex_delivered_needs_the_derived_code_too() -> None:
    record = vendor("fedex.track.v1").record()
    result = record["output"]["completeTrackResults"][0]["trackResults"][0]
    result["scanEvents"] = [{"date": "2026-06-01T09:12:00+02:00", "eventType": "DL", "derivedStatusCode": "IT"}]
    assert "derivedStatusCode" in refusal(CARRIER_RAW, record).message


@pytest.mark.parametrize("code", ["TP", "FD"])
def test_h6_handed_to_a_third_party_is_no_delivery(code: str) -> None:
    assert express(code) is Milestone.IN_TRANSIT


# -- H7: codes mean what their product means by them


def test_h7_fedex_at_delivery_is_neither_delivered_nor_out_for_delivery() -> None:
    assert say("fedex.track.v1", "AD").milestone is Milestone.ARRIVED_DESTINATION
    assert ("RD", "") not in code_map("fedex.track.v1").rows


# -- H8: recycled numbers


def test_h8_two_packages_of_one_number_are_both_read_each_at_its_own_time() -> None:
    """Which of them an order owns is decided by the link's window, at each scan's own time (test_resolve_hop.py)."""
    record = vendor("fedex.track.v1").record()
    results = record["output"]["completeTrackResults"][0]["trackResults"]
    old = {"date": "2024-03-01T10:00:00-06:00", "eventType": "DL", "derivedStatusCode": "DL"}
    results.append({"trackingNumberInfo": results[0]["trackingNumberInfo"], "scanEvents": [old]})
    said = [one for one in messages(CARRIER_RAW, record) if isinstance(one, Event) and one.milestone is Milestone.DELIVERED]
    assert {one.at.utc.year for one in said} == {2024, 2026}


# -- H9: what is only said by contradicting public lists decides nothing about money


@EACH_MAP
def test_h9_no_map_takes_a_second_hand_code_for_a_delivery_or_a_proof(table: CodeMap) -> None:
    for row in table.rows.values():
        if row.milestone in (*HANDED_OVER, Milestone.POD_RECEIVED):
            assert "second-hand" not in row.provenance


def test_h9_a_partner_may_mean_something_else_by_a_code_in_rows_of_its_own() -> None:
    standard = code_map("dhl.express.v1")
    head = b"code,type,milestone,classifier,reason_class,effect,provenance,example\n"
    own = read_code_map("dhl.express.v1", head + b"TP,,DELIVERED,ACT,,,their guide,given to the shop\n")
    maps = PartnerMaps({("ACME", "dhl.express.v1"): own})
    assert maps.of("ACME", standard).meaning("TP").milestone is Milestone.DELIVERED
    assert maps.of("", standard).meaning("TP").milestone is Milestone.IN_TRANSIT


# -- H10: estimates are no facts, bad times are not now


def test_h10_an_estimated_event_stays_an_estimate() -> None:
    record = vendor("dcsa.tnt.v3").record()
    record["payload"]["eventClassifierCode"] = "EST"
    said = event(CARRIER_RAW, record)
    assert (said.milestone, said.classifier) == (Milestone.DEPARTED_TERMINAL, Classifier.EST)


@pytest.mark.parametrize("time", ["", "01.06.2026 09:00", "2026-06-01", "2026-13-01T09:00:00Z", "0"])
@pytest.mark.parametrize(
    "each", [each for each in VENDORS if each.format in ("project44.ltl.v4", "aftership.tracking.v4")], ids=lambda v: v.format
)
def test_h10_what_is_no_time_is_refused(each: Any, time: str) -> None:
    record = each.saying(next(iter(code_map(each.format).rows.values())))
    if "msg" in record:
        record["msg"]["checkpoints"][0]["checkpoint_time"] = time
    else:
        record["timestamp"] = time
    assert refusal(each.topic, record, {"format": each.format}).reason is Reason.TIME_INVALID


def test_h10_a_time_without_an_offset_says_so() -> None:
    said = say("dhl.unified.v1", "transit")
    assert (said.at.quality, said.at.offset_minutes) == (TimeQuality.UNKNOWN, None)


def test_h10_the_time_of_a_message_does_not_stand_in_for_that_of_its_event() -> None:
    record = vendor("dcsa.tnt.v2").record()
    del record["eventDateTime"]
    assert "eventDateTime" in refusal(CARRIER_RAW, record).message


# -- H11: a message's id is not the occurrence's


def test_h11_one_occurrence_under_two_message_ids_is_one_fact() -> None:
    record = vendor("dcsa.tnt.v3").record()
    first = event(CARRIER_RAW, record)
    record["metadata"]["eventID"] = "5c0a2f10-0000-4000-8000-00000000ffff"
    again = event(CARRIER_RAW, record)
    assert first.event_id != again.event_id
    assert fact_of(first).key == fact_of(again).key


# -- H12: logical scans


def test_h12_a_logical_scan_is_no_evidence_of_a_delivery() -> None:
    assert refusal(CARRIER_RAW, {**UPS_DELIVERED, "logicalScan": True}).reason is Reason.UNMAPPED_CODE


def test_h12_our_own_estimated_delivery_is_no_delivery() -> None:
    said = event(CARRIER_RAW, {**CARRIER_HEAD, "code": "DELIVERED", "estimated": True})
    assert said.classifier is Classifier.EST
