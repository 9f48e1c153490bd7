"""From SAP's, a WMS's and Oracle's own records to what finance is told: the whole pipeline, without Kafka."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from streams.contracts.outputs import read
from streams.domain.instant import to_millis
from streams.hop import Output
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import ERP_RAW, RELEASES, STATUS, TERMS, WMS_RAW
from tests.unit.normalize.records import ERP_HEAD
from tests.unit.normalize.vendors import vendor

TERMS_RECORD = {
    "versions": [
        {"version": 1, "currency": "EUR", "time_zone": "Europe/Berlin", "valid_from": "2024-01-01T00:00:00+01:00", "partial_allowed": True}
    ]
}


class Finance:
    """What finance hears of the records that are told."""

    def __init__(self, terms_id: str, trigger: str) -> None:
        self._hops = OfflinePipeline(hops(Settings()))
        version = {**TERMS_RECORD["versions"][0], "trigger": trigger}
        self.hears(TERMS, {"terms_id": terms_id, "versions": [version]}, "2026-06-01T00:00:00+00:00")

    def hears(self, topic: str, record: Any, at: str, **headers: str) -> list[tuple[str, dict[str, float]]]:
        value = record if isinstance(record, bytes) else json.dumps(record).encode()
        encoded = tuple((name, text.encode()) for name, text in headers.items())
        outputs = self._hops.feed(Output(topic, b"k", value, encoded, timestamp=to_millis(datetime.fromisoformat(at))))
        assert not [output for output in outputs if output.topic.endswith(".dlq")], outputs
        self.billing = [read(STATUS, output.value)["billing"] for output in outputs if output.topic == STATUS and output.value]
        decisions = [read(RELEASES, output.value) for output in outputs if output.topic == RELEASES and output.value]
        return [(each["decision"], {line["line"]: float(line["delta"]) for line in each["lines"]}) for each in decisions]


def test_a_proof_of_sap_with_a_difference_releases_what_arrived() -> None:
    finance, zone = Finance("NT30", "on_pod"), {"zone": "Europe/Berlin"}
    orders, delivery = vendor("sap.orders05.v1"), vendor("sap.delvry07.v1")
    assert finance.hears(ERP_RAW, orders.xml(), "2026-06-01T10:00:00+00:00", **zone) == []
    assert finance.hears(ERP_RAW, delivery.xml(), "2026-06-01T11:00:00+00:00", **zone) == []
    proof = delivery.record()
    proof["DELVRY07"]["IDOC"]["EDI_DC40"] |= {"MESTYP": "STPPOD", "RCVPRN": "S4HCLNT100"}
    proof["DELVRY07"]["IDOC"]["E1EDL20"] |= {"PODAT": "20260602", "POTIM": "120000"}
    proof["DELVRY07"]["IDOC"]["E1EDL20"]["E1EDL24"][1]["E1EDL53"] = {"GRUND": "DMG1", "PODMG": "5.000"}
    assert finance.hears(ERP_RAW, proof, "2026-06-02T11:00:00+00:00", **zone) == [("PARTIAL_RELEASE", {"10": 9})]


def test_a_goods_issue_that_vanishes_from_the_rows_of_a_wms_revokes_the_release() -> None:
    finance = Finance("T-1", "on_ship")
    lines = [{"line": "10", "sku": "SKU-1", "quantity": 10, "unit_price": 2}]
    order = {**ERP_HEAD, "type": "order.released", "revision": 1, "customer": "C", "currency": "EUR", "terms": "T-1", "lines": lines}
    finance.hears(ERP_RAW, order, "2026-06-01T08:00:00+00:00")
    row = vendor("milepost.wms-snapshot.v1").record() | {"lines": [{"line": "10", "issued": 4}]}
    assert finance.hears(WMS_RAW, row, "2026-06-01T10:00:00+00:00") == [("PARTIAL_RELEASE", {"10": 4})]
    more = row | {"lines": [{"line": "10", "issued": 10}], "as_of": "2026-06-01T13:00:00+02:00"}
    assert finance.hears(WMS_RAW, more, "2026-06-01T12:00:00+00:00") == [("RELEASE", {"10": 6})]
    assert finance.hears(WMS_RAW, row, "2026-06-01T12:30:00+00:00") == [], "sent again, late"
    less = row | {"lines": [{"line": "10", "issued": 7}], "as_of": "2026-06-01T14:00:00+02:00"}
    assert finance.hears(WMS_RAW, less, "2026-06-01T13:00:00+00:00") == [("REVOKE", {"10": -3})]


def test_a_posting_that_oracle_undoes_opens_the_release_again_and_makes_no_second_one() -> None:
    finance, oracle = Finance("T-1", "on_ship"), vendor("oracle.receivables.v1")
    lines = [
        {"line": "1", "sku": "A", "quantity": 10, "unit_price": 2.5},
        {"line": "2", "sku": "B", "quantity": 2.5, "uom": "KG", "unit_price": 5},
    ]
    head = ERP_HEAD | {"company": "Vision DE"}
    order = {**head, "type": "order.released", "revision": 1, "customer": "C", "currency": "EUR", "terms": "T-1", "lines": lines}
    finance.hears(ERP_RAW, order, "2026-06-01T08:00:00+00:00")
    issued = {
        **head,
        "type": "goods.issued",
        "at": "2026-06-01T10:00:00+02:00",
        "lines": [{k: v for k, v in line.items() if k in ("line", "quantity", "uom")} for line in lines],
    }
    assert [kind for kind, _ in finance.hears(WMS_RAW, issued, "2026-06-01T09:00:00+00:00")] == ["RELEASE"]
    events = [
        ("ReceivablesInvoiceCompleted", 11, "INVOICED"),
        ("ReceivablesInvoiceIncompleted", 12, "RELEASED"),
        ("ReceivablesInvoiceCompleted", 13, "INVOICED"),
    ]
    for code, hour, billing in events:
        record = oracle.record() | {"BusinessEventCode": code, "EventTime": f"2026-06-01T{hour}:30:00Z"}
        assert finance.hears(ERP_RAW, record, f"2026-06-01T{hour}:45:00+00:00") == []
        assert finance.billing == [billing]
