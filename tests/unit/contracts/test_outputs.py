"""Emitted records: useful alone, the same at every recomputation, readable by any consumer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal, DecimalException
from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_reader
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts import outputs
from streams.contracts.registry import embedded
from streams.contracts.wire import WireError, prefix
from streams.deadletter.reasons import Reason
from streams.domain.decisions import BillingState, DecisionKind, HoldCode, OrderState, Status
from streams.domain.vocabulary import Milestone
from streams.hop import BY_KEY, Output
from streams.topics import HOLDS, MILESTONES, RELEASES, STATUS
from tests.unit.contracts.samples import AT, CAUSE, DECISION, EVERYTHING, HOLD, REACHED, REACHED_EVERYTHING, STATUS_NOW
from tests.unit.contracts.test_watch_outputs import EMITTED as WATCHED

EMITTED = [
    outputs.milestone(REACHED, CAUSE),
    outputs.milestone(REACHED_EVERYTHING, CAUSE),
    outputs.decision(DECISION, CAUSE),
    outputs.hold(HOLD, CAUSE),
    outputs.status(STATUS_NOW, CAUSE),
]


@pytest.mark.parametrize("output", EMITTED, ids=lambda output: output.topic)
def test_a_record_is_keyed_by_its_order_and_keeps_the_time_of_its_cause(output: Output) -> None:
    assert output.key in (b"ACME:4711", "ACME:Ä-1".encode())
    assert output.partition == BY_KEY
    assert output.timestamp == CAUSE.timestamp


@pytest.mark.parametrize("output", EMITTED, ids=lambda output: output.topic)
def test_a_record_is_a_cloud_event_in_binary_mode_that_names_its_cause(output: Output) -> None:
    headers = dict(output.headers)

    assert len(headers) == len(output.headers)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["content-type"] == b"application/avro"
    assert headers["ce_source"] == b"/milepost/shipment"
    assert headers["ce_subject"] == output.key
    assert headers["milepost.cause"] == b"shipment.events:3:4711"
    assert datetime.fromisoformat(headers["ce_time"].decode()).utcoffset() is not None
    assert headers["ce_type"].startswith(b"milepost.")
    assert headers["ce_type"].endswith(b".v1")


def test_the_id_of_a_record_is_the_same_at_every_recomputation_and_differs_between_records() -> None:
    again = outputs.status(dataclasses.replace(STATUS_NOW), CAUSE)
    later = outputs.status(STATUS_NOW, CAUSE._replace(offset=4712))
    other = outputs.status(dataclasses.replace(STATUS_NOW, order_id="ACME:4712"), CAUSE)
    hold = outputs.hold(HOLD, CAUSE)

    ids = [dict(output.headers)["ce_id"] for output in (outputs.status(STATUS_NOW, CAUSE), again, later, other, hold)]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_the_id_of_a_milestone_and_of_a_decision_is_its_own() -> None:
    assert dict(EMITTED[0].headers)["ce_id"] == REACHED.milestone_id.encode()
    assert dict(EMITTED[2].headers)["ce_id"] == DECISION.release_id.encode()


def test_the_type_says_what_happened_so_that_consumers_can_filter_by_header() -> None:
    assert dict(EMITTED[0].headers)["ce_type"] == b"milepost.milestone.goods_issued.v1"
    assert dict(EMITTED[2].headers)["ce_type"] == b"milepost.invoice.credit_request.v1"
    assert dict(EMITTED[3].headers)["ce_type"] == b"milepost.invoice.hold.v1"
    assert dict(EMITTED[4].headers)["ce_type"] == b"milepost.shipment.status.v1"


def test_the_time_of_a_milestone_is_that_of_its_event_and_of_a_decision_that_of_the_log() -> None:
    assert dict(EMITTED[0].headers)["ce_time"] == b"2026-06-01T07:15:03.123456+00:00"
    assert dict(EMITTED[2].headers)["ce_time"] == b"2026-06-01T07:15:03.123000+00:00"


def test_the_trace_context_of_the_cause_is_passed_on_where_there_is_one() -> None:
    trace = REACHED.event.traceparent

    assert dict(outputs.milestone(REACHED, CAUSE).headers)["traceparent"] == trace.encode()
    assert dict(outputs.decision(DECISION, CAUSE, trace).headers)["traceparent"] == trace.encode()
    assert dict(outputs.hold(HOLD, CAUSE, trace).headers)["traceparent"] == trace.encode()
    assert dict(outputs.status(STATUS_NOW, CAUSE, trace).headers)["traceparent"] == trace.encode()
    assert "traceparent" not in dict(outputs.decision(DECISION, CAUSE).headers)


def test_a_milestone_tells_its_whole_story() -> None:
    assert outputs.read(MILESTONES, EMITTED[0].value or b"") == {
        "milestone_id": "55555555-5555-5555-9555-555555555555",
        "order_id": "ACME:4711",
        "milestone": "GOODS_ISSUED",
        "classifier": "ACT",
        "scope": "DELIVERY",
        "at": AT,
        "at_raw": "2026-06-01T09:15:03.123456+02:00",
        "at_offset_minutes": 120,
        "at_quality": "EXPLICIT",
        "shipment_id": "SHP-1",
        "delivery_id": "80012345",
        "package_id": None,
        "lines": [{"line": "10", "quantity": Decimal(12), "uom": "EA"}, {"line": "20", "quantity": Decimal("4.5"), "uom": "KG"}],
        "order": None,
        "exception": None,
        "case_id": None,
        "evidence": None,
        "invoice": None,
        "packages": [],
        "retracts": None,
        "event_id": "0d5b8a0e-1111-5222-9333-444455556666",
        "source": {
            "system": "WMS-HAM",
            "format": "milepost.wms.v1",
            "topic": "wms.raw",
            "partition": 3,
            "offset": 123_456,
            "ingested_at": AT,
            "transport_id": "wh-77",
            "code": "goods.issued",
            "map_version": "2026-05",
        },
    }


def test_a_milestone_with_everything_tells_everything_but_prices() -> None:
    data = outputs.read(MILESTONES, EMITTED[1].value or b"")

    assert data["order"] == {
        "revision": 7,
        "customer": "C-1002",
        "currency": "EUR",
        "terms_id": "T-POD",
        "lines": [
            {"line": "10", "sku": "SKU-1", "quantity": Decimal(1000), "uom": "EA"},
            {"line": "20", "sku": "", "quantity": Decimal(0), "uom": "KG"},
        ],
    }
    assert data["exception"] == {"reason": "DAMAGE", "effect": "BILLING_BLOCK", "text": "crushed corner"}
    assert data["case_id"] == "C-1"
    assert data["evidence"] == {"signed_by": "J. Doe", "document": "doc-1"}
    assert data["invoice"] == {
        "number": "R-1", "amount": Decimal("-99.99"), "currency": "EUR", "release_id": "33333333-3333-5333-9333-333333333333",
    }  # fmt: skip
    assert data["packages"] == ["P", "Q"]
    assert data["retracts"] == "22222222-2222-5222-9222-222222222222"
    assert (data["at_offset_minutes"], data["at_quality"]) == (None, "UNKNOWN")
    assert b"12.50" not in (EMITTED[1].value or b"")


def test_a_decision_tells_finance_what_to_do() -> None:
    assert outputs.read(RELEASES, EMITTED[2].value or b"") == {
        "release_id": "77777777-7777-5777-9777-777777777777",
        "order_id": "ACME:4711",
        "billable_unit": "SHP-1",
        "sequence": 2,
        "decision": "CREDIT_REQUEST",
        "lines": [
            {
                "line": "10", "sku": "SKU-1", "delta": Decimal(-2), "cumulative": Decimal(10), "uom": "EA",
                "unit_price": Decimal("12.505"), "amount": Decimal("-25.01"),
            }
        ],
        "amount": Decimal("-25.01"),
        "currency": "EUR",
        "accounting_date": date(2026, 6, 1),
        "trigger": "on_pod",
        "triggered_at": AT,
        "terms_id": "T-POD",
        "terms_version": 2,
        "evidence": ["0d5b8a0e-1111-5222-9333-444455556666"],
        "reasons": ["AUTO_CONFIRM"],
        "supersedes": "88888888-8888-5888-9888-888888888888",
    }  # fmt: skip


def test_a_hold_tells_why() -> None:
    assert outputs.read(HOLDS, EMITTED[3].value or b"") == {
        "order_id": "ACME:4711",
        "reasons": [
            {"code": "POD_MISSING", "detail": "shipment SHP-1", "evidence": ["e1", "e2"]},
            {"code": "DISPUTE", "detail": None, "evidence": []},
        ],
        "at": AT,
    }


def test_a_status_tells_how_far_the_order_is() -> None:
    assert outputs.read(STATUS, EMITTED[4].value or b"") == {
        "order_id": "ACME:4711",
        "state": "PARTIALLY_DELIVERED",
        "billing": "PARTLY_RELEASED",
        "shipments": [
            {"shipment_id": "SHP-1", "state": "PROVEN", "delivered_at": AT, "proven_at": AT, "eta": None},
            {"shipment_id": "SHP-2", "state": "IN_TRANSIT", "delivered_at": None, "proven_at": None, "eta": AT},
        ],
        "open_exceptions": ["C-1"],
        "open_disputes": [],
        "released_amount": Decimal("1234.5"),
        "currency": "EUR",
        "last_event_at": AT,
        "at": AT,
    }


def test_every_kind_of_milestone_state_hold_and_decision_can_be_said() -> None:
    for kind in Milestone:
        said = outputs.milestone(dataclasses.replace(REACHED, event=dataclasses.replace(EVERYTHING, milestone=kind)), CAUSE)
        assert outputs.read(MILESTONES, said.value or b"")["milestone"] == kind
    for code in HoldCode:
        held = dataclasses.replace(HOLD, reasons=(dataclasses.replace(HOLD.reasons[0], code=code),))
        assert outputs.read(HOLDS, outputs.hold(held, CAUSE).value or b"")["reasons"][0]["code"] == code
    for decision in DecisionKind:
        made = outputs.decision(dataclasses.replace(DECISION, kind=decision), CAUSE)
        assert outputs.read(RELEASES, made.value or b"")["decision"] == decision
    for state in OrderState:
        for billing in BillingState:
            now = Status("A:1", state, billing, (), (), (), Decimal(0), "", None, AT)
            read = outputs.read(STATUS, outputs.status(now, CAUSE).value or b"")
            assert (read["state"], read["billing"]) == (state, billing)


@pytest.mark.property
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**33), max_value=10**33),
    st.datetimes(min_value=datetime(1, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.dates(),
)
def test_any_amount_time_and_date_is_read_alike_by_fastavro(amount: Decimal, moment: datetime, day: date) -> None:
    made = outputs.decision(dataclasses.replace(DECISION, amount=amount, triggered_at=moment, accounting_date=day), CAUSE)

    read: Any = schemaless_reader(BytesIO((made.value or b"")[5:]), embedded().newest("milepost.InvoiceDecision").parsed, None)

    assert (read["amount"], read["triggered_at"], read["accounting_date"]) == (amount, moment, day)
    assert outputs.read(RELEASES, made.value or b"") == read


@pytest.mark.parametrize("amount", ["0.00001", "1E+34", "12345678901234567890123456789012345.0000", "NaN", "Infinity", "1E+999999"])
def test_an_amount_that_the_contract_cannot_hold_is_never_rounded(amount: str) -> None:
    with pytest.raises((DecimalException, ValueError, OverflowError)):
        outputs.decision(dataclasses.replace(DECISION, amount=Decimal(amount)), CAUSE)


@given(st.data(), st.sampled_from([*EMITTED, *(output for _, output in WATCHED)]))
def test_a_broken_value_is_refused_or_says_something_else_and_never_fails_otherwise(data: st.DataObject, output: Output) -> None:
    value = output.value or b""
    cut = data.draw(st.integers(5, len(value) - 1))
    with pytest.raises(WireError):
        outputs.read(output.topic, value[:cut])
    broken = bytearray(value)
    broken[cut] ^= data.draw(st.integers(1, 255))
    with suppress(WireError):
        outputs.read(output.topic, bytes(broken))


class TestRead:
    @pytest.mark.parametrize("output", [*EMITTED, *(output for _, output in WATCHED)], ids=lambda output: output.topic)
    def test_a_value_reads_as_fastavro_reads_it(self, output: Output) -> None:
        value = output.value or b""
        schema = embedded().by_id(int.from_bytes(value[1:5], "big"))
        told = schemaless_reader(BytesIO(value[5:]), schema.parsed, None)
        found = outputs.read(output.topic, value)
        assert found == told
        assert repr(found) == repr(told)  # the scale of amounts, and lists as lists

    def test_a_record_on_the_wrong_topic_is_refused(self) -> None:
        with pytest.raises(WireError, match=r"a milepost\.InvoiceHold on invoice\.releases") as refused:
            outputs.read(RELEASES, EMITTED[3].value or b"")
        assert refused.value.reason is Reason.BAD_WIRE_FORMAT

    def test_what_is_no_avro_is_refused(self) -> None:
        with pytest.raises(WireError):
            outputs.read(RELEASES, b"{}")

    def test_an_unknown_schema_is_refused(self) -> None:
        with pytest.raises(WireError) as refused:
            outputs.read(RELEASES, prefix(7) + b"\x00")
        assert refused.value.reason is Reason.UNKNOWN_SCHEMA

    def test_a_topic_that_is_not_emitted_is_refused(self) -> None:
        with pytest.raises(KeyError):
            outputs.read("wms.raw", b"")


class TestIdsOfARegistry:
    @pytest.fixture
    def ids(self) -> Iterator[dict[int, int]]:
        ids = {schema.id: 1000 + number for number, schema in enumerate(embedded().schemas())}
        outputs.use_ids(ids)
        yield ids
        outputs.use_ids({})

    def test_records_carry_them(self, ids: dict[int, int]) -> None:
        value = outputs.decision(DECISION, CAUSE).value or b""

        assert value[:5] == prefix(ids[embedded().newest("milepost.InvoiceDecision").id])

    def test_records_with_either_kind_of_id_are_read(self, ids: dict[int, int]) -> None:
        assert outputs.read(RELEASES, outputs.decision(DECISION, CAUSE).value or b"") == outputs.read(RELEASES, EMITTED[2].value or b"")
