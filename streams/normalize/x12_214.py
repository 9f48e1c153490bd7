"""X12 214, shipment status of a motor carrier: one transaction (ST to SE) as `connectors.edi.raw` split it from its file.

The status segment AT7 says what happened (AT701), or what was agreed (AT703), and why (AT702). The same letters mean other things in
each of these, so the map has a type an element. Releases before 004010 have date and time at other places (research: domain 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Exceptional
from streams.domain.ids import event_id
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReferenceKind, Scope
from streams.normalize.codes import Meaning, code_map
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.shapes import Shape
from streams.normalize.x12_times import instant, zone_named

__all__ = ["FORMAT", "SILENT", "read"]

FORMAT: Final = "x12.214"

_Segment = Annotated[str, StringConstraints(max_length=65_536)]


class _Separators(Shape):
    element: Annotated[str, StringConstraints(min_length=1, max_length=1)]


class _Record(Shape):
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}")]
    separators: _Separators
    segments: Annotated[list[_Segment], Field(min_length=2, max_length=50_000)]
    zone: Annotated[str, StringConstraints(max_length=64)] | None = None


_RECORD: Final = TypeAdapter(_Record)
_CODES: Final = code_map(FORMAT)

SILENT: Final = {
    "AT701": frozenset({"CD", "CL", "CP", "L1", "OO", "X3", "X8", "XB"}),
    "AT703": frozenset({"AA", "ED", "EP", "LD", "LP", "X9", "XA"}),
}
"""Known codes that say nothing of the freight's way to its consignee: loading, appointments at the pickup, papers alone (`OO`).
A partner's own row for one of them counts."""

_NORMAL: Final = frozenset({"", "NA", "NS"})
_WHEN_SINCE_004010: Final = (5, 6, 7)
_CENTURY_SINCE: Final = "003070"
_LONG_YEARS_SINCE: Final = "004010"
_LONGEST_NUMBER: Final = 64
_LONGEST_NAME: Final = 32
_MOST_STATUSES: Final = 1_000

_QUALIFIED: Final = {"CN": ReferenceKind.PRO, "2I": ReferenceKind.TRACKING, "BM": ReferenceKind.BOL}
"""L1102 of references that links know (element 128)."""


@dataclass(slots=True)
class _Shipment:
    """What the transaction says, before it is translated."""

    pro: str = ""
    bill: str = ""
    carrier: str = ""
    others: list[tuple[ReferenceKind, str]] = field(default_factory=list)
    statuses: list[_Status] = field(default_factory=list)


@dataclass(slots=True)
class _Loop:
    """What an LX loop says of all its statuses, before or after them."""

    ladings: list[str] = field(default_factory=list)
    """Lading exceptions (Q701)."""

    stop: str = ""
    """Number of the stop (L11 with QN), where the sender states one."""


@dataclass(slots=True)
class _Status:
    """An AT7."""

    elements: list[str]
    position: int
    loop: _Loop

    def at(self, index: int) -> str:
        return self.elements[index].strip() if index < len(self.elements) else ""


