"""Stored rows against recomputed ones."""

from __future__ import annotations

from streams.contracts.reference_rows import REFERENCE_ROWS
from streams.domain.references import KnownLink, ReferenceRow
from streams.verify import Kind, Report
from streams.verify.state import compare_state


def row(order: str) -> ReferenceRow:
    return ReferenceRow(links=[KnownLink(order, "", "S1", "", False, 0, 100)], wake_at=5)


ROWS = {b"tracking:UPSN:1": row("1000:1"), b"tracking:UPSN:2": row("1000:2")}
MARKS = frozenset({b"due/12345678tracking:UPSN:1"})
STORED = {b"r" + key: REFERENCE_ROWS.encode(value) for key, value in ROWS.items()} | {b"m" + mark: b"" for mark in MARKS}


def compared(stored: dict[bytes, bytes]) -> Report:
    report = Report()
    compare_state(
        report,
        "resolve",
        "resolve-changelog",
        REFERENCE_ROWS,
        stored,
        {key: REFERENCE_ROWS.encode(value) for key, value in ROWS.items()},
        MARKS,
    )
    return report


def test_what_is_stored_as_recomputed_is_clean() -> None:
    report = compared(STORED)
    assert report.clean
    assert report.compared["state of resolve"] == 3


def test_a_row_or_a_mark_that_was_not_stored_is_missing() -> None:
    for key in STORED:
        report = compared({other: data for other, data in STORED.items() if other != key})
        assert [(finding.kind, finding.order) for finding in report.findings] == [(Kind.MISSING, key[1:].decode())]


def test_a_row_or_a_mark_that_should_not_be_there_is_extra() -> None:
    for key in (b"rtracking:UPSN:3", b"mw/terms"):
        assert [finding.kind for finding in compared(STORED | {key: b""}).findings] == [Kind.EXTRA]


def test_a_row_with_other_content_is_different_and_both_are_shown() -> None:
    (finding,) = compared(STORED | {b"rtracking:UPSN:1": REFERENCE_ROWS.encode(row("1000:9"))}).findings
    assert finding.kind is Kind.DIFFERENT
    assert "1000:9" in finding.detail
    assert "1000:1" in finding.detail


def test_a_row_that_cannot_be_read_is_different() -> None:
    (finding,) = compared(STORED | {b"rtracking:UPSN:1": b"\xff"}).findings
    assert finding.kind is Kind.DIFFERENT
    assert "unreadable" in finding.detail
