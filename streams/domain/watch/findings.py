"""Reconciliation: what was released, posted and credited against each other, as findings R1 to R12 (research: domain 4.5).

    R1  POSTED_WITHOUT_RELEASE   an invoice covers what nothing allowed to invoice
    R2  POSTED_EARLY             it was posted before it might be, and what it covers was earned since: said healed at once
    R3  NOT_POSTED               released, and not posted in time; NOT_IN_LEDGER where a billing document exists that was never posted
    R4  AMOUNT                   the invoice's amount or currency is not that of its releases
    R5  QUANTITY                 the invoice's quantities are not those of the release that it names, or more than were released
    R6  DUPLICATE                what it covers is invoiced already, or its number was posted twice with different contents
    R7  POSTED_FOR_NOTHING       posted for goods that were cancelled, returned or lost, and no credit is under way
    R8  NEVER_RELEASED           everything is delivered, nothing in the contract stands against it, and it is not released
    R9  CREDIT                   a credit memo without a cause, beyond what is invoiced, or missing
    R10 POSTED_AFTER_REVOKE      what was posted had been revoked
    R11 UNKNOWN_ORDER            an invoice names an order that nobody knows
    R12 NEVER_ISSUED             the carrier delivered what the warehouse never confirmed to have left

One invoice that covers too much has one cause: of R1, R5, R6, R7 and R10 the most telling is found, never two. R13: `watch.freight`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from streams.domain.dates import accounting_date
from streams.domain.decisions import DecisionKind
from streams.domain.facts import Fact, Invoiced
from streams.domain.ledger import release_id
from streams.domain.money import rounded
from streams.domain.order import InvoiceEntry, Release
from streams.domain.portions import NONE, Amounts
from streams.domain.watch.freight import freight
from streams.domain.watch.memory import Amounting, Concern, Owner, Severity
from streams.domain.watch.scene import Scene
from streams.domain.watch.timers import Timers

__all__ = ["Check", "findings", "overdue_postings", "remember_expected"]


class Check(StrEnum):
    """The checks; the module's description says what each means."""

    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    R4 = "R4"
    R5 = "R5"
    R6 = "R6"
    R7 = "R7"
    R8 = "R8"
    R9 = "R9"
    R10 = "R10"
    R11 = "R11"
    R12 = "R12"
    R13 = "R13"


_PERCENT: Final = Decimal(100)
_CONTRACT_BLOCKS: Final = frozenset(
    {
        "EXCEPTION",
        "DISPUTE",
        "ORDER_BLOCK",
        "DELIVERY_BLOCK",
        "LINE_BLOCK",
        "BILLING_BLOCK",
        "ACCEPTANCE",
        "NOT_ACCEPTED",
        "RETURN",
        "PRICE_CHECK",
        "CREDIT_REVIEW",
    }
)
"""Reasons of a hold that the contract, the customer or the ERP wants: no leak (R8)."""


def findings(scene: Scene, timers: Timers, overdue: dict[str, datetime]) -> dict[str, Concern]:
    """All that does not agree now, by cause. `overdue`: releases that should be posted by now, and since when."""
    found: dict[str, Concern] = {}
    dossier, memory = scene.dossier, scene.memory
    for release, since in overdue.items():
        drafts = sorted(number for number in dossier.drafts if number not in dossier.invoices)
        detail = f"NOT_IN_LEDGER: {', '.join(drafts)}" if drafts else ""
        _add(found, Check.R3, release, Severity.MEDIUM, Owner.FINANCE, since, detail)
    if dossier.invoices:
        if dossier.revision is None:
            for fact in dossier.active_invoices:
                due = fact.at + scene.patience.unknown_order
                if timers.over(due):
                    _add(found, Check.R11, _invoice(fact).number, Severity.HIGH, Owner.ERP, due, evidence=(fact.id,))
        else:
            _invoices(found, scene)
    if memory.told or dossier.credits:
        _credits(found, scene, timers)
    if dossier.arrivals and not dossier.cancelled:
        _never_released(found, scene, timers)
        _never_issued(found, scene, timers)
    if dossier.freight:
        freight(found, dossier)
    return found


def overdue_postings(scene: Scene, timers: Timers) -> dict[str, datetime]:
    """Releases of which something is neither posted nor taken back in time, by number, and since when."""
    told = scene.memory.told
    if not told:
        return {}
    released, posted = scene.billed.released, dict(scene.billed.posted)
    left = dict(released)
    said = {one.sequence: one.at for one in told}
    terms = scene.verdict.counted.terms
    patience = timedelta(days=terms.posting_days) if terms is not None and terms.posting_days is not None else scene.patience.posting
    overdue: dict[str, datetime] = {}
    for release in scene.ledger.releases:
        open_ = False
        for line, quantity in release.lines:
            here = min(quantity, left.get(line, NONE))
            if here <= 0:
                continue
            left[line] -= here
            paid = min(here, posted.get(line, NONE))
            posted[line] = posted.get(line, NONE) - paid
            open_ |= here > paid
        if open_ and release.sequence in said:
            due = said[release.sequence] + patience
            if timers.over(due):
                overdue[str(release.sequence)] = due
    return overdue


