"""References as raw records name them, and the links that a plan or a goods issue makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from streams.domain.event import Lineage, Link
from streams.domain.ids import reference_key
from streams.domain.vocabulary import ReferenceKind
from streams.normalize.codes import scac
from streams.normalize.shapes import Identifier, Shape, SystemName

__all__ = [
    "DEFAULT_VALID_DAYS",
    "HEAD_START",
    "LinkedOrder",
    "Named",
    "ReferenceField",
    "carrier_reference",
    "links",
    "named",
    "tracking_of",
]

HEAD_START: Final = timedelta(days=7)
"""How long before it is said a link already counts: freight is scanned before its plan is typed in."""

DEFAULT_VALID_DAYS: Final = 120
"""How long a reference means one shipment where its source does not say; carriers use their numbers again (hazard H8)."""

MOST_TOGETHER: Final = 8
"""References of one shipment that its links name to each other."""

_OF_CARRIERS: Final = frozenset({ReferenceKind.TRACKING, ReferenceKind.PRO})


class ReferenceField(Shape):
    """One entry of `references` in our own shapes."""

    kind: ReferenceKind
    issuer: SystemName | None = None
    value: Identifier


class Named(NamedTuple):
    """A reference key, and the package that it stands for where it stands for one only."""

    key: str
    package_id: str = ""


class LinkedOrder(NamedTuple):
    """What a reference stands for: of this order, this delivery of the shipment, or where none is named, all of it in the shipment."""

    order_id: str
    shipment_id: str
    delivery_id: str = ""


def carrier_reference(kind: ReferenceKind, carrier: str, value: str) -> str:
    """Key of a number that a carrier gave out."""
    return reference_key(kind, scac(carrier), value)


def named(fields: Iterable[ReferenceField], packages: Sequence[str], carrier: str | None, system: str) -> list[Named]:
    """The references of a shipment, each once.

    Packages are tracking numbers of the carrier. Several tracking numbers are several packages even where nobody calls them so:
    what happens to one says nothing of the others.
    """
    keys = dict.fromkeys(_key(field, carrier, system) for field in fields)
    tracked = [key for key in keys if key.startswith(_TRACKING)]
    parcels = dict.fromkeys(carrier_reference(ReferenceKind.TRACKING, carrier or system, package) for package in packages)
    if len(tracked) > 1 and not parcels:
        parcels = dict.fromkeys(tracked)
    return [Named(key, tracking_of(key) if key in parcels else "") for key in (keys | parcels)]


def tracking_of(key: str) -> str:
    """The tracking number in a reference key; empty where it is of another kind."""
    return key.split(":", 2)[2] if key.startswith(_TRACKING) else ""


def links(references: Iterable[Named], orders: Iterable[LinkedOrder], said_at: datetime, valid_days: int, lineage: Lineage) -> list[Link]:
    """One link a reference and order. `shared` where the references stand for several orders.

    Each names the others that are no package (up to `MOST_TOGETHER`): a statement that gives several of them needs no second look-up.
    """
    valid_from, valid_to = said_at - HEAD_START, said_at + timedelta(days=valid_days)
    ordered = list(orders)
    shared = len({order.order_id for order in ordered}) > 1
    linked = list(references)
    others = [reference.key for reference in linked if not reference.package_id]
    if len(others) > MOST_TOGETHER:
        others = []
    return [
        Link(
            reference.key,
            order.order_id,
            valid_from,
            valid_to,
            lineage,
            order.delivery_id,
            order.shipment_id,
            reference.package_id,
            shared,
            tuple([key for key in others if key != reference.key]),
        )
        for reference in linked
        for order in ordered
    ]


_TRACKING: Final = f"{ReferenceKind.TRACKING}:"


def _key(field: ReferenceField, carrier: str | None, system: str) -> str:
    if field.kind in _OF_CARRIERS:
        return carrier_reference(field.kind, field.issuer or carrier or system, field.value)
    return reference_key(field.kind, field.issuer or system, field.value)
