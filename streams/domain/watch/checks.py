"""The checks of reconciliation by name, and how one enters what it found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from streams.domain.facts import Fact, Invoiced
from streams.domain.memory import Amounting, Concern, Owner, Severity

__all__ = ["Check", "add", "invoice_of"]


class Check(StrEnum):
    """The checks; `streams.domain.watch.findings` says what each means."""

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


def add(
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
    """Enter what a check found of a subject."""
    found[f"{check}/{subject}"] = Concern(check, subject, severity, owner, since, detail, amounting, healed, evidence)


def invoice_of(fact: Fact) -> Invoiced:
    """The invoice that a fact tells."""
    assert fact.more is not None and fact.more.invoice is not None, "the dossier keeps invoices by their number"
    return fact.more.invoice
