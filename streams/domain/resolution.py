"""From a statement about a reference to the statement about an order."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from operator import attrgetter
from typing import Final

from streams.domain.event import Event, Link
from streams.domain.ids import stable_id
from streams.domain.links import KnownLink
from streams.domain.vocabulary import ReferenceKind, Scope

__all__ = ["RETRACTABLE", "STATEMENTS", "is_ambiguous", "resolved", "statement_link"]

RETRACTABLE: Final = timedelta(days=60)
"""How long a source may take back a statement by its id alone."""

_everything: Final = attrgetter(*[each.name for each in fields(Event)])
"""An eighth of what `dataclasses.replace` costs, and it forgets no field."""

STATEMENTS: Final = f"{ReferenceKind.STATEMENT}:"
"""How references begin that stand for a statement."""


def is_ambiguous(event: Event, link: KnownLink) -> bool:
    """Whether lines are given for a reference that stands for several orders, without naming the order: line 10 could be anyone's."""
    return link.shared and bool(event.lines)


def resolved(event: Event, link: KnownLink, own: bool = True) -> Event:
    """The event as a statement about the link's order. `own`: the link is of the reference that the event is about, its first.

    What a carrier says of a tracking number is about a package only where packages are tracked one by one; else about the delivery that
    the number was given to, else about the shipment. Where only another reference led to the order, nobody has said what the number
    stands for: it stays some package, and completes nothing.
    """
    scope = event.scope
    if own and scope is Scope.PACKAGE and not link.package_id:
        scope = Scope.DELIVERY if link.delivery_id else Scope.SHIPMENT if link.shipment_id else Scope.ORDER
    made = Event(*_everything(event))
    made.event_id = stable_id("resolved", event.event_id, link.order_id)
    made.order_id = link.order_id
    made.scope = scope
    made.delivery_id = link.delivery_id or event.delivery_id
    made.shipment_id = link.shipment_id or event.shipment_id
    made.package_id = link.package_id or event.package_id
    return made


def statement_link(reference: str, event: Event, link: KnownLink) -> Link:
    """A link from a statement's own reference (`STATEMENTS`) to what the statement reached. It stands as long as retractions may come."""
    valid_from = min(event.at.utc, event.lineage.ingested_at) - RETRACTABLE
    return Link(
        reference,
        link.order_id,
        valid_from,
        max(event.at.utc, event.lineage.ingested_at) + RETRACTABLE,
        event.lineage,
        link.delivery_id,
        link.shipment_id,
        link.package_id,
        link.shared,
    )
