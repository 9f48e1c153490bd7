"""Carriers' records in our own shape: codes by the map, estimates never facts, exceptions as cases of their reference."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Evidence, Exceptional, LineQuantity
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.carrier import FORMAT
from streams.normalize.codes import Meaning, code_map
from streams.topics import CARRIER_RAW
from tests.unit.normalize.reading import event, later, outputs, refusal, why
from tests.unit.normalize.records import CARRIER_HEAD, LINES

BY_PRO = {"carrier": "OLDF", "pro": "0099", "at": "2026-06-01T11:30:00+02:00"}


def scan(code: str, **more: Any) -> dict[str, Any]:
    return {**CARRIER_HEAD, "code": code, **more}


@pytest.mark.parametrize("row", code_map(FORMAT).rows.values(), ids=lambda row: row.code)
def test_each_code_says_what_its_row_says(row: Meaning) -> None:
    said = event(CARRIER_RAW, scan(row.code, lines=LINES))
    assert (said.milestone, said.classifier) == (row.milestone, row.classifier)
    assert said.exceptional == (Exceptional(row.reason, row.effect) if row.reason and row.effect else None)
    assert (said.lineage.code, said.lineage.map_version) == (row.code, code_map(FORMAT).version)


def test_only_the_code_for_it_says_delivered() -> None:
    assert [row.code for row in code_map(FORMAT).rows.values() if row.milestone is Milestone.DELIVERED] == ["DELIVERED"]


def test_h1_partial_and_damaged_deliveries_are_never_a_clean_delivery() -> None:
    assert event(CARRIER_RAW, scan("PARTIAL", lines=LINES)).milestone is Milestone.DELIVERED_PARTIAL
    damaged = event(CARRIER_RAW, scan("DAMAGED"))
    assert damaged.milestone is Milestone.DELIVERED_WITH_EXCEPTION
    assert damaged.case_id


def test_h4_an_unknown_code_is_parked_for_a_mapping_and_says_nothing_of_the_order() -> None:
    letter = refusal(CARRIER_RAW, scan("BEAMED_UP"))
    assert (letter.stage, letter.reason) == (Stage.MAP, Reason.UNMAPPED_CODE)
    assert letter.message == f"code 'BEAMED_UP' has no row in the map of {FORMAT}"


def test_h2_a_code_that_says_unknown_invents_nothing() -> None:
    assert refusal(CARRIER_RAW, scan("UNKNOWN")).reason is Reason.UNMAPPED_CODE


def test_codes_are_read_in_any_case() -> None:
    assert event(CARRIER_RAW, scan(" delivered ")).milestone is Milestone.DELIVERED


def test_h10_an_estimated_delivery_is_no_delivery() -> None:
    said = event(CARRIER_RAW, scan("DELIVERED", estimated=True, at="2026-06-03T09:00:00Z"))
    assert said.classifier is Classifier.EST
    assert event(CARRIER_RAW, scan("DELIVERED", estimated=False)).classifier is Classifier.ACT


def test_a_tracking_number_is_of_a_package_and_a_pro_of_a_shipment() -> None:
    assert event(CARRIER_RAW, scan("IN_TRANSIT")).scope is Scope.PACKAGE
    by_pro = event(CARRIER_RAW, {**BY_PRO, "code": "IN_TRANSIT"})
    assert (by_pro.scope, by_pro.references) == (Scope.SHIPMENT, ("pro:OLDF:99",))


def test_the_tracking_number_tells_more_than_the_pro_and_comes_first() -> None:
    record = scan("IN_TRANSIT", pro="0099")
    assert event(CARRIER_RAW, record).references == ("tracking:BLPX:BLP123DE", "pro:BLPX:99")
    assert outputs(CARRIER_RAW, record)[0].key == b"tracking:BLPX:BLP123DE"


def test_a_record_without_any_number_is_refused() -> None:
    reason, message = why(CARRIER_RAW, {"carrier": "BLPX", "code": "DELIVERED", "at": "2026-06-01T11:30:00+02:00"})
    assert reason is Reason.SCHEMA_INVALID
    assert message.startswith("tracking: ")


def test_a_partial_delivery_without_lines_is_refused() -> None:
    assert why(CARRIER_RAW, scan("PARTIAL")) == (Reason.SCHEMA_INVALID, "lines: PARTIAL must say which lines were delivered")


def test_lines_and_evidence_are_kept() -> None:
    said = event(CARRIER_RAW, scan("POD", signed_by="A. Silva", document="img/1", lines=[{"line": 10, "quantity": 3}]))
    assert said.evidence == Evidence("A. Silva", "img/1")
    assert said.lines == (LineQuantity("10", Decimal(3), "EA"),)


def test_the_exceptions_of_a_reference_are_one_case_unless_the_carrier_tells_them_apart() -> None:
    delayed, released = event(CARRIER_RAW, scan("DELAYED")), event(CARRIER_RAW, scan("RELEASED"))
    assert delayed.case_id == released.case_id == "tracking:BLPX:BLP123DE"
    assert event(CARRIER_RAW, scan("LOST", case="C7")).case_id == "tracking:BLPX:BLP123DE:C7"
    assert event(CARRIER_RAW, scan("DELIVERED")).case_id == ""


def test_the_same_scan_has_one_id_whenever_and_however_often_it_arrives() -> None:
    first = event(CARRIER_RAW, scan("DELIVERED", id="a"))
    again = event(CARRIER_RAW, {**scan("DELIVERED", id="b"), "at": "2026-06-01T09:30:00Z", "tracking": "blp123de"}, arrived=later(days=9))
    assert again.event_id == first.event_id
    assert event(CARRIER_RAW, scan("DELIVERED", at="2026-06-01T09:30:01Z")).event_id != first.event_id
    assert event(CARRIER_RAW, scan("ON_VEHICLE")).event_id != first.event_id


def test_a_carriers_other_name_is_its_scac() -> None:
    said = event(CARRIER_RAW, {**CARRIER_HEAD, "carrier": "ups", "code": "DELIVERED"})
    assert (said.references, said.lineage.system) == (("tracking:UPSN:BLP123DE",), "UPSN")
