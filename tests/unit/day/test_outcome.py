"""What the generator expects, from the truth alone: the billing rules once more, in small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from streams.day.money import value_of
from streams.day.outcome import outcome_of
from streams.day.sources import erp
from streams.day.story import Frame, Story
from streams.day.truth import Line, Order
from streams.day.world import COMPANIES, CONTRACTS, NEVER_SENT, Contract

_TEN = {"10": Decimal(10)}
_SIX = {"10": Decimal(6)}


def _contract(terms_id: str) -> Contract:
    return next(contract for contract in CONTRACTS if contract.terms_id == terms_id)


def _order(terms_id: str = "T-DELIVERY-EUR", *, price: str = "2.50") -> Order:
    company = COMPANIES[0]
    order = Order(
        company=company,
        number="4711",
        contract=_contract(terms_id),
        warehouse=company.warehouses[0],
        customer="C",
        lines={"10": Line("SKU", Decimal(10), "EA", Decimal(price))},
        situation="test",
        currency="EUR",
    )
    order.announced = True
    return order


def test_shipped_under_on_ship_terms_is_released() -> None:
    order = _order("T-SHIP-EUR")
    order.shipped = dict(_TEN)
    expected = outcome_of(order)
    assert (expected.state, expected.billing, expected.holds) == ("SHIPPED", "RELEASED", ())
    assert expected.released == _TEN and expected.amount == Decimal("25.00")
    assert expected.decisions == {"RELEASE": 1}


def test_shipped_under_on_delivery_terms_is_held() -> None:
    order = _order()
    order.shipped = dict(_TEN)
    expected = outcome_of(order)
    assert (expected.billing, expected.holds, expected.released) == ("HELD", ("NOT_DELIVERED",), {})
    assert expected.decisions == {}


def test_part_delivered_is_released_in_part_and_the_rest_waits() -> None:
    order = _order()
    order.delivered = dict(_SIX)
    expected = outcome_of(order)
    assert (expected.state, expected.billing, expected.holds) == ("PARTIALLY_DELIVERED", "PARTLY_RELEASED", ("NOT_DELIVERED",))
    assert expected.released == _SIX and expected.decisions == {"PARTIAL_RELEASE": 1}


def test_part_delivered_under_terms_without_partials_is_incomplete() -> None:
    order = _order("T-WHOLE-EUR")
    order.delivered = dict(_SIX)
    expected = outcome_of(order)
    assert (expected.billing, expected.holds, expected.released) == ("HELD", ("INCOMPLETE", "NOT_DELIVERED"), {})


def test_delivered_without_proof_under_on_pod_terms_misses_its_proof() -> None:
    order = _order("T-POD-EUR")
    order.delivered = dict(_TEN)
    assert outcome_of(order).holds == ("POD_MISSING",)


def test_part_delivered_without_proof_misses_the_rest_and_the_proof() -> None:
    order = _order("T-POD-EUR")
    order.delivered = dict(_SIX)
    assert outcome_of(order).holds == ("NOT_DELIVERED", "POD_MISSING")


def test_silence_is_proof_where_the_contract_says_so() -> None:
    order = _order("T-POD-AUTO-EUR")
    order.delivered = dict(_TEN)
    order.confirmed_by_silence = True
    expected = outcome_of(order)
    assert (expected.state, expected.billing, expected.holds) == ("DELIVERED", "RELEASED", ())


def test_delivered_and_proven_is_proven() -> None:
    order = _order("T-POD-EUR")
    order.delivered, order.proven = dict(_TEN), dict(_TEN)
    assert outcome_of(order).state == "PROVEN"


@pytest.mark.parametrize(
    ("field", "code"),
    [("billing_blocked", "EXCEPTION"), ("dead_letters", "DEAD_LETTER")],
)
def test_what_blocks_an_order_holds_all_of_it(field: str, code: str) -> None:
    order = _order()
    order.delivered = dict(_TEN)
    setattr(order, field, 1)
    expected = outcome_of(order)
    assert (expected.billing, expected.holds, expected.released) == ("HELD", (code,), {})


def test_a_dispute_over_one_line_holds_that_line_only() -> None:
    order = _order()
    order.lines["20"] = Line("SKU-2", Decimal(1), "EA", Decimal(1))
    order.delivered = {"10": Decimal(10), "20": Decimal(1)}
    order.open_disputes, order.disputed_lines = {"C1"}, {"20"}
    expected = outcome_of(order)
    assert (expected.billing, expected.holds, expected.released) == ("PARTLY_RELEASED", ("DISPUTE",), _TEN)
    assert expected.open_disputes == 1


def test_without_terms_nothing_else_is_known_to_be_missing() -> None:
    order = _order()
    order.contract = NEVER_SENT
    order.delivered = dict(_TEN)
    assert outcome_of(order).holds == ("NO_TERMS",)


def test_an_order_in_another_currency_than_its_terms_is_held() -> None:
    order = _order()
    order.currency = "GBP"
    order.delivered = dict(_TEN)
    assert outcome_of(order).holds == ("CURRENCY",)


def test_an_order_that_nobody_announced_is_unknown() -> None:
    order = _order()
    order.announced = False
    order.delivered = dict(_TEN)
    expected = outcome_of(order)
    assert (expected.state, expected.billing, expected.holds, expected.currency) == ("UNKNOWN", "HELD", ("NO_ORDER",), "")


def test_a_cancelled_order_is_not_billable_and_waits_for_nothing() -> None:
    order = _order()
    order.cancelled = True
    expected = outcome_of(order)
    assert (expected.state, expected.billing, expected.holds) == ("CANCELLED", "NOT_BILLABLE", ())


def test_a_line_changed_to_zero_is_no_longer_ordered() -> None:
    order = _order()
    order.lines["20"] = Line("SKU-2", Decimal(0), "EA", Decimal(1))
    order.delivered = dict(_TEN)
    assert outcome_of(order).billing == "RELEASED"


def test_posted_after_the_release_is_invoiced() -> None:
    order = _order()
    order.delivered, order.posted = dict(_TEN), dict(_TEN)
    expected = outcome_of(order)
    assert (expected.billing, expected.released, expected.invoiceable) == ("INVOICED", _TEN, _TEN)


def test_posted_too_early_is_held_and_not_taken_for_invoiced() -> None:
    order = _order()
    order.posted, order.posted_too_early = dict(_TEN), True
    expected = outcome_of(order)
    assert (expected.billing, expected.holds) == ("HELD", ("NOT_DELIVERED", "POSTED_WITHOUT_RELEASE"))
    assert (expected.released, expected.invoiceable) == ({}, _TEN)


def test_posted_first_and_earned_later_is_invoiced_without_a_release() -> None:
    order = _order()
    order.delivered, order.posted, order.posted_first = dict(_TEN), dict(_TEN), True
    expected = outcome_of(order)
    assert (expected.billing, expected.holds, expected.released, expected.decisions) == ("INVOICED", (), {}, {})
    assert expected.invoiceable == _TEN


def test_a_dispute_after_the_release_takes_nothing_back() -> None:
    order = _order()
    order.delivered, order.released_before = dict(_TEN), dict(_TEN)
    order.open_disputes, order.disputed_lines = {"C1"}, {"10"}
    expected = outcome_of(order)
    assert (expected.billing, expected.holds, expected.released) == ("RELEASED", ("DISPUTE",), _TEN)


def test_a_cancellation_after_the_release_revokes_it() -> None:
    order = _order("T-SHIP-EUR")
    order.shipped, order.cancelled, order.revoked = dict(_TEN), True, True
    expected = outcome_of(order)
    assert (expected.state, expected.billing, expected.released, expected.amount) == ("CANCELLED", "NOT_BILLABLE", {}, 0)
    assert expected.decisions == {"RELEASE": 1, "REVOKE": 1}


def test_a_race_between_release_and_posting_fixes_only_what_is_invoiceable() -> None:
    order = _order()
    order.delivered, order.posted, order.release_varies = dict(_TEN), dict(_TEN), True
    expected = outcome_of(order)
    assert (expected.released, expected.amount, expected.decisions) == (None, None, None)
    assert expected.invoiceable == _TEN


def test_goods_nobody_can_count_stand_for_all_that_is_missing() -> None:
    for field, code in (("contents_unknown", "SHIPMENT_CONTENTS_UNKNOWN"), ("unit_unknown", "UNIT_UNKNOWN")):
        order = _order()
        order.handed_over = True
        setattr(order, field, True)
        expected = outcome_of(order)
        assert (expected.state, expected.holds) == ("PARTIALLY_DELIVERED", (code,))


@pytest.mark.parametrize(("currency", "value"), [("EUR", "0.13"), ("JPY", "0")])
def test_a_line_is_worth_its_price_rounded_half_up_to_the_smallest_coin(currency: str, value: str) -> None:
    order = _order(price="0.125")
    order.currency = currency
    assert value_of(order, "10", Decimal(1)) == Decimal(value)


def test_the_last_of_several_records_counts_milestones_once_each() -> None:
    start = datetime(2026, 6, 1, tzinfo=UTC)
    story = Story(Frame(1, start, timedelta(hours=1), start + timedelta(days=9), duplicates=1.0), Random(1), 0, 0)
    order = _order()
    erp.announce(story, order)
    assert len(story.records) == 2, "told twice by its channel"
    assert outcome_of(order).milestones == {"ORDER_RELEASED": 1}
