"""What a row remembers of the events it was told: facts, each once, however often and by whomever it was said.

Two events are the same fact when they say the same of the same thing at the same time (`Fact.key`). A fact that is told again, by another
channel or a replay, only gains a source. A retraction is a fact too, which names the event that it takes back; it may come first. A fact
that several sources told is gone when one of them takes it back.

The same time is the same minute for what happens on the road (`BY_MINUTE`): a webhook gives seconds where EDI gives hour and minute. Of all
times told, the fact has the latest with seconds, so that arrival order does not matter, and what was raised again within a minute counts
as open. All else, and whatever names quantities, is the same only at the very same moment: cartons leave one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from streams.domain.event import Event, Evidence, Freight, Handling, Lineage, LineQuantity, OrderDetails
from streams.domain.ids import stable_id
from streams.domain.instant import TimeQuality
from streams.domain.vocabulary import MILESTONES, Classifier, Effect, Group, Milestone, ProofKind, ReasonClass, Scope, Settlement

__all__ = [
    "BY_MINUTE",
    "KEPT_SOURCES",
    "UNNAMED_PACKAGE",
    "Fact",
    "Freighted",
    "Handled",
    "Invoiced",
    "More",
    "Ordered",
    "Quantity",
    "Revision",
    "fact_of",
    "find",
    "milestone_id",
    "standing",
    "told_again",
    "told_elsewhen",
    "told_of_another",
    "withdrawn",
]

KEPT_SOURCES: Final = 4
"""Raw records remembered a fact. All of them are in the log; the row keeps the first few."""

_ON_THE_ROAD: Final = (Group.TRANSPORT, Group.DELIVERY, Group.EXCEPTION, Group.RETURN)
_TO_THE_MOMENT: Final = frozenset(
    {Milestone.SHIPMENT_PLANNED, Milestone.ACCEPTED_BY_CUSTOMER, Milestone.REJECTED_BY_CUSTOMER, Milestone.RETURN_RECEIVED}
)

BY_MINUTE: Final = frozenset({kind for kind, entry in MILESTONES.items() if entry.group in _ON_THE_ROAD} - _TO_THE_MOMENT)
"""What carriers tell through several channels, in seconds or in minutes. Without quantities it holds for all that it is about, so that a
second telling within a minute adds nothing."""

_MINUTE: Final = timedelta(minutes=1)

UNNAMED_PACKAGE: Final = "?"
"""Stands for a package whose id the source does not give: it never completes a shipment."""


class Quantity(NamedTuple):
    """How much of an order line a fact is about."""

    line: str
    quantity: Decimal
    uom: str


class Ordered(NamedTuple):
    """One line of an order revision. `unit_price` is in the order's currency, for one `uom`."""

    line: str
    sku: str
    quantity: Decimal
    uom: str
    unit_price: Decimal
    free: bool = False
    ship_from: str = ""


class Revision(NamedTuple):
    """The whole order after a release or a change. Of a cancellation only `number` is used."""

    number: int
    customer: str
    currency: str
    terms_id: str
    lines: tuple[Ordered, ...]
    promised_at: datetime | None = None


class Invoiced(NamedTuple):
    """An invoice that finance posted or cancelled."""

    number: str
    amount: Decimal
    currency: str
    release_id: str
    unallocated: Decimal = Decimal(0)


class Freighted(NamedTuple):
    """`event.Freight`, charges sorted: `(code, amount)`."""

    amount: Decimal
    currency: str
    weight: Decimal
    charges: tuple[tuple[str, Decimal], ...]


class Handled(NamedTuple):
    """`event.Handling`, lines sorted."""

    final: tuple[str, ...]
    substituted: tuple[str, ...]
    replacement: bool


class More(NamedTuple):
    """What only some facts say."""

    case: str = ""
    """Exception or dispute that is opened or resolved."""

    retracts: str = ""
    """Event id of what is taken back. Such a fact says nothing else."""

    packages: tuple[str, ...] = ()
    """Packages of a planned shipment, sorted."""

    order: Revision | None = None
    reason: ReasonClass | None = None
    effect: Effect | None = None
    invoice: Invoiced | None = None
    handled: Handled | None = None
    settlement: Settlement | None = None
    freight: Freighted | None = None


