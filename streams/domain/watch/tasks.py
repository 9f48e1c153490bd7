"""Tasks out: what an order asks of its warehouses and of transport, one task a target and ship-from (consignment).

    released or changed                       CREATE; AMEND with the lines as they now are
    cancelled, nothing picked                 CANCEL
    cancelled, picked and not issued          warehouse: RETURN_TO_STOCK; transport: CANCEL
    cancelled or reduced, issued, not there   transport: INTERCEPT the goods that nobody wants any more
    cancelled, delivered                      nothing: that is a return, or a credit

A task keeps its id for ever and counts versions; each version replaces the one before. It is said again only when action, lines or promised
time change. What the warehouse has issued of it already is not taken back by an AMEND: the lines are always the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from streams.domain.amounts import NONE, Amounts, least, less
from streams.domain.ids import stable_id
from streams.domain.memory import GivenTask, TaskAction, TaskTarget
from streams.domain.vocabulary import Milestone
from streams.domain.watch.scene import Scene

__all__ = ["WANTED", "Task", "TaskLine", "target_of", "task_id", "task_name", "tasks", "understood"]

_WAREHOUSE: Final = TaskTarget.WAREHOUSE
_TRANSPORT: Final = TaskTarget.TRANSPORT
_ORDERS: Final = frozenset({Milestone.ORDER_RELEASED, Milestone.ORDER_CHANGED, Milestone.ORDER_CANCELLED})
WANTED: Final = (TaskAction.CREATE, TaskAction.AMEND)
"""Actions of a task that stands."""


@dataclass(slots=True)
class TaskLine:
    """How much of an order line a task is about."""

    line: str
    sku: str
    quantity: Decimal
    uom: str


@dataclass(slots=True)
class Task:
    """A record of `shipment.tasks`: one version of one task."""

    task_id: str
    version: int
    order_id: str
    target: TaskTarget
    action: TaskAction
    ship_from: str
    """Warehouse or plant as the order names it; empty where it names none."""

    lines: tuple[TaskLine, ...]
    promised_at: datetime | None
    answer_by: datetime
    """Log time until which TASK_ACCEPTED or TASK_REJECTED is expected."""

    at: datetime
    """Log time of the record that caused it."""


def task_name(target: TaskTarget, ship_from: str) -> str:
    """Name of a task within its order."""
    return f"{target}/{ship_from}"


def target_of(name: str) -> tuple[TaskTarget, str]:
    """Target and ship-from of a task's name."""
    target, _, ship_from = name.partition("/")
    return TaskTarget(target), ship_from


def task_id(order_id: str, name: str) -> str:
    """Id of a task: of its order, target and ship-from, so the same for ever."""
    return stable_id("task", order_id, name)


def tasks(scene: Scene) -> list[Task]:
    """What must be said now, entered into the memory."""
    dossier, known = scene.dossier, scene.memory.tasks
    revision = dossier.revision
    if revision is None:
        return []
    if scene.cause is not None and scene.cause not in _ORDERS and known and all(task.action in WANTED for task in known.values()):
        return []  # goods that move change nothing in tasks that stand
    wanted: dict[str, Amounts] = {}
    skus: dict[str, tuple[str, str]] = {}
    origin: dict[str, str] = {}
    gone = dossier.cancelled_lines if dossier.cancellations else {}
    nothing = dossier.cancelled
    for line in revision.lines:
        skus[line.line] = (line.sku, line.uom)
        origin[line.line] = line.ship_from
        left = NONE if nothing else line.quantity - gone.get(line.line, NONE)
        amounts = wanted.setdefault(line.ship_from, {})
        if left > NONE:
            amounts[line.line] = amounts.get(line.line, NONE) + left
    for name in known:
        wanted.setdefault(target_of(name)[1], {})
    said: list[Task] = []
    for ship_from, amounts in sorted(wanted.items()):
        for target in (_WAREHOUSE, _TRANSPORT):
            name = task_name(target, ship_from)
            before = known.get(name)
            action, lines = _asked(scene, target, ship_from, amounts, before, origin)
            if action is None:
                continue
            told = tuple(sorted([(line, quantity, skus.get(line, ("", ""))[1]) for line, quantity in lines.items()]))
            promised = scene.promised_at
            if before is not None and (before.action, before.lines, before.promised_at) == (action, told, promised):
                continue
            given = GivenTask(before.version + 1 if before is not None else 1, action, told, promised, scene.at)
            known[name] = given
            said.append(
                Task(
                    task_id(scene.order_id, name),
                    given.version,
                    scene.order_id,
                    target,
                    action,
                    ship_from,
                    tuple([TaskLine(line, skus.get(line, ("", ""))[0], quantity, uom) for line, quantity, uom in told]),
                    promised,
                    scene.at + scene.patience.answer,
                    scene.at,
                )
            )
    return said


def understood(name: str, task: GivenTask, scene: Scene) -> bool:
    """Whether work shows that a task was understood, or nobody needs it any more: then no answer is missed."""
    dossier, goods = scene.dossier, scene.goods
    if task.action not in WANTED:
        return False
    if dossier.cancelled or dossier.arrivals or dossier.issues:
        return True
    return dossier.picked if target_of(name)[0] is _WAREHOUSE else bool(goods.plans)


def _asked(
    scene: Scene, target: TaskTarget, ship_from: str, wanted: Amounts, before: GivenTask | None, origin: dict[str, str]
) -> tuple[TaskAction | None, Amounts]:
    """What a target must do now for a ship-from; None: nothing new."""
    goods, dossier = scene.goods, scene.dossier
    shipped = {line: quantity for line, quantity in goods.shipped.items() if origin.get(line, ship_from) == ship_from}
    if before is None:
        # An order that becomes known when its goods are on the road already asks nobody for anything.
        return (TaskAction.CREATE, wanted) if less(wanted, shipped) else (None, {})
    unwanted = less(less(shipped, wanted), goods.delivered)
    if unwanted and before.action is not TaskAction.INTERCEPT:  # what was never asked for is no change of mind, but an exception
        asked = {line: quantity for line, quantity, _ in before.lines}
        unwanted = least(unwanted, less(asked, wanted) if before.action in WANTED else asked)
    if target is _TRANSPORT and unwanted:
        return TaskAction.INTERCEPT, unwanted
    if wanted:
        if before.action not in WANTED:
            return TaskAction.CREATE, wanted
        if not less(wanted, goods.delivered):
            return None, {}
        same = before.lines == _as_told(wanted, before) and before.promised_at == scene.promised_at
        return (before.action if same else TaskAction.AMEND), wanted
    if before.action is TaskAction.INTERCEPT:
        return None, {}  # delivered after all, or back: nothing is left to stop
    open_lines = {line: quantity for line, quantity, _ in before.lines}
    open_lines = less(open_lines, shipped)
    if not open_lines:
        return None, {}
    if target is _WAREHOUSE and dossier.picked:
        return TaskAction.RETURN_TO_STOCK, open_lines
    return TaskAction.CANCEL, open_lines


def _as_told(wanted: Amounts, before: GivenTask) -> tuple[tuple[str, Decimal, str], ...]:
    units = {line: uom for line, _, uom in before.lines}
    return tuple(sorted([(line, quantity, units.get(line, "")) for line, quantity in wanted.items()]))
