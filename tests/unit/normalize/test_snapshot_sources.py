"""Sources that send how things stand: what each map row claims, what a change says, and changes that were only announced."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from streams.contracts.messages import decode
from streams.deadletter import headers as dead_letter_headers
from streams.deadletter.reasons import Reason
from streams.domain.event import Announcement, Event, Snapshot
from streams.domain.instant import TimeQuality, to_millis
from streams.domain.vocabulary import Milestone
from streams.hop import Output
from streams.hops import normalize, resolve
from streams.normalize.codes import Meaning, code_map
from streams.offline import OfflinePipeline
from streams.topics import ERP_RAW, EVENTS, REFERENCES, WMS_RAW, dead_letter_topic
from tests.unit.normalize.reading import ARRIVED, links, messages, refusal, why
from tests.unit.normalize.vendors import SNAPSHOTS, Vendor, vendor

ROWS = [(each, row) for each in SNAPSHOTS if not each.format.startswith("milepost.") for row in code_map(each.format).rows.values()]
EMPTY = {"ReceivablesInvoiceIncompleted", "cancelled"}
"""What these say is that nothing is claimed any more."""


def told(each: Vendor, record: Any) -> list[Any]:
    return messages(each.topic, record, {"format": each.format, **each.headers})


def snapshot(each: Vendor, record: Any) -> Snapshot:
    (found,) = (message for message in told(each, record) if isinstance(message, Snapshot))
    return found


def claims(each: Vendor, record: Any) -> dict[Milestone, dict[str, float]]:
    return {claim.milestone: {line.line: float(line.quantity) for line in claim.lines} for claim in snapshot(each, record).claims}


@pytest.mark.parametrize(("each", "row"), ROWS, ids=[f"{each.format} {row.code} {row.type}" for each, row in ROWS])
def test_each_row_of_each_map_is_what_a_snapshot_says(each: Vendor, row: Meaning) -> None:
    said = told(each, each.saying(row))
    found = {claim.milestone for claim in snapshot(each, each.saying(row)).claims} | {
        one.milestone for one in said if isinstance(one, Event)
    }
    assert row.milestone in found if row.code not in EMPTY else not found
    assert snapshot(each, each.saying(row)).lineage.map_version == code_map(each.format).version


@pytest.mark.parametrize(
    "format", ["shopify.fulfillment.v1", "netsuite.item-fulfillment.v1", "oracle.receivables.v1", "sap.s4.billingdocument.v1"]
)
def test_a_status_without_a_row_is_parked(format: str) -> None:
    each = vendor(format)
    record = each.saying(Meaning("ZZ-9", "", Milestone.DELIVERED, None, None, None, "", ""))  # type: ignore[arg-type]
    letter = refusal(each.topic, record, {"format": format, **each.headers})
    assert letter.reason is Reason.UNMAPPED_CODE
    assert "ZZ-9" in letter.message


@pytest.mark.parametrize("each", SNAPSHOTS, ids=lambda each: each.format)
def test_it_is_known_by_its_shape_too(each: Vendor) -> None:
    assert messages(each.topic, each.record(), each.headers) == told(each, each.record())


# -- the pipeline


class Told:
    """normalize and resolve, and what reaches the orders."""

    def __init__(self) -> None:
        self._hops = OfflinePipeline([normalize.hop(100_000), resolve.hop(timedelta(days=14))])

    def hears(self, each: Vendor, record: Any, hours: float = 0, **headers: str) -> list[tuple[str, dict[str, float]]]:
        encoded = tuple((name, text.encode()) for name, text in {"format": each.format, **each.headers, **headers}.items())
        when = to_millis(ARRIVED + timedelta(hours=hours))
        return self.said(self._hops.feed(Output(each.topic, b"k", json.dumps(record).encode(), encoded, timestamp=when)))

    def waits(self, **by: float) -> list[Output]:
        outputs = self._hops.advance(to_millis(ARRIVED + timedelta(**by)))
        return [output for output in outputs if output.topic == dead_letter_topic(REFERENCES)]

    @staticmethod
    def said(outputs: list[Output]) -> list[tuple[str, dict[str, float]]]:
        refused = [dead_letter_headers.read(output.headers) for output in outputs if output.topic.endswith(".dlq")]
        assert not refused, refused
        events = [decode(output.value or b"") for output in outputs if output.topic == EVENTS]
        return [
            (("taken back " if one.retracts else "") + one.milestone, {line.line: float(line.quantity) for line in one.lines})
            for one in events
            if isinstance(one, Event)
        ]


# -- WMS rows

WMS = vendor("milepost.wms-snapshot.v1")


def row(as_of: str, lines: list[dict[str, Any]], **times: str | None) -> dict[str, Any]:
    return {**WMS.record(), "as_of": f"2026-06-01T{as_of}:00+02:00", "lines": lines, "packed_at": None, "pick_started_at": None, **times}


def test_rows_of_a_wms_say_what_was_picked_issued_and_reversed() -> None:
    told = Told()
    picked = "2026-06-01T09:00:00+02:00"
    assert told.hears(WMS, row("09:10", [{"line": "10", "picked": 4}], picked_at=picked, issued_at=None)) == [("PICK_COMPLETED", {"10": 4})]
    assert told.hears(WMS, row("09:40", [{"line": "10", "picked": 10}], picked_at=picked, issued_at=None)) == [
        ("PICK_COMPLETED", {"10": 6})
    ]
    issued = row("10:10", [{"line": "10", "picked": 10, "issued": 10}], picked_at=picked)
    assert told.hears(WMS, issued) == [("GOODS_ISSUED", {"10": 10})]
    assert told.hears(WMS, issued, hours=1) == []
    reversed_ = row("12:00", [{"line": "10", "picked": 10, "issued": 7}], picked_at=picked)
    assert told.hears(WMS, reversed_) == [("GOODS_ISSUE_REVERSED", {"10": 3})]
    assert told.hears(WMS, issued, hours=2) == [], "the row that was sent late is older than the last"


def test_a_quantity_without_its_time_is_refused() -> None:
    reason, message = why(WMS_RAW, {**WMS.record(), "issued_at": None})
    assert (reason, message) == (Reason.TIME_INVALID, "issued_at: missing, and 10 of line 10 are")


def test_a_goods_issue_links_its_references() -> None:
    assert [(link.reference, link.delivery_id) for link in links(WMS_RAW, WMS.record())] == [("tracking:BLPX:BLP123DE", "80000001")]
    assert links(WMS_RAW, {**WMS.record(), "lines": []}) == []


def test_a_list_of_rows_is_read_row_by_row() -> None:
    found = messages(WMS_RAW, [WMS.record(), {**WMS.record(), "order": "4712"}])
    assert len({message.reference for message in found if isinstance(message, Snapshot)}) == 2


# -- SAP S/4: key-only events and the documents that they announce

EVENT, DELIVERY = vendor("sap.s4.event.v1"), vendor("sap.s4.outbounddelivery.v1")


def test_an_event_names_its_document_and_says_nothing_of_it() -> None:
    (said,) = messages(ERP_RAW, EVENT.record())
    assert isinstance(said, Announcement)
    assert said.reference == "snapshot:S4HCLNT100:OUTBOUNDDELIVERY/80000001"
    assert said.lineage.transport_id == "fffe3055-9701-1ede-b9a6-abc8c8be2bdc"


@pytest.mark.parametrize("first", ["event", "snapshot"])
def test_whichever_comes_first_the_snapshot_says_it_once(first: str) -> None:
    told, said = Told(), []
    for each in (EVENT, DELIVERY) if first == "event" else (DELIVERY, EVENT):
        said += told.hears(each, each.record())
    assert said == [("GOODS_ISSUED", {"10": 10})]
    assert told.waits(days=30) == []
    assert told.hears(EVENT, EVENT.record()) == [], "sent again by the event mesh"


def test_a_change_whose_snapshot_never_comes_is_kept_as_a_dead_letter() -> None:
    told = Told()
    told.hears(DELIVERY, DELIVERY.record())
    later = EVENT.record() | {"time": "2026-06-01T13:30:00Z"}
    assert told.hears(EVENT, later) == []
    (letter,) = told.waits(days=15)
    fields = dead_letter_headers.read([(name, value or b"") for name, value in letter.headers])
    assert fields[dead_letter_headers.CODE] == Reason.SNAPSHOT_MISSING
    assert isinstance(decode(letter.value or b""), Announcement)


def test_a_goods_issue_that_is_reversed_in_sap_is_reversed_here() -> None:
    told = Told()
    told.hears(DELIVERY, DELIVERY.record())
    undone = DELIVERY.record()
    undone["d"]["to_DeliveryDocumentItem"]["results"][0]["GoodsMovementStatus"] = "A"
    assert told.hears(DELIVERY, undone, as_of="2026-06-01T13:00:00Z") == [("GOODS_ISSUE_REVERSED", {"10": 10})]


def test_a_document_is_read_in_the_zone_that_the_header_names_and_as_version_4() -> None:
    record = DELIVERY.record()["d"]
    flat = {
        "OutboundDelivery": "80000001",
        "ActualGoodsMovementDate": "2026-06-01",
        "ActualGoodsMovementTime": "10:00:00",
        "_Item": record["to_DeliveryDocumentItem"]["results"],
    }
    old, new = snapshot(DELIVERY, DELIVERY.record()).claims[0], snapshot(DELIVERY, flat).claims[0]
    assert (old.at.utc, old.at.quality) == (new.at.utc, TimeQuality.PARTNER_DEFAULT)
    assert old.at.offset_minutes == 120


@pytest.mark.parametrize(("without", "message"), [("system", "header system"), ("as_of", "header as_of")])
def test_a_document_of_unknown_origin_or_age_is_refused(without: str, message: str) -> None:
    given = {name: text for name, text in DELIVERY.headers.items() if name != without}
    assert message in refusal(ERP_RAW, DELIVERY.record(), given).message


def test_a_billing_block_of_an_order_is_set_and_cleared_once() -> None:
    order, told = vendor("sap.s4.salesorder.v1"), Told()
    blocked = order.record()
    blocked["d"]["HeaderBillingBlockReason"] = "01"
    steps = [(blocked, 10), (blocked, 11), (order.record(), 12)]
    said = [told.hears(order, record, as_of=f"2026-06-01T{hour}:00:00Z") for record, hour in steps]
    assert [[name for name, _ in each if "BLOCK" in name] for each in said] == [["BILLING_BLOCK_SET"], [], ["BILLING_BLOCK_CLEARED"]]


def test_a_sales_order_is_told_whole_with_rejected_items_at_zero() -> None:
    order = vendor("sap.s4.salesorder.v1")
    record = order.record()
    record["d"]["to_Item"]["results"][1]["SalesDocumentRjcnReason"] = "92"
    (event,) = (one for one in told(order, record) if isinstance(one, Event))
    assert event.order is not None
    assert [(line.line, line.quantity, line.uom, line.unit_price) for line in event.order.lines] == [
        ("10", 10, "EA", Decimal("2.5")),
        ("20", 0, "KG", 0),
    ]


def test_a_cancelled_billing_document_takes_its_invoice_back() -> None:
    billing, told = vendor("sap.s4.billingdocument.v1"), Told()
    record = billing.record()
    assert [name for name, _ in told.hears(billing, record)] == ["INVOICE_POSTED"]
    record["d"]["BillingDocumentIsCancelled"] = True
    assert [name for name, _ in told.hears(billing, record)] == ["INVOICE_POSTED", "INVOICE_CANCELLED"]


# -- Oracle, NetSuite, Shopify

ORACLE = vendor("oracle.receivables.v1")


def completion(hour: int, code: str = "ReceivablesInvoiceCompleted") -> dict[str, Any]:
    return ORACLE.record() | {"BusinessEventCode": code, "EventTime": f"2026-06-01T{hour:02}:00:00Z"}


def test_an_incompleted_invoice_is_taken_back_and_may_be_completed_again() -> None:
    told, undone = Told(), "ReceivablesInvoiceIncompleted"
    said = [
        [name for name, _ in told.hears(ORACLE, record)]
        for record in (completion(9), completion(10, undone), completion(11), completion(11))
    ]
    assert said == [["INVOICE_POSTED"], ["taken back INVOICE_CANCELLED"], ["INVOICE_POSTED"], []]


def test_an_incompletion_that_overtakes_its_completion_leaves_nothing_posted() -> None:
    told = Told()
    assert told.hears(ORACLE, completion(10, "ReceivablesInvoiceIncompleted")) == []
    assert told.hears(ORACLE, completion(9)) == []


def test_a_fulfilment_of_netsuite_goes_from_picked_to_shipped_step_by_step() -> None:
    each, told = vendor("netsuite.item-fulfillment.v1"), Told()
    said = []
    for hour, status in enumerate("ABC"):
        record = each.record() | {"shipStatus": {"id": status}, "lastModifiedDate": f"2026-06-01T0{7 + hour}:00:00Z"}
        said.append([name for name, _ in told.hears(each, record)])
    assert said == [["PICK_COMPLETED"], ["PACKED"], ["GOODS_ISSUED"]]


def test_a_fulfilment_of_a_transfer_is_no_sales_order() -> None:
    record = vendor("netsuite.item-fulfillment.v1").record() | {"createdFrom": {"id": "1", "refName": "Transfer Order #TO1"}}
    assert "is no sales order" in refusal(ERP_RAW, record).message


def test_a_fulfilment_of_shopify_that_is_cancelled_takes_its_goods_issue_back_once() -> None:
    each, told = vendor("shopify.fulfillment.v1"), Told()
    cancelled = each.record() | {"status": "cancelled", "updated_at": "2026-06-01T11:00:00+02:00"}
    assert [name for name, _ in told.hears(each, each.record())] == ["GOODS_ISSUED", "PICK_STARTED"]
    assert [name for name, _ in told.hears(each, cancelled)] == ["GOODS_ISSUE_REVERSED", "taken back EXCEPTION_RESOLVED"]
    assert told.hears(each, cancelled | {"updated_at": "2026-06-01T12:00:00+02:00"}) == []
    assert told.hears(each, each.record(), hours=3) == [], "delivered late"
