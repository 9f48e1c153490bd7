"""Quantities by order line, and how they are added, taken off and compared."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

__all__ = [
    "NONE",
    "Amounts",
    "least",
    "less",
    "plus",
    "reaches",
]

Amounts = dict[str, Decimal]
"""Quantity by order line, in the order line's unit. Shared where possible, so never changed once it is made."""
NONE: Final = Decimal(0)


def plus(some: Amounts, more: Amounts) -> Amounts:
    """Sum of two, by line."""
    if not more:
        return some
    if not some:
        return more
    total = dict(some)
    for line, quantity in more.items():
        total[line] = total[line] + quantity if line in total else quantity
    return total


def less(some: Amounts, off: Amounts) -> Amounts:
    """What is left of `some`; lines of which nothing is left are left out."""
    if not off:
        return some
    left = {line: quantity - off[line] if line in off else quantity for line, quantity in some.items()}
    return {line: quantity for line, quantity in left.items() if quantity > 0}


def least(some: Amounts, other: Amounts) -> Amounts:
    """The smaller quantity of each line that both have."""
    if some is other or some == other:
        return some
    return {line: min(quantity, other[line]) for line, quantity in some.items() if line in other}


def reaches(amounts: Amounts, wanted: Amounts) -> bool:
    """Whether there is at least as much of each line as is wanted."""
    if amounts is wanted or amounts == wanted:
        return True
    for line, quantity in wanted.items():  # noqa: SIM110 - a generator costs twice as much here
        if line not in amounts or amounts[line] < quantity:
            return False
    return True
