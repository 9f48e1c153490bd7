"""Billing terms: when, and on what evidence, an order may be invoiced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Terms", "Trigger"]


class Trigger(StrEnum):
    """What must have happened before an invoice may be posted (research: domain 4.1)."""

    ON_SHIP = "on_ship"
    ON_DELIVERY = "on_delivery"
    ON_POD = "on_pod"


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
    """False: nothing is released before the whole order is billable."""

    pod_auto_confirm_days: int | None = None
    """ON_POD only: days after a clean delivery at which silence counts as proof; None is never."""
