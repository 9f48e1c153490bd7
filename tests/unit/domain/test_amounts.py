"""Amounts: rounded so that an order's decisions always sum to the rounded value of what is released."""

from __future__ import annotations

from decimal import Decimal

import pytest

from streams.domain.money import exponent, rounded
from streams.domain.terms import Trigger
from tests.unit.domain.telling import ToldOrder, changed, day, delivered, delivered_partial, issued, released, retracted, terms

ON_DELIVERY = terms(Trigger.ON_DELIVERY)


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XYZ", 2)])
def test_decimal_places_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    ("value", "currency", "amount"), [("0.005", "EUR", "0.01"), ("-0.005", "EUR", "-0.01"), ("0.5", "JPY", "1"), ("0.0005", "KWD", "0.001")]
)
def test_halves_are_rounded_away_from_zero(value: str, currency: str, amount: str) -> None:
    assert str(rounded(Decimal(value), currency)) == amount


def test_the_amounts_of_partial_releases_sum_to_the_amount_of_the_whole() -> None:
    """Three thirds of 1.00: 0.33, 0.34, 0.33; each rounded for itself would be 0.99."""
    order = ToldOrder(ON_DELIVERY).hears(released({"10": 3}, price="0.3333"), issued(day(2), {"10": 3}))
    for number in (3, 4, 5):
        order.hears(delivered_partial(day(number), {"10": 1}))
    assert [str(decision.amount) for decision in order.decisions] == ["0.33", "0.34", "0.33"]
    assert order.amount == Decimal("1.00")
    assert order.row.status.released_amount == Decimal("1.00")  # type: ignore[union-attr]


def test_the_amounts_of_a_release_and_its_reversal_sum_to_nothing() -> None:
    scan = delivered_partial(day(4), {"10": 1})
    order = ToldOrder(ON_DELIVERY).hears(released({"10": 3}, price="0.3333"), issued(day(2), {"10": 3}))
    order.hears(delivered_partial(day(3), {"10": 1}), scan, retracted(scan))
    assert [str(decision.amount) for decision in order.decisions] == ["0.33", "0.34", "-0.34"]
    assert order.amount == Decimal("0.33")


def test_amounts_are_in_the_orders_currency() -> None:
    order = ToldOrder(terms(Trigger.ON_DELIVERY, currency="JPY")).hears(released({"10": 3}, price="33.5", currency="JPY"))
    order.hears(issued(day(2), {"10": 3}), delivered(day(3)))
    assert str(order.release.amount) == "101"
    assert order.release.currency == "JPY"


def test_a_new_price_counts_for_what_is_released_from_now_on() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released(), issued(day(2)), delivered_partial(day(3), {"10": 6}))
    order.hears(changed({"10": 10}, day(4), price="12.00"), delivered_partial(day(5), {"10": 4}))
    assert [decision.amount for decision in order.decisions] == [60, 48]
    order.hears(changed({"10": 0}, day(6), revision=3))
    assert order.amount == 0


def test_the_lines_of_a_decision_sum_to_its_amount() -> None:
    lines = {str(number * 10): number for number in range(1, 8)}
    order = ToldOrder(ON_DELIVERY).hears(released(lines, price="0.105"), issued(day(2), lines), delivered(day(3)))
    assert order.release.amount == sum(line.amount for line in order.release.lines)
    assert all(line.amount == rounded(line.delta * Decimal("0.105"), "EUR") for line in order.release.lines)
