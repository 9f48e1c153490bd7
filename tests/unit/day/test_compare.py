"""Differences between what is expected and what is found are told in plain words, and none is overlooked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from streams.day import Actual, Expected, ExpectedDeadLetter, ExpectedParked, compare
from streams.day.compare import SeenDeadLetter, compare_dead_letters
from streams.day.expectation import read_expectations, write_expectations
from streams.topics import CARRIER_RAW, FINDINGS, HOLDS, MILESTONES, RELEASES, STATUS

_EXPECTED = Expected(
    order_id="1000:4711",
    situation="partly_delivered",
    state="PARTIALLY_DELIVERED",
    billing="PARTLY_RELEASED",
    currency="EUR",
    released={"10": Decimal("6.000")},
    amount=Decimal("15.00"),
    invoiceable={"10": Decimal(6)},
    holds=("NOT_DELIVERED",),
    milestones={"ORDER_RELEASED": 1, "DELIVERED_PARTIAL": 1},
    decisions={"PARTIAL_RELEASE": 1},
    open_exceptions=0,
    open_disputes=1,
)

_STATUS = {"state": "PARTIALLY_DELIVERED", "billing": "PARTLY_RELEASED", "currency": "EUR", "open_exceptions": [], "open_disputes": ["C1"]}
_HOLD = {"reasons": [{"code": "NOT_DELIVERED", "detail": "line 10"}, {"code": "NOT_DELIVERED", "detail": "line 20"}]}
_RELEASE = {"decision": "PARTIAL_RELEASE", "amount": Decimal("15.0000"), "lines": [{"line": "10", "delta": Decimal("6.000000")}]}


def _found(**changes: dict[str, Any]) -> Actual:
    """Output records as they should be, some fields of the last of a topic changed: status=..., hold=..., release=..."""
    actual = Actual()
    for milestone in ("ORDER_RELEASED", "DELIVERED_PARTIAL"):
        actual.take(MILESTONES, {"milestone": milestone, "lines": []})
    actual.take(STATUS, {**_STATUS, "state": "RELEASED"})
    actual.take(STATUS, _STATUS | changes.get("status", {}))
    actual.take(HOLDS, {"reasons": [{"code": "NO_TERMS"}]})
    actual.take(HOLDS, _HOLD | changes.get("hold", {}))
    actual.take(RELEASES, _RELEASE | changes.get("release", {}))
    return actual


def test_the_last_status_and_hold_and_the_sum_of_decisions_count() -> None:
    assert list(compare(_EXPECTED, _found())) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": {"state": "DELIVERED"}}, "state: expected PARTIALLY_DELIVERED, found DELIVERED"),
        ({"status": {"billing": "RELEASED"}}, "billing state: expected PARTLY_RELEASED, found RELEASED"),
        ({"status": {"currency": "USD"}}, "currency: expected EUR, found USD"),
        ({"status": {"open_disputes": []}}, "open disputes: expected 1, found 0"),
        ({"status": {"open_exceptions": ["X"]}}, "open exceptions: expected 0, found 1"),
        ({"hold": {"reasons": []}}, "holds: expected NOT_DELIVERED, found none"),
        ({"release": {"amount": Decimal("15.01")}}, "released amount: expected 15, found 15.01"),
        ({"release": {"decision": "RELEASE"}}, "decisions: expected 1 PARTIAL_RELEASE, found 1 RELEASE"),
    ],
)
def test_each_difference_is_one_line_with_order_and_situation(changes: dict[str, Any], told: str) -> None:
    assert list(compare(_EXPECTED, _found(**changes))) == [f"1000:4711 (partly_delivered): {told}"]


def _said(check: str, state: str, finding_id: str = "f") -> dict[str, Any]:
    return {"finding_id": finding_id, "check": check, "state": state}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([_said("R1", "RAISED")], ["findings: expected none, found R1"]),
        ([_said("R1", "RAISED"), _said("R1", "HEALED")], []),
        ([_said("R1", "RAISED"), _said("R1", "CLOSED", "another")], ["findings: expected none, found R1"]),
        ([_said("R3", "RAISED")], []),
    ],
)
def test_findings_that_are_open_in_the_end_are_compared_where_no_clock_decides_them(said: list[dict[str, Any]], told: list[str]) -> None:
    actual = _found()
    for finding in said:
        actual.take(FINDINGS, finding)
    assert list(compare(_EXPECTED, actual)) == [f"1000:4711 (partly_delivered): {line}" for line in told]


def test_another_quantity_shows_as_released_and_as_invoiceable() -> None:
    told = list(compare(_EXPECTED, _found(release={"lines": [{"line": "10", "delta": Decimal(7)}]})))
    assert told == [
        "1000:4711 (partly_delivered): released quantities: expected line 10: 6, found line 10: 7",
        "1000:4711 (partly_delivered): invoiceable quantities: expected line 10: 6, found line 10: 7",
    ]


def test_a_decision_said_twice_is_found() -> None:
    actual = _found()
    actual.take(RELEASES, _RELEASE)
    assert any("decisions: expected 1 PARTIAL_RELEASE, found 2 PARTIAL_RELEASE" in line for line in compare(_EXPECTED, actual))


def test_a_milestone_said_twice_is_found() -> None:
    actual = _found()
    actual.take(MILESTONES, {"milestone": "ORDER_RELEASED", "lines": []})
    assert [line.partition("found ")[2] for line in compare(_EXPECTED, actual)] == ["1 DELIVERED_PARTIAL, 2 ORDER_RELEASED"]


def test_a_release_that_was_revoked_counts_net() -> None:
    actual = _found()
    actual.take(RELEASES, {"decision": "REVOKE", "amount": Decimal(-15), "lines": [{"line": "10", "delta": Decimal(-6)}]})
    actual.take(RELEASES, _RELEASE)
    told = list(compare(_EXPECTED, actual))
    assert [line for line in told if "released" in line] == []
    assert "1 REVOKE" in told[0]


def test_what_depends_on_arrival_is_not_compared_but_what_is_invoiceable_is() -> None:
    race = msgspec.structs.replace(_EXPECTED, released=None, amount=None, decisions=None, milestones={"INVOICE_POSTED": 1}, holds=())
    posted = Actual()
    posted.take(STATUS, _STATUS)
    posted.take(MILESTONES, {"milestone": "INVOICE_POSTED", "lines": [{"line": "10", "quantity": Decimal(6)}]})
    assert list(compare(race, posted)) == []
    posted.take(RELEASES, _RELEASE)
    assert list(compare(race, posted)) == [], "posted and released cover the same quantity, not twice of it"
    nothing = Actual()
    nothing.take(STATUS, _STATUS)
    nothing.take(MILESTONES, {"milestone": "INVOICE_POSTED", "lines": []})
    assert [line for line in compare(race, nothing) if "invoiceable" in line] == [
        "1000:4711 (partly_delivered): invoiceable quantities: expected line 10: 6, found none"
    ]


def test_an_order_that_no_output_names_is_one_difference() -> None:
    assert list(compare(_EXPECTED, None)) == ["1000:4711 (partly_delivered): no output names it"]


_LETTER = ExpectedDeadLetter(CARRIER_RAW, "m-1", "UNMAPPED_CODE")
_SEEN = SeenDeadLetter("carrier.raw.dlq", "m-1", "UNMAPPED_CODE")
_PARKED = ExpectedParked("tracking:UPSN:1Z9", CARRIER_RAW)
_LAPSED = SeenDeadLetter("shipment.references.dlq", "tracking:UPSN:1Z9", "REF_UNRESOLVED")


def test_dead_letters_are_compared_one_by_one() -> None:
    assert list(compare_dead_letters([_LETTER], [], [_SEEN])) == []
    assert list(compare_dead_letters([_LETTER], [], [])) == ["dead letter m-1 on carrier.raw.dlq (UNMAPPED_CODE): expected 1, 1 missing"]
    assert list(compare_dead_letters([_LETTER], [], [_SEEN, _SEEN])) == [
        "dead letter m-1 on carrier.raw.dlq (UNMAPPED_CODE): expected 1, found 2"
    ]


def test_a_dead_letter_that_holds_another_order_is_a_difference() -> None:
    seen = SeenDeadLetter("carrier.raw.dlq", "m-1", "UNMAPPED_CODE", "1000:4711")
    assert len(list(compare_dead_letters([_LETTER], [], [seen]))) == 2


def test_a_parked_statement_may_lapse_as_often_as_it_was_parked() -> None:
    assert list(compare_dead_letters([], [_PARKED], [])) == []
    assert list(compare_dead_letters([], [_PARKED], [_LAPSED])) == []
    assert len(list(compare_dead_letters([], [_PARKED], [_LAPSED, _LAPSED]))) == 1
    assert len(list(compare_dead_letters([], [], [_LAPSED]))) == 1


def test_expectations_survive_their_file() -> None:
    every = [_EXPECTED, msgspec.structs.replace(_EXPECTED, released=None, decisions=None), _LETTER, _PARKED]
    lines = list(write_expectations(every))
    assert list(read_expectations([*lines, b"\n"])) == every
    assert b'"kind":"order"' in lines[0] and b'"10":"6.000"' in lines[0]
