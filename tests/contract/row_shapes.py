"""The shape of what is stored: field names, order and types, down to the last; and which changes of it break stored rows.

`python -m tests.contract.row_shapes` stores samples and shape of a version that has none yet. It never overwrites: what a release has
written is out there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from streams.contracts.order_rows import CALENDAR_VERSION, ITEM_VERSION, LOCATION_VERSION, ORDER_ROWS, TERMS_VERSION, VERSION, StoredOrder
from streams.domain.event import DeadLetterMark, Evidence, Freight, FreightCharge, Handling, Invoice, TermsChanged, Tick
from streams.domain.order import OrderRow
from streams.domain.reference_data import CalendarChanged, ItemChanged, LocationChanged, UnitFactor
from streams.domain.scans import MOST_SCANS
from streams.domain.terms import (
    DisputePolicy,
    ExceptionPolicy,
    ExceptionRule,
    Granularity,
    Incoterm,
    LatePolicy,
    QuantityBasis,
    ReturnPolicy,
    SubstitutePolicy,
    Trigger,
)
from streams.domain.vocabulary import Classifier, Effect, Milestone, ProofKind, ReasonClass, Settlement
from streams.domain.watch.patience import PATIENCE
from tests.unit.domain.telling import (
    ORDER_ID,
    ToldOrder,
    changed,
    contract,
    day,
    delivered_damaged,
    delivered_partial,
    dispute_over,
    disputed,
    exception,
    happened,
    in_transit,
    issued,
    picked,
    planned,
    posted,
    proven,
    released,
    retracted,
    terms,
)

Stored = OrderRow | TermsChanged | ItemChanged | CalendarChanged | LocationChanged

FOLDER: Final = Path(__file__).parent / "rows"

STORED: Final[dict[str, Any]] = {
    f"order-v{VERSION}": StoredOrder,
    f"terms-v{TERMS_VERSION}": TermsChanged,
    f"item-v{ITEM_VERSION}": ItemChanged,
    f"calendar-v{CALENDAR_VERSION}": CalendarChanged,
    f"location-v{LOCATION_VERSION}": LocationChanged,
}
"""What this release writes, by version."""


def shape(stored: Any) -> Any:
    """The shape of a stored type as plain data."""
    return _shape(inspect.type_info(stored))


def breaks(before: Any, now: Any, where: str = "row") -> Iterator[str]:
    """What of `now` cannot stand for `before`: every change but a new value of an enumeration, and a new field that has a default where
    fields are stored by name. (Where they are stored by place, an older release could not read it in a rolling upgrade.)"""
    if isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        [kind] = before
        was, is_ = before[kind], now[kind]
        if kind == "enum":
            yield from (f"{where}: value {value} is gone" for value in was if value not in is_)
            return
        if kind == "by place" and list(was) != list(is_):
            yield f"{where}: fields were {', '.join(was)} and are {', '.join(is_)}"
        if kind == "by name":
            yield from (f"{where}.{name} is gone" for name in was if name not in is_ and f"{name}?" not in is_)
            yield from (f"{where}.{name} is new and has no default" for name in is_ if name not in was and not name.endswith("?"))
        for name in was.keys() & is_.keys():
            yield from breaks(was[name], is_[name], f"{where}.{name}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from breaks(one, other, f"{where}[{number}]")
    elif before != now:
        yield f"{where}: was {json.dumps(before)} and is {json.dumps(now)}"


def plain(row: Stored) -> Any:
    """A row as plain data, to be compared with what is kept beside its bytes."""
    fields = {name: getattr(row, name) for name in type(row).__dataclass_fields__ if name != "dossier"}  # the dossier is never stored
    return msgspec.json.decode(msgspec.json.encode(fields))


def samples() -> dict[str, Stored]:
    """A row of each kind that uses everything that can be stored."""
    terms_row = contract(
        terms(Trigger.ON_POD, valid_to=day(20), pod_auto_confirm_days=5),
        terms(Trigger.ON_SHIP, version=2, valid_from=day(20), partial_allowed=False),
        terms(
            Trigger.ON_MILESTONES,
            version=3,
            valid_from=day(30),
            milestones=(Milestone.DELIVERED, Milestone.CUSTOMS_CLEARED),
            granularity=Granularity.SHIPMENT,
            quantity_basis=QuantityBasis.SHIPPED,
            closes_short=False,
            pod_kinds=(ProofKind.SIGNATURE,),
            acceptance_days=10,
            over_tolerance=Decimal(10),
            under_tolerance=Decimal("2.5"),
            amount_tolerance=Decimal("0.05"),
            amount_tolerance_percent=Decimal(1),
            exceptions=(ExceptionRule(ReasonClass.LOSS, ExceptionPolicy.RELEASE_NET),),
            disputes=DisputePolicy.HOLD_ALL,
            returns=ReturnPolicy.REVOKE,
            late=LatePolicy.REVIEW,
            substitutes=SubstitutePolicy.ORDERED_PRICE,
            incoterm=Incoterm.DDP,
            ignored_blocks=("08",),
            late_penalty=True,
            posting_days=2,
        ),
    )
    order = ToldOrder(*terms_row.versions, patience=PATIENCE)
    lines = {"10": 10, "20": "2.5 KG", "30": 1}
    estimate = happened(Milestone.ETA_UPDATED, day(3), shipment="S1", classifier=Classifier.EST, ingested_at=day(2))
    scan = in_transit(day(2, "15:00"))
    order.hears(
        released(lines),
        changed(lines, day(1), price="0.335"),
        picked(day(1, "13:00"), lines),
        planned(day(1), "S1", "D1", packages=("P1", "P2")),
        issued(day(2), {"10": 10, "20": "2.5 KG"}, "S1", "D1"),
        estimate,
        scan,
        happened(Milestone.IN_TRANSIT, day(2, "15:00"), shipment="S1", subject="tracking:TEST:1", topic="tms.raw"),
        retracted(scan),
        exception(day(2, "16:00"), effect=Effect.DELAY, reason=ReasonClass.WEATHER),
        delivered_partial(day(3), {"10": 6}),
        proven(day(3), lines={"10": 6}, evidence=Evidence("A. Smith", "doc-1")),
        posted(day(4), "INV1", {"10": 7}),
        disputed(day(4), "A", {"10": 1}),
        dispute_over(day(4, "14:00"), "A", settlement=Settlement.STANDS),
        disputed(day(4), "B", {"20": 1}),
        delivered_partial(day(5), {"10": 2}),
        issued(day(5), {"20": "1 BAG", "30": 1}, "S2", handling=Handling(("30",), ("30",), replacement=True)),
        delivered_damaged(day(6), "S2"),
        happened(Milestone.OUT_FOR_DELIVERY, day(6), shipment="S1", package="P2"),
        happened(Milestone.OUT_FOR_DELIVERY, day(6) + timedelta(seconds=40), shipment="S1", package="P2", topic="tms.raw"),
        DeadLetterMark("erp.raw-0-7", ORDER_ID, "SCHEMA_INVALID", True, day(4)),
        Tick(day(5), f"o/{ORDER_ID}"),
    )
    order.hears(
        happened(
            Milestone.FREIGHT_BILLED,
            day(6),
            shipment="S1",
            invoice=Invoice("F1", Decimal(90), "EUR"),
            freight=Freight(Decimal(0), "", Decimal(12), (FreightCharge("REDELIVERY", Decimal(15)),)),
        ),
        *(in_transit(day(7, f"{number // 60:02}:{number % 60:02}")) for number in range(MOST_SCANS)),
    )
    assert order.row is not None
    item = ItemChanged("SKU-10", "EA", (UnitFactor("CS", Decimal(12)),))
    calendar = CalendarChanged("DE-BY", (6, 7), (date(2026, 12, 25), date(2026, 12, 26)))
    terms_row = replace(
        terms_row, calendar="DE-BY", versions=tuple([replace(each, calendar="DE-BY", working_days=calendar) for each in terms_row.versions])
    )
    return {
        f"order-v{VERSION}": order.row,
        f"terms-v{TERMS_VERSION}": terms_row,
        f"item-v{ITEM_VERSION}": item,
        f"calendar-v{CALENDAR_VERSION}": calendar,
        f"location-v{LOCATION_VERSION}": LocationChanged("CHICAGO/IL", "America/Chicago"),
    }


def _shape(info: inspect.Type) -> Any:
    match info:
        case inspect.NamedTupleType():
            return {"by place": {field.name: _shape(field.type) for field in info.fields}}
        case inspect.DataclassType():
            return {"by name": {field.name + ("" if field.required else "?"): _shape(field.type) for field in info.fields}}
        case inspect.EnumType():
            return {"enum": sorted(member.value for member in info.cls)}
        case inspect.TupleType():
            return [_shape(item) for item in info.item_types]
        case inspect.ListType() | inspect.VarTupleType():
            return ["*", _shape(info.item_type)]
        case inspect.DictType():
            return ["**", _shape(info.key_type), _shape(info.value_type)]
        case inspect.UnionType():
            return ["or", *(_shape(kind) for kind in info.types)]
        case _:
            return type(info).__name__


def _store() -> None:
    for name, row in samples().items():
        for ending, content in (
            ("bin", ORDER_ROWS.encode(row)),
            ("json", json.dumps(plain(row), indent=1).encode()),
            ("shape.json", json.dumps(shape(STORED[name]), indent=1).encode()),
        ):
            path = FOLDER / f"{name}.{ending}"
            if path.exists():
                print(f"{path.name} is there already")
            else:
                path.write_bytes(content + (b"" if ending == "bin" else b"\n"))
                print(f"{path.name} stored")


if __name__ == "__main__":
    _store()
