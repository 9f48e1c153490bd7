"""`milepost explain` says what happened to a record at each step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streams.cli import main
from tests.unit.normalize.records import CARRIER_HEAD, PLAN, X12_214
from tests.unit.normalize.vendors import vendor

AT = "2026-06-01T14:00:00Z"
SCAN = {**CARRIER_HEAD, "code": "DELIVERED"}


def explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *records: tuple[str, Any, dict[str, str]], options: tuple[str, ...] = ()
) -> str:
    lines = [{"topic": topic, "key": "k", "value": value, "headers": headers, "timestamp": AT} for topic, value, headers in records]
    file = tmp_path / "records.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["explain", str(file), *options]) == 0
    return capsys.readouterr().out


def test_a_scan_after_its_plan_is_followed_to_its_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = explained(tmp_path, capsys, ("tms.raw", PLAN, {}), ("carrier.raw", SCAN, {}), options=("--last",))
    assert out.startswith("line 2: carrier.raw")
    assert "detected  milepost.carrier.v1, by its topic and fields" in out
    assert "read      DELIVERED ACT, about PACKAGE from code 'DELIVERED' by milepost.carrier.v1@" in out
    assert "at 2026-06-01T09:30:00+00:00 ('2026-06-01T11:30:00+02:00', offset +120 min, EXPLICIT)" in out
    assert "names tracking:BLPX:BLP123DE" in out
    assert "resolved  DELIVERED reaches 1000:4711" in out
    assert "linked" not in out


def test_a_scan_without_a_plan_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "waits     nobody has linked tracking:BLPX:BLP123DE yet" in explained(tmp_path, capsys, ("carrier.raw", SCAN, {}))


def test_a_refusal_says_stage_reason_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = explained(tmp_path, capsys, ("carrier.raw", SCAN | {"code": "ZZ"}, {}))
    assert "refused   at map: UNMAPPED_CODE (parked)" in out
    assert "code 'ZZ' has no row" in out
    assert "Add a row to the map" in out


def test_an_event_with_several_references_says_who_was_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = SCAN | {"tracking": "NOT-PLANNED", "pro": "77"}
    out = explained(tmp_path, capsys, ("carrier.raw", both, {}))
    assert "asks      tracking:BLPX:NOT-PLANNED asks what pro:BLPX:77 means" in out
    assert "answers   pro:BLPX:77 means nothing, so far" in out
    assert "nobody has linked tracking:BLPX:NOT-PLANNED or pro:BLPX:77 yet" in out


def test_the_same_fact_by_other_channels_is_one_milestone_with_all_their_records(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = explained(tmp_path, capsys, ("tms.raw", PLAN, {}), *[("carrier.raw", SCAN | {"id": str(number)}, {}) for number in range(3)])
    assert out.count("DELIVERED is a new milestone of 1000:4711") == 1
    assert "DELIVERED was known of 1000:4711: no new milestone; told by carrier.raw/0/0, carrier.raw/0/1, carrier.raw/0/2" in out


def test_all_sources_of_a_milestone_are_named_with_what_each_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    in_minutes = {**SCAN, "at": "2026-06-01T11:30:00+02:00"}
    in_seconds = {**SCAN, "at": "2026-06-01T09:30:12Z"}
    out = explained(tmp_path, capsys, ("tms.raw", PLAN, {}), ("carrier.raw", in_minutes, {}), ("carrier.raw", in_seconds, {}))
    _, listed = out.split("sources   ")
    assert listed.splitlines() == [
        "DELIVERED ACT of 1000:4711 at 2026-06-01T09:30:12+00:00: one milestone, 2 records",
        "          carrier.raw/0/0, milepost.carrier.v1 of BLPX, said '2026-06-01T11:30:00+02:00'",
        "          carrier.raw/0/1, milepost.carrier.v1 of BLPX, said '2026-06-01T09:30:12Z'",
    ]


def test_a_code_that_says_nothing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = {**X12_214, "segments": [segment.replace("AT7*D1", "AT7*CD") for segment in X12_214["segments"]]}
    out = explained(tmp_path, capsys, ("carrier.raw", silent, {"format": "x12.214"}))
    assert "silent    AT701/CD: known, and says nothing of the freight" in out


def test_a_history_is_explained_statement_by_statement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    each = vendor("fedex.track.v1")
    out = explained(tmp_path, capsys, (each.topic, each.record(), {"format": each.format}))
    assert "by its format header 'fedex.track.v1'" in out
    assert out.count("  read      ") == 4


def test_what_comes_before_a_bad_line_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps({"topic": "carrier.raw", "value": SCAN, "timestamp": AT}) + "\nnonsense\n")
    assert main(["explain", str(file)]) == 2
    seen = capsys.readouterr()
    assert "read      DELIVERED ACT" in seen.out
    assert "line 2: JSON is malformed" in seen.err


def test_what_is_no_record_can_be_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "records.jsonl"
    scan = json.dumps({"topic": "carrier.raw", "value": SCAN, "timestamp": AT})
    file.write_text(f'nonsense\n{{"topic": "nobody.reads.this", "value": {{}}}}\n{scan}\n')
    assert main(["explain", str(file), "--keep-going"]) == 1
    seen = capsys.readouterr()
    assert "line 3: carrier.raw" in seen.out
    assert seen.err.count("passed over") == 2


def test_a_topic_that_nobody_reads_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps({"topic": "cms.raw", "value": {}}) + "\n")
    assert main(["explain", str(file)]) == 2
    assert "line 1: no hop reads topic 'cms.raw'" in capsys.readouterr().err


def test_a_document_and_the_change_that_was_announced_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed, document = vendor("sap.s4.event.v1"), vendor("sap.s4.outbounddelivery.v1")
    out = explained(tmp_path, capsys, ("erp.raw", changed.record(), {}), ("erp.raw", document.record(), dict(document.headers)))
    assert "detected  sap.s4.event.v1, by its topic and fields" in out
    assert "read      snapshot:S4HCLNT100:OUTBOUNDDELIVERY/80000001 changed at 2026-06-01T10:02:00+00:00; its snapshot will say what" in out
    assert "read      a snapshot of snapshot:S4HCLNT100:OUTBOUNDDELIVERY/80000001 as of 2026-06-01T12:00:00+00:00: 1 claims" in out
    assert "resolved  GOODS_ISSUED reaches S4HCLNT100:4711" in out


def test_xml_is_explained_and_refused_like_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    each = vendor("sap.orders05.v1")
    text = (each.xml() or b"").decode()
    out = explained(tmp_path, capsys, (each.topic, text, {}), (each.topic, "<!DOCTYPE a>" + text[text.index("<ORDERS05>") :], {}))
    assert "detected  sap.orders05.v1, by its topic and fields" in out
    assert "names order S4HCLNT100:4711" in out
    assert "refused   at decode: ENVELOPE_INVALID (permanent)" in out


def test_reference_data_is_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = [
        {"sku": "A", "base_uom": "EA", "units": [{"uom": "CS", "factor": 12}]},
        {"location": "Chicago/IL", "time_zone": "America/Chicago"},
        {"carrier": "UPS", "aliases": ["BROWN"]},
        {"calendar": "DE", "holidays": ["2026-12-25"]},
    ]
    out = explained(tmp_path, capsys, *[("reference.data", record, {}) for record in records])
    assert "read      article A, counted in EA, CS of 12 EA" in out
    assert "read      place CHICAGO/IL: local times are those of America/Chicago" in out
    assert "read      carrier UPSN, also called BROWN" in out
    assert "read      calendar DE: 1 holidays, weekend 6, 7" in out


def test_a_local_time_says_whose_clock_will_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ("reference.data", {"location": "Chicago/IL", "time_zone": "America/Chicago"}, {})
    scan = ("carrier.raw", SCAN | {"at": "2026-06-01T05:00:00", "location": "Chicago/IL"}, {})
    out = explained(tmp_path, capsys, place, scan)
    assert "on the clock of CHICAGO/IL, where reference.data tells its zone" in out
