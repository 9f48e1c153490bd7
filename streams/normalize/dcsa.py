"""DCSA Track and Trace, versions 2 and 3: ocean carriers' shipment, transport and equipment events.

There is no code for "delivered to the consignee": unstuffing and gate moves are what they are. The event id names the message, not the
occurrence (hazard H11), and takes back by name only: so each statement also has a reference of its own (`statement:<carrier>:<event id>`),
by which the resolve hop brings a retraction without content to the right orders.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AliasChoices, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event
from streams.domain.ids import reference_key, stable_id
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.codes import code_map, scac
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.scans import statements
from streams.normalize.shapes import Code, Identifier, Shape, SystemName, TimeText

__all__ = ["FORMAT_V2", "FORMAT_V3", "read_v2", "read_v3"]

FORMAT_V2: Final = "dcsa.tnt.v2"
FORMAT_V3: Final = "dcsa.tnt.v3"

_KINDS: Final = {"TRD": ReferenceKind.BOL, "BKG": ReferenceKind.BOOKING, "SHI": ReferenceKind.SHIPMENT}
"""Documents that stand for a shipment, most telling first."""


class _Camel(Shape):
    model_config = ConfigDict(alias_generator=to_camel)


class _Document(Shape):
    type: Annotated[Code, Field(validation_alias=AliasChoices("type", "documentReferenceType", "referenceType"))]
    value: Annotated[Identifier, Field(validation_alias=AliasChoices("value", "documentReferenceValue", "referenceValue"))]


_DOCUMENT_FIELDS: Final = AliasChoices("relatedDocumentReferences", "documentReferences")
_Documents = Annotated[list[_Document], Field(max_length=200)]


class _Said(_Camel):
    event_classifier_code: Classifier | None = None
    event_date_time: TimeText | None = None
    code: Annotated[
        Code | None,
        Field(validation_alias=AliasChoices("shipmentEventTypeCode", "transportEventTypeCode", "equipmentEventTypeCode", "eventSubtype")),
    ] = None
    document_type_code: Code | None = None
    empty_indicator_code: Code | None = None
    is_transshipment_move: bool | None = None
    equipment_reference: Identifier | None = None
    documents: Annotated[_Documents, Field(validation_alias=_DOCUMENT_FIELDS, default_factory=list)]


class _Publisher(_Camel):
    carrier_code: SystemName | None = None


class _Meta(_Camel):
    event_id: Annotated[Identifier, Field(validation_alias="eventID")]
    event_created_date_time: TimeText
    event_type: Literal["SHIPMENT", "TRANSPORT", "EQUIPMENT"]
    retracted_event_id: Annotated[Identifier | None, Field(validation_alias="retractedEventID")] = None
    publisher: _Publisher | None = None


class _V2(_Meta, _Said):
    carrier_code: SystemName | None = None


class _V3(_Camel):
    metadata: _Meta
    payload: _Said | None = None


_RECORD_V2: Final = TypeAdapter(_V2)
_RECORD_V3: Final = TypeAdapter(_V3)
_CODES: Final = {FORMAT_V2: code_map(FORMAT_V2), FORMAT_V3: code_map(FORMAT_V3)}


def read_v2(data: Any, origin: Origin) -> list[Event]:
    """The statement of an event of version 2. Raises `Refusal`."""
    try:
        record = _RECORD_V2.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    return _read(record, record, record.carrier_code, FORMAT_V2, origin)


def read_v3(data: Any, origin: Origin) -> list[Event]:
    """The statement of an event of version 3, or its retraction of an earlier one. Raises `Refusal`."""
    try:
        record = _RECORD_V3.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    publisher = record.metadata.publisher
    return _read(record.metadata, record.payload, publisher.carrier_code if publisher is not None else None, FORMAT_V3, origin)


def _read(meta: _Meta, said: _Said | None, carrier: str | None, format: str, origin: Origin) -> list[Event]:
    issuer = scac(carrier or origin.partner or "DCSA")
    if meta.retracted_event_id is not None:
        return [_retraction(meta, meta.retracted_event_id, issuer, format, origin)]
    if said is None or said.code is None:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "payload: an event that retracts nothing must say what happened")
    codes = origin.codes(_CODES[format])
    kind = _type(meta, said)
    meaning = codes.meaning(said.code, kind)
    if said.event_date_time is None or said.event_classifier_code is None:
        field = "eventDateTime" if said.event_date_time is None else "eventClassifierCode"
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"{field}: missing; the time of the message is not that of the event")
    classifier = said.event_classifier_code
    if meta.event_type == "SHIPMENT" and classifier is not Classifier.ACT:
        raise Refusal(
            Stage.VALIDATE, Reason.SCHEMA_INVALID, f"eventClassifierCode: a SHIPMENT event is ACT by the standard, got {classifier}"
        )
    at = origin.time(said.event_date_time, classifier, "eventDateTime")
    references = (*_references(said, issuer), reference_key(ReferenceKind.STATEMENT, issuer, meta.event_id))
    if len(references) == 1:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, "documentReferences: neither a document nor an equipment is named")
    lineage = origin.lineage(issuer, format, meta.event_id, f"{kind}/{said.code}", codes.version)
    events = statements(origin, lineage, meaning, references, at, Scope.SHIPMENT, classifier=classifier)
    # A retraction names this message; the fold knows the same occurrence under two ids (hazard H11) by what it says.
    for event in events:
        event.event_id = _named(issuer, meta.event_id)
    return events


def _retraction(meta: _Meta, retracted: str, issuer: str, format: str, origin: Origin) -> Event:
    at = origin.time(meta.event_created_date_time, Classifier.ACT, "eventCreatedDateTime")
    return Event(
        _named(issuer, meta.event_id),
        Milestone.EXCEPTION_RESOLVED,
        Classifier.ACT,
        Scope.SHIPMENT,
        at,
        origin.lineage(issuer, format, meta.event_id, "retractedEventID"),
        references=(reference_key(ReferenceKind.STATEMENT, issuer, retracted),),
        retracts=_named(issuer, retracted),
        traceparent=origin.traceparent,
    )


def _named(issuer: str, dcsa_id: str) -> str:
    return stable_id("event", reference_key(ReferenceKind.STATEMENT, issuer, dcsa_id))


def _type(meta: _Meta, said: _Said) -> str:
    """Type of the event, and what of it changes the meaning of its code."""
    if meta.event_type == "SHIPMENT":
        return f"SHIPMENT/{said.document_type_code or ''}"
    if meta.event_type == "EQUIPMENT" and said.empty_indicator_code == "EMPTY":
        return "EQUIPMENT/EMPTY"
    if meta.event_type == "EQUIPMENT" and said.is_transshipment_move:
        return "EQUIPMENT/TRANSSHIPMENT"
    return meta.event_type


def _references(said: _Said, issuer: str) -> tuple[str, ...]:
    found = [
        reference_key(kind, issuer, document.value) for type, kind in _KINDS.items() for document in said.documents if document.type == type
    ]
    equipment = [document.value for document in said.documents if document.type == "EQ"]
    if said.equipment_reference:
        equipment.insert(0, said.equipment_reference)
    return tuple(dict.fromkeys([*found, *[reference_key(ReferenceKind.CONTAINER, issuer, number) for number in equipment]]))
