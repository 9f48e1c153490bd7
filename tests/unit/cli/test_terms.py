"""`milepost terms`: billing terms from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.cli import main

EXAMPLES = Path(__file__).parents[3] / "examples" / "terms.yaml"
GOOD = (
    "- {terms_id: A, versions: [{version: 1, trigger: on_ship, granularity: line, currency: EUR, time_zone: UTC, "
    "valid_from: 2026-01-01T00:00:00Z}]}\n"
)


def test_a_good_file_says_what_each_version_asks_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terms", "check", str(EXAMPLES)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "PREPAID version 1 from 2025-12-31: on_order, by line, EUR" in lines
    assert "DUTY-PAID version 1 from 2025-12-31: on_milestones (DELIVERED, CUSTOMS_CLEARED), by line, EUR" in lines


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD.replace("on_ship", "on_full_moon"), "terms A: versions[0].trigger"),
        (GOOD.replace("granularity: line, ", ""), "say what is invoiced as a whole"),
        ("- 7\n", "each contract needs terms_id"),
        ("{[", "neither YAML nor JSON"),
    ],
)
@pytest.mark.parametrize("command", ["check", "apply"])
def test_a_bad_file_is_refused_before_anything_is_sent(
    command: str, content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "terms.yaml"
    file.write_text(GOOD + content if content.startswith("-") else content)
    assert main(["terms", command, str(file)]) == 2
    assert message in capsys.readouterr().err
