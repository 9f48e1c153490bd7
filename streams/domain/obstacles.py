"""Open matters that keep goods from being invoiced though their trigger came: exceptions, disputes, blocks, holds, returns, substitutes.

Each stops new releases of what it is about: everything, some lines, or a quantity. None of them takes back what was released.
"""

from __future__ import annotations

from streams.domain.amounts import NONE, Amounts, least, plus
from streams.domain.cases import blocks_billing, reason_of
from streams.domain.decisions import HoldCode
from streams.domain.dossier import Dossier
from streams.domain.facts import Fact
from streams.domain.goods import Goods
from streams.domain.statements import reached_portions
from streams.domain.terms import DisputePolicy, ExceptionPolicy, Granularity, ReturnPolicy, SubstitutePolicy, Terms, Trigger
from streams.domain.verdict import Billable, Obstacles
from streams.domain.vocabulary import Effect, Milestone

__all__ = ["check_open_matters"]


def check_open_matters(found: Obstacles, dossier: Dossier, goods: Goods, counted: Billable, terms: Terms | None) -> None:
    """Enter all open matters of an order under its terms (None: not known; then nothing is left to them)."""
    for fact in dossier.open_exceptions():
        _exception(found, fact, goods, counted, terms)
    for fact in dossier.disputes.open():
        _dispute(found, fact, terms)
    for fact in dossier.blocks.open():
        _block(found, fact, goods, counted, terms)
    for fact in dossier.order_holds.open():
        reason = fact.more.reason if fact.more is not None else None
        found.because(HoldCode.ORDER_HELD, str(reason or ""), (fact.id,))
        found.stop(fact)
    if dossier.returns:
        _returns(found, dossier, counted, terms)
    if not goods.shipped.keys() <= goods.ordered.keys():
        _shipped_though_cancelled(found, dossier, goods)
    if terms is not None:
        if terms.substitutes is SubstitutePolicy.PRICE_CHECK:
            _substitutes(found, dossier)
        if terms.late_penalty and any(_is_delay(fact) for fact in dossier.exceptions.told()):
            found.remarks.append("LATE_DELIVERY")


def _exception(found: Obstacles, fact: Fact, goods: Goods, counted: Billable, terms: Terms | None) -> None:
    policy = ExceptionPolicy.HOLD if blocks_billing(fact) else ExceptionPolicy.IGNORE
    if terms is not None:
        for rule in terms.exceptions:
            if rule.reason is reason_of(fact):
                policy = rule.policy
    if policy is ExceptionPolicy.IGNORE:
        return
    reason = fact.more.reason if fact.more is not None and fact.more.reason is not None else "DAMAGE"
    found.because(HoldCode.EXCEPTION, str(reason), (fact.id,))
    if policy is ExceptionPolicy.RELEASE_NET:
        found.remarks.append("NET")
        _withhold(found, fact, goods, counted)
    elif terms is not None and terms.granularity in (Granularity.DELIVERY, Granularity.SHIPMENT) and not fact.lines:
        _withhold(found, fact, goods, counted)
    else:
        found.stop(fact)


def _dispute(found: Obstacles, fact: Fact, terms: Terms | None) -> None:
    policy = terms.disputes if terms is not None else DisputePolicy.HOLD_ALL
    if policy is DisputePolicy.IGNORE:
        return
    found.because(HoldCode.DISPUTE, fact.case, (fact.id,))
    if policy is DisputePolicy.HOLD_ALL:
        found.stopped = True
    else:
        found.stop(fact)


def _block(found: Obstacles, fact: Fact, goods: Goods, counted: Billable, terms: Terms | None) -> None:
    code = fact.more.case if fact.more is not None else ""
    if terms is not None and (code in terms.ignored_blocks or code.rpartition(":")[2] in terms.ignored_blocks):
        return
    if fact.lines:
        found.because(HoldCode.LINE_BLOCK, f"{code} {found.named([quantity.line for quantity in fact.lines])}".strip(), (fact.id,))
        found.stop(fact)
    elif fact.delivery or fact.shipment:
        found.because(HoldCode.DELIVERY_BLOCK, f"{code} {fact.delivery or fact.shipment}".strip(), (fact.id,))
        _withhold(found, fact, goods, counted)
    else:
        found.because(HoldCode.ORDER_BLOCK, code, (fact.id,))
        found.stopped = True


def _withhold(found: Obstacles, fact: Fact, goods: Goods, counted: Billable) -> None:
    """Hold back just what a fact is about: its quantities, its package, its delivery or shipment. Everything where that is not known."""
    if fact.lines and fact.milestone not in (Milestone.DELIVERED_WITH_EXCEPTION, Milestone.DELIVERED_PARTIAL):
        found.withheld = plus(found.withheld, goods.measured(fact, Trigger.ON_SHIP))
        return
    if fact.package in goods.packed:
        found.withheld = plus(found.withheld, goods.packed[fact.package])
        return
    reached = reached_portions(goods, fact)
    if not reached or not (fact.shipment or fact.delivery):
        found.stopped = True
    for portion, amounts in counted.by_portion:
        if any(portion is each for each in reached):
            found.withheld = plus(found.withheld, amounts)


def _returns(found: Obstacles, dossier: Dossier, counted: Billable, terms: Terms | None) -> None:
    coming: Amounts = {}
    for portion, amounts in counted.by_portion:
        if portion.coming_back:
            coming = plus(coming, least(amounts, portion.coming_back))
    coming = {line: quantity for line, quantity in coming.items() if quantity > NONE}
    if coming:
        found.because(HoldCode.RETURN, found.named(sorted(coming)), (fact.id for fact in dossier.returns))
        found.withheld = plus(found.withheld, coming)
        if terms is not None and terms.returns is ReturnPolicy.REVOKE:
            found.revocable = coming


def _shipped_though_cancelled(found: Obstacles, dossier: Dossier, goods: Goods) -> None:
    """Goods that left after their line was taken off the order, and did not come back."""
    ever = {line.line for fact in dossier.revisions if fact.more and fact.more.order for line in fact.more.order.lines if line.quantity > 0}
    back = {line for portion in goods.portions for line in portion.returned}
    gone = [line for line in goods.shipped if line in ever and line not in goods.ordered and line not in goods.free and line not in back]
    if not gone:
        return
    told = [fact.at for fact in dossier.cancellations if fact.lines]
    if dossier.order is not None:
        told.append(dossier.order.at)
    since = min(told)
    late = [fact for fact in dossier.issues if fact.at > since and any(quantity.line in gone for quantity in fact.lines)]
    if late:
        lines = sorted({quantity.line for fact in late for quantity in fact.lines if quantity.line in gone})
        found.because(HoldCode.CANCELLED_LINE, found.named(lines), (fact.id for fact in late))


def _substitutes(found: Obstacles, dossier: Dossier) -> None:
    """Lines for which another article was sent wait until the order is changed: then its ERP has given them a price."""
    for fact in dossier.issues:
        handled = fact.more.handled if fact.more is not None else None
        if handled is not None and handled.substituted and (dossier.order is None or dossier.order.at < fact.at):
            found.because(HoldCode.PRICE_CHECK, found.named(list(handled.substituted)), (fact.id,))
            found.stopped_lines.update(handled.substituted)


def _is_delay(fact: Fact) -> bool:
    return fact.milestone is Milestone.DELAYED or (fact.more is not None and fact.more.effect is Effect.DELAY)
