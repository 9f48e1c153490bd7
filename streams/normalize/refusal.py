"""Why a raw record cannot be read: raised by adapters, turned into dead letters by the normalize hop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.deadletter.reasons import Reason, Stage
from streams.domain.ids import order_key

__all__ = ["Refusal", "invalid", "orders_named", "shown"]

_LONGEST_SHOWN: Final = 80
_LONGEST_NAME: Final = 64
_MOST_ERRORS_SHOWN: Final = 3
_MOST_ORDERS_NAMED: Final = 1_000

_REASONS: Final = {
    "at": Reason.TIME_INVALID,
    "valid_from": Reason.TIME_INVALID,
    "valid_to": Reason.TIME_INVALID,
    "quantity": Reason.QTY_INVALID,
    "amount": Reason.QTY_INVALID,
    "unit_price": Reason.QTY_INVALID,
    **dict.fromkeys(("as_of", "picked_at", "issued_at", "time", "created_at", "updated_at", "processed_at"), Reason.TIME_INVALID),
    **dict.fromkeys(("ordered", "picked", "issued", "price", "current_quantity"), Reason.QTY_INVALID),
    **dict.fromkeys(("MENGE", "LFIMG", "VPREI", "PEINH", "NETWR", "SUMME", "BETRG", "PODMG", "LFIMG_DIFF"), Reason.QTY_INVALID),
    **dict.fromkeys(("RequestedQuantity", "NetPriceAmount", "NetPriceQuantity", "ActualDeliveryQuantity"), Reason.QTY_INVALID),
    **dict.fromkeys(("BillingQuantity", "NetAmount", "TotalNetAmount", "Quantity", "LineAmount", "InvoiceAmount"), Reason.QTY_INVALID),
}
"""A field that is wrong is the reason of the refusal; all other fields are SCHEMA_INVALID."""


class Refusal(Exception):
    """The record, or one statement of it, cannot be taken. `message` names the field and its value; `statements` are what the rest of
    the record says all the same (`streams.normalize.detect.Statement`); `orders` are the orders that it is about, where these are known."""

    def __init__(self, stage: Stage, reason: Reason, message: str, statements: Sequence[Any] = (), orders: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.stage = stage
        self.reason = reason
        self.message = message
        self.statements = statements
        self.orders = tuple(orders)


def shown(value: object) -> str:
    """A value as a message shows it: its repr, cut to a bounded length."""
    if isinstance(value, (list, tuple, dict)):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, (str, bytes)):
        value = value[: _LONGEST_SHOWN + 1]
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def invalid(error: ValidationError) -> Refusal:
    """The refusal for what pydantic found: the first few fields, each with its value."""
    found = error.errors(include_url=False, include_context=False)
    lines = [_line(detail) for detail in found[:_MOST_ERRORS_SHOWN]]
    if len(found) > _MOST_ERRORS_SHOWN:
        lines.append(f"and {len(found) - _MOST_ERRORS_SHOWN} more")
    return Refusal(Stage.VALIDATE, _REASONS.get(_field(found[0]), Reason.SCHEMA_INVALID), "; ".join(lines))


def orders_named(data: Any) -> tuple[str, ...]:
    """The order keys that a record of one of our own shapes (or a list of such records) names, however invalid the rest of it is."""
    found: dict[str, None] = {}
    for record in data if isinstance(data, list) else (data,):
        if isinstance(record, Mapping):
            orders = record.get("orders")
            for entry in (record, *orders) if isinstance(orders, list) else (record,):
                if len(found) < _MOST_ORDERS_NAMED and (order_id := _order_named(entry)):
                    found[order_id] = None
    return tuple(found)


def _order_named(data: Any) -> str:
    if not isinstance(data, Mapping):
        return ""
    company, number = _text(data.get("company")), _text(data.get("order"))
    return order_key(company, number) if company and number and ":" not in company else ""


def _text(value: Any) -> str:
    """A name or number as the shapes accept it, else nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    text = str(value).strip()
    return text if len(text) <= _LONGEST_NAME and text.isprintable() else ""


def _line(detail: ErrorDetails) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in _location(detail)).lstrip(".")
    given = "" if detail["type"] == "missing" else f", got {shown(detail['input'])}"
    said = detail["msg"].removeprefix("Value error, ")[: 4 * _LONGEST_SHOWN]
    return f"{where}: {said}{given}" if where else f"{said}{given}"


def _field(detail: ErrorDetails) -> str:
    named = [part for part in _location(detail) if isinstance(part, str)]
    return named[-1] if named else ""


def _location(detail: ErrorDetails) -> tuple[int | str, ...]:
    """Where in the record; pydantic puts the tag of a discriminated union (`goods.issued`) in front, which is no field."""
    location = detail["loc"]
    return location[1:] if location and isinstance(location[0], str) and "." in location[0] else location
