"""What was agreed with partners apart from codes: on whose clock their local times are, and whose numbers they quote.

Two tables in the partners' folder, both optional. `partners.csv` (`partner, zone, provenance`): the IANA zone of a partner's times that
state no offset. `issuers.csv` (`kind, issuer, means, provenance`): numbers of this kind that are said to be of `issuer` are those of
`means`; for a carrier that quotes the bill of lading of our TMS, or a TMS that calls a carrier by an id of its own.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from streams.domain.event import Event, Link
from streams.domain.vocabulary import ReferenceKind

__all__ = ["NOTHING_AGREED", "AgreementError", "Agreements", "agreements"]

_PARTNERS: Final = ["partner", "zone", "provenance"]
_ISSUERS: Final = ["kind", "issuer", "means", "provenance"]


class AgreementError(ValueError):
    """A table cannot be used. The message names file and line."""


@dataclass(frozen=True, slots=True)
class Agreements:
    """Both tables."""

    zones: Mapping[str, ZoneInfo]
    """By partner id."""

    issuers: Mapping[tuple[str, str], str]
    """By kind and issuer of a reference: whose number it really is."""

    def reference(self, key: str) -> str:
        """A reference key (`kind:issuer:value`) under the issuer whose number it is."""
        kind, issuer, value = key.split(":", 2)
        means = self.issuers.get((kind, issuer))
        return key if means is None else f"{kind}:{means}:{value}"

    def told(self, statement: Any) -> Any:
        """A statement with its references under the issuers whose numbers they are. Its id stays that of what was said."""
        if isinstance(statement, Event) and statement.references:
            return replace(statement, references=tuple(dict.fromkeys(map(self.reference, statement.references))))
        if isinstance(statement, Link):
            together = tuple(map(self.reference, statement.together))
            return replace(statement, reference=self.reference(statement.reference), together=together)
        return statement


NOTHING_AGREED: Final = Agreements({}, {})


def agreements(folder: Path | None) -> Agreements:
    """Read the tables of a partners' folder. Raises `AgreementError`."""
    if folder is None:
        return NOTHING_AGREED
    zones: dict[str, ZoneInfo] = {}
    for where, row in _rows(folder / "partners.csv", _PARTNERS):
        if row["partner"] in zones:
            raise AgreementError(f"{where}: {row['partner']!r} has a row already")
        try:
            zones[row["partner"]] = ZoneInfo(row["zone"])
        except (OSError, KeyError, ValueError):
            raise AgreementError(f"{where}: {row['zone']!r} is no time zone such as America/Chicago") from None
    issuers: dict[tuple[str, str], str] = {}
    for where, row in _rows(folder / "issuers.csv", _ISSUERS):
        if row["kind"] not in list(ReferenceKind):
            raise AgreementError(f"{where}: {row['kind']!r} is no kind of reference; there are {', '.join(ReferenceKind)}")
        key = (row["kind"], row["issuer"].upper())
        if key in issuers:
            raise AgreementError(f"{where}: {row['kind']} of {row['issuer']!r} has a row already; who gave a number out is one")
        if ":" in row["issuer"] + row["means"]:
            raise AgreementError(f"{where}: an issuer has no colon")
        issuers[key] = row["means"].upper()
    for (kind, issuer), means in issuers.items():
        if (kind, means) in issuers and means != issuer:
            raise AgreementError(f"{folder / 'issuers.csv'}: {kind} of {issuer} means {means}, which has a row too; name the last")
    return Agreements(zones, issuers)


def _rows(path: Path, columns: list[str]) -> list[tuple[str, dict[str, str]]]:
    if not path.exists():
        return []
    try:
        table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")), strict=True)
        rows = [(f"{path}, line {table.line_num}", row) for row in table]
    except (csv.Error, UnicodeDecodeError) as error:
        raise AgreementError(f"{path}: {error}") from error
    if table.fieldnames != columns:
        raise AgreementError(f"{path}: columns must be {', '.join(columns)}")
    for where, row in rows:
        if None in row or not all(isinstance(value, str) and value.strip() for value in row.values()):
            raise AgreementError(f"{where}: every column must be filled, and no more")
    return rows
