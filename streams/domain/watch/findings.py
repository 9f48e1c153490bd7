"""Reconciliation: what was released, posted and credited against each other, as findings R1 to R12 (docs/reconciliation.md).

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

R1, R2, R4 to R7 and R10 are in `watch.invoices`, R9 in `watch.credits`, R13 in `watch.freight`; the others here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from streams.domain.amounts import NONE, reaches
from streams.domain.memory import Concern, Owner, Severity
from streams.domain.watch.checks import Check, add, invoice_of
from streams.domain.watch.credits import check_credits
from streams.domain.watch.freight import freight
from streams.domain.watch.invoices import check_invoices
from streams.domain.watch.scene import Scene
from streams.domain.watch.timers import Timers

__all__ = ["findings", "overdue_postings"]


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
        add(found, Check.R3, release, Severity.MEDIUM, Owner.FINANCE, since, detail)
    if dossier.invoices:
        if dossier.revision is None:
            for fact in dossier.active_invoices:
                due = fact.at + scene.patience.unknown_order
                if timers.over(due):
                    add(found, Check.R11, invoice_of(fact).number, Severity.HIGH, Owner.ERP, due, evidence=(fact.id,))
        else:
            check_invoices(found, scene)
    if memory.told or dossier.credits:
        check_credits(found, scene, timers)
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
    days = terms.posting_days if terms is not None else None
    overdue: dict[str, datetime] = {}
    releases = scene.ledger.releases
    for release in releases:
        open_ = len(releases) == 1 and not posted and bool(left)  # as it is in most orders
        for line, quantity in () if open_ else release.lines:
            here = min(quantity, left.get(line, NONE))
            if here <= 0:
                continue
            left[line] -= here
            paid = min(here, posted.get(line, NONE))
            posted[line] = posted.get(line, NONE) - paid
            open_ |= here > paid
        if open_ and release.sequence in said:
            due = said[release.sequence] + scene.patience.posting
            if terms is not None and days is not None:
                # Without the calendar every day counts: to be told too early harms nobody.
                due = terms.days_after(said[release.sequence], days) or said[release.sequence] + timedelta(days=days)
            if timers.over(due):
                overdue[str(release.sequence)] = due
    return overdue


def _never_released(found: dict[str, Concern], scene: Scene, timers: Timers) -> None:
    goods = scene.goods
    if not goods.ordered or not reaches(goods.delivered, goods.ordered):
        return
    if reaches(scene.billed.covered, scene.verdict.counted.due or goods.ordered):
        return
    if any(reason.code.value in _CONTRACT_BLOCKS for reason in scene.verdict.reasons):
        return
    delivered_at = max([increment.at for portion in goods.portions for increment in portion.delivered])
    due = delivered_at + scene.patience.leak
    if timers.over(due):
        codes = sorted({reason.code.value for reason in scene.verdict.reasons})
        add(found, Check.R8, "", Severity.HIGH, Owner.FINANCE, due, ", ".join(codes))


def _never_issued(found: dict[str, Concern], scene: Scene, timers: Timers) -> None:
    for portion in scene.goods.portions:
        if not portion.shipped and not portion.whole_order and (portion.shipment or portion.delivery):
            at = portion.delivered_at or (portion.delivered[0].at if portion.delivered else None)
            if at is not None:
                due = at + scene.patience.issue
                if timers.over(due):
                    add(found, Check.R12, portion.shipment or portion.delivery, Severity.MEDIUM, Owner.WMS, due)
