"""TMS records: plans that link references to orders, transport events that name only their shipment, exceptions with their effect."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import Event, Evidence, LineQuantity
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass, Scope
from streams.normalize.references import HEAD_START
from streams.topics import TMS_RAW
from tests.unit.normalize.reading import event, links, messages, outputs, refusal, refusals, why
from tests.unit.normalize.records import LINES, PLAN, TMS_HEAD


def plan(**changes: Any) -> dict[str, Any]:
    return {**PLAN, **changes}


def planned(record: dict[str, Any]) -> list[Event]:
    return [message for message in messages(TMS_RAW, record) if isinstance(message, Event)]


def test_a_plan_says_what_the_shipment_holds_of_the_order() -> None:
    (said,) = planned(plan())
    assert (said.milestone, said.classifier, said.scope) == (Milestone.SHIPMENT_PLANNED, Classifier.ACT, Scope.SHIPMENT)
    assert (said.order_id, said.shipment_id, said.delivery_id) == ("1000:4711", "S-77", "80000001")
    assert said.lines == (LineQuantity("10", Decimal(5), "EA"), LineQuantity("20", Decimal("2.5"), "KG"))


def test_a_plan_links_its_own_number_and_each_reference_with_the_right_issuer() -> None:
    references = [
        {"kind": "tracking", "value": "BLP123DE"},
        {"kind": "pro", "value": "0099"},
        {"kind": "bol", "value": "BOL-9"},
        {"kind": "delivery", "issuer": "SAP-EU", "value": "0080000001"},
    ]
    assert [link.reference for link in links(TMS_RAW, plan(references=references))] == [
        "shipment:TMS-1:S-77",
        "tracking:BLPX:BLP123DE",
        "pro:BLPX:99",
        "bol:TMS-1:BOL-9",
        "delivery:SAP-EU:80000001",
    ]


def test_a_plan_of_several_orders_links_each_reference_to_each_and_says_that_it_is_shared() -> None:
    record = plan(orders=[{"company": "1000", "order": "4711"}, {"company": "2000", "order": "4711"}])
    assert [said.order_id for said in planned(record)] == ["1000:4711", "2000:4711"]
    made = links(TMS_RAW, record)
    assert len(made) == 3 * 2
    assert all(link.shared for link in made)
    assert not any(link.shared for link in links(TMS_RAW, plan()))


def test_two_deliveries_of_one_order_are_one_statement_with_the_sum_and_no_single_delivery() -> None:
    entry = {"company": "1000", "order": "4711", "lines": [{"line": "10", "quantity": 2}]}
    (said,) = planned(plan(orders=[{**entry, "delivery": "1"}, {**entry, "order": "04711", "delivery": "2"}]))
    assert said.lines == (LineQuantity("10", Decimal(4), "EA"),)
    assert said.delivery_id == ""
    assert not links(TMS_RAW, plan(orders=[entry, entry]))[0].shared


def test_contents_are_unknown_where_one_of_an_orders_entries_leaves_them_open() -> None:
    entries = [{"company": "1000", "order": "4711", "lines": LINES}, {"company": "1000", "order": "4711"}]
    assert planned(plan(orders=entries))[0].lines == ()


def test_packages_are_tracking_numbers_of_the_carrier_and_tell_which_package_they_are() -> None:
    record = plan(references=[], packages=["1Z01", "1Z02"], carrier="UPSN")
    assert [(link.reference, link.package_id) for link in links(TMS_RAW, record)] == [
        ("shipment:TMS-1:S-77", ""),
        ("tracking:UPSN:1Z01", "1Z01"),
        ("tracking:UPSN:1Z02", "1Z02"),
    ]
    assert planned(record)[0].packages == ("1Z01", "1Z02")


def test_several_tracking_numbers_are_packages_even_where_nobody_calls_them_so() -> None:
    references = [{"kind": "tracking", "value": "A1"}, {"kind": "tracking", "value": "A2"}]
    assert planned(plan(references=references))[0].packages == ("A1", "A2")


def test_ups_is_upsn_whatever_a_planner_calls_it() -> None:
    record = plan(carrier="ups", references=[{"kind": "tracking", "value": "1Z01"}])
    assert "tracking:UPSN:1Z01" in [link.reference for link in links(TMS_RAW, record)]


def test_links_hold_from_a_week_before_the_plan_for_as_long_as_it_says() -> None:
    at = planned(plan())[0].at.utc
    link = links(TMS_RAW, plan(valid_days=30))[0]
    assert (link.valid_from, link.valid_to) == (at - HEAD_START, at + timedelta(days=30))
    assert links(TMS_RAW, plan())[0].valid_to == at + timedelta(days=120)


def test_a_plan_may_leave_out_or_null_what_is_optional() -> None:
    bare = {name: value for name, value in PLAN.items() if name != "references"}
    assert [link.reference for link in links(TMS_RAW, bare)] == ["shipment:TMS-1:S-77"]
    assert len(links(TMS_RAW, plan(packages=None, valid_days=None, references=None))) == 1


def test_a_plan_that_would_make_too_many_links_is_refused_not_obeyed() -> None:
    orders = [{"company": "1000", "order": str(number)} for number in range(1, 401)]
    (letter,) = refusals(TMS_RAW, plan(orders=orders, packages=[f"P{number}" for number in range(100)]))
    assert letter.message == "references: 103 references of 400 orders are more than 10000 links"
    assert set(letter.order_ids) == {f"1000:{number}" for number in range(1, 401)}


def test_a_plan_that_cannot_be_read_holds_each_order_that_it_names() -> None:
    record = plan(orders=[{"company": "1000", "order": "1"}, {"company": "1000", "order": "2", "lines": [{"line": "10", "quantity": "x"}]}])
    (letter,) = refusals(TMS_RAW, record)
    assert (letter.reason, letter.order_ids) == (Reason.QTY_INVALID, ("1000:1", "1000:2"))
    assert letter.message.startswith("orders[1].lines[0].quantity: ")


@pytest.mark.parametrize(
    ("kind", "milestone"),
    [
        ("shipment.dispatched", Milestone.DISPATCHED),
        ("shipment.in_transit", Milestone.IN_TRANSIT),
        ("shipment.out_for_delivery", Milestone.OUT_FOR_DELIVERY),
        ("shipment.delivered", Milestone.DELIVERED),
    ],
)
def test_a_transport_event_names_its_shipment_and_goes_there(kind: str, milestone: Milestone) -> None:
    record = {**TMS_HEAD, "type": kind}
    said = event(TMS_RAW, record)
    assert (said.milestone, said.classifier, said.scope) == (milestone, Classifier.ACT, Scope.SHIPMENT)
    assert (said.references, said.order_id, said.shipment_id) == (("shipment:TMS-1:S-77",), "", "S-77")
    (output,) = outputs(TMS_RAW, record)
    assert (output.topic, output.key) == ("shipment.references", b"shipment:TMS-1:S-77")


def test_an_estimated_time_of_delivery_is_an_estimate_and_may_lie_ahead() -> None:
    said = event(TMS_RAW, {**TMS_HEAD, "type": "shipment.eta", "at": "2026-06-04T08:00:00Z"})
    assert (said.milestone, said.classifier) == (Milestone.ETA_UPDATED, Classifier.EST)


def test_a_partial_delivery_must_say_of_what() -> None:
    said = event(TMS_RAW, {**TMS_HEAD, "type": "shipment.delivered_partial", "lines": [{"line": 10, "quantity": 1}]})
    assert (said.milestone, said.lines) == (Milestone.DELIVERED_PARTIAL, (LineQuantity("10", Decimal(1), "EA"),))
    assert why(TMS_RAW, {**TMS_HEAD, "type": "shipment.delivered_partial"}) == (Reason.SCHEMA_INVALID, "lines: Field required")


def test_a_statement_that_names_its_order_goes_straight_there() -> None:
    record = {**TMS_HEAD, "type": "shipment.delivered_partial", "company": "1000", "order": "04711", "lines": LINES}
    said = event(TMS_RAW, record)
    assert (said.order_id, said.shipment_id, said.references) == ("1000:4711", "S-77", ())
    (output,) = outputs(TMS_RAW, record)
    assert (output.topic, output.key) == ("shipment.events", b"1000:4711")


def test_half_an_order_name_is_refused() -> None:
    assert why(TMS_RAW, {**TMS_HEAD, "type": "shipment.delivered", "company": "1000"})[1].startswith("order: ")
    assert why(TMS_RAW, {**TMS_HEAD, "type": "shipment.delivered", "order": "1"})[1].startswith("company: ")


def test_a_proof_of_delivery_says_who_signed_what() -> None:
    said = event(TMS_RAW, {**TMS_HEAD, "type": "pod.received", "signed_by": "R. Meyer", "document": "pod/77.pdf"})
    assert (said.milestone, said.evidence) == (Milestone.POD_RECEIVED, Evidence("R. Meyer", "pod/77.pdf"))


BLOCKS_BILLING = {"SHORTAGE", "DAMAGE", "LOSS", "CONSIGNEE_REFUSED", "PAYMENT_HOLD", "CREDIT_HOLD"}


@pytest.mark.parametrize("reason", list(ReasonClass))
def test_an_exceptions_effect_follows_from_its_reason_where_it_does_not_say(reason: ReasonClass) -> None:
    said = event(TMS_RAW, {**TMS_HEAD, "type": "exception.raised", "case": "X-1", "reason": reason, "text": "words"}).exceptional
    assert said is not None
    assert (said.reason, said.text) == (reason, "words")
    assert (said.effect is Effect.BILLING_BLOCK) == (reason in BLOCKS_BILLING)


def test_an_exceptions_own_effect_counts() -> None:
    record = {**TMS_HEAD, "type": "exception.raised", "case": "X-1", "reason": "WEATHER", "effect": "BILLING_BLOCK"}
    said = event(TMS_RAW, record).exceptional
    assert said is not None
    assert said.effect is Effect.BILLING_BLOCK


def test_an_unknown_reason_is_refused_by_name() -> None:
    letter = refusal(TMS_RAW, {**TMS_HEAD, "type": "exception.raised", "case": "X-1", "reason": "GREMLINS"})
    assert letter.reason is Reason.SCHEMA_INVALID
    assert letter.message.startswith("reason: ")
    assert "'GREMLINS'" in letter.message


def test_an_exception_closes_by_the_case_that_opened_it() -> None:
    raised = event(TMS_RAW, {**TMS_HEAD, "type": "exception.raised", "case": "X-1", "reason": "DAMAGE"})
    resolved = event(TMS_RAW, {**TMS_HEAD, "type": "exception.resolved", "case": "X-1"})
    assert raised.case_id == resolved.case_id == "TMS-1:X-1"
    other = event(TMS_RAW, {**TMS_HEAD, "type": "exception.raised", "case": "X-2", "reason": "DAMAGE"})
    assert other.event_id != raised.event_id


def test_a_plan_may_not_link_a_statement_that_somebody_may_take_back() -> None:
    letter = refusal(TMS_RAW, {**PLAN, "references": [{"kind": "statement", "issuer": "MAEU", "value": "e-1"}]})
    assert letter.reason is Reason.SCHEMA_INVALID
    assert "statement is no reference that a record may link" in letter.message
