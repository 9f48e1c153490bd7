"""Code maps: what a source's status codes mean, as data under `maps/`, one table a format.

A map is a function: one row a (code, type), no wildcards. A code that has no row is refused and parked (UNMAPPED_CODE); it never
advances an order (docs/sources.md, hazards H1 to H6).
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from streams.deadletter.reasons import Reason, Stage
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass
from streams.normalize.refusal import Refusal, shown

__all__ = ["CodeMap", "CodeMapError", "Meaning", "PartnerMaps", "code_map", "SILENT", "partner_maps", "read_code_map", "scac"]

SILENT: Final = "SILENT"
"""In the column milestone: a code that is known and says nothing of the freight. It makes no statement, and is counted."""

_COLUMNS: Final = ["code", "type", "milestone", "classifier", "reason_class", "effect", "provenance", "example"]


class CodeMapError(ValueError):
    """A map file is not a function, or names what the vocabulary does not have. The message names file and line."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row of a map: what (code, type) says, and where that is known from."""

    code: str
    type: str
    milestone: Milestone
    classifier: Classifier
    reason: ReasonClass | None
    effect: Effect | None
    provenance: str
    example: str


@dataclass(frozen=True, slots=True)
class CodeMap:
    """The table of one format."""

    format: str
    version: str
    """Format and the first digits of the file's SHA-256: changes with every row, and nobody can forget to."""

    rows: dict[tuple[str, str], Meaning]
    silent: frozenset[tuple[str, str]] = frozenset()
    """Codes and types that are known and say nothing of the freight (`SILENT` in the column milestone)."""

    def meaning(self, code: str, type: str = "") -> Meaning:
        """The row of (code, type). Raises `Refusal` (UNMAPPED_CODE) where there is none."""
        found = self.rows.get((code, type))
        if found is None:
            named = f"code {shown(code)} of type {shown(type)}" if type else f"code {shown(code)}"
            raise Refusal(Stage.MAP, Reason.UNMAPPED_CODE, f"{named} has no row in the map of {self.format}")
        return found


@cache
def code_map(format: str) -> CodeMap:
    """The map of a format, read once. Raises `CodeMapError`; `FileNotFoundError` where the format has no map."""
    return read_code_map(format, (files("streams.normalize") / "maps" / f"{format}.csv").read_bytes())


def read_code_map(format: str, data: bytes) -> CodeMap:
    """The map in the bytes of a CSV file. Raises `CodeMapError`."""
    table = csv.DictReader(io.StringIO(data.decode()), strict=True)
    if table.fieldnames != _COLUMNS:
        raise CodeMapError(f"{format}: columns must be {', '.join(_COLUMNS)}")
    rows: dict[tuple[str, str], Meaning] = {}
    silent: set[tuple[str, str]] = set()
    for row in table:
        where = f"{format}, line {table.line_num}"
        if row["milestone"] == SILENT:
            if not (row["code"] and row["provenance"] and row["example"]) or row["classifier"] or row["reason_class"] or row["effect"]:
                raise CodeMapError(f"{where}: a silent row has code, type, provenance and example, and nothing else")
            if (row["code"], row["type"]) in rows.keys() | silent:
                raise CodeMapError(f"{where}: {(row['code'], row['type'])} has a row already; a map is a function")
            silent.add((row["code"], row["type"]))
            continue
        try:
            meaning = Meaning(
                row["code"],
                row["type"],
                Milestone(row["milestone"]),
                Classifier(row["classifier"]),
                ReasonClass(row["reason_class"]) if row["reason_class"] else None,
                Effect(row["effect"]) if row["effect"] else None,
                row["provenance"],
                row["example"],
            )
        except (ValueError, KeyError) as error:
            raise CodeMapError(f"{where}: {error}") from error
        key = (meaning.code, meaning.type)
        if not meaning.code or not meaning.provenance or not meaning.example:
            raise CodeMapError(f"{where}: code, provenance and example must be given")
        if (meaning.reason is None) != (meaning.effect is None):
            raise CodeMapError(f"{where}: reason_class and effect go together")
        if key in rows or key in silent:
            raise CodeMapError(f"{where}: {key} has a row already; a map is a function")
        rows[key] = meaning
    return CodeMap(format, f"{format}@{hashlib.sha256(data).hexdigest()[:8]}", rows, frozenset(silent))


@dataclass(frozen=True, slots=True)
class PartnerMaps:
    """The maps of partners who mean something else by a code, or use codes of their own: format's map with their rows in place of its."""

    maps: dict[tuple[str, str], CodeMap]
    """By partner id and format."""

    def of(self, partner: str, standard: CodeMap) -> CodeMap:
        """The map that holds for a record of this partner. An id without rows of its own has the standard map."""
        return self.maps.get((partner, standard.format), standard) if partner else standard


def partner_maps(folder: Path | None) -> PartnerMaps:
    """Read `<folder>/<partner id>/<format>.csv`. The version names the standard map, the partner, and a hash of the partner's rows.

    Raises `CodeMapError`, which names the file: a row that is no map row, a file for a format that has no map, a folder that is not there.
    """
    maps: dict[tuple[str, str], CodeMap] = {}
    if folder is None:
        return PartnerMaps(maps)
    if not folder.is_dir():
        raise CodeMapError(f"{folder}: no such folder (MILEPOST_PARTNERS_DIR)")
    for path in sorted(folder.glob("*/*.csv")):
        format, partner = path.name.removesuffix(".csv"), path.parent.name
        try:
            standard = code_map(format)
        except FileNotFoundError:
            raise CodeMapError(f"{path}: there is no map of {format} to override") from None
        data = path.read_bytes()
        try:
            own = read_code_map(format, data)
        except (CodeMapError, UnicodeDecodeError, csv.Error) as error:
            raise CodeMapError(f"{path}: {error}") from error
        version = f"{standard.version}+{partner}@{hashlib.sha256(data).hexdigest()[:8]}"
        rows = {key: row for key, row in standard.rows.items() if key not in own.silent} | own.rows
        maps[partner, format] = CodeMap(format, version, rows, (standard.silent | own.silent) - own.rows.keys())
    return PartnerMaps(maps)


def scac(carrier: str) -> str:
    """A carrier's SCAC where `carrier` is one of its other names (`maps/carriers.csv`), else the name itself, in upper case."""
    name = carrier.strip().upper()
    return _carriers().get(name, name)


@cache
def _carriers() -> dict[str, str]:
    text = (files("streams.normalize") / "maps" / "carriers.csv").read_text(encoding="utf-8")
    return {row["name"]: row["scac"] for row in csv.DictReader(io.StringIO(text))}
