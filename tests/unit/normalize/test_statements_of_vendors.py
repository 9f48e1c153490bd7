"""What is particular to single formats: references, times, retractions, evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.contracts.messages import decode
from streams.deadletter.reasons import Reason
from streams.domain.event import Event, Evidence
from streams.domain.facts import fact_of, withdrawn
from streams.domain.instant import Instant, TimeQuality
from streams.domain.vocabulary import Milestone, Scope
from streams.hop import Output
from streams.hops import normalize, resolve
from streams.offline import OfflinePipeline
from streams.topics import CARRIER_RAW, ERP_RAW, EVENTS, TMS_RAW
from tests.unit.normalize.reading import event, messages, raw, refusal, why
from tests.unit.normalize.records import PLAN
from tests.unit.normalize.vendors import vendor

ORDER = "1000:4711"


def said(format: str) -> list[Event]:
    each = vendor(format)
    return [one for one in messages(each.topic, each.record()) if isinstance(one, Event)]


@pytest.mark.parametrize(
    ("format", "references"),
    [
        ("fedex.track.v1", ("tracking:FDEG:794600000011",)),
        ("dhl.express.v1", ("tracking:DHL:3344556677",)),
        ("easypost.tracker.v2", ("tracking:UPSN:1ZR7X4000000000018",)),
        ("aftership.tracking.v4", ("tracking:UPSN:1ZR7X4000000000018",)),
        ("gs1.epcis.v2", ("delivery:GS1:80000001",)),
        ("project44.ltl.v4", ("pro:NWFT:500001002", "bol:P44:BOL-9")),
        ("project44.tl.v4", ("bol:P44:BOL-9",)),
        ("shopify.fulfillment-event.v1", ("shipment:SHOPIFY:255858046",)),
        ("sap.gtt.v1", ("delivery:S4HCLNT100:80000001",)),
    ],
)
def test_where_an_order_is_to_be_found(format: str, references: tuple[str, ...]) -> None:
    assert {one.references for one in said(format)} == {references}


@pytest.mark.parametrize("format", ["fedex.track.v1", "dhl.express.v1", "dhl.unified.v1", "easypost.tracker.v2", "aftership.tracking.v4"])
def test_a_signature_is_the_proof_of_the_delivery_and_of_nothing_else(format: str) -> None:
    proofs = [one for one in said(format) if one.milestone is Milestone.POD_RECEIVED]
    assert len(proofs) == 1
    assert proofs[0].evidence is not None and "ADLER" in proofs[0].evidence.signed_by.upper()
    assert all(one.evidence is None for one in said(format) if one.milestone not in (Milestone.DELIVERED, Milestone.POD_RECEIVED))


def test_dhl_unified_keeps_the_reference_of_the_document_not_the_document() -> None:
    assert said("dhl.unified.v1")[1].evidence == Evidence("Adler", "https://pod.example/18")


# -- DCSA: named by the carrier's own ids, and taken back by them


def retraction() -> dict[str, Any]:
    metadata = vendor("dcsa.tnt.v3").record()["metadata"]
    return {
        "metadata": {
            **metadata,
            "eventID": "5c0a2f10-0000-4000-8000-000000000009",
            "retractedEventID": metadata["eventID"],
            "eventCreatedDateTime": "2026-06-01T13:00:00+02:00",
        }
    }


def test_dcsa_a_retraction_takes_back_the_statement_that_it_names() -> None:
    told, taken_back = event(CARRIER_RAW, vendor("dcsa.tnt.v3").record()), event(CARRIER_RAW, retraction())
    assert taken_back.retracts == told.event_id
    assert told.references[-1] == taken_back.references[0]
    assert told.event_id in withdrawn([fact_of(told), fact_of(taken_back)], ORDER)


@pytest.mark.parametrize("first", ["told", "retracted"])
def test_dcsa_a_retraction_without_content_reaches_the_order_in_any_order(first: str) -> None:
    """Only the statement knows the bill of lading; the retraction knows only the statement."""
    plan = {**PLAN, "references": [{"kind": "bol", "issuer": "BLPX", "value": "BLPX880012"}]}
    told, taken_back = (CARRIER_RAW, vendor("dcsa.tnt.v3").record()), (CARRIER_RAW, retraction())
    records = [(TMS_RAW, plan), *([told, taken_back] if first == "told" else [taken_back, told])]
    pipeline = OfflinePipeline([normalize.hop(100_000), resolve.hop(timedelta(days=14))])
    reached: list[Event] = []
    for topic, value in records:
        record = raw(topic, value)
        outputs = pipeline.feed(Output(topic, record.key, record.value, timestamp=record.timestamp))
        reached += [one for output in outputs if output.topic == EVENTS and isinstance(one := decode(output.value or b""), Event)]
    facts = [fact_of(one) for one in reached if one.milestone is not Milestone.SHIPMENT_PLANNED]
    assert len(facts) == 2
    assert {one.order_id for one in reached} == {ORDER}
    gone = withdrawn(facts, ORDER)
    departed = next(fact for fact in facts if fact.milestone is Milestone.DEPARTED_TERMINAL)
    assert not gone.isdisjoint(departed.ids)


def test_dcsa_an_empty_container_says_nothing_of_an_order() -> None:
    record = {**vendor("dcsa.tnt.v2").record(), "emptyIndicatorCode": "EMPTY", "equipmentEventTypeCode": "PICK"}
    assert messages(CARRIER_RAW, record) == []


@pytest.mark.parametrize("code", ["ISSU", "DRFT", "SURR"])
def test_dcsa_papers_are_no_freight(code: str) -> None:
    record = vendor("dcsa.tnt.v2").record() | {"eventType": "SHIPMENT", "shipmentEventTypeCode": code, "documentTypeCode": "TRD"}
    del record["equipmentEventTypeCode"]
    assert messages(CARRIER_RAW, record) == []


def test_dcsa_loaded_at_a_transshipment_port_is_not_loaded_at_the_port_of_loading() -> None:
    record = {**vendor("dcsa.tnt.v2").record(), "isTransshipmentMove": True}
    assert event(CARRIER_RAW, record).milestone is Milestone.IN_TRANSIT


def test_dcsa_a_shipment_event_is_never_an_estimate() -> None:
    record = vendor("dcsa.tnt.v2").record() | {"eventType": "SHIPMENT", "shipmentEventTypeCode": "CONF", "documentTypeCode": "BKG"}
    del record["equipmentEventTypeCode"]
    assert "is ACT by the standard" in refusal(CARRIER_RAW, record | {"eventClassifierCode": "EST"}).message


def test_dcsa_the_carriers_freight_invoice_is_not_ours() -> None:
    record = vendor("dcsa.tnt.v2").record() | {"eventType": "SHIPMENT", "shipmentEventTypeCode": "ISSU", "documentTypeCode": "INV"}
    del record["equipmentEventTypeCode"]
    assert why(CARRIER_RAW, record)[0] is Reason.UNMAPPED_CODE


# -- EPCIS


def test_epcis_an_error_declaration_takes_back_the_event_that_it_repeats() -> None:
    record = vendor("gs1.epcis.v2").record()
    told = event(CARRIER_RAW, record)
    record["epcisBody"]["eventList"][0]["errorDeclaration"] = {"declarationTime": "2026-06-01T10:00:00Z", "reason": "did_not_occur"}
    taken_back = event(CARRIER_RAW, record)
    assert taken_back.retracts == told.event_id != taken_back.event_id
    assert told.event_id in withdrawn([fact_of(told), fact_of(taken_back)], ORDER)


@pytest.mark.parametrize("step", ["urn:epcglobal:cbv:bizstep:receiving", "https://ref.gs1.org/cbv/BizStep-receiving", "receiving"])
def test_epcis_words_come_bare_as_urn_or_as_web_address(step: str) -> None:
    record = vendor("gs1.epcis.v2").record()
    record["epcisBody"]["eventList"][0] |= {"bizStep": step, "disposition": "https://ref.gs1.org/cbv/Disp-damaged"}
    assert event(CARRIER_RAW, record).milestone is Milestone.DELIVERED_WITH_EXCEPTION


def test_epcis_units_without_a_document_are_packages_each_on_its_own() -> None:
    record = vendor("gs1.epcis.v2").record()
    body = record["epcisBody"]["eventList"][0]
    del body["bizTransactionList"]
    body["epcList"] += ["urn:epc:id:sscc:4000001.0000000025"]
    found = messages(CARRIER_RAW, record)
    assert len({one.event_id for one in found if isinstance(one, Event)}) == 2
    assert all(isinstance(one, Event) and one.scope is Scope.PACKAGE for one in found)


def test_epcis_keeps_the_offset_of_the_place() -> None:
    assert said("gs1.epcis.v2")[0].at == Instant(datetime(2026, 6, 1, 8, tzinfo=UTC), "2026-06-01T08:00:00Z", 120, TimeQuality.EXPLICIT)


# -- project44


def test_project44_names_the_reason_of_an_exception_and_holds_the_invoice() -> None:
    record = vendor("project44.ltl.v4").record()
    record |= {"statusCode": "EXCEPTION", "statusReason": {"reasonSummaryCode": "MISSED_DELIVERY", "reasonDetailCode": "CONSIGNEE_CLOSED"}}
    exceptional = event(TMS_RAW, record).exceptional
    assert exceptional is not None
    assert (exceptional.effect, exceptional.text) == ("BILLING_BLOCK", "MISSED_DELIVERY/CONSIGNEE_CLOSED")


def test_project44_a_pro_without_its_carrier_finds_nothing() -> None:
    record = vendor("project44.ltl.v4").record() | {"carrierIdentifier": None, "shipmentIdentifiers": [{"type": "PRO", "value": "1"}]}
    assert "a PRO with its carrier's SCAC" in refusal(TMS_RAW, record).message


def test_project44_two_stops_at_one_moment_are_two_statements() -> None:
    record = vendor("project44.ltl.v4").record()
    assert event(TMS_RAW, record).event_id != event(TMS_RAW, record | {"stopNumber": 3}).event_id


# -- SAP GTT: business time in its zone


@pytest.mark.parametrize(
    ("local", "zone", "utc", "offset", "quality"),
    [
        ("20260601101500", "Europe/Berlin", "2026-06-01T08:15:00+00:00", 120, TimeQuality.EXPLICIT),
        ("20260115101500", "CET", "2026-01-15T09:15:00+00:00", 60, TimeQuality.EXPLICIT),
        ("20251026023000", "Europe/Berlin", "2025-10-26T00:30:00+00:00", 120, TimeQuality.UNKNOWN),
    ],
)
def test_gtt_business_time_is_read_in_its_zone(local: str, zone: str, utc: str, offset: int, quality: TimeQuality) -> None:
    record = vendor("sap.gtt.v1").record() | {"ACTUAL_BUSINESS_DATETIME": local, "ACTUAL_BUSINESS_TIMEZONE": zone}
    assert event(TMS_RAW, record).at == Instant(datetime.fromisoformat(utc), f"{local} {zone}", offset, quality)


@pytest.mark.parametrize(
    ("local", "zone"), [("20260329023000", "Europe/Berlin"), ("20260601101500", "Mars/Base"), ("20260601101500", "../etc"), ("2026", "UTC")]
)
def test_gtt_a_time_that_no_clock_shows_is_refused(local: str, zone: str) -> None:
    record = vendor("sap.gtt.v1").record() | {"ACTUAL_BUSINESS_DATETIME": local, "ACTUAL_BUSINESS_TIMEZONE": zone}
    assert why(TMS_RAW, record)[0] is Reason.TIME_INVALID


def test_gtt_an_object_that_is_no_shipment_or_delivery_is_refused() -> None:
    assert why(TMS_RAW, vendor("sap.gtt.v1").record() | {"TRXCOD": "CONTAINER_ID"})[0] is Reason.UNMAPPED_CODE


# -- Shopify


def test_shopify_knowing_nothing_and_a_failed_request_are_no_news_of_the_goods() -> None:
    record = vendor("shopify.fulfillment-event.v1").record()
    assert messages(ERP_RAW, record | {"status": "confirmed"}) == []
    assert why(ERP_RAW, record | {"status": "failure"})[0] is Reason.UNMAPPED_CODE
