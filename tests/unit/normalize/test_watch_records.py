"""What reconciliation, exceptions and tasks live on: consolidated and drafted invoices, promises, answers to tasks, freight bills."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import Event, FreightCharge
from streams.domain.vocabulary import Classifier, Milestone
from streams.topics import ERP_RAW, TMS_RAW, WMS_RAW
from tests.unit.normalize.reading import event, messages, refusal
from tests.unit.normalize.records import LINES, TMS_HEAD, WMS_HEAD

CONSOLIDATED = {
    "type": "invoice.consolidated",
    "system": "SAP-EU",
    "at": "2026-06-01T09:15:00+02:00",
    "invoice": "90001",
    "currency": "EUR",
    "total": "150.00",
    "orders": [
        {"company": "1000", "order": "0004712", "amount": "50.00"},
        {"company": "1000", "order": "4711", "amount": "100.00", "lines": [{"line": "10", "quantity": 5}]},
    ],
}
ANSWER = {key: value for key, value in WMS_HEAD.items() if key != "lines"} | {
    "type": "task.accepted",
    "task": "7d1f8a52-3e0c-5d27-a9b1-0d5c3a1b2c3d",
    "version": 2,
}


def invoices(**changes: object) -> dict[str, Event]:
    return {said.order_id: said for said in messages(ERP_RAW, CONSOLIDATED | changes) if isinstance(said, Event)}


def test_a_consolidated_invoice_is_said_of_each_order_with_its_part() -> None:
    said = invoices()
    assert set(said) == {"1000:4711", "1000:4712"}
    parts = {order: (one.invoice.number, one.invoice.amount, one.invoice.unallocated) for order, one in said.items() if one.invoice}
    assert parts == {"1000:4711": ("90001", Decimal(100), Decimal(0)), "1000:4712": ("90001", Decimal(50), Decimal(0))}
    assert [line.line for line in said["1000:4711"].lines] == ["10"]
    assert len({one.event_id for one in said.values()}) == 2


def test_what_the_parts_miss_of_the_total_is_said_once() -> None:
    said = invoices(total="152.50")
    assert [one.invoice.unallocated for _, one in sorted(said.items()) if one.invoice] == [Decimal("2.50"), Decimal(0)]


def test_an_order_that_is_named_twice_in_an_invoice_is_refused() -> None:
    twice = CONSOLIDATED | {"orders": [CONSOLIDATED["orders"][0], CONSOLIDATED["orders"][0]]}  # type: ignore[index]
    assert refusal(ERP_RAW, twice).reason is Reason.SCHEMA_INVALID


@pytest.mark.parametrize("missing", ["total", "orders", "invoice", "currency"])
def test_an_invoice_without_what_tells_the_parts_is_refused(missing: str) -> None:
    short = {name: value for name, value in CONSOLIDATED.items() if name != missing}
    assert refusal(ERP_RAW, short | {"company": "1000"}).reason is Reason.SCHEMA_INVALID


def test_a_drafted_invoice_is_planned_and_moves_nothing() -> None:
    head = {name: CONSOLIDATED[name] for name in ("system", "at", "invoice", "currency")}
    said = event(ERP_RAW, {**head, "type": "invoice.drafted", "company": "1000", "order": "4711", "amount": "100.00"})
    assert (said.milestone, said.classifier) == (Milestone.INVOICE_POSTED, Classifier.PLN)


def test_an_order_may_promise_a_time_and_name_where_its_lines_come_from() -> None:
    line = {"line": "10", "sku": "A", "quantity": 1, "unit_price": "1", "ship_from": "HAM"}
    record = {
        "type": "order.released",
        "system": "SAP-EU",
        "company": "1000",
        "order": "4711",
        "at": "2026-06-01T09:15:00+02:00",
        "revision": 1,
        "customer": "C",
        "currency": "EUR",
        "terms": "T",
        "lines": [line],
        "promised_at": "2026-06-05T12:00:00+02:00",
    }
    order = event(ERP_RAW, record).order
    assert order is not None
    assert order.promised_at == datetime(2026, 6, 5, 10, tzinfo=UTC)
    assert order.lines[0].ship_from == "HAM"


@pytest.mark.parametrize("topic", [WMS_RAW, TMS_RAW])
@pytest.mark.parametrize(("said", "milestone"), [("task.accepted", Milestone.TASK_ACCEPTED), ("task.rejected", Milestone.TASK_REJECTED)])
def test_a_task_is_answered_by_its_id_and_version(topic: str, said: str, milestone: Milestone) -> None:
    told = event(topic, ANSWER | {"type": said})
    assert (told.milestone, told.order_id, told.case_id) == (milestone, "1000:4711", f"{ANSWER['task']}/2")


def test_an_answer_without_a_version_is_refused() -> None:
    without = {name: value for name, value in ANSWER.items() if name != "version"} | {"format": 1}
    assert refusal(WMS_RAW, without).reason is Reason.SCHEMA_INVALID


def test_a_freight_bill_says_how_it_is_made_up() -> None:
    said = event(
        TMS_RAW,
        {**TMS_HEAD, "type": "freight.billed", "invoice": "F-1", "amount": "105.00", "currency": "EUR", "weight": 120}
        | {"charges": [{"code": "redelivery", "amount": "15.00"}]},
    )
    assert said.milestone is Milestone.FREIGHT_BILLED
    assert said.invoice is not None and said.freight is not None
    assert (said.invoice.number, said.invoice.amount, said.freight.weight) == ("F-1", Decimal(105), Decimal(120))
    assert said.freight.charges == (FreightCharge("REDELIVERY", Decimal(15)),)


def test_two_bills_at_one_moment_are_two() -> None:
    bill = {**TMS_HEAD, "type": "freight.billed", "amount": "1", "currency": "EUR"}
    assert event(TMS_RAW, bill | {"invoice": "F-1"}).event_id != event(TMS_RAW, bill | {"invoice": "F-2"}).event_id


def test_a_plan_may_say_what_was_agreed() -> None:
    plan = {
        **TMS_HEAD,
        "type": "shipment.planned",
        "carrier": "BLPX",
        "orders": [{"company": "1000", "order": "4711", "lines": LINES}],
        "freight": {"amount": "90.00", "currency": "EUR", "weight": 100},
    }
    said = next(one for one in messages(TMS_RAW, plan) if isinstance(one, Event))
    assert said.freight is not None
    assert (said.freight.amount, said.freight.currency, said.freight.weight) == (Decimal(90), "EUR", Decimal(100))