class Fact(NamedTuple):
    """One thing that happened, is planned or is estimated. The ids say what it is about: a package, else a delivery of a shipment, else
    a shipment, else the order. The first eight fields are its key; the rest is what is known about the telling."""

    at: datetime
    """UTC. An estimate's `at` is the estimated time. Told at several moments of one minute: the latest with seconds."""

    milestone: Milestone
    classifier: Classifier
    shipment: str
    delivery: str
    package: str
    lines: tuple[Quantity, ...]
    """Sorted by line. Empty: everything that the shipment, delivery or order holds."""

    more: More | None
    quality: TimeQuality
    """The best that any source gave for this moment."""

    told: datetime | None
    """PLN and EST only: when it was last said (raw record's timestamp), so that the latest estimate can be told."""

    ids: tuple[str, ...]
    """Ids of the events that said it: several where sources name the order by different references."""

    sources: tuple[str, ...]
    """`topic/partition/offset` of raw records, the first `KEPT_SOURCES`."""

    proof: tuple[ProofKind, ...] = ()
    """POD_RECEIVED: what the proof rests on, as far as any source said."""

    times: tuple[datetime, ...] = ()
    """What each of `ids` gave for `at`; empty where all gave the same."""

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it this fact and no other."""
        return (_minute(self.at), *self[1:8]) if _by_minute(self) else self[:8]

    @property
    def id(self) -> str:
        """The id by which decisions and holds refer to it: of several, the smallest, so that arrival order does not matter."""
        return self.ids[0] if len(self.ids) == 1 else min(self.ids)

    @property
    def case(self) -> str:
        """Key of the exception or dispute: its id, or where none was given, the thing that it is about."""
        named = self.more.case if self.more is not None else ""
        return named or f"@{self.shipment}/{self.delivery}/{self.package}"


_ACT: Final = Classifier.ACT
_PACKAGE: Final = Scope.PACKAGE
_SHIPMENT: Final = Scope.SHIPMENT
_QUALITY_RANK = {quality: rank for rank, quality in enumerate(TimeQuality)}
_ABOUT_GOODS = frozenset({Milestone.GOODS_ISSUED, Milestone.GOODS_ISSUE_REVERSED, Milestone.SHIPMENT_PLANNED, Milestone.PICK_COMPLETED})
"""These tell which delivery travels in which shipment, so they keep both ids."""


def fact_of(event: Event) -> Fact:
    """The fact that `event` tells."""
    shipment, delivery, package = _about(event)
    return Fact(
        event.at.utc,
        event.milestone,
        event.classifier,
        shipment,
        delivery,
        package,
        _quantities(event.lines) if event.lines else (),
        _more(event) if _says_more(event) else None,
        event.at.quality,
        None if event.classifier is _ACT else event.lineage.ingested_at,
        (event.event_id,),
        (_source(event.lineage),),
        _proof(event.evidence) if event.evidence is not None else (),
    )


def find(facts: Sequence[Fact], new: Fact) -> int:
    """Index of the fact with the key of `new`, or -1. Of several, which only rows of older releases have, the first."""
    at, milestone, said = new.at, new.milestone, new[2:8]
    if _by_minute(new):
        after, before = at - _MINUTE, at + _MINUTE
        for index, fact in enumerate(facts):
            if after < fact[0] < before and fact[1] is milestone and fact[2:8] == said and _minute(fact[0]) == _minute(at):
                return index
        return -1
    for index, fact in enumerate(facts):
        if fact[0] == at and fact[1] is milestone and fact[2:8] == said:
            return index
    return -1


def told_again(known: Fact, again: Fact) -> Fact:
    """`known` with what a second telling adds: a source, an id, a better time or quality. The same object where it adds nothing."""
    quality = known.quality if _QUALITY_RANK[known.quality] <= _QUALITY_RANK[again.quality] else again.quality
    told = max(known.told, again.told) if known.told and again.told else known.told
    new = tuple([event_id for event_id in again.ids if event_id not in known.ids])
    ids = known.ids + new
    sources = (known.sources + tuple(s for s in again.sources if s not in known.sources))[:KEPT_SOURCES]
    proof = known.proof if known.proof == again.proof else tuple(sorted({*known.proof, *again.proof}))
    at, times = known.at, known.times
    if new and (times or again.at != at):
        at, times = _times((times or (at,) * len(known.ids)) + (again.at,) * len(new))
    elif (quality, told, ids, sources, proof) == known[8:13]:
        return known
    return known._replace(at=at, quality=quality, told=told, ids=ids, sources=sources, proof=proof, times=times)


def told_of_another(facts: list[Fact], new: Fact) -> bool:
    """Take the statement of `new` out of facts that it told before of something else; True if there was one.

    A statement that names its order by a reference is about what that reference stands for. If a later link knows that better (this
    delivery, that package), the resolve hop says it again, under the same id; what it was taken for before is then no fact by its word.
    """
    [event_id] = new.ids
    after, before = new.at - _MINUTE, new.at + _MINUTE
    for index, fact in enumerate(facts):
        if after < fact[0] < before and fact[1] is new[1] and event_id in fact.ids and fact.key != new.key:
            left = _told_by(fact, [known != event_id for known in fact.ids])
            if left is None:
                del facts[index]
            else:
                facts[index] = left
            return True
    return False


def told_elsewhen(facts: list[Fact], new: Fact) -> bool:
    """Take the statement of `new` out of facts that it told for another moment; True if there was one.

    The local time of a statement is another moment once its place's zone is known, or is corrected.
    """
    [event_id] = new.ids
    for index, fact in enumerate(facts):
        if event_id in fact.ids and fact[1] is new[1] and fact.key != new.key:
            left = _told_by(fact, [known != event_id for known in fact.ids])
            if left is None:
                del facts[index]
            else:
                facts[index] = left
            return True
    return False


def standing(fact: Fact, gone: frozenset[str]) -> Fact | None:
    """What is left of a fact when these events are withdrawn; None: nothing.

    One teller takes the fact back for all who told it; but a telling that gives another second stands, because it is the correction.
    """
    if gone.isdisjoint(fact.ids):
        return fact
    if not fact.times:
        return None
    taken_back = {at for event_id, at in zip(fact.ids, fact.times, strict=True) if event_id in gone}
    if not all(map(_has_seconds, taken_back)):
        return None
    return _told_by(fact, [_has_seconds(at) and at not in taken_back for at in fact.times])


def _told_by(fact: Fact, which: Sequence[bool]) -> Fact | None:
    """The fact as told by some of its events only."""
    ids = tuple([event_id for event_id, wanted in zip(fact.ids, which, strict=True) if wanted])
    if not ids:
        return None
    if not fact.times:
        return fact._replace(ids=ids)
    at, times = _times(tuple([at for at, wanted in zip(fact.times, which, strict=True) if wanted]))
    return fact._replace(at=at, ids=ids, times=times)


def _times(told: tuple[datetime, ...]) -> tuple[datetime, tuple[datetime, ...]]:
    """The time that counts, and all times where they differ."""
    at = max([at for at in told if _has_seconds(at)], default=told[0])
    return at, () if all(each == at for each in told) else told


def _by_minute(fact: Fact) -> bool:
    return fact[1] in BY_MINUTE and not fact[6] and (fact[7] is None or not fact[7].retracts)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0) if at.second or at.microsecond else at


def _has_seconds(at: datetime) -> bool:
    return bool(at.second or at.microsecond)


def withdrawn(facts: Sequence[Fact], order_id: str) -> frozenset[str]:
    """Ids of events that stand withdrawn. A retraction that is itself withdrawn withdraws nothing.

    A retraction may name the event as its source said it, or as the resolve hop passed it on to this order: both are found.
    """
    by_target: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.more is not None and fact.more.retracts:
            target = fact.more.retracts
            by_target.setdefault(target, []).append(fact)
            by_target.setdefault(stable_id("resolved", target, order_id), []).append(fact)

    def stands(retraction: Fact, path: frozenset[str]) -> bool:
        if not path.isdisjoint(retraction.ids):
            return False  # a chain that bites its own tail
        deeper = path | set(retraction.ids)
        return not any(stands(other, deeper) for event_id in retraction.ids for other in by_target.get(event_id, ()))

    return frozenset(target for target, retractions in by_target.items() if any(stands(r, frozenset()) for r in retractions))


def milestone_id(order_id: str, fact: Fact) -> str:
    """UUIDv5 of the order and the fact's key: the same for ever, through any channel, replay or arrival order."""
    at = _minute(fact.at) if _by_minute(fact) else fact.at
    parts = [fact.milestone, fact.classifier, at.isoformat(), fact.shipment, fact.delivery, fact.package]
    parts += [f"{q.line}={_plain(q.quantity)} {q.uom}" for q in fact.lines]
    more = fact.more
    if more is not None:
        parts += [more.case, more.retracts, ",".join(more.packages), more.reason or "", more.effect or ""]
        if more.invoice is not None:
            parts += [more.invoice.number, _plain(more.invoice.amount), more.invoice.currency, more.invoice.release_id]
        if more.order is not None:
            parts += [str(more.order.number), more.order.customer, more.order.currency, more.order.terms_id]
            if more.order.promised_at is not None:
                parts.append(more.order.promised_at.isoformat())
            for o in more.order.lines:
                text = f"{o.line}={o.sku} {_plain(o.quantity)} {o.uom} {_plain(o.unit_price)}{' free' * o.free}"
                parts.append(f"{text} from {o.ship_from}" if o.ship_from else text)
        if more.handled is not None:
            parts.append(f"{more.handled}")
        if more.settlement is not None:
            parts.append(more.settlement)
        if more.freight is not None:
            parts.append(f"{more.freight}")
    return stable_id("milestone", order_id, *parts)


