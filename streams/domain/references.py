"""What is known of one reference: which orders it means, and the events that name it, waiting or handed on.

A row belongs to one reference. Links and events may arrive in any order: an event reaches each order that its reference means at
the event's time, whether the link or the event came first. So a row remembers, bounded by count, the events that it has handed on, for
orders that are linked later, and those that nobody has asked for yet.

An event may name several references, the most telling first. It lives in the row of the first, its *home*, and nowhere else: so one row
decides where it goes. The home asks the rows of the others what they mean (`Inquiry`, `Answer`), once for all its events, unless its
own links say that the others mean the same (`KnownLink.together`). Then:

- the first reference that means any order at the event's time decides which orders, deliveries and packages the event is about;
- another one that means none of these orders contradicts it: the event is refused, and every order named (containers are used again
  within weeks, so they may lead to an order but contradict nobody);
- what was handed on is not taken back: if a later link contradicts it, the event is refused all the same, so that the orders in
  doubt are held until somebody decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, NamedTuple

from streams.domain.event import Answer, Event, Inquiry, Link
from streams.domain.instant import from_millis, to_millis
from streams.domain.links import LATE_ARRIVALS_MS, KnownLink, enter, holds, meanings
from streams.domain.resolution import STATEMENTS
from streams.domain.snapshots import Document
from streams.domain.vocabulary import ReferenceKind

__all__ = [
    "MOST_ASKED",
    "MOST_ASKING",
    "MOST_LINKS",
    "MOST_REMEMBERED",
    "MOST_TELLINGS",
    "MOST_WAITING",
    "Arrival",
    "Changes",
    "Contradiction",
    "Found",
    "Heard",
    "ReferenceRow",
    "Said",
    "SeenEvent",
    "accept_answer",
    "accept_event",
    "accept_inquiry",
    "accept_link",
    "expire",
    "first_wait",
    "inquiries",
    "next_wake",
    "others_of",
]

MOST_WAITING: Final = 200
"""Events of one reference that may wait at a time: a reference that nobody plans must not grow without end."""

MOST_TELLINGS: Final = 4
"""Records of one statement that wait side by side, so that its order knows all its sources."""

MOST_REMEMBERED: Final = 100
"""Resolved events of one reference that are kept for orders linked later; the oldest go first."""

MOST_LINKS: Final = 1_000
"""Orders that one reference may stand for: a placeholder such as `TBD` in every plan must not join them all."""

MOST_ASKED: Final = 8
"""Further references of one event that are looked up; the most telling ones."""

MOST_ASKING: Final = 200
"""References that one reference keeps informed; those beyond are told once what it means, and no news."""

_CONTAINER: Final = f"{ReferenceKind.CONTAINER}:"


class Said(NamedTuple):
    """What an event was handed on as."""

    order_id: str
    delivery_id: str
    shipment_id: str
    package_id: str
    own: bool
    """By its own reference, as far as that makes a difference (`resolved`)."""


class SeenEvent(NamedTuple):
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
    others: tuple[str, ...] = ()
    """Further references that it names, to be looked up, the most telling first."""

    of_package: bool = False
    """It speaks of a package."""

    said: tuple[Said, ...] = ()


@dataclass(slots=True)
class Heard:
    """What another reference answered."""

    until: int
    """Until when it tells news, milliseconds since the epoch."""

    answered: bool = False
    links: list[KnownLink] = field(default_factory=list)


@dataclass(slots=True)
class ReferenceRow:
    """All that is known of one reference."""

    links: list[KnownLink] = field(default_factory=list)
    events: list[SeenEvent] = field(default_factory=list)
    wake_at: int = 0
    """The due mark that is set for this row, milliseconds since the epoch; 0: none."""

    heard: dict[str, Heard] = field(default_factory=dict)
    """What other references mean, by reference; asked for because events of this one name them."""

    asking: dict[str, int] = field(default_factory=dict)
    """References that want news of this one's links, and until when."""

    waits_until: int = 0
    """When the first event that waits gives up, milliseconds since the epoch; 0: none waits."""

    document: Document | None = None
    """What the last snapshot said, where the reference stands for a document."""


class Arrival(Enum):
    """What becomes of an event for which no order is known yet."""

    WAITS = auto()
    KNOWN = auto()
    """The same statement waits already; nothing changes."""

    OVERFLOW = auto()
    """Too many wait already: this one is refused."""


class Found(NamedTuple):
    """An order that an event is about."""

    link: KnownLink
    own: bool
    """Whether the event's first reference led to it."""


class Contradiction(NamedTuple):
    """References of one event that mean different orders."""

    named: tuple[tuple[str, tuple[str, ...]], ...]
    """Each reference that means any ('' for the row's own), with its orders."""

    handed_on: tuple[str, ...] = ()
    """Orders that had the event before, and that the reference which decides now does not mean; empty where nobody had it."""

    @property
    def orders(self) -> tuple[str, ...]:
        """The orders in doubt."""
        return self.handed_on or tuple(dict.fromkeys(order for _, orders in self.named for order in orders))


