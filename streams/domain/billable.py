"""Which quantities count for an invoice: those shipped, delivered, proven... while terms were valid that bill just that.

A quantity counts when the version of the terms that was valid at its time has it as trigger. Where a contract changed its trigger on the
way, goods count once, by the larger sum. Where the terms say so, silence about a delivery is proof, or acceptance, after some days.

    gross     what the trigger has reached, by line; of goods in portions that terms invoice as a whole only whole ones
    off       of it, what came back, was conceded in a dispute, or was lost at the seller's risk; replacements make good for it
    target    gross less off, and never more than is ordered and tolerated: what may be invoiced in all
    due       what will have to be invoiced when all has happened: what is ordered, or closed short, less off
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from streams.domain.amounts import NONE, Amounts, least, less, plus, reaches
from streams.domain.cases import blocks_confirmation
from streams.domain.concessions import conceded
from streams.domain.dossier import Dossier
from streams.domain.goods import Goods, Increment, Portion, Statement, add_up, gains
from streams.domain.quantities import proven_by
from streams.domain.steps import all_of
from streams.domain.terms import Granularity, QuantityBasis, Terms, Trigger
from streams.domain.verdict import Billable, Cause

__all__ = ["billable", "version_at"]

_ON_ORDER: Final = Trigger.ON_ORDER
_ON_SHIP: Final = Trigger.ON_SHIP
_ON_DELIVERY: Final = Trigger.ON_DELIVERY
_ON_POD: Final = Trigger.ON_POD
_ON_ACCEPTANCE: Final = Trigger.ON_ACCEPTANCE
_ON_MILESTONES: Final = Trigger.ON_MILESTONES
_WHOLE: Final = (Granularity.DELIVERY, Granularity.SHIPMENT)
_PERCENT: Final = Decimal(100)


def billable(dossier: Dossier, goods: Goods, versions: tuple[Terms, ...], clock: datetime | None) -> Billable:
    """What counts under these versions of the order's terms. `clock` is the latest moment that the row was told of."""
    found = Billable()
    possible: list[tuple[Portion, dict[Trigger, list[Increment]]]] = []
    asked = {terms.trigger for terms in versions}
    silent_portions = bool(goods.delivered) and any(
        terms.pod_auto_confirm_days is not None or terms.acceptance_days is not None for terms in versions
    )
    objected = silent_portions and any(blocks_confirmation(fact) for fact in dossier.open_exceptions())
    doubted = False
    for portion in goods.portions:
        steps: list[tuple[Trigger, Sequence[Increment]]] = [
            (_ON_SHIP, portion.shipped),
            (_ON_DELIVERY, portion.delivered),
            (_ON_POD, portion.proven),
        ]
        if _ON_ACCEPTANCE in asked:
            steps.append((_ON_ACCEPTANCE, portion.accepted))
        all_steps: dict[Trigger, list[Increment]] = {}
        sure: dict[Trigger, list[Increment]] = {}
        if silent_portions:
            silent = _silence(found, portion, versions, clock)
            if silent and objected:
                # Not counted any more, but what it released is not taken back: an exception stops, it does not withdraw.
                all_steps.update(silent)
                doubted = True
            else:
                steps += silent.items()
        for trigger, increments in steps:
            for increment in increments:
                if found.latest is None or increment.at > found.latest:
                    found.latest = increment.at
                terms = version_at(versions, increment.at)
                if terms is None:
                    found.undated.add(trigger)
                elif terms.trigger is trigger:
                    if (terms.pod_kinds or terms.quantity_basis is not None) and not increment.auto:
                        continue  # by their own rules, below
                    sure.setdefault(trigger, []).append(increment)
                    found.causes.append(Cause(increment, portion, terms))
                else:
                    continue
                all_steps.setdefault(trigger, []).append(increment)
        for terms in versions:
            if terms.trigger is _ON_MILESTONES or terms.pod_kinds or terms.quantity_basis is not None:
                for increment in _by_own_rules(found, dossier, goods, portion, terms, versions):
                    sure.setdefault(terms.trigger, []).append(increment)
                    all_steps.setdefault(terms.trigger, []).append(increment)
                    found.causes.append(Cause(increment, portion, terms))
        found.by_portion.append((portion, _largest(sure) if sure else {}))
        possible.append((portion, all_steps))
    found.terms = version_at(versions, found.latest or dossier.order.at) if dossier.order is not None else None
    in_doubt = [(portion, _largest(all_steps)) for portion, all_steps in possible] if found.undated or doubted else None
    if _ON_ORDER in asked:
        in_doubt = _count_order(found, dossier, goods, versions, in_doubt)
    _whole_portions(found, goods)
    found.gross = add_up(_charged(found.by_portion))
    _sum_up(found, dossier, goods, in_doubt)
    return found


