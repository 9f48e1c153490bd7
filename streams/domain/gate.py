"""The billing gate: how much of an order may be invoiced now, and what stands in the way of the rest.

A pure function of the order's facts, its terms and the time that its row was told of. It looks at what was billed already only to say
whether finance posted too early, or in another currency.

- What *stops* new releases (an exception, a dispute, a dead letter, an incomplete order...) does not lower the target: nothing is taken
  back for it.
- What is missing (terms, units, contents of a shipment) is never guessed, but held (docs/billing.md, "How the gate decides").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from streams.domain.amounts import NONE
from streams.domain.billable import billable
from streams.domain.dates import is_zone, near_month_end
from streams.domain.decisions import HoldCode
from streams.domain.dossier import Dossier
from streams.domain.event import TermsChanged
from streams.domain.facts import Fact, Revision
from streams.domain.goods import Goods
from streams.domain.instant import TimeQuality
from streams.domain.obstacles import check_open_matters
from streams.domain.order import Refused
from streams.domain.steps import missing_steps
from streams.domain.terms import Granularity, LatePolicy, Terms, Trigger
from streams.domain.verdict import Billed, Verdict

__all__ = ["TermsOf", "judge"]

TermsOf = Callable[[str], TermsChanged | None]
"""All versions of a contract's terms by its id."""

_ON_SHIP: Final = Trigger.ON_SHIP
_ON_DELIVERY: Final = Trigger.ON_DELIVERY
_ON_POD: Final = Trigger.ON_POD
_UNKNOWN: Final = TimeQuality.UNKNOWN
_DEPTH: Final = {Trigger.ON_ORDER: -1, _ON_SHIP: 0, _ON_DELIVERY: 1, _ON_POD: 2, Trigger.ON_MILESTONES: 3, Trigger.ON_ACCEPTANCE: 4}


def judge(
    dossier: Dossier, goods: Goods, terms_of: TermsOf, clock: datetime | None, dead_letters: dict[str, Refused], billed: Billed
) -> Verdict:
    """The verdict on an order. `clock` is the latest moment that its row was told of."""
    if dossier.cancelled:
        verdict = Verdict()
        _check_shipped_though_cancelled(verdict, dossier)
        _check_posted(verdict, billed)
        return verdict
    terms = None
    if dossier.order is None or dossier.revision is None:
        verdict = Verdict()
        verdict.because(HoldCode.NO_ORDER)
        verdict.stopped = True
    else:
        known = terms_of(dossier.revision.terms_id)
        versions = known.versions if known is not None else ()
        verdict = Verdict(counted=billable(dossier, goods, versions, clock))
        terms = _judge_goods(verdict, dossier, dossier.order, dossier.revision, goods, versions, billed)
    check_open_matters(verdict, dossier, goods, verdict.counted, terms)
    for dead_letter_id, refused in dead_letters.items():
        if refused.open:
            verdict.because(HoldCode.DEAD_LETTER, refused.reason, (dead_letter_id,))
            verdict.stopped = True
    _check_posted(verdict, billed)
    if verdict.whole_only and (verdict.stopped_lines or verdict.withheld or not verdict.counted.complete):
        verdict.stopped = True
    if len(verdict.reasons) > 1:
        verdict.reasons.sort(key=lambda reason: (reason.code, reason.detail, reason.evidence))
    return verdict


def _judge_goods(
    verdict: Verdict,
    dossier: Dossier,
    order_fact: Fact,
    order: Revision,
    goods: Goods,
    versions: tuple[Terms, ...],
    billed: Billed,
) -> Terms | None:
    """Say what all that does not count yet waits for, by the terms that are valid at the latest step of the goods. Returns these terms."""
    counted = verdict.counted
    terms = counted.terms
    unclear = terms is None or terms.trigger in counted.undated
    if unclear and not counted.complete:
        latest = counted.latest or order_fact.at
        missing = f"no version of {order.terms_id} is valid on {latest.date().isoformat()}"
        verdict.because(HoldCode.NO_TERMS, missing if versions else f"{order.terms_id} is unknown")
    if counted.no_calendar is not None and not counted.complete:
        uncounted = counted.no_calendar
        missing = f"calendar {uncounted.calendar} of {uncounted.terms_id} is unknown; send it on reference.data"
        verdict.because(HoldCode.NO_TERMS, missing)
    if terms is None and counted.causes:
        terms = counted.causes[-1].terms
    if terms is None:
        return None
    used = [cause.terms for cause in counted.causes] or [terms]
    verdict.review = terms.late is LatePolicy.REVIEW
    verdict.whole_only = any(_whole(version) for version in used)
    if not counted.complete:
        verdict.whole_only |= _whole(terms)
        if (verdict.whole_only and counted.target) or counted.torn:
            verdict.because(HoldCode.INCOMPLETE)
    if goods.odd_units:
        _check_units(verdict, goods, max((version.trigger for version in (*used, terms)), key=_DEPTH.__getitem__))
    if not counted.complete and not unclear:
        _wait(verdict, dossier, goods, terms)
    _check_currency(verdict, dossier, order, used, billed)
    _check_time(verdict)
    return terms


def _whole(terms: Terms) -> bool:
    return not terms.partial_allowed or terms.granularity is Granularity.ORDER


