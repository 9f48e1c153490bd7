"""What a transport plan says, whoever tells it: one statement an order, and the links of its references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.domain.event import Event, Freight, Lineage, LineQuantity
from streams.domain.ids import event_id
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.references import LinkedOrder
from streams.normalize.shapes import detail_of

__all__ = ["Part", "Planned", "linked", "plan"]


class Planned(NamedTuple):
    """A planned shipment."""

    shipment_id: str
    key: str
    """Reference key of its own number."""

    at: Instant
    """When it was planned so; the latest plan of a shipment counts."""

    lineage: Lineage
    traceparent: str = ""
    packages: tuple[str, ...] = ()
    freight: Freight | None = None
    """What was agreed with the carrier."""


class Part(NamedTuple):
    """What a shipment holds of one order. No lines: nobody said."""

    order_id: str
    delivery_id: str = ""
    lines: tuple[LineQuantity, ...] = ()


def plan(planned: Planned, parts: Sequence[Part]) -> list[Event]:
    """SHIPMENT_PLANNED for each order."""
    return [
        Event(
            event_id(
                part.order_id,
                Milestone.SHIPMENT_PLANNED,
                Classifier.ACT,
                Scope.SHIPMENT,
                planned.at.utc,
                detail_of(part.lines, planned.key, part.delivery_id, *planned.packages),
            ),
            Milestone.SHIPMENT_PLANNED,
            Classifier.ACT,
            Scope.SHIPMENT,
            planned.at,
            planned.lineage,
            part.order_id,
            delivery_id=part.delivery_id,
            shipment_id=planned.shipment_id,
            lines=part.lines,
            packages=planned.packages,
            traceparent=planned.traceparent,
            freight=planned.freight,
        )
        for part in parts
    ]


def linked(planned: Planned, parts: Sequence[Part]) -> list[LinkedOrder]:
    """What the plan's references stand for."""
    return [LinkedOrder(part.order_id, planned.shipment_id) for part in parts]
