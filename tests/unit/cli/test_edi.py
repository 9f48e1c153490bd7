"""`milepost edi read`: what a person sees of a file, and what a script gets."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from streams.cli import main
from tests.unit.edi.files import TWO, data

BAD = [segment.replace("SE*8*0001", "SE*9*0001") for segment in TWO]


class Pipe(io.RawIOBase):
    """Standard input of a pipe: bytes once, no way back."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        return self._content.readinto(buffer)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "carrier.edi"


def test_a_sound_file_is_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(data(TWO))
    assert main(["edi", "read", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Interchange 000000101 from 02:OLDFREIGHT to ZZ:MILLCO, 260601 1402, version 00401: accepted",
        "  Group 7 QM from OLDFREIGHT to MILLCO, version 004010: accepted",
        "    214 0001, segments 3 to 10, to carrier.raw: accepted",
        "    214 0002, segments 11 to 16, to carrier.raw: accepted",
        "1 interchanges, 2 transactions: 2 accepted, 0 refused",
    ]


def test_what_is_wrong_is_shown_with_its_place_and_what_to_do(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(data(BAD))
    assert main(["edi", "read", str(file), "--segments"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "    214 0001, segments 3 to 10, to carrier.raw: REFUSED" in lines
    assert "      ! SE_COUNT at segment 10: SE01 says '9', there are 8 (SE is segment 8 of it)" in lines
    assert "        Ask the sender for the file again: segments are missing or repeated." in lines
    assert "         13  LX*1" in lines
    assert "          5  L11*BOL-77*BM" not in lines


def test_scripts_get_it_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(data(BAD))
    assert main(["edi", "read", str(file), "--json", "--segments"]) == 1
    found = json.loads(capsys.readouterr().out)
    refused, accepted = found["interchanges"][0]["groups"][0]["transactions"]
    assert (found["accepted"], refused["accepted"], accepted["accepted"]) == (False, False, True)
    assert [problem["code"] for problem in refused["problems"]] == ["SE_COUNT"]
    assert (refused["segments"], accepted["segments"]) == ([], TWO[10:16])


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Pipe(data(TWO)))))
    assert main(["edi", "read", "-"]) == 0
    assert "2 accepted" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"UNX+UNOC:3+A+B'", b"\x1b[31m{}"])
def test_no_x12_file_is_said_and_steers_no_terminal(content: bytes, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(content)
    assert main(["edi", "read", str(file)]) == 1
    out = capsys.readouterr().out
    assert "No interchange that can be read" in out
    assert "\x1b" not in out


def test_a_missing_file_or_a_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (tmp_path, tmp_path / "none.edi"):
        assert main(["edi", "read", str(path)]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert str(path) in said.err


def test_a_drop_of_a_file_is_told_that_it_needs_a_folder(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(data(TWO))
    assert main(["edi", "drop", str(file), "--once"]) == 2
    assert "is a file: name the folder" in capsys.readouterr().err
