"""Our own WMS shape (`docs/raw-records.md`): picks and goods issues."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from streams.domain.event import Event, Link
from streams.domain.ids import event_id, normalised, order_key
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.origin import Origin
from streams.normalize.references import DEFAULT_VALID_DAYS, LinkedOrder, Named, ReferenceField, links, named, tracking_of
from streams.normalize.refusal import invalid
from streams.normalize.shapes import Identifier, Line, Shape, SystemName, TimeText, detail_of, quantities

__all__ = ["FORMAT", "read"]

FORMAT: Final = "milepost.wms.v1"


class _Record(Shape):
    type: Literal["pick.completed", "goods.issued"]
    system: SystemName
    company: SystemName
    order: Identifier
    at: TimeText
    lines: Annotated[list[Line], Field(min_length=1, max_length=2000)]
    delivery: Identifier | None = None
    shipment: Identifier | None = None
    id: Identifier | None = None
    references: Annotated[list[ReferenceField], Field(max_length=500)] | None = None


_RECORD: Final = TypeAdapter(_Record)
_MILESTONES: Final = {"pick.completed": Milestone.PICK_COMPLETED, "goods.issued": Milestone.GOODS_ISSUED}


def read(data: Any, origin: Origin) -> list[Event | Link]:
    """The statement of a WMS record, and the links that a goods issue makes. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    at = origin.time(record.at, Classifier.ACT)
    order_id = order_key(record.company, record.order)
    milestone = _MILESTONES[record.type]
    delivery_id = normalised(record.delivery) if record.delivery else ""
    shipment_id = normalised(record.shipment) if record.shipment else ""
    scope = Scope.DELIVERY if delivery_id else Scope.SHIPMENT if shipment_id else Scope.ORDER
    lines = quantities(record.lines)
    lineage = origin.lineage(record.system, FORMAT, record.id, record.type)
    references = named(record.references or (), (), None, record.system) if milestone is Milestone.GOODS_ISSUED else []
    if scope is Scope.ORDER:
        # A tracking number of goods that are in no delivery or shipment stands for just these goods, never for all of the order.
        references = [reference if reference.package_id else Named(reference.key, tracking_of(reference.key)) for reference in references]
    event = Event(
        event_id(order_id, milestone, Classifier.ACT, scope, at.utc, detail_of(lines, delivery_id, shipment_id)),
        milestone,
        Classifier.ACT,
        scope,
        at,
        lineage,
        order_id,
        delivery_id=delivery_id,
        shipment_id=shipment_id,
        lines=lines,
        packages=tuple([reference.package_id for reference in references if reference.package_id]),
        traceparent=origin.traceparent,
    )
    if not references:
        return [event]
    return [event, *links(references, [LinkedOrder(order_id, shipment_id, delivery_id)], at.utc, DEFAULT_VALID_DAYS, lineage)]
