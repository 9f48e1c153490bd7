"""The row of one order: its facts, and what was decided on them (the ledger). All else is derived.

Status, hold and wake-up time are kept only as they were last said, so that they are said again only when they change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from streams.domain.decisions import BillingState, HoldReason, OrderState
from streams.domain.facts import Fact
from streams.domain.memory import Memory
from streams.domain.terms import Trigger

if TYPE_CHECKING:
    from streams.domain.dossier import Dossier

__all__ = ["Basis", "InvoiceEntry", "Ledger", "LedgerLine", "OrderRow", "Refused", "Release", "ShipmentMark", "Snapshot"]


class LedgerLine(NamedTuple):
    """What of an order line is released, net of what was revoked and credited."""

    sku: str
    uom: str
    released: Decimal
    value: Decimal
    """Of `released`, in the basis' currency, not rounded: amounts are differences of rounded values."""


class Release(NamedTuple):
    """One RELEASE or PARTIAL_RELEASE as it was emitted, so that an invoice can be matched to it."""

    sequence: int
    amount: Decimal
    lines: tuple[tuple[str, Decimal], ...]


class InvoiceEntry(NamedTuple):
    """What a posted invoice was taken to cover, `(line, quantity)`, when it became known."""

    number: str
    backed: tuple[tuple[str, Decimal], ...]
    """Released before it was posted; less what was credited since."""

    early: tuple[tuple[str, Decimal], ...]
    """Posted without a release."""


class Basis(NamedTuple):
    """The terms of the last release: those that its reversal is dated and paid by."""

    trigger: Trigger
    terms_id: str
    terms_version: int
    time_zone: str
    currency: str


@dataclass(slots=True)
class Ledger:
    """What was decided about an order, and what finance did."""

    sequence: int = 0
    """Number of the last decision; the first is 1."""

    lines: dict[str, LedgerLine] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    invoices: list[InvoiceEntry] = field(default_factory=list)
    basis: Basis | None = None


class Refused(NamedTuple):
    """A record about this order that was refused; held while `open`."""

    at: datetime
    open: bool
    reason: str


class ShipmentMark(NamedTuple):
    """`decisions.ShipmentStatus` as stored."""

    shipment_id: str
    state: OrderState
    delivered_at: datetime | None
    proven_at: datetime | None
    eta: datetime | None


class Snapshot(NamedTuple):
    """`decisions.Status` as last said, less the order's id and the log time."""

    state: OrderState
    billing: BillingState
    shipments: tuple[ShipmentMark, ...]
    open_exceptions: tuple[str, ...]
    open_disputes: tuple[str, ...]
    released_amount: Decimal
    currency: str
    last_event_at: datetime | None


@dataclass(slots=True)
class OrderRow:
    """Everything known about one order."""

    order_id: str
    facts: list[Fact] = field(default_factory=list)
    dead_letters: dict[str, Refused] = field(default_factory=dict)
    clock: datetime | None = None
    """The latest moment that a tick has told this row of."""

    ledger: Ledger = field(default_factory=Ledger)
    status: Snapshot | None = None
    hold: tuple[HoldReason, ...] = ()
    wake_at: datetime | None = None
    """When the row must be told the time next; whole milliseconds."""

    waits_for: str = ""
    """Terms whose change could still matter; empty once everything is settled."""

    needs: tuple[str, ...] = ()
    """Articles whose units are not known, and would have to be."""

    memory: Memory = field(default_factory=Memory)
    """What was said of exceptions, findings and tasks."""

    scans: bytes = b""
    """Generic scans that are summarised: eight bytes of each one's milestone id (`streams.domain.scans`)."""

    dossier: Dossier | None = field(default=None, repr=False, compare=False)
    """The facts in order, kept between events of one row object. Never stored; None: to be made."""
