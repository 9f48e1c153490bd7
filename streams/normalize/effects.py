"""What an exception does where its source does not say (research: domain 2.1, groups of AT702)."""

from __future__ import annotations

from typing import Final

from streams.domain.vocabulary import Effect, ReasonClass

__all__ = ["DEFAULT_EFFECT"]

DEFAULT_EFFECT: Final[dict[ReasonClass, Effect]] = {
    # What was agreed is not what arrived, or is not paid for: an invoice would be wrong.
    ReasonClass.SHORTAGE: Effect.BILLING_BLOCK,
    ReasonClass.DAMAGE: Effect.BILLING_BLOCK,
    ReasonClass.LOSS: Effect.BILLING_BLOCK,
    ReasonClass.CONSIGNEE_REFUSED: Effect.BILLING_BLOCK,
    ReasonClass.PAYMENT_HOLD: Effect.BILLING_BLOCK,
    ReasonClass.CREDIT_HOLD: Effect.BILLING_BLOCK,
    # Someone has to act before the goods can be handed over.
    ReasonClass.ADDRESS: Effect.DELIVERY_BLOCK,
    ReasonClass.CONSIGNEE_UNAVAILABLE: Effect.DELIVERY_BLOCK,
    ReasonClass.CUSTOMS: Effect.DELIVERY_BLOCK,
    ReasonClass.DOCUMENTS: Effect.DELIVERY_BLOCK,
    ReasonClass.SECURITY: Effect.DELIVERY_BLOCK,
    # It takes longer.
    ReasonClass.CARRIER_DELAY: Effect.DELAY,
    ReasonClass.WEATHER: Effect.DELAY,
    ReasonClass.MECHANICAL: Effect.DELAY,
    ReasonClass.MISROUTE: Effect.DELAY,
    ReasonClass.SHIPPER_CAUSED: Effect.DELAY,
    ReasonClass.FORCE_MAJEURE: Effect.DELAY,
    ReasonClass.OVERAGE: Effect.INFO,
    ReasonClass.OTHER: Effect.INFO,
}
"""Every reason class has an effect."""
