"""What a row remembers of the events it was told: facts, each once, however often and by whomever it was said.

Two events are the same fact when they say the same of the same thing at the same moment (`Fact.key`). A fact that is told again, by another
channel or a replay, only gains a source. A retraction is a fact too, which names the event that it takes back; it may come first. A fact
that several sources told is gone when one of them takes it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from streams.domain.event import Event, Evidence, Freight, Handling, Lineage, LineQuantity, OrderDetails
from streams.domain.ids import stable_id
from streams.domain.instant import TimeQuality
from streams.domain.vocabulary import Classifier, Effect, Milestone, ProofKind, ReasonClass, Scope, Settlement

__all__ = [
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
    "told_again",
    "told_of_another",
    "withdrawn",
]

KEPT_SOURCES: Final = 4
"""Raw records remembered a fact. All of them are in the log; the row keeps the first few."""

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
    """UTC. An estimate's `at` is the estimated time."""

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

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it this fact and no other."""
        return self[:8]

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
_NOTHING_MORE: Final = More()
_QUALITY_RANK = {quality: rank for rank, quality in enumerate(TimeQuality)}
_ABOUT_GOODS = frozenset({Milestone.GOODS_ISSUED, Milestone.GOODS_ISSUE_REVERSED, Milestone.SHIPMENT_PLANNED, Milestone.PICK_COMPLETED})
"""These tell which delivery travels in which shipment, so they keep both ids."""


def fact_of(event: Event) -> Fact:
    """The fact that `event` tells."""
    shipment, delivery, package = _about(event)
    order = event.order
    exceptional = event.exceptional
    invoice = event.invoice
    more = More(
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
    return Fact(
        event.at.utc,
        event.milestone,
        event.classifier,
        shipment,
        delivery,
        package,
        _quantities(event.lines) if event.lines else (),
        None if more == _NOTHING_MORE else more,
        event.at.quality,
        None if event.classifier is _ACT else event.lineage.ingested_at,
        (event.event_id,),
        (_source(event.lineage),),
        _proof(event.evidence) if event.evidence is not None else (),
    )


def find(facts: Sequence[Fact], new: Fact) -> int:
    """Index of the fact with the key of `new`, or -1."""
    at, milestone, key = new.at, new.milestone, new.key
    for index, fact in enumerate(facts):
        if fact[0] == at and fact[1] is milestone and fact.key == key:
            return index
    return -1


def told_again(known: Fact, again: Fact) -> Fact:
    """`known` with what a second telling adds: a source, an id, a better time quality. The same object where it adds nothing."""
    quality = known.quality if _QUALITY_RANK[known.quality] <= _QUALITY_RANK[again.quality] else again.quality
    told = max(known.told, again.told) if known.told and again.told else known.told
    ids = known.ids + tuple(i for i in again.ids if i not in known.ids)
    sources = (known.sources + tuple(s for s in again.sources if s not in known.sources))[:KEPT_SOURCES]
    proof = known.proof if known.proof == again.proof else tuple(sorted({*known.proof, *again.proof}))
    if (quality, told, ids, sources, proof) == known[8:]:
        return known
    return known._replace(quality=quality, told=told, ids=ids, sources=sources, proof=proof)


def told_of_another(facts: list[Fact], new: Fact) -> bool:
    """Take the statement of `new` out of facts that it told before of something else; True if there was one.

    A statement that names its order by a reference is about what that reference stands for. If a later link knows that better (this
    delivery, that package), the resolve hop says it again, under the same id; what it was taken for before is then no fact by its word.
    """
    [event_id] = new.ids
    for index, fact in enumerate(facts):
        if fact[0] == new[0] and fact[1] is new[1] and event_id in fact.ids and fact.key != new.key:
            if len(fact.ids) == 1:
                del facts[index]
            else:
                facts[index] = fact._replace(ids=tuple([known for known in fact.ids if known != event_id]))
            return True
    return False


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
    parts = [fact.milestone, fact.classifier, fact.at.isoformat(), fact.shipment, fact.delivery, fact.package]
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
