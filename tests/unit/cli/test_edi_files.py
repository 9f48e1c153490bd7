"""EDI files on the command line: EDIFACT shown, and files of either standard through `simulate` and `explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.cli import main
from tests.unit.edi.files import TWO, data
from tests.unit.edi.test_edifact_reading import TWO as EDIFACT
from tests.unit.normalize.edi_sets import INVOIC

ORDERS = "UNA:+,? 'UNB+UNOA:4+1:8+WB:ZZ+260601:0255+807'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220::9+801+9'UNT+3+1'UNZ+1+807'"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "partner.edi"


@pytest.fixture
def agreed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text('- {id: mill, sender: "02:OLDFREIGHT", company: 1000, zone: America/Chicago}\n')
    monkeypatch.setenv("MILEPOST_EDI_PARTNERS", str(path))


def test_an_edifact_file_is_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(EDIFACT)
    assert main(["edi", "read", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Interchange 55 from 02:OLDF to ZZ:MILLCO, 260601 0900, syntax UNOC 3: accepted",
        "    IFTSTA D97A 1, to carrier.raw: accepted",
        "    INVOIC D96A 2, to erp.raw: accepted",
        "1 interchanges, 2 messages: 2 accepted, 0 refused",
    ]


def test_what_is_wrong_with_a_message_is_shown_with_its_place(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(EDIFACT.replace("UNT+3+1", "UNT+4+1"))
    assert main(["edi", "read", str(file), "--segments"]) == 1
    out = capsys.readouterr().out
    assert "      ! UNT_COUNT at segment 4: UNT says '4', there are 3 (UNT is segment 3 of it)" in out
    assert "          6  ['BGM', '380', 'B']" in out
    assert main(["edi", "read", str(file), "--json", "--segments"]) == 1
    first, second = json.loads(capsys.readouterr().out)["interchanges"][0]["messages"]
    assert ([problem["code"] for problem in first["problems"]], first["segments"]) == (["UNT_COUNT"], [])
    assert (second["accepted"], second["topic"], second["segments"][1]) == (True, "erp.raw", ["BGM", "380", "B"])


@pytest.mark.usefixtures("agreed")
def test_a_file_runs_through_the_pipeline(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file.write_text(INVOIC)
    assert main(["simulate", str(file), "--at", "2026-06-01T20:00:00Z", "--topic", "shipment.milestones"]) == 0
    (milestone,) = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert (milestone["key"], milestone["value"]["milestone"]) == ("1000:4711", "INVOICE_POSTED")
    file.write_bytes(data(TWO))
    assert main(["explain", str(file)]) == 0
    assert "x12.214" in capfd.readouterr().out


def test_a_message_type_that_nobody_reads_is_an_explained_dead_letter(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file.write_text(ORDERS)
    assert main(["simulate", str(file)]) == 0
    (letter,) = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert (letter["topic"], letter["headers"]["dlq.error.code"]) == ("erp.raw.dlq", "UNKNOWN_FORMAT")
    assert letter["headers"]["format"] == "edifact.ORDERS"


@pytest.mark.parametrize("content", [ORDERS.replace("UNZ+1+807'", "").encode(), data(TWO).replace(b"SE*8*0001", b"SE*9*0001")])
def test_what_is_refused_of_a_file_is_said_and_can_be_passed_over(content: bytes, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(content)
    assert main(["simulate", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "UNZ_MISSING" in error or "SE_COUNT" in error
    assert main(["simulate", str(file), "--keep-going"]) == 1
