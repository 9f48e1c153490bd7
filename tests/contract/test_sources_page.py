"""docs/sources.md says what is so: its tests exist, its formats and maps are those that there are."""

from __future__ import annotations

import ast
import re
from importlib.resources import files
from pathlib import Path

import pytest

from streams.normalize.detect import FORMATS

pytestmark = pytest.mark.contract

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def functions() -> set[str]:
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found.add(node.name)
    return found


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert len(named) > 30
    assert named - functions() == set()


def test_every_source_names_the_tests_that_prove_it() -> None:
    rows = [row for row in section("Every source").splitlines() if row.startswith("| ")][1:]
    assert len(rows) == 9
    for row in rows:
        assert re.search(r"`test_\w+`", row.split("|")[5]), row


def test_every_format_is_in_the_table_of_sources_and_no_other() -> None:
    named = set(
        re.findall(
            r"`([a-z0-9]+(?:[.-][a-z0-9-]+)+)`",
            "".join(row.split("|")[2] for row in section("Every source").splitlines() if row.startswith("|")),
        )
    )
    edi = {name for name in FORMATS if name.startswith(("x12.", "edifact."))}
    assert named - edi == set(FORMATS) - edi


def test_every_map_is_of_a_format_or_named_on_the_page() -> None:
    for entry in (files("streams.normalize") / "maps").iterdir():
        assert entry.name.removesuffix(".csv") in FORMATS or f"maps/{entry.name}" in TEXT, entry.name
