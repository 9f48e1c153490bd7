"""What a fact of each milestone adds to an order's standing facts: one function a rule, and the tables that name them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from streams.domain.facts import Fact, Revision
from streams.domain.standing import Standing
from streams.domain.vocabulary import Classifier, Milestone

__all__ = ["DERIVED_FROM", "FORETOLD", "HAPPENED", "STEPS", "UNJUDGED"]


def _ordered(standing: Standing, fact: Fact) -> None:
    revision = fact.more.order if fact.more is not None else None
    if revision is None:
        return
    standing.revisions.append(fact)
    if (
        standing.order is None
        or standing.revision is None
        or _revision_rank(fact, revision) > _revision_rank(standing.order, standing.revision)
    ):
        standing.order, standing.revision = fact, revision
        standing.goods = standing.ordered = None
        standing.cancelled = standing.is_cancelled()


def _cancelled(standing: Standing, fact: Fact) -> None:
    standing.cancellations.append(fact)
    standing.goods = standing.ordered = None
    standing.cancelled = standing.is_cancelled()


def _picked(standing: Standing, fact: Fact) -> None:
    standing.picked = True


def _packed(standing: Standing, fact: Fact) -> None:
    if fact.package and fact.lines:
        standing.packed.append(fact)
        standing.goods = None
    _noted(standing, fact)


def _reversed(standing: Standing, fact: Fact) -> None:
    standing.reversals.append(fact)
    standing.goods = None


def _issued(standing: Standing, fact: Fact) -> None:
    standing.issues.append(fact)
    standing.goods = None


def _planned(standing: Standing, fact: Fact) -> None:
    standing.plans.append(fact)
    standing.goods = None


def _moving(standing: Standing, fact: Fact) -> None:
    standing.moves.setdefault((fact.shipment, "") if fact.shipment else ("", fact.delivery), 1)


def _marked(standing: Standing, fact: Fact) -> None:
    """A step that terms may ask for."""
    standing.marks.append(fact)


def _moved(standing: Standing, fact: Fact) -> None:
    _moving(standing, fact)
    _marked(standing, fact)


def _cleared(standing: Standing, fact: Fact) -> None:
    standing.exceptions.resolved(fact)
    _marked(standing, fact)


def _came_back(standing: Standing, fact: Fact) -> None:
    standing.returns.append(fact)
    standing.goods = None
    _noted(standing, fact)


def _lost(standing: Standing, fact: Fact) -> None:
    standing.losses.append(fact)
    standing.goods = None
    _noted(standing, fact)


def _judged_by_customer(standing: Standing, fact: Fact) -> None:
    standing.acceptances.append(fact)
    standing.goods = None


def _differs(standing: Standing, fact: Fact) -> None:
    """A proof that states other quantities is a proof of these; one that states none is a question to somebody."""
    if fact.lines:
        _proven(standing, fact)
    else:
        standing.exceptions.raised(fact)


def _out_for_delivery(standing: Standing, fact: Fact) -> None:
    standing.moves[(fact.shipment, "") if fact.shipment else ("", fact.delivery)] = 2


def _arrived(standing: Standing, fact: Fact) -> None:
    standing.arrivals.append(fact)
    standing.since.append(fact)


def _arrived_badly(standing: Standing, fact: Fact) -> None:
    _arrived(standing, fact)
    standing.exceptions.raised(fact)


def _proven(standing: Standing, fact: Fact) -> None:
    standing.proofs.append(fact)
    standing.since.append(fact)


def _noted(standing: Standing, fact: Fact) -> None:
    """A refused delivery, a loss or a damage that states its effect opens a case under any name; nothing else is derived."""
    if fact.more is not None and fact.more.effect is not None:
        standing.exceptions.raised(fact)


def _forecast(standing: Standing, fact: Fact) -> None:
    place = (fact.shipment, "") if fact.shipment else ("", fact.delivery)
    known = standing.forecasts.get(place)
    if known is None or _forecast_rank(fact) > _forecast_rank(known):
        standing.forecasts[place] = fact


def _drafted(standing: Standing, fact: Fact) -> None:
    if fact.more is not None and fact.more.invoice is not None:
        standing.drafts[fact.more.invoice.number] = fact


def _freight_billed(standing: Standing, fact: Fact) -> None:
    if fact.more is not None and fact.more.invoice is not None:
        standing.freight.append(fact)


def _charged(standing: Standing, fact: Fact) -> None:
    standing.charged.append(fact)
    _noted(standing, fact)


def _waits(standing: Standing, fact: Fact) -> None:
    _moving(standing, fact)
    standing.charged.append(fact)


def _answered(standing: Standing, fact: Fact) -> None:
    known = standing.answers.get(fact.case)
    if known is None or (fact.at, fact.milestone, fact.id) > (known.at, known.milestone, known.id):
        standing.answers[fact.case] = fact


def _promised(standing: Standing, fact: Fact) -> None:
    if fact.classifier is Classifier.PLN:
        place = (fact.shipment, "") if fact.shipment else ("", fact.delivery)
        known = standing.promises.get(place)
        if known is None or _forecast_rank(fact) > _forecast_rank(known):
            standing.promises[place] = fact
    _forecast(standing, fact)


def _posted(standing: Standing, fact: Fact) -> None:
    if fact.more is not None and fact.more.invoice is not None:
        invoice = fact.more.invoice
        known = standing.invoices.get(invoice.number)
        if invoice.unallocated:
            standing.unallocated[invoice.number] = invoice.unallocated
        if known is not None:
            standing.reposted.setdefault(invoice.number, [known]).append(fact)
        if known is None or (fact.at, fact.id) < (known.at, known.id):
            standing.invoices[invoice.number] = fact


def _invoice_cancelled(standing: Standing, fact: Fact) -> None:
    if fact.more is not None and fact.more.invoice is not None:
        standing.invoices_cancelled.add(fact.more.invoice.number)


def _credited(standing: Standing, fact: Fact) -> None:
    if fact.more is not None and fact.more.invoice is not None:
        number = fact.more.invoice.number
        known = standing.credits.get(number)
        if known is None or (fact.at, fact.id) < (known.at, known.id):
            standing.credits[number] = fact


def _revision_rank(fact: Fact, revision: Revision) -> tuple[int, datetime, str, Revision]:
    """The highest number counts, then the latest word; the rest only makes sure that arrival order never matters."""
    return revision.number, fact.at, fact.id, revision


def _forecast_rank(fact: Fact) -> tuple[bool, datetime, datetime, str]:
    """An estimate beats a plan; among equals the last said counts."""
    return fact.classifier is not Classifier.PLN, fact.told or fact.at, fact.at, fact.id


DERIVED_FROM: Final[dict[Milestone, Callable[[Standing, Fact], None]]] = {
    Milestone.ORDER_RELEASED: _ordered,
    Milestone.ORDER_CHANGED: _ordered,
    Milestone.ORDER_CANCELLED: _cancelled,
    Milestone.PICK_COMPLETED: _picked,
    Milestone.PACKED: _packed,
    Milestone.STAGED: _marked,
    Milestone.LOADED: _marked,
    Milestone.GOODS_ISSUED: _issued,
    Milestone.GOODS_ISSUE_REVERSED: _reversed,
    Milestone.SHIPMENT_PLANNED: _planned,
    Milestone.PICKED_UP: _moved,
    Milestone.DISPATCHED: _moved,
    Milestone.IN_TRANSIT: _moving,
    Milestone.ARRIVED_TERMINAL: _moving,
    Milestone.DEPARTED_TERMINAL: _moving,
    Milestone.LOADED_ON_VESSEL: _moved,
    Milestone.DISCHARGED: _moving,
    Milestone.ARRIVED_DESTINATION: _moved,
    Milestone.AVAILABLE_FOR_COLLECTION: _waits,
    Milestone.OUT_FOR_DELIVERY: _out_for_delivery,
    Milestone.ETA_UPDATED: _forecast,
    Milestone.DELIVERED: _arrived,
    Milestone.DELIVERED_PARTIAL: _arrived,
    Milestone.DELIVERED_WITH_EXCEPTION: _arrived_badly,
    Milestone.UNLOADED: _marked,
    Milestone.POD_RECEIVED: _proven,
    Milestone.POD_DIFFERENCE: _differs,
    Milestone.ACCEPTED_BY_CUSTOMER: _judged_by_customer,
    Milestone.REJECTED_BY_CUSTOMER: _judged_by_customer,
    Milestone.EXCEPTION_RAISED: lambda standing, fact: standing.exceptions.raised(fact),
    Milestone.EXCEPTION_RESOLVED: lambda standing, fact: standing.exceptions.resolved(fact),
    Milestone.LOST: _lost,
    Milestone.CUSTOMS_CLEARED: _cleared,
    Milestone.RETURN_INITIATED: _came_back,
    Milestone.RETURNING: _came_back,
    Milestone.RETURNED_TO_SHIPPER: _came_back,
    Milestone.RETURN_RECEIVED: _came_back,
    Milestone.ORDER_HELD: lambda standing, fact: standing.order_holds.raised(fact),
    Milestone.ORDER_HOLD_CLEARED: lambda standing, fact: standing.order_holds.resolved(fact),
    Milestone.BILLING_BLOCK_SET: lambda standing, fact: standing.blocks.raised(fact),
    Milestone.BILLING_BLOCK_CLEARED: lambda standing, fact: standing.blocks.resolved(fact),
    Milestone.DISPUTE_OPENED: lambda standing, fact: standing.disputes.raised(fact),
    Milestone.DISPUTE_RESOLVED: lambda standing, fact: standing.disputes.resolved(fact),
    Milestone.ARRIVED_PICKUP: _charged,
    Milestone.APPOINTMENT_SET: _charged,
    Milestone.CUSTOMS_HELD: _charged,
    Milestone.DELIVERY_ATTEMPTED: _charged,
    Milestone.DELIVERY_REFUSED: _charged,
    Milestone.FREIGHT_BILLED: _freight_billed,
    Milestone.TASK_ACCEPTED: _answered,
    Milestone.TASK_REJECTED: _answered,
    Milestone.INVOICE_POSTED: _posted,
    Milestone.INVOICE_CANCELLED: _invoice_cancelled,
    Milestone.CREDIT_MEMO_POSTED: _credited,
}
"""What facts of the milestones do of which anything is derived."""
HAPPENED: Final[dict[Milestone, Callable[[Standing, Fact], None]]] = {kind: DERIVED_FROM.get(kind, _noted) for kind in Milestone}
"""What a fact of each kind does. Milestones that nothing is derived from yet are noted: never a delivery, never a release."""
UNJUDGED: Final = frozenset(
    {
        Milestone.PICK_COMPLETED,
        Milestone.IN_TRANSIT,
        Milestone.ARRIVED_TERMINAL,
        Milestone.DEPARTED_TERMINAL,
        Milestone.DISCHARGED,
        Milestone.AVAILABLE_FOR_COLLECTION,
        Milestone.OUT_FOR_DELIVERY,
    }
)
"""These say how far goods are, and nothing that the gate looks at."""

STEPS: Final = frozenset(kind for kind, rule in DERIVED_FROM.items() if rule in (_marked, _moved))
"""Steps at which the gate looks only where terms list milestones."""

FORETOLD: Final[dict[Milestone, Callable[[Standing, Fact], None]]] = {
    Milestone.SHIPMENT_PLANNED: _planned,
    Milestone.ETA_UPDATED: _promised,
    Milestone.INVOICE_POSTED: _drafted,
    Milestone.DELIVERED: _promised,
    Milestone.DELIVERED_PARTIAL: _promised,
    Milestone.DELIVERED_WITH_EXCEPTION: _forecast,
}
"""What plans and estimates do; those of other milestones do nothing."""
