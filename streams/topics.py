"""Every topic of an installation, defined once: partitions, cleanup and retention.

Raw topics belong to their producers, who may create them with any partition count; the figures here are what
`milepost topics create` uses where a topic is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from streams.settings import Settings

__all__ = [
    "ARCHIVE",
    "AUDIT",
    "CARRIER_RAW",
    "CATALOGUE",
    "DEAD_LETTERED",
    "EDI_TAKEN",
    "ERP_RAW",
    "EVENTS",
    "EXCEPTIONS",
    "FINDINGS",
    "HOLDS",
    "MILESTONES",
    "OUTPUTS",
    "RAW_TOPICS",
    "REFERENCES",
    "RELEASES",
    "REPLAYED",
    "REPLAY_TOPICS",
    "STATUS",
    "TASKS",
    "REFERENCE_DATA",
    "SHARED_TOPICS",
    "TERMS",
    "TMS_RAW",
    "WMS_RAW",
    "Cleanup",
    "Topic",
    "dead_letter_topic",
    "changelog_topic",
    "replay_topic",
    "wanted_topics",
]

ERP_RAW = "erp.raw"
WMS_RAW = "wms.raw"
TMS_RAW = "tms.raw"
CARRIER_RAW = "carrier.raw"
TERMS = "billing.terms"
REFERENCE_DATA = "reference.data"
REFERENCES = "shipment.references"
EVENTS = "shipment.events"
MILESTONES = "shipment.milestones"
STATUS = "shipment.status"
RELEASES = "invoice.releases"
HOLDS = "invoice.holds"
EDI_TAKEN = "edi.taken"
EXCEPTIONS = "shipment.exceptions"
TASKS = "shipment.tasks"
FINDINGS = "reconciliation.findings"
ARCHIVE = "shipment.archive"
AUDIT = "deadletter.audit"

RAW_TOPICS = (ERP_RAW, WMS_RAW, TMS_RAW, CARRIER_RAW)
SHARED_TOPICS = (TERMS, REFERENCE_DATA)
"""Compacted topics that every partition of the shipment hop is told of."""
OUTPUTS = (MILESTONES, STATUS, RELEASES, HOLDS, EXCEPTIONS, TASKS, FINDINGS, ARCHIVE)
"""What the shipment hop says to the world."""

DEAD_LETTERED = (*RAW_TOPICS, *SHARED_TOPICS, REFERENCES, EVENTS)
"""What hops read: each has a dead-letter topic and a replay topic."""

_REPLAY = ".replay"


def replay_topic(topic: str) -> str:
    """`<topic>.replay`: where dead letters of a topic are sent again, so that its other readers see no record twice."""
    return topic + _REPLAY


REPLAYED = {replay_topic(topic): topic for topic in DEAD_LETTERED}
"""By replay topic: the topic whose records come again there."""

REPLAY_TOPICS = tuple(REPLAYED)

_DAY_MS = 86_400_000
_FOR_EVER = -1


class Cleanup(StrEnum):
    """Kafka's `cleanup.policy`."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic must look like. `partitions` of 0 means: the installation's setting."""

    name: str
    meaning: str
    cleanup: Cleanup = Cleanup.DELETE
    retention_ms: int = 14 * _DAY_MS
    partitions: int = 0
    ours: bool = True
    """False: producers own it, and only its existence is checked."""

    stamped_by_broker: bool = False
    """Records get the time of their append, so that retention counts from then and not from a time that may be years ago."""


CATALOGUE: tuple[Topic, ...] = (
    Topic(ERP_RAW, "orders, changes, cancellations, disputes, invoices as the ERP says them", ours=False),
    Topic(WMS_RAW, "picks and goods issues as the warehouse says them", ours=False),
    Topic(TMS_RAW, "shipment plans and transport events as the TMS says them", ours=False),
    Topic(CARRIER_RAW, "scans and statuses as carriers say them", ours=False),
    Topic(TERMS, "billing terms by contract; the latest versions of a contract in one record", Cleanup.COMPACT, _FOR_EVER),
    Topic(REFERENCE_DATA, "units of measure by article", Cleanup.COMPACT, _FOR_EVER),
    Topic(REFERENCES, "links and events keyed by reference, for the resolve hop", retention_ms=90 * _DAY_MS),
    Topic(EVENTS, "the log that decides: canonical events, terms and ticks keyed by order", retention_ms=_FOR_EVER),
    Topic(MILESTONES, "normalized milestones keyed by order", retention_ms=90 * _DAY_MS),
    Topic(STATUS, "the latest status of each order", Cleanup.COMPACT, _FOR_EVER),
    Topic(RELEASES, "invoice decisions: what finance may post, once each", retention_ms=_FOR_EVER),
    Topic(HOLDS, "why an order may not be invoiced yet, latest a order", Cleanup.COMPACT, _FOR_EVER),
    Topic(EDI_TAKEN, "EDI files that were published, by the hash of their content", Cleanup.COMPACT, _FOR_EVER),
    Topic(EXCEPTIONS, "what went wrong or is late on an order's way, and when it is over", retention_ms=365 * _DAY_MS),
    Topic(TASKS, "what warehouse and transport are asked to do", retention_ms=90 * _DAY_MS),
    Topic(FINDINGS, "what does not agree between releases, invoices and credits, and when it does again", retention_ms=_FOR_EVER),
    Topic(ARCHIVE, "closed orders with all their facts, one record an order", Cleanup.COMPACT, _FOR_EVER),
    # Replayed records keep their timestamps. With a retention by time the broker could remove an old one before it is read.
    *(Topic(name, f"dead letters of {source} that are read again", retention_ms=_FOR_EVER) for name, source in REPLAYED.items()),
    Topic(AUDIT, "what became of each dead letter: who settled it, when, why and how", Cleanup.COMPACT, _FOR_EVER),
)

_STATEFUL_HOPS = {"resolve": REFERENCES, "shipment": EVENTS}


def dead_letter_topic(topic: str) -> str:
    """`<topic>.dlq`: one a source topic, with the same partition count. A replayed record that fails again goes where it came from."""
    return f"{topic.removesuffix(_REPLAY)}.dlq"


def changelog_topic(app_id: str, hop: str) -> str:
    """Name of a stateful hop's changelog (physical: the app id already carries the prefix), as Faust names it."""
    return f"{app_id}-{hop}-changelog"


def wanted_topics(settings: Settings) -> Iterator[Topic]:
    """Every topic of this installation by physical name, dead letters and changelogs included."""
    for topic in CATALOGUE:
        yield _physical(topic, settings.topic(topic.name))
    for name in DEAD_LETTERED:
        meaning = f"records of {name} that were refused, bytes kept"
        yield Topic(settings.topic(dead_letter_topic(name)), meaning, retention_ms=365 * _DAY_MS, stamped_by_broker=True)
    for hop, source in _STATEFUL_HOPS.items():
        yield Topic(
            changelog_topic(settings.app_id, hop),
            f"rows of the {hop} hop, one partition a partition of {source}",
            Cleanup.COMPACT,
            _FOR_EVER,
        )


def _physical(topic: Topic, name: str) -> Topic:
    return Topic(name, topic.meaning, topic.cleanup, topic.retention_ms, topic.partitions, topic.ours)
