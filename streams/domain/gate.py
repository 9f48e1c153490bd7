"""The billing gate: how much of an order may be invoiced now, and what stands in the way of the rest.

A pure function of the order's facts, its terms and the time that its row was told of. It knows what was already released only to say
whether an invoice was posted too early.

- A quantity counts when the version of the terms that was valid at its time has it as trigger. Where a contract changed its trigger on
  the way, goods count once, by the larger sum.
- What *stops* new releases (an exception, a dispute, a dead letter, an incomplete order...) does not lower the target: nothing is taken
  back for it.
- What is missing (terms, units, contents of a shipment) is never guessed (research: domain 4.4, "fail closed").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from streams.domain.dates import is_zone, near_month_end
from streams.domain.decisions import HoldCode, HoldReason
from streams.domain.dossier import Dossier, blocks_billing, blocks_confirmation
from streams.domain.event import TermsChanged
from streams.domain.facts import Fact, Revision
from streams.domain.instant import TimeQuality
from streams.domain.ledger import Billed
from streams.domain.order import Refused
from streams.domain.portions import NONE, Amounts, Goods, Increment, Portion, add_up, gains
from streams.domain.terms import Terms, Trigger

__all__ = ["Cause", "TermsOf", "Verdict", "judge", "version_at"]

TermsOf = Callable[[str], TermsChanged | None]

_ON_SHIP: Final = Trigger.ON_SHIP
_ON_DELIVERY: Final = Trigger.ON_DELIVERY
_ON_POD: Final = Trigger.ON_POD
_UNKNOWN: Final = TimeQuality.UNKNOWN
_NAMED_LINES: Final = 5
"""Lines named in a reason; the rest are counted."""

_TRIGGERS: Final = (_ON_SHIP, _ON_DELIVERY, _ON_POD)


class Cause(NamedTuple):
    """A quantity that counts, and the terms by which it does."""

    increment: Increment
    portion: Portion
    terms: Terms


@dataclass(slots=True)
class Verdict:
    """What the gate says of an order."""

    target: Amounts = field(default_factory=dict)
    """What may be invoiced in all, by line; never more than is ordered."""

    ceiling: Amounts = field(default_factory=dict)
    """What may stay released: the target, and what would count if terms were known for its time."""

    causes: list[Cause] = field(default_factory=list)
    reasons: list[HoldReason] = field(default_factory=list)
    stopped: bool = False
    """Nothing new may be released."""

    stopped_lines: set[str] = field(default_factory=set)
    """Nothing new may be released of these."""

    whole_only: bool = False
    """The terms allow no partial invoice."""

    complete: bool = False
    """All that is ordered is in the target."""

    wake_at: datetime | None = None
    """When silence becomes proof."""

    def because(self, code: HoldCode, detail: str = "", evidence: Iterable[str] = ()) -> None:
        self.reasons.append(HoldReason(code, detail, tuple(sorted(evidence))))


def judge(
    dossier: Dossier, goods: Goods, terms_of: TermsOf, clock: datetime | None, dead_letters: dict[str, Refused], billed: Billed
) -> Verdict:
    """The verdict on an order. `clock` is the latest moment that its row was told of."""
    verdict = Verdict()
    if dossier.cancelled:
        _check_posted(verdict, billed)
        return verdict
    order_fact = dossier.order
    order = dossier.revision
    if order is None or order_fact is None:
        verdict.because(HoldCode.NO_ORDER)
        verdict.stopped = True
    else:
        known = terms_of(order.terms_id)
        versions = known.versions if known is not None else ()
        steps = _count(verdict, dossier, goods, versions, clock)
        terms = version_at(versions, steps.latest or order_fact.at)
        no_terms = terms is None or terms.trigger in steps.undated
        if no_terms and not verdict.complete:
            missing = f"no version of {order.terms_id} is valid on {(steps.latest or order_fact.at).date().isoformat()}"
            verdict.because(HoldCode.NO_TERMS, missing if versions else f"{order.terms_id} is unknown")
        if terms is None and verdict.causes:
            terms = verdict.causes[-1].terms
        if terms is not None:
            _wait(verdict, goods, terms, no_terms=no_terms)
            _check_currency(verdict, dossier, order, terms, billed)
        _check_time(verdict)
    _check_exceptions(verdict, dossier)
    _check_disputes(verdict, dossier)
    for dead_letter_id, refused in dead_letters.items():
        if refused.open:
            verdict.because(HoldCode.DEAD_LETTER, refused.reason, (dead_letter_id,))
            verdict.stopped = True
    _check_posted(verdict, billed)
    if verdict.whole_only and (verdict.stopped_lines or not verdict.complete):
        verdict.stopped = True
    if len(verdict.reasons) > 1:
        verdict.reasons.sort(key=lambda reason: (reason.code, reason.detail, reason.evidence))
    return verdict


def version_at(versions: Iterable[Terms], at: datetime) -> Terms | None:
    """The version of terms that was valid at a moment; of several the highest."""
    found: Terms | None = None
    for terms in versions:
        if terms.valid_from <= at and (terms.valid_to is None or at < terms.valid_to) and (found is None or terms.version > found.version):
            found = terms
    return found


class _Steps(NamedTuple):
    latest: datetime | None
    """Time of the goods' latest step."""

    undated: frozenset[Trigger]
    """Steps at whose time no terms were valid."""


