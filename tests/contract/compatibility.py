"""What a new version of a schema may change.

Avro's own rules come from Apache's `avro` package. They allow three things that would still break somebody, so these are checked on top:
a logical type may not change (the bytes stay, their meaning does not), an enum symbol may not go or move, and
the pipeline's own records only get fields at their end, so that older workers can read the start of newer records.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

__all__ = ["Rule", "breaks"]


class Rule(StrEnum):
    """How the versions of a schema must go together."""

    FULL_TRANSITIVE = "every version reads every other"
    APPEND_ONLY = "every version reads all older ones, and the start of all newer ones"


def breaks(versions: Sequence[Any], rule: Rule) -> list[str]:
    """What the last of these versions (oldest first) breaks, a line each; empty where nothing does."""
    *older, newest = versions
    found: list[str] = []
    for number, old in enumerate(older, 1):
        complaints = _unreadable(newest, old, "new reads old") + _changed(_by_path(old), _by_path(newest))
        if rule is Rule.FULL_TRANSITIVE:
            complaints += _unreadable(old, newest, "old reads new")
        if rule is Rule.APPEND_ONLY:
            complaints += _not_appended(old, newest)
        found += [f"version {number}: {complaint}" for complaint in complaints]
    return found


def _unreadable(reader: Any, writer: Any, direction: str) -> list[str]:
    reading, writing = (avro.schema.parse(json.dumps(schema)) for schema in (reader, writer))
    result = ReaderWriterCompatibilityChecker().get_compatibility(reading, writing)  # type: ignore[no-untyped-call]
    if result.compatibility is SchemaCompatibilityType.compatible:
        return []
    kinds = ", ".join(kind.value for kind in result.incompatibilities)
    return [f"{direction}: {kinds} at {', '.join(sorted(result.locations))} ({'; '.join(sorted(result.messages))})"]


def _by_path(schema: Any, path: str = "") -> dict[str, Any]:
    """Every type within a schema by where it stands, e.g. `/lines/[]/quantity`; union branches are told apart by their kind."""
    if isinstance(schema, list):
        found: dict[str, Any] = {}
        for branch in schema:
            kind = branch if isinstance(branch, str) else branch.get("name", branch["type"])
            found |= {} if kind == "null" else _by_path(branch, path)
        return found
    if not isinstance(schema, dict):
        return {path: {"type": schema}}
    found = {path: schema}
    if schema["type"] == "record":
        for field in schema["fields"]:
            found |= _by_path(field["type"], f"{path}/{field['name']}")
    if schema["type"] == "array":
        found |= _by_path(schema["items"], f"{path}/[]")
    return found


def _changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    complaints = []
    for path, was in old.items():
        now = new.get(path, was)
        complaints += [
            f"{path}: {what} was {was.get(what)}, is {now.get(what)}"
            for what in ("logicalType", "precision", "scale")
            if was.get(what) != now.get(what)
        ]
        symbols = was.get("symbols", [])
        if now.get("symbols", [])[: len(symbols)] != symbols:
            complaints.append(f"{path}: symbols may only be added at the end; they were {symbols}, are {now.get('symbols')}")
    return complaints


def _not_appended(old: Any, new: Any) -> list[str]:
    start = new["fields"][: len(old["fields"])]
    if _shape(start) == _shape(old["fields"]):
        return []
    return ["fields of the record, and of the records in it, may only be added at the end of the record itself"]


def _shape(schema: Any) -> Any:
    """All that decides about bytes: no texts, no defaults, no symbols (which have a rule of their own)."""
    if isinstance(schema, dict):
        return {key: _shape(value) for key, value in schema.items() if key not in ("doc", "default", "symbols")}
    if isinstance(schema, list):
        return [_shape(item) for item in schema]
    return schema
