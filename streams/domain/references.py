"""Which reference names which order, and when: links with validity windows, and events that wait for a link.

A row belongs to one reference. Links and events may arrive in any order: an event reaches each order whose link's window holds
the event's time, whether the link or the event came first. So a row remembers, bounded by count, the events that it has handed
on, for orders that are linked later, and those that nobody has asked for yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from streams.domain.event import Event, Link
from streams.domain.ids import stable_id
from streams.domain.instant import to_millis
from streams.domain.snapshots import Document
from streams.domain.vocabulary import ReferenceKind, Scope

__all__ = [
    "LATE_ARRIVALS_MS",
    "MOST_LINKS",
    "MOST_REMEMBERED",
    "MOST_WAITING",
    "RETRACTABLE",
    "STATEMENTS",
    "Arrival",
    "KnownLink",
    "ReferenceRow",
    "SeenEvent",
    "accept_event",
    "accept_link",
    "expire",
    "is_ambiguous",
    "next_wake",
    "resolved",
    "statement_link",
]

MOST_WAITING: Final = 200
"""Events of one reference that may wait at a time: a reference that nobody plans must not grow without end."""

MOST_REMEMBERED: Final = 100
"""Resolved events of one reference that are kept for orders linked later; the oldest go first."""

MOST_LINKS: Final = 1_000
"""Orders that one reference may stand for: a placeholder such as `TBD` in every plan must not join them all."""

LATE_ARRIVALS_MS: Final = 30 * 86_400_000
"""How long after its window's end, or after it was told if that was later, a link is kept for events that are told late."""

RETRACTABLE: Final = timedelta(days=60)
"""How long a source may take back a statement by its id alone."""

STATEMENTS: Final = f"{ReferenceKind.STATEMENT}:"
"""How references begin that stand for a statement."""


@dataclass(slots=True)
class KnownLink:
    """A link as a row keeps it; times in milliseconds since the epoch."""

    order_id: str
    delivery_id: str
    shipment_id: str
    package_id: str
    shared: bool
    valid_from: int
    valid_to: int
    """Exclusive."""

    told: int = 0
    """When it arrived last."""

    @property
    def kept_until(self) -> int:
        """Long enough for events that are told late, also where the plan itself was told after its time."""
        return max(self.valid_to, self.told) + LATE_ARRIVALS_MS


@dataclass(slots=True)
class SeenEvent:
    """An event as a row keeps it: its record of `shipment.references` whole, so that it can be resolved later or refused with its bytes."""

    event_id: str
    at: int
    """The event's time, milliseconds since the epoch."""

    wait_until: int
    """When it becomes unresolvable, milliseconds since the epoch; 0 once an order was found."""

    partition: int
    offset: int
    timestamp: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class ReferenceRow:
    """All that is known of one reference."""

    links: list[KnownLink] = field(default_factory=list)
    events: list[SeenEvent] = field(default_factory=list)
    wake_at: int = 0
    """The due mark that is set for this row, milliseconds since the epoch; 0: none."""

    document: Document | None = None
    """What the last snapshot said, where the reference stands for a document."""


class Arrival(Enum):
    """What becomes of an event for which no order is known yet."""

    WAITS = auto()
    KNOWN = auto()
    """The same statement waits already; nothing changes."""

    OVERFLOW = auto()
    """Too many wait already: this one is refused."""


def accept_link(row: ReferenceRow, link: Link) -> list[tuple[SeenEvent, KnownLink]] | None:
    """Take a link into the row; return the events that reach its order by it for the first time, in event time, each with the link.

    None where the reference is claimed by too many orders: the link is then not taken.
    """
    new = KnownLink(
        link.order_id,
        link.delivery_id,
        link.shipment_id,
        link.package_id,
        link.shared,
        to_millis(link.valid_from),
        to_millis(link.valid_to),
        to_millis(link.lineage.ingested_at),
    )
    of_order = [known for known in row.links if known.order_id == new.order_id]
    if len(row.links) >= MOST_LINKS and not of_order:
        return None
    reached = [event for event in row.events if _holds(new, event.at) and not any(_holds(known, event.at) for known in of_order)]
    for known in of_order:
        if _target(known) == _target(new) and known.valid_from <= new.valid_to and new.valid_from <= known.valid_to:
            # The same plan again, said at another time: one link, or a plan that is sent hourly would fill the row.
            new.valid_from = min(new.valid_from, known.valid_from)
            new.valid_to = max(new.valid_to, known.valid_to)
            new.shared = new.shared or known.shared
            new.told = max(new.told, known.told)
            row.links.remove(known)
    row.links.append(new)
    for event in reached:
        event.wait_until = 0
    _forget(row)
    return [(event, new) for event in sorted(reached, key=lambda event: (event.at, event.event_id))]