@dataclass(slots=True)
class Changes:
    """What a new link or answer brings about."""

    reached: list[tuple[SeenEvent, Found]] = field(default_factory=list)
    """Events for orders that they had not reached, or not as this: in event time."""

    contradictions: list[tuple[SeenEvent, Contradiction]] = field(default_factory=list)
    asked: list[Inquiry] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


def others_of(event: Event, home: str) -> tuple[str, ...]:
    """The further references to look up for an event, containers last."""
    others = [reference for reference in event.references if reference != home and not reference.startswith(STATEMENTS)]
    if len(others) > 1:
        others.sort(key=lambda reference: reference.startswith(_CONTAINER))
    return tuple(others[:MOST_ASKED])


def accept_event(row: ReferenceRow, event: SeenEvent) -> list[Found] | Contradiction | Arrival:
    """Take an event into the row; return what it reaches, one link an order, or what becomes of it.

    A statement that was handed on before is handed on again: it comes with another lineage, and its order knows it by its id. So one
    that waits is kept as often as records told it, up to `MOST_TELLINGS`. Ask `inquiries` next where the event names `others`.
    """
    found = _meant(row, event)
    if isinstance(found, Contradiction):
        return found
    event_id = event.event_id
    tellings = [other for other in row.events if other.event_id == event_id]
    if found:
        if not tellings:
            row.events.append(event._replace(wait_until=0, said=tuple([_said(event, each) for each in found])))
            _forget(row)
        return found
    if len(tellings) >= MOST_TELLINGS or any(other.value == event.value for other in tellings):
        return Arrival.KNOWN
    if sum(1 for other in row.events if other.wait_until) >= MOST_WAITING:
        return Arrival.KNOWN if tellings else Arrival.OVERFLOW
    row.events.append(event)
    return Arrival.WAITS


def inquiries(row: ReferenceRow, event: SeenEvent, home: str, now: int) -> list[Inquiry]:
    """What must be asked to decide about an event: each reference once, for all the events of this row. `now`: the log's time, in
    milliseconds."""
    wanted = []
    for reference in _telling(meanings(row.links, event.at), event.others):
        heard = row.heard.get(reference)
        if heard is None or heard.until < event.wait_until:
            until = max(event.wait_until, now) + LATE_ARRIVALS_MS
            if heard is None:
                row.heard[reference] = Heard(until)
            else:
                heard.until = until
            wanted.append(Inquiry(reference, home, from_millis(until)))
    return wanted


def accept_link(row: ReferenceRow, link: Link, now: int) -> Changes | None:
    """Take a link into the row. None where the reference is claimed by too many orders: the link is then not taken."""
    new = KnownLink(
        link.order_id,
        link.delivery_id,
        link.shipment_id,
        link.package_id,
        link.shared,
        to_millis(link.valid_from),
        to_millis(link.valid_to),
        to_millis(link.lineage.ingested_at),
        link.together,
    )
    if len(row.links) >= MOST_LINKS and not any(known.order_id == new.order_id for known in row.links):
        return None
    news = enter(row.links, new)
    changes = Changes()
    if row.events:
        _settle(row, [event for event in row.events if holds(new, event.at)], link.reference, now, changes)
    if news and row.asking:
        changes.answers = [Answer(home, link.reference, (new,)) for home in row.asking]
    return changes


def accept_inquiry(row: ReferenceRow, inquiry: Inquiry) -> Answer:
    """Take an inquiry into the row, and answer with all that is known; whoever asked is told each new link, too."""
    until = to_millis(inquiry.until)
    if inquiry.home in row.asking or len(row.asking) < MOST_ASKING:
        row.asking[inquiry.home] = max(until, row.asking.get(inquiry.home, 0))
    return Answer(inquiry.home, inquiry.reference, tuple(row.links))


def accept_answer(row: ReferenceRow, answer: Answer, now: int) -> Changes:
    """Take in what another reference means."""
    changes = Changes()
    heard = row.heard.get(answer.about)
    if heard is not None:
        heard.answered = True
        for link in answer.links:
            enter(heard.links, link)
        _settle(row, [event for event in row.events if answer.about in event.others], answer.reference, now, changes)
    return changes


def expire(row: ReferenceRow, due: int) -> list[SeenEvent]:
    """Drop what need not be kept after `due` (milliseconds since the epoch); return the events that waited in vain until then."""
    lapsed = [event for event in row.events if 0 < event.wait_until <= due]
    row.links = [link for link in row.links if link.kept_until > due]
    row.heard = {reference: heard for reference, heard in row.heard.items() if heard.until > due}
    row.asking = {reference: until for reference, until in row.asking.items() if until > due}
    row.events = [_of_what_is_left(row, event) for event in row.events if event.wait_until > due or not event.wait_until]
    row.events = [event for event in row.events if event.wait_until or event.said]
    if row.document is not None and row.document.kept_until <= due:
        row.document = None
    return lapsed


