"""Compares what a hop stored (its changelog, the latest entry of each key) with what was recomputed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from streams.hop import RowCodec
from streams.verify.findings import Finding, Kind, Report

__all__ = ["compare_state"]

_ROW: Final = b"r"
_MARK: Final = b"m"
_MOST_SHOWN: Final = 300


def compare_state(
    report: Report,
    hop: str,
    changelog: str,
    codec: RowCodec,
    stored: Mapping[bytes, bytes],
    rows: Mapping[bytes, bytes],
    marks: frozenset[bytes],
) -> None:
    """Add to `report` how one partition's state differs.

    `stored` are the changelog's entries: `r` and the row's key with the encoded row, `m` and the mark with no content (docs/engine.md).
    `rows` are recomputed, and encoded too.
    """
    wanted = {_ROW + key: row for key, row in rows.items()} | dict.fromkeys((_MARK + mark for mark in marks), b"")
    for key in wanted.keys() - stored.keys():
        report.findings.append(Finding(Kind.MISSING, changelog, _name(key), hop))
    for key in stored.keys() - wanted.keys():
        report.findings.append(Finding(Kind.EXTRA, changelog, _name(key), hop, detail="no such row or mark was recomputed"))
    for key in wanted.keys() & stored.keys():
        # A row that an older release wrote has other bytes; what it says must be the same.
        if stored[key] == wanted[key] or (found := _decoded(codec, stored[key])) == (recomputed := codec.decode(wanted[key])):
            report.compared[f"state of {hop}"] += 1
        else:
            detail = f"the row is {found!r}"[:_MOST_SHOWN] + f", recomputed {recomputed!r}"[:_MOST_SHOWN]
            report.findings.append(Finding(Kind.DIFFERENT, changelog, _name(key), hop, detail=detail))


def _decoded(codec: RowCodec, data: bytes) -> Any:
    try:
        return codec.decode(data)
    except Exception as error:  # noqa: BLE001 - a stored row that cannot be read is what we are here to report
        return f"unreadable ({error})"


def _name(key: bytes) -> str:
    return key[1:].decode(errors="replace")
