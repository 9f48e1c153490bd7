"""When an order is closed: nothing is open, nothing is missing, and nothing is expected to come."""

from __future__ import annotations

from streams.domain.dossier import Dossier
from streams.domain.ledger import Billed
from streams.domain.order import OrderRow
from streams.domain.portions import Goods, reaches

__all__ = ["is_closed"]


def is_closed(row: OrderRow, dossier: Dossier, goods: Goods, billed: Billed) -> bool:
    """Whether an order that is settled (nothing stands in the way, and all that is due is covered) is over in every other way too.

    Its goods are delivered or it was cancelled, what was released is posted, and no exception, dispute, refused record or finding is open.
    """
    memory = row.memory
    if dossier.last_at is None or memory.exceptions or memory.wake_at is not None:
        return False
    if any(not finding.healed for finding in memory.findings.values()):
        return False
    if dossier.open_exceptions() or dossier.disputes.open() or any(refused.open for refused in row.dead_letters.values()):
        return False
    if not reaches(billed.posted, billed.released):
        return False
    return dossier.cancelled or reaches(goods.delivered, goods.ordered)
