"""One statement is one fact, however often, by whomever and in whatever order it is told (docs/sources.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from streams.domain.event import Event, LineQuantity
from streams.domain.facts import KEPT_SOURCES
from streams.domain.ids import stable_id
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone, Scope
from tests.unit.domain.telling import (
    ORDER_ID,
    ToldOrder,
    day,
    delivered,
    delivered_partial,
    dispute_over,
    disputed,
    exception,
    exception_over,
    happened,
    in_transit,
    issued,
    proven,
    released,
    retracted,
    terms,
)

ON_DELIVERY = terms(Trigger.ON_DELIVERY)


def shipped_order() -> ToldOrder:
    return ToldOrder(ON_DELIVERY).hears(released(), issued(day(2)))


def test_case_55_an_older_scan_that_comes_late_is_kept_and_changes_nothing() -> None:
    order = shipped_order().hears(delivered(day(3, "12:00")))
    order.hears(in_transit(day(3, "11:00")))
    assert order.kinds == ["RELEASE"]
    assert order.state == "DELIVERED"
    assert len(order.outcome.milestones) == 1
    assert order.outcome.status is None and order.outcome.hold is None


def test_case_56_one_statement_through_two_channels_is_one_milestone_with_two_sources() -> None:
    order = shipped_order().hears(delivered(day(3), subject="tracking:UPSN:1Z", topic="carrier.raw"))
    order.hears(delivered(day(3), subject="shipment:TMS:S1", topic="tms.raw"))
    assert order.outcome.milestones == []
    assert order.outcome.changed
    fact = order.row.facts[-1]  # type: ignore[union-attr]
    assert len(fact.ids) == 2
    assert [source.split("/")[0] for source in fact.sources] == ["carrier.raw", "tms.raw"]
    assert order.kinds == ["RELEASE"]


def test_case_57_a_replay_after_the_release_releases_nothing() -> None:
    messages = [released(), issued(day(2)), delivered(day(3))]
    order = ToldOrder(ON_DELIVERY).hears(*messages)
    said = (len(order.milestones), len(order.said_holds), len(order.said_status))
    order.hears(*messages)
    assert order.kinds == ["RELEASE"]
    assert (len(order.milestones), len(order.said_holds), len(order.said_status)) == said


def test_case_58_a_hundred_duplicates_are_one_release_and_a_bounded_row() -> None:
    order = shipped_order().hears(*[delivered(day(3)) for _ in range(100)])
    assert order.kinds == ["RELEASE"]
    assert len(order.row.facts) == 3  # type: ignore[union-attr]
    assert len(order.row.facts[-1].sources) == KEPT_SOURCES  # type: ignore[union-attr]


def test_a_record_read_twice_leaves_the_row_as_it_was() -> None:
    scan = delivered(day(3))
    order = shipped_order().hears(scan, scan)
    assert not order.outcome.changed


def test_a_milestone_has_the_same_id_through_any_channel() -> None:
    one = ToldOrder(ON_DELIVERY).hears(delivered(day(3), subject="tracking:UPSN:1Z", topic="carrier.raw"))
    other = ToldOrder(ON_DELIVERY).hears(delivered(day(3), subject="shipment:TMS:S1", topic="tms.raw"))
    assert one.milestones[0].milestone_id == other.milestones[0].milestone_id
    assert one.milestones[0].event.event_id != other.milestones[0].event.event_id


def test_different_statements_have_different_milestone_ids() -> None:
    order = shipped_order().hears(
        delivered(day(3)),
        delivered(day(3), "S2"),
        delivered(day(3), package="P1"),
        delivered(day(4)),
        delivered(day(3), lines={"10": 5}),
        delivered(day(3), lines={"10": 6}),
        proven(day(3)),
        disputed(day(3), "A"),
        disputed(day(3), "B"),
        in_transit(day(3)),
    )
    assert len({reached.milestone_id for reached in order.milestones}) == len(order.milestones) == 12


def test_quantities_written_differently_are_the_same_quantity() -> None:
    one, other = (delivered_partial(day(3), {}) for _ in range(2))
    one.lines = (LineQuantity("10", Decimal(6)), LineQuantity("20", Decimal("1.50")))
    other.lines = (LineQuantity("20", Decimal("1.5")), LineQuantity("10", Decimal("6.000")))
    order = shipped_order().hears(one)
    assert order.hears(other).outcome.milestones == []
    again = shipped_order().hears(other)
    assert again.milestones[-1].milestone_id == order.milestones[-1].milestone_id


SECONDS = timedelta(seconds=27)


def by(channel: str, event: Event) -> Event:
    """The event as another channel names the shipment."""
    event.event_id = stable_id(channel, event.event_id)
    return event


@pytest.mark.parametrize("sequence", list(permutations(range(3))), ids=str)
def test_a_time_in_seconds_and_one_in_minutes_are_one_milestone_with_all_sources(sequence: tuple[int, ...]) -> None:
    told = [delivered(day(3) + SECONDS), by("poll", delivered(day(3) + SECONDS)), by("edi", delivered(day(3)))]
    order = shipped_order().hears(*[told[number] for number in sequence])
    (reached,) = [reached for reached in order.milestones if reached.event.milestone is Milestone.DELIVERED]
    assert reached.milestone_id == shipped_order().hears(delivered(day(3))).milestones[-1].milestone_id
    assert order.row is not None and order.row.status is not None
    (fact,) = [fact for fact in order.row.facts if fact.milestone is Milestone.DELIVERED]
    assert (fact.at, len(fact.ids), len(fact.sources)) == (day(3) + SECONDS, 3, 3)
    assert order.row.status.shipments[0].delivered_at == day(3) + SECONDS
    assert order.kinds == ["RELEASE"]


def test_neighbouring_minutes_are_two_milestones_however_close() -> None:
    order = shipped_order().hears(in_transit(day(3) + timedelta(seconds=59)), in_transit(day(3) + timedelta(seconds=61)))
    assert len(order.milestones) == 4


def test_a_minute_is_no_more_than_a_minute_for_other_packages_and_other_milestones() -> None:
    order = shipped_order().hears(
        delivered(day(3), package="P1"),
        delivered(day(3) + SECONDS, package="P2"),
        happened(Milestone.DELIVERED, day(3) + SECONDS, shipment="S1", classifier=Classifier.EST, ingested_at=day(2)),
        happened(Milestone.OUT_FOR_DELIVERY, day(3) + SECONDS, shipment="S1"),
    )
    assert len(order.milestones) == 6


def test_cartons_that_leave_within_a_minute_are_each_counted() -> None:
    order = ToldOrder(terms(Trigger.ON_SHIP)).hears(
        released({"10": 3}), *[issued(day(2) + timedelta(seconds=number), {"10": 1}) for number in (0, 20, 40)]
    )
    assert order.net == {"10": 3}


def test_what_is_raised_again_within_the_minute_in_which_it_ended_is_open() -> None:
    raised = [exception(day(3) + timedelta(seconds=second), effect=Effect.BILLING_BLOCK) for second in (5, 50)]
    ended = exception_over(day(3) + SECONDS)
    for sequence in permutations([*raised, ended]):
        assert "EXCEPTION" in shipped_order().hears(*sequence, delivered(day(4))).holds
    assert shipped_order().hears(raised[0], ended, delivered(day(4))).holds == []


def test_a_blocks_end_and_its_return_within_a_minute_are_not_one() -> None:
    block = [happened(Milestone.BILLING_BLOCK_SET, day(2) + timedelta(seconds=second), case_id="08") for second in (0, 50)]
    clear = happened(Milestone.BILLING_BLOCK_CLEARED, day(2) + SECONDS, case_id="08")
    for sequence in permutations([*block, clear]):
        assert "ORDER_BLOCK" in shipped_order().hears(*sequence, delivered(day(3))).holds


@pytest.mark.parametrize("which", ["webhook", "edi"])
def test_one_source_of_mixed_precision_takes_the_fact_back_for_all(which: str) -> None:
    told = {"webhook": delivered(day(3) + SECONDS), "edi": by("edi", delivered(day(3)))}
    for sequence in permutations([*told.values(), retracted(told[which])]):
        order = shipped_order().hears(*sequence)
        assert (order.net, order.state) == ({}, "SHIPPED")


def test_a_correction_to_another_second_of_the_minute_stands() -> None:
    wrong, right = delivered(day(3) + SECONDS), delivered(day(3) + timedelta(seconds=10))
    for sequence in permutations([wrong, retracted(wrong), right]):
        order = shipped_order().hears(*sequence)
        assert order.row is not None and order.row.status is not None
        assert order.row.status.shipments[0].delivered_at == right.at.utc
        assert order.net == {"10": 10}


def test_a_link_that_knows_better_takes_the_seconds_of_its_statement_along() -> None:
    """The webhook's delivery was taken for the shipment's until a link said that it is one package's."""
    webhook, edi = delivered(day(3) + SECONDS), by("edi", delivered(day(3)))
    webhook.references = ("tracking:UPSN:1Z",)
    known_better = replace(webhook, package_id="P1")
    for sequence in permutations([webhook, edi, known_better]):
        if sequence.index(webhook) > sequence.index(known_better):
            continue
        order = shipped_order().hears(*sequence)
        facts = {fact.package: (fact.at, fact.times) for fact in order.row.facts if fact.milestone is Milestone.DELIVERED}  # type: ignore[union-attr]
        assert facts == {"": (day(3), ()), "P1": (day(3) + SECONDS, ())}


