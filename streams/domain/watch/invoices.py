"""Posted invoices against what was released, earned and still is: R1, R2, R4, R5, R6, R7 and R10 (docs/reconciliation.md).

One invoice that covers too much has one cause: of R1, R5, R6, R7 and R10 the most telling is found, never two.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from streams.domain.amounts import NONE, Amounts
from streams.domain.dates import accounting_date
from streams.domain.decisions import DecisionKind
from streams.domain.facts import Fact, Invoiced
from streams.domain.ledger import release_id
from streams.domain.memory import Amounting, Concern, Owner, Severity
from streams.domain.money import rounded
from streams.domain.order import InvoiceEntry, Release
from streams.domain.watch.checks import Check, add, invoice_of
from streams.domain.watch.scene import Scene

__all__ = ["check_invoices", "remember_expected"]

_PERCENT: Final = Decimal(100)


def check_invoices(found: dict[str, Concern], scene: Scene) -> None:
    """Add what is wrong with the order's posted invoices."""
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
            add(found, Check.R2, entry.number, Severity.LOW, Owner.FINANCE, fact.at, healed=True, evidence=(fact.id,))
        if not unearned:
            _quantities(found, scene, entry.number, fact)
        _for_nothing(found, scene, entry, fact)
    for number, facts in dossier.reposted.items():
        if number not in dossier.invoices_cancelled and len({(fact.more, fact.lines) for fact in facts}) > 1:
            ids = tuple(sorted([fact.id for fact in facts]))
            add(found, Check.R6, number, Severity.HIGH, Owner.FINANCE, min([fact.at for fact in facts]), "NUMBER_TWICE", evidence=ids)
    if dossier.unallocated:
        for number, rest in dossier.unallocated.items():
            if number in dossier.invoices and number not in dossier.invoices_cancelled:
                fact = dossier.invoices[number]
                amounting = Amounting(NONE, rest, invoice_of(fact).currency)
                detail = "the parts of the orders do not sum to the invoice"
                add(found, Check.R4, f"{number} in all", Severity.HIGH, Owner.FINANCE, fact.at, detail, amounting, evidence=(fact.id,))


def remember_expected(scene: Scene) -> None:
    """Note what newly entered invoices should amount to, before later credits change what they are taken to cover."""
    expected = scene.memory.expected
    if len(expected) == len(scene.ledger.invoices):
        return
    for entry in scene.ledger.invoices:
        if entry.number not in expected:
            expected[entry.number] = _expected(scene, entry)


def _unearned(scene: Scene, active: list[InvoiceEntry]) -> dict[str, list[str]]:
    """By invoice: lines that it covers and that nothing allows by now. What is earned goes to the invoice that was posted first."""
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
    add(found, check, entry.number, Severity.HIGH, Owner.FINANCE, fact.at, detail, evidence=(fact.id,))


def _later(scene: Scene, fact: Fact, others: Iterable[InvoiceEntry], lines: list[str]) -> bool:
    """Of two invoices over the same goods the earlier is kept: the later one is the duplicate."""
    for other in others:
        if any(line in lines for line, _ in (*other.backed, *other.early)):
            known = scene.dossier.invoices[other.number]
            if other.backed or (known.at, other.number) < (fact.at, invoice_of(fact).number):
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
    invoice, expected = invoice_of(fact), scene.memory.expected.get(number)
    basis, revision = scene.ledger.basis, scene.dossier.revision
    currency = basis.currency if basis is not None else revision.currency if revision is not None else invoice.currency
    if invoice.currency != currency:
        detail = f"CURRENCY: {invoice.currency} where {currency} was released"
        add(found, Check.R4, number, Severity.HIGH, Owner.FINANCE, fact.at, detail, evidence=(fact.id,))
        return
    if expected is None:
        return
    terms = scene.verdict.counted.terms
    allowed = NONE
    if terms is not None:
        allowed = max(terms.amount_tolerance, abs(expected) * terms.amount_tolerance_percent / _PERCENT)
    if abs(invoice.amount - expected) > allowed:
        amounting = Amounting(expected, invoice.amount, currency)
        add(found, Check.R4, number, Severity.HIGH, Owner.FINANCE, fact.at, "AMOUNT", amounting, evidence=(fact.id,))


def _expected(scene: Scene, entry: InvoiceEntry) -> Decimal:
    """What an invoice should amount to: its releases as they were decided; what was never released at the order's price."""
    ledger, order_id = scene.ledger, scene.order_id
    invoice = invoice_of(scene.dossier.invoices[entry.number])
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
    release = _named(scene.ledger.releases, scene.order_id, invoice_of(fact))
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
        add(found, Check.R5, number, Severity.MEDIUM, Owner.FINANCE, fact.at, "lines " + ", ".join(odd), amounting, evidence=(fact.id,))


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
        add(found, Check.R7, entry.number, Severity.HIGH, Owner.FINANCE, fact.at, why, evidence=(fact.id,))


def _too_far(scene: Scene) -> Amounts:
    target = scene.verdict.counted.target
    return {line: quantity for line, quantity in scene.billed.posted.items() if quantity > target.get(line, NONE)}