def _wait(verdict: Verdict, dossier: Dossier, goods: Goods, terms: Terms) -> None:
    """Say what the lines that are not complete wait for."""
    trigger = terms.trigger
    strangers = _strangers(goods, trigger) if goods.unknown else []
    if strangers:
        # What is missing by line cannot be told as long as nobody knows what these shipments hold.
        places = sorted({fact.shipment or fact.delivery or "order" for fact in strangers})
        verdict.because(HoldCode.SHIPMENT_CONTENTS_UNKNOWN, ", ".join(places), (fact.id for fact in strangers))
        return
    counted, delivered = verdict.counted, goods.delivered
    gross, expected = counted.gross, counted.expected
    stopped = verdict.stopped_lines
    if gross or stopped:
        missing = [line for line, quantity in expected.items() if (line not in gross or gross[line] < quantity) and line not in stopped]
    else:
        missing = list(expected)
    if trigger is _ON_SHIP:
        _missing(verdict, HoldCode.NOT_SHIPPED, missing, goods)
    elif trigger is _ON_DELIVERY:
        _missing(verdict, HoldCode.NOT_DELIVERED, missing, goods)
    elif trigger is Trigger.ON_MILESTONES:
        steps = missing_steps(terms.milestones, dossier, goods)
        if missing:
            verdict.because(HoldCode.MILESTONE_MISSING, ", ".join(steps) or verdict.named(missing))
    else:
        if not delivered:
            _missing(verdict, HoldCode.NOT_DELIVERED, missing, goods)
            return
        _missing(verdict, HoldCode.NOT_DELIVERED, [line for line in missing if delivered.get(line, NONE) < expected[line]], goods)
        rest = [line for line in missing if gross.get(line, NONE) < delivered.get(line, NONE)]
        if trigger is _ON_POD:
            _missing(verdict, HoldCode.POD_MISSING, rest, goods)
        else:
            rejected = {line: fact for portion in goods.portions for line, fact in portion.rejected.items()}
            _missing(verdict, HoldCode.REJECTED, [line for line in rest if line in rejected], goods, {f.id for f in rejected.values()})
            _missing(verdict, HoldCode.ACCEPTANCE_MISSING, [line for line in rest if line not in rejected], goods)


def _strangers(goods: Goods, trigger: Trigger) -> list[Fact]:
    """Statements that matter for `trigger`, about goods of which nobody said what they are."""
    steps = (_ON_DELIVERY, trigger) if trigger in (_ON_POD, Trigger.ON_ACCEPTANCE) else (trigger,)
    return [fact for step in steps for fact in goods.unknown.get(step, {}).values()]


def _missing(verdict: Verdict, code: HoldCode, lines: list[str], goods: Goods, evidence: Iterable[str] = ()) -> None:
    if lines:
        verdict.because(code, "" if len(lines) == len(goods.ordered) else verdict.named(lines), evidence)


def _check_units(verdict: Verdict, goods: Goods, trigger: Trigger) -> None:
    """Stop the lines that are counted in units other than the order's, by facts that matter for `trigger`."""
    for step, facts in goods.odd_units.items():
        if _DEPTH[step] <= _DEPTH[trigger]:
            for line, fact in facts.items():
                if line not in verdict.stopped_lines:
                    verdict.stopped_lines.add(line)
                    unit = next(q.uom for q in fact.lines if q.line == line and q.uom != goods.units[line])
                    verdict.because(HoldCode.UNIT_UNKNOWN, f"line {line}: {unit}, ordered in {goods.units[line]}", (fact.id,))


def _check_currency(verdict: Verdict, dossier: Dossier, order: Revision, used: list[Terms], billed: Billed) -> None:
    others = {(version.currency, "terms") for version in used if version.currency != order.currency}
    if billed.currency and billed.currency != order.currency:
        others.add((billed.currency, "earlier releases"))
    if dossier.invoices:
        for fact in dossier.active_invoices:
            invoice = fact.more.invoice if fact.more is not None else None
            if invoice is not None and invoice.currency != order.currency:
                others.add((invoice.currency, f"invoice {invoice.number}"))
    for currency, whose in others:
        verdict.because(HoldCode.CURRENCY, f"order in {order.currency}, {whose} in {currency}")
        verdict.stopped = True


def _check_time(verdict: Verdict) -> None:
    """Stop what would get another accounting month if the time's zone were known (docs/billing.md, "When it is held": TIME_ZONE)."""
    for cause in verdict.counted.causes:
        fact = cause.increment.fact
        if not is_zone(cause.terms.time_zone):
            reason = f"terms {cause.terms.terms_id} name the unknown zone {cause.terms.time_zone}"
        elif fact.quality is _UNKNOWN and near_month_end(cause.increment.at, cause.terms.time_zone):
            reason = f"{fact.milestone} at {cause.increment.at.isoformat()} has no known zone"
        else:
            continue
        verdict.stopped_lines.update(cause.increment.gain)
        if not any(known.code is HoldCode.TIME_ZONE and known.detail == reason for known in verdict.reasons):
            verdict.because(HoldCode.TIME_ZONE, reason, (fact.id,))


def _check_shipped_though_cancelled(verdict: Verdict, dossier: Dossier) -> None:
    cancelled_at = min((fact.at for fact in dossier.cancellations if not fact.lines), default=None)
    if cancelled_at is not None:
        gone = [fact.id for fact in dossier.issues if fact.at > cancelled_at]
        if gone and not dossier.reversals and not dossier.returns:
            verdict.because(HoldCode.CANCELLED_LINE, "the whole order", gone)


def _check_posted(verdict: Verdict, billed: Billed) -> None:
    released, target = billed.released, verdict.counted.target
    lines = [line for line, quantity in billed.early.items() if released.get(line, NONE) + quantity > target.get(line, NONE)]
    if lines:
        verdict.because(HoldCode.POSTED_WITHOUT_RELEASE, verdict.named(sorted(lines)))
