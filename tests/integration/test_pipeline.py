"""The whole pipeline on a real broker: two workers, a day of orders, other people's clients and formats, and the proof."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.outputs import read
from streams.deadletter import headers as dead_letter_headers
from streams.demo import Stage, perform, staged
from streams.demo.screen import open_screen
from streams.devbroker.jars import ensure_jars, find_java
from streams.following import Follower
from streams.hop import Output, RawRecord
from streams.jsonlines import dump, parse
from streams.pipeline import hops
from streams.producing import Sender
from streams.topics import CARRIER_RAW, ERP_RAW, MILESTONES, REFERENCES, RELEASES, TMS_RAW, WMS_RAW, dead_letter_topic
from streams.verify import verify

pytestmark = [pytest.mark.integration, pytest.mark.slow]

FIXTURES = Path(__file__).parents[1] / "fixtures"
CODECS = ("gzip", "snappy", "lz4", "zstd")


@pytest.fixture(scope="module")
def stage(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Topics and two workers that run as long as this module's tests; afterwards everything they did is verified."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
    folder = tmp_path_factory.mktemp("pipeline")
    with staged(folder, 2, keep=False, tell=print, environment=environment | {"KAFKA_BOOTSTRAP": kafka}) as stage:
        yield stage
        report = verify(stage.settings, hops(stage.settings), state=True)
        assert report.findings == []
        assert report.complete


def send(stage: Stage, *records: Output | dict[str, Any]) -> None:
    with Sender(stage.settings) as sender:
        for record in records:
            sender.send(record if isinstance(record, Output) else parse(json.dumps(record).encode(), 0))
    assert not sender.failures


def await_records(stage: Stage, topic: str, wanted: Callable[[RawRecord], bool], count: int, seconds: float = 60) -> list[RawRecord]:
    """The first records of a topic that are wanted; fails if they do not come in time."""
    found: list[RawRecord] = []
    deadline = time.monotonic() + seconds
    with Follower(stage.settings, [topic], from_start=True) as follower:
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} records came on {topic}: see {stage.log.read_text()[-2000:]}"
            stage.check()
            found += [record for record in follower.read() if wanted(record)]
    return found


def milestones_of(stage: Stage, order: str, count: int) -> list[dict[str, Any]]:
    records = await_records(stage, MILESTONES, lambda record: record.key == order.encode(), count)
    return [read(MILESTONES, record.value or b"") for record in records]


def order_released(number: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "order.released",
        "system": "SAP-EU",
        "company": "7000",
        "order": number,
        "at": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "revision": 1,
        "customer": "C1",
        "currency": "EUR",
        "terms": "UNKNOWN-TERMS",
        "lines": [{"line": "10", "sku": "A", "quantity": "1", "uom": "EA", "unit_price": "1.00"}],
    } | more


def test_every_order_of_a_day_comes_out_as_expected_and_verify_is_clean(stage: Stage) -> None:
    outcome = perform(stage, orders=200, seed=3, rate=5_000, screen=open_screen(to_stderr=False))
    assert outcome.differences == []
    assert outcome.report.findings == []
    assert outcome.agrees
    assert outcome.board.decisions["RELEASE"] > 100
    assert outcome.report.compared["state of shipment"] > 200


# ---- a carrier's webhook


def plan(number: str, tracking: str) -> dict[str, Any]:
    return {
        "topic": TMS_RAW,
        "key": number,
        "value": {
            "type": "shipment.planned",
            "system": "TMS-US",
            "shipment": f"S-{number}",
            "carrier": "UPSN",
            "at": "2026-11-01T12:00:00-05:00",
            "references": [{"kind": "tracking", "value": tracking}],
            "orders": [{"company": "7000", "order": number}],
        },
    }


def scans(tracking: str) -> list[dict[str, Any]]:
    """The fixture's scans, of a package of our choice."""
    lines = (FIXTURES / "ups_scans.jsonl").read_text().replace("1ZM1L3P0ST00000017", tracking).splitlines()
    return [json.loads(line) for line in lines]


