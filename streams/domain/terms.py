"""Billing terms: when, on what evidence, how much and in what portions an order may be invoiced (docs/billing.md, "The terms")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from streams.domain.dates import working_days_after
from streams.domain.reference_data import CalendarChanged
from streams.domain.vocabulary import Milestone, ProofKind, ReasonClass

__all__ = [
    "INCOTERMS",
    "DisputePolicy",
    "ExceptionPolicy",
    "ExceptionRule",
    "Granularity",
    "Incoterm",
    "LatePolicy",
    "QuantityBasis",
    "ReturnPolicy",
    "SubstitutePolicy",
    "Terms",
    "Trigger",
]


class Trigger(StrEnum):
    """What must have happened before an invoice may be posted (docs/billing.md, "How the gate decides")."""

    __hash__ = str.__hash__

    ON_ORDER = "on_order"
    """The order is released: prepaid, or billed by plan."""

    ON_SHIP = "on_ship"
    ON_DELIVERY = "on_delivery"
    ON_POD = "on_pod"
    ON_ACCEPTANCE = "on_acceptance"
    """The customer accepted, or kept silent for the agreed days after the delivery."""

    ON_MILESTONES = "on_milestones"
    """All the milestones that the terms list."""


class Granularity(StrEnum):
    """What is invoiced as a whole, or not at all."""

    LINE = "line"
    """Any quantity of any line."""

    DELIVERY = "delivery"
    SHIPMENT = "shipment"
    ORDER = "order"


class QuantityBasis(StrEnum):
    """Whose quantity is invoiced, once the trigger has happened."""

    ORDERED = "ordered"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    PROVEN = "proven"


class ExceptionPolicy(StrEnum):
    """What an open exception does to the invoice."""

    HOLD = "hold"
    RELEASE_NET = "release_net"
    """Only what it is about is held: its lines and quantities, else its package, delivery or shipment."""

    IGNORE = "ignore"


class DisputePolicy(StrEnum):
    """What an open dispute holds."""

    HOLD_ALL = "hold_all"
    HOLD_LINES = "hold_lines"
    """The lines that it names; where it names none, everything."""

    IGNORE = "ignore"


class ReturnPolicy(StrEnum):
    """What an announced return does before the goods are back. Goods that are back are always taken off."""

    HOLD = "hold"
    REVOKE = "revoke"
    """What of it is released and not posted is revoked at once."""


class LatePolicy(StrEnum):
    """What becomes of goods that were posted and should not have been."""

    CREDIT = "credit"
    """A credit is requested by itself."""

    REVIEW = "review"
    """A person decides: the order is held with CREDIT_REVIEW."""


class SubstitutePolicy(StrEnum):
    """At what price another article is invoiced that was sent instead."""

    PRICE_CHECK = "price_check"
    """Held until the order is changed."""

    ORDERED_PRICE = "ordered_price"


class Incoterm(StrEnum):
    """Rule of the contract of carriage: it chooses the default trigger, and says whose risk a loss is."""

    EXW = "EXW"
    FCA = "FCA"
    CPT = "CPT"
    CIP = "CIP"
    FAS = "FAS"
    FOB = "FOB"
    CFR = "CFR"
    CIF = "CIF"
    DAP = "DAP"
    DPU = "DPU"
    DDP = "DDP"

    @property
    def risk_until_delivery(self) -> bool:
        """Whether goods that are lost on the way are the seller's loss."""
        return self in (Incoterm.DAP, Incoterm.DPU, Incoterm.DDP)