def _says_more(event: Event) -> bool:
    """Whether a fact needs a `More`; most scans do not."""
    return bool(
        event.case_id
        or event.retracts
        or event.packages
        or event.order
        or event.exceptional
        or event.invoice
        or event.handling
        or event.settlement
        or event.freight
    )


def _more(event: Event) -> More:
    order = event.order
    exceptional = event.exceptional
    invoice = event.invoice
    return More(
        event.case_id,
        event.retracts,
        tuple(sorted(event.packages)) if event.packages else (),
        _revision(order) if order else None,
        exceptional.reason if exceptional else None,
        exceptional.effect if exceptional else None,
        Invoiced(invoice.number, invoice.amount, invoice.currency, invoice.release_id, invoice.unallocated) if invoice else None,
        _handled(event.handling) if event.handling else None,
        event.settlement,
        _freighted(event.freight) if event.freight else None,
    )


def _about(event: Event) -> tuple[str, str, str]:
    """Shipment, delivery and package that a fact is about; ids that only came along by a link are left out."""
    if event.milestone in _ABOUT_GOODS:
        return event.shipment_id, event.delivery_id, ""
    if event.package_id or event.scope is _PACKAGE:
        return event.shipment_id, "" if event.shipment_id else event.delivery_id, event.package_id or UNNAMED_PACKAGE
    if event.scope is _SHIPMENT and event.shipment_id:
        return event.shipment_id, "", ""
    return event.shipment_id, event.delivery_id, ""


