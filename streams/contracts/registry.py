"""Schemas by id: the embedded registry, which is the `avro/` folder.

Every schema version is a file of its own, `avro/<kind>/<name>.v<version>.avsc`, and has a fixed id in `avro/ids.json`. Ids start with the
bytes `MP` (0x4D50), then a byte for the family (one record name) and a byte for the version, so that they meet no id of a
registry that counts from 1, and a reader can tell that an id it has never seen is a newer version of a family it knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

from fastavro import parse_schema

__all__ = [
    "EMBEDDED_IDS",
    "FOLDER",
    "EmbeddedRegistry",
    "Registry",
    "Schema",
    "UnknownSchema",
    "embedded",
    "fingerprint",
    "make_schema",
]

FOLDER: Final = Path(__file__).with_name("avro")
"""The schemas: a link to the project's `avro/` in a checkout and in the image, the files themselves in an installed package."""

EMBEDDED_IDS: Final = range(0x4D500000, 0x4D510000)
"""Ids that the embedded registry alone gives out."""


class UnknownSchema(LookupError):
    """The registry does not know this id or GUID."""


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """One version of a schema, parsed."""

    id: int
    name: str
    """Full name of the record; empty for a schema that is not one record."""

    shape: str
    """What the record calls its shape (attribute `format`, e.g. `milepost.erp.v1`), else its full name."""

    subject: str
    """Name under which a registry files its versions: `<topic>-value` on emitted topics, else the record's full name."""

    definition: Any
    """The schema as it was written."""

    parsed: Any
    """For fastavro."""


class Registry(Protocol):
    """Where a reader finds the schema that a writer used."""

    def by_id(self, schema_id: int) -> Schema:
        """Raises `UnknownSchema`."""

    def by_guid(self, guid: UUID) -> Schema:
        """Raises `UnknownSchema`."""


class EmbeddedRegistry:
    """The `avro/` folder as a registry: no network, ids for ever the same."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._by_id: dict[int, Schema] = {}
        self._by_guid: dict[UUID, Schema] = {}
        self._newest: dict[str, Schema] = {}
        lock = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
        for text, entry in sorted(lock.items(), key=lambda item: int(item[0])):
            definition = json.loads((folder / entry["file"]).read_text(encoding="utf-8"))
            schema = make_schema(definition, int(text), entry["subject"])
            self._by_id[schema.id] = schema
            self._by_guid[UUID(hex=fingerprint(schema.definition)[:32])] = schema
            self._newest[schema.name] = schema

    def by_id(self, schema_id: int) -> Schema:
        try:
            return self._by_id[schema_id]
        except KeyError:
            raise UnknownSchema(f"no schema with id {schema_id} in avro/ids.json") from None

    def by_guid(self, guid: UUID) -> Schema:
        try:
            return self._by_guid[guid]
        except KeyError:
            raise UnknownSchema(f"no schema with GUID {guid} in avro/") from None

    def newest(self, name: str) -> Schema:
        """The newest version of the record with this full name. Raises `UnknownSchema`."""
        try:
            return self._newest[name]
        except KeyError:
            raise UnknownSchema(f"no schema named {name} in avro/") from None

    def versions(self, name: str) -> list[Schema]:
        """Every version of the record with this full name, oldest first."""
        return [schema for schema in self._by_id.values() if schema.name == name]

    def schemas(self) -> list[Schema]:
        """Every version of every schema, by id."""
        return list(self._by_id.values())


@cache
def embedded() -> EmbeddedRegistry:
    """The embedded registry of this installation, read once."""
    return EmbeddedRegistry()


def make_schema(definition: Any, schema_id: int, subject: str = "", named: dict[str, Any] | None = None) -> Schema:
    """Parse a schema. `named` holds the parsed schemas of other files that it refers to.

    Raises fastavro's `SchemaParseException`, and ValueError for a schema that could harm its readers: one that refers to itself (a
    deep value would overflow the C stack) or has items of no size (a count alone would fill the memory).
    """
    named = {} if named is None else named
    parsed: Any = parse_schema(definition, named)
    _refuse_harmful(parsed, named, ())
    name: str = parsed.get("name", "") if isinstance(parsed, dict) else ""
    shape: str = definition.get("format", name) if isinstance(definition, dict) else name
    return Schema(schema_id, name, shape, subject, definition, parsed)


def _refuse_harmful(schema: Any, named: dict[str, Any], within: tuple[str, ...]) -> bool:
    """Whether a value of the schema has no size. Raises ValueError."""
    if isinstance(schema, str):
        if schema in within:
            raise ValueError(f"{schema} refers to itself, which is not read")
        return _refuse_harmful(named[schema], named, within) if schema in named else schema == "null"
    if isinstance(schema, list):
        for branch in schema:
            _refuse_harmful(branch, named, within)
        return False
    match schema["type"]:
        case "record" | "error":
            inner = (*within, schema["name"])
            sizeless = [_refuse_harmful(field["type"], named, inner) for field in schema["fields"]]
            return all(sizeless)
        case "array":
            if _refuse_harmful(schema["items"], named, within):
                raise ValueError("an array of items without size, which is not read")
            return False
        case "map":
            _refuse_harmful(schema["values"], named, within)
            return False
        case "fixed":
            return bool(schema["size"] == 0)
        case kind:
            return bool(kind == "null")


def fingerprint(definition: Any) -> str:
    """SHA-256 (hex) of all that a schema says but its `doc` texts. Unlike Avro's canonical form it covers defaults and logical types."""
    return sha256(json.dumps(_without_doc(definition), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _without_doc(definition: Any) -> Any:
    if isinstance(definition, dict):
        return {key: _without_doc(value) for key, value in definition.items() if key != "doc"}
    if isinstance(definition, list):
        return [_without_doc(item) for item in definition]
    return definition
