"""DHL's unified tracking: five statuses for all its divisions, so a delivery also needs its proof.

`delivered` does not tell a partial or damaged delivery from a clean one; where that matters, read the division's own feed. `unknown` says
nothing, and certainly no delay (hazard H2).
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Evidence
from streams.domain.vocabulary import ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.dhl_express import ISSUER
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.scans import HANDED_OVER, MOST_SCANS, each, statements
from streams.normalize.shapes import Code, Identifier, Remark, Shape, TimeText

__all__ = ["FORMAT", "read"]

FORMAT: Final = "dhl.unified.v1"


class _Camel(Shape):
    model_config = ConfigDict(alias_generator=to_camel)


class _Address(_Camel):
    country_code: Remark | None = None


class _Place(_Camel):
    address: _Address | None = None


class _Event(_Camel):
    timestamp: TimeText
    status_code: Code
    location: _Place | None = None


class _Person(_Camel):
    name: Remark | None = None


class _Proof(_Camel):
    timestamp: TimeText | None = None
    signature_url: Remark | None = None
    document_url: Remark | None = None
    signed: _Person | None = None


class _Details(_Camel):
    proof_of_delivery: _Proof | None = None


class _Shipment(_Camel):
    id: Identifier
    events: Annotated[list[_Event], Field(min_length=1, max_length=MOST_SCANS)]
    details: _Details | None = None


class _Reply(_Camel):
    shipments: Annotated[list[_Shipment], Field(min_length=1, max_length=100)]


_REPLY: Final = TypeAdapter(_Reply)
_SHIPMENT: Final = TypeAdapter(_Shipment)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The statements of all events. Raises `Refusal`, with the statements of those that could be read."""
    try:
        pushed = isinstance(data, dict) and "shipments" not in data
        shipments = [_SHIPMENT.validate_python(data)] if pushed else _REPLY.validate_python(data).shipments
    except ValidationError as error:
        raise invalid(error) from error
    events = [(shipment, event) for shipment in shipments for event in shipment.events]
    return each(events, partial(_event, origin), "events")


def _event(origin: Origin, of: tuple[_Shipment, _Event]) -> list[Event]:
    shipment, event = of
    codes = origin.codes(_CODES)
    meaning = codes.meaning(event.status_code)
    proof = shipment.details.proof_of_delivery if shipment.details is not None else None
    if meaning.milestone in HANDED_OVER and proof is None:
        said = f"details.proofOfDelivery: blank, so {event.status_code} is no evidence of a complete delivery"
        raise Refusal(Stage.MAP, Reason.UNMAPPED_CODE, said)
    address = event.location.address if event.location is not None else None
    country = (address.country_code if address is not None else None) or ""
    at = origin.time(event.timestamp, meaning.classifier, "timestamp", country)
    reference = carrier_reference(ReferenceKind.TRACKING, ISSUER, shipment.id)
    lineage = origin.lineage(ISSUER, FORMAT, None, event.status_code, codes.version)
    return statements(origin, lineage, meaning, (reference,), at, Scope.SHIPMENT, evidence=_evidence(proof))


def _evidence(proof: _Proof | None) -> Evidence | None:
    if proof is None:
        return None
    evidence = Evidence((proof.signed.name if proof.signed is not None else None) or "", proof.document_url or proof.signature_url or "")
    return evidence if evidence.signed_by or evidence.document else None
