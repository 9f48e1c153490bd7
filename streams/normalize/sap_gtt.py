"""SAP Global Track and Trace: events of transportation and delivery processes, field names as in SAP's event interface.

Business time (when it happened) is read, technical time (when it was reported) is not. A proof of delivery is an event of its own.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AliasChoices, Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event
from streams.domain.ids import reference_key
from streams.domain.vocabulary import ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.scans import statements
from streams.normalize.shapes import Code, Identifier, Shape, SystemName, TimeText
from streams.normalize.times import in_zone

__all__ = ["FORMAT", "read"]

FORMAT: Final = "sap.gtt.v1"

_TRACKED: Final = {
    "SHIPMENT_ORDER": ReferenceKind.SHIPMENT,
    "FREIGHT_ORDER": ReferenceKind.SHIPMENT,
    "RESOURCE": ReferenceKind.SHIPMENT,
    "OUTBOUND_DELIVERY": ReferenceKind.DELIVERY,
}
"""What a tracking id stands for, by its type."""


class _Record(Shape):
    system: Annotated[SystemName, Field(validation_alias=AliasChoices("LOGSYS", "APPSYS"))]
    tracking_type: Annotated[Code, Field(validation_alias="TRXCOD")]
    tracking_id: Annotated[Identifier, Field(validation_alias="TRXID")]
    event: Annotated[Code, Field(validation_alias="EVTID")]
    at: Annotated[TimeText, Field(validation_alias="ACTUAL_BUSINESS_DATETIME")]
    zone: Annotated[Code, Field(validation_alias="ACTUAL_BUSINESS_TIMEZONE")]
    location: Annotated[Code | None, Field(validation_alias="LOCID")] = None


_RECORD: Final = TypeAdapter(_Record)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The statement of an event. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    codes = origin.codes(_CODES)
    if origin.is_silent(codes, record.event):
        return []
    meaning = codes.meaning(record.event)
    kind = _TRACKED.get(record.tracking_type)
    if kind is None:
        known = ", ".join(_TRACKED)
        raise Refusal(Stage.MAP, Reason.UNMAPPED_CODE, f"TRXCOD: {shown(record.tracking_type)} is none of {known}")
    at = in_zone(record.at, record.zone, meaning.classifier, origin.ingested_at, "ACTUAL_BUSINESS_DATETIME")
    lineage = origin.lineage(record.system, FORMAT, None, record.event, codes.version)
    reference = reference_key(kind, record.system, record.tracking_id)
    scope = Scope.DELIVERY if kind is ReferenceKind.DELIVERY else Scope.SHIPMENT
    return statements(origin, lineage, meaning, (reference,), at, scope, place=record.location or "")