def remember_expected(scene: Scene) -> None:
    """Note what newly entered invoices should amount to, before later credits change what they are taken to cover."""
    expected = scene.memory.expected
    if len(expected) == len(scene.ledger.invoices):
        return
    for entry in scene.ledger.invoices:
        if entry.number not in expected:
            expected[entry.number] = _expected(scene, entry)


def _add(
    found: dict[str, Concern],
    check: Check,
    subject: str,
    severity: Severity,
    owner: Owner,
    since: datetime,
    detail: str = "",
    amounting: Amounting | None = None,
    healed: bool = False,
    evidence: tuple[str, ...] = (),
) -> None:
    found[f"{check}/{subject}"] = Concern(check, subject, severity, owner, since, detail, amounting, healed, evidence)


def _invoice(fact: Fact) -> Invoiced:
    assert fact.more is not None and fact.more.invoice is not None, "the dossier keeps invoices by their number"
    return fact.more.invoice


def _invoices(found: dict[str, Concern], scene: Scene) -> None:
    dossier, ledger = scene.dossier, scene.ledger
    active = [entry for entry in ledger.invoices if entry.number in dossier.invoices and entry.number not in dossier.invoices_cancelled]
    beyond = _unearned(scene, active) if scene.billed.early else {}
    for index, entry in enumerate(active):
        fact = dossier.invoices[entry.number]
        _amount(found, scene, entry.number, fact)
        unearned = beyond.get(entry.number)
        if unearned:
            _too_much(found, scene, entry, fact, unearned, active[:index] + active[index + 1 :])
        elif entry.early or _before_release(scene, fact):
            _add(found, Check.R2, entry.number, Severity.LOW, Owner.FINANCE, fact.at, healed=True, evidence=(fact.id,))
        if not unearned:
            _quantities(found, scene, entry.number, fact)
        _for_nothing(found, scene, entry, fact)
    for number, facts in dossier.reposted.items():
        if number not in dossier.invoices_cancelled and len({(fact.more, fact.lines) for fact in facts}) > 1:
            ids = tuple(sorted([fact.id for fact in facts]))
            _add(found, Check.R6, number, Severity.HIGH, Owner.FINANCE, min([fact.at for fact in facts]), "NUMBER_TWICE", evidence=ids)
    if dossier.unallocated:
        for number, rest in dossier.unallocated.items():
            if number in dossier.invoices and number not in dossier.invoices_cancelled:
                fact = dossier.invoices[number]
                amounting = Amounting(NONE, rest, _invoice(fact).currency)
                detail = "the parts of the orders do not sum to the invoice"
                _add(found, Check.R4, f"{number} in all", Severity.HIGH, Owner.FINANCE, fact.at, detail, amounting, evidence=(fact.id,))


def _unearned(scene: Scene, active: list[InvoiceEntry]) -> dict[str, list[str]]:
    """By invoice: lines that it covers and that neither a release nor the goods since allow. What is earned goes to the invoice posted first."""
    invoices, released = scene.dossier.invoices, scene.billed.released
    room = {line: max(NONE, quantity - released.get(line, NONE)) for line, quantity in scene.verdict.counted.target.items()}
    found: dict[str, list[str]] = {}
    for entry in sorted(active, key=lambda entry: (invoices[entry.number].at, entry.number)):
        for line, quantity in entry.early:
            if quantity <= room.get(line, NONE):
                room[line] -= quantity
            else:
                found.setdefault(entry.number, []).append(line)
    return found


def _too_much(
    found: dict[str, Concern], scene: Scene, entry: InvoiceEntry, fact: Fact, unearned: list[str], others: list[InvoiceEntry]
) -> None:
    """An invoice that covers more than anything allowed: why."""
    covered_elsewhere = {line for other in others for line, _ in (*other.backed, *other.early)}
    revoked = {line for told in scene.memory.told if told.kind is DecisionKind.REVOKE for line in told.lines}
    ordered = scene.goods.ordered
    if not covered_elsewhere.isdisjoint(unearned) and _later(scene, fact, others, unearned):
        check, detail = Check.R6, ", ".join(sorted(o.number for o in others if any(line in unearned for line, _ in (*o.backed, *o.early))))
    elif not revoked.isdisjoint(unearned):
        check, detail = Check.R10, ""
    elif scene.dossier.cancelled or all(line not in ordered for line in unearned):
        check, detail = Check.R7, "CANCELLED"
    elif entry.backed:
        check, detail = Check.R5, "lines " + ", ".join(sorted(unearned))
    else:
        check, detail = Check.R1, "lines " + ", ".join(sorted(unearned))
    _add(found, check, entry.number, Severity.HIGH, Owner.FINANCE, fact.at, detail, evidence=(fact.id,))


