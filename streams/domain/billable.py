"""Which quantities count for an invoice: those shipped, delivered or proven while terms were valid that bill just that.

A quantity counts when the version of the terms that was valid at its time has it as trigger. Where a contract changed its trigger on the
way, goods count once, by the larger sum. Where the terms say so, silence about a delivery is proof after some days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from streams.domain.dossier import Dossier, blocks_confirmation
from streams.domain.portions import NONE, Amounts, Goods, Increment, Portion, add_up, gains
from streams.domain.terms import Terms, Trigger

__all__ = ["Billable", "Cause", "billable", "version_at"]

_ON_SHIP: Final = Trigger.ON_SHIP
_ON_DELIVERY: Final = Trigger.ON_DELIVERY
_ON_POD: Final = Trigger.ON_POD


class Cause(NamedTuple):
    """A quantity that counts, and the terms by which it does."""

    increment: Increment
    portion: Portion
    terms: Terms


@dataclass(slots=True)
class Billable:
    """What counts of an order."""

    target: Amounts = field(default_factory=dict)
    """What may be invoiced in all, by line; never more than is ordered."""

    ceiling: Amounts = field(default_factory=dict)
    """What may stay released: the target, and what would count if terms were known for its time."""

    causes: list[Cause] = field(default_factory=list)
    """By portion, step and time."""

    complete: bool = False
    """All that is ordered is in the target."""

    latest: datetime | None = None
    """Time of the goods' latest step."""

    undated: set[Trigger] = field(default_factory=set)
    """Steps at whose time no terms were valid."""

    wake_at: datetime | None = None
    """When silence becomes proof; whole milliseconds."""


def billable(dossier: Dossier, goods: Goods, versions: tuple[Terms, ...], clock: datetime | None) -> Billable:
    """What counts under these versions of the order's terms. `clock` is the latest moment that the row was told of."""
    found = Billable()
    counted: list[tuple[Portion, Amounts]] = []
    possible: list[tuple[Portion, Amounts]] = []
    for portion in goods.portions:
        sure: dict[Trigger, list[Increment]] = {}
        all_steps: dict[Trigger, list[Increment]] = {}
        silent = _silence(found, dossier, portion, versions, clock) if portion.unproven else []
        steps = ((_ON_SHIP, portion.shipped), (_ON_DELIVERY, portion.delivered), (_ON_POD, portion.proven + silent))
        for trigger, increments in steps:
            for increment in increments:
                if found.latest is None or increment.at > found.latest:
                    found.latest = increment.at
                terms = version_at(versions, increment.at)
                if terms is None:
                    found.undated.add(trigger)
                elif terms.trigger is trigger:
                    sure.setdefault(trigger, []).append(increment)
                    found.causes.append(Cause(increment, portion, terms))
                else:
                    continue
                all_steps.setdefault(trigger, []).append(increment)
        counted.append((portion, _largest(sure)))
        possible.append((portion, _largest(all_steps)))
    target = found.target = _within(goods.ordered, add_up(counted))
    found.ceiling = _within(goods.ordered, add_up(possible)) if found.undated else target
    found.complete = all(line in target and target[line] >= quantity for line, quantity in goods.ordered.items())
    if found.complete:
        found.wake_at = None
    return found


def version_at(versions: Iterable[Terms], at: datetime) -> Terms | None:
    """The version of terms that was valid at a moment; of several the highest."""
    found: Terms | None = None
    for terms in versions:
        if terms.valid_from <= at and (terms.valid_to is None or at < terms.valid_to) and (found is None or terms.version > found.version):
            found = terms
    return found


def _silence(found: Billable, dossier: Dossier, portion: Portion, versions: tuple[Terms, ...], clock: datetime | None) -> list[Increment]:
    """Deliveries that count as proven because nobody objected in time; sets when to look again for the others."""
    confirmed = []
    for increment in portion.unproven:
        terms = version_at(versions, increment.at)
        if terms is None or terms.trigger is not _ON_POD or terms.pod_auto_confirm_days is None:
            continue
        due = _whole_millisecond(increment.at + timedelta(days=terms.pod_auto_confirm_days))
        if clock is None or clock < due:
            found.wake_at = due if found.wake_at is None else min(due, found.wake_at)
        elif not any(blocks_confirmation(fact) for fact in dossier.exceptions.open()):
            confirmed.append(increment._replace(at=due, auto=True))
    return confirmed


def _largest(steps: dict[Trigger, list[Increment]]) -> Amounts:
    if len(steps) == 1:
        return gains(next(iter(steps.values())))
    largest: Amounts = {}
    for increments in steps.values():
        for line, quantity in gains(increments).items():
            if quantity > largest.get(line, NONE):
                largest[line] = quantity
    return largest


def _within(ordered: Amounts, amounts: Amounts) -> Amounts:
    return {line: min(quantity, amounts[line]) for line, quantity in ordered.items() if line in amounts}


def _whole_millisecond(moment: datetime) -> datetime:
    """Rounded up: due marks and ticks count milliseconds, and a tick must never come before its time."""
    rest = moment.microsecond % 1000
    return moment + timedelta(microseconds=1000 - rest) if rest else moment
