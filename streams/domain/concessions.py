"""What was conceded to the customer in disputes that are over: it is not invoiced, or credited where it was."""

from __future__ import annotations

from streams.domain.amounts import NONE, Amounts, plus
from streams.domain.dossier import Dossier
from streams.domain.goods import Goods
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone, Settlement

__all__ = ["conceded"]


def conceded(dossier: Dossier, goods: Goods, gross: Amounts, off: Amounts) -> Amounts:
    """`off` with what settled disputes add. A case that a return also names counts once: the larger of both."""
    returned: dict[str, Amounts] = {}
    for fact in dossier.returns:
        if fact.milestone is Milestone.RETURN_RECEIVED and fact.more is not None and fact.more.case:
            returned[fact.more.case] = plus(returned.get(fact.more.case, {}), goods.measured(fact, Trigger.ON_SHIP))
    for ended, raised in dossier.disputes.settled():
        settlement = ended.more.settlement if ended.more is not None else None
        if settlement is None or settlement is Settlement.STANDS:
            continue
        granted: Amounts = {}
        if ended.lines:
            granted = goods.measured(ended, Trigger.ON_SHIP)
        elif settlement is Settlement.CREDIT:
            named = [fact for fact in raised if fact.lines]
            for fact in named:
                granted = plus(granted, goods.measured(fact, Trigger.ON_SHIP))
            if not named:
                granted = gross
        again = returned.get(ended.case, {})
        off = plus(off, {line: quantity - again.get(line, NONE) for line, quantity in granted.items() if quantity > again.get(line, NONE)})
    return off
