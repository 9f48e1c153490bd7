"""When an order is closed: nothing is open, nothing is missing, and nothing is expected to come."""

from __future__ import annotations

from typing import Final

from streams.domain.amounts import reaches
from streams.domain.dossier import Dossier
from streams.domain.goods import Goods
from streams.domain.order import OrderRow
from streams.domain.verdict import Billed
from streams.domain.watch.exceptions import ExceptionCode

__all__ = ["is_closed"]

_ANSWERS: Final = (ExceptionCode.TASK_REJECTED, ExceptionCode.TASK_UNANSWERED)
"""Nobody needs these any more when all else is over."""


def is_closed(row: OrderRow, dossier: Dossier, goods: Goods, billed: Billed) -> bool:
    """Whether an order that is settled (nothing stands in the way, and all that is due is covered) is over in every other way too.

    Its goods are delivered or it was cancelled, what was released is posted, and no exception, dispute, refused record or finding is open.
    """
    memory = row.memory
    if dossier.last_at is None or memory.wake_at is not None:
        return False
    if any(concern.code not in _ANSWERS for concern in memory.exceptions.values()):
        return False
    if any(not finding.healed for finding in memory.findings.values()):
        return False
    if dossier.open_exceptions() or dossier.disputes.open() or any(refused.open for refused in row.dead_letters.values()):
        return False
    if not reaches(billed.posted, billed.released):
        return False
    return dossier.cancelled or reaches(goods.delivered, goods.ordered)