def _later(scene: Scene, fact: Fact, others: Iterable[InvoiceEntry], lines: list[str]) -> bool:
    """Of two invoices over the same goods the earlier is kept: the later one is the duplicate."""
    for other in others:
        if any(line in lines for line, _ in (*other.backed, *other.early)):
            known = scene.dossier.invoices[other.number]
            if other.backed or (known.at, other.number) < (fact.at, _invoice(fact).number):
                return True
    return False


def _before_release(scene: Scene, fact: Fact) -> bool:
    """Whether an invoice's accounting date lies before that of the first release."""
    basis = scene.ledger.basis
    told = [one.triggered_at for one in scene.memory.told if one.kind in (DecisionKind.RELEASE, DecisionKind.PARTIAL_RELEASE)]
    if basis is None or not told or fact.at >= min(told):
        return False
    return accounting_date(fact.at, basis.time_zone) < accounting_date(min(told), basis.time_zone)


def _amount(found: dict[str, Concern], scene: Scene, number: str, fact: Fact) -> None:
    invoice, expected = _invoice(fact), scene.memory.expected.get(number)
    basis, revision = scene.ledger.basis, scene.dossier.revision
    currency = basis.currency if basis is not None else revision.currency if revision is not None else invoice.currency
    if invoice.currency != currency:
        detail = f"CURRENCY: {invoice.currency} where {currency} was released"
        _add(found, Check.R4, number, Severity.HIGH, Owner.FINANCE, fact.at, detail, evidence=(fact.id,))
        return
    if expected is None:
        return
    terms = scene.verdict.counted.terms
    allowed = NONE
    if terms is not None:
        allowed = max(terms.amount_tolerance, abs(expected) * terms.amount_tolerance_percent / _PERCENT)
    if abs(invoice.amount - expected) > allowed:
        amounting = Amounting(expected, invoice.amount, currency)
        _add(found, Check.R4, number, Severity.HIGH, Owner.FINANCE, fact.at, "AMOUNT", amounting, evidence=(fact.id,))


def _expected(scene: Scene, entry: InvoiceEntry) -> Decimal:
    """What an invoice should amount to: its releases as they were decided; what was never released at the order's price."""
    ledger, order_id = scene.ledger, scene.order_id
    invoice = _invoice(scene.dossier.invoices[entry.number])
    covered: Amounts = {}
    for line, quantity in (*entry.backed, *entry.early):
        covered[line] = covered.get(line, NONE) + quantity
    currency = ledger.basis.currency if ledger.basis is not None else invoice.currency
    named = _named(ledger.releases, order_id, invoice)
    for release in [named] if named is not None else ledger.releases:
        if dict(release.lines) == covered:
            return release.amount
    together: Amounts = {}
    amount = NONE
    for release in ledger.releases:
        amount += release.amount
        for line, quantity in release.lines:
            together[line] = together.get(line, NONE) + quantity
    if together == covered:
        return amount
    revision = scene.dossier.revision
    prices = {line.line: line.unit_price for line in revision.lines} if revision is not None else {}
    total = NONE
    for line, quantity in covered.items():
        known = ledger.lines.get(line)
        price = known.value / known.released if known is not None and known.released else prices.get(line, NONE)
        total += rounded(quantity * price, currency)
    return total


def _named(releases: Iterable[Release], order_id: str, invoice: Invoiced) -> Release | None:
    if invoice.release_id:
        for release in releases:
            if invoice.release_id == release_id(order_id, order_id, release.sequence):
                return release
    return None


def _quantities(found: dict[str, Concern], scene: Scene, number: str, fact: Fact) -> None:
    """The lines that an invoice states against the release that it names."""
    if not fact.lines:
        return
    release = _named(scene.ledger.releases, scene.order_id, _invoice(fact))
    if release is None:
        return
    units = scene.goods.units
    if any(units.get(line, uom) != uom for line, _, uom in fact.lines):
        return  # the gate holds what it cannot convert
    stated: Amounts = {}
    for line, quantity, _ in fact.lines:
        stated[line] = stated.get(line, NONE) + quantity
    wanted = dict(release.lines)
    odd = sorted(line for line in stated.keys() | wanted.keys() if stated.get(line, NONE) != wanted.get(line, NONE))
    if odd:
        first = odd[0]
        amounting = Amounting(wanted.get(first, NONE), stated.get(first, NONE), units.get(first, ""))
        _add(found, Check.R5, number, Severity.MEDIUM, Owner.FINANCE, fact.at, "lines " + ", ".join(odd), amounting, evidence=(fact.id,))


