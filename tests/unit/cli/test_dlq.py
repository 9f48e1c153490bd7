"""The command line of dead letters where no broker is needed: help, completion, options."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from typing import Any

import pytest

from streams.admin import connect
from streams.cli import main
from streams.cli.dlq import app
from streams.deadletter.reasons import CATALOGUE

COMMANDS = [command.name or "" for command in app.registered_commands]


def completed(typed: str) -> list[str]:
    """What bash is offered for a line that ends where the cursor is."""
    environment = os.environ | {"_MILEPOST_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1)}
    code = "import sys; from streams.cli import main; sys.exit(main([]))"
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False).stdout.split()


def test_commands_and_reasons_are_completed() -> None:
    assert completed("milepost dlq re") == ["replay", "redirect", "retry-policy"]
    assert completed("milepost dlq list --code UNK") == ["UNKNOWN_SCHEMA", "UNKNOWN_FORMAT"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_teaches_by_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dlq", command, "--help"]) == 0
    assert f"Example: milepost dlq {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", ["replay", "redirect", "discard", "edit", "import"])
def test_what_changes_something_is_a_dry_run_by_default(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dlq", command, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "A DRY RUN unless --execute" in said and "--execute" in said


def test_the_policy_shows_rules_settings_and_every_reason(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_RETRY_SECONDS", "77")
    assert main(["dlq", "retry-policy", "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert {rule["setting"]: rule["value"] for rule in said["rules"]}["MILEPOST_RETRY_SECONDS"] == "77"
    assert said["reasons"] == {reason.value: row.disposition.value for reason, row in CATALOGUE.items()}
    assert main(["dlq", "retry-policy"]) == 0
    assert "MILEPOST_RETRY_SECONDS = 77" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--since", "3x"], "such as 90m or 3d"),
        (["--since", "2026-06-01T12:00:00"], "give a time with an offset"),
        (["--state", "lost"], "give one of OPEN"),
        (["--family", "rabbit"], "give one of milepost, connect"),
    ],
)
def test_a_filter_that_means_nothing_is_told(options: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dlq", "list", *options]) == 2
    assert says in capsys.readouterr().err


def test_without_a_broker_the_exit_code_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setattr("streams.deadletter.index.connect", partial(connect, seconds=0.2))
    assert main(["dlq", "stats"]) == 3
    assert "no Kafka answers at 127.0.0.1:1" in capsys.readouterr().err
