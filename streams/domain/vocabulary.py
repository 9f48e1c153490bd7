"""The words that Milepost speaks, whatever words its sources use."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Classifier", "Effect", "Milestone", "ReasonClass", "ReferenceKind", "Scope"]


class Milestone(StrEnum):
    """What can happen to an order on its way from release to posted invoice."""

    ORDER_RELEASED = "ORDER_RELEASED"
    ORDER_CHANGED = "ORDER_CHANGED"
    ORDER_CANCELLED = "ORDER_CANCELLED"

    PICK_COMPLETED = "PICK_COMPLETED"
    GOODS_ISSUED = "GOODS_ISSUED"
    """Ship confirmation: the goods left the warehouse's books (SAP's post goods issue)."""

    SHIPMENT_PLANNED = "SHIPMENT_PLANNED"
    """The transport plan names the orders of a shipment, and so links its references to them."""

    PICKED_UP = "PICKED_UP"
    DISPATCHED = "DISPATCHED"
    """The vehicle left the origin with the freight."""

    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    ETA_UPDATED = "ETA_UPDATED"

    DELIVERED = "DELIVERED"
    DELIVERED_PARTIAL = "DELIVERED_PARTIAL"
    DELIVERED_WITH_EXCEPTION = "DELIVERED_WITH_EXCEPTION"
    """Handed over, damage or shortage noted; never counted as a clean delivery."""

    POD_RECEIVED = "POD_RECEIVED"
    """Proof of delivery: a signature, photograph or document of the consignee's receipt."""

    EXCEPTION_RAISED = "EXCEPTION_RAISED"
    EXCEPTION_RESOLVED = "EXCEPTION_RESOLVED"

    DISPUTE_OPENED = "DISPUTE_OPENED"
    DISPUTE_RESOLVED = "DISPUTE_RESOLVED"
    INVOICE_POSTED = "INVOICE_POSTED"
    INVOICE_CANCELLED = "INVOICE_CANCELLED"


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


class ReferenceKind(StrEnum):
    """Kinds of reference by which a source may name an order without knowing its number."""

    TRACKING = "tracking"
    PRO = "pro"
    BOL = "bol"
    DELIVERY = "delivery"
    SHIPMENT = "shipment"
