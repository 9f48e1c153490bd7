"""project44: status updates of LTL shipments by code, of truckloads by event type and stop.

Written from a public simulator's shapes, not from project44's own pages (docs/sources.md, Where rows are known from): what is not certain
there has no row.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AliasChoices, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Exceptional
from streams.domain.ids import reference_key
from streams.domain.vocabulary import ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.scans import statements
from streams.normalize.shapes import Code, Identifier, Shape, SystemName, TimeText

__all__ = ["LTL", "SYSTEM", "TL", "read_ltl", "read_tl"]

LTL: Final = "project44.ltl.v4"
TL: Final = "project44.tl.v4"
SYSTEM: Final = "P44"

_DOCUMENTS: Final = {"BILL_OF_LADING": ReferenceKind.BOL, "ORDER": ReferenceKind.SHIPMENT}


class _Camel(Shape):
    model_config = ConfigDict(alias_generator=to_camel)


class _Identifier(Shape):
    type: Code
    value: Identifier


class _Carrier(Shape):
    type: Code
    value: SystemName


class _Reason(_Camel):
    reason_summary_code: Code | None = None
    reason_detail_code: Code | None = None


class _Update(_Camel):
    shipment_identifiers: Annotated[list[_Identifier], Field(min_length=1, max_length=50)]
    carrier_identifier: _Carrier | None = None


class _Ltl(_Update):
    status_code: Code
    status_reason: _Reason | None = None
    stop_type: Code | None = None
    stop_number: int | None = None
    timestamp: TimeText


class _Tl(_Update):
    event_type: Code
    event_stop_number: Annotated[int | None, Field(validation_alias=AliasChoices("eventStopNumber", "stopNumber"))] = None
    utc_timestamp: TimeText


_RECORD_LTL: Final = TypeAdapter(_Ltl)
_RECORD_TL: Final = TypeAdapter(_Tl)
_CODES_LTL: Final = code_map(LTL)
_CODES_TL: Final = code_map(TL)


def read_ltl(data: Any, origin: Origin) -> list[Event]:
    """The statement of a status update of an LTL shipment. Raises `Refusal`."""
    try:
        record = _RECORD_LTL.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    codes = origin.codes(_CODES_LTL)
    if origin.is_silent(codes, record.status_code):
        return []
    meaning = codes.meaning(record.status_code)
    at = origin.time(record.timestamp, meaning.classifier, "timestamp")
    lineage = origin.lineage(SYSTEM, LTL, None, record.status_code, codes.version)
    place = "" if record.stop_number is None else str(record.stop_number)
    events = statements(origin, lineage, meaning, _references(record), at, Scope.SHIPMENT, place=place)
    reason = record.status_reason
    if reason is not None and meaning.reason and meaning.effect:
        said = "/".join(part for part in (reason.reason_summary_code, reason.reason_detail_code) if part)
        for event in events:
            event.exceptional = Exceptional(meaning.reason, meaning.effect, said)
    return events


def read_tl(data: Any, origin: Origin) -> list[Event]:
    """The statement of an event of a truckload. Only the first stop is known to be the origin. Raises `Refusal`."""
    try:
        record = _RECORD_TL.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    codes = origin.codes(_CODES_TL)
    stop = record.event_stop_number
    kind = "" if record.event_type not in ("ARRIVED", "DEPARTED", "AT_STOP") else "ORIGIN" if stop == 1 else "STOP"
    if origin.is_silent(codes, record.event_type, kind):
        return []
    meaning = codes.meaning(record.event_type, kind)
    text = record.utc_timestamp
    at = origin.time(text if text.endswith("Z") or "+" in text else f"{text}Z", meaning.classifier, "utcTimestamp")
    lineage = origin.lineage(SYSTEM, TL, None, f"{record.event_type}/{kind}" if kind else record.event_type, codes.version)
    place = "" if stop is None else str(stop)
    return statements(origin, lineage, meaning, _references(record), at, Scope.SHIPMENT, place=place)


def _references(record: _Update) -> tuple[str, ...]:
    carrier = record.carrier_identifier.value if record.carrier_identifier is not None else ""
    found = [
        carrier_reference(ReferenceKind.PRO, carrier, identifier.value)
        for identifier in record.shipment_identifiers
        if identifier.type == "PRO" and carrier
    ]
    found += [
        reference_key(kind, SYSTEM, identifier.value)
        for name, kind in _DOCUMENTS.items()
        for identifier in record.shipment_identifiers
        if identifier.type == name
    ]
    if not found:
        seen = ", ".join(identifier.type for identifier in record.shipment_identifiers[:5])
        message = f"shipmentIdentifiers: a PRO with its carrier's SCAC, a BILL_OF_LADING or an ORDER is needed, got {seen}"
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
    return tuple(dict.fromkeys(found))
