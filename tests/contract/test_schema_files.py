"""`avro/`: what a reader of the files may count on, and that a released schema never changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from streams.contracts.registry import EMBEDDED_IDS, FOLDER, Schema, embedded, fingerprint
from streams.contracts.wire import prefix, read_body
from streams.deadletter import audit
from streams.domain import decisions, memory, terms, vocabulary
from streams.domain.instant import TimeQuality
from streams.domain.watch import checks, exceptions, watching
from streams.normalize import answers, consolidated
from streams.topics import CATALOGUE

pytestmark = pytest.mark.contract

LOCK: dict[str, dict[str, str]] = json.loads((FOLDER / "ids.json").read_text())
SCHEMAS = embedded().schemas()
SAMPLES: dict[str, Any] = json.loads(Path(__file__).with_name("released_samples.json").read_text())
ENUMS: dict[str, type[StrEnum]] = {
    each.__name__: each
    for module in (vocabulary, decisions, terms, audit, exceptions, checks, memory, watching)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, StrEnum) and each is not StrEnum
} | {"TimeQuality": TimeQuality}


def by_id(schema: Schema) -> str:
    return LOCK[str(schema.id)]["file"]


def parts(definition: Any) -> Iterator[dict[str, Any]]:
    """Every record, enum and field in a schema."""
    if isinstance(definition, list):
        for item in definition:
            yield from parts(item)
    if isinstance(definition, dict):
        if "name" in definition:
            yield definition
        for key in ("type", "items", "fields"):
            yield from parts(definition.get(key))


@pytest.mark.parametrize(("schema_id", "entry"), LOCK.items(), ids=[entry["file"] for entry in LOCK.values()])
def test_a_released_schema_never_changes(schema_id: str, entry: dict[str, str]) -> None:
    now = fingerprint(json.loads((FOLDER / entry["file"]).read_text()))

    assert now == entry["sha256"], (
        f"avro/{entry['file']} was released with id {schema_id} and says something else now. Put the change into a file of its own "
        f"(next version, next id in avro/ids.json). Before the first release only: its new sha256 is {now}."
    )


def test_every_file_has_an_id_and_every_id_a_file() -> None:
    files = {str(path.relative_to(FOLDER.resolve())) for path in FOLDER.resolve().rglob("*.avsc")}

    missing = {file: fingerprint(json.loads((FOLDER / file).read_text())) for file in files - {entry["file"] for entry in LOCK.values()}}
    assert not missing, f"add to avro/ids.json, with the next free id of their family: {missing}"
    assert {entry["file"] for entry in LOCK.values()} == files


def test_an_id_tells_family_and_version_and_no_version_is_left_out() -> None:
    versions: dict[int, list[int]] = {}
    stems: dict[int, set[str]] = {}
    for text, entry in LOCK.items():
        schema_id = int(text)
        stem, version = re.fullmatch(r"(\w+/\w+)\.v(\d+)\.avsc", entry["file"]).groups()  # type: ignore[union-attr]
        assert schema_id in EMBEDDED_IDS
        assert schema_id & 0xFF == int(version)
        versions.setdefault(schema_id >> 8, []).append(int(version))
        stems.setdefault(schema_id >> 8, set()).add(stem)

    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    assert all(len(found) == 1 for found in stems.values())
    assert len(set().union(*stems.values())) == len(stems)


@pytest.mark.parametrize("schema", SCHEMAS, ids=by_id)
def test_versions_of_a_family_share_name_and_subject(schema: Schema) -> None:
    family = [other for other in SCHEMAS if other.id >> 8 == schema.id >> 8]

    assert {(other.name, other.subject, other.shape) for other in family} == {(schema.name, schema.subject, schema.shape)}


@pytest.mark.parametrize("schema", SCHEMAS, ids=by_id)
def test_a_subject_is_the_topic_of_an_emitted_schema_and_else_the_name_of_the_record(schema: Schema) -> None:
    if by_id(schema).startswith("emitted/"):
        assert schema.subject.removesuffix("-value") in {topic.name for topic in CATALOGUE}
    else:
        assert schema.subject == schema.name


@pytest.mark.parametrize("schema", SCHEMAS, ids=by_id)
def test_everything_is_explained(schema: Schema) -> None:
    unexplained = [part["name"] for part in parts(schema.definition) if not part.get("doc", "").strip().endswith(".")]

    assert unexplained == []


@pytest.mark.parametrize("schema", SCHEMAS, ids=by_id)
def test_words_are_those_of_the_domain(schema: Schema) -> None:
    """Emitted enums have one symbol more, which old readers see in place of a symbol that is new to them."""
    newest = embedded().newest(schema.name)
    for part in parts(schema.definition):
        if part["type"] != "enum":
            continue
        words = [word.value for word in ENUMS[part["name"]]]
        if by_id(schema).startswith("emitted/"):
            assert part["default"] == "UNRECOGNISED"
            assert set(part["symbols"]) - {"UNRECOGNISED"} <= set(words)
            words.append("UNRECOGNISED")
        if schema is newest:
            assert set(part["symbols"]) == set(words), f"{part['name']}: the domain has other words; a new version of {schema.name} is due"


def json_of(value: Any) -> Any:
    """As the samples are kept: what JSON cannot say is text."""
    if isinstance(value, dict):
        return {key: json_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_of(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, (Decimal, datetime, date)) else value


@pytest.mark.parametrize("schema", SCHEMAS, ids=by_id)
def test_bytes_of_every_released_version_are_read_as_they_were_meant(schema: Schema) -> None:
    """Samples kept from the day of release: they hold even if a file and its fingerprint were changed together."""
    sample = SAMPLES[by_id(schema)]
    data = bytes.fromhex(sample["hex"])

    assert data[:5] == prefix(schema.id)
    assert json_of(read_body(schema, data[5:])) == sample["value"]


@pytest.mark.parametrize(
    ("name", "shape"),
    [("milepost.raw.TaskAnswer", answers.TaskAnswer), ("milepost.raw.ConsolidatedInvoice", consolidated.ConsolidatedInvoice)],
)
def test_a_raw_schema_has_the_fields_of_the_shape_that_reads_it(name: str, shape: type[BaseModel]) -> None:
    """A field that one of them lacks could be sent and never be read, or never be sent. The same are optional."""

    def fields_of(definition: Any) -> dict[str, tuple[bool, Any]]:
        return {each["name"]: (isinstance(each["type"], list), record_in(each["type"])) for each in definition["fields"]}

    def record_in(definition: Any) -> Any:
        for part in parts(definition):
            if part["type"] == "record":
                return fields_of(part)
        return None

    def read(model: type[BaseModel]) -> dict[str, tuple[bool, Any]]:
        found = {}
        for field, info in model.model_fields.items():
            inner = [each for each in models_in(info.annotation) if each is not model]
            found[field] = (not info.is_required(), read(inner[0]) if inner else None)
        return found

    def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        for part in get_args(annotation):
            yield from models_in(part)

    assert fields_of(embedded().newest(name).definition) == read(shape)
