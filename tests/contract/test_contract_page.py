"""docs/contracts.md says what is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from streams.contracts import outputs
from streams.contracts.registry import EMBEDDED_IDS, FOLDER, embedded
from streams.topics import CATALOGUE, SHARED_TOPICS, Cleanup
from tests.contract.schema_tables import PAGE, rendered
from tests.unit.contracts.samples import CAUSE, DECISION, HOLD, REACHED, STATUS_NOW

pytestmark = pytest.mark.contract

TEXT = PAGE.read_text(encoding="utf-8")
ROOT = Path(__file__).parents[2]


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_field_tables_are_those_of_the_schemas() -> None:
    assert rendered(TEXT) == TEXT, "run: python -m tests.contract.schema_tables"


def test_every_emitted_schema_has_its_table() -> None:
    emitted = {schema.name for schema in embedded().schemas() if schema.subject.endswith("-value")}

    assert set(re.findall(r"<!-- fields of (\S+) -->", TEXT)) == emitted


def test_every_topic_is_listed_with_how_it_is_kept() -> None:
    rows = [row for row in section("Topics").splitlines() if row.startswith("| `")]

    for topic in CATALOGUE:
        [row] = [row for row in rows if f"`{topic.name}`" in row.split("|")[1]]
        if topic.ours and topic.name not in SHARED_TOPICS:
            assert ("(compacted)" in row) == (topic.cleanup is Cleanup.COMPACT), row


def test_every_message_of_the_pipelines_own_topics_is_listed() -> None:
    for schema in embedded().schemas():
        if schema.name.startswith("milepost.pipeline."):
            assert f"`{schema.name.rpartition('.')[2]}`" in section("Topics") or f"`{schema.name}`" in section("Topics")


def test_every_decision_has_its_row() -> None:
    symbols = next(field for field in embedded().newest("milepost.InvoiceDecision").definition["fields"] if field["name"] == "decision")
    rows = re.findall(r"^\| `([A-Z_]+)` \|", section("How to consume `invoice.releases`"), re.MULTILINE)

    assert rows == symbols["type"]["symbols"]


def test_every_header_is_listed_and_no_other() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    made = [
        outputs.milestone(REACHED, CAUSE),
        outputs.status(STATUS_NOW, CAUSE, trace),
        outputs.decision(DECISION, CAUSE, trace),
        outputs.hold(HOLD, CAUSE, trace),
    ]
    listed = re.findall(r"^\| `([a-z_.-]+)` \|", section("Headers of emitted records"), re.MULTILINE)

    for output in made:
        assert [name for name, _ in output.headers] == listed


def test_the_first_own_id_is_as_said() -> None:
    assert f"from {EMBEDDED_IDS.start}" in TEXT


def test_the_package_contains_the_schemas() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    globs = settings["tool"]["setuptools"]["package-data"].get("streams.contracts", [])
    packed = {path for glob in globs for path in FOLDER.parent.glob(glob)}
    needed = {FOLDER / "ids.json", *FOLDER.glob("*/*.avsc")}

    assert needed <= packed, 'add to [tool.setuptools.package-data]: "streams.contracts" = ["avro/ids.json", "avro/*/*.avsc"]'
