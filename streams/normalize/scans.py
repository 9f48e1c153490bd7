"""What adapters of carriers and visibility platforms share: from a code's meaning to statements, and histories read scan by scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, TypeVar

from streams.domain.event import Event, Evidence, Exceptional, Lineage
from streams.domain.ids import event_id
from streams.domain.instant import Instant
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.codes import Meaning
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal

__all__ = ["HANDED_OVER", "MOST_SCANS", "WITH_CASE", "each", "statements", "with_exception"]

HANDED_OVER: Final = frozenset({Milestone.DELIVERED, Milestone.DELIVERED_PARTIAL, Milestone.DELIVERED_WITH_EXCEPTION})
"""Milestones by which the consignee has something."""

WITH_CASE: Final = frozenset(
    {
        Milestone.EXCEPTION_RAISED,
        Milestone.EXCEPTION_RESOLVED,
        Milestone.DELIVERED_WITH_EXCEPTION,
        Milestone.DELIVERY_ATTEMPTED,
        Milestone.DELIVERY_REFUSED,
        Milestone.DELAYED,
        Milestone.DAMAGED,
        Milestone.LOST,
        Milestone.CUSTOMS_HELD,
        Milestone.CUSTOMS_CLEARED,
        Milestone.RETURNING,
        Milestone.RETURNED_TO_SHIPPER,
    }
)
"""Milestones that open or close a case."""

MOST_SCANS: Final = 1_000
"""Scans that one record may hold."""

_Item = TypeVar("_Item")


def statements(
    origin: Origin,
    lineage: Lineage,
    meaning: Meaning,
    references: tuple[str, ...],
    at: Instant,
    scope: Scope,
    *,
    classifier: Classifier | None = None,
    evidence: Evidence | None = None,
    retracts: str = "",
    place: str = "",
    located: str = "",
) -> list[Event]:
    """The statement of one code, and the proof of delivery where something was handed over and `evidence` confirms it.

    Ids come from what is said, so that the same scan by another channel or in a later push is the same statement. `place` tells apart
    what one code says of several stops at one moment; `located` is `Event.place`. A case is one reason at one reference: a
    customs release ends the customs case and leaves a damage open.
    """
    subject = references[0]
    kind = meaning.classifier if classifier is None else classifier
    reason = meaning.reason or ""
    case_id = f"{subject}:{reason}" if meaning.milestone in WITH_CASE else ""
    exceptional = Exceptional(meaning.reason, meaning.effect) if meaning.reason and meaning.effect else None
    if meaning.milestone not in HANDED_OVER:
        evidence = None

    def event(milestone: Milestone) -> Event:
        detail = f"{reason}@{place}" if place else reason
        return Event(
            event_id(subject, milestone, kind, scope, at.utc, detail),
            milestone,
            kind,
            scope,
            at,
            lineage,
            references=references,
            case_id=case_id,
            retracts=retracts,
            exceptional=exceptional,
            evidence=evidence,
            traceparent=origin.traceparent,
            place=located,
        )

    return [event(meaning.milestone), event(Milestone.POD_RECEIVED)] if evidence is not None else [event(meaning.milestone)]


def with_exception(reason: Meaning) -> Meaning:
    """What a delivery means that was made with this flaw."""
    return replace(reason, milestone=Milestone.DELIVERED_WITH_EXCEPTION)


def each(items: Iterable[_Item], read: Callable[[_Item], list[Event]], field: str) -> list[Event]:
    """The statements of all items of a history, each read on its own; the same statement comes once.

    Raises `Refusal` for the first item that cannot be read; it carries the statements of all the others.
    """
    said: dict[str, Event] = {}
    first: tuple[int, Refusal] | None = None
    count = total = 0
    for number, item in enumerate(items):
        total += 1
        try:
            for event in read(item):
                said.setdefault(event.event_id, event)
        except Refusal as refusal:
            count += 1
            first = first or (number, refusal)
    events = list(said.values())
    if first is not None:
        number, why = first
        counted = "" if total == 1 else f"{count} of {total} refused; "
        raise Refusal(why.stage, why.reason, f"{counted}{field}[{number}]: {why.message}", events)
    return events
