"""The words that Milepost speaks, whatever words its sources use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "MILESTONES",
    "REASONS",
    "Cause",
    "Classifier",
    "Effect",
    "Entry",
    "Grade",
    "Group",
    "Milestone",
    "ProofKind",
    "ReasonClass",
    "ReferenceKind",
    "Scope",
    "Settlement",
]


class Milestone(StrEnum):
    """What can happen to an order on its way to a posted invoice, and back. What each means: `MILESTONES`."""

    __hash__ = str.__hash__
    """Enum hashes in Python, str in C; facts are looked up by milestone all the time."""

    ORDER_RECEIVED = "ORDER_RECEIVED"
    ORDER_RELEASED = "ORDER_RELEASED"
    ORDER_CHANGED = "ORDER_CHANGED"
    ORDER_HELD = "ORDER_HELD"
    ORDER_HOLD_CLEARED = "ORDER_HOLD_CLEARED"
    ORDER_CANCELLED = "ORDER_CANCELLED"

    PICK_STARTED = "PICK_STARTED"
    PICK_COMPLETED = "PICK_COMPLETED"
    PICK_SHORTED = "PICK_SHORTED"
    PACKED = "PACKED"
    STAGED = "STAGED"
    LOAD_STARTED = "LOAD_STARTED"
    LOADED = "LOADED"
    GOODS_ISSUED = "GOODS_ISSUED"
    GOODS_ISSUE_REVERSED = "GOODS_ISSUE_REVERSED"

    SHIPMENT_PLANNED = "SHIPMENT_PLANNED"
    TENDERED = "TENDERED"
    TENDER_ACCEPTED = "TENDER_ACCEPTED"
    TENDER_REJECTED = "TENDER_REJECTED"
    LABEL_CREATED = "LABEL_CREATED"
    MANIFEST_VOIDED = "MANIFEST_VOIDED"
    APPOINTMENT_SET = "APPOINTMENT_SET"
    ARRIVED_PICKUP = "ARRIVED_PICKUP"
    PICKED_UP = "PICKED_UP"
    DISPATCHED = "DISPATCHED"
    IN_TRANSIT = "IN_TRANSIT"
    ARRIVED_TERMINAL = "ARRIVED_TERMINAL"
    DEPARTED_TERMINAL = "DEPARTED_TERMINAL"
    LOADED_ON_VESSEL = "LOADED_ON_VESSEL"
    DISCHARGED = "DISCHARGED"
    CUSTOMS_HELD = "CUSTOMS_HELD"
    CUSTOMS_CLEARED = "CUSTOMS_CLEARED"
    ARRIVED_DESTINATION = "ARRIVED_DESTINATION"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    AVAILABLE_FOR_COLLECTION = "AVAILABLE_FOR_COLLECTION"
    ETA_UPDATED = "ETA_UPDATED"

    DELIVERY_ATTEMPTED = "DELIVERY_ATTEMPTED"
    DELIVERED = "DELIVERED"
    DELIVERED_PARTIAL = "DELIVERED_PARTIAL"
    DELIVERED_WITH_EXCEPTION = "DELIVERED_WITH_EXCEPTION"
    DELIVERY_REFUSED = "DELIVERY_REFUSED"
    UNLOADED = "UNLOADED"
    POD_RECEIVED = "POD_RECEIVED"
    POD_DIFFERENCE = "POD_DIFFERENCE"
    ACCEPTED_BY_CUSTOMER = "ACCEPTED_BY_CUSTOMER"
    REJECTED_BY_CUSTOMER = "REJECTED_BY_CUSTOMER"

    EXCEPTION_RAISED = "EXCEPTION_RAISED"
    DELAYED = "DELAYED"
    DAMAGED = "DAMAGED"
    LOST = "LOST"
    EXCEPTION_RESOLVED = "EXCEPTION_RESOLVED"

    RETURN_INITIATED = "RETURN_INITIATED"
    RETURNING = "RETURNING"
    RETURNED_TO_SHIPPER = "RETURNED_TO_SHIPPER"
    RETURN_RECEIVED = "RETURN_RECEIVED"

    BILLING_BLOCK_SET = "BILLING_BLOCK_SET"
    BILLING_BLOCK_CLEARED = "BILLING_BLOCK_CLEARED"
    DISPUTE_OPENED = "DISPUTE_OPENED"
    DISPUTE_RESOLVED = "DISPUTE_RESOLVED"
    INVOICE_POSTED = "INVOICE_POSTED"
    INVOICE_CANCELLED = "INVOICE_CANCELLED"
    CREDIT_MEMO_REQUESTED = "CREDIT_MEMO_REQUESTED"
    CREDIT_MEMO_POSTED = "CREDIT_MEMO_POSTED"
    REBILLED = "REBILLED"
    FREIGHT_BILLED = "FREIGHT_BILLED"

    TASK_ACCEPTED = "TASK_ACCEPTED"
    TASK_REJECTED = "TASK_REJECTED"


class Classifier(StrEnum):
    """Whether a statement plans, estimates or reports (DCSA event classifier). Only ACT moves state or money."""

    PLN = "PLN"
    EST = "EST"
    ACT = "ACT"


class Scope(StrEnum):
    """What a statement is about."""

    ORDER = "ORDER"
    LINE = "LINE"
    DELIVERY = "DELIVERY"
    SHIPMENT = "SHIPMENT"
    LEG = "LEG"
    """One carrier's or vehicle's part of the way."""

    STOP = "STOP"
    PACKAGE = "PACKAGE"


class ReasonClass(StrEnum):
    """Why something went wrong, in one vocabulary for all sources."""

    CARRIER_DELAY = "CARRIER_DELAY"
    WEATHER = "WEATHER"
    MECHANICAL = "MECHANICAL"
    MISROUTE = "MISROUTE"
    ADDRESS = "ADDRESS"
    CONSIGNEE_UNAVAILABLE = "CONSIGNEE_UNAVAILABLE"
    CONSIGNEE_REFUSED = "CONSIGNEE_REFUSED"
    DAMAGE = "DAMAGE"
    SHORTAGE = "SHORTAGE"
    OVERAGE = "OVERAGE"
    LOSS = "LOSS"
    CUSTOMS = "CUSTOMS"
    DOCUMENTS = "DOCUMENTS"
    PAYMENT_HOLD = "PAYMENT_HOLD"
    CREDIT_HOLD = "CREDIT_HOLD"
    SHIPPER_CAUSED = "SHIPPER_CAUSED"
    SECURITY = "SECURITY"
    FORCE_MAJEURE = "FORCE_MAJEURE"
    OTHER = "OTHER"


class Effect(StrEnum):
    """What an exception does: only BILLING_BLOCK holds an invoice."""

    INFO = "INFO"
    DELAY = "DELAY"
    DELIVERY_BLOCK = "DELIVERY_BLOCK"
    BILLING_BLOCK = "BILLING_BLOCK"


class ProofKind(StrEnum):
    """What a proof of delivery rests on."""

    SIGNATURE = "SIGNATURE"
    PHOTO = "PHOTO"
    DOCUMENT = "DOCUMENT"
    CUSTOMER = "CUSTOMER"
    """The customer's own receipt (X12 861, EDIFACT RECADV)."""


