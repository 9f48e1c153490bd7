"""X12 204, a load offered to a carrier, and 990, the carrier's answer.

A 204 that names orders (OID, else L11 with OQ) is a transport plan: it links the load's numbers to them, and each stop at which goods are
unloaded to the orders that are unloaded there. A 990 names the load by the carrier's SCAC and the shipper's number: an answer from a
carrier that was not asked finds nothing. Positions: segments B2, B2A, S5, B1 of 004010.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from streams.domain.event import Event, Lineage, Link
from streams.domain.ids import event_id, normalised, reference_key
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.agreed import invalid_part, word
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.plans import Part, Planned, linked, plan
from streams.normalize.references import DEFAULT_VALID_DAYS, LinkedOrder, Named, carrier_reference, links
from streams.normalize.x12 import Transaction, read_transaction

__all__ = ["ANSWER", "LOAD", "load_reference", "read_answer", "read_load", "stop_reference"]

LOAD: Final = "x12.204"
ANSWER: Final = "x12.990"

_LOAD_CODES: Final = code_map(LOAD)
_ANSWER_CODES: Final = code_map(ANSWER)
_UNLOADING: Final = frozenset({"CU", "PU", "UL"})
"""S502 of stops at which goods are unloaded: all of them, some of them, or not said."""

_ORDER_NUMBER: Final = "OQ"
_MOST_ORDERS: Final = 500


def load_reference(carrier: str, number: str) -> str:
    """Key of the shipper's number of a load as its carrier quotes it: 214, 210 and 990 do."""
    return reference_key(ReferenceKind.BOL, carrier, number)


def stop_reference(carrier: str, number: str, stop: str) -> str:
    """Key of one stop of a load."""
    return reference_key(ReferenceKind.DELIVERY, carrier, f"{number}/{normalised(stop)}")


@dataclass(slots=True)
class _Load:
    """What a 204 says."""

    carrier: str = ""
    number: str = ""
    purpose: str = ""
    bills: list[str] = field(default_factory=list)
    pros: list[str] = field(default_factory=list)
    orders: dict[str, None] = field(default_factory=dict)
    stops: dict[str, dict[str, None]] = field(default_factory=dict)
    """Orders by the number of the stop at which they are unloaded."""


def read_load(data: Any, origin: Origin) -> list[Event | Link]:
    """The offer, the plan and the links of a 204. Raises `Refusal`."""
    transaction = read_transaction(data, "204", LOAD, origin)
    load = _load(transaction)
    codes = origin.codes(_LOAD_CODES)
    meaning = codes.meaning(load.purpose, "B2A01")
    at = transaction.sent()
    lineage = transaction.lineage(transaction.system, load.purpose, codes.version)
    own = reference_key(ReferenceKind.SHIPMENT, transaction.system, load.number)
    offered = load_reference(load.carrier, load.number)
    said: list[Event | Link] = [_of_load(meaning.milestone, (own, offered), at, lineage, origin, load.carrier)]
    if meaning.milestone is not Milestone.TENDERED or not load.orders:
        return said
    planned = Planned(normalised(load.number), own, at, lineage, origin.traceparent)
    parts = [Part(order) for order in load.orders]
    keys = [own, offered]
    for bill in load.bills:
        keys += [reference_key(ReferenceKind.BOL, transaction.system, bill), reference_key(ReferenceKind.BOL, load.carrier, bill)]
    keys += [carrier_reference(ReferenceKind.PRO, load.carrier, pro) for pro in load.pros]
    if len(keys) * len(parts) > 10_000:
        raise invalid_part(f"L11: {len(keys)} numbers of {len(parts)} orders are too many links")
    named = [Named(key) for key in dict.fromkeys(keys)]
    linking = links(named, linked(planned, parts), at.utc, DEFAULT_VALID_DAYS, lineage)
    unloaded = Counter(order for orders in load.stops.values() for order in orders)
    for stop, orders in load.stops.items():
        # Of an order that is unloaded at several stops, none of them delivers all.
        there = [LinkedOrder(order, planned.shipment_id) for order in orders if unloaded[order] == 1]
        linking += links([Named(stop_reference(load.carrier, load.number, stop))], there, at.utc, DEFAULT_VALID_DAYS, lineage)
    return [*plan(planned, parts), *linking, *said]


def read_answer(data: Any, origin: Origin) -> list[Event]:
    """The answer of a 990. Raises `Refusal`."""
    transaction = read_transaction(data, "990", ANSWER, origin)
    for segment in transaction.elements():
        if segment[0] == "B1":
            carrier, number, _, action = [*segment[1:5], "", "", "", ""][:4]
            codes = origin.codes(_ANSWER_CODES)
            meaning = codes.meaning(action, "B104")
            carrier = _scac(carrier, "B101")
            reference = load_reference(carrier, word(number, "B102"))
            lineage = transaction.lineage(carrier, action, codes.version)
            return [_of_load(meaning.milestone, (reference,), transaction.sent(), lineage, origin, carrier)]
    raise invalid_part("B1: is missing")


def _of_load(milestone: Milestone, references: tuple[str, ...], at: Instant, lineage: Lineage, origin: Origin, carrier: str) -> Event:
    return Event(
        event_id(references[-1], milestone, Classifier.ACT, Scope.SHIPMENT, at.utc, carrier),
        milestone,
        Classifier.ACT,
        Scope.SHIPMENT,
        at,
        lineage,
        references=references,
        traceparent=origin.traceparent,
    )


def _load(transaction: Transaction) -> _Load:
    found = _Load()
    stop = ""
    unloading = False
    for segment in transaction.elements():
        tag = segment[0]
        first, second, _, fourth = [*segment[1:5], "", "", "", ""][:4]
        if tag == "B2":
            found.carrier, found.number = _scac(second, "B202"), word(fourth, "B204")
        elif tag == "B2A":
            found.purpose = first
        elif tag == "S5":
            stop, unloading = word(first, "S501"), second in _UNLOADING
        elif tag == "OID" and (first or second):
            _order(transaction, found, first or second, stop, unloading, "OID01")
        elif tag == "L11" and first and second == _ORDER_NUMBER:
            _order(transaction, found, first, stop, unloading, "L1101")
        elif tag == "L11" and first and second == "BM":
            found.bills.append(word(first, "L1101"))
        elif tag == "L11" and first and second == "CN":
            found.pros.append(word(first, "L1101"))
    if not found.number:
        raise invalid_part("B2: is missing")
    return found


def _order(transaction: Transaction, load: _Load, number: str, stop: str, unloading: bool, where: str) -> None:
    order = transaction.order(number, where)
    load.orders[order] = None
    if len(load.orders) > _MOST_ORDERS:
        raise invalid_part(f"{where}: more than {_MOST_ORDERS} orders")
    if stop and unloading:
        load.stops.setdefault(stop, {})[order] = None


def _scac(text: str, where: str) -> str:
    name = word(text, where, 32)
    if ":" in name:
        raise invalid_part(f"{where}: {name!r} is no SCAC")
    return name
