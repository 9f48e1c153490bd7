"""How long each step of an order may take before somebody is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

__all__ = ["PATIENCE", "Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """Durations; the installation sets them (`Settings`). Terms may set their own time for the posting."""

    pick: timedelta = timedelta(hours=48)
    """From the order's first release to a pick."""

    dispatch: timedelta = timedelta(hours=96)
    """From the order's first release to the first goods issue."""

    delivery: timedelta = timedelta(days=14)
    """From the goods issue to the delivery, where neither order nor carrier promised a time."""

    proof: timedelta = timedelta(days=7)
    """From the delivery to its proof, where the terms invoice on proof and silence is none."""

    posting: timedelta = timedelta(hours=24)
    """From a release to the posting of its invoice, and from a credit request to the posting of its memo."""

    answer: timedelta = timedelta(hours=12)
    """From a task to its acknowledgement, or to work that shows that it was understood."""

    escalation: timedelta = timedelta(hours=48)
    """After this long an open exception that a source reported is escalated."""

    leak: timedelta = timedelta(days=7)
    """From the delivery of everything to a release."""

    unknown_order: timedelta = timedelta(hours=1)
    """From the posting of an invoice until its order must be known."""

    issue: timedelta = timedelta(hours=24)
    """From a delivery until the warehouse must have confirmed that the goods left."""

    archive: timedelta = timedelta(days=90)
    """From the last thing that happened to a closed order until its row is archived."""

    removal: timedelta = timedelta(days=730)
    """From then until the archived row is removed."""


PATIENCE: Final = Patience()
"""Where the installation sets nothing."""
