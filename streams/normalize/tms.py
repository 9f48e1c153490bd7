"""Our own TMS shape (`docs/raw-records.md`): shipment plans, transport events, proofs of delivery and exceptions."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Evidence, Exceptional, Freight, FreightCharge, Invoice, LineQuantity, Link
from streams.domain.ids import event_id, normalised, order_key, reference_key
from streams.domain.vocabulary import REASONS, Classifier, Effect, Milestone, ReasonClass, ReferenceKind, Scope
from streams.normalize.origin import Origin
from streams.normalize.plans import Part, Planned, linked, plan
from streams.normalize.references import DEFAULT_VALID_DAYS, Named, ReferenceField, links, named
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.shapes import (
    Currency,
    Identifier,
    Line,
    Lines,
    Price,
    Quantity,
    Remark,
    Shape,
    SystemName,
    TimeText,
    detail_of,
    quantities,
)

__all__ = ["FORMAT", "MOST_LINKS", "read"]

FORMAT: Final = "milepost.tms.v1"

MOST_LINKS: Final = 10_000
"""A plan links each reference to each order; a plan that asks for more than this is refused."""


class _Record(Shape):
    system: SystemName
    shipment: Identifier
    at: TimeText
    id: Identifier | None = None
    carrier: SystemName | None = None


class _Agreed(Shape):
    """What the transport should cost, without extra charges; `weight` in kg."""

    amount: Price
    currency: Currency
    weight: Quantity = Decimal(0)


class _Charge(Shape):
    code: Identifier
    amount: Price


class _PlannedOrder(Shape):
    company: SystemName
    order: Identifier
    delivery: Identifier | None = None
    lines: Lines | None = None


class _Planned(_Record):
    type: Literal["shipment.planned"]
    carrier: SystemName
    references: Annotated[list[ReferenceField], Field(max_length=500)] | None = None
    orders: Annotated[list[_PlannedOrder], Field(min_length=1, max_length=500)]
    packages: Annotated[list[Identifier], Field(max_length=2000)] | None = None
    valid_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    freight: _Agreed | None = None


class _OfShipment(_Record):
    """May name its order, where the shipment holds several."""

    company: SystemName | None = None
    order: Identifier | None = None


class _Progress(_OfShipment):
    type: Literal["shipment.dispatched", "shipment.in_transit", "shipment.out_for_delivery", "shipment.delivered", "shipment.eta"]


class _DeliveredPartial(_OfShipment):
    type: Literal["shipment.delivered_partial"]
    lines: Annotated[list[Line], Field(min_length=1, max_length=2000)]


class _Proof(_OfShipment):
    type: Literal["pod.received"]
    signed_by: Remark | None = None
    document: Remark | None = None
    lines: Lines | None = None


class _Billed(_OfShipment):
    """The carrier's bill; `amount` includes the charges."""

    type: Literal["freight.billed"]
    invoice: Identifier
    amount: Price
    currency: Currency
    weight: Quantity = Decimal(0)
    charges: Annotated[list[_Charge], Field(max_length=100)] | None = None


class _ExceptionRaised(_OfShipment):
    type: Literal["exception.raised"]
    case: Identifier
    reason: ReasonClass
    effect: Effect | None = None
    text: Remark | None = None


class _ExceptionResolved(_OfShipment):
    type: Literal["exception.resolved"]
    case: Identifier


_OfOne = _Progress | _DeliveredPartial | _Proof | _Billed | _ExceptionRaised | _ExceptionResolved
_RECORD: Final[TypeAdapter[_Planned | _OfOne]] = TypeAdapter(Annotated[_Planned | _OfOne, Field(discriminator="type")])

_MILESTONES: Final = {
    "shipment.dispatched": Milestone.DISPATCHED,
    "shipment.in_transit": Milestone.IN_TRANSIT,
    "shipment.out_for_delivery": Milestone.OUT_FOR_DELIVERY,
    "shipment.delivered": Milestone.DELIVERED,
    "shipment.delivered_partial": Milestone.DELIVERED_PARTIAL,
    "shipment.eta": Milestone.ETA_UPDATED,
    "pod.received": Milestone.POD_RECEIVED,
    "freight.billed": Milestone.FREIGHT_BILLED,
    "exception.raised": Milestone.EXCEPTION_RAISED,
    "exception.resolved": Milestone.EXCEPTION_RESOLVED,
}