def read(data: Any, origin: Origin) -> list[Event]:
    """The statements of a 214, none where it only has codes that say nothing (`SILENT`). Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
        zone = zone_named(record.zone) if record.zone else origin.zone
    except ValidationError as error:
        raise invalid(error) from error
    except ValueError as error:
        raise _invalid(f"zone: {error}") from error
    if record.version < _CENTURY_SINCE:
        raise _invalid(f"version: {shown(record.version)}; releases from {_CENTURY_SINCE} on are read")
    shipment = _shipment(record)
    references = _references(shipment)
    events: list[Event] = []
    for status in shipment.statuses:
        events.extend(_statements(status, shipment.carrier, references, record.version, zone, origin))
    return events


def _shipment(record: _Record) -> _Shipment:
    separator = record.separators.element
    if record.segments[0].split(separator)[:2] != ["ST", "214"]:
        raise _invalid(f"segments[0]: {shown(record.segments[0])} does not begin a 214")
    found = _Shipment()
    loop = _Loop()
    for index, segment in enumerate(record.segments):
        # Most segments are none of ours; to split them all would cost more than the rest.
        tag = segment[: segment.find(separator)]
        if tag == "AT7":
            found.statuses.append(_Status(segment.split(separator), index + 1, loop))
        elif tag == "LX":
            loop = _Loop()
        elif tag in ("B10", "L11", "Q7"):
            elements = [element.strip() for element in segment.split(separator)]
            elements += [""] * (4 - len(elements))
            if tag == "B10":
                found.pro, found.bill, found.carrier = elements[1:4]
            elif tag == "Q7":
                loop.ladings.append(elements[1])
            elif elements[2] == "QN":
                loop.stop = elements[1]
            elif elements[2] in _QUALIFIED and elements[1]:
                found.others.append((_QUALIFIED[elements[2]], elements[1]))
    if not found.statuses:
        raise _invalid("segments: no AT7, so nothing is said")
    if len(found.statuses) > _MOST_STATUSES:
        raise _invalid(f"segments: {len(found.statuses)} AT7; at most {_MOST_STATUSES} are taken")
    return found


def _references(shipment: _Shipment) -> tuple[str, ...]:
    carrier = _word(shipment.carrier, "B1003", _LONGEST_NAME)
    if not carrier or ":" in carrier:
        raise _invalid(f"B1003: {shown(carrier)} is no SCAC; the carrier's numbers mean nothing without it")
    numbers = [(ReferenceKind.PRO, shipment.pro), *shipment.others, (ReferenceKind.BOL, shipment.bill)]
    keys = dict.fromkeys(carrier_reference(kind, carrier, _word(number, kind, _LONGEST_NUMBER)) for kind, number in numbers if number)
    if not keys:
        raise _invalid("B1001, B1002: neither has a number, nor is there an L11 with one")
    return tuple(keys)


def _word(text: str, where: str, longest: int) -> str:
    if len(text) > longest or not text.isprintable():
        raise _invalid(f"{where}: {shown(text)} is longer than {longest} characters or not printable")
    return text


def _statements(
    status: _Status, carrier: str, references: tuple[str, ...], version: str, zone: ZoneInfo | None, origin: Origin
) -> list[Event]:
    codes = origin.codes(_CODES)
    source, code = ("AT701", status.at(1)) if status.at(1) else ("AT703", status.at(3))
    if status.at(1) and status.at(3):
        raise _invalid(f"AT7 in segment {status.position}: has both AT701 and AT703")
    if code in SILENT[source] and (code, source) not in codes.rows:
        origin.passes_over(f"{source}/{code}")
        return []
    meaning = codes.meaning(code, source)
    why = status.at(2 if source == "AT701" else 4)
    reason = None if why in _NORMAL or source == "AT703" else codes.meaning(why, "AT702")
    at = _when(status, version, zone, meaning.classifier, origin)
    said = f"{code}/{why}" if why else code
    lineage = origin.lineage(carrier, FORMAT, None, said, codes.version)
    handed_over = meaning.milestone is Milestone.DELIVERED

    def event(milestone: Milestone, exceptional: Meaning | None) -> Event:
        cause = exceptional.reason if exceptional else None
        detail = f"{cause or ''}|stop={status.loop.stop}" if status.loop.stop else cause or ""
        return Event(
            event_id(references[0], milestone, meaning.classifier, Scope.SHIPMENT, at.utc, detail),
            milestone,
            meaning.classifier,
            Scope.SHIPMENT,
            at,
            lineage,
            references=references,
            case_id=f"{references[0]}:{cause}" if cause else "",
            exceptional=Exceptional(cause, exceptional.effect) if exceptional and cause and exceptional.effect else None,
            traceparent=origin.traceparent,
        )

    if handed_over:
        causes = [codes.meaning(lading, "Q701") for lading in status.loop.ladings] + ([reason] if reason else [])
        blocking = next((cause for cause in causes if cause.effect is Effect.BILLING_BLOCK), None)
        # Why it came late is no flaw of what was handed over.
        return [event(Milestone.DELIVERED_WITH_EXCEPTION, blocking)] if blocking else [event(Milestone.DELIVERED, None)]
    if meaning.milestone is Milestone.EXCEPTION_RAISED:
        # A reason says it better, but does not lift what the status itself holds back.
        milder = reason is not None and meaning.effect is Effect.BILLING_BLOCK and reason.effect is not Effect.BILLING_BLOCK
        return [event(Milestone.EXCEPTION_RAISED, meaning if reason is None or milder else reason)]
    events = [event(meaning.milestone, None)]
    if reason is not None and meaning.classifier is Classifier.ACT:
        events.append(event(Milestone.EXCEPTION_RAISED, reason))
    return events


def _when(status: _Status, version: str, zone: ZoneInfo | None, classifier: Classifier, origin: Origin) -> Instant:
    where = f"AT7 in segment {status.position}"
    if version >= _LONG_YEARS_SINCE:
        date, time, code = (status.at(index) for index in _WHEN_SINCE_004010)
    else:
        # 05 is YYMMDD and 06 the century, which may be left out.
        date, time, code = (status.at(6) or "20") + status.at(5), status.at(7), status.at(8)
    return instant(date, time, code, zone, classifier, origin.ingested_at, where)


def _invalid(message: str) -> Refusal:
    return Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
