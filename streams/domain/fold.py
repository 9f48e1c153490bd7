"""One step of an order: a row and a message in, the row and what it has to say out. The pipeline's heart, and pure.

1. enter the fact (told before: add its source, say nothing)
2. sort the standing facts (`dossier`) and work out quantities (`quantities`)
3. enter invoices into the ledger, let the gate judge (`gate`), decide (`ledger`)
4. take a snapshot (`status`); status and hold are said only when they changed
5. look for what is late, missing or contradictory, and for tasks (`watch`), where the message can have changed any of it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from streams.domain.amounts import reaches
from streams.domain.archive import is_closed
from streams.domain.decisions import Decision, Hold, MilestoneReached, Status
from streams.domain.dossier import Dossier
from streams.domain.event import DeadLetterMark, Event, TermsChanged, Tick
from streams.domain.facts import fact_of, find, milestone_id, told_again, told_elsewhen, told_of_another
from streams.domain.gate import judge
from streams.domain.goods import ItemOf, no_item
from streams.domain.ledger import billed, decide, enter_invoices
from streams.domain.order import OrderRow, Refused
from streams.domain.quantities import goods_of
from streams.domain.reference_data import ItemChanged
from streams.domain.scans import SCANS, is_known, summarise
from streams.domain.status import as_said, released_amount, snapshot
from streams.domain.verdict import Judged
from streams.domain.vocabulary import Milestone
from streams.domain.watch.patience import PATIENCE, Patience
from streams.domain.watch.scene import Scene
from streams.domain.watch.timers import whole_millisecond
from streams.domain.watch.watching import QUIET, Watched, watch

__all__ = ["Outcome", "apply"]

Message = Event | TermsChanged | ItemChanged | Tick | DeadLetterMark


@dataclass(slots=True)
class Outcome:
    """What one message did to an order."""

    row: OrderRow | None
    """None: there is no row, and the message was none to start one."""

    milestones: list[MilestoneReached] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    hold: Hold | None = None
    """Only where it changed."""

    status: Status | None = None
    """Only where it changed."""

    watched: Watched | None = None
    """Exceptions, findings and tasks; None: the message can have changed none."""

    archived: bool = False
    """The order is closed for so long that its row may be put away."""

    wake_at: datetime | None = None
    """When a tick is wanted, in whole milliseconds; None: at no time."""

    changed: bool = False
    """The row must be stored."""


def apply(
    row: OrderRow | None,
    message: Message,
    terms: Callable[[str], TermsChanged | None],
    at: datetime,
    items: ItemOf = no_item,
    patience: Patience = PATIENCE,
) -> Outcome:
    """Apply one message of an order's log to its row (None: the order is new). The row is changed in place.

    `terms` finds all versions of a contract by its id, `items` an article's units by its number; `at` is the log time of the message's
    record. `TermsChanged` and `ItemChanged` judge the row again. `patience`: how long each step may take.
    """
    if row is None:
        if isinstance(message, Tick | TermsChanged | ItemChanged):
            return Outcome(None)
        row = OrderRow(message.order_id)
    outcome = Outcome(row)
    happened_at, cause = at, None
    if isinstance(message, Event):
        happened_at, cause = message.at.utc, None if message.retracts else message.milestone
        if not _learn(row, message, outcome):
            outcome.wake_at = row.wake_at
            return outcome
    elif isinstance(message, Tick):
        if row.clock is None or message.due > row.clock:
            row.clock = message.due
            outcome.changed = True
    elif isinstance(message, DeadLetterMark):
        if not _mark(row, message):
            outcome.wake_at = row.wake_at
            return outcome
        outcome.changed = True
    elif isinstance(message, ItemChanged) and row.dossier is not None:
        row.dossier.goods = None
    _settle(row, terms, items, at, happened_at, outcome, patience, cause, isinstance(message, Tick))
    return outcome


def _learn(row: OrderRow, event: Event, outcome: Outcome) -> bool:
    """Enter an event. False: nothing new that anything is derived from."""
    fact = fact_of(event)
    index = find(row.facts, fact)
    known_by_it = index >= 0 and event.event_id in row.facts[index].ids
    if event.references and not known_by_it and told_of_another(row.facts, fact):
        row.dossier = None
        index = find(row.facts, fact)
    if event.place and not known_by_it and told_elsewhen(row.facts, fact):
        row.dossier = None
        index = find(row.facts, fact)
    if index < 0:
        reached = milestone_id(row.order_id, fact)
        if row.scans and fact.milestone in SCANS and is_known(row.scans, reached):
            return False
        row.facts.append(fact)
        if row.dossier is not None and not row.dossier.add(fact):
            row.dossier = None
        outcome.milestones.append(MilestoneReached(reached, event))
        outcome.changed = True
        return True
    known = row.facts[index]
    merged = told_again(known, fact)
    if merged is known:
        return False
    row.facts[index] = merged
    outcome.changed = True
    if (merged.at, merged.quality, merged.told, merged.ids, merged.proof) == (known.at, known.quality, known.told, known.ids, known.proof):
        return False  # only a source more
    row.dossier = None
    return True


def _mark(row: OrderRow, mark: DeadLetterMark) -> bool:
    """The latest word on a dead letter counts; where two were said at one moment, the open one."""
    known = row.dead_letters.get(mark.dead_letter_id)
    if known is not None and (known.at, known.open) >= (mark.at, mark.open):
        return False
    row.dead_letters[mark.dead_letter_id] = Refused(mark.at, mark.open, mark.reason)
    return True


def _settle(
    row: OrderRow,
    terms: Callable[[str], TermsChanged | None],
    items: ItemOf,
    at: datetime,
    happened_at: datetime,
    outcome: Outcome,
    patience: Patience,
    cause: Milestone | None,
    told_time: bool,
) -> None:
    """Derive everything from the row, and say what changed."""
    if row.dossier is None:
        row.dossier = Dossier(row.order_id, row.facts)
    dossier, ledger = row.dossier, row.ledger
    if outcome.milestones and outcome.milestones[0].event.milestone in SCANS:
        summarise(row, dossier)
    goods = goods_of(dossier, items)
    valid = terms(dossier.revision.terms_id) if dossier.revision is not None else None
    judged = dossier.judged if cause is not None else None
    if judged is not None and judged.goods is goods and judged.terms is valid:
        sums, verdict = judged.sums, judged.verdict  # goods moved on, and nothing that the gate looks at has changed
    else:
        entered = len(ledger.invoices)
        enter_invoices(ledger, dossier, row.order_id)
        sums = billed(ledger, dossier)
        verdict = judge(dossier, goods, terms, row.clock, row.dead_letters, sums)
        outcome.decisions = decide(ledger, sums, verdict, dossier, goods, row.order_id, happened_at)
        dossier.judged = None if outcome.decisions else Judged(goods, valid, sums, verdict)
        if outcome.decisions:
            sums = billed(ledger, dossier)
        outcome.changed |= bool(outcome.decisions) or len(ledger.invoices) != entered

    reasons = tuple(verdict.reasons)
    if reasons != row.hold:
        row.hold = reasons
        outcome.hold = Hold(row.order_id, reasons, at)
        outcome.changed = True
    if row.status is None or (outcome.decisions and outcome.decisions[-1].currency != row.status.currency):
        released = released_amount(ledger)
    else:
        released = row.status.released_amount
        for decision in outcome.decisions:
            released += decision.amount
    status = snapshot(dossier, goods, ledger, sums, verdict.counted, released)
    if status != row.status:
        row.status = status
        outcome.status = as_said(row.order_id, status, at)
        outcome.changed = True

    if outcome.decisions or outcome.hold is not None or cause not in QUIET:
        scene = Scene(row.order_id, dossier, goods, ledger, sums, verdict, row.memory, patience, at, outcome.decisions, cause)
        watched = outcome.watched = watch(scene, row.clock)
        outcome.changed |= watched.changed
        if watched.wake_at != row.memory.wake_at:
            row.memory.wake_at = watched.wake_at
            outcome.changed = True
    covered = sums.covered
    settled = not reasons and reaches(covered, verdict.counted.due)
    if dossier.cancelled:
        settled = not reasons and not covered
    needs = (
        tuple(sorted({goods.skus.get(line, "") for facts in goods.odd_units.values() for line in facts} - {""})) if goods.odd_units else ()
    )
    if needs != row.needs:
        row.needs = needs
        outcome.changed = True
    waits_for = "" if settled or dossier.revision is None else dossier.revision.terms_id
    wake_at = _earlier(verdict.counted.wake_at, row.memory.wake_at)
    if settled and wake_at is None and dossier.last_at is not None and is_closed(row, dossier, goods, sums):
        wake_at = whole_millisecond(dossier.last_at + patience.archive)
        if told_time and row.clock is not None and row.clock >= wake_at:
            outcome.archived, wake_at = True, None
    if (waits_for, wake_at) != (row.waits_for, row.wake_at):
        row.waits_for, row.wake_at = waits_for, wake_at
        outcome.changed = True
    outcome.wake_at = wake_at


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return other if one is None or (other is not None and other < one) else one