class Settlement(StrEnum):
    """How a dispute ended."""

    STANDS = "STANDS"
    """In the seller's favour: the invoice stands."""

    CREDIT = "CREDIT"
    """In the customer's favour: all that was disputed is conceded."""

    PART = "PART"
    """In part: the quantities named are conceded."""


class ReferenceKind(StrEnum):
    """Kinds of reference by which a source may name an order without knowing its number."""

    TRACKING = "tracking"
    PRO = "pro"
    BOL = "bol"
    DELIVERY = "delivery"
    SHIPMENT = "shipment"
    BOOKING = "booking"
    CONTAINER = "container"
    STATEMENT = "statement"
    """A statement that its source may take back by naming it: the issuer's own id of it."""

    SNAPSHOT = "snapshot"
    """A document of which the source sends snapshots, or says only that it changed."""


class Group(StrEnum):
    """Which part of the way a milestone belongs to."""

    ORDER = "ORDER"
    WAREHOUSE = "WAREHOUSE"
    TRANSPORT = "TRANSPORT"
    DELIVERY = "DELIVERY"
    EXCEPTION = "EXCEPTION"
    RETURN = "RETURN"
    FINANCE = "FINANCE"


class Grade(StrEnum):
    """How much hangs on a milestone."""

    MAJOR = "MAJOR"
    """Finance may act on it."""

    MINOR = "MINOR"
    GENERIC = "GENERIC"
    """A scan like any other."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a milestone is."""

    group: Group
    grade: Grade
    scopes: tuple[Scope, ...]
    """What it can be about."""

    meaning: str


