"""X12 214, shipment status of a motor carrier: one transaction (ST to SE) as `connectors.edi.raw` split it from its file.

The status segment AT7 says what happened (AT701), or what was agreed (AT703), and why (AT702). The same letters mean other things in each
of these, so the map has a type an element. Releases before 004010 have date and time at other places (segment AT7 of 003070 and of 004010).

A load may have several stops. What happened at the consignee of one stop is not said of the whole load: it goes to the stop's own
reference, which a 204 links to the orders that are unloaded there; of the load it says only that it was somewhere on its way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from streams.domain.event import Event
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReferenceKind, Scope
from streams.normalize.agreed import LONGEST_NUMBER, bounded, invalid_part
from streams.normalize.codes import CodeMap, Meaning, code_map
from streams.normalize.origin import Origin
from streams.normalize.references import carrier_reference
from streams.normalize.refusal import shown
from streams.normalize.scans import HANDED_OVER, statements, with_exception
from streams.normalize.x12 import Transaction, read_transaction
from streams.normalize.x12_load import stop_reference

__all__ = ["FORMAT", "SILENT", "read"]

FORMAT: Final = "x12.214"

_CODES: Final = code_map(FORMAT)
SILENT: Final = frozenset({"CD", "OO"})
"""AT701 that say nothing of the freight: the vehicle left the delivery; papers only. They are counted; a partner's own row goes first."""

_NORMAL: Final = frozenset({"", "NA", "NS"})
_WHEN_SINCE_004010: Final = (5, 6, 7)
_LONG_YEARS_SINCE: Final = "004010"
_LONGEST_NAME: Final = 32
_MOST_STATUSES: Final = 1_000
_CONSIGNEE: Final = ("CN", "ST")
_AT_CONSIGNEE: Final = HANDED_OVER | {Milestone.ARRIVED_DESTINATION}
_ONE_STOP: Final = "load"
"""Agreed with the partner: stop numbers say nothing apart."""

_QUALIFIED: Final = {"CN": ReferenceKind.PRO, "2I": ReferenceKind.TRACKING, "BM": ReferenceKind.BOL}
"""L1102 of references that links know (element 128)."""

Place = tuple[str, str]
"""City and state or province."""


@dataclass(slots=True)
class _Shipment:
    """What the transaction says, before it is translated."""

    pro: str = ""
    bill: str = ""
    carrier: str = ""
    others: list[tuple[ReferenceKind, str]] = field(default_factory=list)
    statuses: list[_Status] = field(default_factory=list)
    consignee: Place | None = None
    """Where the load ends (N1 and N4)."""


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
    place: Place | None = None
    """Where it was (MS1)."""

    def at(self, index: int) -> str:
        return self.elements[index].strip() if index < len(self.elements) else ""


def read(data: Any, origin: Origin) -> list[Event]:
    """The statements of a 214, none where it only has codes that say nothing (`SILENT`). Raises `Refusal`."""
    transaction = read_transaction(data, "214", FORMAT, origin)
    shipment = _shipment(transaction)
    references = _references(shipment)
    codes = origin.codes(_CODES)
    on_the_way = _earlier_places(shipment, codes)
    events: list[Event] = []
    for status in shipment.statuses:
        events.extend(_statements(transaction, shipment, status, references, codes, on_the_way))
    return events


def _shipment(transaction: Transaction) -> _Shipment:
    separator = transaction.separator
    found = _Shipment()
    loop = _Loop()
    party = ""
    for index, segment in enumerate(transaction.segments):
        # Most segments are none of ours; to split them all would cost more than the rest.
        tag = segment[: segment.find(separator)]
        if tag == "AT7":
            found.statuses.append(_Status(segment.split(separator), index + 1, loop))
        elif tag == "LX":
            loop = _Loop()
        elif tag in ("B10", "L11", "Q7", "N1", "N4", "MS1"):
            elements = [element.strip() for element in segment.split(separator)]
            elements += [""] * (4 - len(elements))
            if tag == "MS1":
                if found.statuses and found.statuses[-1].loop is loop and elements[1]:
                    found.statuses[-1].place = (elements[1].upper(), elements[2].upper())
            elif tag == "B10":
                found.pro, found.bill, found.carrier = elements[1:4]
            elif tag == "Q7":
                loop.ladings.append(elements[1])
            elif tag == "N1":
                party = elements[1]
            elif tag == "N4":
                if party in _CONSIGNEE and elements[1] and not found.statuses:
                    found.consignee = (elements[1].upper(), elements[2].upper())
            elif elements[2] == "QN":
                loop.stop = elements[1]
            elif elements[2] in _QUALIFIED and elements[1]:
                found.others.append((_QUALIFIED[elements[2]], elements[1]))
    if not found.statuses:
        raise invalid_part("segments: no AT7, so nothing is said")
    if len(found.statuses) > _MOST_STATUSES:
        raise invalid_part(f"segments: {len(found.statuses)} AT7; at most {_MOST_STATUSES} are taken")
    return found


