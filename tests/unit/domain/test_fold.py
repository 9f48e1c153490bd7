"""One step: what is said when, and what the row asks for."""

from __future__ import annotations

import pytest

from streams.domain.dossier import Dossier
from streams.domain.event import DeadLetterMark, Event, Tick
from streams.domain.fold import apply
from streams.domain.goods import no_item
from streams.domain.ledger import release_id
from streams.domain.quantities import goods_of
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone
from tests.unit.domain.telling import (
    ORDER_ID,
    TERMS_ID,
    ToldOrder,
    cancelled,
    contract,
    day,
    delivered,
    delivered_partial,
    disputed,
    happened,
    in_transit,
    issued,
    posted,
    proven,
    released,
    terms,
)

ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)


def test_status_and_hold_are_said_only_when_they_change() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released())
    assert order.outcome.status is not None and order.outcome.hold is not None
    order.hears(issued(day(2)))
    assert order.outcome.status is not None and order.outcome.hold is None
    order.hears(Tick(day(3), f"o/{ORDER_ID}"))
    assert order.outcome.status is None and order.outcome.hold is None
    assert order.outcome.changed


def test_what_is_said_carries_the_log_time_of_its_cause() -> None:
    at = day(20)
    outcome = apply(None, released(), {TERMS_ID: contract(ON_DELIVERY)}.get, at)
    assert outcome.status is not None and outcome.status.at == at
    assert outcome.hold is not None and outcome.hold.at == at


def test_every_event_is_a_milestone_the_first_time_and_nothing_else_is() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released(), posted(day(1)))
    order.hears(Tick(day(2), "o"), DeadLetterMark("d", ORDER_ID, "POISON", True, day(2)), contract(ON_POD))
    assert [reached.event.milestone for reached in order.milestones] == [Milestone.ORDER_RELEASED, Milestone.INVOICE_POSTED]


@pytest.mark.parametrize("message", [Tick(day(1), f"o/{ORDER_ID}"), contract(ON_DELIVERY)])
def test_a_tick_or_terms_start_no_row(message: Tick) -> None:
    outcome = apply(None, message, {}.get, day(1))
    assert outcome.row is None
    assert not outcome.changed


def test_terms_that_change_nothing_leave_the_row_as_it_was() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released(), contract(ON_DELIVERY))
    assert not order.outcome.changed


def test_time_does_not_run_backwards() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released(), Tick(day(5), "o"), Tick(day(4), "o"))
    assert order.row.clock == day(5)  # type: ignore[union-attr]
    assert not order.outcome.changed


def test_a_duplicate_leaves_the_wish_to_be_woken() -> None:
    order = ToldOrder(terms(Trigger.ON_POD, pod_auto_confirm_days=5)).hears(
        released(), issued(day(2)), delivered(day(3)), delivered(day(3))
    )
    assert order.wake_at == day(8)
    order.hears(proven(day(4)))
    assert order.wake_at is None


def test_an_order_waits_for_its_terms_until_it_is_settled() -> None:
    order = ToldOrder(ON_DELIVERY).hears(issued(day(2)))
    assert order.row.waits_for == ""  # type: ignore[union-attr]
    order.hears(released())
    assert order.row.waits_for == TERMS_ID  # type: ignore[union-attr]
    order.hears(delivered(day(3)))
    assert order.row.waits_for == ""  # type: ignore[union-attr]
    order.hears(disputed(day(4)))
    assert order.row.waits_for == TERMS_ID  # type: ignore[union-attr]


def test_a_cancelled_order_waits_for_nothing_once_its_release_is_taken_back() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released(), cancelled(day(2)))
    assert order.row.waits_for == ""  # type: ignore[union-attr]


def test_decisions_are_numbered_named_and_chained() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released(), issued(day(2)), delivered_partial(day(3), {"10": 6}), delivered(day(4)))
    order.hears(cancelled(day(5)))
    assert [decision.sequence for decision in order.decisions] == [1, 2, 3]
    ids = [release_id(ORDER_ID, ORDER_ID, number) for number in (1, 2, 3)]
    assert [decision.release_id for decision in order.decisions] == ids
    assert [decision.supersedes for decision in order.decisions] == ["", *ids[:2]]
    assert {decision.billable_unit for decision in order.decisions} == {ORDER_ID}


def test_a_release_names_the_events_that_it_rests_on() -> None:
    events = [released(), issued(day(2)), delivered(day(3)), proven(day(4))]
    order = ToldOrder(ON_POD).hears(*events, happened(Milestone.IN_TRANSIT, day(2), shipment="S1"))
    told, goods, _, proof = events
    assert order.release.evidence == tuple(sorted((told.event_id, goods.event_id, proof.event_id)))


def test_a_row_kept_in_memory_says_the_same_as_one_made_anew() -> None:
    messages = [released(), issued(day(2)), delivered_partial(day(3), {"10": 6}), disputed(day(3)), cancelled(day(4))]
    kept = ToldOrder(ON_DELIVERY).hears(*messages)
    anew = ToldOrder(ON_DELIVERY)
    for message in messages:
        anew.hears(message)
        anew.row.dossier = None  # type: ignore[union-attr]
    assert kept.row == anew.row
    assert kept.decisions == anew.decisions


@pytest.mark.parametrize(
    "later",
    [
        [delivered(day(3)), proven(day(4))],
        [proven(day(4)), delivered(day(3))],
        [delivered(day(3), "S2"), delivered(day(4)), proven(day(4), "S2"), proven(day(5))],
        [delivered_partial(day(3), {"10": 2}), delivered_partial(day(4), {"10": 4}), proven(day(5))],
        [delivered(day(3)), delivered(day(4), "S9"), proven(day(5), "")],
    ],
)
def test_deliveries_and_proofs_entered_one_by_one_leave_the_goods_that_all_facts_at_once_make(later: list[Event]) -> None:
    story = [released({"10": 10}), issued(day(2), {"10": 6}), issued(day(2), {"10": 4}, "S2"), *later]
    kept = ToldOrder(ON_POD).hears(*story)
    assert kept.row is not None and kept.row.dossier is not None and kept.row.dossier.goods is not None
    goods, anew = kept.row.dossier.goods, goods_of(Dossier(ORDER_ID, kept.row.facts), no_item)
    assert goods.portions == anew.portions
    assert (goods.shipped, goods.delivered, goods.proven) == (anew.shipped, anew.delivered, anew.proven)


def test_a_scan_sees_terms_that_changed_without_anybody_telling_the_order() -> None:
    order = ToldOrder(terms(Trigger.ON_POD)).hears(released(), issued(day(2)), delivered(day(3)), in_transit(day(3, "11:00")))
    assert order.decisions == []
    order.contracts[TERMS_ID] = contract(terms(Trigger.ON_DELIVERY))
    assert order.hears(in_transit(day(3, "11:30"))).kinds == ["RELEASE"]


def test_a_scan_after_a_block_says_what_a_stored_row_would_say() -> None:
    block = happened(Milestone.BILLING_BLOCK_SET, day(2), case_id="B")
    story = [released(), issued(day(2)), in_transit(day(2, "13:00")), block, in_transit(day(2, "14:00")), delivered(day(3))]
    order = ToldOrder(terms(Trigger.ON_DELIVERY)).hears(*story)
    assert (order.decisions, order.holds) == ([], ["ORDER_BLOCK"])
