"""Exceptions: what went wrong, or is late, on the way of an order's goods. Each has an owner, and heals when what was missing comes.

    EXCEPTION_REPORTED   a source raised it, and nobody resolved it; its severity rises when it stays open
    PICK_OVERDUE         released, and nothing picked or issued
    DISPATCH_OVERDUE     released, and nothing issued or delivered
    DELAY_PLANNED        the transport's plan is later than the order's promise
    DELAY_EXPECTED       the estimate is later than the promise
    DELIVERY_OVERDUE     on its way, and not delivered by the promised time
    PROOF_OVERDUE        delivered, and the terms invoice on a proof that is missing
    POSTING_OVERDUE      released for invoicing, and not posted
    OVER_DELIVERY        more was shipped or delivered than ordered
    SHORTAGE             the proof states less than was delivered
    CANCELLED_SHIPPED    goods of a cancelled order or line left all the same
    TASK_REJECTED        warehouse or transport refused a task
    TASK_UNANSWERED      nobody acknowledged a task, and no work shows that it was understood

What is overdue is judged by the clock of the row alone, which ticks move (`streams.hop`); what is late by plan or estimate needs no clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from streams.domain.amounts import NONE, Amounts
from streams.domain.facts import Fact
from streams.domain.goods import Portion, gains
from streams.domain.memory import Concern, GivenTask, Owner, Severity, TaskAction
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone
from streams.domain.watch.scene import Scene
from streams.domain.watch.tasks import WANTED, target_of, task_id, understood
from streams.domain.watch.timers import Timers

__all__ = ["ExceptionCode", "exceptions"]


class ExceptionCode(StrEnum):
    """Kinds of exception; the module's description says what each means."""

    EXCEPTION_REPORTED = "EXCEPTION_REPORTED"
    PICK_OVERDUE = "PICK_OVERDUE"
    DISPATCH_OVERDUE = "DISPATCH_OVERDUE"
    DELAY_PLANNED = "DELAY_PLANNED"
    DELAY_EXPECTED = "DELAY_EXPECTED"
    DELIVERY_OVERDUE = "DELIVERY_OVERDUE"
    PROOF_OVERDUE = "PROOF_OVERDUE"
    POSTING_OVERDUE = "POSTING_OVERDUE"
    OVER_DELIVERY = "OVER_DELIVERY"
    SHORTAGE = "SHORTAGE"
    CANCELLED_SHIPPED = "CANCELLED_SHIPPED"
    TASK_REJECTED = "TASK_REJECTED"
    TASK_UNANSWERED = "TASK_UNANSWERED"


_BY_EFFECT: Final = {
    Effect.INFO: Severity.LOW,
    Effect.DELAY: Severity.MEDIUM,
    Effect.DELIVERY_BLOCK: Severity.HIGH,
    Effect.BILLING_BLOCK: Severity.HIGH,
}
_WORSE: Final = {Severity.LOW: Severity.MEDIUM, Severity.MEDIUM: Severity.HIGH, Severity.HIGH: Severity.HIGH}
_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}
_BY_TOPIC: Final = {"erp.raw": Owner.ERP, "wms.raw": Owner.WMS, "tms.raw": Owner.TMS}
_EST: Final = Classifier.EST
_REJECTED: Final = Milestone.TASK_REJECTED
_ON_POD: Final = Trigger.ON_POD
_DAY: Final = timedelta(days=1)
_MUCH: Final = timedelta(days=3)


def exceptions(scene: Scene, timers: Timers, overdue_postings: dict[str, datetime]) -> dict[str, Concern]:
    """All that is wrong now, by cause. `overdue_postings`: releases that should be posted by now, and since when."""
    found: dict[str, Concern] = {}
    dossier, goods = scene.dossier, scene.goods
    reported = dossier.open_exceptions()
    if reported:
        _reported(found, reported, scene, timers)
    if not dossier.cancelled:
        _not_begun(found, scene, timers)
        for portion in goods.portions:
            if portion.delivered_at is None:
                if not portion.whole_order:
                    _under_way(found, portion, scene, timers)
            elif portion.unproven:
                _unproven(found, portion, scene, timers)
    if dossier.issues or dossier.arrivals:
        _odd_quantities(found, scene)
    for release, since in overdue_postings.items():
        _add(found, ExceptionCode.POSTING_OVERDUE, release, Severity.MEDIUM, Owner.ERP, since)
    under_way = not dossier.answers and (dossier.issues or dossier.arrivals)
    for name, task in scene.memory.tasks.items():
        if not under_way or task.action not in WANTED:
            _answered(found, name, task, scene, timers)
    return found


