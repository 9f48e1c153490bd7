"""DHL Express (MyDHL API tracking): checkpoints by code. Only OK is a delivery; PD is a partial one, DD one with damage."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from pydantic import AliasChoices, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from streams.domain.event import Event, Evidence
from streams.domain.vocabulary import ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import invalid
from streams.normalize.scans import MOST_SCANS, each, statements
from streams.normalize.shapes import Code, Identifier, Remark, Shape, TimeText
from streams.normalize.times import parse

__all__ = ["FORMAT", "ISSUER", "read"]

FORMAT: Final = "dhl.express.v1"
ISSUER: Final = "DHL"


class _Checkpoint(Shape):
    model_config = ConfigDict(alias_generator=to_camel)

    date: TimeText
    time: TimeText
    gmt_offset: Annotated[TimeText, Field(validation_alias=AliasChoices("GMTOffset", "gmtOffset"))] = ""
    type_code: Code
    signed_by: Remark | None = None


class _Shipment(Shape):
    model_config = ConfigDict(alias_generator=to_camel)

    shipment_tracking_number: Identifier
    events: Annotated[list[_Checkpoint], Field(min_length=1, max_length=MOST_SCANS)]


class _Reply(Shape):
    shipments: Annotated[list[_Shipment], Field(min_length=1, max_length=100)]


_REPLY: Final = TypeAdapter(_Reply)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The statements of all checkpoints. Raises `Refusal`, with the statements of those that could be read."""
    try:
        reply = _REPLY.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    checkpoints = [(shipment, checkpoint) for shipment in reply.shipments for checkpoint in shipment.events]
    return each(checkpoints, partial(_checkpoint, origin), "events")


def _checkpoint(origin: Origin, of: tuple[_Shipment, _Checkpoint]) -> list[Event]:
    shipment, checkpoint = of
    codes = origin.codes(_CODES)
    if origin.is_silent(codes, checkpoint.type_code):
        return []
    meaning = codes.meaning(checkpoint.type_code)
    text = f"{checkpoint.date}T{checkpoint.time}{checkpoint.gmt_offset}"
    at = parse(text, meaning.classifier, origin.ingested_at, "date, time, GMTOffset")
    reference = carrier_reference(ReferenceKind.TRACKING, ISSUER, shipment.shipment_tracking_number)
    lineage = origin.lineage(ISSUER, FORMAT, None, checkpoint.type_code, codes.version)
    evidence = Evidence(checkpoint.signed_by) if checkpoint.signed_by else None
    return statements(origin, lineage, meaning, (reference,), at, Scope.SHIPMENT, evidence=evidence)
