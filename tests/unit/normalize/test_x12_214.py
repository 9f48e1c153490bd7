"""X12 214: from a partner's file to statements. Each row of the map, both layouts of AT7, and nothing delivered without D1."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.edi.partners import Partner
from connectors.edi.raw import raw_record
from connectors.edi.x12.reading import Reading
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Exceptional
from streams.domain.instant import TimeQuality
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass, Scope
from streams.normalize.codes import Meaning, code_map
from streams.normalize.x12_214 import FORMAT, SILENT
from streams.topics import CARRIER_RAW
from tests.unit.edi.files import data, group, interchange, transaction
from tests.unit.normalize.reading import ARRIVED, messages, refusal

AGREED = {"id": "oldfreight", "sender": "02:OLDFREIGHT"}
NAMED = {"format": FORMAT}
B10 = "B10*0012345678*80000001*OLDF"
ROWS = list(code_map(FORMAT).rows.values())


def record(*body: str, version: str = "004010", zone: str | None = None, stops: str | None = None) -> dict[str, Any]:
    """The raw record of a transaction that came in a file."""
    (found,) = Reading(data(interchange([group([transaction(body)], version=version)]))).transactions()
    partner = None if zone is None and stops is None else Partner.model_validate(AGREED | {"zone": zone, "stops": stops})
    output = raw_record(found, ARRIVED, partner)
    assert output is not None and output.value is not None
    assert output.topic == CARRIER_RAW
    assert output.headers[0] == ("format", FORMAT.encode())
    decoded: dict[str, Any] = json.loads(output.value)
    return decoded


def said(*body: str, version: str = "004010", zone: str | None = None, stops: str | None = None) -> list[Event]:
    found = messages(CARRIER_RAW, record(*body, version=version, zone=zone, stops=stops), NAMED)
    return [message for message in found if isinstance(message, Event)]


def status(code: str, why: str = "NS", date: str = "20260601", time: str = "0815", clock: str = "CT") -> str:
    return f"AT7*{code}*{why}***{date}*{time}*{clock}"


def of_type(type: str) -> list[Meaning]:
    return [row for row in ROWS if row.type == type]


def raised(row: Meaning) -> Exceptional:
    assert row.reason and row.effect
    return Exceptional(row.reason, row.effect)


@pytest.mark.parametrize("row", of_type("AT701"), ids=lambda row: row.code)
def test_each_status_says_what_its_row_says(row: Meaning) -> None:
    (event,) = said(B10, "LX*1", status(row.code))
    assert (event.milestone, event.classifier, event.scope) == (row.milestone, row.classifier, Scope.SHIPMENT)
    assert event.exceptional == (raised(row) if row.reason else None)
    assert (event.lineage.system, event.lineage.format) == ("OLDF", FORMAT)
    assert (event.lineage.code, event.lineage.map_version) == (f"{row.code}/NS", code_map(FORMAT).version)


@pytest.mark.parametrize("row", of_type("AT702"), ids=lambda row: row.code)
def test_each_reason_is_raised_beside_the_progress(row: Meaning) -> None:
    moving, why = said(B10, "LX*1", status("X6", row.code))
    assert (moving.milestone, moving.exceptional) == (Milestone.IN_TRANSIT, None)
    assert (why.milestone, why.exceptional) == (Milestone.EXCEPTION_RAISED, raised(row))
    assert why.case_id == f"pro:OLDF:12345678:{row.reason}"


@pytest.mark.parametrize("row", of_type("AT703"), ids=lambda row: row.code)
def test_each_appointment_is_a_plan_or_an_estimate(row: Meaning) -> None:
    (event,) = said(B10, "LX*1", f"AT7***{row.code}**20260603*0900*CT")
    assert (event.milestone, event.classifier) == (row.milestone, row.classifier)
    assert row.classifier is not Classifier.ACT


@pytest.mark.parametrize("row", of_type("Q701"), ids=lambda row: row.code)
@pytest.mark.parametrize("after", [False, True])
def test_each_lading_exception_of_a_delivery(row: Meaning, after: bool) -> None:
    parts = [status("D1"), f"Q7*{row.code}*CTN*2"]
    (event,) = said(B10, "LX*1", *(parts if after else reversed(parts)))
    if row.effect is Effect.BILLING_BLOCK:
        assert (event.milestone, event.exceptional) == (Milestone.DELIVERED_WITH_EXCEPTION, raised(row))
    else:
        assert (event.milestone, event.exceptional) == (Milestone.DELIVERED, None)


def test_only_d1_is_delivered() -> None:
    assert [(row.code, row.type) for row in ROWS if row.milestone is Milestone.DELIVERED] == [("D1", "AT701")]


@pytest.mark.parametrize("code", ["AG", "X2", "B6", "C1"])
def test_h10_an_estimate_is_never_a_fact(code: str) -> None:
    (event,) = said(B10, "LX*1", status(code, date="20260605"))
    assert event.classifier is Classifier.EST


def test_h1_a_short_delivery_is_no_clean_one() -> None:
    (event,) = said(B10, "LX*1", status("D1", "S1"))
    assert event.milestone is Milestone.DELIVERED_WITH_EXCEPTION
    assert event.exceptional == Exceptional(ReasonClass.SHORTAGE, Effect.BILLING_BLOCK)


def test_a_lading_exception_of_one_loop_is_none_of_another() -> None:
    first, second = said(B10, "LX*1", status("D1"), "Q7*D*CTN*1", "LX*2", status("D1", time="0900"))
    assert (first.milestone, second.milestone) == (Milestone.DELIVERED_WITH_EXCEPTION, Milestone.DELIVERED)


def test_why_it_came_late_is_no_flaw_of_the_delivery() -> None:
    (event,) = said(B10, "LX*1", status("D1", "AO"))
    assert (event.milestone, event.exceptional) == (Milestone.DELIVERED, None)


def test_a_reason_says_an_exception_better_but_does_not_lift_its_effect() -> None:
    (late,) = said(B10, "LX*1", status("SD", "AO"))
    assert late.exceptional == Exceptional(ReasonClass.WEATHER, Effect.DELAY)
    (refused,) = said(B10, "LX*1", status("A7", "AJ"))
    assert refused.exceptional == Exceptional(ReasonClass.CONSIGNEE_REFUSED, Effect.BILLING_BLOCK)
    (held,) = said(B10, "LX*1", status("AH", "C2"))
    assert held.exceptional == Exceptional(ReasonClass.CREDIT_HOLD, Effect.BILLING_BLOCK)


def test_a_reason_is_kept_beside_what_the_status_says_of_itself() -> None:
    (refused,) = said(B10, "LX*1", status("A7"))
    assert (refused.milestone, refused.case_id) == (Milestone.DELIVERY_REFUSED, "pro:OLDF:12345678:CONSIGNEE_REFUSED")
    (late,) = said(B10, "LX*1", status("SD", "AO"))
    assert (late.milestone, late.case_id) == (Milestone.DELAYED, "pro:OLDF:12345678:WEATHER")


@pytest.mark.parametrize("code", sorted(SILENT))
def test_codes_that_are_known_to_say_nothing_say_nothing(code: str) -> None:
    assert said(B10, "LX*1", status(code)) == []
    assert (code, "AT701") not in code_map(FORMAT).rows
    assert refusal(CARRIER_RAW, record(B10, "LX*1", f"AT7***{code}**20260603*0900*CT"), NAMED).reason is Reason.UNMAPPED_CODE


@pytest.mark.parametrize(
    ("segment", "named"),
    [
        (status("ZZ"), "code 'ZZ' of type 'AT701'"),
        (status("AA"), "code 'AA' of type 'AT701'"),
        (status("X6", "D9"), "code 'D9' of type 'AT702'"),
        ("AT7***D1**20260601*0815*CT", "code 'D1' of type 'AT703'"),
        ("AT7*****20260601*0815*CT", "code '' of type 'AT703'"),
    ],
)
def test_h4_a_code_counts_in_its_own_element_only(segment: str, named: str) -> None:
    letter = refusal(CARRIER_RAW, record(B10, "LX*1", segment), NAMED)
    assert (letter.stage, letter.reason) == (Stage.MAP, Reason.UNMAPPED_CODE)
    assert named in letter.message


def test_numbers_become_references_the_carriers_own_first() -> None:
    (event,) = said("B10* 0012345678 * 80000001 *OLDF ", "L11*BOL-77*BM", "L11*PO-4*PO", "L11*P-5*CN", "LX*1", status("D1"))
    assert event.references == ("pro:OLDF:12345678", "bol:OLDF:BOL-77", "pro:OLDF:P-5", "bol:OLDF:80000001")


def test_without_a_pro_the_bill_of_lading_leads() -> None:
    (event,) = said("B10**80000001*OLDF", "LX*1", status("D1"))
    assert event.references == ("bol:OLDF:80000001",)


def test_events_newest_first_are_each_read_with_their_own_time() -> None:
    found = said(B10, "LX*1", status("D1", time="0825"), "MS1*DAYTON*OH", status("X1", time="0805"), "LX*2", status("AF", time="0553"))
    assert [(event.milestone, event.at.utc.hour) for event in found] == [
        (Milestone.DELIVERED, 13),
        (Milestone.ARRIVED_DESTINATION, 13),
        (Milestone.DISPATCHED, 10),
    ]


STOP = "MS1*DAYTON*OH*US"
ENDS = ["N1*CN*STORE 7*92*S7", "N3*1 MAIN ST", "N4*DAYTON*OH*45402"]


def test_a_delivery_at_a_numbered_stop_is_one_of_that_stop_and_of_the_load_only_progress() -> None:
    passing, delivered = said(B10, "LX*1", status("D1"), STOP, "L11*2*QN")
    assert (passing.milestone, passing.scope, passing.references[0]) == (Milestone.ARRIVED_TERMINAL, Scope.STOP, "pro:OLDF:12345678")
    assert (delivered.milestone, delivered.references) == (Milestone.DELIVERED, ("delivery:OLDF:80000001/2",))


def test_stops_of_one_load_are_told_apart() -> None:
    found = said(B10, "LX*1", status("D1"), "L11*2*QN", "LX*2", status("D1"), "L11*3*QN")
    assert len({event.event_id for event in found}) == 4
    assert [event.references[0] for event in found if event.milestone is Milestone.DELIVERED] == [
        "delivery:OLDF:80000001/2",
        "delivery:OLDF:80000001/3",
    ]


def test_arrival_and_damage_at_a_numbered_stop_are_of_that_stop_too() -> None:
    _, arrived = said(B10, "LX*1", status("X1"), "L11*2*QN")
    assert (arrived.milestone, arrived.references) == (Milestone.ARRIVED_DESTINATION, ("delivery:OLDF:80000001/2",))
    _, damaged = said(B10, "LX*1", status("D1"), "Q7*D*CTN*1", "L11*2*QN")
    assert (damaged.milestone, damaged.references) == (Milestone.DELIVERED_WITH_EXCEPTION, ("delivery:OLDF:80000001/2",))


def test_a_delivery_where_the_load_ends_is_one_of_the_load() -> None:
    (event,) = said(B10, *ENDS, "LX*1", status("D1"), STOP, "L11*3*QN")
    assert (event.milestone, event.references[0]) == (Milestone.DELIVERED, "pro:OLDF:12345678")
    passing, _ = said(B10, *ENDS, "LX*1", status("D1"), "MS1*TOLEDO*OH*US", "L11*2*QN")
    assert passing.milestone is Milestone.ARRIVED_TERMINAL


def test_where_it_was_agreed_that_loads_have_one_stop_its_number_says_nothing() -> None:
    (event,) = said(B10, "LX*1", status("D1"), "L11*2*QN", stops="load")
    assert (event.milestone, event.references[0]) == (Milestone.DELIVERED, "pro:OLDF:12345678")


def test_of_deliveries_at_several_places_without_stop_numbers_the_last_is_that_of_the_load() -> None:
    found = said(B10, "LX*1", status("D1", time="0825"), "MS1*DAYTON*OH", "LX*2", status("D1", time="0610"), "MS1*TOLEDO*OH")
    assert [(event.milestone, event.scope) for event in found] == [
        (Milestone.DELIVERED, Scope.SHIPMENT),
        (Milestone.ARRIVED_TERMINAL, Scope.STOP),
    ]


def test_a_stop_without_the_shippers_number_delivers_nothing() -> None:
    (event,) = said("B10*0012345678**OLDF", "LX*1", status("D1"), "L11*2*QN")
    assert event.milestone is Milestone.ARRIVED_TERMINAL


def test_at7_of_003070_has_its_date_and_time_elsewhere() -> None:
    (event,) = said(B10, "LX*1", "AT7*D1*NS***260601*20*0815*CT", version="003070")
    (later,) = said(B10, "LX*1", status("D1"))
    assert event.at.utc == later.at.utc == datetime(2026, 6, 1, 13, 15, tzinfo=UTC)
    assert event.event_id == later.event_id
    (short,) = said(B10, "LX*1", "AT7*D1*NS***260601**0815*CT", version="003070")
    assert short.at.utc == event.at.utc


def test_either_layout_read_as_the_other_is_refused() -> None:
    assert refusal(CARRIER_RAW, record(B10, status("D1"), version="003070"), NAMED).reason is Reason.TIME_INVALID
    assert refusal(CARRIER_RAW, record(B10, "AT7*D1*NS***260601*20*0815*CT"), NAMED).reason is Reason.TIME_INVALID


def test_a_file_and_a_webhook_tell_the_same_fact_under_one_id() -> None:
    own = {"carrier": "OLDF", "pro": "12345678", "code": "DELIVERED", "at": "2026-06-01T08:15:00-05:00"}
    (webhook,) = messages(CARRIER_RAW, own)
    (file,) = said(B10, "LX*1", status("D1"))
    assert isinstance(webhook, Event)
    assert file.event_id == webhook.event_id


def test_the_partners_zone_counts_where_the_time_has_none() -> None:
    (unknown,) = said(B10, status("D1", clock="LT"))
    (agreed,) = said(B10, status("D1", clock=""), zone="America/Denver")
    (stated,) = said(B10, status("D1", clock="ET"), zone="America/Denver")
    assert (unknown.at.utc.hour, unknown.at.quality) == (8, TimeQuality.UNKNOWN)
    assert (agreed.at.utc.hour, agreed.at.quality) == (14, TimeQuality.PARTNER_DEFAULT)
    assert (stated.at.utc.hour, stated.at.quality) == (12, TimeQuality.EXPLICIT)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "003040"}, "version"),
        ({"version": "4010"}, "version"),
        ({"zone": "Mars/Olympus"}, "zone: 'Mars/Olympus' is no time zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"segments": ["ST*204*1", "SE*2*1"]}, "segments[0]"),
        ({"segments": ["ST*214*1", B10, "SE*3*1"]}, "no AT7"),
        ({"segments": ["ST*214*1", "B10*1*2", status("D1")]}, "B1003"),
        ({"segments": ["ST*214*1", "B10***OLDF", status("D1")]}, "B1001"),
        ({"segments": ["ST*214*1", "B10*" + "1" * 65 + "**OLDF", status("D1")]}, "pro"),
        ({"segments": ["ST*214*1", "B10*1**A:B", status("D1")]}, "B1003"),
        ({"segments": ["ST*214*1", B10, "AT7*D1*NS*AB**20260601*0815*CT"]}, "both AT701 and AT703"),
        ({"segments": ["ST*214*1", B10, *[status("X6")] * 1001]}, "1001 AT7"),
        ({"separators": {"element": ""}}, "separators.element"),
    ],
)
def test_a_broken_record_names_what_is_wrong(changes: dict[str, Any], message: str) -> None:
    letter = refusal(CARRIER_RAW, record(B10, status("D1")) | changes, NAMED)
    assert letter.reason is Reason.SCHEMA_INVALID
    assert message in letter.message


def test_a_time_out_of_place_names_its_segment() -> None:
    letter = refusal(CARRIER_RAW, record(B10, "LX*1", status("D1", time="")), NAMED)
    assert (letter.reason, letter.message) == (Reason.TIME_INVALID, "AT7 in segment 4: '20260601', '' are not CCYYMMDD and HHMM or HHMMSS")