def _count(verdict: Verdict, dossier: Dossier, goods: Goods, versions: tuple[Terms, ...], clock: datetime | None) -> _Steps:
    """Set target, ceiling and causes."""
    counted: list[tuple[Portion, Amounts]] = []
    possible: list[tuple[Portion, Amounts]] = []
    latest: datetime | None = None
    undated: set[Trigger] = set()
    for portion in goods.portions:
        sure: dict[Trigger, list[Increment]] = {}
        unsure: dict[Trigger, list[Increment]] = {}
        silent = _silence(verdict, dossier, portion, versions, clock) if portion.unproven else []
        for trigger, increments in (
            (_ON_SHIP, portion.shipped),
            (_ON_DELIVERY, portion.delivered),
            (_ON_POD, portion.proven + silent),
        ):
            for increment in increments:
                if latest is None or increment.at > latest:
                    latest = increment.at
                terms = version_at(versions, increment.at)
                if terms is None:
                    undated.add(trigger)
                    unsure.setdefault(trigger, []).append(increment)
                elif terms.trigger is trigger:
                    sure.setdefault(trigger, []).append(increment)
                    verdict.causes.append(Cause(increment, portion, terms))
        counted.append((portion, _largest(sure.values())))
        possible.append((portion, _largest(sure.get(t, []) + unsure.get(t, []) for t in _TRIGGERS)) if unsure else counted[-1])
    target = verdict.target = _within(goods.ordered, add_up(counted))
    verdict.ceiling = _within(goods.ordered, add_up(possible)) if undated else target
    verdict.complete = all(line in target and target[line] >= quantity for line, quantity in goods.ordered.items())
    if verdict.complete:
        verdict.wake_at = None
    return _Steps(latest, frozenset(undated))


def _silence(verdict: Verdict, dossier: Dossier, portion: Portion, versions: tuple[Terms, ...], clock: datetime | None) -> list[Increment]:
    """Deliveries that count as proven because nobody objected in time; sets when to look again for the others."""
    confirmed = []
    for increment in portion.unproven:
        terms = version_at(versions, increment.at)
        if terms is None or terms.trigger is not _ON_POD or terms.pod_auto_confirm_days is None:
            continue
        due = _whole_millisecond(increment.at + timedelta(days=terms.pod_auto_confirm_days))
        if clock is None or clock < due:
            verdict.wake_at = due if verdict.wake_at is None else min(due, verdict.wake_at)
        elif not any(blocks_confirmation(fact) for fact in dossier.exceptions.open()):
            confirmed.append(increment._replace(at=due, auto=True))
    return confirmed


_DEPTH: Final = {trigger: depth for depth, trigger in enumerate(Trigger)}


def _wait(verdict: Verdict, goods: Goods, terms: Terms, *, no_terms: bool) -> None:
    """Say what the rest of the order waits for, by the terms that are valid at the latest step of its goods.

    `no_terms`: it waits for terms, that has been said, and nothing else can be told without them.
    """
    used = [cause.terms for cause in verdict.causes]
    verdict.whole_only = not all(version.partial_allowed for version in (used or [terms]))
    _check_units(verdict, goods, max((version.trigger for version in (*used, terms)), key=_DEPTH.__getitem__))
    if verdict.complete:
        return
    if verdict.whole_only and verdict.target:
        verdict.because(HoldCode.INCOMPLETE)
    if no_terms:
        return
    strangers = _strangers(goods, terms.trigger)
    if strangers:
        # What is missing by line cannot be told as long as nobody knows what these shipments hold.
        places = sorted({fact.shipment or fact.delivery or "order" for fact in strangers})
        verdict.because(HoldCode.SHIPMENT_CONTENTS_UNKNOWN, ", ".join(places), (fact.id for fact in strangers))
        return
    target, ordered, delivered = verdict.target, goods.ordered, goods.delivered
    missing = [line for line in ordered if target.get(line, NONE) < ordered[line] and line not in verdict.stopped_lines]
    if terms.trigger is _ON_SHIP:
        _missing(verdict, HoldCode.NOT_SHIPPED, missing, goods)
    elif terms.trigger is _ON_DELIVERY:
        _missing(verdict, HoldCode.NOT_DELIVERED, missing, goods)
    else:
        _missing(verdict, HoldCode.NOT_DELIVERED, [line for line in missing if delivered.get(line, NONE) < ordered[line]], goods)
        _missing(verdict, HoldCode.POD_MISSING, [line for line in missing if target.get(line, NONE) < delivered.get(line, NONE)], goods)