def test_a_ups_scan_becomes_its_orders_milestone_with_local_time_offset_and_raw_code(stage: Stage) -> None:
    ordered = {"topic": ERP_RAW, "key": "501", "value": order_released("501", at="2026-11-01T09:00:00-05:00")}
    send(stage, ordered, plan("501", "1ZM1L3P0ST00000501"), *scans("1ZM1L3P0ST00000501"))
    found = {milestone["milestone"]: milestone for milestone in milestones_of(stage, "7000:501", 5)}
    assert found.keys() == {"ORDER_RELEASED", "SHIPMENT_PLANNED", "OUT_FOR_DELIVERY", "DELIVERED", "POD_RECEIVED"}
    on_the_vehicle, delivered = found["OUT_FOR_DELIVERY"], found["DELIVERED"]
    assert (on_the_vehicle["at"], on_the_vehicle["at_raw"]) == (datetime(2026, 11, 2, 13, 12, 7, tzinfo=UTC), "20261102 081207")
    assert (on_the_vehicle["at_offset_minutes"], on_the_vehicle["at_quality"]) == (-300, "EXPLICIT")
    assert (on_the_vehicle["source"]["format"], on_the_vehicle["source"]["code"]) == ("ups.track-alert.v2", "I/OT")
    assert on_the_vehicle["shipment_id"] == "S-501"
    assert (delivered["at_offset_minutes"], delivered["source"]["code"], delivered["evidence"]["signed_by"]) == (-300, "D/FS", "Quill")


def test_a_ups_scan_without_a_plan_is_parked_until_the_plan_comes(stage: Stage) -> None:
    send(stage, *scans("1ZM1L3P0ST00000502"))
    tracked = lambda record: b"1ZM1L3P0ST00000502" in (record.key or b"")  # noqa: E731
    await_records(stage, REFERENCES, tracked, 2)
    # A record that is sent later and has come out at the other end: what was to come of the scans would be there.
    send(stage, {"topic": ERP_RAW, "key": "503", "value": order_released("503")})
    milestones_of(stage, "7000:503", 1)
    with Follower(stage.settings, [MILESTONES, dead_letter_topic(CARRIER_RAW), dead_letter_topic(REFERENCES)], from_start=True) as follower:
        while seen := follower.read(2):
            assert not any(b"1ZM1L3P0ST00000502" in (record.value or b"") for record in seen)
    send(stage, plan("502", "1ZM1L3P0ST00000502"))
    found = [milestone["milestone"] for milestone in milestones_of(stage, "7000:502", 4)]
    assert found == ["SHIPMENT_PLANNED", "OUT_FOR_DELIVERY", "DELIVERED", "POD_RECEIVED"]


