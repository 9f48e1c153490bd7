"""What Milepost says to the world, as records: Avro value, CloudEvents headers (Kafka binding 1.0, binary mode), key = order id.

What the watch says (exceptions, findings, tasks) and the archive: `streams.contracts.watch_outputs`.
"""

from __future__ import annotations

from typing import Any, Final

from streams.contracts.emitted import DECISION, HOLD, MILESTONE, STATUS_NOW, coordinates, read, use_ids
from streams.domain.decisions import Decision, DecisionKind, Hold, MilestoneReached, Status
from streams.domain.event import Evidence, Exceptional, Invoice, Lineage, OrderDetails
from streams.domain.instant import from_millis
from streams.domain.vocabulary import Milestone
from streams.hop import Output, Record

__all__ = ["decision", "hold", "milestone", "read", "status", "use_ids"]

_MILESTONE_TYPES: Final = {kind: f"milepost.milestone.{kind.value.lower()}.v1".encode() for kind in Milestone}
_DECISION_TYPES: Final = {kind: f"milepost.invoice.{kind.value.lower()}.v1".encode() for kind in DecisionKind}
_HOLD_TYPE: Final = b"milepost.invoice.hold.v1"
_STATUS_TYPE: Final = b"milepost.shipment.status.v1"


def milestone(reached: MilestoneReached, cause: Record) -> Output:
    """A record of `shipment.milestones`. `cause` is the record of `shipment.events` that was being read."""
    event = reached.event
    at = event.at
    value = {
        "milestone_id": reached.milestone_id,
        "order_id": event.order_id,
        "milestone": event.milestone,
        "classifier": event.classifier,
        "scope": event.scope,
        "at": at.utc,
        "at_raw": at.raw,
        "at_offset_minutes": at.offset_minutes,
        "at_quality": at.quality,
        "shipment_id": event.shipment_id or None,
        "delivery_id": event.delivery_id or None,
        "package_id": event.package_id or None,
        "lines": [{"line": line.line, "quantity": line.quantity, "uom": line.uom} for line in event.lines],
        "order": _order(event.order),
        "exception": _exception(event.exceptional),
        "case_id": event.case_id or None,
        "evidence": _evidence(event.evidence),
        "invoice": _invoice(event.invoice),
        "packages": event.packages,
        "retracts": event.retracts or None,
        "event_id": event.event_id,
        "source": _lineage(event.lineage),
    }
    return MILESTONE.output(
        value,
        cause,
        order_id=event.order_id,
        ce_id=reached.milestone_id,
        ce_type=_MILESTONE_TYPES[event.milestone],
        ce_time=at.utc,
        traceparent=event.traceparent,
    )


def decision(made: Decision, cause: Record, traceparent: str = "") -> Output:
    """A record of `invoice.releases`. `traceparent` is that of the message in `cause`."""
    value = {
        "release_id": made.release_id,
        "order_id": made.order_id,
        "billable_unit": made.billable_unit,
        "sequence": made.sequence,
        "decision": made.kind,
        "lines": [
            {
                "line": line.line,
                "sku": line.sku,
                "delta": line.delta,
                "cumulative": line.cumulative,
                "uom": line.uom,
                "unit_price": line.unit_price,
                "amount": line.amount,
            }
            for line in made.lines
        ],
        "amount": made.amount,
        "currency": made.currency,
        "accounting_date": made.accounting_date,
        "trigger": made.trigger,
        "triggered_at": made.triggered_at,
        "terms_id": made.terms_id,
        "terms_version": made.terms_version,
        "evidence": made.evidence,
        "reasons": made.reasons,
        "supersedes": made.supersedes or None,
    }
    return DECISION.output(
        value,
        cause,
        order_id=made.order_id,
        ce_id=made.release_id,
        ce_type=_DECISION_TYPES[made.kind],
        ce_time=from_millis(cause.timestamp),
        traceparent=traceparent,
    )


def hold(held: Hold, cause: Record, traceparent: str = "") -> Output:
    """A record of `invoice.holds`. `traceparent` is that of the message in `cause`."""
    value = {
        "order_id": held.order_id,
        "reasons": [{"code": reason.code, "detail": reason.detail or None, "evidence": reason.evidence} for reason in held.reasons],
        "at": held.at,
    }
    return HOLD.output(
        value,
        cause,
        order_id=held.order_id,
        ce_id=f"hold/{held.order_id}/{coordinates(cause)}",
        ce_type=_HOLD_TYPE,
        ce_time=held.at,
        traceparent=traceparent,
    )


def status(now: Status, cause: Record, traceparent: str = "") -> Output:
    """A record of `shipment.status`. `traceparent` is that of the message in `cause`."""
    value = {
        "order_id": now.order_id,
        "state": now.state,
        "billing": now.billing,
        "shipments": [
            {
                "shipment_id": shipment.shipment_id,
                "state": shipment.state,
                "delivered_at": shipment.delivered_at,
                "proven_at": shipment.proven_at,
                "eta": shipment.eta,
            }
            for shipment in now.shipments
        ],
        "open_exceptions": now.open_exceptions,
        "open_disputes": now.open_disputes,
        "released_amount": now.released_amount,
        "currency": now.currency,
        "last_event_at": now.last_event_at,
        "at": now.at,
    }
    return STATUS_NOW.output(
        value,
        cause,
        order_id=now.order_id,
        ce_id=f"status/{now.order_id}/{coordinates(cause)}",
        ce_type=_STATUS_TYPE,
        ce_time=now.at,
        traceparent=traceparent,
    )


def _order(order: OrderDetails | None) -> dict[str, Any] | None:
    if order is None:
        return None
    return {
        "revision": order.revision,
        "customer": order.customer,
        "currency": order.currency,
        "terms_id": order.terms_id,
        "lines": [{"line": line.line, "sku": line.sku, "quantity": line.quantity, "uom": line.uom} for line in order.lines],
    }


def _exception(what: Exceptional | None) -> dict[str, Any] | None:
    return None if what is None else {"reason": what.reason, "effect": what.effect, "text": what.text or None}


def _evidence(evidence: Evidence | None) -> dict[str, Any] | None:
    return None if evidence is None else {"signed_by": evidence.signed_by or None, "document": evidence.document or None}


def _invoice(invoice: Invoice | None) -> dict[str, Any] | None:
    if invoice is None:
        return None
    return {
        "number": invoice.number,
        "amount": invoice.amount,
        "currency": invoice.currency,
        "release_id": invoice.release_id or None,
    }


def _lineage(lineage: Lineage) -> dict[str, Any]:
    return {
        "system": lineage.system,
        "format": lineage.format,
        "topic": lineage.topic,
        "partition": lineage.partition,
        "offset": lineage.offset,
        "ingested_at": lineage.ingested_at,
        "transport_id": lineage.transport_id or None,
        "code": lineage.code or None,
        "map_version": lineage.map_version or None,
    }
