"""Bring the local stores of a hop to the end of their changelog.

Faust's own recovery reads 7,000 records a second and knows nothing of transactions. This one reads with librdkafka, read_committed, and
ends at the *true* end of the changelog as it was when the restore began: the reader gets past that offset only when every transaction open
at that moment has ended, committed or not. Together with the group's fencing (an earlier owner's transaction must have all its records in
the log before its offsets are accepted) nothing can be added behind our back afterwards.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from streams.engine.clients import client_settings
from streams.engine.offsets import EARLIEST, LATEST, log_offsets
from streams.engine.store import ChangelogIdentity, PartitionStore, StoreMemory
from streams.settings import Settings

__all__ = ["Restored", "catch_up"]

log = logging.getLogger(__name__)

_BATCH = 10_000
_SAY_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. `changed` are the partitions whose store differs from before."""

    entries: int
    seconds: float
    changed: frozenset[int]


def catch_up(
    settings: Settings,
    changelog: ChangelogIdentity,
    stores: Mapping[int, PartitionStore],
    memory: StoreMemory,
    cancelled: threading.Event,
) -> Restored:
    """Apply what each store lacks. Blocks; broker outages are waited out. Returns early (stores half way, which is safe) once `cancelled`."""
    began = time.monotonic()
    client = Consumer(
        client_settings(
            settings,
            {
                "group.id": f"{settings.app_id}-restore",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
                "queued.max.messages.kbytes": 16_384,
            },
        )
    )
    try:
        ends = _starting_points(settings, changelog, stores, memory, cancelled)
        entries, changed = _read(client, changelog.topic, stores, ends, cancelled)
    finally:
        client.close()
    return Restored(entries, time.monotonic() - began, frozenset(changed))


def _starting_points(
    settings: Settings,
    changelog: ChangelogIdentity,
    stores: Mapping[int, PartitionStore],
    memory: StoreMemory,
    cancelled: threading.Event,
) -> dict[int, int]:
    """The changelog's end of each partition that lacks something; wipes a store that the changelog contradicts."""
    admin = AdminClient(client_settings(settings))
    partitions = [(changelog.topic, partition) for partition in stores]
    first = _offsets(admin, partitions, EARLIEST, cancelled)
    last = _offsets(admin, partitions, LATEST, cancelled)
    ends = {}
    for partition, store in stores.items():
        if cancelled.is_set():
            return {}
        position = store.next_offset
        if position is not None and not first[partition] <= position <= last[partition]:
            log.warning(
                "the local store %s is wiped and restored whole: it continues at offset %d, the changelog holds %d to %d",
                store.path, position, first[partition], last[partition],
            )  # fmt: skip
            store.wipe(memory, changelog, _now_ms())
            position = None
        if position is None:
            store.apply((), first[partition], _now_ms())
        if store.next_offset != last[partition]:
            ends[partition] = last[partition]
    return ends


def _offsets(admin: AdminClient, partitions: list[tuple[str, int]], which: OffsetSpec, cancelled: threading.Event) -> dict[int, int]:
    said = time.monotonic()
    while not cancelled.is_set():
        try:
            return {partition: offset for (_, partition), offset in log_offsets(admin, partitions, which).items()}
        except KafkaException as failure:
            if time.monotonic() - said > _SAY_EVERY_SECONDS:
                log.warning("the offsets of %s cannot be read yet (%s); trying again", partitions[0][0], failure.args[0].name())
                said = time.monotonic()
            cancelled.wait(0.1)
    return {}


def _read(
    client: Consumer, topic: str, stores: Mapping[int, PartitionStore], ends: dict[int, int], cancelled: threading.Event
) -> tuple[int, set[int]]:
    entries = 0
    changed: set[int] = set()
    if not ends:
        return entries, changed
    client.assign([TopicPartition(topic, partition, stores[partition].next_offset or 0) for partition in ends])
    heard = time.monotonic()
    while ends and not cancelled.is_set():
        batch: dict[int, list[Any]] = {partition: [] for partition in ends}
        reached: dict[int, int] = {}
        for message in client.consume(_BATCH, 0.02):
            error = message.error()
            partition: Any = message.partition()
            offset: Any = message.offset()
            if error is None:
                batch[partition].append((message.key(), message.value()))
                reached[partition] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                reached[partition] = offset
            elif not error.retriable() and error.code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                raise KafkaException(error)
        for partition, position in reached.items():
            stores[partition].apply(batch[partition], position, _now_ms())
            if batch[partition]:
                entries += len(batch[partition])
                changed.add(partition)
            if position >= ends[partition]:
                del ends[partition]
                client.incremental_unassign([TopicPartition(topic, partition)])
        if reached:
            heard = time.monotonic()
        elif time.monotonic() - heard > _SAY_EVERY_SECONDS:
            log.warning("restore of %s partitions %s waits: a transaction is still open, or the broker is away", topic, sorted(ends))
            heard = time.monotonic()
    return entries, changed


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
