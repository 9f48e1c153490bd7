"""The day as a feature: repeatable, in order of arrival, full of every situation, of bounded memory."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest

from streams.day import REALISTIC, Day, Expected, ExpectedDeadLetter, ExpectedParked, Profile, generate
from streams.day.generator import MOST_ORDERS, recent_start
from streams.day.situations.strays import OVERSIZED_BYTES
from streams.day.story import CLOSING, DAYTIME
from streams.jsonlines import parse
from streams.topics import CARRIER_RAW, ERP_RAW, TERMS, TMS_RAW, WMS_RAW

_START = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def day() -> Day:
    return generate(seed=7, orders=2_000)


@pytest.fixture(scope="module")
def records(day: Day) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in day.lines()]


@pytest.fixture(scope="module")
def expected(day: Day) -> list[Expected]:
    return [each for each in day.expectations() if isinstance(each, Expected)]


def test_same_seed_gives_the_same_bytes() -> None:
    assert list(generate(3, 120).lines()) == list(generate(3, 120).lines())
    assert list(generate(3, 120).expectations()) == list(generate(3, 120).expectations())


def test_another_seed_gives_another_day_and_other_order_numbers() -> None:
    one, other = generate(3, 120), generate(4, 120)
    assert list(one.lines()) != list(other.lines())
    assert _order_ids(one).isdisjoint(_order_ids(other))


def test_a_day_has_exactly_as_many_orders_as_asked() -> None:
    for orders in (1, 2, 3, 250):
        assert len(_order_ids(generate(1, orders))) == orders


@pytest.mark.parametrize("orders", [0, -1, MOST_ORDERS + 1])
def test_an_impossible_number_of_orders_is_refused(orders: int) -> None:
    with pytest.raises(ValueError, match="orders must be 1 to"):
        generate(1, orders)


def test_a_start_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        generate(1, 1, datetime(2026, 6, 1))  # noqa: DTZ001 - that is what is tested


def test_every_line_is_a_record_for_produce_and_simulate(day: Day) -> None:
    for line in day.lines():
        record = parse(line, -1)
        assert record.topic in {ERP_RAW, WMS_RAW, TMS_RAW, CARRIER_RAW, TERMS}
        assert record.key
        assert record.timestamp > 0


def test_records_come_in_the_order_of_arrival_first_phase_first(day: Day, records: list[dict[str, Any]]) -> None:
    places = [(record["phase"], record["timestamp"]) for record in records]
    assert places == sorted(places)
    assert {record["phase"] for record in records} == {DAYTIME, CLOSING}
    assert all(record["timestamp"] >= day.closing.timestamp() * 1000 for record in records if record["phase"] == CLOSING)


def test_topics_and_orders_are_interleaved_as_a_day_delivers_them(records: list[dict[str, Any]]) -> None:
    changes = sum(one["topic"] != other["topic"] for one, other in pairwise(records))
    assert changes > len(records) / 2


def test_nothing_is_told_before_it_happens(records: list[dict[str, Any]]) -> None:
    for record in records:
        value = record["value"]
        if (
            not isinstance(value, dict)
            or "at" not in value
            or value.get("type") == "shipment.eta"
            or value["at"].startswith(("0000", "9999"))
        ):
            continue
        assert datetime.fromisoformat(value["at"]).timestamp() * 1000 <= record["timestamp"], value


def test_every_situation_of_the_deck_occurs(day: Day) -> None:
    told = Counter(_situation_counts(day))
    assert {situation.__name__ for situation in REALISTIC.cards} <= set(told)
    assert told["oversized"] == 1


def test_channels_deliver_some_records_twice(records: list[dict[str, Any]]) -> None:
    seen = Counter(orjson.dumps((record["topic"], record["key"], record["value"])) for record in records)
    twice = sum(count - 1 for count in seen.values())
    assert 0.5 * REALISTIC.duplicates < twice / len(records) < 3 * REALISTIC.duplicates


def test_companies_warehouses_carriers_and_contracts_all_take_part(records: list[dict[str, Any]]) -> None:
    values = [record["value"] for record in records if isinstance(record["value"], dict)]
    assert {v["company"] for v in values if "company" in v} == {"1000", "2000", "JP01"}
    assert {v["system"] for v in values if str(v.get("system", "")).startswith("WMS")} == {
        "WMS-HAM",
        "WMS-LIS",
        "WMS-MEM",
        "WMS-RNO",
        "WMS-OSA",
    }
    assert {v["carrier"] for v in values if "carrier" in v} == {"UPS", "BLPX", "NWFT"}
    assert any("activityStatus" in v for v in values)
    assert {v["at"][-6:] for v in values if v.get("system") == "WMS-OSA" and not v["at"].startswith("0")} == {"+09:00"}
    triggers = Counter(v["versions"][-1]["trigger"] for v in values if "versions" in v)
    assert set(triggers) == {"on_ship", "on_delivery", "on_pod"}
    assert any(version.get("pod_auto_confirm_days") for v in values if "versions" in v for version in v["versions"])
    assert any(not version["partial_allowed"] for v in values if "versions" in v for version in v["versions"])
    assert {"EUR", "USD", "JPY"} <= {v["currency"] for v in values if "currency" in v}


def test_numbers_are_written_as_each_system_does(records: list[dict[str, Any]]) -> None:
    values = [record["value"] for record in records if isinstance(record["value"], dict)]
    erp = {v["order"] for v in values if v.get("system") == "SAP-EU"}
    wms = {v["order"] for v in values if v.get("system") == "WMS-HAM"}
    assert all(len(number) == 10 and number.startswith("0") for number in erp)
    assert not any(number.startswith("0") for number in wms)
    assert {number.lstrip("0") for number in erp} & wms
    quantities = [line["quantity"] for v in values for line in v.get("lines") or ()]
    assert any(isinstance(quantity, str) for quantity in quantities) and any(isinstance(quantity, float) for quantity in quantities)


def test_two_companies_share_an_order_number(expected: list[Expected]) -> None:
    numbers = Counter(each.order_id.partition(":")[2] for each in expected)
    assert max(numbers.values()) == 2


def test_orders_have_one_to_twelve_lines(records: list[dict[str, Any]]) -> None:
    sizes = {len(r["value"]["lines"]) for r in records if isinstance(r["value"], dict) and r["value"].get("type") == "order.released"}
    assert min(sizes) == 1 and max(sizes) == 12


def test_some_terms_arrive_after_orders_that_need_them(records: list[dict[str, Any]]) -> None:
    arrived = {r["key"]: place for place, r in enumerate(records) if r["topic"] == TERMS}
    needed = {
        r["value"]["terms"]: place
        for place, r in reversed(list(enumerate(records)))
        if isinstance(r["value"], dict) and r["value"].get("type") == "order.released"
    }
    assert [terms for terms, place in needed.items() if arrived.get(terms, -1) > place] == ["T-DELIVERY-LATE-EUR"]
    assert "T-NEVER-SENT-EUR" in needed and "T-NEVER-SENT-EUR" not in arrived


def test_exactly_one_record_is_too_large(records: list[dict[str, Any]]) -> None:
    large = [r for r in records if isinstance(r["value"], str) and len(r["value"]) == OVERSIZED_BYTES]
    assert len(large) == 1


def test_every_refused_record_can_be_recognised(day: Day, records: list[dict[str, Any]]) -> None:
    refused = [each for each in day.expectations() if isinstance(each, ExpectedDeadLetter)]
    marked = Counter(r["headers"]["message-id"] for r in records if "message-id" in r["headers"])
    assert {each.reason for each in refused} == {
        "ENVELOPE_INVALID", "TOMBSTONE", "OVERSIZED", "UNKNOWN_FORMAT", "SCHEMA_INVALID", "UNMAPPED_CODE", "TIME_INVALID", "QTY_INVALID",
        "REF_CONFLICT",
    }  # fmt: skip
    assert Counter(each.record for each in refused if each.topic != "shipment.references") == marked
    assert any(each.order_id for each in refused) and not all(each.order_id for each in refused)


def test_every_field_of_an_expectation_is_put_to_use(day: Day, expected: list[Expected]) -> None:
    assert {each.state for each in expected} == {
        "UNKNOWN", "RELEASED", "PICKED", "SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "PARTIALLY_DELIVERED", "DELIVERED", "PROVEN",
        "CANCELLED",
    }  # fmt: skip
    assert {each.billing for each in expected} == {"HELD", "PARTLY_RELEASED", "RELEASED", "INVOICED", "NOT_BILLABLE"}
    assert {code for each in expected for code in each.holds} == {
        "NO_ORDER", "NO_TERMS", "NOT_SHIPPED", "NOT_DELIVERED", "POD_MISSING", "INCOMPLETE", "SHIPMENT_CONTENTS_UNKNOWN", "UNIT_UNKNOWN",
        "EXCEPTION", "DISPUTE", "DEAD_LETTER", "CURRENCY", "POSTED_WITHOUT_RELEASE",
    }  # fmt: skip
    assert {kind for each in expected for kind in each.decisions or {}} == {"RELEASE", "PARTIAL_RELEASE", "REVOKE"}
    assert any(each.decisions is None for each in expected)
    assert any(each.released is None and each.amount is None and each.invoiceable for each in expected)
    assert any(each.released == {} and each.invoiceable for each in expected)
    assert any(each.open_exceptions for each in expected) and any(each.open_disputes for each in expected)
    assert {kind for each in expected for kind in each.milestones} == {
        "ORDER_RELEASED", "ORDER_CHANGED", "ORDER_CANCELLED", "PICK_COMPLETED", "GOODS_ISSUED", "SHIPMENT_PLANNED", "PICKED_UP",
        "DISPATCHED",
        "IN_TRANSIT", "OUT_FOR_DELIVERY", "ETA_UPDATED", "DELIVERED", "DELIVERED_PARTIAL", "DELIVERED_WITH_EXCEPTION", "POD_RECEIVED",
        "EXCEPTION_RAISED", "EXCEPTION_RESOLVED", "DISPUTE_OPENED", "DISPUTE_RESOLVED", "INVOICE_POSTED",
    }  # fmt: skip
    assert any(isinstance(each, ExpectedParked) for each in day.expectations())


def test_more_orders_take_more_days_and_no_more_memory() -> None:
    profile = Profile(REALISTIC.cards, oversized=0, most_orders_a_day=150)
    assert generate(1, 1_500, profile=profile).span == timedelta(days=10)
    few, many = (_peak_bytes(generate(1, orders, profile=profile)) for orders in (500, 1_500))
    assert many < 1.3 * few


def test_a_recent_day_is_over_but_not_long_ago() -> None:
    now = datetime(2026, 11, 23, 18, 20, tzinfo=UTC)
    last = max(orjson.loads(line)["timestamp"] for line in generate(1, 300, recent_start(now, 300)).phase(CLOSING))
    assert last < now.timestamp() * 1000
    assert now - recent_start(now, 300) < timedelta(days=8)
    assert now - recent_start(now, 200_000) < timedelta(days=15)


def test_a_day_may_start_in_winter_and_in_another_zone() -> None:
    day = generate(1, 5, datetime.fromisoformat("2026-01-15T00:00:00+09:00"))
    assert day.start == datetime(2026, 1, 14, 15, tzinfo=UTC)


def test_no_number_is_all_zeros_whatever_the_seed() -> None:
    assert not [order_id for seed in (0, 998, 999, 1000) for order_id in _order_ids(generate(seed, 5)) if order_id.endswith(":")]


def _order_ids(day: Day) -> set[str]:
    return {each.order_id for each in day.expectations() if isinstance(each, Expected)}


def _situation_counts(day: Day) -> list[str]:
    return [story.situation for story in day.stories()]


def _peak_bytes(day: Day) -> int:
    tracemalloc.start()
    try:
        for _ in day.lines():
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
