"""EDIFACT IFTSTA, transport status: statuses (STS) of consignments (CNI), each with its time, references and reason.

UN/CEFACT's own status codes (element 9011, later 4405) are in the map; codes that a carrier gave out itself (code list agency in C555) are
of that agency's type, and need rows of the partner. Directories differ little in what is read here (D.96A to D.23A).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from streams.domain.event import Event
from streams.domain.instant import Instant
from streams.domain.vocabulary import Effect, Milestone, ReferenceKind, Scope
from streams.normalize.agreed import invalid_part, word
from streams.normalize.codes import Meaning, code_map
from streams.normalize.edifact import Message, Segment, part, read_message
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import shown
from streams.normalize.scans import each, statements, with_exception

__all__ = ["FORMAT", "read"]

FORMAT: Final = "edifact.IFTSTA"

_CODES: Final = code_map(FORMAT)
_STANDARD: Final = frozenset({"", "6", "9", "113"})
"""Agencies in C555 whose codes are the standard's: UN/ECE, and where none is named."""

_TYPE: Final = "9011"
_REASON: Final = "9013"
_TIMES: Final = ("334", "78", "7", "137")
"""DTM of a status, best first: status, event, effective; at last the message's own."""

_KINDS: Final = {
    "CN": ReferenceKind.PRO,
    "AAO": ReferenceKind.PRO,
    "BM": ReferenceKind.BOL,
    "AAS": ReferenceKind.BOL,
    "BN": ReferenceKind.BOOKING,
    "AAQ": ReferenceKind.CONTAINER,
    "EQ": ReferenceKind.CONTAINER,
    "DQ": ReferenceKind.DELIVERY,
    "SRN": ReferenceKind.SHIPMENT,
}
"""RFF qualifiers that links know."""

_MOST_STATUSES: Final = 1_000


@dataclass(slots=True)
class _Status:
    """An STS with what follows it, up to the next."""

    segment: Segment
    position: int
    numbers: list[tuple[str, str]]
    """Qualifier and number, of the consignment and of this status."""

    times: dict[str, Segment] = field(default_factory=dict)
    place: str = ""


def read(data: Any, origin: Origin) -> list[Event]:
    """The statements of all statuses; one that cannot be read takes no other along. Raises `Refusal`."""
    message = read_message(data, "IFTSTA", FORMAT, origin)
    carrier, statuses = _statuses(message)
    if not statuses:
        raise invalid_part("STS: no status, so nothing is said")
    return each(statuses, lambda status: _said(message, carrier, status), "STS")


def _statuses(message: Message) -> tuple[str, list[_Status]]:
    carrier = ""
    header: dict[str, Segment] = {}
    consignment: list[tuple[str, str]] = []
    of_all: list[tuple[str, str]] = []
    found: list[_Status] = []
    current: _Status | None = None
    began = False
    for position, segment in enumerate(message.segments, 1):
        tag = part(segment, 0)
        if tag == "CNI":
            began, current = True, None
            consignment = [("CN", part(segment, 2))] if part(segment, 2) else []
        elif tag == "STS":
            if len(found) >= _MOST_STATUSES:
                raise invalid_part(f"STS: more than {_MOST_STATUSES}")
            current = _Status(segment, position, [*consignment, *of_all])
            found.append(current)
        elif tag == "NAD" and part(segment, 1) in ("CA", "MS") and (not carrier or part(segment, 1) == "CA"):
            carrier = part(segment, 2)
        elif tag == "RFF":
            reference = (part(segment, 1), part(segment, 1, 1))
            if current is not None:
                current.numbers.append(reference)
            else:
                (consignment if began else of_all).append(reference)
        elif tag == "DTM":
            (current.times if current is not None else header).setdefault(part(segment, 1), segment)
        elif tag == "LOC" and current is not None and not current.place:
            current.place = part(segment, 2)
    for status in found:
        status.times = header | status.times if not status.times else status.times
    return carrier or message.system, found


def _said(message: Message, carrier: str, status: _Status) -> list[Event]:
    origin = message.origin
    codes = origin.codes(_CODES)
    code, agency = part(status.segment, 2), part(status.segment, 2, 2)
    meaning = codes.meaning(code, _TYPE if agency in _STANDARD else agency)
    why, why_agency = part(status.segment, 3), part(status.segment, 3, 2)
    reason = codes.meaning(why, _REASON if why_agency in _STANDARD else f"{why_agency} reason") if why else None
    references = _references(carrier, status)
    at = _when(message, status, meaning)
    lineage = message.lineage(carrier, f"{code}/{why}" if why else code, codes.version)
    if meaning.milestone is Milestone.DELIVERED and reason is not None and reason.effect is Effect.BILLING_BLOCK:
        meaning = with_exception(reason)
        reason = None
    located = origin.place(at, status.place)
    found = statements(origin, lineage, meaning, references, at, Scope.SHIPMENT, located=located)
    if reason is not None and meaning.milestone is not Milestone.DELIVERED:
        found += statements(origin, lineage, reason, references, at, Scope.SHIPMENT, located=located)
    return found


def _references(carrier: str, status: _Status) -> tuple[str, ...]:
    issuer = word(carrier, "NAD CA", 32)
    if ":" in issuer:
        raise invalid_part(f"NAD CA: {shown(issuer)} is no carrier's name")
    keys: dict[str, None] = {}
    for qualifier, text in status.numbers:
        kind = _KINDS.get(qualifier)
        if kind is not None and text:
            keys[carrier_reference(kind, issuer, word(text, f"RFF {qualifier}"))] = None
    if not keys:
        raise invalid_part("CNI, RFF: no number by which a shipment is known (CN, BM, BN, AAQ ...)")
    return tuple(keys)


def _when(message: Message, status: _Status, meaning: Meaning) -> Instant:
    for kind in _TIMES:
        if kind in status.times:
            return message.at(status.times[kind], meaning.classifier)
    raise invalid_part(f"DTM: the status in segment {status.position} has no time (DTM {', '.join(_TIMES)})")
