"""docs/reasons.md says what the catalogue says, and each row of the feature table in docs/dead-letters.md has tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.cli.dlq import app
from streams.deadletter.reasons import CATALOGUE, Reason
from tests.contract.reasons_page import PAGE, rendered

pytestmark = pytest.mark.contract

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "dead-letters.md"


def feature_rows() -> list[list[str]]:
    text = GUIDE.read_text(encoding="utf-8").split("## Features")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def test_the_page_of_reasons_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered(), "run: python -m tests.contract.reasons_page"


def test_every_reason_is_explained_in_words_of_its_own() -> None:
    assert list(CATALOGUE) == list(Reason)
    assert len({row.meaning for row in CATALOGUE.values()}) == len(CATALOGUE)


@pytest.mark.parametrize("row", feature_rows(), ids=lambda row: row[0][:40])
def test_each_feature_names_tests_that_exist(row: list[str]) -> None:
    named = re.findall(r"`(tests/\S+?)::(test_\w+)`", row[-1])
    assert named, f"no test is named for: {row[0]}"
    for file, test in named:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE), f"{file} has no {test}"


def test_the_table_has_a_row_for_every_wish() -> None:
    assert len(feature_rows()) >= 25


def test_every_command_is_described_in_the_guide() -> None:
    text = GUIDE.read_text(encoding="utf-8").split("## At the command line")[1]
    missing = [command.name for command in app.registered_commands if f"`{command.name}`" not in text]
    assert missing == []
