"""`milepost simulate`: JSON lines in, what the pipeline would append out."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.cli import main

ORDER = {
    "type": "order.released",
    "system": "SAP-EU",
    "company": "1000",
    "order": "4711",
    "at": "2026-06-01T09:15:00+02:00",
    "revision": 1,
    "customer": "C9",
    "currency": "EUR",
    "terms": "SHIP",
    "lines": [{"line": "10", "sku": "A", "quantity": "5", "uom": "EA", "unit_price": "10.10"}],
}
GOODS_ISSUED = {
    "type": "goods.issued",
    "system": "WMS-HAM",
    "company": "1000",
    "order": "4711",
    "at": "2026-06-01T12:00:00+02:00",
    "delivery": "D1",
    "lines": [{"line": "10", "quantity": "5", "uom": "EA"}],
}
TERMS = """
terms_id: SHIP
versions:
- {version: 1, trigger: on_ship, currency: EUR, time_zone: Europe/Berlin, valid_from: 2026-01-01T00:00:00Z, partial_allowed: true}
"""


def line(topic: str, value: object, **more: object) -> str:
    return json.dumps({"topic": topic, "value": value} | more)


@pytest.fixture
def day(tmp_path: Path) -> Path:
    file = tmp_path / "day.jsonl"
    file.write_text(
        line("erp.raw", ORDER, timestamp="2026-06-01T09:16:00+02:00")
        + "\n\n"
        + line("wms.raw", GOODS_ISSUED, timestamp="2026-06-01T12:01:00+02:00")
        + "\n"
    )
    return file


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    file = tmp_path / "terms.yaml"
    file.write_text(TERMS)
    return file


def printed(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in capfd.readouterr().out.splitlines()]


def test_an_order_shipped_under_on_ship_terms_is_released(day: Path, terms: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(day), "--terms", str(terms)]) == 0
    records = printed(capfd)
    assert all(record.keys() == {"topic", "key", "value", "headers"} for record in records)
    (release,) = [record for record in records if record["topic"] == "invoice.releases"]
    assert release["key"] == "1000:4711"
    assert (release["value"]["decision"], release["value"]["amount"], release["value"]["accounting_date"]) == (
        "RELEASE",
        "50.5000",
        "2026-06-01",
    )
    assert release["headers"]["ce_subject"] == "1000:4711"
    last_hold = [record for record in records if record["topic"] == "invoice.holds"][-1]
    assert last_hold["value"]["reasons"] == []


def test_without_terms_it_is_held(day: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(day), "--topic", "invoice.holds", "--topic", "invoice.releases"]) == 0
    records = printed(capfd)
    assert {record["topic"] for record in records} == {"invoice.holds"}
    assert [reason["code"] for reason in records[-1]["value"]["reasons"]] == ["NO_TERMS"]


def test_canonical_messages_are_printed_decoded(day: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(day), "--topic", "shipment.events"]) == 0
    released, issued = printed(capfd)
    assert (released["value"]["type"], released["value"]["milestone"]) == ("Event", "ORDER_RELEASED")
    assert (issued["value"]["milestone"], issued["value"]["at"]["offset_minutes"]) == ("GOODS_ISSUED", 120)


def test_standard_input(day: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(day.read_bytes())))
    assert main(["simulate", "-", "--topic", "shipment.milestones"]) == 0
    assert [record["value"]["milestone"] for record in printed(capfd)] == ["ORDER_RELEASED", "GOODS_ISSUED"]


def test_dead_letters_are_printed_with_reason_and_bytes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("\n".join([line("erp.raw", {"$base64": "/w=="}), line("carrier.raw", None), line("erp.raw", ORDER | {"at": "soon"})]))
    assert main(["simulate", str(file)]) == 0
    letters = [record for record in printed(capfd) if record["topic"].endswith(".dlq")]
    assert [letter["headers"]["dlq.error.code"] for letter in letters] == ["ENVELOPE_INVALID", "TOMBSTONE", "TIME_INVALID"]
    assert letters[0]["value"] == {"$base64": "/w=="}
    assert letters[2]["value"]["order"] == "4711"


def test_until_lets_timers_fire(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A scan that nobody plans waits two weeks, and is then refused."""
    file = tmp_path / "scan.jsonl"
    scan = {"carrier": "UPSN", "tracking": "1Z1", "code": "IN_TRANSIT", "at": "2026-06-01T08:00:00Z"}
    file.write_text(line("carrier.raw", scan, timestamp="2026-06-01T08:01:00Z"))
    arguments = ["simulate", str(file), "--topic", "shipment.references.dlq"]
    assert main([*arguments, "--until", "2026-06-15T08:00:59Z"]) == 0
    assert printed(capfd) == []
    assert main([*arguments, "--until", "2026-06-15T10:01:00+02:00"]) == 0
    (letter,) = printed(capfd)
    assert letter["headers"]["dlq.error.code"] == "REF_UNRESOLVED"