def version_at(versions: Iterable[Terms], at: datetime) -> Terms | None:
    """The version of terms that was valid at a moment; of several the highest."""
    found: Terms | None = None
    for terms in versions:
        if terms.valid_from <= at and (terms.valid_to is None or at < terms.valid_to) and (found is None or terms.version > found.version):
            found = terms
    return found


def _sum_up(found: Billable, dossier: Dossier, goods: Goods, possible: list[tuple[Portion, Amounts]] | None) -> None:
    terms, ordered = found.terms, goods.ordered
    if terms is None and found.causes:
        terms = found.causes[-1].terms
    limit = ordered
    expected = ordered
    if goods.final and (terms is None or terms.closes_short):
        issued = goods.shipped
        expected = {line: min(quantity, issued.get(line, NONE)) if line in goods.final else quantity for line, quantity in ordered.items()}
        expected = {line: quantity for line, quantity in expected.items() if quantity}
    found.off = _taken_off(found, dossier, goods, terms)
    gross = found.gross
    if terms is None or not (terms.over_tolerance or terms.under_tolerance or terms.quantity_basis is QuantityBasis.ORDERED):
        found.complete = reaches(gross, expected)
    else:
        limit = {line: quantity + quantity * terms.over_tolerance / _PERCENT for line, quantity in ordered.items()}
        enough = {line: quantity - quantity * terms.under_tolerance / _PERCENT for line, quantity in expected.items()}
        if terms.quantity_basis is QuantityBasis.ORDERED:
            gross = found.gross = {
                line: max(quantity, ordered[line]) if line in enough and quantity >= enough[line] else quantity
                for line, quantity in gross.items()
                if line in ordered
            }
        expected = {
            line: min(quantity, gross[line]) if gross.get(line, NONE) >= enough[line] else quantity for line, quantity in expected.items()
        }
        found.complete = reaches(gross, expected)
    found.expected = expected
    found.target = least(limit, less(gross, found.off))
    found.due = less(expected, found.off)
    if limit is not ordered:
        found.due = {line: max(quantity, found.target.get(line, NONE)) for line, quantity in found.due.items()}
    found.ceiling = found.target if possible is None else least(limit, less(add_up(_charged(possible)), found.off))
    if found.complete:
        found.wake_at = None


def _taken_off(found: Billable, dossier: Dossier, goods: Goods, terms: Terms | None) -> Amounts:
    """What came back of that which counts, was lost at the seller's risk, or was conceded; less what was replaced."""
    off: Amounts = {}
    if dossier.returns or dossier.losses:
        at_risk = terms is not None and terms.incoterm is not None and terms.incoterm.risk_until_delivery
        for portion, counted in found.by_portion:
            gone = plus(portion.returned, portion.lost) if at_risk else portion.returned
            if gone and counted:
                off = plus(off, least(counted, gone))
        off = plus(off, goods.returned_elsewhere)
    if dossier.disputes.any_settled:
        off = conceded(dossier, goods, found.gross, off)
    if off:
        for portion, counted in found.by_portion:
            if portion.replacement:
                off = less(off, counted)
    return off


def _charged(parts: list[tuple[Portion, Amounts]]) -> list[tuple[Portion, Amounts]]:
    """Without replacements: they are no second charge."""
    for portion, _ in parts:
        if portion.replacement:
            return [part for part in parts if not part[0].replacement]
    return parts


def _count_order(
    found: Billable, dossier: Dossier, goods: Goods, versions: tuple[Terms, ...], in_doubt: list[tuple[Portion, Amounts]] | None
) -> list[tuple[Portion, Amounts]] | None:
    """The order itself is the trigger: everything counts from its first release on; shipped again and returned goods cancel out.

    Returns what may stay released though terms for its time are missing.
    """
    first = min(dossier.revisions, key=lambda fact: (fact.at, fact.id), default=None)
    if first is None:
        return in_doubt
    whole = Portion("", "", contents=goods.ordered)
    terms = version_at(versions, first.at)
    if terms is None:
        found.undated.add(_ON_ORDER)
        return [(whole, goods.ordered)]
    if terms.trigger is not _ON_ORDER:
        return in_doubt
    back = add_up([(portion, portion.returned) for portion in goods.portions]) if goods.portions else {}
    whole.returned = less(back, less(goods.shipped, goods.ordered))
    found.by_portion = [(whole, goods.ordered)]
    found.causes = [Cause(Increment(first.at, goods.ordered, first), whole, terms)]
    found.terms = terms
    found.undated.clear()
    return None


