"""`milepost generate`."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from streams.cli import generate as command
from streams.day import REALISTIC, generate
from streams.day.expectation import read_expectations
from streams.errors import ConfigurationError

_APP = typer.Typer()
_APP.command()(command.command)


def _run(*arguments: str) -> bytes:
    result = CliRunner().invoke(_APP, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout_bytes


def test_writes_records_and_expectations_to_files(tmp_path: Path) -> None:
    out, expect = tmp_path / "day.jsonl", tmp_path / "expect.jsonl"
    _run("--orders", "60", "--seed", "7", "--out", str(out), "--expect", str(expect))
    day = generate(7, 60)
    assert out.read_bytes().splitlines() == list(day.lines())
    assert list(read_expectations(expect.read_bytes().splitlines())) == list(day.expectations())


def test_writes_to_standard_output_and_one_phase_only() -> None:
    phases = [_run("--orders", "60", "--seed", "7", "--phase", phase).splitlines() for phase in "12"]
    assert phases[0] + phases[1] == list(generate(7, 60).lines())


def test_start_moves_the_day() -> None:
    lines = _run("--orders", "2", "--start", "2026-03-01T00:00:00+01:00").splitlines()
    assert orjson.loads(lines[0])["timestamp"] == 1_772_319_600_000


def test_recent_day_has_just_passed() -> None:
    import time

    last = max(orjson.loads(line)["timestamp"] for line in _run("--orders", "60", "--start", "recent").splitlines())
    assert time.time() * 1000 - 10 * 86_400_000 < last < time.time() * 1000


def test_profile_shows_every_situation() -> None:
    shown = _run("--profile").decode()
    assert all(situation.__name__[:12] in shown for situation in REALISTIC.cards)


def test_one_file_for_both_is_refused(tmp_path: Path) -> None:
    same = str(tmp_path / "x")
    with pytest.raises(ConfigurationError, match="give two files"):
        CliRunner().invoke(_APP, ["--out", same, "--expect", same], catch_exceptions=False)


def test_start_without_an_offset_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="--start"):
        CliRunner().invoke(_APP, ["--start", "2026-06-01"], catch_exceptions=False)