def _quantities(lines: Sequence[LineQuantity]) -> tuple[Quantity, ...]:
    return tuple(sorted(Quantity(q.line, q.quantity, q.uom) for q in lines))


def _revision(order: OrderDetails) -> Revision:
    lines = tuple([Ordered(o.line, o.sku, o.quantity, o.uom, o.unit_price, o.free, o.ship_from) for o in order.lines])
    return Revision(order.revision, order.customer, order.currency, order.terms_id, lines, order.promised_at)


def _handled(handling: Handling) -> Handled:
    return Handled(tuple(sorted(handling.final)), tuple(sorted(handling.substituted)), handling.replacement)


def _freighted(freight: Freight) -> Freighted:
    charges = tuple(sorted([(charge.code, charge.amount) for charge in freight.charges]))
    return Freighted(freight.amount, freight.currency, freight.weight, charges)


def _proof(evidence: Evidence) -> tuple[ProofKind, ...]:
    if evidence.kind is not None:
        return (evidence.kind,)
    kinds = (ProofKind.DOCUMENT,) if evidence.document else ()
    return (*kinds, ProofKind.SIGNATURE) if evidence.signed_by else kinds


def _source(lineage: Lineage) -> str:
    return f"{lineage.topic}/{lineage.partition}/{lineage.offset}"


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
