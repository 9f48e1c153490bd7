"""An order whose warehouse, carrier and billing speak EDI: from files to invoice decisions, through the pipeline's own hops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.contracts import outputs
from streams.hop import Output
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import ERP_RAW, RELEASES, TERMS, dead_letter_topic
from tests.unit.normalize.edi_sets import BODIES, TAKEN, message, record
from tests.unit.normalize.edi_sets import IFTSTA as STATUS

LINES = [
    {"line": "10", "sku": "SKU-1", "quantity": 5, "uom": "EA", "unit_price": "19.99"},
    {"line": "20", "sku": "SKU-2", "quantity": "4", "uom": "KG", "unit_price": "0.1"},
]
AT = "2026-06-01T08:00:00Z"
DELIVERED = ["B10*0012345678*80000001*OLDF", "LX*1", "AT7*D1*NS***20260601*1130*CT", "MS1*DAYTON*OH*US"]


def stamped(topic: str, key: str, value: dict[str, Any]) -> Output:
    return Output(topic, key.encode(), json.dumps(value).encode(), timestamp=int(TAKEN.timestamp() * 1000))


def order(number: str) -> Output:
    head = {"system": "SAP", "company": "1000", "order": number, "at": AT, "type": "order.released", "revision": 1}
    return stamped(ERP_RAW, number, head | {"customer": "C", "currency": "USD", "terms": "T", "lines": LINES})


def terms(trigger: str) -> Output:
    version = {
        "version": 1,
        "trigger": trigger,
        "currency": "USD",
        "time_zone": "UTC",
        "valid_from": "2024-01-01T00:00:00Z",
        "partial_allowed": True,
    }
    return stamped(TERMS, "T", {"terms_id": "T", "versions": [version]})


def decided(*records: Output) -> list[tuple[str, str, str]]:
    """Order, decision and amount of every decision."""
    pipeline = OfflinePipeline(hops(Settings()))
    found = [output for each in records for output in pipeline.feed(each)]
    assert not [output.topic for output in found if output.topic.endswith(dead_letter_topic(""))]
    decisions = [outputs.read(RELEASES, output.value or b"") for output in found if output.topic == RELEASES]
    return [(each["order_id"], each["decision"], str(each["amount"].normalize())) for each in decisions]


def test_what_a_945_issued_is_released_on_ship_and_a_line_that_is_final_waits_for_no_more() -> None:
    assert decided(terms("on_ship"), order("4711"), record("945")) == [("1000:4711", "RELEASE", "100.2")]


@pytest.mark.parametrize("scan", [record("214", DELIVERED), message(STATUS.replace("48+14", "48"))], ids=["214", "IFTSTA"])
def test_a_carriers_delivery_finds_the_order_by_the_numbers_of_the_945(scan: Output) -> None:
    (first, *_) = decided(terms("on_delivery"), order("4711"), record("945"), scan)
    assert first == ("1000:4711", "RELEASE", "100.2")
    assert decided(terms("on_delivery"), order("4711"), record("945")) == []
    assert decided(terms("on_delivery"), order("4711"), scan, record("945"))[:1] == [first]


def test_a_delivery_at_one_stop_of_a_load_releases_the_order_unloaded_there_and_no_other() -> None:
    load = [record("204"), record("945", [each.replace("S-77", "80000001") for each in BODIES["945"]])]
    stop = [*DELIVERED[:3], "L11*2*QN", DELIVERED[3]]
    found = decided(terms("on_delivery"), order("4711"), order("4712"), *load, record("214", stop))
    assert [(each, decision) for each, decision, _ in found] == [("1000:4711", "RELEASE")]


def test_an_856_taken_back_takes_the_release_back() -> None:
    cancelled = [BODIES["856"][0].replace("*00*", "*01*"), *BODIES["856"][1:]]
    found = decided(terms("on_ship"), order("4711"), record("856"), record("856", cancelled))
    assert [decision for _, decision, _ in found] == ["PARTIAL_RELEASE", "REVOKE"]


def test_an_810_against_a_release_is_its_posting_and_a_credit_follows_a_reversal() -> None:
    cancelled = [BODIES["856"][0].replace("*00*", "*01*"), *BODIES["856"][1:]]
    invoice = ["BIG*20260601*INV-1**4711", "CUR*SE*USD", "IT1*10*5*EA*19.99", "TDS*9995"]
    found = decided(terms("on_ship"), order("4711"), record("856"), record("810", invoice), record("856", cancelled))
    assert [decision for _, decision, _ in found] == ["PARTIAL_RELEASE", "CREDIT_REQUEST"]
