"""What happened, told from two snapshots of one document; and changes that were announced before their snapshot came.

Some sources send no events, but how a document stands: the totals picked and issued, the times of its steps. What happened is what the
new snapshot says more or less than the one before. A row keeps what the last one said: a resend says nothing, a snapshot older than the
last is passed over, and in whatever order they come, the totals told are those of the newest.

    picked, issued quantities   said as what was added; issued goods that are gone again, as a reversal of what is missing
    any other claim             said once; taken back when a later snapshot does not make it any more
    a block or a hold           its end is said then, in place of taking it back

Why here, and not in the fold or in normalize: normalize keeps nothing; the fold would have to keep every snapshot as a fact of its order,
and a document may speak of several orders. The row of the document's own reference is the one place where it is all together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from streams.domain.event import Claim, Event, LineQuantity, Snapshot
from streams.domain.ids import event_id, stable_id
from streams.domain.instant import Instant, to_millis
from streams.domain.vocabulary import Classifier, Milestone, Scope

__all__ = ["CLOCKS_DIFFER_MS", "KEPT_MS", "MOST_CHANGES", "SNAPSHOTS", "Document", "Known", "covers", "differences"]

SNAPSHOTS: Final = "snapshot:"
"""How references begin that stand for a document."""

CLOCKS_DIFFER_MS: Final = 60_000
"""A change is announced after it was made: a snapshot answers announcements of up to this long after it."""

KEPT_MS: Final = 180 * 86_400_000
"""How long after its last snapshot a document is remembered."""

MOST_CHANGES: Final = 500
"""Ids of statements remembered of one document; the oldest go first."""

_TOTALS: Final = {Milestone.PICK_COMPLETED: None, Milestone.GOODS_ISSUED: Milestone.GOODS_ISSUE_REVERSED}
"""What is counted, and what says that less of it is there than was said. Unpicked goods are no news to anyone downstream."""

_ENDS: Final = {Milestone.GOODS_ISSUED: Milestone.GOODS_ISSUE_REVERSED, Milestone.INVOICE_POSTED: Milestone.INVOICE_CANCELLED}
"""Under which name a claim is taken back, where there is one."""

_STATES: Final = {Milestone.BILLING_BLOCK_SET: Milestone.BILLING_BLOCK_CLEARED, Milestone.ORDER_HELD: Milestone.ORDER_HOLD_CLEARED}
"""What lasts until it ends, and what says that it did."""


@dataclass(slots=True)
class Known:
    """What the last snapshot claimed of one order, in one delivery or shipment."""

    milestone: Milestone
    order_id: str
    delivery_id: str
    shipment_id: str
    name: str = ""
    """Of a claim that is no total: what it says, by its id."""

    event_id: str = ""
    """Of such a claim: the statement that made it."""

    lines: list[LineQuantity] = field(default_factory=list)
    """Totals."""


@dataclass(slots=True)
class Document:
    """A document as its last snapshot told it."""

    as_of: int = 0
    """When it stood so, milliseconds since the epoch."""

    told: int = 0
    """When that arrived."""

    known: list[Known] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Ids of the statements that were made, so that the same change made twice is two."""

    changes: int = 0
    """How many statements were made."""

    @property
    def kept_until(self) -> int:
        """Milliseconds since the epoch."""
        return self.told + KEPT_MS


def covers(document: Document | None, at: int) -> bool:
    """Whether the last snapshot already holds a change announced for `at` (milliseconds since the epoch)."""
    return document is not None and at <= document.as_of + CLOCKS_DIFFER_MS


def differences(document: Document, snapshot: Snapshot) -> list[Event]:
    """Take a snapshot into the document; return what it says that was not known, and what it takes back."""
    as_of = to_millis(snapshot.as_of.utc)
    if as_of < document.as_of:
        return []
    document.as_of = as_of
    document.told = max(document.told, to_millis(snapshot.lineage.ingested_at))
    before = {_slot(known): known for known in document.known}
    document.known = []
    events: list[Event] = []
    for claim in _each_once(snapshot.claims):
        if claim.milestone in _TOTALS and claim.lines:
            known = before.pop(_slot(claim), None)
            added, missing = _changes(known.lines if known else (), claim.lines)
            events += _counted(document, snapshot, claim, added, claim.milestone, claim.at)
            events += _missing(document, snapshot, claim, missing)
            new = Known(claim.milestone, claim.order_id, claim.delivery_id, claim.shipment_id, lines=list(claim.lines))
        else:
            name = _identity(claim)
            new = Known(claim.milestone, claim.order_id, claim.delivery_id, claim.shipment_id, name)
            same = before.pop(_slot(new), None)
            if same is None:
                said = _said(document, snapshot, claim, claim.milestone, claim.at, claim.lines)
                events.append(said)
            new.event_id = said.event_id if same is None else same.event_id
        document.known.append(new)
    for gone in before.values():
        events += _missing(document, snapshot, gone, tuple(gone.lines)) if gone.lines else [_taken_back(document, snapshot, gone)]
    return events


def _slot(known: Known | Claim) -> tuple[str, ...]:
    """What two snapshots must both speak of to be compared."""
    name = known.name if isinstance(known, Known) else ""
    return known.milestone, known.order_id, known.delivery_id, known.shipment_id, name


