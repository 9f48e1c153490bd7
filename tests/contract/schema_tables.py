"""The field tables of docs/contracts.md, made from `avro/`: `python -m tests.contract.schema_tables` writes them anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streams.contracts.registry import Schema, embedded

__all__ = ["PAGE", "rendered"]

PAGE = Path(__file__).parents[2] / "docs" / "contracts.md"

_MARKED = re.compile(r"(<!-- fields of (?P<name>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rendered(page: str) -> str:
    """The page with each marked table as the newest schema of that name has it."""
    return _MARKED.sub(lambda found: found[1] + _table(embedded().newest(found["name"])) + found[3], page)


def _table(schema: Schema) -> str:
    rows = "\n".join(f"| `{name}` | {kind} | {doc} |" for name, kind, doc in _rows(schema.definition, ""))
    return f"Schema id {schema.id}, subject `{schema.subject}`.\n\n| field | type | meaning |\n|---|---|---|\n{rows}\n"


def _rows(record: Any, path: str) -> Iterator[tuple[str, str, str]]:
    for field in record["fields"]:
        name, kind = path + field["name"], field["type"]
        optional = isinstance(kind, list)
        kind = kind[1] if optional else kind
        many = isinstance(kind, dict) and kind["type"] == "array"
        kind = kind["items"] if many else kind
        label = ("list of " if many else "") + _label(kind) + (" or null" if optional else "")
        yield name, label, field["doc"].replace("|", "/")
        if isinstance(kind, dict) and kind["type"] == "record":
            yield from _rows(kind, f"{name}[]." if many else f"{name}.")


def _label(kind: Any) -> str:
    match kind:
        case {"logicalType": "decimal", "precision": precision, "scale": scale}:
            return f"decimal({precision}, {scale})"
        case {"logicalType": logical}:
            return str(logical)
        case {"type": "enum" | "record", "name": name}:
            return str(name)
    return str(kind)


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