def first_wait(row: ReferenceRow) -> int:
    """When the first event that waits gives up, milliseconds since the epoch; 0: none waits."""
    soonest = 0
    for event in row.events:
        until = event.wait_until
        if until and not 0 < soonest <= until:
            soonest = until
    return soonest


def next_wake(row: ReferenceRow, waits_until: int) -> int:
    """When `expire` has something to do next, milliseconds since the epoch; 0: the row is empty. `waits_until`: `first_wait` of it."""
    soonest = waits_until
    for link in row.links:
        until = link.kept_until
        if not 0 < soonest <= until:
            soonest = until
    if row.document is not None and not 0 < soonest <= row.document.kept_until:
        soonest = row.document.kept_until
    if row.heard or row.asking:
        others = min([*[heard.until for heard in row.heard.values()], *row.asking.values()])
        return min(soonest, others) if soonest else others
    return soonest


def _meant(row: ReferenceRow, event: SeenEvent) -> list[Found] | Contradiction | None:
    """What an event is about; empty: nobody knows. None: not before all that were asked have answered."""
    own = meanings(row.links, event.at)
    if not event.others:
        return [Found(link, True) for link in own]
    speaking = [("", own)] if own else []
    for reference in _telling(own, event.others):
        heard = row.heard.get(reference)
        if heard is None or not heard.answered:
            return None
        if found := meanings(heard.links, event.at):
            speaking.append((reference, found))
    if not speaking:
        return []
    deciding, meant = speaking[0]
    orders = {link.order_id for link in meant}
    for reference, links in speaking[1:]:
        if orders.isdisjoint([link.order_id for link in links]) and not reference.startswith(_CONTAINER):
            return Contradiction(tuple([(name, tuple([link.order_id for link in named])) for name, named in speaking]))
    return [Found(link, not deciding) for link in meant]


def _telling(own: Sequence[KnownLink], others: Iterable[str]) -> list[str]:
    """Those of `others` that can change what an event is about, given what its own reference means."""
    if not own:
        return list(others)
    return [name for name in others if not name.startswith(_CONTAINER) and not all(name in link.together for link in own)]


def _settle(row: ReferenceRow, events: list[SeenEvent], home: str, now: int, changes: Changes) -> None:
    """Decide anew about these events, in event time."""
    for event in sorted(events, key=lambda event: (event.at, event.event_id)):
        found = _meant(row, event)
        if found is None:
            changes.asked += inquiries(row, event, home, now)
        elif isinstance(found, Contradiction):
            row.events.remove(event)
            changes.contradictions.append((event, found))
        elif found:
            _hand_on(row, event, found, changes)
    _forget(row)


def _hand_on(row: ReferenceRow, event: SeenEvent, found: list[Found], changes: Changes) -> None:
    said = tuple([_said(event, each) for each in found])
    if said == event.said:
        return
    changes.reached += [(event, each) for each, words in zip(found, said, strict=True) if words not in event.said]
    orders = {words.order_id for words in said}
    left = tuple([words for words in event.said if words.order_id not in orders])
    if left and not any(each.link.shared for each in found):  # one that is shared may yet be linked to them
        told = tuple([words.order_id for words in left])
        changes.contradictions.append((event, Contradiction((("", tuple(sorted(orders))),), told)))
        left = ()
    row.events[row.events.index(event)] = event._replace(wait_until=0, said=said + left)


def _said(event: SeenEvent, found: Found) -> Said:
    link = found.link
    return Said(link.order_id, link.delivery_id, link.shipment_id, link.package_id, found.own or not event.of_package)


def _of_what_is_left(row: ReferenceRow, event: SeenEvent) -> SeenEvent:
    """The event without what was said by links that were dropped for their age: that it is not meant any more is no contradiction."""
    if event.wait_until:
        return event
    links = [*row.links, *(link for name in event.others if name in row.heard for link in row.heard[name].links)]
    orders = {link.order_id for link in links if holds(link, event.at)}
    return event._replace(said=tuple([words for words in event.said if words.order_id in orders]))


def _forget(row: ReferenceRow) -> None:
    """Of the events that were handed on, keep the latest in event time."""
    if len(row.events) <= MOST_REMEMBERED:
        return
    handed_on = sorted((event for event in row.events if not event.wait_until), key=lambda event: (event.at, event.event_id))
    for event in handed_on[: max(0, len(handed_on) - MOST_REMEMBERED)]:
        row.events.remove(event)
