"""One step of the watch: what is wrong now, against what was last said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from streams.domain.decisions import DecisionKind
from streams.domain.ids import stable_id
from streams.domain.memory import Concern, Severity, Told
from streams.domain.vocabulary import Milestone
from streams.domain.watch.checks import Check
from streams.domain.watch.exceptions import ExceptionCode, exceptions
from streams.domain.watch.findings import findings, overdue_postings
from streams.domain.watch.invoices import remember_expected
from streams.domain.watch.scene import Scene
from streams.domain.watch.tasks import Task, tasks
from streams.domain.watch.timers import Timers

__all__ = ["QUIET", "Turn", "TurnKind", "Watched", "concern_id", "watch"]

QUIET: Final = frozenset(
    {
        Milestone.IN_TRANSIT,
        Milestone.ARRIVED_TERMINAL,
        Milestone.DEPARTED_TERMINAL,
        Milestone.OUT_FOR_DELIVERY,
        Milestone.PICKED_UP,
        Milestone.DISPATCHED,
        Milestone.LABEL_CREATED,
        Milestone.LOADED,
        Milestone.LOADED_ON_VESSEL,
        Milestone.DISCHARGED,
        Milestone.PICK_STARTED,
        Milestone.STAGED,
        Milestone.LOAD_STARTED,
    }
)
"""Milestones on which nothing here depends. A property test holds that."""


class TurnKind(StrEnum):
    """What became of an exception or a finding."""

    RAISED = "RAISED"
    ESCALATED = "ESCALATED"
    """Its severity rose."""

    CHANGED = "CHANGED"
    HEALED = "HEALED"
    """What was missing came, or both sides agree again."""

    CLOSED = "CLOSED"
    """What it was about was taken back: a cancelled invoice or order, a revoked release, a withdrawn fact."""


@dataclass(slots=True)
class Turn:
    """A record of `shipment.exceptions` or `reconciliation.findings`."""

    concern_id: str
    """Stable: of the order and the cause. Of carrier's bills (R13): of the shipment and the bill, whichever order says it."""

    order_id: str
    kind: TurnKind
    concern: Concern
    at: datetime
    """Log time of the record that caused it."""


@dataclass(slots=True)
class Watched:
    """What a step had to say."""

    exceptions: list[Turn] = field(default_factory=list)
    findings: list[Turn] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    wake_at: datetime | None = None
    changed: bool = False
    """The memory must be stored."""


_OF_GOODS: Final = frozenset(
    {
        ExceptionCode.PICK_OVERDUE,
        ExceptionCode.DISPATCH_OVERDUE,
        ExceptionCode.DELAY_PLANNED,
        ExceptionCode.DELAY_EXPECTED,
        ExceptionCode.DELIVERY_OVERDUE,
        ExceptionCode.PROOF_OVERDUE,
        ExceptionCode.TASK_UNANSWERED,
        Check.R8,
        Check.R12,
    }
)
"""What a cancelled order is no longer asked for."""

_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}


def watch(scene: Scene, clock: datetime | None) -> Watched:
    """Look at an order; its memory is changed in place."""
    watched, memory = Watched(), scene.memory
    for decision in scene.decisions:
        lines = tuple([line.line for line in decision.lines])
        memory.told.append(Told(decision.sequence, decision.kind, decision.amount, lines, decision.triggered_at, scene.at))
        watched.changed = True
    if scene.ledger.invoices:
        before = len(memory.expected)
        remember_expected(scene)
        watched.changed |= len(memory.expected) != before
    watched.tasks = tasks(scene)
    timers = Timers(clock)
    overdue = overdue_postings(scene, timers)
    found = exceptions(scene, timers, overdue)
    if found or memory.exceptions:
        watched.exceptions = _turns(memory.exceptions, found, scene)
        memory.exceptions = found
    found = findings(scene, timers, overdue)
    if found or memory.findings:
        watched.findings = _turns(memory.findings, found, scene)
        memory.findings = found
    watched.wake_at = timers.wake_at
    watched.changed |= bool(watched.exceptions or watched.findings or watched.tasks)
    return watched


def concern_id(order_id: str, cause: str) -> str:
    """Id of an exception or finding with this cause (`<code>/<subject>`)."""
    return stable_id("concern", cause) if cause.startswith("R13/") else stable_id("concern", order_id, cause)


def _turns(known: dict[str, Concern], now: dict[str, Concern], scene: Scene) -> list[Turn]:
    turns = []
    for cause in sorted(known.keys() | now.keys(), key=lambda cause: (cause in now, cause)):  # what is over is said first
        before, after = known.get(cause), now.get(cause)
        if before == after:
            continue
        if after is None:
            assert before is not None
            kind, concern = (TurnKind.CLOSED if _taken_back(scene, before) else TurnKind.HEALED), before
        elif after.healed:
            kind, concern = TurnKind.HEALED, after
        elif before is None:
            kind, concern = TurnKind.RAISED, after
        else:
            kind = TurnKind.ESCALATED if _RANK[after.severity] > _RANK[before.severity] else TurnKind.CHANGED
            concern = after
        turns.append(Turn(concern_id(scene.order_id, cause), scene.order_id, kind, concern, scene.at))
    return turns


def _taken_back(scene: Scene, concern: Concern) -> bool:
    """Whether a concern ends because its subject is gone, and not because it was put right."""
    dossier = scene.dossier
    if dossier.cancelled and concern.code in _OF_GOODS:
        return True
    number = concern.subject.removesuffix(" in all")
    if number in dossier.invoices_cancelled:
        return True
    if concern.code in ("R3", "POSTING_OVERDUE"):
        return any(decision.kind is DecisionKind.REVOKE for decision in scene.decisions)
    return bool(concern.evidence) and not scene.dossier.stands(concern.evidence)
