"""What the watch looks at: one order, as the fold has just settled it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.domain.decisions import Decision
from streams.domain.dossier import Dossier
from streams.domain.goods import Goods, Portion
from streams.domain.memory import Memory
from streams.domain.order import Ledger
from streams.domain.verdict import Billed, Verdict
from streams.domain.vocabulary import Milestone
from streams.domain.watch.patience import Patience

__all__ = ["Scene"]


@dataclass(slots=True)
class Scene:
    """An order and all that was derived from it."""

    order_id: str
    dossier: Dossier
    goods: Goods
    ledger: Ledger
    billed: Billed
    verdict: Verdict
    memory: Memory
    patience: Patience
    at: datetime
    """Log time of the message."""

    decisions: list[Decision]
    """Made by this message."""

    cause: Milestone | None = None
    """The milestone that the message told; None: it told something else, or took something back."""

    @property
    def promised_at(self) -> datetime | None:
        """The delivery time that the order promises."""
        revision = self.dossier.revision
        return revision.promised_at if revision is not None else None

    def promise(self, portion: Portion) -> datetime | None:
        """When a portion should arrive: by the order, else by the carrier's or the TMS's plan."""
        promised = self.promised_at
        if promised is None and self.dossier.promises:
            plan = self.dossier.promises.get(portion.place)
            promised = plan.at if plan is not None else None
        return promised
