"""The worked examples of docs/billing.md: each is a file under examples/, and says what the page prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.cli import main
from streams.domain.decisions import HoldCode
from streams.domain.terms import Trigger

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "billing.md").read_text()
SHOWN = re.findall(r"```console\n\$ milepost (?P<command>simulate .+)\n(?P<said>(?:.+\n)+?)```", PAGE)


@pytest.mark.parametrize(("command", "said"), SHOWN, ids=[command.split()[1] for command, _ in SHOWN])
def test_an_example_says_what_the_page_prints(
    command: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(command.split()) == 0
    assert capsys.readouterr().out == said


def test_there_is_an_example_for_every_trigger_and_each_releases_something() -> None:
    shown = {command.split()[1]: said for command, said in SHOWN}
    of_triggers = {f"examples/{trigger.value.replace('_', '-')}.jsonl" for trigger in Trigger}
    assert set(shown) == of_triggers | {"examples/working-days.jsonl"}
    assert all("RELEASE 1." in said for said in shown.values())


def test_every_file_of_examples_is_shown() -> None:
    named = {path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").glob("*.jsonl")}
    assert named == {command.split()[1] for command, _ in SHOWN}


def test_every_hold_code_is_explained() -> None:
    rows = re.findall(r"^\| ([A-Z_]+) \| ", PAGE, re.MULTILINE)
    assert rows == [code.value for code in HoldCode]
