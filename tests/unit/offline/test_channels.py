"""One fact through a webhook, a poll and an EDI file: one milestone, and every record that told it is known."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from streams.contracts import outputs
from streams.contracts.messages import decode
from streams.domain.event import Event
from streams.domain.order import OrderRow
from streams.domain.vocabulary import Milestone
from streams.hop import Output
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import CARRIER_RAW, EVENTS, MILESTONES, STATUS, TMS_RAW

WEBHOOK = {
    "shipmentIdentifiers": [{"type": "PRO", "value": "7777"}, {"type": "BILL_OF_LADING", "value": "B-1"}],
    "carrierIdentifier": {"type": "SCAC", "value": "OLDF"},
    "statusCode": "DELIVERED",
    "timestamp": "2026-06-01T03:15:00-04:00",
}
POLL = {"carrier": "OLDF", "pro": "0007777", "code": "DELIVERED", "at": "2026-06-01T07:15:00Z"}
EDI = {
    "version": "004010",
    "separators": {"element": "*"},
    "segments": ["ST*214*0001", "B10*7777*B-1*OLDF", "LX*1", "AT7*D1*NS***20260601*0715*UT", "SE*5*0001"],
}
PLAN = {
    "type": "shipment.planned",
    "system": "TMS",
    "shipment": "S-1",
    "carrier": "OLDF",
    "at": "2026-06-01T06:00:00Z",
    "references": [{"kind": "bol", "issuer": "OLDF", "value": "B-1"}, {"kind": "pro", "value": "7777"}],
    "orders": [{"company": "1000", "order": "1"}],
}
TOLD: dict[str, tuple[str, Any, str]] = {
    "webhook": (TMS_RAW, WEBHOOK, "project44.ltl.v4"),
    "poll": (CARRIER_RAW, POLL, "milepost.carrier.v1"),
    "edi": (CARRIER_RAW, EDI, "x12.214"),
    "plan": (TMS_RAW, PLAN, "milepost.tms.v1"),
}


IN_SECONDS: dict[str, tuple[str, Any, str]] = {
    **TOLD,
    "webhook": (TMS_RAW, {**WEBHOOK, "timestamp": "2026-06-01T03:15:27-04:00"}, "project44.ltl.v4"),
    "poll": (CARRIER_RAW, {**POLL, "at": "2026-06-01T07:15:27.250Z"}, "milepost.carrier.v1"),
}
"""EDI gives hour and minute, the others seconds and parts of them."""


@pytest.mark.parametrize("precision", [TOLD, IN_SECONDS], ids=["same", "mixed"])
@pytest.mark.parametrize("sequence", list(permutations(TOLD)), ids="-".join)
def test_a_webhook_a_poll_and_an_edi_file_make_one_milestone_with_three_lineages(
    sequence: tuple[str, ...], precision: dict[str, tuple[str, Any, str]]
) -> None:
    pipeline = OfflinePipeline(hops(Settings()))
    said: list[Output] = []
    for name in sequence:
        topic, value, format = precision[name]
        headers = (("format", format.encode()),)
        said += pipeline.feed(Output(topic, b"k", json.dumps(value).encode(), headers, timestamp=1_780_300_000_000))
    milestones = [outputs.read(MILESTONES, output.value or b"") for output in said if output.topic == MILESTONES]
    assert [milestone["milestone"] for milestone in milestones].count(Milestone.DELIVERED) == 1
    row = pipeline.row("shipment", b"o/1000:1")
    assert isinstance(row, OrderRow)
    (fact,) = [fact for fact in row.facts if fact.milestone is Milestone.DELIVERED]
    assert len(fact.sources) == 3
    assert fact.at.microsecond == (250_000 if precision is IN_SECONDS else 0)
    told = [decode(output.value or b"") for output in said if output.topic == EVENTS]
    formats = {event.lineage.format for event in told if isinstance(event, Event) and event.milestone is Milestone.DELIVERED}
    assert formats == {"project44.ltl.v4", "milepost.carrier.v1", "x12.214"}


def fed(*told: tuple[str, Any]) -> list[Output]:
    pipeline = OfflinePipeline(hops(Settings()))
    said: list[Output] = []
    for topic, value in (TOLD["plan"][:2], *told):
        said = pipeline.feed(Output(topic, b"k", json.dumps(value).encode(), timestamp=1_780_300_000_000))
    return said


def test_h10_an_older_scan_does_not_overwrite_a_delivery() -> None:
    said = fed((CARRIER_RAW, POLL), (CARRIER_RAW, {**POLL, "code": "ON_VEHICLE", "at": "2026-06-01T06:15:00Z"}))
    assert [output.topic for output in said if output.topic in (MILESTONES, STATUS)] == [MILESTONES]


def test_h10_an_unknown_code_does_not_refresh_the_latest_word() -> None:
    said = fed((CARRIER_RAW, POLL), (CARRIER_RAW, {**POLL, "code": "WHAT", "at": "2026-06-01T07:20:00Z"}))
    assert [output.topic for output in said] == [f"{CARRIER_RAW}.dlq"]
