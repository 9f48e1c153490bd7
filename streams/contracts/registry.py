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
    "EmbeddedRegistry",
    "Registry",
    "Schema",
    "UnknownSchema",
    "embedded",
    "fingerprint",
]

FOLDER: Final = Path(__file__).with_name("avro")

EMBEDDED_IDS: Final = range(0x4D500000, 0x4D510000)
"""Ids that the embedded registry alone gives out."""


class UnknownSchema(LookupError):
    """The registry does not know this id or GUID."""


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """One version of a schema, parsed."""

    id: int
    name: str
    """Full name of the record."""

    shape: str
    """What the record calls its shape (attribute `format`, e.g. `milepost.erp.v1`), else its full name."""

    subject: str
    """Name under which a registry files its versions: `<topic>-value` where a topic has one record type, else the record's name."""

    definition: dict[str, Any]
    """The schema as its file says it."""

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
            schema = load(folder / entry["file"], int(text), entry["subject"])
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


def load(path: Path, schema_id: int, subject: str) -> Schema:
    """Read one `.avsc` file."""
    definition = json.loads(path.read_text(encoding="utf-8"))
    parsed: Any = parse_schema(definition)
    name: str = parsed["name"]
    return Schema(schema_id, name, definition.get("format", name), subject, definition, parsed)


def fingerprint(definition: Any) -> str:
    """SHA-256 (hex) of all that a schema says but its `doc` texts. Unlike Avro's canonical form it covers defaults and logical types."""
    return sha256(json.dumps(_without_doc(definition), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _without_doc(definition: Any) -> Any:
    if isinstance(definition, dict):
        return {key: _without_doc(value) for key, value in definition.items() if key != "doc"}
    if isinstance(definition, list):
        return [_without_doc(item) for item in definition]
    return definition
