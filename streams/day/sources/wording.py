"""What the sources' habits have in common: how a number or a list of lines is printed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from streams.day.truth import Order

__all__ = ["lines_of", "number_of"]


def number_of(order: Order, *, padded: bool) -> str:
    """The order number as a system prints it: SAP pads to ten digits, the systems around it do not; those around the Japanese ERP write
    small letters."""
    if order.company.sap_numbers:
        return order.number.zfill(10) if padded else order.number
    return order.number if padded else order.number.lower()


def lines_of(order: Order, amounts: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    """Lines with quantities, decimals as text or as numbers, by the company's habit."""
    text = order.company.decimals_as_text
    return [
        {"line": number, "quantity": str(quantity) if text else float(quantity), "uom": order.lines[number].uom}
        for number, quantity in amounts.items()
    ]
