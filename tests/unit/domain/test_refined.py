"""A statement that is told again of something more precise: it was one statement, so it stays one fact."""

from __future__ import annotations

from dataclasses import replace

from streams.domain.decisions import DecisionKind, OrderState
from streams.domain.event import Event
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone
from tests.unit.domain.telling import ToldOrder, day, delivered, happened, issued, planned, released, terms

ON_DELIVERY = terms(Trigger.ON_DELIVERY)
NUMBER = ("tracking:TEST:1Z01",)


def by_number(event: Event) -> Event:
    """The event as the resolve hop hands it on."""
    return replace(event, references=NUMBER)


def order() -> ToldOrder:
    return ToldOrder(ON_DELIVERY).hears(released(), issued(day(2)), planned(day(2), "S1", packages=("P1", "P2")))


def test_a_delivery_of_a_shipment_that_was_one_of_its_packages_is_that_packages_alone() -> None:
    told = by_number(delivered(day(3)))
    first = order().hears(told)
    assert [decision.kind for decision in first.decisions] == [DecisionKind.RELEASE]
    first.hears(replace(told, package_id="P1"))
    assert [decision.kind for decision in first.decisions] == [DecisionKind.RELEASE, DecisionKind.REVOKE]
    assert [fact.package for fact in first.row.facts if fact.milestone is Milestone.DELIVERED] == ["P1"]  # type: ignore[union-attr]


def test_what_is_told_in_the_end_counts_whatever_was_told_before() -> None:
    told = by_number(delivered(day(3)))
    precise = order().hears(replace(told, package_id="P1"))
    refined = order().hears(told, replace(told, package_id="P1"))
    assert (refined.state, refined.billing) == (precise.state, precise.billing)
    assert precise.state != OrderState.DELIVERED
    assert refined.row is not None and precise.row is not None
    assert sorted(fact.key for fact in refined.row.facts) == sorted(fact.key for fact in precise.row.facts)


def test_what_another_source_said_of_the_whole_shipment_stays() -> None:
    told = by_number(delivered(day(3)))
    other = happened(Milestone.DELIVERED, day(3), shipment="S1", subject="pro:TEST:7")
    both = order().hears(told, other, replace(told, package_id="P1"))
    assert both.row is not None
    facts = {fact.package: fact.ids for fact in both.row.facts if fact.milestone is Milestone.DELIVERED}
    assert facts == {"": (other.event_id,), "P1": (told.event_id,)}


def test_a_statement_joins_the_fact_that_another_source_told_of_the_right_thing() -> None:
    told = by_number(delivered(day(3)))
    other = happened(Milestone.DELIVERED, day(3), shipment="S1", package="P1", subject="pro:TEST:7")
    both = order().hears(told, other, replace(told, package_id="P1"))
    assert both.row is not None
    facts = [fact for fact in both.row.facts if fact.milestone is Milestone.DELIVERED]
    assert [(fact.package, set(fact.ids)) for fact in facts] == [("P1", {other.event_id, told.event_id})]


def test_an_event_that_named_its_order_itself_is_not_moved() -> None:
    told = delivered(day(3))
    both = order().hears(told, replace(told, package_id="P1"))
    assert both.row is not None
    assert len([fact for fact in both.row.facts if fact.milestone is Milestone.DELIVERED]) == 2