@dataclass(frozen=True, slots=True)
class Cause:
    """What a reason class is."""

    effect: Effect
    """What it does where the source does not say (X12 data element 1651, groups of reasons; docs/vocabulary.md, "Reason classes")."""

    meaning: str


_ORDER_LINE: Final = (Scope.ORDER, Scope.LINE)
_ORDER: Final = (Scope.ORDER,)
_ORDER_DELIVERY: Final = (Scope.ORDER, Scope.DELIVERY)
_ORDER_LINE_DELIVERY: Final = (Scope.ORDER, Scope.LINE, Scope.DELIVERY)
_ORDER_DELIVERY_PACKAGE: Final = (Scope.ORDER, Scope.DELIVERY, Scope.PACKAGE)
_DELIVERY_SHIPMENT_PACKAGE: Final = (Scope.DELIVERY, Scope.SHIPMENT, Scope.PACKAGE)
_DELIVERY_SHIPMENT: Final = (Scope.DELIVERY, Scope.SHIPMENT)
_ORDER_LINE_DELIVERY_SHIPMENT: Final = (Scope.ORDER, Scope.LINE, Scope.DELIVERY, Scope.SHIPMENT)
_SHIPMENT: Final = (Scope.SHIPMENT,)
_SHIPMENT_LEG: Final = (Scope.SHIPMENT, Scope.LEG)
_SHIPMENT_PACKAGE: Final = (Scope.SHIPMENT, Scope.PACKAGE)
_SHIPMENT_STOP: Final = (Scope.SHIPMENT, Scope.STOP)
_SHIPMENT_LEG_PACKAGE: Final = (Scope.SHIPMENT, Scope.LEG, Scope.PACKAGE)
_SHIPMENT_STOP_PACKAGE: Final = (Scope.SHIPMENT, Scope.STOP, Scope.PACKAGE)
_DELIVERY_SHIPMENT_STOP_PACKAGE: Final = (Scope.DELIVERY, Scope.SHIPMENT, Scope.STOP, Scope.PACKAGE)
_ORDER_DELIVERY_SHIPMENT_PACKAGE: Final = (Scope.ORDER, Scope.DELIVERY, Scope.SHIPMENT, Scope.PACKAGE)
_LINE_DELIVERY_SHIPMENT: Final = (Scope.LINE, Scope.DELIVERY, Scope.SHIPMENT)
_ORDER_LINE_DELIVERY_SHIPMENT_PACKAGE: Final = (Scope.ORDER, Scope.LINE, Scope.DELIVERY, Scope.SHIPMENT, Scope.PACKAGE)

