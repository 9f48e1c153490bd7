"""UPS Track Alert webhooks, version 2: one package activity each, as UPS sends them (`UPSTrackAlert.yaml` of UPS-API/api-documentation).

What UPS says is read by type and code together: its type D also covers packages that are out for delivery, and its type X also
covers good news (docs/sources.md, hazards H5, H6).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Evidence
from streams.domain.vocabulary import ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.scans import HANDED_OVER, statements
from streams.normalize.shapes import Identifier, Remark, Shape
from streams.normalize.times import local_and_gmt

__all__ = ["FORMAT", "SCAC", "read"]

FORMAT: Final = "ups.track-alert.v2"
SCAC: Final = "UPSN"

_Digits = Annotated[str, StringConstraints(strip_whitespace=True, max_length=16)]
_Code = Annotated[str, StringConstraints(strip_whitespace=True, max_length=16)]


class _Status(Shape):
    type: _Code
    code: _Code


class _Activity(Shape):
    model_config = ConfigDict(alias_generator=to_camel)

    tracking_number: Identifier
    activity_status: _Status
    local_activity_date: _Digits | None = None
    local_activity_time: _Digits | None = None
    gmt_activity_date: _Digits | None = None
    gmt_activity_time: _Digits | None = None
    gmt_offset: _Digits | None = None
    actual_delivery_date: _Digits | None = None
    logical_scan: bool | None = None
    delivery_photo: str | None = None
    received_by: Remark | None = None


_RECORD: Final = TypeAdapter(_Activity)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The activity, and the proof of delivery where a delivery comes with a signature or a photograph. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    status = record.activity_status
    codes = origin.codes(_CODES)
    if origin.is_silent(codes, status.code, status.type):
        return []
    meaning = codes.meaning(status.code, status.type)
    at = local_and_gmt(
        record.local_activity_date,
        record.local_activity_time,
        record.gmt_activity_date,
        record.gmt_activity_time,
        record.gmt_offset,
        meaning.classifier,
        origin.ingested_at,
    )
    reference = carrier_reference(ReferenceKind.TRACKING, SCAC, record.tracking_number)
    lineage = origin.lineage(SCAC, FORMAT, None, f"{status.type}/{status.code}", codes.version)
    evidence: Evidence | None = None
    if meaning.milestone in HANDED_OVER:
        _check_delivery(record)
        if record.received_by or record.delivery_photo:
            evidence = Evidence(record.received_by or "", "deliveryPhoto" if record.delivery_photo else "")
    return statements(origin, lineage, meaning, (reference,), at, Scope.PACKAGE, evidence=evidence)


def _check_delivery(record: _Activity) -> None:
    said = f"{record.activity_status.type}/{record.activity_status.code}"
    if record.logical_scan:
        # Hazard H12: a system's conclusion, nobody's scan.
        raise Refusal(Stage.MAP, Reason.UNMAPPED_CODE, f"logicalScan: {said} is a logical scan, which is no evidence of a delivery")
    if not record.actual_delivery_date:
        # Hazard H6: UPS leaves it blank until the delivery has happened.
        raise Refusal(Stage.MAP, Reason.SCHEMA_INVALID, f"actualDeliveryDate: blank, so {said} is no evidence of a delivery")
