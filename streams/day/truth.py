"""What really happened to an order: the generator's own books, kept while it writes the records, never read from the pipeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from streams.day.world import Carrier, Company, Contract, Warehouse

__all__ = ["Amounts", "Line", "Order", "Shipment", "add"]

Amounts = dict[str, Decimal]
"""Quantity by order line."""


@dataclass(slots=True)
class Line:
    """One line as the ERP last said it."""

    sku: str
    quantity: Decimal
    uom: str
    price: Decimal


@dataclass(slots=True, eq=False)
class Order:
    """One order and all that befell it."""

    company: Company
    number: str
    """Without leading zeros; how a system prints it is that system's habit."""

    contract: Contract
    warehouse: Warehouse
    customer: str
    lines: dict[str, Line]
    situation: str
    currency: str
    """What its ERP writes; a slip of the pen in one situation."""

    revision: int = 0
    announced: bool = False
    cancelled: bool = False
    picked: bool = False
    progress: str = ""
    """Furthest transport milestone of any shipment, while nothing is delivered: PICKED_UP, DISPATCHED, IN_TRANSIT or OUT_FOR_DELIVERY."""

    shipped: Amounts = field(default_factory=dict)
    delivered: Amounts = field(default_factory=dict)
    proven: Amounts = field(default_factory=dict)
    posted: Amounts = field(default_factory=dict)
    posted_too_early: bool = False
    """Posted, and its trigger never comes."""

    posted_first: bool = False
    """Posted in the first phase, and triggered in the second: cured, without a release."""

    confirmed_by_silence: bool = False
    """Its contract takes silence for proof, and the days are over."""

    billing_blocked: bool = False
    """An exception that blocks billing is open."""

    open_exceptions: int = 0
    open_disputes: set[str] = field(default_factory=set)
    """Their cases."""

    disputed_lines: set[str] = field(default_factory=set)
    handed_over: bool = False
    """Something of it was delivered, though perhaps nobody can tell how much."""

    dead_letters: int = 0
    """Refused records that name this order."""

    contents_unknown: bool = False
    """One of its shipments was delivered, and nobody said what it held."""

    unit_unknown: bool = False
    """A warehouse counted in a unit that the order does not have."""

    milestones: Counter[str] = field(default_factory=Counter)
    decisions_vary: bool = False
    """How many decisions lead to the result depends on what arrives first."""

    released_before: Amounts | None = None
    """What was released in the first phase, where something stops the order only in the second."""

    revoked: bool = False
    """Released in full in the first phase, and taken back in the second."""

    release_varies: bool = False
    """Even whether a release comes before the posting depends on that."""

    @property
    def id(self) -> str:
        return f"{self.company.code}:{self.number}"

    def ordered(self) -> Amounts:
        """Quantities of the lines that are not cancelled."""
        return {number: line.quantity for number, line in self.lines.items() if line.quantity}

    def reached(self, milestone: str) -> None:
        """Note that a new statement of this kind concerns the order."""
        self.milestones[milestone] += 1


@dataclass(slots=True, eq=False)
class Shipment:
    """Goods of one or more orders on one vehicle or in one consignment."""

    number: str
    carrier: Carrier
    orders: list[Order]
    references: list[str]
    """Tracking or PRO numbers; several: one a package."""

    packages: bool = False
    """Tracked package by package."""

    contents: dict[str, Amounts] = field(default_factory=dict)
    """By order id; an order is missing where nobody said what of it was inside."""

    def delivery(self, order: Order) -> str:
        """Number of the order's delivery in this shipment, where its warehouse counts in deliveries."""
        return f"80{self.number[1:]}{self.orders.index(order)}"

    def loaded(self, order: Order, amounts: Mapping[str, Decimal]) -> None:
        """Goods of the order were issued into this shipment."""
        add(self.contents.setdefault(order.id, {}), amounts.items())


def add(total: Amounts, more: Iterable[tuple[str, Decimal]]) -> None:
    """Add quantities by line, in place."""
    for number, quantity in more:
        total[number] = total.get(number, Decimal(0)) + quantity
