"""`milepost demo`: what `make demo` runs, on a small day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from streams.admin import connect
from streams.cli import main
from streams.day import Day, Expected
from streams.day import generate as real_generate
from streams.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_it_starts_a_broker_of_its_own_proves_the_day_and_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP" and not name.startswith("MILEPOST_")}
    home = {name: os.environ[name] for name in ("MILEPOST_KAFKA_HOME",) if name in os.environ}
    command = [sys.executable, "-m", "streams.cli", "demo", "--orders", "60", "--folder", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=kept | home, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    outcome = json.loads(done.stdout)
    assert (outcome["agrees"], outcome["orders"], outcome["differences"]) == (True, 60, [])
    assert outcome["verify"]["clean"]
    assert outcome["milestones"]["ORDER_RELEASED"] > 40
    assert outcome["decisions"]["RELEASE"] > 20
    assert "raw records sent" in done.stderr  # plain lines, since this is no terminal
    assert list(tmp_path.iterdir()) == []
    left = [
        process.info["pid"]
        for process in psutil.process_iter(["pid", "cmdline"])
        if str(tmp_path) in " ".join(process.info["cmdline"] or [])
    ]
    assert left == []


@dataclass(frozen=True, slots=True)
class WrongDay:
    """A day whose generator is wrong about one order."""

    day: Day

    def __getattr__(self, name: str) -> Any:
        return getattr(self.day, name)

    def expectations(self) -> Iterator[Any]:
        wrong = True
        for expected in self.day.expectations():
            if wrong and isinstance(expected, Expected):
                expected, wrong = msgspec.structs.replace(expected, state="NO_SUCH_STATE"), False
            yield expected


def test_an_order_that_does_not_come_out_as_expected_makes_it_fail(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(seed: int, orders: int, start: datetime) -> Any:
        return WrongDay(real_generate(seed, orders, start))

    monkeypatch.setattr("streams.demo.play.generate", wrong)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka)
    before = {name for name in connect(Settings()).list_topics(timeout=20).topics if ".demo-" in name or name.startswith("demo-")}
    assert main(["demo", "--orders", "20", "--workers", "1", "--folder", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "expected NO_SUCH_STATE" in shown
    assert "1 differences; verify is clean" in shown
    after = {name for name in connect(Settings()).list_topics(timeout=20).topics if name.startswith("demo-")}
    assert after <= before


def test_workers_that_cannot_start_are_one_line(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka)
    monkeypatch.setattr("streams.demo.stage.sys.executable", "/bin/false")
    assert main(["demo", "--orders", "20", "--folder", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("milepost: the workers ended with exit code 1")
    assert error.count("\n") == 1
