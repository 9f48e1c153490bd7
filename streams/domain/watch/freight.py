"""R13: what a carrier bills for a shipment, against what was agreed and what happened (docs/reconciliation.md, "Charges that need
a cause").

    DUPLICATE   the shipment is billed again under another number
    AMOUNT      billed, less charges that are accounted for, is not what was agreed when the shipment was planned
    WEIGHT      billed at more than the planned weight
    CHARGE      an extra charge (detention, redelivery...) of which no event tells

A shipment of several orders is billed in each of their rows. The finding's subject is the shipment and the bill: its id is the same in all.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from streams.domain.dossier import Dossier
from streams.domain.facts import Fact, Freighted
from streams.domain.memory import Amounting, Concern, Owner, Severity
from streams.domain.vocabulary import Milestone

__all__ = ["CAUSES_OF_CHARGES", "freight"]

_R13: Final = "R13"

CAUSES_OF_CHARGES: Final[dict[str, frozenset[Milestone]]] = {
    "REDELIVERY": frozenset({Milestone.DELIVERY_ATTEMPTED}),
    "RETURN": frozenset({Milestone.RETURNING, Milestone.RETURNED_TO_SHIPPER, Milestone.DELIVERY_REFUSED}),
    "DETENTION": frozenset({Milestone.ARRIVED_DESTINATION, Milestone.ARRIVED_PICKUP}),
    "STORAGE": frozenset({Milestone.AVAILABLE_FOR_COLLECTION, Milestone.CUSTOMS_HELD}),
    "CUSTOMS": frozenset({Milestone.CUSTOMS_HELD, Milestone.CUSTOMS_CLEARED}),
    "APPOINTMENT": frozenset({Milestone.APPOINTMENT_SET}),
}
"""Extra charges that need an event of the shipment. Others (fuel, toll) need none."""


def freight(found: dict[str, Concern], dossier: Dossier) -> None:
    """Add what does not fit to `found`, by cause."""
    by_shipment: dict[str, list[Fact]] = {}
    for fact in dossier.freight:
        by_shipment.setdefault(fact.shipment, []).append(fact)
    for shipment, bills in sorted(by_shipment.items()):
        bills.sort(key=lambda fact: (fact.at, fact.id))
        agreed = _agreed(dossier, shipment)
        kept = _number(bills[0])
        for bill in bills:
            number = _number(bill)
            if number != kept:
                _add(found, shipment, bill, f"DUPLICATE of {kept}")
            else:
                _check(found, dossier, shipment, bill, agreed)


def _check(found: dict[str, Concern], dossier: Dossier, shipment: str, bill: Fact, agreed: Freighted | None) -> None:
    assert bill.more is not None
    told, invoice = bill.more.freight, bill.more.invoice
    charges = told.charges if told is not None else ()
    unexplained = sorted(code for code, _ in charges if code in CAUSES_OF_CHARGES and not _happened(dossier, shipment, code))
    if unexplained:
        _add(found, shipment, bill, f"CHARGE {', '.join(unexplained)}")
        return
    if agreed is None or invoice is None:
        return
    if told is not None and told.weight and agreed.weight and told.weight > agreed.weight:
        _add(found, shipment, bill, "WEIGHT", Amounting(agreed.weight, told.weight, "KG"))
        return
    base = invoice.amount - sum([amount for _, amount in charges], Decimal(0))
    if agreed.amount and (base != agreed.amount or invoice.currency != agreed.currency):
        _add(found, shipment, bill, "AMOUNT", Amounting(agreed.amount, base, invoice.currency))


def _agreed(dossier: Dossier, shipment: str) -> Freighted | None:
    plans = [fact for fact in dossier.plans if fact.shipment == shipment and fact.more is not None and fact.more.freight is not None]
    if not plans:
        return None
    latest = max(plans, key=lambda fact: (fact.at, fact.id))
    return latest.more.freight if latest.more is not None else None


def _happened(dossier: Dossier, shipment: str, code: str) -> bool:
    steps = (*dossier.charged, *dossier.marks, *dossier.returns)
    return any(fact.milestone in CAUSES_OF_CHARGES[code] and fact.shipment in (shipment, "") for fact in steps)


def _number(fact: Fact) -> str:
    return fact.more.invoice.number if fact.more is not None and fact.more.invoice is not None else ""


def _add(found: dict[str, Concern], shipment: str, bill: Fact, detail: str, amounting: Amounting | None = None) -> None:
    subject = f"{shipment}/{_number(bill)}"
    concern = Concern(_R13, subject, Severity.MEDIUM, Owner.CARRIER, bill.at, detail, amounting, evidence=(bill.id,))
    found[f"{_R13}/{subject}"] = concern
