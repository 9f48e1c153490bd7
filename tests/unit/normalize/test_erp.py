"""ERP records: orders as snapshots, decimals exact, ids that say what and not when it arrived."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import LineQuantity, OrderLine
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.topics import ERP_RAW
from tests.unit.normalize.reading import event, later, outputs, refusal, why
from tests.unit.normalize.records import ERP_HEAD, ORDER, ORDER_LINES

RELEASED = {**ERP_HEAD, **ORDER, "type": "order.released", "id": "msg-1"}


def with_line(**changes: Any) -> dict[str, Any]:
    return {**RELEASED, "lines": [{**ORDER_LINES[0], **changes}]}


def test_a_released_order_is_a_snapshot_keyed_by_company_and_number_without_leading_zeros() -> None:
    said = event(ERP_RAW, RELEASED)
    assert (said.milestone, said.classifier, said.scope) == (Milestone.ORDER_RELEASED, Classifier.ACT, Scope.ORDER)
    assert said.order_id == "1000:4711"
    assert said.order is not None
    assert (said.order.revision, said.order.currency, said.order.terms_id) == (1, "EUR", "T-POD-EUR")
    assert said.order.lines == (
        OrderLine("10", "SKU-1", Decimal(5), "EA", Decimal("19.99")),
        OrderLine("20", "SKU-2", Decimal("2.5"), "KG", Decimal("0.1")),
    )
    assert outputs(ERP_RAW, RELEASED)[0].key == b"1000:4711"


def test_numbers_of_two_companies_are_two_orders() -> None:
    assert event(ERP_RAW, {**RELEASED, "company": "2000"}).order_id == "2000:4711"


@pytest.mark.parametrize("order", ["4711", " 0000004711 ", 4711])
def test_an_order_number_is_one_however_it_is_written(order: Any) -> None:
    assert event(ERP_RAW, {**RELEASED, "order": order}).event_id == event(ERP_RAW, RELEASED).event_id


@pytest.mark.parametrize("written", [b"0.1", b'"0.1"', b"0.10", b"1e-1", b'"1E-1"'])
def test_a_tenth_is_a_tenth_as_number_and_as_text(written: bytes) -> None:
    value = (
        b'{"type":"order.released","system":"S","company":"1","order":"2","at":"2026-06-01T09:15:00Z","revision":1,"customer":"C",'
        b'"currency":"EUR","terms":"T","lines":[{"line":"1","sku":"A","quantity":1,"unit_price":' + written + b"}]}"
    )
    order = event(ERP_RAW, value).order
    assert order is not None
    assert order.lines[0].unit_price == Decimal("0.1")


def test_more_digits_than_a_binary_float_has_are_all_kept() -> None:
    value = (
        b'{"type":"invoice.posted","system":"S","company":"1","order":"2","at":"2026-06-01T09:15:00Z","invoice":"I","currency":"EUR",'
        b'"amount":99999999999999.0123}'
    )
    invoice = event(ERP_RAW, value).invoice
    assert invoice is not None
    assert invoice.amount == Decimal("99999999999999.0123")


NO_QUANTITIES = ["1,5", "", "1.000,0", "ten", "1_000", "NaN", "Infinity", True, None, -1, "-0.5", 1e30, "1e999", [], "\uff11\uff12"]


@pytest.mark.parametrize("quantity", NO_QUANTITIES)
def test_a_quantity_that_is_no_plain_decimal_is_refused_as_such_and_the_order_is_named(quantity: Any) -> None:
    letter = refusal(ERP_RAW, with_line(quantity=quantity))
    assert letter.reason is Reason.QTY_INVALID
    assert letter.message.startswith("lines[0].quantity: ")
    assert letter.order_ids == ("1000:4711",)


def test_a_quantity_of_zero_cancels_a_line() -> None:
    order = event(ERP_RAW, with_line(quantity=0)).order
    assert order is not None
    assert order.lines[0].quantity == 0


def test_a_line_given_twice_is_refused_since_nobody_knows_which_counts() -> None:
    letter = refusal(ERP_RAW, {**RELEASED, "lines": [ORDER_LINES[0], {**ORDER_LINES[1], "line": "0010"}]})
    assert (letter.reason, letter.message) == (Reason.SCHEMA_INVALID, "lines: line '10' is given more than once")


def test_a_unit_that_is_not_given_is_each() -> None:
    line = {name: value for name, value in ORDER_LINES[0].items() if name != "uom"}
    order = event(ERP_RAW, {**RELEASED, "lines": [line]}).order
    assert order is not None
    assert order.lines[0].uom == "EA"


def test_the_same_revision_told_again_is_the_same_statement_and_the_next_is_another() -> None:
    first = event(ERP_RAW, RELEASED)
    again = event(ERP_RAW, {**RELEASED, "id": "msg-2"}, {"traceparent": "00-1-2-01"}, later(days=3))
    assert again.event_id == first.event_id
    assert event(ERP_RAW, {**RELEASED, "revision": 2}).event_id != first.event_id


def test_a_cancellation_carries_its_revision_and_no_lines() -> None:
    said = event(ERP_RAW, {**ERP_HEAD, "type": "order.cancelled", "revision": 3})
    assert said.milestone is Milestone.ORDER_CANCELLED
    assert said.order is not None
    assert (said.order.revision, said.order.lines) == (3, ())


def test_a_posted_invoice_says_number_amount_and_release() -> None:
    record = {**ERP_HEAD, "type": "invoice.posted", "invoice": "INV-1", "amount": -12.3, "currency": "EUR", "release_id": "r-1"}
    record["lines"] = [{"line": "000010", "quantity": "1.5"}, {"line": "10", "quantity": 2}]
    said = event(ERP_RAW, record)
    assert said.milestone is Milestone.INVOICE_POSTED
    assert said.invoice is not None
    assert (said.invoice.number, said.invoice.amount, said.invoice.release_id) == ("INV-1", Decimal("-12.3"), "r-1")
    assert said.lines == (LineQuantity("10", Decimal("3.5"), "EA"),)


def test_two_invoices_of_one_second_are_two() -> None:
    record = {**ERP_HEAD, "type": "invoice.cancelled", "invoice": "INV-1"}
    assert event(ERP_RAW, record).event_id != event(ERP_RAW, {**record, "invoice": "INV-2"}).event_id


def test_a_dispute_is_a_case_of_its_system_and_closes_by_its_number() -> None:
    opened = event(ERP_RAW, {**ERP_HEAD, "type": "dispute.opened", "case": "D-1", "lines": [{"line": "10", "quantity": 1}]})
    closed = event(ERP_RAW, {**ERP_HEAD, "type": "dispute.resolved", "case": "D-1"})
    assert (opened.milestone, closed.milestone) == (Milestone.DISPUTE_OPENED, Milestone.DISPUTE_RESOLVED)
    assert opened.case_id == closed.case_id == "SAP-EU:D-1"
    assert opened.lines == (LineQuantity("10", Decimal(1), "EA"),)


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "€", None, 978])
def test_a_currency_is_three_capital_letters(currency: Any) -> None:
    reason, message = why(ERP_RAW, {**RELEASED, "currency": currency})
    assert reason is Reason.SCHEMA_INVALID
    assert message.startswith("currency: ")


@pytest.mark.parametrize("name", ["system", "company", "order", "revision", "customer", "currency", "terms", "lines"])
def test_a_missing_field_is_named(name: str) -> None:
    reason, message = why(ERP_RAW, {field: value for field, value in RELEASED.items() if field != name})
    assert (reason, message) == (Reason.SCHEMA_INVALID, f"{name}: Field required")


def test_an_unknown_type_is_named_with_those_that_are_known() -> None:
    reason, message = why(ERP_RAW, {**ERP_HEAD, "type": "order.teleported"})
    assert reason is Reason.SCHEMA_INVALID
    assert "'order.teleported'" in message
    assert "'order.released'" in message


def test_names_may_hold_no_characters_that_separate_keys() -> None:
    assert why(ERP_RAW, {**RELEASED, "company": "10:00"})[1].startswith("company: ")
    assert why(ERP_RAW, {**RELEASED, "terms": "T\x00x"})[1].startswith("terms: ")


def test_lineage_says_where_it_was_read() -> None:
    lineage = event(ERP_RAW, RELEASED, {"ce_id": "transport-9", "traceparent": "00-1-2-01"}).lineage
    assert (lineage.system, lineage.format, lineage.transport_id, lineage.code) == ("SAP-EU", "milepost.erp.v1", "msg-1", "order.released")
    assert (lineage.topic, lineage.partition, lineage.offset, lineage.ingested_at) == (ERP_RAW, 3, 7, later())


def test_the_transports_id_counts_where_the_record_has_none_and_the_trace_goes_on() -> None:
    said = event(ERP_RAW, {**RELEASED, "id": None}, {"ce_id": "transport-9", "traceparent": "00-1-2-01"})
    assert (said.lineage.transport_id, said.traceparent) == ("transport-9", "00-1-2-01")
