"""docs/sources.md says what is so: its tests exist, its formats and maps are those that there are."""

from __future__ import annotations

import ast
import csv
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


def test_every_hazard_is_a_test() -> None:
    rows = [row.split("|") for row in section("Known hazards").splitlines() if row.startswith("| H")]
    assert [row[1].strip() for row in rows] == [f"H{number}" for number in range(1, 13)]
    for _, hazard, _, tests, _ in rows:
        assert re.search(rf"`test_{hazard.strip().lower()}_\w+`", tests), hazard


def test_files_of_tests_that_pages_name_exist() -> None:
    """docs/sources.md, edi.md and resolve.md name some tests by their file."""
    known = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    for page in ("sources", "edi", "resolve", "raw-records"):
        named = re.findall(r"`(?:tests/[\w/]*/)?(test_\w+\.py)`", (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
        assert set(named) <= known, (page, set(named) - known)


def test_every_kind_of_provenance_is_explained() -> None:
    """Words that send a reader somewhere must say where that is."""
    said = {
        row["provenance"]
        for entry in (files("streams.normalize") / "maps").iterdir()
        for row in csv.DictReader(entry.read_text(encoding="utf-8").splitlines())
        if "provenance" in row
    }
    page = section("Code maps")
    for word in (
        "X12 data element",
        "UN/EDIFACT element",
        "dcsaorg/DCSA-OpenAPI",
        "GS1 Core Business Vocabulary 2.0",
        "UPS-API/api-documentation",
    ):
        assert any(word in provenance for provenance in said) and word in page
    for element in {found for provenance in said for found in re.findall(r"X12 data element (\d+)", provenance)}:
        assert re.search(rf"\b{element}\b", page), f"X12 data element {element}"
    assert not [provenance for provenance in said if "research" in provenance]


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
