"""How far a cluster was at one moment, taken so that what was written before can be told from what was still to come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, ResourceType

from streams.admin import connect
from streams.errors import ConfigurationError
from streams.metadata import find_topics
from streams.settings import Settings
from streams.topics import AUDIT, CATALOGUE, EVENTS, RAW_TOPICS, REFERENCES, REPLAY_TOPICS, TERMS, dead_letter_topic
from streams.verify.group import Group
from streams.verify.layout import Layout
from streams.verify.ledger import Retention

__all__ = ["SOURCES", "Snapshot", "end_offsets", "partition_counts", "take"]

Offsets = dict[tuple[str, int], int]
"""By topic and partition."""

_OF_OTHERS = frozenset((*RAW_TOPICS, TERMS, *REPLAY_TOPICS))

SOURCES = (*REPLAY_TOPICS, *RAW_TOPICS, TERMS, REFERENCES, EVENTS)
"""What the hops read, upstream first."""

_TIMEOUT = 30
_EARLIEST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """By logical topic name."""

    layout: Layout
    starts: Offsets
    ends: Offsets
    """Where to stop reading. Everything that the workers had committed, and what it caused, lies before."""


def take(settings: Settings) -> Snapshot:
    """Ask the cluster, in an order that leaves no gap: first how far the workers have committed, then the ends of what they write, then
    the ends of what they read.

    So each record below a committed offset must have its consequences below the ends, and each consequence below the ends has its cause
    below the ends. Raises `BrokerUnreachable`, and `ConfigurationError` if a topic is missing.
    """
    admin = connect(settings)
    partitions = partition_counts(settings, admin)
    starts = _offsets(settings, admin, partitions, partitions, _EARLIEST, committed=False)
    with Group(settings) as group:
        committed = group.committed({topic: partitions[topic] for topic in SOURCES})
    ends: Offsets = {}
    downstream_first = [topic for topic in partitions if topic not in SOURCES] + list(reversed(SOURCES))
    for topic in downstream_first:
        ends |= end_offsets(settings, admin, {topic: partitions[topic]})
    retention = _retention(settings, admin, partitions, starts)
    return Snapshot(Layout(partitions, committed, retention), starts, ends)


def end_offsets(settings: Settings, admin: AdminClient, partitions: Mapping[str, int]) -> Offsets:
    """The ends of topics (logical name and partition count).

    Of our own topics, the end of what is in the log: a transaction that was committed before may not show its end yet. Of the topics of
    producers, and of replays, the end of what is committed: the workers read no further either.
    """
    ends: Offsets = {}
    for topic in partitions:
        ends |= _offsets(settings, admin, [topic], partitions, _LATEST, committed=topic in _OF_OTHERS)
    return ends


def partition_counts(settings: Settings, admin: AdminClient) -> dict[str, int]:
    """Partitions of every topic that is verified. Raises `ConfigurationError` if one is missing."""
    verified = [topic.name for topic in CATALOGUE if topic.name != AUDIT]
    wanted = list(dict.fromkeys(verified + [dead_letter_topic(source) for source in SOURCES]))
    existing = find_topics(admin, [settings.topic(name) for name in wanted])
    missing = [settings.topic(name) for name in wanted if settings.topic(name) not in existing]
    if missing:
        raise ConfigurationError(f"topics are missing ({', '.join(missing[:3])}): check MILEPOST_PREFIX, or run `milepost topics create`")
    return {name: len(existing[settings.topic(name)].partitions) for name in wanted}


def _offsets(
    settings: Settings, admin: AdminClient, topics: Iterable[str], partitions: Mapping[str, int], spec: OffsetSpec, *, committed: bool
) -> Offsets:
    asked = {TopicPartition(settings.topic(topic), partition): spec for topic in topics for partition in range(partitions[topic])}
    level = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
    answers = admin.list_offsets(asked, isolation_level=level, request_timeout=_TIMEOUT)
    return {(settings.logical(at.topic), at.partition): future.result().offset for at, future in answers.items()}


def _retention(settings: Settings, admin: AdminClient, partitions: Mapping[str, int], starts: Offsets) -> dict[str, Retention]:
    configs = _configs(settings, admin, partitions)
    return {
        topic: Retention(
            "compact" in configs[topic]["cleanup.policy"],
            int(configs[topic]["segment.ms"]),
            int(configs[topic]["segment.bytes"]),
            tuple(starts[topic, partition] for partition in range(count)),
        )
        for topic, count in partitions.items()
    }


def _configs(settings: Settings, admin: AdminClient, topics: Iterable[str]) -> dict[str, dict[str, Any]]:
    answers = admin.describe_configs([ConfigResource(ResourceType.TOPIC, settings.topic(topic)) for topic in topics])
    return {
        settings.logical(resource.name): {entry.name: entry.value for entry in future.result(_TIMEOUT).values()}
        for resource, future in answers.items()
    }