def test_places_aliases_and_working_days_of_reference_data_reach_every_worker(stage: Stage) -> None:
    """Silence after 2026-03-04 09:00 in Chicago (a Wednesday; Thursday is off) is a proof two working days later, on Monday."""
    terms = {
        "version": 1, "trigger": "on_pod", "granularity": "order", "pod_auto_confirm_days": 2, "currency": "EUR",
        "time_zone": "Europe/Berlin", "valid_from": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    shared = [
        ("billing.terms", "REF-1", {"terms_id": "REF-1", "calendar": "REF-DE", "versions": [terms]}),
        ("reference.data", "REF-DE", {"calendar": "REF-DE", "holidays": ["2026-03-05"]}),
        ("reference.data", "REF/IL", {"location": "Ref/IL", "time_zone": "America/Chicago"}),
        ("reference.data", "RFCX", {"carrier": "RFCX", "aliases": ["C-REF"]}),
    ]
    send(stage, *({"topic": topic, "key": key, "value": value} for topic, key, value in shared))
    orders = [str(number) for number in range(900, 908)]  # some in every partition
    for number in orders:
        released = order_released(number, at="2026-03-02T09:00:00Z", terms="REF-1")
        issued = {
            "type": "goods.issued", "system": "WMS", "company": "7000", "order": number, "shipment": f"S-{number}",
            "at": "2026-03-03T11:00:00Z", "lines": [{"line": "10", "quantity": 1}],
        }  # fmt: skip
        planned = plan(number, f"REF{number}")
        planned["value"] |= {"carrier": "C-REF", "at": "2026-03-03T12:00:00Z"}
        delivered = {"carrier": "RFCX", "tracking": f"REF{number}", "code": "DELIVERED", "at": "2026-03-04T09:00:00", "location": "Ref/IL"}
        values = {ERP_RAW: released, WMS_RAW: issued, CARRIER_RAW: delivered}
        send(stage, planned, *({"topic": topic, "key": number, "value": value} for topic, value in values.items()))
    wanted = {f"7000:{number}".encode() for number in orders}
    records = await_records(stage, RELEASES, lambda record: record.key in wanted, len(orders))
    found = [read(RELEASES, record.value or b"") for record in records]
    assert {release["triggered_at"] for release in found} == {datetime(2026, 3, 9, 15, tzinfo=UTC)}
    assert {tuple(release["reasons"]) for release in found} == {("AUTO_CONFIRM",)}


def test_formats_that_are_not_known_end_as_explained_dead_letters(stage: Stage) -> None:
    lines = [json.loads(line) for line in (FIXTURES / "other_standards.jsonl").read_text().splitlines()]
    send(stage, *lines)
    carrier = await_records(stage, dead_letter_topic(CARRIER_RAW), lambda record: record.key in (b"one", b"list"), 2)
    erp = await_records(stage, dead_letter_topic(ERP_RAW), lambda record: record.key == b"edi", 1)
    fields = {record.key: dead_letter_headers.read(record.headers) for record in carrier + erp}
    assert {key: said[dead_letter_headers.CODE] for key, said in fields.items()} == {
        b"one": "UNKNOWN_FORMAT",
        b"list": "UNKNOWN_FORMAT",
        b"edi": "ENVELOPE_INVALID",
    }
    assert "acme.track.v9" in fields[b"one"][dead_letter_headers.MESSAGE]
    assert "ups.track-alert.v2" in fields[b"one"][dead_letter_headers.MESSAGE]  # what is known
    assert erp[0].value == lines[2]["value"].encode()


# ---- other clients


def compressible(number: str) -> bytes:
    """An order record that any codec makes smaller; a client that gains nothing would send it plain."""
    return dump(order_released(number, note="x" * 4_000)).strip()


def expect_order(stage: Stage, number: str) -> None:
    (milestone,) = milestones_of(stage, f"7000:{number}", 1)
    assert (milestone["milestone"], milestone["source"]["topic"]) == ("ORDER_RELEASED", ERP_RAW)


@pytest.mark.parametrize("codec", CODECS)
def test_records_of_kcat_are_read_alike(stage: Stage, codec: str) -> None:
    kcat = shutil.which("kcat")
    if kcat is None:
        pytest.skip("kcat is not installed: apt-get install kcat")
    number = str(600 + CODECS.index(codec))
    subprocess.run(
        [
            kcat,
            "-P",
            "-b",
            stage.settings.bootstrap,
            "-t",
            stage.settings.topic(ERP_RAW),
            "-z",
            codec,
            "-k",
            number,
            "-H",
            "format=milepost.erp.v1",
        ],
        input=compressible(number),
        check=True,
        timeout=30,
    )
    expect_order(stage, number)


@pytest.mark.parametrize("codec", CODECS)
def test_records_of_the_java_console_producer_are_read_alike(stage: Stage, codec: str) -> None:
    number = str(700 + CODECS.index(codec))
    tool = [find_java(), "-cp", f"{ensure_jars()}/*", "org.apache.kafka.tools.ConsoleProducer", "--compression-codec", codec]
    where = ["--bootstrap-server", stage.settings.bootstrap, "--topic", stage.settings.topic(ERP_RAW)]
    subprocess.run([*tool, *where], input=compressible(number) + b"\n", check=True, timeout=60, capture_output=True)
    expect_order(stage, number)
