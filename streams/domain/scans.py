"""Scans on the way, of which a parcel may have thousands: a row keeps some as facts, and of the others only that they were told.

Of IN_TRANSIT, ARRIVED_TERMINAL, DEPARTED_TERMINAL and ETA_UPDATED nothing depends but how far a shipment is, when something was last
heard, and the latest estimate. So beyond `MOST_SCANS` a row keeps the first scan of each place, the `KEPT_SCANS` latest, and the estimates
that count. Each of the others shrinks from some 150 bytes to eight, by which it is known when it is told again. A withdrawal of one of
these is published and changes nothing else. Facts of any other kind are never summarised.
"""

from __future__ import annotations

from typing import Final

from streams.domain.dossier import Dossier
from streams.domain.facts import Fact, milestone_id
from streams.domain.goods import Place
from streams.domain.order import OrderRow
from streams.domain.vocabulary import Classifier, Milestone

__all__ = ["KEPT_SCANS", "MOST_REMEMBERED", "MOST_SCANS", "SCANS", "is_known", "summarise"]

SCANS: Final = frozenset({Milestone.IN_TRANSIT, Milestone.ARRIVED_TERMINAL, Milestone.DEPARTED_TERMINAL, Milestone.ETA_UPDATED})
"""Milestones that may be summarised."""

MOST_SCANS: Final = 64
"""Scans that a row keeps as facts before it summarises."""

KEPT_SCANS: Final = 16
"""The latest scans and the latest estimates that it then keeps."""

MOST_REMEMBERED: Final = 4096
"""Summarised scans that are known when they are told again (32 KB); beyond it the oldest are forgotten."""

_SIZE: Final = 8
_ACT: Final = Classifier.ACT


def is_known(scans: bytes, milestone_id: str) -> bool:
    """Whether the scan with this milestone id is among the summarised."""
    mark = _mark(milestone_id)
    found = scans.find(mark)
    while found >= 0 and found % _SIZE:
        found = scans.find(mark, found + 1)
    return found >= 0


def summarise(row: OrderRow, dossier: Dossier) -> None:
    """Summarise scans where the row has too many. `dossier` is that of the row, and stays good."""
    facts = row.facts
    if len(facts) <= MOST_SCANS:
        return
    if dossier.scans < 0:
        dossier.scans = sum([fact.milestone in SCANS for fact in facts])
    else:
        dossier.scans += 1
    if dossier.scans <= MOST_SCANS:
        return
    kept = _kept(dossier, [fact for fact in facts if fact.milestone in SCANS])
    gone = [fact for fact in facts if fact.milestone in SCANS and id(fact) not in kept and fact.more is None]
    if gone:
        dropped = {id(fact) for fact in gone}
        row.facts[:] = [fact for fact in facts if id(fact) not in dropped]
        scans = row.scans + b"".join([_mark(milestone_id(row.order_id, fact)) for fact in gone])
        row.scans = scans[-MOST_REMEMBERED * _SIZE :]
    dossier.scans -= len(gone)


def _kept(dossier: Dossier, scans: list[Fact]) -> set[int]:
    """Identities of the scans that must stay facts."""
    counting = {event_id for facts in (dossier.forecasts, dossier.promises) for fact in facts.values() for event_id in fact.ids}
    kept = {id(fact) for fact in scans if not counting.isdisjoint(fact.ids)}
    moves = sorted([fact for fact in scans if fact.classifier is _ACT], key=lambda fact: (fact.at, fact.id))
    others = sorted([fact for fact in scans if fact.classifier is not _ACT], key=lambda fact: (fact.told or fact.at, fact.id))
    kept.update([id(fact) for fact in (*moves[-KEPT_SCANS:], *others[-KEPT_SCANS:])])
    places: set[Place] = set()
    for fact in moves:
        place = (fact.shipment, "") if fact.shipment else ("", fact.delivery)
        if place not in places:
            places.add(place)
            kept.add(id(fact))
    return kept


def _mark(milestone_id: str) -> bytes:
    """Its first 64 bits."""
    return bytes.fromhex(milestone_id[:8] + milestone_id[9:13] + milestone_id[14:18])
