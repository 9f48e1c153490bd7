"""What is particular to Shopify's orders and refunds, Dynamics 365 and OTM."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.contracts.xml import plain
from streams.deadletter.reasons import Reason
from streams.domain.event import Event, Snapshot
from streams.domain.instant import TimeQuality
from streams.domain.vocabulary import Milestone
from streams.normalize.codes import code_map
from streams.topics import ERP_RAW, TMS_RAW
from tests.unit.normalize.reading import emitted, event, links, messages, raw, refusal, refusals
from tests.unit.normalize.vendors import vendor

ORDER, REFUND, OTM, DYNAMICS = (
    vendor(name) for name in ("shopify.order.v1", "shopify.refund.v1", "otm.transmission.v1", "dynamics365.business-event.v1")
)


# -- Shopify


@pytest.mark.parametrize("row", code_map("shopify.order.v1").rows.values(), ids=lambda row: row.code)
def test_the_topic_header_says_what_happened_to_an_order(row: Any) -> None:
    said = event(ERP_RAW, ORDER.record(), {"X-Shopify-Topic": row.code, "X-Shopify-Webhook-Id": "wh-1"})
    assert (said.milestone, said.lineage.transport_id, said.lineage.map_version) == (
        row.milestone,
        "wh-1",
        code_map("shopify.order.v1").version,
    )


def test_a_topic_that_nobody_mapped_is_parked() -> None:
    assert refusal(ERP_RAW, ORDER.record(), {"x-shopify-topic": "orders/risk_assessed"}).reason is Reason.UNMAPPED_CODE


def test_an_order_has_net_prices_and_the_quantities_that_were_not_cancelled() -> None:
    order = event(ERP_RAW, ORDER.record()).order
    assert order is not None
    assert [(line.line, line.sku, line.quantity, line.unit_price) for line in order.lines] == [
        ("11001", "SKU-1", 5, Decimal("17.99")),
        ("11002", "9002", 1, Decimal("4.5")),
    ]
    assert (order.customer, order.terms_id, order.currency) == ("778899", "SHOPIFY", "EUR")


def test_goods_that_came_back_do_not_make_the_order_smaller() -> None:
    record = ORDER.record()
    record["refunds"][0]["refund_line_items"][0]["restock_type"] = "return"
    order = event(ERP_RAW, record).order
    assert order is not None
    assert order.lines[1].quantity == 2


@pytest.mark.parametrize("topic", ["orders/updated", "orders/paid", "orders/cancelled", ""])
def test_a_cancelled_order_stays_cancelled_whatever_is_pushed_later(topic: str) -> None:
    record = ORDER.record() | {"cancelled_at": "2026-06-01T12:00:00+02:00", "updated_at": "2026-06-01T12:30:00+02:00"}
    said = event(ERP_RAW, record, {"X-Shopify-Topic": topic} if topic else {})
    assert (said.milestone, said.at.raw) == (Milestone.ORDER_CANCELLED, "2026-06-01T12:00:00+02:00")


def test_a_refund_credits_what_was_paid_back_and_tells_what_came_back() -> None:
    credit, returned = (one for one in messages(ERP_RAW, REFUND.record()) if isinstance(one, Event))
    assert credit.invoice is not None
    assert (credit.milestone, credit.invoice.number, credit.invoice.amount) == (Milestone.CREDIT_MEMO_POSTED, "929361463", Decimal("17.99"))
    assert (returned.milestone, returned.lines[0].line) == (Milestone.RETURN_RECEIVED, "11001")


def test_a_refund_whose_payment_failed_credits_nothing() -> None:
    record = REFUND.record()
    record["transactions"][0]["status"] = "failure"
    assert event(ERP_RAW, record).milestone is Milestone.RETURN_RECEIVED
    record["refund_line_items"] = []
    assert refusal(ERP_RAW, record).order_ids == ("SHOPIFY:5678901234",)


def test_an_order_number_belongs_to_the_company_of_the_header() -> None:
    assert event(ERP_RAW, ORDER.record(), {"company": "SHOP-DE"}).order_id == "SHOP-DE:5678901234"


# -- Dynamics 365


def test_times_of_business_events_are_read_in_both_spellings() -> None:
    iso = DYNAMICS.record() | {"EventTime": "2026-06-01T10:30:00Z"}
    assert event(ERP_RAW, DYNAMICS.record()).event_id == event(ERP_RAW, iso).event_id


def test_an_invoice_event_without_an_amount_is_refused_and_holds_its_order() -> None:
    record = {name: value for name, value in DYNAMICS.record().items() if name != "InvoiceAmount"}
    letter = refusal(ERP_RAW, record)
    assert (letter.reason, letter.order_ids) == (Reason.SCHEMA_INVALID, ("DEMF:SO-004711",))


# -- OTM


def test_a_planned_shipment_links_its_numbers_to_the_orders_of_its_releases() -> None:
    assert {(link.reference, link.order_id, link.shipment_id) for link in links(TMS_RAW, OTM.record())} == {
        (reference, order, "S-77")
        for reference in ("shipment:ACME:S-77", "bol:ACME:BOL-9", "pro:NWFT:500001002")
        for order in ("ACME:4711", "ACME:4712")
    }


def test_a_status_is_found_by_the_shipment_and_told_at_its_place_and_time() -> None:
    said = next(one for one in messages(TMS_RAW, OTM.record()) if isinstance(one, Event) and one.references)
    assert (said.milestone, said.references) == (Milestone.DISPATCHED, ("shipment:ACME:S-77",))
    assert (said.at.utc.isoformat(), said.at.offset_minutes) == ("2026-06-01T09:15:00+00:00", -300)


def status(**changes: Any) -> dict[str, Any]:
    record = OTM.record()
    record["Transmission"]["TransmissionBody"]["GLogXMLElement"] = element = record["Transmission"]["TransmissionBody"]["GLogXMLElement"][1]
    element["ShipmentStatus"] |= changes
    return record


@pytest.mark.parametrize(
    ("when", "utc", "quality"),
    [
        ({"GLogDate": "20260601041500", "TZOffset": "-05:00"}, "2026-06-01T09:15:00+00:00", TimeQuality.EXPLICIT),
        ({"GLogDate": "20260601091500"}, "2026-06-01T09:15:00+00:00", TimeQuality.UNKNOWN),
        ({"GLogDate": "2026-06-01T09:15:00Z"}, "2026-06-01T09:15:00+00:00", TimeQuality.EXPLICIT),
    ],
)
def test_a_time_has_an_offset_a_zone_or_is_of_unknown_quality(when: dict[str, str], utc: str, quality: TimeQuality) -> None:
    at = event(TMS_RAW, status(EventDt=when)).at
    assert (at.utc.isoformat(), at.quality) == (utc, quality)


def test_a_status_without_any_number_that_we_know_is_refused() -> None:
    record = status(ShipmentRefnum={"ShipmentRefnumQualifierGid": {"Gid": {"Xid": "XX"}}, "ShipmentRefnumValue": "1"})
    del record["Transmission"]["TransmissionBody"]["GLogXMLElement"]["ShipmentStatus"]["ShipmentGid"]
    assert "no number of the shipment that we know" in refusal(TMS_RAW, record).message


def test_each_element_of_a_transmission_stands_for_itself() -> None:
    record = OTM.record()
    record["Transmission"]["TransmissionBody"]["GLogXMLElement"].append({"Invoice": {}})
    found = emitted(raw(TMS_RAW, record))
    assert len(found) == len(emitted(raw(TMS_RAW, OTM.record()))) + 1
    assert "1 of 3 elements refused; GLogXMLElement[2]" in found[-1].message  # type: ignore[union-attr]


def test_several_tracking_numbers_of_a_plan_are_packages() -> None:
    record = OTM.record()
    header = record["Transmission"]["TransmissionBody"]["GLogXMLElement"][0]["PlannedShipment"]["Shipment"]["ShipmentHeader"]
    header["ShipmentRefnum"] = [
        {"ShipmentRefnumQualifierGid": {"Gid": {"Xid": "TRACKING"}}, "ShipmentRefnumValue": number} for number in ("T1", "T2")
    ]
    planned = [one for one in messages(TMS_RAW, record) if isinstance(one, Event) and one.milestone is Milestone.SHIPMENT_PLANNED]
    assert {one.packages for one in planned} == {("T1", "T2")}


def test_a_transmission_without_elements_is_refused() -> None:
    assert {letter.reason for letter in refusals(TMS_RAW, plain(b"<Transmission><TransmissionBody/></Transmission>"))} == {
        Reason.SCHEMA_INVALID
    }


def test_no_snapshot_is_without_a_reference_of_its_own() -> None:
    found = messages(ERP_RAW, vendor("netsuite.item-fulfillment.v1").record())
    assert [one.reference for one in found if isinstance(one, Snapshot)] == ["snapshot:NETSUITE:ITEMFULFILLMENT/88123"]
