"""Credit requests against the credit memos that finance posted: R9 (docs/reconciliation.md)."""

from __future__ import annotations

from streams.domain.amounts import NONE
from streams.domain.decisions import DecisionKind
from streams.domain.memory import Amounting, Concern, Owner, Severity
from streams.domain.watch.checks import Check, add, invoice_of
from streams.domain.watch.scene import Scene
from streams.domain.watch.timers import Timers

__all__ = ["check_credits"]


def check_credits(found: dict[str, Concern], scene: Scene, timers: Timers) -> None:
    """Credit requests and credit memos, the oldest against the oldest."""
    requests = [told for told in scene.memory.told if told.kind is DecisionKind.CREDIT_REQUEST]
    memos = sorted(scene.dossier.credits.values(), key=lambda fact: (fact.at, fact.id))
    if not requests and not memos:
        return
    terms = scene.verdict.counted.terms
    allowed = terms.amount_tolerance if terms is not None else NONE
    given = sum([abs(invoice_of(fact).amount) for fact in memos], NONE)
    rest = given
    for told in requests:
        asked = abs(told.amount)
        if rest + allowed < asked:
            due = told.at + scene.patience.posting
            if timers.over(due):
                unit = scene.ledger.basis.currency if scene.ledger.basis is not None else ""
                amounting = Amounting(asked, max(NONE, rest), unit)
                add(found, Check.R9, str(told.sequence), Severity.MEDIUM, Owner.FINANCE, due, "MEMO_MISSING", amounting)
        rest = max(NONE, rest - asked)
    asked_for = sum([abs(told.amount) for told in requests], NONE)
    invoiced = sum([invoice_of(fact).amount for fact in scene.dossier.active_invoices], NONE)
    sofar = NONE
    for fact in memos:
        memo = invoice_of(fact)
        sofar += abs(memo.amount)
        if sofar > asked_for + allowed:
            over = sofar > invoiced
            amounting = Amounting(invoiced if over else asked_for, sofar, memo.currency)
            detail = "OVER_BALANCE" if over else "WITHOUT_CAUSE"
            severity = Severity.HIGH if over else Severity.MEDIUM
            add(found, Check.R9, memo.number, severity, Owner.FINANCE, fact.at, detail, amounting, evidence=(fact.id,))