def _for_nothing(found: dict[str, Concern], scene: Scene, entry: InvoiceEntry, fact: Fact) -> None:
    """What is still posted (not credited) of goods that are gone."""
    posted = dict(entry.backed)
    if not posted:
        return
    why = ""
    if scene.dossier.cancelled or all(line not in scene.goods.ordered for line in posted):
        why = "CANCELLED"
    else:
        for portion in scene.goods.portions:
            if any(line in posted for line in portion.lost):
                why = "LOST"
            elif scene.billed.posted.keys() & portion.returned.keys() & _too_far(scene).keys():
                why = "RETURNED"
    if why and f"{Check.R10}/{entry.number}" not in found and f"{Check.R6}/{entry.number}" not in found:
        _add(found, Check.R7, entry.number, Severity.HIGH, Owner.FINANCE, fact.at, why, evidence=(fact.id,))


def _too_far(scene: Scene) -> Amounts:
    target = scene.verdict.counted.target
    return {line: quantity for line, quantity in scene.billed.posted.items() if quantity > target.get(line, NONE)}


def _credits(found: dict[str, Concern], scene: Scene, timers: Timers) -> None:
    """Credit requests and credit memos, the oldest against the oldest."""
    requests = [told for told in scene.memory.told if told.kind is DecisionKind.CREDIT_REQUEST]
    memos = sorted(scene.dossier.credits.values(), key=lambda fact: (fact.at, fact.id))
    if not requests and not memos:
        return
    terms = scene.verdict.counted.terms
    allowed = terms.amount_tolerance if terms is not None else NONE
    given = sum([abs(_invoice(fact).amount) for fact in memos], NONE)
    rest = given
    for told in requests:
        asked = abs(told.amount)
        if rest + allowed < asked:
            due = told.at + scene.patience.posting
            if timers.over(due):
                unit = scene.ledger.basis.currency if scene.ledger.basis is not None else ""
                amounting = Amounting(asked, max(NONE, rest), unit)
                _add(found, Check.R9, str(told.sequence), Severity.MEDIUM, Owner.FINANCE, due, "MEMO_MISSING", amounting)
        rest = max(NONE, rest - asked)
    asked_for = sum([abs(told.amount) for told in requests], NONE)
    invoiced = sum([_invoice(fact).amount for fact in scene.dossier.active_invoices], NONE)
    sofar = NONE
    for fact in memos:
        memo = _invoice(fact)
        sofar += abs(memo.amount)
        if sofar > asked_for + allowed:
            over = sofar > invoiced
            amounting = Amounting(invoiced if over else asked_for, sofar, memo.currency)
            detail = "OVER_BALANCE" if over else "WITHOUT_CAUSE"
            severity = Severity.HIGH if over else Severity.MEDIUM
            _add(found, Check.R9, memo.number, severity, Owner.FINANCE, fact.at, detail, amounting, evidence=(fact.id,))


def _never_released(found: dict[str, Concern], scene: Scene, timers: Timers) -> None:
    goods = scene.goods
    if not goods.ordered or any(goods.delivered.get(line, NONE) < quantity for line, quantity in goods.ordered.items()):
        return
    due_lines, covered = scene.verdict.counted.due or goods.ordered, scene.billed.covered
    if all(covered.get(line, NONE) >= quantity for line, quantity in due_lines.items()):
        return
    if any(reason.code.value in _CONTRACT_BLOCKS for reason in scene.verdict.reasons):
        return
    delivered_at = max([increment.at for portion in goods.portions for increment in portion.delivered])
    due = delivered_at + scene.patience.leak
    if timers.over(due):
        codes = sorted({reason.code.value for reason in scene.verdict.reasons})
        _add(found, Check.R8, "", Severity.HIGH, Owner.FINANCE, due, ", ".join(codes))


def _never_issued(found: dict[str, Concern], scene: Scene, timers: Timers) -> None:
    for portion in scene.goods.portions:
        if not portion.shipped and not portion.whole_order and (portion.shipment or portion.delivery):
            at = portion.delivered_at or (portion.delivered[0].at if portion.delivered else None)
            if at is not None:
                due = at + scene.patience.issue
                if timers.over(due):
                    _add(found, Check.R12, portion.shipment or portion.delivery, Severity.MEDIUM, Owner.WMS, due)
