"""What quantities are worth."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from streams.day.truth import Order

__all__ = ["total_of", "value_of"]

_CENT: Final = Decimal("0.01")
_WHOLE: Final = Decimal(1)


def value_of(order: Order, line: str, quantity: Decimal) -> Decimal:
    """Price of a quantity of one line, rounded half up to the currency's smallest coin (ISO 4217: the yen has none below one)."""
    return (quantity * order.lines[line].price).quantize(_WHOLE if order.currency == "JPY" else _CENT, ROUND_HALF_UP)


def total_of(order: Order, amounts: Mapping[str, Decimal]) -> Decimal:
    """Price of quantities by line: each line is rounded on its own."""
    return sum((value_of(order, line, quantity) for line, quantity in amounts.items()), Decimal(0))