def test_a_link_adds_no_delivery_to_what_is_said_of_a_shipment() -> None:
    """The carrier's link names shipment and delivery, the TMS only the shipment: it is one statement about the shipment."""
    order = shipped_order().hears(delivered(day(3), delivery="D1", scope=Scope.SHIPMENT), delivered(day(3)))
    assert len(order.milestones) == 3


def test_a_retraction_takes_a_fact_back_whichever_comes_first() -> None:
    scan = delivered(day(3))
    after = shipped_order().hears(scan, retracted(scan))
    before = shipped_order().hears(retracted(scan), scan)
    for order in (after, before):
        assert order.state == "SHIPPED"
        assert order.holds == ["NOT_DELIVERED"]
        assert order.net == {}
    assert before.decisions == []


def test_a_retraction_is_a_milestone_too() -> None:
    scan = delivered(day(3))
    order = shipped_order().hears(scan, retracted(scan))
    assert order.milestones[-1].event.retracts == scan.event_id


def test_a_retraction_may_name_the_event_as_its_source_said_it() -> None:
    """The carrier knows the id of its own statement, not of the one that the resolve hop passed on to this order."""
    said = delivered(day(3), subject="tracking:UPSN:1Z")
    passed_on = delivered(day(3))
    passed_on.event_id = stable_id("resolved", said.event_id, ORDER_ID)
    order = shipped_order().hears(passed_on, retracted(said))
    assert order.net == {}


