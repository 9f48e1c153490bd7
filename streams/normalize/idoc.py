"""What all SAP IDocs share, as XML or as JSON: the frame, the control record, and one packet of several documents.

    {"ORDERS05": {"IDOC": {"EDI_DC40": {...}, "E1EDK01": {...}, "E1EDP01": [...]}}}

Numbers of orders and deliveries are unique within a logical system, so that is the company of an order, unless the header `company`
names one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Link
from streams.domain.ids import order_key
from streams.domain.instant import Instant
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid
from streams.normalize.sap import Maybe, MaybeCode, MaybeLine, MaybeTime, sap_time
from streams.normalize.shapes import Code, Shape, SystemName

__all__ = ["ANSWERS", "MOST_DOCUMENTS", "ORDER_NUMBER", "Control", "Qualified", "created", "documents", "first", "orders_of", "system"]

MOST_DOCUMENTS: Final = 1_000
"""IDocs that one packet may hold."""

ANSWERS: Final = frozenset({"SHPCON", "WHSCON", "STPPOD"})
"""Messages to the ERP from a warehouse or a customer: the numbers in them are the receiver's."""

ORDER_NUMBER: Final = "002"
"""Qualifier of the seller's order number."""

_Idoc = TypeVar("_Idoc", bound=Shape)


class Control(Shape):
    """`EDI_DC40`."""

    DOCNUM: Maybe = None
    MESTYP: Code
    SNDPRN: SystemName
    RCVPRN: SystemName | None = None
    CREDAT: MaybeTime = None
    CRETIM: MaybeTime = None


class Qualified(Shape):
    """A segment that a qualifier gives its meaning."""

    QUALF: MaybeCode = None
    BELNR: Maybe = None
    ZEILE: MaybeLine = None


def system(control: Control) -> str:
    """The logical system whose numbers the document speaks of. Raises `Refusal` where it is not named."""
    named = control.RCVPRN if control.MESTYP in ANSWERS else control.SNDPRN
    if named is None:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"EDI_DC40.RCVPRN: {control.MESTYP} goes to an ERP, and does not say to which")
    return named


def created(control: Control, origin: Origin) -> Instant:
    """When the IDoc was made. Raises `Refusal` (TIME_INVALID)."""
    return sap_time(control.CREDAT, control.CRETIM, origin, "EDI_DC40.CREDAT")


def documents(
    data: Any, root: str, record: TypeAdapter[_Idoc], read: Callable[[_Idoc, Origin], list[Event | Link]], origin: Origin
) -> list[Event | Link]:
    """The statements of each IDoc of a packet, each document read on its own.

    Raises `Refusal` for the first that cannot be read; it carries the statements of the others.
    """
    frame = data.get(root) if isinstance(data, Mapping) else None
    packet = frame.get("IDOC") if isinstance(frame, Mapping) else None
    found = packet if isinstance(packet, list) else [packet]
    if not packet or len(found) > MOST_DOCUMENTS:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"{root}.IDOC: 1 to {MOST_DOCUMENTS} documents are taken")
    said: list[Event | Link] = []
    refused: list[tuple[int, Refusal]] = []
    orders: dict[str, None] = {}
    for number, document in enumerate(found):
        try:
            said += read(_validated(document, record), origin)
        except Refusal as refusal:
            said += refusal.statements
            orders.update(dict.fromkeys(orders_of(document, root, origin)))
            refused.append((number, refusal))
    if refused:
        number, why = refused[0]
        where = "" if len(found) == 1 else f"{len(refused)} of {len(found)} documents refused; IDOC[{number}]: "
        raise Refusal(why.stage, why.reason, f"{where}{why.message}", said, tuple(orders))
    return said


def _validated(document: Any, record: TypeAdapter[_Idoc]) -> _Idoc:
    try:
        return record.validate_python(document)
    except ValidationError as error:
        raise invalid(error) from error


def first(segments: Iterable[Qualified], qualifier: str) -> str:
    """`BELNR` of the first segment with this qualifier; empty where there is none."""
    return next((segment.BELNR for segment in segments if qualifier == segment.QUALF and segment.BELNR), "")


def orders_of(document: Any, root: str, origin: Origin) -> tuple[str, ...]:
    """The orders that a document names, however invalid the rest of it is: each is held until the refusal is settled."""
    control = _one(document, "EDI_DC40")
    system = _text(control.get("RCVPRN" if _text(control.get("MESTYP")) in ANSWERS else "SNDPRN"))
    company = origin.company(system)
    found: dict[str, None] = {}
    for delivery in _each(document, "E1EDL20"):
        found.update(dict.fromkeys(_text(item.get("VGBEL")) for item in _each(delivery, "E1EDL24")))
    items = _each(document, "E1EDP01")
    for segment in (*_each(document, "E1EDK02"), *(reference for item in items for reference in _each(item, "E1EDP02"))):
        if segment.get("QUALF") == ORDER_NUMBER:
            found[_text(segment.get("BELNR"))] = None
    if root == "ORDERS05" and not any(found):
        found[_text(_one(document, "E1EDK01").get("BELNR"))] = None
    return tuple(order_key(company, number) for number in found if number and company)[:MOST_DOCUMENTS]


def _each(data: Any, name: str) -> list[Mapping[str, Any]]:
    value = data.get(name) if isinstance(data, Mapping) else None
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Mapping)]


def _one(data: Any, name: str) -> Mapping[str, Any]:
    found = _each(data, name)
    return found[0] if found else {}


def _text(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= 64 and text.isprintable() and ":" not in text else ""
