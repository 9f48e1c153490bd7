"""UPS Track Alert webhooks: type and code together, local time with its offset, deliveries only on evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Evidence, Exceptional
from streams.domain.instant import Instant, TimeQuality
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass, Scope
from streams.normalize.codes import Meaning, code_map
from streams.normalize.ups import FORMAT
from streams.topics import CARRIER_RAW
from tests.unit.normalize.reading import event, messages, outputs, refusal
from tests.unit.normalize.records import UPS, UPS_DELIVERED

NAMED = {"format": FORMAT}


def activity(type: str, code: str, **more: Any) -> dict[str, Any]:
    return {**UPS_DELIVERED, "activityStatus": {"type": type, "code": code}, **more}


@pytest.mark.parametrize("row", code_map(FORMAT).rows.values(), ids=lambda row: f"{row.type}-{row.code}")
def test_each_type_and_code_says_what_its_row_says(row: Meaning) -> None:
    said = event(CARRIER_RAW, activity(row.type, row.code), NAMED)
    assert (said.milestone, said.classifier, said.scope) == (row.milestone, row.classifier, Scope.PACKAGE)
    assert said.exceptional == (Exceptional(row.reason, row.effect) if row.reason and row.effect else None)
    assert (said.lineage.code, said.lineage.map_version) == (f"{row.type}/{row.code}", code_map(FORMAT).version)


def test_a_scan_is_addressed_to_its_tracking_number() -> None:
    (output,) = outputs(CARRIER_RAW, UPS)
    assert (output.topic, output.key) == ("shipment.references", b"tracking:UPSN:1ZR7X4000000000018")


def test_it_is_recognised_without_a_header() -> None:
    assert event(CARRIER_RAW, UPS).lineage.format == FORMAT


def test_local_time_and_offset_come_from_both_clocks() -> None:
    at = event(CARRIER_RAW, UPS, NAMED).at
    assert at == Instant(datetime(2026, 6, 1, 13, 15, tzinfo=UTC), "20260601 081500 -05.00", -300, TimeQuality.EXPLICIT)


def test_h3_h4_an_unknown_code_advances_nothing_whatever_its_type() -> None:
    for type in ("D", "I", "X", "M", "MV", "U"):
        letter = refusal(CARRIER_RAW, activity(type, "ZZ"), NAMED)
        assert (letter.stage, letter.reason) == (Stage.MAP, Reason.UNMAPPED_CODE)
        assert f"type {type!r}" in letter.message


def test_h5_released_by_customs_is_good_news_though_its_type_is_exception() -> None:
    said = event(CARRIER_RAW, activity("X", "SR"), NAMED)
    assert said.milestone is Milestone.EXCEPTION_RESOLVED
    assert said.case_id == "tracking:UPSN:1ZR7X4000000000018:CUSTOMS"


def test_a_customs_release_leaves_another_case_open() -> None:
    refused = event(CARRIER_RAW, activity("X", "RF"), NAMED)
    assert refused.exceptional == Exceptional(ReasonClass.CONSIGNEE_REFUSED, Effect.BILLING_BLOCK)
    assert refused.case_id != event(CARRIER_RAW, activity("X", "SR"), NAMED).case_id


def test_h6_type_d_with_the_code_for_out_for_delivery_is_no_delivery() -> None:
    assert event(CARRIER_RAW, activity("D", "OT"), NAMED).milestone is Milestone.OUT_FOR_DELIVERY


@pytest.mark.parametrize("blank", ["", None, "absent"])
def test_h6_a_delivery_without_its_delivery_date_is_no_delivery(blank: str | None) -> None:
    record: dict[str, Any] = {**UPS_DELIVERED, "actualDeliveryDate": blank}
    if blank == "absent":
        del record["actualDeliveryDate"]
    letter = refusal(CARRIER_RAW, record, NAMED)
    assert letter.reason is Reason.SCHEMA_INVALID
    assert letter.message == "actualDeliveryDate: blank, so D/FS is no evidence of a delivery"


def test_h12_a_logical_scan_is_never_a_delivery() -> None:
    letter = refusal(CARRIER_RAW, {**UPS_DELIVERED, "logicalScan": True}, NAMED)
    assert letter.reason is Reason.UNMAPPED_CODE
    assert "logicalScan" in letter.message
    assert event(CARRIER_RAW, {**UPS, "logicalScan": True}, NAMED).milestone is Milestone.OUT_FOR_DELIVERY
    assert event(CARRIER_RAW, {**UPS_DELIVERED, "logicalScan": False}, NAMED).milestone is Milestone.DELIVERED


def test_a_delivery_alone_is_no_proof_of_it() -> None:
    said = event(CARRIER_RAW, UPS_DELIVERED, NAMED)
    assert (said.milestone, said.evidence) == (Milestone.DELIVERED, None)


@pytest.mark.parametrize(
    ("given", "evidence"),
    [({"receivedBy": "JONES"}, Evidence("JONES", "")), ({"deliveryPhoto": "aGVsbG8="}, Evidence("", "deliveryPhoto"))],
)
def test_a_signature_or_a_photograph_is_a_proof_of_delivery_too(given: dict[str, str], evidence: Evidence) -> None:
    delivered, proven = (said for said in messages(CARRIER_RAW, UPS_DELIVERED | given, NAMED) if isinstance(said, Event))
    assert (delivered.milestone, proven.milestone) == (Milestone.DELIVERED, Milestone.POD_RECEIVED)
    assert delivered.evidence == proven.evidence == evidence
    assert delivered.event_id != proven.event_id


def test_a_name_on_a_scan_on_the_way_proves_nothing() -> None:
    assert event(CARRIER_RAW, {**UPS, "receivedBy": "JONES"}, NAMED).milestone is Milestone.OUT_FOR_DELIVERY


def test_the_webhook_and_the_same_fact_in_our_own_shape_have_one_id() -> None:
    own = {"carrier": "UPSN", "tracking": "1ZR7X4000000000018", "code": "DELIVERED", "at": "2026-06-01T08:15:00-05:00"}
    webhook = event(CARRIER_RAW, UPS_DELIVERED, NAMED)
    assert event(CARRIER_RAW, own).event_id == webhook.event_id
    assert webhook.classifier is Classifier.ACT


@pytest.mark.parametrize(
    "broken", [{"trackingNumber": ""}, {"trackingNumber": None}, {"activityStatus": None}, {"activityStatus": {"type": "D"}}]
)
def test_a_broken_webhook_names_the_field(broken: dict[str, Any]) -> None:
    letter = refusal(CARRIER_RAW, UPS | broken, NAMED)
    assert letter.reason is Reason.SCHEMA_INVALID
    assert letter.message.startswith(next(iter(broken)))