def test_records_without_a_timestamp_have_that_of_the_line_before(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join([line("erp.raw", ORDER), line("wms.raw", GOODS_ISSUED)]))
    assert main(["simulate", str(file), "--at", "2026-06-02T00:00:00Z", "--topic", "shipment.status"]) == 0
    assert {record["value"]["at"] for record in printed(capfd)} == {"2026-06-02T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 3: input data was truncated"),
        (line("nowhere", {}), "line 3: no hop reads topic 'nowhere'; name one of billing.terms, "),
        (line("erp.raw", {}, timestamp="yesterday"), "line 3: invalid RFC3339 encoded datetime - at `$.timestamp`"),
    ],
)
def test_a_bad_line_is_named_and_ends_it(day: Path, text: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    lines = day.read_text().splitlines()
    day.write_text("\n".join([lines[0], "", text, lines[2]]))
    assert main(["simulate", str(day)]) == 2
    captured = capfd.readouterr()
    assert captured.err.startswith(f"milepost: {said}")
    assert captured.err.count("\n") == 1
    assert "ORDER_RELEASED" in captured.out
    assert "GOODS_ISSUED" not in captured.out


def test_keep_going_passes_over_bad_lines_and_says_so(day: Path, capfd: pytest.CaptureFixture[str]) -> None:
    day.write_text("no json\n" + day.read_text())
    assert main(["simulate", str(day), "--keep-going"]) == 1
    captured = capfd.readouterr()
    assert captured.err == "milepost: line 1: JSON is malformed: invalid character (byte 4); passed over\n"
    assert "GOODS_ISSUED" in captured.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("terms_id: [", "is neither YAML nor JSON"),
        ("- 5", "each contract needs terms_id and versions"),
        ("terms_id: SHIP\nversions: [{version: 1}]", "terms SHIP: versions"),
    ],
)
def test_terms_that_cannot_be_used_are_refused(day: Path, terms: Path, content: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    terms.write_text(content)
    assert main(["simulate", str(day), "--terms", str(terms)]) == 2
    error = capfd.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_terms_may_be_json_and_several(day: Path, terms: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import yaml

    contract = json.loads(json.dumps(yaml.safe_load(TERMS), default=lambda moment: moment.isoformat()))
    terms.write_text(json.dumps([contract, contract | {"terms_id": "OTHER"}]))
    assert main(["simulate", str(day), "--terms", str(terms), "--topic", "shipment.events"]) == 0
    assert [record["value"]["terms_id"] for record in printed(capfd) if record["value"]["type"] == "TermsChanged"] == ["SHIP", "OTHER"]


@pytest.mark.parametrize("moment", ["tomorrow", "2026-06-01", "2026-06-01T12:00:00"])
def test_until_wants_a_time_with_an_offset(day: Path, moment: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(day), "--until", moment]) == 2
    assert "give a time with an offset" in capfd.readouterr().err


def test_a_missing_file_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl" in capfd.readouterr().err


def test_it_is_the_same_output_every_time(day: Path, terms: Path, capfd: pytest.CaptureFixture[str]) -> None:
    outputs = []
    for _ in range(2):
        assert main(["simulate", str(day), "--terms", str(terms), "--until", "2026-12-01T00:00:00Z"]) == 0
        outputs.append(capfd.readouterr().out)
    assert outputs[0] == outputs[1]


def test_a_reader_that_has_seen_enough_ends_it_quietly(day: Path, tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text(day.read_text() * 2_000)
    command = [sys.executable, "-m", "streams.cli", "simulate", str(many)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"topic":"shipment.events"')
        process.stdout.close()
        assert process.wait(60) != 0
        assert process.stderr.read() == b""


def test_a_scan_and_its_plan_of_long_ago_find_each_other(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plan = {
        "type": "shipment.planned",
        "system": "TMS",
        "shipment": "S1",
        "carrier": "UPSN",
        "at": "2024-04-21T09:00:00-04:00",
        "references": [{"kind": "tracking", "value": "1Z9"}],
        "orders": [{"company": "1000", "order": "4711"}],
    }
    scan = {"carrier": "UPSN", "tracking": "1Z9", "code": "DELIVERED", "at": "2024-04-23T09:50:04-04:00"}
    file = tmp_path / "old.jsonl"
    file.write_text(line("tms.raw", plan) + "\n" + line("carrier.raw", scan))
    assert main(["simulate", str(file), "--at", "2026-06-01T00:00:00Z", "--topic", "shipment.milestones"]) == 0
    assert [record["value"]["milestone"] for record in printed(capfd)] == ["SHIPMENT_PLANNED", "DELIVERED"]