def accept_event(row: ReferenceRow, event: SeenEvent) -> list[KnownLink] | Arrival:
    """Take an event into the row; return what it reaches, one link an order, or what becomes of it.

    A statement that was handed on before is handed on again: it may come with another lineage, and its order knows it by its id.
    """
    reached = _matching(row, event.at)
    known = any(other.event_id == event.event_id for other in row.events)
    if reached:
        if not known:
            event.wait_until = 0
            row.events.append(event)
            _forget(row)
        return reached
    if known:
        return Arrival.KNOWN
    if sum(1 for other in row.events if other.wait_until) >= MOST_WAITING:
        return Arrival.OVERFLOW
    row.events.append(event)
    return Arrival.WAITS


def expire(row: ReferenceRow, due: int) -> list[SeenEvent]:
    """Drop what need not be kept after `due` (milliseconds since the epoch); return the events that waited in vain until then."""
    lapsed = [event for event in row.events if 0 < event.wait_until <= due]
    row.links = [link for link in row.links if link.kept_until > due]
    row.events = [event for event in row.events if (event.wait_until > due if event.wait_until else _matching(row, event.at))]
    if row.document is not None and row.document.kept_until <= due:
        row.document = None
    return lapsed


def next_wake(row: ReferenceRow) -> int:
    """When `expire` has something to do next, milliseconds since the epoch; 0: the row is empty."""
    waiting = [event.wait_until for event in row.events if event.wait_until]
    documents = [] if row.document is None else [row.document.kept_until]
    return min([*waiting, *documents, *(link.kept_until for link in row.links)], default=0)


def is_ambiguous(event: Event, link: KnownLink) -> bool:
    """Whether lines are given for a reference that stands for several orders, without naming the order: line 10 could be anyone's."""
    return link.shared and bool(event.lines)


def resolved(event: Event, link: KnownLink) -> Event:
    """The event as a statement about the link's order.

    What a carrier says of a tracking number is about a package only where packages are tracked one by one; else about the delivery that
    the number was given to, else about the shipment.
    """
    scope = event.scope
    if scope is Scope.PACKAGE and not link.package_id:
        scope = Scope.DELIVERY if link.delivery_id else Scope.SHIPMENT if link.shipment_id else Scope.ORDER
    return Event(
        stable_id("resolved", event.event_id, link.order_id),
        event.milestone,
        event.classifier,
        scope,
        event.at,
        event.lineage,
        link.order_id,
        event.references,
        link.delivery_id or event.delivery_id,
        link.shipment_id or event.shipment_id,
        link.package_id or event.package_id,
        event.lines,
        event.case_id,
        event.retracts,
        event.order,
        event.exceptional,
        event.evidence,
        event.invoice,
        event.packages,
        event.traceparent,
    )


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


def _matching(row: ReferenceRow, at: int) -> list[KnownLink]:
    """What the reference means at this time: one link an order."""
    by_order: dict[str, list[KnownLink]] = {}
    for link in row.links:
        if _holds(link, at):
            by_order.setdefault(link.order_id, []).append(link)
    return [links[0] if len(links) == 1 else _together(links) for links in by_order.values()]


def _together(links: list[KnownLink]) -> KnownLink:
    """What several links of one order mean together.

    The shipment is that of the latest window. A warehouse may know the one delivery or package within it where the plan knows only the
    shipment; if several deliveries share the number, it stands for none of them alone.
    """
    latest = max(links, key=lambda link: (link.valid_from, _target(link)))
    same = [link for link in links if link.shipment_id in ("", latest.shipment_id)]
    return replace(
        latest,
        delivery_id=_only(link.delivery_id for link in same),
        package_id=_only(link.package_id for link in same),
        shared=any(link.shared for link in same),
    )


def _only(names: Iterable[str]) -> str:
    """The one name among these; none where there are several, or none at all."""
    found = {name for name in names if name}
    return found.pop() if len(found) == 1 else ""


def _holds(link: KnownLink, at: int) -> bool:
    return link.valid_from <= at < link.valid_to


def _target(link: KnownLink) -> tuple[str, str, str, str]:
    return link.order_id, link.delivery_id, link.shipment_id, link.package_id


def _forget(row: ReferenceRow) -> None:
    """Of the events that were handed on, keep the latest in event time."""
    handed_on = sorted((event for event in row.events if not event.wait_until), key=lambda event: (event.at, event.event_id))
    for event in handed_on[: max(0, len(handed_on) - MOST_REMEMBERED)]:
        row.events.remove(event)
