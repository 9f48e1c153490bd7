"""What Milepost says to the world about an order: milestones, status, invoice decisions and holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from streams.domain.event import Event
from streams.domain.terms import Trigger

__all__ = [
    "BillingState",
    "Decision",
    "DecisionKind",
    "DecisionLine",
    "Hold",
    "HoldCode",
    "HoldReason",
    "MilestoneReached",
    "OrderState",
    "ShipmentStatus",
    "Status",
]


class OrderState(StrEnum):
    """How far an order is, derived from its facts."""

    UNKNOWN = "UNKNOWN"
    """Facts arrived before the order itself."""

    RELEASED = "RELEASED"
    PICKED = "PICKED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    PARTIALLY_DELIVERED = "PARTIALLY_DELIVERED"
    DELIVERED = "DELIVERED"
    PROVEN = "PROVEN"
    """Delivered in full, and proof of delivery received for all of it."""

    CANCELLED = "CANCELLED"


class BillingState(StrEnum):
    """How far an order's invoicing is."""

    HELD = "HELD"
    PARTLY_RELEASED = "PARTLY_RELEASED"
    RELEASED = "RELEASED"
    INVOICED = "INVOICED"
    NOT_BILLABLE = "NOT_BILLABLE"
    """Cancelled, with nothing released."""


class HoldCode(StrEnum):
    """Why an order may not be invoiced (further)."""

    NO_ORDER = "NO_ORDER"
    NO_TERMS = "NO_TERMS"
    """The order's contract is unknown, or no version was valid at the trigger."""

    NOT_SHIPPED = "NOT_SHIPPED"
    NOT_DELIVERED = "NOT_DELIVERED"
    POD_MISSING = "POD_MISSING"
    MILESTONE_MISSING = "MILESTONE_MISSING"
    """A milestone that the terms list has not happened."""

    ACCEPTANCE_MISSING = "ACCEPTANCE_MISSING"
    REJECTED = "REJECTED"
    """The customer did not accept the goods."""

    INCOMPLETE = "INCOMPLETE"
    """Terms allow no partial invoice, and part of the order (or of a delivery that is invoiced as a whole) is still open."""

    SHIPMENT_CONTENTS_UNKNOWN = "SHIPMENT_CONTENTS_UNKNOWN"
    """A shipment was delivered, but nobody said what is in it."""

    UNIT_UNKNOWN = "UNIT_UNKNOWN"
    """Quantities come in a unit other than the order's, with no factor known."""

    EXCEPTION = "EXCEPTION"
    DISPUTE = "DISPUTE"
    ORDER_BLOCK = "ORDER_BLOCK"
    """The ERP blocks billing of the whole order."""

    LINE_BLOCK = "LINE_BLOCK"
    DELIVERY_BLOCK = "DELIVERY_BLOCK"
    ORDER_HELD = "ORDER_HELD"
    """The ERP holds the order itself, for credit or another reason."""

    PRICE_CHECK = "PRICE_CHECK"
    """Another article was sent than was ordered, and nobody said at what price."""

    CANCELLED_LINE = "CANCELLED_LINE"
    """Goods left after their line, or their order, was cancelled."""

    RETURN = "RETURN"
    """Goods are announced, or on their way, to come back."""

    CREDIT_REVIEW = "CREDIT_REVIEW"
    """More is posted than may be; by the terms a person decides about the credit."""

    DEAD_LETTER = "DEAD_LETTER"
    CURRENCY = "CURRENCY"
    """Order and terms name different currencies."""

    TIME_ZONE = "TIME_ZONE"
    """The trigger's time has no known zone, and the accounting date depends on it."""

    POSTED_WITHOUT_RELEASE = "POSTED_WITHOUT_RELEASE"
    """An invoice was posted before it might be."""


class DecisionKind(StrEnum):
    """What finance is asked to do."""

    RELEASE = "RELEASE"
    """Post an invoice; the order is then released in full."""

    PARTIAL_RELEASE = "PARTIAL_RELEASE"
    """Post an invoice for these lines; more will follow."""

    REVOKE = "REVOKE"
    """Do not post what was released and is not posted yet."""

    CREDIT_REQUEST = "CREDIT_REQUEST"
    """Give credit for what was posted and should not have been."""


@dataclass(slots=True)
class DecisionLine:
    """One order line of a decision. `delta` and `amount` are negative for REVOKE and CREDIT_REQUEST."""

    line: str
    sku: str
    delta: Decimal
    cumulative: Decimal
    """Net released quantity after this decision."""

    uom: str
    unit_price: Decimal
    amount: Decimal
    """For `delta`, rounded to the currency so that the amounts of all decisions sum to that of the cumulative quantity."""


@dataclass(slots=True)
class Decision:
    """A record of `invoice.releases`: what finance acts upon, once."""

    release_id: str
    """UUIDv5 of order, billable unit and sequence."""

    order_id: str
    billable_unit: str
    sequence: int
    kind: DecisionKind
    lines: tuple[DecisionLine, ...]
    amount: Decimal
    currency: str
    accounting_date: date
    trigger: Trigger
    triggered_at: datetime
    terms_id: str
    terms_version: int
    evidence: tuple[str, ...]
    """Ids of the events on which the decision rests, sorted."""

    reasons: tuple[str, ...]
    """Plain codes, e.g. AUTO_CONFIRM."""

    supersedes: str = ""
    """Release id of the decision before it in the same billable unit."""


@dataclass(slots=True)
class HoldReason:
    """One thing that stands in the way."""

    code: HoldCode
    detail: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(slots=True)
class Hold:
    """A record of `invoice.holds`: all that stands in the way now. No reasons: nothing does."""

    order_id: str
    reasons: tuple[HoldReason, ...]
    at: datetime
    """Log time of the record that changed the reasons."""


@dataclass(slots=True)
class ShipmentStatus:
    """One shipment (or delivery, where no shipment is named) of an order."""

    shipment_id: str
    state: OrderState
    delivered_at: datetime | None = None
    proven_at: datetime | None = None
    eta: datetime | None = None


@dataclass(slots=True)
class Status:
    """A record of `shipment.status`: the latest snapshot of an order."""

    order_id: str
    state: OrderState
    billing: BillingState
    shipments: tuple[ShipmentStatus, ...]
    open_exceptions: tuple[str, ...]
    open_disputes: tuple[str, ...]
    released_amount: Decimal
    currency: str
    last_event_at: datetime | None
    at: datetime
    """Log time of the record that changed it."""


@dataclass(slots=True)
class MilestoneReached:
    """A record of `shipment.milestones`: an event, the first time it is known for its order."""

    milestone_id: str
    event: Event
