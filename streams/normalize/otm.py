"""Oracle Transportation Management and what speaks like it: XML transmissions with shipment statuses and planned shipments.

A planned shipment names its order releases, and so links its own number, its bill of lading, PRO and tracking numbers to their orders; what
it holds of each it does not say. Order numbers belong to the domain, unless the header `company` names one. A status is found by the
shipment's number, else by its other reference numbers. Each element of a transmission stands for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Link
from streams.domain.ids import event_id, normalised, order_key, reference_key
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.references import DEFAULT_VALID_DAYS, LinkedOrder, Named, carrier_reference, links
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.sap import Maybe, MaybeCode, Some
from streams.normalize.scans import statements
from streams.normalize.shapes import Identifier, Shape, SystemName, TimeText, detail_of
from streams.normalize.times import in_zone, parse
from streams.normalize.tms import MOST_LINKS

__all__ = ["FORMAT", "MOST_ELEMENTS", "read"]

FORMAT: Final = "otm.transmission.v1"

MOST_ELEMENTS: Final = 1_000
"""Elements that one transmission may hold."""

_NUMBERS: Final = {"BM": ReferenceKind.BOL, "BOL": ReferenceKind.BOL, "BN": ReferenceKind.BOOKING}
_CARRIERS_NUMBERS: Final = {"CN": ReferenceKind.PRO, "PRO": ReferenceKind.PRO, "TRACKING": ReferenceKind.TRACKING}
"""Qualifiers of reference numbers (X12 element 128, and the words that many installations use)."""


class _Gid(Shape):
    DomainName: SystemName | None = None
    Xid: Identifier


class _Named(Shape):
    Gid: _Gid


class _ShipmentNumber(Shape):
    ShipmentRefnumQualifierGid: _Named
    ShipmentRefnumValue: Identifier


class _ReleaseNumber(Shape):
    ReleaseRefnumQualifierGid: _Named
    ReleaseRefnumValue: Identifier


class _When(Shape):
    GLogDate: TimeText
    TZId: MaybeCode = None
    TZOffset: MaybeCode = None


class _Stop(Shape):
    SSStopSequenceNum: Maybe = None


class _Status(Shape):
    ShipmentGid: _Named | None = None
    ServiceProviderGid: _Named | None = None
    ShipmentRefnum: Some[_ShipmentNumber]
    StatusCodeGid: _Named
    EventDt: _When
    SSStop: _Stop | None = None


class _Header(Shape):
    ShipmentGid: _Named
    ServiceProviderGid: _Named | None = None
    ShipmentRefnum: Some[_ShipmentNumber]


class _Release(Shape):
    ReleaseGid: _Named
    ReleaseRefnum: Some[_ReleaseNumber]


class _Shipment(Shape):
    ShipmentHeader: _Header
    Release: Annotated[Some[_Release], Field(min_length=1)]


class _Planned(Shape):
    Shipment: _Shipment


class _TransmissionHeader(Shape):
    TransmissionCreateDt: _When | None = None
    SenderTransmissionNo: Maybe = None
    UserName: Maybe = None


_STATUS: Final = TypeAdapter(_Status)
_PLANNED: Final = TypeAdapter(_Planned)
_HEADER: Final = TypeAdapter(_TransmissionHeader)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event | Link]:
    """The statements of each element. Raises `Refusal` for the first that cannot be read; it carries those of the others."""
    frame = _part(data, "Transmission")
    try:
        header = _HEADER.validate_python(_part(frame, "TransmissionHeader"))
    except ValidationError as error:
        raise invalid(error) from error
    found = _part(frame, "TransmissionBody").get("GLogXMLElement")
    elements = found if isinstance(found, list) else [found]
    if not found or len(elements) > MOST_ELEMENTS:
        message = f"Transmission.TransmissionBody.GLogXMLElement: 1 to {MOST_ELEMENTS} elements are taken"
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
    said: list[Event | Link] = []
    refused: list[tuple[int, Refusal]] = []
    for number, element in enumerate(elements):
        try:
            said += _element(element, header, origin)
        except Refusal as refusal:
            refused.append((number, refusal))
    if refused:
        number, why = refused[0]
        counted = "" if len(elements) == 1 else f"{len(refused)} of {len(elements)} elements refused; GLogXMLElement[{number}]: "
        raise Refusal(why.stage, why.reason, f"{counted}{why.message}", said)
    return said


def _element(element: Any, header: _TransmissionHeader, origin: Origin) -> list[Event | Link]:
    try:
        if "ShipmentStatus" in (element if isinstance(element, Mapping) else {}):
            return [*_status(_STATUS.validate_python(element["ShipmentStatus"]), header, origin)]
        if "PlannedShipment" in (element if isinstance(element, Mapping) else {}):
            return _planned(_PLANNED.validate_python(element["PlannedShipment"]).Shipment, header, origin)
    except ValidationError as error:
        raise invalid(error) from error
    seen = ", ".join(shown(name) for name in list(element)[:3]) if isinstance(element, Mapping) else shown(element)
    raise Refusal(Stage.DETECT, Reason.UNKNOWN_FORMAT, f"ShipmentStatus and PlannedShipment are read, got {seen}")


def _status(status: _Status, header: _TransmissionHeader, origin: Origin) -> list[Event]:
    codes = origin.codes(_CODES)
    code = status.StatusCodeGid.Gid.Xid
    meaning = codes.meaning(code)
    at = _moment(status.EventDt, meaning.classifier, origin, "EventDt")
    gid = status.ShipmentGid.Gid if status.ShipmentGid is not None else None
    system = _system(gid, origin)
    references = [reference_key(ReferenceKind.SHIPMENT, system, gid.Xid)] if gid is not None else []
    references += [each.key for each in _numbers(status.ShipmentRefnum, _carrier(status.ServiceProviderGid), system)]
    if not references:
        message = "ShipmentGid, ShipmentRefnum: no number of the shipment that we know (a GID, BM, BN, CN, PRO or TRACKING)"
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
    lineage = origin.lineage(system, FORMAT, header.SenderTransmissionNo, code, codes.version)
    place = status.SSStop.SSStopSequenceNum or "" if status.SSStop is not None else ""
    return statements(origin, lineage, meaning, tuple(dict.fromkeys(references)), at, Scope.SHIPMENT, place=place)


def _planned(shipment: _Shipment, header: _TransmissionHeader, origin: Origin) -> list[Event | Link]:
    if header.TransmissionCreateDt is None:
        message = "TransmissionHeader.TransmissionCreateDt: missing, so nobody knows which plan is later"
        raise Refusal(Stage.VALIDATE, Reason.TIME_INVALID, message)
    at = _moment(header.TransmissionCreateDt, Classifier.ACT, origin, "TransmissionCreateDt")
    gid = shipment.ShipmentHeader.ShipmentGid.Gid
    system = _system(gid, origin)
    company = origin.company(system)
    shipment_id = normalised(gid.Xid)
    own = Named(reference_key(ReferenceKind.SHIPMENT, system, gid.Xid))
    carrier = _carrier(shipment.ShipmentHeader.ServiceProviderGid)
    references = list(dict.fromkeys([own, *_numbers(shipment.ShipmentHeader.ShipmentRefnum, carrier, system)]))
    tracked = [each for each in references if each.key.startswith(f"{ReferenceKind.TRACKING}:")]
    if len(tracked) > 1:
        references = [Named(each.key, each.key.split(":", 2)[2]) if each in tracked else each for each in references]
    packages = tuple(each.package_id for each in references if each.package_id)
    orders = list(dict.fromkeys(order_key(company, _order(release)) for release in shipment.Release))
    if len(references) * len(orders) > MOST_LINKS:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"ShipmentRefnum: more than {MOST_LINKS} links of references to orders")
    lineage = origin.lineage(system, FORMAT, header.SenderTransmissionNo, "PlannedShipment", origin.codes(_CODES).version)
    events = [
        Event(
            event_id(order, Milestone.SHIPMENT_PLANNED, Classifier.ACT, Scope.SHIPMENT, at.utc, detail_of((), own.key, "", *packages)),
            Milestone.SHIPMENT_PLANNED,
            Classifier.ACT,
            Scope.SHIPMENT,
            at,
            lineage,
            order,
            shipment_id=shipment_id,
            packages=packages,
            traceparent=origin.traceparent,
        )
        for order in orders
    ]
    return [*events, *links(references, [LinkedOrder(order, shipment_id) for order in orders], at.utc, DEFAULT_VALID_DAYS, lineage)]


def _order(release: _Release) -> str:
    """The sales order that a release names (qualifier SO), else the release itself."""
    numbers = (each.ReleaseRefnumValue for each in release.ReleaseRefnum if each.ReleaseRefnumQualifierGid.Gid.Xid.upper() == "SO")
    return next(numbers, release.ReleaseGid.Gid.Xid)


def _numbers(found: list[_ShipmentNumber], carrier: str, system: str) -> list[Named]:
    references = []
    for each in found:
        qualifier = each.ShipmentRefnumQualifierGid.Gid.Xid.upper()
        if qualifier in _NUMBERS:
            references.append(Named(reference_key(_NUMBERS[qualifier], system, each.ShipmentRefnumValue)))
        elif qualifier in _CARRIERS_NUMBERS and carrier:
            references.append(Named(carrier_reference(_CARRIERS_NUMBERS[qualifier], carrier, each.ShipmentRefnumValue)))
    return references


def _carrier(named: _Named | None) -> str:
    return named.Gid.Xid[:32].replace(":", " ") if named is not None else ""


def _system(gid: _Gid | None, origin: Origin) -> str:
    return (gid.DomainName if gid is not None else None) or origin.header("system", 32).replace(":", " ") or "OTM"


def _moment(when: _When, classifier: Classifier, origin: Origin, field: str) -> Instant:
    """`YYYYMMDDHHMMSS` with an offset or a zone; with neither it is read as UTC, quality UNKNOWN. Raises `Refusal` (TIME_INVALID)."""
    text = when.GLogDate
    if when.TZOffset is not None or when.TZId is None or not text.isdigit() or len(text) != 14:
        iso = f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}" if text.isdigit() and len(text) == 14 else text
        return parse(f"{iso}{when.TZOffset or ''}", classifier, origin.ingested_at, field)
    return in_zone(text, when.TZId, classifier, origin.ingested_at, field)


def _part(data: Any, name: str) -> Mapping[str, Any]:
    found = data.get(name) if isinstance(data, Mapping) else None
    return found if isinstance(found, Mapping) else {}