MILESTONES: Final[dict[Milestone, Entry]] = {
    Milestone.ORDER_RECEIVED: Entry(Group.ORDER, Grade.MINOR, _ORDER_LINE, "The ERP knows the order; nobody may act on it yet."),
    Milestone.ORDER_RELEASED: Entry(Group.ORDER, Grade.MAJOR, _ORDER, "The order may be fulfilled."),
    Milestone.ORDER_CHANGED: Entry(Group.ORDER, Grade.MAJOR, _ORDER, "A later revision of the whole order."),
    Milestone.ORDER_HELD: Entry(Group.ORDER, Grade.MAJOR, _ORDER_LINE, "The order may not be fulfilled for now."),
    Milestone.ORDER_HOLD_CLEARED: Entry(Group.ORDER, Grade.MAJOR, _ORDER_LINE, "A hold of the order is over."),
    Milestone.ORDER_CANCELLED: Entry(Group.ORDER, Grade.MAJOR, _ORDER_LINE, "The order, or lines of it, will not be fulfilled."),
    Milestone.PICK_STARTED: Entry(Group.WAREHOUSE, Grade.MINOR, _ORDER_DELIVERY, "Picking began."),
    Milestone.PICK_COMPLETED: Entry(Group.WAREHOUSE, Grade.MAJOR, _ORDER_LINE_DELIVERY, "Picking is done."),
    Milestone.PICK_SHORTED: Entry(Group.WAREHOUSE, Grade.MAJOR, _ORDER_LINE_DELIVERY, "Less was picked than was asked for."),
    Milestone.PACKED: Entry(Group.WAREHOUSE, Grade.MAJOR, _ORDER_DELIVERY_PACKAGE, "Packed and closed."),
    Milestone.STAGED: Entry(Group.WAREHOUSE, Grade.MINOR, _DELIVERY_SHIPMENT_PACKAGE, "Stands at the dock."),
    Milestone.LOAD_STARTED: Entry(Group.WAREHOUSE, Grade.MINOR, _DELIVERY_SHIPMENT, "Loading began."),
    Milestone.LOADED: Entry(Group.WAREHOUSE, Grade.MAJOR, _DELIVERY_SHIPMENT_PACKAGE, "Loading is done."),
    Milestone.GOODS_ISSUED: Entry(
        Group.WAREHOUSE,
        Grade.MAJOR,
        _ORDER_LINE_DELIVERY_SHIPMENT,
        "Ship confirmation: the goods left the warehouse's books (SAP's post goods issue).",
    ),
    Milestone.GOODS_ISSUE_REVERSED: Entry(Group.WAREHOUSE, Grade.MAJOR, _ORDER_LINE_DELIVERY_SHIPMENT, "A goods issue was booked back."),
    Milestone.SHIPMENT_PLANNED: Entry(
        Group.TRANSPORT, Grade.MAJOR, _SHIPMENT, "The transport plan names the orders of a shipment, and so links its references to them."
    ),
    Milestone.TENDERED: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_LEG, "A carrier was asked."),
    Milestone.TENDER_ACCEPTED: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_LEG, "The carrier said yes."),
    Milestone.TENDER_REJECTED: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_LEG, "The carrier said no."),
    Milestone.LABEL_CREATED: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_PACKAGE, "Announced to the carrier; nothing was handed over."),
    Milestone.MANIFEST_VOIDED: Entry(Group.TRANSPORT, Grade.MAJOR, _SHIPMENT_PACKAGE, "The announcement was taken back."),
    Milestone.APPOINTMENT_SET: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_STOP, "A time at a stop was agreed."),
    Milestone.ARRIVED_PICKUP: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_STOP, "The vehicle is at the origin."),
    Milestone.PICKED_UP: Entry(Group.TRANSPORT, Grade.MAJOR, _DELIVERY_SHIPMENT_PACKAGE, "The carrier has the goods."),
    Milestone.DISPATCHED: Entry(Group.TRANSPORT, Grade.MAJOR, _SHIPMENT_LEG, "The vehicle left the origin with the freight."),
    Milestone.IN_TRANSIT: Entry(Group.TRANSPORT, Grade.GENERIC, _SHIPMENT_LEG_PACKAGE, "On the way."),
    Milestone.ARRIVED_TERMINAL: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_STOP_PACKAGE, "In a facility on the way."),
    Milestone.DEPARTED_TERMINAL: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_STOP_PACKAGE, "Left a facility on the way."),
    Milestone.LOADED_ON_VESSEL: Entry(Group.TRANSPORT, Grade.MAJOR, _SHIPMENT_LEG_PACKAGE, "On board."),
    Milestone.DISCHARGED: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_LEG_PACKAGE, "Off board."),
    Milestone.CUSTOMS_HELD: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_PACKAGE, "Customs keep the goods, or look at them."),
    Milestone.CUSTOMS_CLEARED: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_PACKAGE, "Customs let the goods go."),
    Milestone.ARRIVED_DESTINATION: Entry(
        Group.TRANSPORT, Grade.MAJOR, _SHIPMENT_STOP_PACKAGE, "The vehicle is at the consignee; nothing was handed over."
    ),
    Milestone.OUT_FOR_DELIVERY: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_PACKAGE, "On the delivery vehicle."),
    Milestone.AVAILABLE_FOR_COLLECTION: Entry(Group.TRANSPORT, Grade.MINOR, _SHIPMENT_PACKAGE, "Waits for the consignee to fetch it."),
    Milestone.ETA_UPDATED: Entry(
        Group.TRANSPORT, Grade.GENERIC, _DELIVERY_SHIPMENT_STOP_PACKAGE, "A new estimate of the arrival; never a fact."
    ),
    Milestone.DELIVERY_ATTEMPTED: Entry(Group.DELIVERY, Grade.MAJOR, _DELIVERY_SHIPMENT_PACKAGE, "Tried, and not handed over."),
    Milestone.DELIVERED: Entry(
        Group.DELIVERY, Grade.MAJOR, _ORDER_DELIVERY_SHIPMENT_PACKAGE, "Handed over, complete and undamaged as far as anyone said."
    ),
    Milestone.DELIVERED_PARTIAL: Entry(Group.DELIVERY, Grade.MAJOR, _LINE_DELIVERY_SHIPMENT, "Part of it was handed over."),
    Milestone.DELIVERED_WITH_EXCEPTION: Entry(
        Group.DELIVERY, Grade.MAJOR, _DELIVERY_SHIPMENT_PACKAGE, "Handed over, damage or shortage noted; never counted as a clean delivery."
    ),
    Milestone.DELIVERY_REFUSED: Entry(
        Group.DELIVERY, Grade.MAJOR, _DELIVERY_SHIPMENT_PACKAGE, "The consignee did not take it; never counted as a delivery."
    ),
    Milestone.UNLOADED: Entry(Group.DELIVERY, Grade.MAJOR, _SHIPMENT_STOP, "Off the vehicle at the consignee."),
    Milestone.POD_RECEIVED: Entry(
        Group.DELIVERY,
        Grade.MAJOR,
        _ORDER_LINE_DELIVERY_SHIPMENT_PACKAGE,
        "Proof of delivery: a signature, photograph or document of the consignee's receipt.",
    ),
    Milestone.POD_DIFFERENCE: Entry(
        Group.DELIVERY, Grade.MAJOR, _LINE_DELIVERY_SHIPMENT, "The proof states other quantities than were shipped."
    ),
    Milestone.ACCEPTED_BY_CUSTOMER: Entry(Group.DELIVERY, Grade.MAJOR, _ORDER_LINE_DELIVERY, "The customer accepted goods or service."),
    Milestone.REJECTED_BY_CUSTOMER: Entry(
        Group.DELIVERY, Grade.MAJOR, _ORDER_LINE_DELIVERY, "The customer looked at goods or service, and does not accept them."
    ),
    Milestone.EXCEPTION_RAISED: Entry(
        Group.EXCEPTION, Grade.MAJOR, _ORDER_LINE_DELIVERY_SHIPMENT_PACKAGE, "Something went wrong; the reason class says what."
    ),
    Milestone.DELAYED: Entry(Group.EXCEPTION, Grade.MINOR, _DELIVERY_SHIPMENT_PACKAGE, "Will be later than was said."),
    Milestone.DAMAGED: Entry(Group.EXCEPTION, Grade.MAJOR, _DELIVERY_SHIPMENT_PACKAGE, "Damaged on the way."),
    Milestone.LOST: Entry(Group.EXCEPTION, Grade.MAJOR, _DELIVERY_SHIPMENT_PACKAGE, "Cannot be found, or was destroyed."),
    Milestone.EXCEPTION_RESOLVED: Entry(Group.EXCEPTION, Grade.MAJOR, _ORDER_LINE_DELIVERY_SHIPMENT_PACKAGE, "What went wrong is over."),
    Milestone.RETURN_INITIATED: Entry(
        Group.RETURN, Grade.MAJOR, _ORDER_LINE_DELIVERY_SHIPMENT_PACKAGE, "It was agreed that goods come back."
    ),
    Milestone.RETURNING: Entry(Group.RETURN, Grade.MINOR, _SHIPMENT_PACKAGE, "On the way back to the shipper."),
    Milestone.RETURNED_TO_SHIPPER: Entry(Group.RETURN, Grade.MAJOR, _SHIPMENT_PACKAGE, "The carrier handed it back."),
    Milestone.RETURN_RECEIVED: Entry(Group.RETURN, Grade.MAJOR, _ORDER_LINE_DELIVERY, "Back in the warehouse, and inspected."),
    Milestone.BILLING_BLOCK_SET: Entry(Group.FINANCE, Grade.MAJOR, _ORDER_LINE_DELIVERY, "The ERP says not to invoice."),
    Milestone.BILLING_BLOCK_CLEARED: Entry(Group.FINANCE, Grade.MAJOR, _ORDER_LINE_DELIVERY, "A billing block is over."),
    Milestone.DISPUTE_OPENED: Entry(Group.FINANCE, Grade.MAJOR, _ORDER_LINE, "The customer contests an invoice or a delivery."),
    Milestone.DISPUTE_RESOLVED: Entry(Group.FINANCE, Grade.MAJOR, _ORDER_LINE, "A dispute is over."),
    Milestone.INVOICE_POSTED: Entry(Group.FINANCE, Grade.MAJOR, _ORDER_LINE_DELIVERY, "Finance posted an invoice."),
    Milestone.INVOICE_CANCELLED: Entry(Group.FINANCE, Grade.MAJOR, _ORDER_LINE_DELIVERY, "Finance took an invoice back."),
    Milestone.CREDIT_MEMO_REQUESTED: Entry(Group.FINANCE, Grade.MAJOR, _ORDER_LINE, "Credit was asked for."),
    Milestone.CREDIT_MEMO_POSTED: Entry(Group.FINANCE, Grade.MAJOR, _ORDER_LINE, "Finance posted a credit."),
    Milestone.REBILLED: Entry(Group.FINANCE, Grade.MAJOR, _ORDER_LINE, "An invoice was replaced by another."),
    Milestone.FREIGHT_BILLED: Entry(Group.FINANCE, Grade.MINOR, _SHIPMENT, "The carrier billed the transport of a shipment."),
    Milestone.TASK_ACCEPTED: Entry(Group.ORDER, Grade.MINOR, _ORDER, "Warehouse or transport acknowledged a version of a task."),
    Milestone.TASK_REJECTED: Entry(Group.ORDER, Grade.MINOR, _ORDER, "Warehouse or transport refused a version of a task."),
}
"""Every milestone (docs/vocabulary.md, "Milestones"). What Milepost itself decides (release, hold, revoke) is a decision, and no
milestone."""

