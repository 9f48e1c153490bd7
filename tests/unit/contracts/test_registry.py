"""Schemas by id, and schemas that are better not read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from streams.contracts.registry import EMBEDDED_IDS, EmbeddedRegistry, UnknownSchema, embedded, fingerprint, make_schema

SELF = {"type": "record", "name": "N", "fields": [{"name": "next", "type": ["null", "N"]}]}
EMPTY = {"type": "record", "name": "Z", "fields": []}


def test_every_schema_is_found_by_id_by_guid_and_by_name() -> None:
    registry = embedded()

    for schema in registry.schemas():
        assert registry.by_id(schema.id) is schema
        assert registry.by_guid(UUID(hex=fingerprint(schema.definition)[:32])) is schema
        assert schema in registry.versions(schema.name)
        assert schema.id in EMBEDDED_IDS


def test_what_is_not_there_is_unknown() -> None:
    with pytest.raises(UnknownSchema, match="no schema with id 7"):
        embedded().by_id(7)
    with pytest.raises(UnknownSchema, match="no schema with GUID"):
        embedded().by_guid(UUID(int=7))
    with pytest.raises(UnknownSchema, match=r"no schema named milepost\.Nothing"):
        embedded().newest("milepost.Nothing")


def test_the_newest_version_is_the_one_with_the_highest_id(tmp_path: Path) -> None:
    for version in (1, 2, 3):
        fields = [{"name": f"f{number}", "type": "int", "default": 0} for number in range(version)]
        (tmp_path / f"r.v{version}.avsc").write_text(json.dumps({"type": "record", "name": "R", "fields": fields}))
    ids = {str(0x4D500100 + version): {"file": f"r.v{version}.avsc", "subject": "R"} for version in (3, 1, 2)}
    (tmp_path / "ids.json").write_text(json.dumps(ids))

    registry = EmbeddedRegistry(tmp_path)

    assert [schema.id & 0xFF for schema in registry.versions("R")] == [1, 2, 3]
    assert registry.newest("R").id == 0x4D500103


def test_the_fingerprint_covers_all_but_the_docs() -> None:
    def record(**field: Any) -> dict[str, Any]:
        return {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"} | field]}

    plain = fingerprint(record())
    assert fingerprint(record(doc="explained")) == plain
    for change in ({"default": 1}, {"type": "long"}, {"type": {"type": "int", "logicalType": "date"}}, {"name": "b"}):
        assert fingerprint(record(**change)) != plain


@pytest.mark.parametrize(
    "definition",
    [
        SELF,
        ["null", SELF],
        {"type": "record", "name": "a.N", "fields": [{"name": "x", "type": {"type": "map", "values": "a.N"}}]},
        {"type": "record", "name": "A", "fields": [{"name": "b", "type": {"type": "array", "items": SELF}}]},
    ],
)
def test_a_schema_that_refers_to_itself_is_refused(definition: Any) -> None:
    """A value nested a few thousand levels would end the process: fastavro recurses in C."""
    with pytest.raises(ValueError, match="refers to itself"):
        make_schema(definition, 1)


@pytest.mark.parametrize(
    "items",
    ["null", EMPTY, {"type": "fixed", "name": "F", "size": 0}, {"type": "record", "name": "O", "fields": [{"name": "z", "type": EMPTY}]}],
)
def test_an_array_of_items_without_size_is_refused(items: Any) -> None:
    """Ten bytes could ask for 2^60 items."""
    with pytest.raises(ValueError, match="items without size"):
        make_schema({"type": "record", "name": "R", "fields": [{"name": "all", "type": {"type": "array", "items": items}}]}, 1)


def test_a_type_used_twice_is_no_loop() -> None:
    point = {"type": "record", "name": "P", "fields": [{"name": "x", "type": "int"}]}
    line = {"type": "record", "name": "L", "fields": [{"name": "from", "type": point}, {"name": "to", "type": "P"}]}

    assert make_schema(line, 1).name == "L"