def _each_once(claims: Iterable[Claim]) -> list[Claim]:
    """Claims with the totals of one place put together; the same claim comes once."""
    totals: dict[tuple[str, ...], Claim] = {}
    others: dict[str, Claim] = {}
    for claim in claims:
        if claim.milestone not in _TOTALS or not claim.lines:
            others.setdefault(_identity(claim), claim)
            continue
        slot = _slot(claim)
        known = totals.get(slot)
        at = claim.at if known is None or claim.at.utc > known.at.utc else known.at
        lines = _summed((*(known.lines if known else ()), *claim.lines))
        totals[slot] = Claim(claim.milestone, claim.order_id, at, claim.delivery_id, claim.shipment_id, lines)
    return [*totals.values(), *others.values()]


def _summed(lines: Iterable[LineQuantity]) -> tuple[LineQuantity, ...]:
    sums: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        key = (line.line, line.uom)
        sums[key] = sums.get(key, Decimal(0)) + line.quantity
    return tuple(LineQuantity(line, quantity, uom) for (line, uom), quantity in sums.items())


def _changes(before: Iterable[LineQuantity], now: Iterable[LineQuantity]) -> tuple[tuple[LineQuantity, ...], tuple[LineQuantity, ...]]:
    """What is more, and what is less."""
    rest = {(line.line, line.uom): line.quantity for line in before}
    added, missing = [], []
    for line in now:
        change = line.quantity - rest.pop((line.line, line.uom), Decimal(0))
        if change > 0:
            added.append(LineQuantity(line.line, change, line.uom))
        elif change < 0:
            missing.append(LineQuantity(line.line, -change, line.uom))
    missing += [LineQuantity(line, quantity, uom) for (line, uom), quantity in rest.items() if quantity > 0]
    return tuple(added), tuple(missing)


def _missing(document: Document, snapshot: Snapshot, about: Claim | Known, lines: tuple[LineQuantity, ...]) -> list[Event]:
    reversal = _TOTALS[about.milestone]
    return _counted(document, snapshot, about, lines, reversal, snapshot.as_of) if reversal is not None else []


def _counted(
    document: Document, snapshot: Snapshot, about: Claim | Known, lines: tuple[LineQuantity, ...], milestone: Milestone, at: Instant
) -> list[Event]:
    return [_said(document, snapshot, about, milestone, at, lines)] if lines else []


def _said(
    document: Document, snapshot: Snapshot, about: Claim | Known, milestone: Milestone, at: Instant, lines: tuple[LineQuantity, ...]
) -> Event:
    name, case_id = _name(about, milestone, at, lines), _case(snapshot, about) if about.milestone in _STATES else ""
    if name in document.said:
        # Issued, reversed, and issued again under the same time: another change, and the fold must not take it for the first one.
        again = f"{snapshot.reference}#{document.changes}"
        name, case_id = stable_id("event", name, again), case_id or again
    document.said = [*document.said[-MOST_CHANGES + 1 :], name]
    document.changes += 1
    return _event(snapshot, about, milestone, at, lines, name, case_id)


def _taken_back(document: Document, snapshot: Snapshot, gone: Known) -> Event:
    if gone.milestone in _STATES:
        event = _said(document, snapshot, gone, _STATES[gone.milestone], snapshot.as_of, ())
        event.case_id = _case(snapshot, gone)
        return event
    name = stable_id("event", "taken back", gone.event_id, snapshot.as_of.utc.isoformat())
    milestone = _ENDS.get(gone.milestone, Milestone.EXCEPTION_RESOLVED)
    event = _event(snapshot, gone, milestone, snapshot.as_of, (), name)
    event.retracts = gone.event_id
    return event


def _identity(claim: Claim) -> str:
    """What makes it the same claim in the next snapshot."""
    name = _name(claim, claim.milestone, None if claim.seen else claim.at, claim.lines)
    if claim.invoice is None:
        return name
    return stable_id("state", name, claim.invoice.number, str(claim.invoice.amount.normalize()), claim.invoice.currency)


def _case(snapshot: Snapshot, about: Claim | Known) -> str:
    return f"{snapshot.reference}:{about.milestone}"


def _name(about: Claim | Known, milestone: Milestone, at: Instant | None, lines: tuple[LineQuantity, ...]) -> str:
    """The id that the same statement has by any other channel."""
    invoice = about.invoice if isinstance(about, Claim) else None
    quantities = sorted([f"{line.line}={line.quantity.normalize()}{line.uom}" for line in lines])
    detail = invoice.number if invoice is not None else "|".join([about.delivery_id, about.shipment_id, *quantities])
    if at is None:
        return stable_id("state", about.order_id, milestone, _scope(about), detail)
    return event_id(about.order_id, milestone, Classifier.ACT, _scope(about), at.utc, detail)


def _scope(about: Claim | Known) -> Scope:
    return Scope.DELIVERY if about.delivery_id else Scope.SHIPMENT if about.shipment_id else Scope.ORDER


def _event(
    snapshot: Snapshot,
    about: Claim | Known,
    milestone: Milestone,
    at: Instant,
    lines: tuple[LineQuantity, ...],
    name: str,
    case_id: str = "",
) -> Event:
    return Event(
        name,
        milestone,
        Classifier.ACT,
        _scope(about),
        at,
        snapshot.lineage,
        about.order_id,
        (snapshot.reference,),
        about.delivery_id,
        about.shipment_id,
        lines=lines,
        case_id=case_id,
        invoice=about.invoice if isinstance(about, Claim) else None,
        traceparent=snapshot.traceparent,
    )