REASONS: Final[dict[ReasonClass, Cause]] = {
    ReasonClass.CARRIER_DELAY: Cause(Effect.DELAY, "The carrier is late."),
    ReasonClass.WEATHER: Cause(Effect.DELAY, "Weather."),
    ReasonClass.MECHANICAL: Cause(Effect.DELAY, "Vehicle or equipment broke down."),
    ReasonClass.MISROUTE: Cause(Effect.DELAY, "Sent the wrong way."),
    ReasonClass.ADDRESS: Cause(Effect.DELIVERY_BLOCK, "The address is wrong or incomplete."),
    ReasonClass.CONSIGNEE_UNAVAILABLE: Cause(Effect.DELIVERY_BLOCK, "Nobody there to receive it."),
    ReasonClass.CONSIGNEE_REFUSED: Cause(Effect.BILLING_BLOCK, "The consignee did not want it."),
    ReasonClass.DAMAGE: Cause(Effect.BILLING_BLOCK, "Damaged."),
    ReasonClass.SHORTAGE: Cause(Effect.BILLING_BLOCK, "Less than there should be."),
    ReasonClass.OVERAGE: Cause(Effect.INFO, "More than there should be."),
    ReasonClass.LOSS: Cause(Effect.BILLING_BLOCK, "Lost, stolen or destroyed."),
    ReasonClass.CUSTOMS: Cause(Effect.DELIVERY_BLOCK, "Customs."),
    ReasonClass.DOCUMENTS: Cause(Effect.DELIVERY_BLOCK, "Papers are missing or wrong."),
    ReasonClass.PAYMENT_HOLD: Cause(Effect.BILLING_BLOCK, "Waits for a payment."),
    ReasonClass.CREDIT_HOLD: Cause(Effect.BILLING_BLOCK, "The customer's credit is exhausted."),
    ReasonClass.SHIPPER_CAUSED: Cause(Effect.DELAY, "The shipper was late or wrong."),
    ReasonClass.SECURITY: Cause(Effect.DELIVERY_BLOCK, "A check or an alarm."),
    ReasonClass.FORCE_MAJEURE: Cause(Effect.DELAY, "Strike, disaster, war."),
    ReasonClass.OTHER: Cause(Effect.INFO, "None of these, or not said."),
}
"""Every reason class. An unknown code has none: it is refused (UNMAPPED_CODE)."""