def _whole_portions(found: Billable, goods: Goods) -> None:
    """Deliveries and shipments that are invoiced as a whole count when all that they hold does."""
    terms = found.terms
    if terms is None or terms.granularity not in _WHOLE:
        return
    torn: set[object] = set()

    def unit(portion: Portion) -> object:
        return id(portion) if terms.granularity is Granularity.DELIVERY else portion.shipment or id(portion)

    for portion, counted in found.by_portion:
        if portion.contents is None or any(counted.get(line, NONE) < quantity for line, quantity in portion.contents.items()):
            torn.add(unit(portion))
    if torn:
        found.torn = any(counted for portion, counted in found.by_portion if unit(portion) in torn)
        found.by_portion = [(portion, {} if unit(portion) in torn else counted) for portion, counted in found.by_portion]
        found.causes = [cause for cause in found.causes if unit(cause.portion) not in torn]


def _by_own_rules(
    found: Billable, dossier: Dossier, goods: Goods, portion: Portion, terms: Terms, versions: tuple[Terms, ...]
) -> list[Increment]:
    """What counts of a portion where the terms list milestones, kinds of proof, or a quantity other than the trigger's."""
    if terms.trigger is _ON_MILESTONES:
        increments = all_of(terms.milestones, dossier, goods, portion)
    elif terms.trigger is _ON_POD:
        increments, _ = proven_by(portion, _good_enough(portion.proofs, terms))
    elif terms.trigger is _ON_DELIVERY:
        increments = portion.delivered
    elif terms.trigger is _ON_ACCEPTANCE:
        increments = portion.accepted
    else:
        increments = portion.shipped
    for increment in increments:
        if found.latest is None or increment.at > found.latest:
            found.latest = increment.at
    if terms.quantity_basis is QuantityBasis.SHIPPED and increments and portion.contents is not None and terms.trigger is not _ON_SHIP:
        increments = _all_shipped(portion, increments)
    return [increment for increment in increments if version_at(versions, increment.at) is terms]


def _good_enough(proofs: list[Statement], terms: Terms) -> list[Statement]:
    """The proofs of a kind that the terms take."""
    if not terms.pod_kinds:
        return proofs
    return [proof for proof in proofs if not set(terms.pod_kinds).isdisjoint(proof.fact.proof)]


def _all_shipped(portion: Portion, increments: list[Increment]) -> list[Increment]:
    """What was shipped is invoiced once someone spoke of the whole portion, whatever quantity was found; part deliveries still add up."""
    assert portion.contents is not None
    spoken = portion.delivered_at if not portion.proofs else portion.proofs[-1].at
    rest = less(portion.contents, gains(increments))
    if spoken is None or not rest:
        return increments
    last = increments[-1]
    return [*increments, Increment(max(spoken, last.at), rest, last.fact)]


def _silence(found: Billable, portion: Portion, versions: tuple[Terms, ...], clock: datetime | None) -> dict[Trigger, list[Increment]]:
    """Deliveries whose days of silence are over; sets when to look again for the others."""
    confirmed: dict[Trigger, list[Increment]] = {}
    unproven = portion.unproven
    if portion.proofs and portion.delivered:
        asked = version_at(versions, portion.delivered[0].at)
        if asked is not None and asked.pod_kinds:
            unproven = proven_by(portion, _good_enough(portion.proofs, asked))[1]
    for trigger, increments in ((_ON_POD, unproven), (_ON_ACCEPTANCE, portion.unaccepted)):
        for increment in increments:
            terms = version_at(versions, increment.at)
            if terms is None or terms.trigger is not trigger:
                continue
            days = terms.pod_auto_confirm_days if trigger is _ON_POD else terms.acceptance_days
            if days is None:
                continue
            over = terms.days_after(increment.at, days)
            if over is None:
                found.no_calendar = terms
                continue
            due = _whole_millisecond(over)
            if clock is None or clock < due:
                found.wake_at = due if found.wake_at is None else min(due, found.wake_at)
            else:
                confirmed.setdefault(trigger, []).append(increment._replace(at=due, auto=True))
    return confirmed


def _largest(steps: dict[Trigger, list[Increment]]) -> Amounts:
    if len(steps) == 1:
        return gains(next(iter(steps.values())))
    largest: Amounts = {}
    for increments in steps.values():
        for line, quantity in gains(increments).items():
            if quantity > largest.get(line, NONE):
                largest[line] = quantity
    return largest


def _whole_millisecond(moment: datetime) -> datetime:
    """Rounded up: due marks and ticks count milliseconds, and a tick must never come before its time."""
    rest = moment.microsecond % 1000
    return moment + timedelta(microseconds=1000 - rest) if rest else moment