def read(data: Any, origin: Origin) -> list[Event | Link]:
    """The statement of a TMS record; of a plan, one statement an order and one link a reference and order. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    return _planned(record, origin) if isinstance(record, _Planned) else [_statement(record, origin)]


def _statement(record: _OfOne, origin: Origin) -> Event:
    milestone = _MILESTONES[record.type]
    classifier = Classifier.EST if milestone is Milestone.ETA_UPDATED else Classifier.ACT
    at = origin.time(record.at, classifier)
    shipment = reference_key(ReferenceKind.SHIPMENT, record.system, record.shipment)
    order_id = _named_order(record)
    lines: tuple[LineQuantity, ...] = ()
    case_id = ""
    exceptional: Exceptional | None = None
    evidence: Evidence | None = None
    invoice: Invoice | None = None
    freight: Freight | None = None
    match record:
        case _DeliveredPartial():
            lines = quantities(record.lines)
        case _Proof():
            lines = quantities(record.lines)
            evidence = Evidence(record.signed_by or "", record.document or "")
        case _Billed():
            invoice = Invoice(record.invoice, record.amount, record.currency)
            charges = tuple([FreightCharge(charge.code.upper(), charge.amount) for charge in record.charges or ()])
            freight = Freight(weight=record.weight, charges=charges)
        case _ExceptionRaised():
            case_id = f"{record.system}:{record.case}"
            exceptional = Exceptional(record.reason, record.effect or REASONS[record.reason].effect, record.text or "")
        case _ExceptionResolved():
            case_id = f"{record.system}:{record.case}"
        case _Progress():
            pass
    return Event(
        event_id(
            order_id or shipment,
            milestone,
            classifier,
            Scope.SHIPMENT,
            at.utc,
            detail_of(lines, shipment, case_id, *([invoice.number] if invoice is not None else [])),
        ),
        milestone,
        classifier,
        Scope.SHIPMENT,
        at,
        origin.lineage(record.system, FORMAT, record.id, record.type),
        order_id,
        () if order_id else (shipment,),
        shipment_id=normalised(record.shipment),
        lines=lines,
        case_id=case_id,
        exceptional=exceptional,
        evidence=evidence,
        invoice=invoice,
        freight=freight,
        traceparent=origin.traceparent,
    )


def _named_order(record: _OfOne) -> str:
    if record.company and record.order:
        return order_key(record.company, record.order)
    if record.company or record.order:
        missing = "order" if record.company else "company"
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"{missing}: company and order name an order together")
    return ""


def _planned(record: _Planned, origin: Origin) -> list[Event | Link]:
    at = origin.time(record.at, Classifier.ACT)
    lineage = origin.lineage(record.system, FORMAT, record.id, record.type)
    shipment_id = normalised(record.shipment)
    own = Named(reference_key(ReferenceKind.SHIPMENT, record.system, record.shipment))
    references = [own, *named(record.references or (), record.packages or (), record.carrier, record.system)]
    packages = tuple([reference.package_id for reference in references if reference.package_id])
    parts = _parts(record)
    if len(references) * len(parts) > MOST_LINKS:
        raise Refusal(
            Stage.VALIDATE,
            Reason.SCHEMA_INVALID,
            f"references: {len(references)} references of {len(parts)} orders are more than {MOST_LINKS} links",
        )
    freight = Freight(record.freight.amount, record.freight.currency, record.freight.weight) if record.freight else None
    said = Planned(shipment_id, own.key, at, lineage, origin.traceparent, packages, freight)
    return [*plan(said, parts), *links(references, linked(said, parts), at.utc, record.valid_days or DEFAULT_VALID_DAYS, lineage)]


def _parts(record: _Planned) -> list[Part]:
    """One part an order.

    An order named several times (one entry a delivery) is one part, with the sum of its lines and no single delivery; where an entry leaves
    its lines open, so is the whole.
    """
    entries: dict[str, list[_PlannedOrder]] = {}
    for entry in record.orders:
        entries.setdefault(order_key(entry.company, entry.order), []).append(entry)
    parts = []
    for order_id, same in entries.items():
        deliveries = {normalised(entry.delivery) if entry.delivery else "" for entry in same}
        lines = quantities([line for entry in same for line in entry.lines or ()]) if all(entry.lines for entry in same) else ()
        parts.append(Part(order_id, deliveries.pop() if len(deliveries) == 1 else "", lines))
    return parts
