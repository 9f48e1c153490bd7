"""Scans on the way are summarised: a row stays small, and what is derived from it stays the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streams.contracts.rows import ORDER_ROWS
from streams.domain.event import Event
from streams.domain.scans import KEPT_SCANS, MOST_REMEMBERED, MOST_SCANS, SCANS, is_known
from streams.domain.vocabulary import Classifier, Milestone
from tests.unit.domain.telling import ToldOrder, day, happened, in_transit, issued, planned, released, retracted, terms


def scans(count: int, shipment: str = "S1") -> list[Event]:
    return [in_transit(day(2) + timedelta(minutes=number), shipment) for number in range(count)]


def order(*messages: Event) -> ToldOrder:
    return ToldOrder(terms()).hears(released(), planned(day(1)), issued(day(1)), *messages)


def facts(told: ToldOrder) -> list[Milestone]:
    assert told.row is not None
    return [fact.milestone for fact in told.row.facts]


def size(told: ToldOrder) -> int:
    return len(ORDER_ROWS.encode(told.row))


def test_two_thousand_scans_are_a_row_of_a_few_tens_of_kilobytes() -> None:
    few, many = order(*scans(MOST_SCANS)), order(*scans(2_000))
    assert sum(milestone in SCANS for milestone in facts(many)) <= MOST_SCANS
    assert size(many) < size(few) + 8 * 2_000 + 500


def test_every_scan_is_said_once_however_often_it_is_told() -> None:
    heard = scans(300)
    told = order(*heard)
    assert sum(reached.event.milestone is Milestone.IN_TRANSIT for reached in told.milestones) == 300
    said = len(told.milestones)
    told.hears(*heard)
    assert len(told.milestones) == said
    assert not told.outcome.changed


def test_a_summarised_scan_is_known_by_its_minute() -> None:
    told = order(*scans(300))
    said = len(told.milestones)
    told.hears(*[in_transit(event.at.utc + timedelta(seconds=30)) for event in scans(280)])
    assert len(told.milestones) == said


def test_an_estimate_that_counts_stays_when_a_telling_of_it_was_withdrawn() -> None:
    arrives = day(9) + timedelta(seconds=20)
    wrong, right = (
        happened(Milestone.ETA_UPDATED, at, shipment="S1", classifier=Classifier.EST, ingested_at=day(8))
        for at in (arrives, arrives + timedelta(seconds=5))
    )
    told = order(wrong, right, retracted(right), *scans(300))
    assert told.row is not None and told.row.status is not None
    assert told.row.status.shipments[0].eta == arrives
    told.row.dossier = None
    assert told.hears(in_transit(day(8))).row.status.shipments[0].eta == arrives  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [MOST_SCANS - 1, MOST_SCANS, MOST_SCANS + 1, 500])
def test_the_state_is_the_same_with_and_without_the_scans_in_between(count: int) -> None:
    all_of_them = scans(count)
    told, least = order(*all_of_them), order(all_of_them[0], all_of_them[-1])
    assert told.row is not None and least.row is not None
    assert told.row.status == least.row.status


def test_arrival_order_does_not_matter() -> None:
    forwards, backwards = order(*scans(200), *scans(90, "S2")), order(*reversed(scans(90, "S2")), *reversed(scans(200)))
    assert forwards.row is not None and backwards.row is not None
    assert forwards.row.status == backwards.row.status


def test_the_estimate_that_counts_stays() -> None:
    estimates = [
        happened(
            Milestone.ETA_UPDATED,
            day(9) + timedelta(hours=number),
            shipment="S1",
            classifier=Classifier.EST,
            ingested_at=day(2) + timedelta(minutes=number),
        )
        for number in range(200)
    ]
    told = order(*reversed(estimates))
    assert told.row is not None and told.row.status is not None
    assert told.row.status.shipments[0].eta == day(9) + timedelta(hours=199)
    assert sum(milestone in SCANS for milestone in facts(told)) <= MOST_SCANS


def test_a_summarised_scan_that_is_withdrawn_changes_nothing_but_is_published() -> None:
    all_of_them = scans(200)
    told = order(*all_of_them)
    assert told.row is not None
    status, said = told.row.status, len(told.milestones)
    told.hears(retracted(all_of_them[100]))
    assert told.row.status == status
    assert len(told.milestones) == said + 1


def test_the_latest_scan_can_still_be_withdrawn() -> None:
    all_of_them = scans(200)
    told = order(*all_of_them).hears(retracted(all_of_them[-1]))
    assert told.row is not None and told.row.status is not None
    assert told.row.status.last_event_at == all_of_them[-2].at.utc
    assert KEPT_SCANS > 1


def test_facts_that_finance_needs_are_never_summarised() -> None:
    issues = [issued(day(2) + timedelta(minutes=number), {"10": 1}, f"S{number}") for number in range(150)]
    told = order(*issues, *scans(500))
    assert facts(told).count(Milestone.GOODS_ISSUED) == 151


def test_memory_of_scans_is_bounded() -> None:
    told = order(*scans(MOST_REMEMBERED + 500))
    assert told.row is not None
    assert len(told.row.scans) <= 8 * MOST_REMEMBERED


def test_a_mark_is_found_at_its_place_only() -> None:
    one, other = "00112233-4455-5677-8899-aabbccddeeff", "33445566-7700-5112-8899-aabbccddeeff"
    marks = bytes.fromhex("0011223344555677") * 2
    assert is_known(marks, one)
    assert not is_known(marks, other)
    assert not is_known(b"\xff" + marks, one)
