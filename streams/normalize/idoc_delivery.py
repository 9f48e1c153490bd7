"""SAP IDoc DELVRY07: goods issues (DESADV), confirmations of a warehouse (SHPCON, WHSCON), proofs of delivery with differences (STPPOD).

One delivery may serve many orders: each item names its order and order item (`VGBEL`, `VGPOS`), and each order gets its part. Batch split
items count with their sum. A pick may leave them out, and is then found by the delivery's number; quantities that are issued or proven may
not, because a delivery's item numbers are not the order's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Exceptional, LineQuantity, Link
from streams.domain.ids import event_id, normalised, order_key, reference_key
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope
from streams.normalize.codes import CodeMap, Meaning, code_map
from streams.normalize.idoc import Control, created, documents, system
from streams.normalize.origin import Origin
from streams.normalize.references import DEFAULT_VALID_DAYS, LinkedOrder, Named, links
from streams.normalize.refusal import Refusal
from streams.normalize.sap import Maybe, MaybeAmount, MaybeCode, MaybeLine, MaybeTime, Number, Some, sap_time, unit
from streams.normalize.shapes import Identifier, Line, Shape, detail_of, quantities

__all__ = ["FORMAT", "read"]

FORMAT: Final = "sap.delvry07.v1"

_WEIGHTS: Final = frozenset({"NWT", "GWT", "VOL"})
"""Functions of E1EDL18 that only bring weights and volumes along."""

_DATES: Final = {Milestone.GOODS_ISSUED: "006", Milestone.PICK_COMPLETED: "010"}
"""Qualifier of E1EDT13 by what happened: only the actual dates in it (`ISDD`, `ISDZ`) are facts."""


class _Function(Shape):
    QUALF: MaybeCode = None


class _Dates(Shape):
    QUALF: MaybeCode = None
    ISDD: MaybeTime = None
    ISDZ: MaybeTime = None


class _Difference(Shape):
    GRUND: MaybeCode = None
    PODMG: MaybeAmount = None
    LFIMG_DIFF: MaybeAmount = None


class _Item(Shape):
    POSNR: MaybeLine = None
    LFIMG: Number = Decimal(0)
    VRKME: MaybeCode = None
    VGBEL: Maybe = None
    VGPOS: MaybeLine = None
    E1EDL53: Some[_Difference]


class _Delivery(Shape):
    VBELN: Identifier
    BOLNR: Maybe = None
    PODAT: MaybeTime = None
    POTIM: MaybeTime = None
    E1EDL18: Some[_Function]
    E1EDT13: Some[_Dates]
    E1EDL24: Some[_Item]


class _Document(Shape):
    EDI_DC40: Control
    E1EDL20: _Delivery


_RECORD: Final = TypeAdapter(_Document)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event | Link]:
    """The statements of each delivery, an order at a time, and the links of its number to its orders. Raises `Refusal`."""
    return documents(data, "DELVRY07", _RECORD, lambda document, origin: _Reading(document, origin).said(), origin)


class _Reading:
    """One delivery being read."""

    def __init__(self, document: _Document, origin: Origin) -> None:
        self.control, self.delivery, self.origin = document.EDI_DC40, document.E1EDL20, origin
        self.codes: CodeMap = origin.codes(_CODES)
        self.system = system(self.control)
        self.company = origin.company(self.system)
        self.reference = reference_key(ReferenceKind.DELIVERY, self.system, self.delivery.VBELN)
        self.orders: dict[str, list[_Item]] = {}
        self.unnamed = False
        for item in self.delivery.E1EDL24:
            if item.VGBEL and item.VGPOS:
                self.orders.setdefault(order_key(self.company, item.VGBEL), []).append(item)
            elif item.LFIMG:
                self.unnamed = True

    def said(self) -> list[Event | Link]:
        functions = [each.QUALF for each in self.delivery.E1EDL18 if each.QUALF and each.QUALF not in _WEIGHTS] or [""]
        said: list[Event | Link] = []
        last: Instant | None = None
        for function in dict.fromkeys(functions):
            meaning = self.codes.meaning(self.control.MESTYP, function)
            last = self.when(meaning.milestone)
            code = f"{self.control.MESTYP}/{function}" if function else self.control.MESTYP
            said += self.proof(meaning, last, code) if meaning.milestone is Milestone.POD_RECEIVED else self.events(meaning, last, code)
        if last is not None and self.control.MESTYP != "STPPOD":
            said += self.links(last)
        return said

    def when(self, milestone: Milestone) -> Instant:
        if milestone is Milestone.POD_RECEIVED:
            return sap_time(self.delivery.PODAT, self.delivery.POTIM, self.origin, "E1EDL20.PODAT")
        qualifier = _DATES.get(milestone)
        if qualifier is None:
            return created(self.control, self.origin)
        dates = next((each for each in self.delivery.E1EDT13 if qualifier == each.QUALF), _Dates())
        return sap_time(dates.ISDD, dates.ISDZ, self.origin, f"E1EDT13 {qualifier}.ISDD")

    def events(self, meaning: Meaning, at: Instant, code: str) -> list[Event | Link]:
        if meaning.milestone is Milestone.PICK_COMPLETED and not self.orders:
            return [self.event(meaning.milestone, "", (), at, code)]
        return [self.event(meaning.milestone, order_id, _lines(items, _sent), at, code) for order_id, items in self.named().items()]

    def proof(self, meaning: Meaning, at: Instant, code: str) -> list[Event | Link]:
        """What arrived of each order; where that is not what was sent, the proof says so."""
        said: list[Event | Link] = []
        for order_id, items in self.named().items():
            lines = _lines(items, _proven)
            reason = self.reason(items)
            if reason:
                row = self.codes.meaning(self.control.MESTYP, reason)
                event = self.event(row.milestone, order_id, lines, at, f"{code}/{reason}")
                if row.reason and row.effect:
                    event.exceptional = Exceptional(row.reason, row.effect, self.different(items))
                    event.case_id = f"{self.reference}:{row.reason}"
            else:
                event = self.event(meaning.milestone, order_id, lines, at, code)
            said.append(event)
        return said

    def reason(self, items: Sequence[_Item]) -> str:
        """Why other quantities arrived than were sent, empty where they did not: the sender's own reason where the map (or the partner's)
        has a row for it, else which way they differ."""
        stated = {each.GRUND for item in items for each in item.E1EDL53 if each.GRUND}
        known = sorted(reason for reason in stated if (self.control.MESTYP, reason) in self.codes.rows)
        if not any(_proven(item) != item.LFIMG for item in items):
            return ""
        return known[0] if known else "SHORT" if any(_proven(item) < item.LFIMG for item in items) else "OVER"

    def different(self, items: Sequence[_Item]) -> str:
        """Each difference, for a person."""
        odd = [item for item in items if _proven(item) != item.LFIMG]
        found = [f"item {item.VGPOS}: {_proven(item).normalize():f} of {item.LFIMG.normalize():f}" for item in odd]
        return "; ".join(found)[:500]

    def named(self) -> dict[str, list[_Item]]:
        """The items by order. Raises `Refusal` where an item does not say whose it is."""
        if self.unnamed or not self.orders:
            message = "E1EDL24: VGBEL and VGPOS are needed, the order and order item of each delivery item"
            raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, message)
        return self.orders

    def event(self, milestone: Milestone, order_id: str, lines: tuple[LineQuantity, ...], at: Instant, code: str) -> Event:
        delivery_id = normalised(self.delivery.VBELN)
        subject = order_id or self.reference
        return Event(
            event_id(subject, milestone, Classifier.ACT, Scope.DELIVERY, at.utc, detail_of(lines, delivery_id, "")),
            milestone,
            Classifier.ACT,
            Scope.DELIVERY,
            at,
            self.origin.lineage(self.system, FORMAT, self.control.DOCNUM, code, self.codes.version),
            order_id,
            () if order_id else (self.reference,),
            delivery_id=delivery_id,
            lines=lines,
            traceparent=self.origin.traceparent,
        )

    def links(self, at: Instant) -> list[Link]:
        references = [Named(self.reference)]
        if self.delivery.BOLNR:
            references.append(Named(reference_key(ReferenceKind.BOL, self.system, self.delivery.BOLNR)))
        lineage = self.origin.lineage(self.system, FORMAT, self.control.DOCNUM, self.control.MESTYP, self.codes.version)
        parts = [LinkedOrder(order_id, "", normalised(self.delivery.VBELN)) for order_id in self.orders]
        return links(references, parts, at.utc, DEFAULT_VALID_DAYS, lineage)


def _lines(items: Sequence[_Item], counted: Callable[[_Item], Decimal]) -> tuple[LineQuantity, ...]:
    lines = [Line.model_construct(line=item.VGPOS or "", quantity=counted(item), uom=unit(item.VRKME)) for item in items]
    return quantities([line for line in lines if line.quantity or counted is _proven])


def _sent(item: _Item) -> Decimal:
    return item.LFIMG


def _proven(item: _Item) -> Decimal:
    """What arrived: as stated, else what was sent less the difference. A difference without a sign is a shortage: less is proven."""
    stated = [each.PODMG for each in item.E1EDL53 if each.PODMG is not None]
    if stated:
        return max(Decimal(0), sum(stated, Decimal(0)))
    off = sum((abs(each.LFIMG_DIFF) for each in item.E1EDL53 if each.LFIMG_DIFF is not None), Decimal(0))
    return max(Decimal(0), item.LFIMG - off)
