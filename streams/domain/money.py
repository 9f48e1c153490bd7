"""Amounts of money: rounded to what a currency can pay."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

__all__ = ["exponent", "rounded", "smallest"]

_BY_EXPONENT: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""ISO 4217 minor units that are not 2."""

_EXPONENTS: Final = {currency: digits for digits, currencies in _BY_EXPONENT.items() for currency in currencies.split()}

_CENT: Final = Decimal("0.01")
_STEPS: Final = {digits: Decimal(1).scaleb(-digits) for digits in (0, 2, 3, 4)}


def exponent(currency: str) -> int:
    """Decimal places of an ISO 4217 currency; 2 where the table names none."""
    return _EXPONENTS.get(currency, 2)


def smallest(currency: str) -> Decimal:
    """The smallest amount of an ISO 4217 currency, as `Decimal.quantize` takes it."""
    return _STEPS[_EXPONENTS[currency]] if currency in _EXPONENTS else _CENT


def rounded(value: Decimal, currency: str) -> Decimal:
    """`value` at the currency's decimal places, halves away from zero (commercial rounding)."""
    return value.quantize(_STEPS[_EXPONENTS[currency]] if currency in _EXPONENTS else _CENT, ROUND_HALF_UP)
