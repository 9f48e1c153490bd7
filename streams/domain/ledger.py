"""What was decided and posted for an order, and the step from there to what the gate allows: decisions, each once.

    released   net of what was revoked and credited
    early      posted by finance without a release
    covered    released + early: never released again

A release is for `target - covered`. What is covered beyond the ceiling is revoked as far as it is not posted; what of that is then still
released beyond the ceiling is credited. What was posted early is never credited here: it stays a hold until the goods earn it.

Amounts are rounded cumulatively: that of a decision is the rounded value of all that is released after it, less that before it. So the
amounts of an order's decisions always sum to the rounded value of the net quantity.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Final

from streams.domain.amounts import NONE, Amounts, less, plus, reaches
from streams.domain.dates import accounting_date
from streams.domain.decisions import Decision, DecisionKind, DecisionLine, HoldCode
from streams.domain.dossier import Dossier
from streams.domain.facts import Fact, Invoiced, Revision
from streams.domain.goods import Goods
from streams.domain.ids import stable_id
from streams.domain.money import rounded, smallest
from streams.domain.order import Basis, InvoiceEntry, Ledger, LedgerLine, Release
from streams.domain.verdict import Billed, Cause, Verdict
from streams.domain.vocabulary import Milestone

__all__ = ["billed", "decide", "enter_invoices", "release_id"]


def billed(ledger: Ledger, dossier: Dossier) -> Billed:
    """Sums of the ledger; only invoices that are still posted count."""
    posted: Amounts = {}
    early: Amounts = {}
    if ledger.invoices:
        active = {number for number in dossier.invoices if number not in dossier.invoices_cancelled}
        for entry in ledger.invoices:
            if entry.number in active:
                for line, quantity in entry.backed:
                    posted[line] = posted.get(line, NONE) + quantity
                for line, quantity in entry.early:
                    early[line] = early.get(line, NONE) + quantity
    released = {line: entry.released for line, entry in ledger.lines.items() if entry.released}
    return Billed(released, posted, early, ledger.basis.currency if released and ledger.basis is not None else "")


def release_id(order_id: str, billable_unit: str, sequence: int) -> str:
    """Id of a decision: of its place in the row of decisions, so that a replay gives the same."""
    return stable_id("release", order_id, billable_unit, str(sequence))


def enter_invoices(ledger: Ledger, dossier: Dossier, order_id: str) -> None:
    """Enter invoices that became known: first against what is released and not posted, the rest as posted early.

    Waits until the order is known. Invoices of nothing or less (pro forma, credit) are not taken for an invoice of goods.
    """
    order = dossier.revision
    if order is None or not dossier.invoices:
        return
    known = {entry.number for entry in ledger.invoices}
    for fact in dossier.active_invoices:
        invoice = fact.more.invoice if fact.more is not None else None
        if invoice is None or invoice.number in known or invoice.amount <= 0:
            continue
        sums = billed(ledger, dossier)
        backed: list[tuple[str, Decimal]] = []
        early: list[tuple[str, Decimal]] = []
        for line, quantity in _covers(ledger, sums, order, fact, invoice, order_id).items():
            open_quantity = max(NONE, sums.released.get(line, NONE) - sums.posted.get(line, NONE))
            if min(quantity, open_quantity):
                backed.append((line, min(quantity, open_quantity)))
            if quantity > open_quantity:
                early.append((line, quantity - open_quantity))
        ledger.invoices.append(InvoiceEntry(invoice.number, tuple(backed), tuple(early)))


def decide(
    ledger: Ledger, before: Billed, verdict: Verdict, dossier: Dossier, goods: Goods, order_id: str, happened_at: datetime
) -> list[Decision]:
    """The decisions that lead from the ledger to the verdict, entered into the ledger. None where they agree.

    `before`: the ledger's sums. `happened_at` dates a reversal: the time of the event that caused it.
    """
    if not before.released and (verdict.stopped or not verdict.counted.target):
        return []
    return _Step(ledger, before, verdict, dossier, goods, order_id).decisions(happened_at)


_new_line: Final = partial(tuple.__new__, LedgerLine)
"""A `LedgerLine` of its four fields in a third of the time: a release makes one for each line of the order."""


class _Step:
    """One step of one ledger."""

    def __init__(self, ledger: Ledger, before: Billed, verdict: Verdict, dossier: Dossier, goods: Goods, order_id: str) -> None:
        self.ledger = ledger
        self.verdict = verdict
        self.dossier = dossier
        self.ordered = goods.ordered
        self.order_id = order_id
        self.before = before
        self.covered = before.covered

    def decisions(self, happened_at: datetime) -> list[Decision]:
        decisions: list[Decision] = []
        if self.before.released:
            revoke, credit = self.too_much()
            if revoke:
                decisions.append(self.reverse(DecisionKind.REVOKE, revoke, happened_at))
            if credit and self.verdict.review:
                self.verdict.because(HoldCode.CREDIT_REVIEW, self.verdict.named(sorted(credit)))
                self.verdict.reasons.sort(key=lambda reason: (reason.code, reason.detail, reason.evidence))
            elif credit:
                decisions.append(self.reverse(DecisionKind.CREDIT_REQUEST, credit, happened_at))
                _credit(self.ledger, self.dossier, dict(credit))
        more = {} if self.verdict.stopped else self.too_little()
        if more:
            decisions.append(self.release(more))
        return decisions

    def too_little(self) -> Amounts:
        """What may be released and is not covered."""
        covered, stopped = self.covered, self.verdict.stopped_lines
        target = less(self.verdict.counted.target, self.verdict.withheld)
        if not covered and not stopped:
            return target
        return {
            line: quantity - covered.get(line, NONE)
            for line, quantity in target.items()
            if quantity > covered.get(line, NONE) and line not in stopped
        }

    def too_much(self) -> tuple[Amounts, Amounts]:
        """What to revoke and what to credit: of too much covered what is not posted, of too much released the rest."""
        revoke: Amounts = {}
        credit: Amounts = {}
        unposted = {line: quantity - self.before.posted.get(line, NONE) for line, quantity in self.before.released.items()}
        for line, released in self.before.released.items():
            ceiling = self.verdict.counted.ceiling.get(line, NONE)
            off = max(NONE, min(unposted[line], self.covered[line] - ceiling + self.verdict.revocable.get(line, NONE)))
            if off:
                revoke[line] = off
            if released - off > ceiling:
                credit[line] = released - off - ceiling
        if (revoke or credit) and self.verdict.whole_only and not self.verdict.counted.complete:
            # Terms that allow no partial invoice: what would be left of the release must not be posted either.
            revoke = {line: quantity for line, quantity in unposted.items() if quantity > 0}
        return revoke, credit

    def release(self, more: Amounts) -> Decision:
        ledger, order, order_fact = self.ledger, self.dossier.revision, self.dossier.order
        assert order is not None and order_fact is not None, "a target without an order"
        causes = [
            cause
            for cause in self.verdict.counted.causes
            if cause.increment.gain is more or not more.keys().isdisjoint(cause.increment.gain)
        ]
        last = max(causes, key=_by_time) if len(causes) > 1 else causes[0]
        terms = last.terms
        ledger.basis = Basis(terms.trigger, terms.terms_id, terms.version, terms.time_zone, order.currency)
        entries, step = ledger.lines, smallest(order.currency)
        lines = []
        still = dict(more)
        for line, sku, _, uom, price, _, _ in order.lines:
            if line not in still:
                continue
            delta = still.pop(line)
            value = delta * price
            known = entries.get(line)
            if known is None:
                entries[line] = _new_line((sku, uom, delta, value))
                lines.append(DecisionLine(line, sku, delta, delta, uom, price, value.quantize(step, ROUND_HALF_UP)))
            else:
                lines.append(self.entered(line, known, LedgerLine(sku, uom, known.released + delta, known.value + value), price))
        covered = self.covered
        left = not reaches(plus(covered, more), self.verdict.counted.due)
        decision = self.decision(
            DecisionKind.PARTIAL_RELEASE if left else DecisionKind.RELEASE,
            lines,
            last.increment.at,
            [order_fact, *[cause.increment.fact for cause in causes], *[fact for cause in causes for fact in cause.portion.lists]],
            (*(["AUTO_CONFIRM"] if _by_silence(causes, more) else []), *sorted(set(self.verdict.remarks))),
        )
        ledger.releases.append(Release(decision.sequence, decision.amount, tuple([(line.line, line.delta) for line in lines])))
        return decision

    def reverse(self, kind: DecisionKind, amounts: Amounts, happened_at: datetime) -> Decision:
        dossier = self.dossier
        lines = []
        for line, quantity in amounts.items():
            known = self.ledger.lines[line]
            left = known.released - quantity
            after = known._replace(released=left, value=known.value * left / known.released)
            lines.append(self.entered(line, known, after, known.value / known.released))
        reason, facts = self.why(amounts)
        if dossier.order is not None:
            facts.append(dossier.order)
        return self.decision(kind, lines, happened_at, facts, (reason,))

    def why(self, amounts: Amounts) -> tuple[str, list[Fact]]:
        """Why these quantities are taken back, and the facts that say so."""
        dossier, off = self.dossier, self.verdict.counted.off
        facts = [*dossier.cancellations, *dossier.withdrawals]
        if dossier.cancelled:
            return "ORDER_CANCELLED", facts
        if any(self.before.released[line] > self.ordered.get(line, NONE) for line in amounts):
            return "ORDER_REDUCED", facts
        if self.verdict.revocable and not amounts.keys().isdisjoint(self.verdict.revocable):
            return "RETURN_ANNOUNCED", [*facts, *dossier.returns]
        if not amounts.keys().isdisjoint(off):
            back = [fact for fact in dossier.returns if fact.milestone is Milestone.RETURN_RECEIVED]
            settled = [fact for ended, raised in dossier.disputes.settled() for fact in (ended, *raised)]
            if back and settled:
                return "RETURNED_OR_CONCEDED", [*facts, *back, *settled]
            if back:
                return "RETURNED", [*facts, *back]
            return ("DISPUTE_CONCEDED", [*facts, *settled]) if settled else ("LOST", [*facts, *dossier.losses])
        return ("GOODS_ISSUE_REVERSED" if dossier.reversals else "EVIDENCE_WITHDRAWN"), [*facts, *dossier.reversals]

    def entered(self, line: str, before: LedgerLine, after: LedgerLine, price: Decimal) -> DecisionLine:
        assert self.ledger.basis is not None, "an amount without a currency"
        currency = self.ledger.basis.currency
        self.ledger.lines[line] = after
        amount = rounded(after.value, currency)
        if before.value:
            amount -= rounded(before.value, currency)
        return DecisionLine(line, after.sku, after.released - before.released, after.released, after.uom, price, amount)

    def decision(
        self, kind: DecisionKind, lines: list[DecisionLine], at: datetime, facts: Iterable[Fact], reasons: tuple[str, ...]
    ) -> Decision:
        basis = self.ledger.basis
        assert basis is not None, "a decision without terms"
        before, self.ledger.sequence = self.ledger.sequence, self.ledger.sequence + 1
        return Decision(
            release_id=release_id(self.order_id, self.order_id, self.ledger.sequence),
            order_id=self.order_id,
            billable_unit=self.order_id,
            sequence=self.ledger.sequence,
            kind=kind,
            lines=tuple(lines),
            amount=sum([line.amount for line in lines], NONE),
            currency=basis.currency,
            accounting_date=accounting_date(at, basis.time_zone),
            trigger=basis.trigger,
            triggered_at=at,
            terms_id=basis.terms_id,
            terms_version=basis.terms_version,
            evidence=tuple(sorted({fact.id for fact in facts})),
            reasons=reasons,
            supersedes=release_id(self.order_id, self.order_id, before) if before else "",
        )


def _covers(ledger: Ledger, sums: Billed, order: Revision, fact: Fact, invoice: Invoiced, order_id: str) -> Amounts:
    """What an invoice covers: its lines; else the release that it names, or that has its amount; else the whole order."""
    ordered: Amounts = {}
    for line in order.lines:
        ordered[line.line] = ordered.get(line.line, NONE) + line.quantity
    if fact.lines:
        units = {line.line: line.uom for line in order.lines}
        stated: Amounts = {}
        for line_id, quantity, uom in fact.lines:
            # In a unit that we cannot convert it may be any quantity: take it for all, so that nothing is posted twice.
            known = quantity if units.get(line_id, uom) == uom else ordered[line_id]
            stated[line_id] = stated.get(line_id, NONE) + known
        return stated
    for release in ledger.releases:
        if invoice.release_id and invoice.release_id == release_id(order_id, order_id, release.sequence):
            return dict(release.lines)
    for release in ledger.releases:
        if (invoice.amount, invoice.currency) == (release.amount, sums.currency) and all(
            sums.released.get(line, NONE) - sums.posted.get(line, NONE) >= quantity for line, quantity in release.lines
        ):
            return dict(release.lines)
    return {line: quantity for line, quantity in ordered.items() if quantity > 0}


def _credit(ledger: Ledger, dossier: Dossier, credit: Amounts) -> None:
    """Take credited quantities off the invoices that posted them, the latest first."""
    for index in reversed(range(len(ledger.invoices))):
        entry = ledger.invoices[index]
        if entry.number in dossier.invoices_cancelled or entry.number not in dossier.invoices:
            continue
        backed = []
        for line, quantity in entry.backed:
            off = min(quantity, credit.get(line, NONE))
            if off:
                credit[line] -= off
            if quantity > off:
                backed.append((line, quantity - off))
        ledger.invoices[index] = entry._replace(backed=tuple(backed))


def _by_silence(causes: list[Cause], more: Amounts) -> bool:
    """Whether a release rests on silence, in part at least: but not where somebody spoke of the same lines of the whole order."""
    silent = [cause for cause in causes if cause.increment.auto]
    if not silent:
        return False
    worded = {line for cause in causes if cause.portion.whole_order and not cause.increment.auto for line in cause.increment.gain}
    return any(line in more and line not in worded for cause in silent for line in cause.increment.gain)


def _by_time(cause: Cause) -> tuple[datetime, str]:
    return cause.increment.at, cause.increment.fact.id
