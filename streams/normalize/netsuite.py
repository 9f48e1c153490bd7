"""NetSuite: item fulfilments as SuiteTalk REST gives them, whole, each time they change: a snapshot (`streams.domain.snapshots`).

The ship status is how far it came: shipped goods were picked and packed too. When a step was done NetSuite does not say; the last change
is when it was seen. Numbers belong to the company `NETSUITE`, unless the header `company` names one. Terms and prices are the order's.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Claim, Link, Snapshot
from streams.domain.ids import normalised, order_key, reference_key
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind
from streams.normalize.codes import code_map, scac
from streams.normalize.origin import Origin
from streams.normalize.references import DEFAULT_VALID_DAYS, LinkedOrder, Named, ReferenceField, links, named
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.sap import unit
from streams.normalize.shapes import Code, Identifier, Line, LineNumber, Quantity, Shape, TimeText, quantities
from streams.normalize.times import parse

__all__ = ["FORMAT", "SYSTEM", "read"]

FORMAT: Final = "netsuite.item-fulfillment.v1"
SYSTEM: Final = "NETSUITE"

_STEPS: Final = ("A", "B", "C")
_SALES_ORDER: Final = "Sales Order #"


def _items(value: object) -> object:
    """REST wraps lists."""
    return value.get("items") if isinstance(value, dict) else value


class _Camel(Shape):
    model_config = ConfigDict(alias_generator=to_camel)


class _Named(_Camel):
    id: Identifier
    ref_name: Annotated[str, Field(max_length=200)] = ""


class _Item(_Camel):
    order_line: LineNumber
    quantity: Quantity
    units: Code | None = None


class _Package(_Camel):
    package_tracking_number: Identifier | None = None


class _Record(_Camel):
    id: Identifier
    tran_id: Identifier
    created_from: _Named
    ship_status: _Named
    last_modified_date: TimeText
    ship_carrier: _Named | None = None
    item: Annotated[list[_Item], Field(min_length=1, max_length=2000), BeforeValidator(_items)]
    packages: Annotated[list[_Package], Field(max_length=500, alias="package"), BeforeValidator(_items)] = Field(default_factory=list)


_RECORD: Final = TypeAdapter(_Record)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Snapshot | Link]:
    """The snapshot of an item fulfilment, and the links of what was shipped. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    codes = origin.codes(_CODES)
    source = record.created_from.ref_name
    if not source.startswith(_SALES_ORDER) or not 0 < len(number := source[len(_SALES_ORDER) :].strip()) <= 64:
        message = f"createdFrom.refName: {shown(source)} is no sales order, such as 'Sales Order #SO4711'"
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
    status = record.ship_status.id
    codes.meaning(status)
    at = parse(record.last_modified_date, Classifier.ACT, origin.ingested_at, "lastModifiedDate")
    order_id, shipment_id = order_key(origin.company(SYSTEM), number), normalised(record.id)
    lines = quantities([Line.model_construct(line=item.order_line, quantity=item.quantity, uom=unit(item.units)) for item in record.item])
    claims = []
    for step in _STEPS[: _STEPS.index(status) + 1] if status in _STEPS else (status,):
        milestone = codes.meaning(step).milestone
        counted = milestone in (Milestone.PICK_COMPLETED, Milestone.GOODS_ISSUED)
        claims.append(Claim(milestone, order_id, at, "", shipment_id, lines if counted else (), seen=True))
    lineage = origin.lineage(SYSTEM, FORMAT, None, status, codes.version)
    document = reference_key(ReferenceKind.SNAPSHOT, SYSTEM, f"ITEMFULFILLMENT/{shipment_id}")
    own = Named(reference_key(ReferenceKind.SHIPMENT, SYSTEM, record.tran_id))
    ship_carrier = record.ship_carrier
    carrier = scac(ship_carrier.ref_name or ship_carrier.id)[:32].replace(":", " ") if ship_carrier is not None else None
    numbers = [
        ReferenceField.model_construct(kind=ReferenceKind.TRACKING, issuer=None, value=package.package_tracking_number)
        for package in record.packages
        if package.package_tracking_number and carrier
    ]
    references = [own, *named(numbers, (), carrier, SYSTEM)]
    snapshot = Snapshot(document, at, tuple(claims), lineage, origin.traceparent)
    return [snapshot, *links(references, [LinkedOrder(order_id, shipment_id)], at.utc, DEFAULT_VALID_DAYS, lineage)]