def _check_units(verdict: Verdict, goods: Goods, trigger: Trigger) -> None:
    """Stop the lines that are counted in units other than the order's, by facts that matter for `trigger`."""
    for step, facts in goods.odd_units.items():
        if _DEPTH[step] <= _DEPTH[trigger]:
            for line, fact in facts.items():
                if line not in verdict.stopped_lines:
                    verdict.stopped_lines.add(line)
                    unit = next(q.uom for q in fact.lines if q.line == line and q.uom != goods.units[line])
                    verdict.because(HoldCode.UNIT_UNKNOWN, f"line {line}: {unit}, ordered in {goods.units[line]}", (fact.id,))


def _strangers(goods: Goods, trigger: Trigger) -> list[Fact]:
    """Statements that matter for `trigger`, about goods of which nobody said what they are."""
    steps = (_ON_DELIVERY, _ON_POD) if trigger is _ON_POD else (trigger,)
    return [fact for step in steps for fact in goods.unknown.get(step, {}).values()]


def _missing(verdict: Verdict, code: HoldCode, lines: list[str], goods: Goods) -> None:
    if lines:
        verdict.because(code, "" if len(lines) == len(goods.ordered) else _named(lines))


def _named(lines: list[str]) -> str:
    more = f" and {len(lines) - _NAMED_LINES} more" if len(lines) > _NAMED_LINES else ""
    return "lines " + ", ".join(lines[:_NAMED_LINES]) + more


def _check_currency(verdict: Verdict, dossier: Dossier, order: Revision, terms: Terms, billed: Billed) -> None:
    others = {(version.currency, "terms") for version in ([cause.terms for cause in verdict.causes] or [terms])}
    if billed.currency:
        others.add((billed.currency, "earlier releases"))
    if dossier.invoices:
        for fact in dossier.active_invoices:
            if fact.more is not None and fact.more.invoice is not None:
                others.add((fact.more.invoice.currency, f"invoice {fact.more.invoice.number}"))
    for currency, whose in others:
        if currency != order.currency:
            verdict.because(HoldCode.CURRENCY, f"order in {order.currency}, {whose} in {currency}")
            verdict.stopped = True


def _check_time(verdict: Verdict) -> None:
    """Stop what would get another accounting month if the time's zone were known (research: domain 4.6, case 59)."""
    for cause in verdict.causes:
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


def _check_exceptions(verdict: Verdict, dossier: Dossier) -> None:
    for fact in dossier.exceptions.open():
        if blocks_billing(fact):
            reason = fact.more.reason if fact.more is not None and fact.more.reason is not None else "DAMAGE"
            verdict.because(HoldCode.EXCEPTION, str(reason), (fact.id,))
            _stop(verdict, fact)


def _check_disputes(verdict: Verdict, dossier: Dossier) -> None:
    for fact in dossier.disputes.open():
        verdict.because(HoldCode.DISPUTE, fact.case, (fact.id,))
        _stop(verdict, fact)


def _stop(verdict: Verdict, fact: Fact) -> None:
    if fact.lines:
        verdict.stopped_lines.update(quantity.line for quantity in fact.lines)
    else:
        verdict.stopped = True


def _check_posted(verdict: Verdict, billed: Billed) -> None:
    released, target = billed.released, verdict.target
    lines = [line for line, quantity in billed.early.items() if released.get(line, NONE) + quantity > target.get(line, NONE)]
    if lines:
        verdict.because(HoldCode.POSTED_WITHOUT_RELEASE, _named(sorted(lines)))


def _largest(parts: Iterable[list[Increment]]) -> Amounts:
    largest: Amounts = {}
    for increments in parts:
        for line, quantity in gains(increments).items():
            if quantity > largest.get(line, NONE):
                largest[line] = quantity
    return largest


def _within(ordered: Amounts, amounts: Amounts) -> Amounts:
    return {line: min(quantity, amounts[line]) for line, quantity in ordered.items() if line in amounts}


def _whole_millisecond(moment: datetime) -> datetime:
    """Rounded up: due marks and ticks count milliseconds, and a tick must never come before its time."""
    rest = moment.microsecond % 1000
    return moment + timedelta(microseconds=1000 - rest) if rest else moment
