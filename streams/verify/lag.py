"""How far the workers are behind."""

from __future__ import annotations

from streams.admin import connect
from streams.settings import Settings
from streams.verify.group import Group
from streams.verify.reader import TopicReader
from streams.verify.snapshot import SOURCES, end_offsets, partition_counts

__all__ = ["records_behind"]


def records_behind(settings: Settings) -> int:
    """About how many records the workers have not committed; 0 only if there are none.

    Sources are looked at in the order in which records pass them, so that nothing is on its way when the last is found read. Raises
    `BrokerUnreachable`, and `ConfigurationError` if a topic is missing.
    """
    admin = connect(settings)
    partitions = partition_counts(settings, admin)
    behind = 0
    with Group(settings) as group:
        for topic in SOURCES:
            committed = group.committed({topic: partitions[topic]})
            ends = end_offsets(settings, admin, {topic: partitions[topic]})
            unread = {partition: end for (_, partition), end in ends.items() if end > committed.get((topic, partition), 0)}
            positions = {partition: committed.get((topic, partition), 0) for partition in unread}
            if unread and _any_record(settings, topic, positions, unread):
                behind += sum(unread.values()) - sum(positions.values())
    return behind


def _any_record(settings: Settings, topic: str, positions: dict[int, int], ends: dict[int, int]) -> bool:
    """Whether a record stands at or after these offsets. The end of a log is often a transaction's marker, which nobody commits."""
    reader = TopicReader(settings, topic, positions, ends)
    try:
        while not reader.done:
            if reader.read():
                return True
    finally:
        reader.close()
    return False