def test_a_statement_repeated_after_its_retraction_stays_withdrawn() -> None:
    scan = delivered(day(3))
    order = shipped_order().hears(scan, retracted(scan), delivered(day(3)), delivered(day(3), subject="tracking:UPSN:1Z"))
    assert order.net == {}


def test_a_withdrawn_retraction_withdraws_nothing() -> None:
    scan = delivered(day(3))
    mistake = retracted(scan, day(4))
    order = shipped_order().hears(scan, mistake, happened(Milestone.DELIVERED, day(5), retracts=mistake.event_id))
    assert order.kinds == ["RELEASE", "REVOKE", "RELEASE"]
    assert order.state == "DELIVERED"


def test_retractions_of_each_other_do_not_go_on_for_ever() -> None:
    one, other = in_transit(day(3)), in_transit(day(4))
    one.retracts, other.retracts = other.event_id, one.event_id
    assert shipped_order().hears(one, other).state == "SHIPPED"


def test_a_withdrawn_dispute_holds_nothing() -> None:
    dispute = disputed(day(2))
    order = shipped_order().hears(dispute, retracted(dispute), delivered(day(3)))
    assert order.kinds == ["RELEASE"]


def test_a_withdrawn_end_of_a_dispute_holds_again() -> None:
    end = dispute_over(day(3))
    order = shipped_order().hears(disputed(day(2)), end, retracted(end), delivered(day(4)))
    assert order.decisions == []
    assert order.holds == ["DISPUTE"]


def test_an_estimate_told_again_counts_from_its_last_telling() -> None:
    def estimate(arrives: int, told: int) -> Event:
        return happened(Milestone.ETA_UPDATED, day(arrives), shipment="S1", classifier=Classifier.EST, ingested_at=day(told))

    def eta(order: ToldOrder) -> datetime | None:
        assert order.row is not None and order.row.status is not None
        return order.row.status.shipments[0].eta

    order = shipped_order().hears(estimate(9, told=2), estimate(8, told=3))
    assert eta(order) == day(8)
    order.hears(estimate(9, told=4))
    assert eta(order) == day(9)
    order.hears(delivered(day(9) + timedelta(hours=1)))
    assert eta(order) is None
