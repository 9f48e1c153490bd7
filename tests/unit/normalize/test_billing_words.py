"""Our own shapes: blocks, holds, dispute outcomes, acceptances, returns, credits, units of measure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import Handling, Invoice, LineQuantity
from streams.domain.reference_data import ItemChanged, UnitFactor
from streams.domain.vocabulary import Milestone, ReasonClass, Scope, Settlement
from streams.hop import EVERY_PARTITION
from streams.topics import ERP_RAW, EVENTS, REFERENCE_DATA, WMS_RAW
from tests.unit.normalize.reading import event, links, messages, outputs, why
from tests.unit.normalize.records import ERP_HEAD, LINES, ORDER, WMS_HEAD

TWO = (LineQuantity("10", Decimal(5)), LineQuantity("20", Decimal("2.5"), "KG"))


def erp(kind: str, **more: Any) -> dict[str, Any]:
    return {**ERP_HEAD, "type": kind, **more}


def wms(kind: str, **more: Any) -> dict[str, Any]:
    return {**WMS_HEAD, "type": kind, "lines": LINES, **more}


@pytest.mark.parametrize(
    ("record", "milestone", "case"),
    [
        (erp("billing.blocked", block="02", lines=LINES), Milestone.BILLING_BLOCK_SET, "SAP-EU:02"),
        (erp("billing.unblocked", block="02", lines=LINES), Milestone.BILLING_BLOCK_CLEARED, "SAP-EU:02"),
        (erp("customer.accepted", lines=LINES), Milestone.ACCEPTED_BY_CUSTOMER, ""),
        (erp("customer.rejected", lines=LINES), Milestone.REJECTED_BY_CUSTOMER, ""),
        (erp("return.announced", case="RMA-1", lines=LINES), Milestone.RETURN_INITIATED, "SAP-EU:RMA-1"),
    ],
)
def test_what_the_erp_says_of_lines(record: dict[str, Any], milestone: Milestone, case: str) -> None:
    said = event(ERP_RAW, record)
    assert (said.milestone, said.scope, said.case_id, said.lines) == (milestone, Scope.ORDER, case, TWO)


def test_a_block_may_be_about_a_delivery() -> None:
    said = event(ERP_RAW, erp("billing.blocked", block="02", delivery="0080000001"))
    assert (said.scope, said.delivery_id) == (Scope.DELIVERY, "80000001")


def test_two_blocks_of_one_moment_are_two_statements() -> None:
    of_order, of_line = (event(ERP_RAW, erp("billing.blocked", block="02", **more)) for more in ({}, {"lines": LINES}))
    assert of_order.event_id != of_line.event_id


def test_an_order_is_held_for_a_reason() -> None:
    said = event(ERP_RAW, erp("order.held", case="H1", reason="CREDIT_HOLD"))
    assert said.milestone is Milestone.ORDER_HELD
    assert said.exceptional is not None and said.exceptional.reason is ReasonClass.CREDIT_HOLD
    assert event(ERP_RAW, erp("order.hold_cleared", case="H1")).case_id == said.case_id


def test_a_dispute_keeps_its_words_and_ends_with_an_outcome() -> None:
    opened = event(ERP_RAW, erp("dispute.opened", case="D-1", text="two cartons wet"))
    assert opened.exceptional is not None and opened.exceptional.text == "two cartons wet"
    over = event(ERP_RAW, erp("dispute.resolved", case="D-1", outcome="PART", lines=LINES))
    assert (over.case_id, over.settlement, over.lines) == (opened.case_id, Settlement.PART, TWO)


def test_a_part_of_what_must_be_said() -> None:
    reason, message = why(ERP_RAW, erp("dispute.resolved", case="D-1", outcome="PART"))
    assert (reason, "conceded" in message) == (Reason.SCHEMA_INVALID, True)


def test_a_credit_memo_is_an_invoice_of_its_own() -> None:
    said = event(ERP_RAW, erp("credit.posted", credit="CM-1", amount="25.00", currency="EUR", case="D-1", lines=LINES))
    assert (said.milestone, said.invoice) == (Milestone.CREDIT_MEMO_POSTED, Invoice("CM-1", Decimal("25.00"), "EUR"))


def test_a_cancellation_may_name_its_lines_and_need_not_name_a_revision() -> None:
    lines = event(ERP_RAW, erp("order.cancelled", revision=2, lines=LINES))
    assert lines.order is not None and (lines.order.revision, lines.lines) == (2, TWO)
    assert event(ERP_RAW, erp("order.cancelled")).order is None


def test_free_goods_are_marked() -> None:
    free = [{**line, "free": line["line"] == "20"} for line in ORDER["lines"]]  # type: ignore[attr-defined, index]
    said = event(ERP_RAW, erp("order.released", **{**ORDER, "lines": free}))
    assert said.order is not None and [line.free for line in said.order.lines] == [False, True]


def test_the_warehouse_closes_lines_substitutes_and_replaces() -> None:
    lines = [{**LINES[0], "final": True}, {**LINES[1], "substituted": True}]
    said = event(WMS_RAW, wms("goods.issued", delivery="D1", lines=lines, replacement=True))
    assert said.handling == Handling(("10",), ("20",), replacement=True)
    assert event(WMS_RAW, wms("goods.issued", delivery="D1")).handling is None


def test_the_warehouse_books_back_and_takes_back() -> None:
    assert event(WMS_RAW, wms("goods.issue_reversed", delivery="D1")).milestone is Milestone.GOODS_ISSUE_REVERSED
    back = event(WMS_RAW, wms("return.received", case="RMA-1"))
    assert (back.milestone, back.case_id, back.lines) == (Milestone.RETURN_RECEIVED, "WMS-HAM:RMA-1", TWO)


def test_a_tracking_number_of_goods_in_no_delivery_stands_for_just_these() -> None:
    record = wms("goods.issued", references=[{"kind": "tracking", "issuer": "BLPX", "value": "T1"}, {"kind": "bol", "value": "B1"}])
    assert event(WMS_RAW, record).packages == ("T1",)
    assert {link.reference: link.package_id for link in links(WMS_RAW, record)} == {"tracking:BLPX:T1": "T1", "bol:WMS-HAM:B1": ""}
    assert event(WMS_RAW, {**record, "shipment": "S1"}).packages == ()


def test_units_of_an_article_go_to_every_partition() -> None:
    record = {"sku": "SKU-1", "base_uom": "ea", "units": [{"uom": "CS", "factor": 12}]}
    assert messages(REFERENCE_DATA, record) == [ItemChanged("SKU-1", "EA", (UnitFactor("CS", Decimal(12)),))]
    (output,) = outputs(REFERENCE_DATA, record)
    assert (output.topic, output.key, output.partition) == (EVENTS, b"SKU-1", EVERY_PARTITION)


@pytest.mark.parametrize(
    "units", [[{"uom": "CS", "factor": 0}], [{"uom": "CS", "factor": 1}, {"uom": "cs", "factor": 2}], [{"uom": "EA", "factor": 1}]]
)
def test_units_that_make_no_sense_are_refused(units: list[dict[str, Any]]) -> None:
    assert why(REFERENCE_DATA, {"sku": "S", "base_uom": "EA", "units": units})[0] is Reason.SCHEMA_INVALID
