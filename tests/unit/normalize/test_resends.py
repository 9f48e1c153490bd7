"""Whatever a source sends again, in whole histories or whole documents, yields nothing new: for every format that we read."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from streams.contracts.messages import decode
from streams.domain.event import Event, Snapshot
from streams.domain.instant import to_millis
from streams.hop import Output
from streams.hops import normalize, resolve, shipment
from streams.normalize.detect import FORMATS
from streams.offline import OfflinePipeline
from streams.topics import CARRIER_RAW, EVENTS, MILESTONES, REFERENCES, TERMS, TMS_RAW
from tests.unit.normalize.reading import ARRIVED
from tests.unit.normalize.records import EVERY, UPS_DELIVERED, X12_214
from tests.unit.normalize.vendors import SNAPSHOTS, TOLD_OTHERWISE, VENDORS

OTHERS = [
    (f"{vendor.format}", vendor.topic, vendor.record(), {"format": vendor.format, **vendor.headers})
    for vendor in (*VENDORS, *SNAPSHOTS, *TOLD_OTHERWISE)
]
OWN = [(f"{topic} {record['type']}", topic, record, {}) for topic, record in EVERY if "type" in record and topic != TERMS]
SCANS = [(f"carrier {record['code']}", topic, record, {}) for topic, record in EVERY if topic == CARRIER_RAW and "code" in record]
MORE = [("ups", CARRIER_RAW, UPS_DELIVERED, {}), ("x12.214", CARRIER_RAW, X12_214, {"format": "x12.214"})]
RECORDS = [*OTHERS, *OWN, *SCANS, *MORE]


class Pipeline:
    """All hops, fed raw records."""

    def __init__(self) -> None:
        self._hops = OfflinePipeline([normalize.hop(100_000), resolve.hop(timedelta(days=14)), shipment.hop()])

    def feed(self, topic: str, record: Any, headers: dict[str, str], hours: float = 0) -> list[Output]:
        encoded = tuple((name, text.encode()) for name, text in headers.items())
        when = to_millis(ARRIVED + timedelta(hours=hours))
        self._hops.advance(when)  # what is overdue by then is no news of the record
        outputs = self._hops.feed(Output(topic, b"k", json.dumps(record).encode(), encoded, timestamp=when))
        assert not [output for output in outputs if output.topic.endswith(".dlq")], outputs
        return outputs


def linked_by(outputs: list[Output]) -> list[str]:
    """The references by which the statements of a record are found."""
    said = [decode(output.value or b"") for output in outputs if output.topic == REFERENCES]
    return list(dict.fromkeys(one.references[0] for one in said if isinstance(one, Event)))


def plan(references: list[str]) -> dict[str, Any]:
    found = [dict(zip(("kind", "issuer", "value"), reference.split(":", 2), strict=True)) for reference in references]
    order = {"company": "1000", "order": "4711", "lines": [{"line": "10", "quantity": 5}]}
    head = {"type": "shipment.planned", "system": "TMS-9", "shipment": "S-9", "carrier": "BLPX", "at": "2026-05-31T08:00:00Z"}
    return {**head, "references": found, "orders": [order]}


@pytest.mark.parametrize(("topic", "record", "headers"), [pytest.param(*rest, id=name) for name, *rest in RECORDS])
def test_a_resend_yields_nothing_new(topic: str, record: Any, headers: dict[str, str]) -> None:
    pipeline = Pipeline()
    references = linked_by(Pipeline().feed(topic, record, headers))
    if references:
        pipeline.feed(TMS_RAW, plan(references), {})
    first = pipeline.feed(topic, record, headers)
    announced = headers.get("format") == "sap.s4.event.v1"
    assert announced or any(output.topic == MILESTONES for output in first), "the first telling must say something"
    for hours in (1, 40):
        again = pipeline.feed(topic, record, headers, hours)
        assert [output.topic for output in again if output.topic not in (EVENTS, REFERENCES)] == []


def test_every_format_is_tested() -> None:
    tested = {headers["format"] for _, _, _, headers in RECORDS if "format" in headers} | {"ups.track-alert.v2"}
    own = {name for name in FORMATS if name.startswith(("milepost.", "edifact.")) or (name.startswith("x12.") and name not in tested)}
    assert tested | own == set(FORMATS)


@pytest.mark.parametrize("vendor", SNAPSHOTS, ids=lambda vendor: vendor.format)
def test_a_snapshot_is_said_once_whoever_tells_it(vendor: Any) -> None:
    outputs = Pipeline().feed(vendor.topic, vendor.record(), {"format": vendor.format, **vendor.headers})
    snapshots = [decode(output.value or b"") for output in outputs if output.topic == REFERENCES]
    assert sum(isinstance(one, Snapshot) for one in snapshots) == 1