def _add(
    found: dict[str, Concern],
    code: ExceptionCode,
    subject: str,
    severity: Severity,
    owner: Owner,
    since: datetime,
    detail: str = "",
    evidence: tuple[str, ...] = (),
) -> None:
    found[f"{code}/{subject}"] = Concern(code, subject, severity, owner, since, detail, evidence=evidence)


def _reported(found: dict[str, Concern], reported: list[Fact], scene: Scene, timers: Timers) -> None:
    cases: dict[str, list[Fact]] = {}
    for fact in reported:
        cases.setdefault(fact.case, []).append(fact)
    for case, facts in cases.items():
        severity = max([_severity(fact) for fact in facts], key=_RANK.__getitem__)
        since = min([fact.at for fact in facts])
        if timers.over(since + scene.patience.escalation):
            severity = _WORSE[severity]
        reasons = sorted({str(fact.more.reason if fact.more is not None and fact.more.reason else fact.milestone) for fact in facts})
        owner = min([_BY_TOPIC.get(fact.sources[0].partition("/")[0], Owner.CARRIER) for fact in facts])
        evidence = tuple(sorted([fact.id for fact in facts]))
        _add(found, ExceptionCode.EXCEPTION_REPORTED, case, severity, owner, since, ", ".join(reasons), evidence)


def _severity(fact: Fact) -> Severity:
    effect = fact.more.effect if fact.more is not None else None
    return _BY_EFFECT[effect] if effect is not None else Severity.HIGH


def _not_begun(found: dict[str, Concern], scene: Scene, timers: Timers) -> None:
    """Nothing happened to the order in the warehouse."""
    dossier, goods, patience = scene.dossier, scene.goods, scene.patience
    if goods.shipped or dossier.arrivals or not goods.ordered or not dossier.revisions:
        return
    released_at = min([fact.at for fact in dossier.revisions])
    due = released_at + patience.dispatch
    if timers.over(due):
        _add(found, ExceptionCode.DISPATCH_OVERDUE, "", Severity.HIGH, Owner.WMS, due)
    if not dossier.picked and not dossier.issues:
        due = released_at + patience.pick
        if timers.over(due):
            _add(found, ExceptionCode.PICK_OVERDUE, "", Severity.MEDIUM, Owner.WMS, due)


def _under_way(found: dict[str, Concern], portion: Portion, scene: Scene, timers: Timers) -> None:
    """Of goods that are not all delivered: late by plan, by estimate, or by the clock."""
    if portion.lost or portion.returned:
        return
    dossier = scene.dossier
    place = portion.place
    subject = place[0] or place[1]
    promised = scene.promise(portion)
    if promised is not None:
        told = dossier.forecasts.get(place)
        plan = dossier.promises.get(place)
        if told is not None and told.classifier is _EST and told.at > promised:
            severity = Severity.HIGH if told.at - promised > _MUCH else Severity.MEDIUM
            detail = f"expected {_lateness(told.at - promised)} after {promised.isoformat()}"
            _add(found, ExceptionCode.DELAY_EXPECTED, subject, severity, Owner.CARRIER, promised, detail)
        elif plan is not None and plan.at > promised:
            detail = f"planned {_lateness(plan.at - promised)} after {promised.isoformat()}"
            _add(found, ExceptionCode.DELAY_PLANNED, subject, Severity.MEDIUM, Owner.TMS, promised, detail)
    if portion.shipped:
        due = promised if promised is not None else portion.shipped[0].at + scene.patience.delivery
        if timers.over(due):
            detail = f"promised for {due.isoformat()}" if promised is not None else ""
            _add(found, ExceptionCode.DELIVERY_OVERDUE, subject, Severity.HIGH, Owner.CARRIER, due, detail)


def _lateness(late: timedelta) -> str:
    """In whole days, so that an estimate that moves by minutes is not said again."""
    return f"{late // _DAY} days" if late >= _DAY else "less than a day"


