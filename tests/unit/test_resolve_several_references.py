"""Events that name several references: one row decides where they go, and contradictions reach nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streams.contracts.messages import encode
from streams.deadletter.reasons import Reason, Stage
from streams.domain.links import LATE_ARRIVALS_MS
from streams.domain.references import MOST_ASKED, MOST_ASKING
from streams.domain.vocabulary import Milestone, Scope
from tests.resolving import DAY, START, TTL, Log, lineage, link, said

PRO = "pro:OLDF:77"
BOL = "bol:TMS-EU:B-1"
BOOKING = "booking:TMS-EU:K-1"
BOX = "container:MAEU:MSKU1234565"
TRACKING = "tracking:UPSN:1Z01"


def test_an_event_by_pro_whose_bill_of_lading_is_linked_finds_its_order() -> None:
    log = Log().tell(link(BOL, "1000:1"), said(PRO, BOL))
    (event,) = log.events
    assert (event.order_id, event.shipment_id, event.references) == ("1000:1", "S-1", (PRO, BOL))
    assert log.letters == []


def test_an_early_event_is_found_by_whichever_of_its_references_is_linked_first_and_once() -> None:
    for first, second in ((PRO, BOL), (BOL, PRO)):
        log = Log().tell(said(PRO, BOL))
        assert log.events == []
        log.tell(link(first, "1000:1"))
        assert log.orders == ["1000:1"]
        log.tell(link(second, "1000:1"))
        assert log.orders == ["1000:1"]


def test_references_are_asked_once_for_all_events_of_a_shipment() -> None:
    log = Log().tell(link(BOL, "1000:1"))
    log.tell(*(said(PRO, BOL, at=START + hour * timedelta(hours=1)) for hour in range(10)))
    assert len(log.events) == 10
    assert len(log.between) == 2


def test_an_event_with_one_reference_asks_nobody() -> None:
    assert Log().tell(link(PRO, "1000:1"), said(PRO), said(BOL)).between == []


def test_nobody_is_asked_where_the_plan_names_all_references_together() -> None:
    log = Log().tell(link(PRO, "1000:1", together=(BOL,)), link(BOL, "1000:1", together=(PRO,)), said(PRO, BOL))
    assert (log.orders, log.between) == (["1000:1"], [])


def test_a_plan_that_holds_for_another_time_vouches_for_nothing() -> None:
    log = Log().tell(link(PRO, "1000:1"), link(PRO, "1000:1", START - 100 * DAY, 30, together=(BOL,)), said(PRO, BOL))
    assert len(log.between) == 2


@pytest.mark.parametrize("links_first", [True, False])
def test_contradictory_references_advance_nobody_and_hold_both(links_first: bool) -> None:
    links = link(BOL, "1000:1"), link(BOOKING, "1000:2")
    event = said(BOL, BOOKING)
    log = Log().tell(*links, event) if links_first else Log().tell(event, later=True).tell(*links, later=True).drain()
    assert log.events == []
    (letter,) = log.letters
    assert (letter.stage, letter.reason, letter.order_ids) == (Stage.RESOLVE, Reason.REF_CONFLICT, ("1000:1", "1000:2"))
    assert letter.record.value == encode(event)
    assert letter.record.key == BOL.encode()
    assert letter.message == f"references of the record mean different orders: {BOL} means 1000:1; {BOOKING} means 1000:2"


def test_a_contradiction_costs_its_neighbours_nothing() -> None:
    log = Log().tell(link(PRO, "1000:1"), link(BOL, "1000:2"), said(PRO, BOL))
    log.tell(said(PRO, lineage=lineage(2)), said(PRO, BOOKING, lineage=lineage(3)))
    assert (log.orders, len(log.letters)) == (["1000:1", "1000:1"], 1)


def test_a_link_that_contradicts_what_was_handed_on_holds_both_orders_and_takes_nothing_back() -> None:
    log = Log().tell(link(PRO, "1000:1"), said(PRO, BOL), link(BOL, "1000:2"))
    assert log.orders == ["1000:1"]
    (letter,) = log.letters
    assert (letter.reason, letter.order_ids) == (Reason.REF_CONFLICT, ("1000:1", "1000:2"))
    log.tell(link(BOL, "1000:2", days=61), link(PRO, "1000:1", days=61))
    assert len(log.letters) == 1


def test_a_more_telling_link_that_comes_late_holds_the_order_that_was_told_wrongly() -> None:
    log = Log().tell(said(PRO, BOL), link(BOL, "1000:1"), link(BOL, "1000:2"))
    assert log.orders == ["1000:1", "1000:2"]
    log.tell(link(PRO, "1000:1"))
    (letter,) = log.letters
    assert (letter.reason, letter.order_ids) == (Reason.REF_CONFLICT, ("1000:2",))
    assert letter.message == f"references of the record mean different orders: handed on to 1000:2 before; now {PRO} means 1000:1"


def test_a_plan_of_several_orders_is_not_in_doubt_while_its_links_come_one_by_one() -> None:
    log = Log().tell(said(PRO, BOL), link(BOL, "1000:1", shared=True), link(BOL, "1000:2", shared=True))
    log.tell(link(PRO, "1000:1", shared=True), link(PRO, "1000:2", shared=True))
    assert (set(log.orders), log.letters) == ({"1000:1", "1000:2"}, [])


def test_the_most_telling_reference_that_means_any_order_decides() -> None:
    """The bill of lading covers two orders; the package belongs to one."""
    log = Log().tell(link(BOL, "1000:1"), link(BOL, "1000:2"), link(TRACKING, "1000:1", package_id="1Z01"))
    log.tell(said(TRACKING, BOL, scope=Scope.PACKAGE))
    (event,) = log.events
    assert (event.order_id, event.package_id, event.scope) == ("1000:1", "1Z01", Scope.PACKAGE)


def test_a_package_that_only_its_bill_of_lading_leads_to_completes_nothing() -> None:
    log = Log().tell(link(BOL, "1000:1"), said(TRACKING, BOL, scope=Scope.PACKAGE))
    (event,) = log.events
    assert (event.scope, event.package_id, event.shipment_id) == (Scope.PACKAGE, "", "S-1")
    log.tell(link(TRACKING, "1000:1", package_id="1Z01"))
    again = log.events[-1]
    assert (again.event_id, again.package_id) == (event.event_id, "1Z01")


def test_a_container_leads_to_an_order_but_contradicts_nobody() -> None:
    """The same box travels for somebody else within weeks."""
    led = Log().tell(link(BOX, "1000:7"), said(BOL, BOX))
    assert (led.orders, led.letters) == (["1000:7"], [])
    fresh = Log().tell(link(BOX, "1000:7"), link(BOL, "1000:1"), said(BOL, BOX))
    assert (fresh.orders, fresh.letters, fresh.between) == (["1000:1"], [], [])


def test_n_orders_of_one_bill_and_m_bills_of_one_order_all_reach_theirs() -> None:
    log = Log().tell(*(link(BOL, f"1000:{number}") for number in (1, 2, 3)), link(BOOKING, "1000:1"), link(BOOKING, "1000:4"))
    log.tell(said(PRO, BOL), said("pro:OLDF:78", BOOKING))
    assert sorted(log.orders) == ["1000:1", "1000:1", "1000:2", "1000:3", "1000:4"]


def test_an_order_linked_later_to_another_reference_gets_what_came_before() -> None:
    log = Log().tell(link(BOL, "1000:1"), said(PRO, BOL), link(BOL, "1000:2"))
    assert log.orders == ["1000:1", "1000:2"]


def test_windows_hold_for_every_reference() -> None:
    log = Log().tell(link(PRO, "1000:old", START - 200 * DAY, 90), link(BOL, "1000:new"), said(PRO, BOL))
    assert log.orders == ["1000:new"]


def test_an_event_whose_references_nobody_links_is_refused_in_the_end_with_its_own_bytes() -> None:
    event = said(PRO, BOL)
    log = Log().tell(event).pass_time(START + TTL)
    (letter,) = log.letters
    assert (letter.reason, letter.record.value) == (Reason.REF_UNRESOLVED, encode(event))
    assert letter.message == f"no order became known for {PRO} or {BOL} by 2026-06-15T00:00:00+00:00"
    assert log.tell(link(BOL, "1000:1")).events == []


def test_what_was_asked_is_forgotten_once_nobody_needs_it() -> None:
    log = Log().tell(said(PRO, BOL)).pass_time(START + TTL)
    assert log.row(PRO) is not None and log.row(BOL) is not None
    log.pass_time(START + TTL + timedelta(milliseconds=LATE_ARRIVALS_MS) + DAY)
    assert log.rows.snapshot() == ({}, frozenset())


def test_a_later_event_asks_again_when_the_answers_hold_no_longer_than_it_waits() -> None:
    log = Log().tell(said(PRO, BOL))
    late = START + timedelta(milliseconds=LATE_ARRIVALS_MS) + 2 * DAY
    log.tell(said(PRO, BOL, at=late - DAY, lineage=lineage(2, arrived=late)))
    assert len(log.between) == 4
    log.tell(link(BOL, "1000:1"))
    assert log.orders == ["1000:1", "1000:1"]


def test_a_statement_that_may_be_taken_back_is_linked_by_its_own_id_too() -> None:
    statement = "statement:MAEU:e-1"
    log = Log().tell(link(BOL, "1000:1"), said("booking:MAEU:9", BOL, statement))
    taken_back = said(statement, milestone=Milestone.EXCEPTION_RESOLVED, retracts=log.events[0].event_id)
    log.tell(taken_back)
    assert log.orders == ["1000:1", "1000:1"]
    assert not any(message.reference == statement for message in log.between)


def test_only_so_many_references_of_an_event_are_asked() -> None:
    log = Log().tell(said(PRO, *(f"bol:T:{number}" for number in range(50))))
    assert len(log.between) == 2 * MOST_ASKED


def test_a_reference_that_very_many_ask_answers_all_and_keeps_so_many_informed() -> None:
    log = Log().tell(*(said(f"pro:OLDF:{number}", BOX) for number in range(MOST_ASKING + 3)))
    row = log.row(BOX)
    assert row is not None and len(row.asking) == MOST_ASKING
    log.tell(link(BOX, "1000:1"))
    assert len(log.events) == MOST_ASKING
    log.pass_time(START + TTL)
    assert [letter.reason for letter in log.letters] == [Reason.REF_UNRESOLVED] * 3


def test_a_plan_that_is_sent_again_tells_nobody_anything_new() -> None:
    log = Log().tell(said(PRO, BOL), link(BOL, "1000:1"))
    before = len(log.between)
    log.tell(link(BOL, "1000:1"), link(BOL, "1000:1", START + DAY, 10))
    assert len(log.between) == before


def test_two_records_of_one_early_statement_both_reach_the_order_for_their_lineage() -> None:
    tellings = [said(PRO, BOL, lineage=lineage(number, topic)) for number, topic in enumerate(("carrier.raw", "tms.raw", "carrier.raw"))]
    log = Log().tell(*tellings, tellings[0], link(BOL, "1000:1"))
    assert [(event.lineage.topic, event.lineage.offset) for event in log.events] == [("carrier.raw", 0), ("tms.raw", 1), ("carrier.raw", 2)]
    assert len({event.event_id for event in log.events}) == 1


def test_a_resend_of_a_resolved_event_goes_where_the_first_went() -> None:
    log = Log().tell(said(PRO, BOL), link(BOL, "1000:1"), said(PRO, BOL, lineage=lineage(9)))
    assert [event.lineage.offset for event in log.events] == [1, 9]