def _references(shipment: _Shipment) -> tuple[str, ...]:
    carrier = bounded(shipment.carrier, "B1003", _LONGEST_NAME)
    if not carrier or ":" in carrier:
        raise invalid_part(f"B1003: {shown(carrier)} is no SCAC; the carrier's numbers mean nothing without it")
    numbers = [(ReferenceKind.PRO, shipment.pro), *shipment.others, (ReferenceKind.BOL, shipment.bill)]
    keys = dict.fromkeys(carrier_reference(kind, carrier, bounded(number, kind, LONGEST_NUMBER)) for kind, number in numbers if number)
    if not keys:
        raise invalid_part("B1001, B1002: neither has a number, nor is there an L11 with one")
    return tuple(keys)


def _earlier_places(shipment: _Shipment, codes: CodeMap) -> frozenset[Place]:
    """Of several places at which goods were handed over, without stop numbers: all but the last one."""
    if len(shipment.statuses) < 2:
        return frozenset()
    handed: list[tuple[str, str, str, Place]] = []
    for status in shipment.statuses:
        row = codes.rows.get((status.at(1), "AT701"))
        if status.place is not None and not status.loop.stop and row is not None and row.milestone in HANDED_OVER:
            handed.append((status.at(5), status.at(6), status.at(7), status.place))
    places = {place for *_, place in handed}
    return frozenset(places - {max(handed)[3]}) if len(places) > 1 else frozenset()


def _statements(
    transaction: Transaction,
    shipment: _Shipment,
    status: _Status,
    references: tuple[str, ...],
    codes: CodeMap,
    on_the_way: frozenset[Place],
) -> list[Event]:
    origin = transaction.origin
    source, code = ("AT701", status.at(1)) if status.at(1) else ("AT703", status.at(3))
    if status.at(1) and status.at(3):
        raise invalid_part(f"AT7 in segment {status.position}: has both AT701 and AT703")
    if code in SILENT and source == "AT701" and (code, source) not in codes.rows:
        origin.passes_over(f"{source}/{code}")
        return []
    if origin.is_silent(codes, code, source):
        return []
    meaning = codes.meaning(code, source)
    why = status.at(2 if source == "AT701" else 4)
    reason = None if why in _NORMAL or source == "AT703" else codes.meaning(why, "AT702")
    at = _when(transaction, status, meaning.classifier)
    located = origin.place(at, "/".join(status.place)) if status.place is not None else ""
    lineage = transaction.lineage(shipment.carrier, f"{code}/{why}" if why else code, codes.version)
    stop = f"stop={status.loop.stop}" if status.loop.stop else ""
    beside: Meaning | None = None
    if meaning.milestone is Milestone.DELIVERED:
        causes = [codes.meaning(lading, "Q701") for lading in status.loop.ladings] + ([reason] if reason else [])
        blocking = next((cause for cause in causes if cause.effect is Effect.BILLING_BLOCK), None)
        # Why it came late is no flaw of what was handed over.
        meaning = with_exception(blocking) if blocking is not None else meaning
    elif meaning.reason is not None:
        # A reason says it better, but does not lift what the status itself holds back.
        milder = reason is not None and meaning.effect is Effect.BILLING_BLOCK and reason.effect is not Effect.BILLING_BLOCK
        meaning = meaning if reason is None or milder else replace(meaning, reason=reason.reason, effect=reason.effect)
    elif reason is not None and meaning.classifier is Classifier.ACT:
        beside = reason
    if (
        meaning.milestone in _AT_CONSIGNEE
        and meaning.classifier is Classifier.ACT
        and _of_one_stop(transaction, shipment, status, on_the_way)
    ):
        passing = Meaning(code, source, Milestone.ARRIVED_TERMINAL, Classifier.ACT, None, None, meaning.provenance, meaning.example)
        where = stop or f"at={'/'.join(status.place or ())}"
        found = statements(origin, lineage, passing, references, at, Scope.STOP, place=where, located=located)
        if status.loop.stop and shipment.bill:
            own = stop_reference(shipment.carrier, shipment.bill, bounded(status.loop.stop, "L11 QN", _LONGEST_NAME))
            found += statements(origin, lineage, meaning, (own,), at, Scope.SHIPMENT, located=located)
    else:
        found = statements(origin, lineage, meaning, references, at, Scope.SHIPMENT, place=stop, located=located)
    return (
        found
        if beside is None
        else [*found, *statements(origin, lineage, beside, references, at, Scope.SHIPMENT, place=stop, located=located)]
    )


def _of_one_stop(transaction: Transaction, shipment: _Shipment, status: _Status, on_the_way: frozenset[Place]) -> bool:
    """Whether what happened is known, or must be feared, to concern only a part of the load."""
    if transaction.agreed.stops == _ONE_STOP:
        return False
    if not status.loop.stop:
        return status.place in on_the_way
    return shipment.consignee is None or status.place != shipment.consignee


def _when(transaction: Transaction, status: _Status, classifier: Classifier) -> Instant:
    where = f"AT7 in segment {status.position}"
    if transaction.version >= _LONG_YEARS_SINCE:
        date, time, code = (status.at(index) for index in _WHEN_SINCE_004010)
    else:
        # 05 is YYMMDD and 06 the century, which may be left out.
        date, time, code = (status.at(6) or "20") + status.at(5), status.at(7), status.at(8)
    return transaction.at(date, time, code, where, classifier)