def _unproven(found: dict[str, Concern], portion: Portion, scene: Scene, timers: Timers) -> None:
    terms = scene.verdict.counted.terms
    if terms is None or terms.trigger is not _ON_POD or terms.pod_auto_confirm_days is not None or portion.delivered_at is None:
        return
    due = portion.delivered_at + scene.patience.proof
    if timers.over(due):
        subject = portion.shipment or portion.delivery
        _add(found, ExceptionCode.PROOF_OVERDUE, subject, Severity.MEDIUM, Owner.TMS, due)


def _odd_quantities(found: dict[str, Concern], scene: Scene) -> None:
    dossier, goods = scene.dossier, scene.goods
    if dossier.revision is None:
        return
    ordered, since = goods.ordered, dossier.last_at or scene.at
    for amounts in (goods.shipped, goods.delivered):
        if amounts is ordered:
            continue
        for line, quantity in amounts.items():
            if line not in ordered:
                if line in goods.units and line not in goods.free:
                    owner = Owner.WMS if amounts is goods.shipped else Owner.CARRIER
                    _add(found, ExceptionCode.CANCELLED_SHIPPED, line, Severity.HIGH, owner, _last(scene, line), f"{_plain(quantity)}")
            elif quantity > ordered[line]:
                detail = f"{_plain(quantity)} of {_plain(ordered[line])}"
                _add(found, ExceptionCode.OVER_DELIVERY, line, Severity.MEDIUM, Owner.WMS, _last(scene, line), detail)
    if dossier.cancelled and dossier.cancellations and not any("CANCELLED_SHIPPED" in cause for cause in found):
        first = min([fact.at for fact in dossier.cancellations])
        after = [fact for fact in dossier.issues if fact.at > first]
        if after and goods.shipped:
            issue = min(after, key=lambda fact: (fact.at, fact.id))
            _add(found, ExceptionCode.CANCELLED_SHIPPED, "", Severity.HIGH, Owner.WMS, issue.at, evidence=(issue.id,))
    if dossier.proofs:
        for portion in goods.portions:
            short = _short(portion)
            if short:
                detail = ", ".join([f"line {line}: {_plain(quantity)}" for line, quantity in sorted(short.items())])
                subject = portion.shipment or portion.delivery
                _add(found, ExceptionCode.SHORTAGE, subject, Severity.HIGH, Owner.CARRIER, portion.proven_at or since, detail)


def _short(portion: Portion) -> Amounts:
    """What a proof that states lines leaves out of what arrived."""
    if not portion.proven or all(statement.lines is None for statement in portion.proofs):
        return {}
    expected = gains(portion.delivered) if portion.delivered else portion.contents
    if not expected:
        return {}
    proven = gains(portion.proven)
    return {line: quantity - proven.get(line, NONE) for line, quantity in expected.items() if quantity > proven.get(line, NONE)}


def _last(scene: Scene, line: str) -> datetime:
    """Time of the latest issue or delivery that names a line, else of any."""
    facts = [*scene.dossier.issues, *scene.dossier.arrivals]
    named = [fact.at for fact in facts if any(quantity.line == line for quantity in fact.lines)]
    return max(named or [fact.at for fact in facts])


def _answered(found: dict[str, Concern], name: str, task: GivenTask, scene: Scene, timers: Timers) -> None:
    target, _ = target_of(name)
    owner = Owner.WMS if target == "WAREHOUSE" else Owner.TMS
    subject = f"{name} v{task.version}"
    answers = scene.dossier.answers
    answer = answers.get(f"{task_id(scene.order_id, name)}/{task.version}") if answers else None
    if answer is not None:
        if answer.milestone is _REJECTED:
            urgent = task.action in (TaskAction.INTERCEPT, TaskAction.RETURN_TO_STOCK, TaskAction.CANCEL)
            severity = Severity.HIGH if urgent else Severity.MEDIUM
            _add(found, ExceptionCode.TASK_REJECTED, subject, severity, owner, answer.at, task.action, (answer.id,))
        return
    if not understood(name, task, scene):
        due = task.at + scene.patience.answer
        if timers.over(due):
            _add(found, ExceptionCode.TASK_UNANSWERED, subject, Severity.MEDIUM, owner, due, task.action)


def _plain(number: object) -> str:
    return f"{number:f}"