INCOTERMS: Final[dict[Incoterm, tuple[Milestone, ...]]] = {
    Incoterm.EXW: (Milestone.STAGED,),
    Incoterm.FCA: (Milestone.PICKED_UP,),
    Incoterm.CPT: (Milestone.PICKED_UP,),
    Incoterm.CIP: (Milestone.PICKED_UP,),
    Incoterm.FAS: (Milestone.DISPATCHED,),
    Incoterm.FOB: (Milestone.LOADED_ON_VESSEL,),
    Incoterm.CFR: (Milestone.LOADED_ON_VESSEL,),
    Incoterm.CIF: (Milestone.LOADED_ON_VESSEL,),
    Incoterm.DAP: (Milestone.ARRIVED_DESTINATION,),
    Incoterm.DPU: (Milestone.UNLOADED,),
    Incoterm.DDP: (Milestone.DELIVERED, Milestone.CUSTOMS_CLEARED),
}
"""What must have happened where the terms name an Incoterm and no trigger: evidence of the transfer of control, and only a default
(docs/billing.md, "The terms"; Incoterms 2020, articles A2 and A3 of each rule: delivery, transfer of risks)."""


@dataclass(slots=True)
class ExceptionRule:
    """What exceptions of one reason class do."""

    reason: ReasonClass
    policy: ExceptionPolicy


@dataclass(slots=True)
class Terms:
    """One version of a contract's billing terms. The version valid when the trigger happened is the one that counts."""

    terms_id: str
    version: int
    trigger: Trigger
    currency: str
    time_zone: str
    """IANA name; the accounting date is the trigger's date there."""

    valid_from: datetime
    valid_to: datetime | None = None
    """Exclusive; None is open."""

    partial_allowed: bool = True
    """False: nothing is released before the whole order is billable (the same as granularity ORDER)."""

    pod_auto_confirm_days: int | None = None
    """ON_POD only: days after a clean delivery at which silence counts as proof; None is never."""

    milestones: tuple[Milestone, ...] = ()
    """ON_MILESTONES only: all of these must have happened."""

    granularity: Granularity = Granularity.LINE
    quantity_basis: QuantityBasis | None = None
    """None: the quantity that the trigger speaks of."""

    closes_short: bool = True
    """Lines of which the warehouse says that no more will come are complete; False: the rest is waited for."""

    pod_kinds: tuple[ProofKind, ...] = ()
    """Proofs that count; empty: any."""

    acceptance_days: int | None = None
    """ON_ACCEPTANCE only: days after a clean delivery at which silence counts as acceptance; None is never."""

    over_tolerance: Decimal = Decimal(0)
    """Percent of the ordered quantity that may be invoiced on top where more was delivered."""

    under_tolerance: Decimal = Decimal(0)
    """Percent of the ordered quantity that may be missing where a line is still complete. With basis ORDERED it is invoiced."""

    amount_tolerance: Decimal = Decimal(0)
    """By how much, in `currency`, a posted invoice may differ from its release."""

    amount_tolerance_percent: Decimal = Decimal(0)
    exceptions: tuple[ExceptionRule, ...] = ()
    """By reason class; of others only those hold that block billing."""

    disputes: DisputePolicy = DisputePolicy.HOLD_LINES
    returns: ReturnPolicy = ReturnPolicy.HOLD
    late: LatePolicy = LatePolicy.CREDIT
    substitutes: SubstitutePolicy = SubstitutePolicy.PRICE_CHECK
    incoterm: Incoterm | None = None
    ignored_blocks: tuple[str, ...] = ()
    """Codes of billing blocks that do not stop an invoice."""

    late_penalty: bool = False
    """A release of goods that were reported late carries the reason LATE_DELIVERY."""

    posting_days: int | None = None
    """Days after a release within which finance must have posted it; None: the installation's setting."""

    calendar: str = ""
    """Whose working days all days of these terms are; empty: every day counts."""

    working_days: CalendarChanged | None = None
    """That calendar, as far as it is known."""

    def days_after(self, at: datetime, days: int) -> datetime | None:
        """The moment so many days after `at`. None: they are days of a calendar that nobody has sent yet."""
        if not self.calendar:
            return at + timedelta(days=days)
        if self.working_days is None:
            return None
        return working_days_after(at, days, self.time_zone, self.working_days.counts)
