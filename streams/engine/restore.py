"""Bring the local stores of a hop to the end of their changelog.

Faust's own recovery reads 7,000 records a second and knows nothing of transactions. This one reads with librdkafka, read_committed, and
ends at the *true* end of the changelog as it was when the restore began: the reader gets past that offset only when every transaction open
at that moment has ended, committed or not. Together with the group's fencing (an earlier owner's transaction must have all its records in
the log before its offsets are accepted) nothing can be added behind our back afterwards.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.engine.clients import client_settings
from streams.engine.offsets import log_ends
from streams.engine.store import ChangelogIdentity, PartitionStore, StoreMemory
from streams.settings import READS_MUCH, Settings

__all__ = ["Restored", "catch_up"]

log = logging.getLogger(__name__)

_BATCH = 5_000
_BULK = 20_000
"""More entries than this are written without RocksDB's log, and flushed at the end."""
_ONE_AT_A_TIME = threading.Lock()
"""Large restores of several hops follow each other: side by side they are no faster, and need memory side by side."""
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
    """Apply what each store lacks. Blocks; outages are waited out. Returns early once `cancelled`: stores half way, which is safe."""
    began = time.monotonic()
    ends = _starting_points(settings, changelog, stores, memory, cancelled)
    bulk = frozenset(partition for partition, end in ends.items() if end - (stores[partition].next_offset or 0) > _BULK)
    entries = 0
    changed: set[int] = set()
    with _ONE_AT_A_TIME if bulk else nullcontext():
        while ends and not cancelled.is_set():
            client = _client(settings)
            try:
                entries += _read(client, changelog.topic, stores, ends, bulk, changed, cancelled)
            finally:
                client.close()
    if bulk:
        _return_memory()
    return Restored(entries, time.monotonic() - began, frozenset(changed))


def _client(settings: Settings) -> Consumer:
    return Consumer(
        client_settings(
            settings,
            {
                "group.id": "unused",
                **READS_MUCH,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
                # Twice the usual megabyte is twice as fast, and four times is a gigabyte of memory.
                "fetch.message.max.bytes": 2 << 20,
                "queued.max.messages.kbytes": 8_192,
            },
        )
    )


def _starting_points(
    settings: Settings,
    changelog: ChangelogIdentity,
    stores: Mapping[int, PartitionStore],
    memory: StoreMemory,
    cancelled: threading.Event,
) -> dict[int, int]:
    """The changelog's end of each partition that lacks something; wipes a store that the changelog contradicts."""
    found = _found(settings, [(changelog.topic, partition) for partition in stores], cancelled)
    ends = {}
    for partition, store in stores.items():
        if cancelled.is_set():
            return {}
        position = store.next_offset
        first, last = found[partition]
        if position is not None and not first <= position <= last:
            log.warning(
                "the local store %s is wiped and restored whole: it continues at offset %d, the changelog holds %d to %d",
                store.path, position, first, last,
            )  # fmt: skip
            store.wipe(memory, changelog, _now_ms())
            position = None
        if position is None:
            store.apply((), first, _now_ms())
        if store.next_offset != last:
            ends[partition] = last
    return ends


def _found(settings: Settings, partitions: list[tuple[str, int]], cancelled: threading.Event) -> dict[int, tuple[int, int]]:
    """First offset and end of each changelog partition, waited for."""
    said = time.monotonic()
    while not cancelled.is_set():
        try:
            return {partition: ends for (_, partition), ends in log_ends(settings, partitions).items()}
        except KafkaException as failure:
            if time.monotonic() - said > _SAY_EVERY_SECONDS:
                log.warning("the offsets of %s cannot be read yet (%s); trying again", partitions[0][0], failure.args[0].name())
                said = time.monotonic()
            cancelled.wait(0.1)
    return {}


def _read(
    client: Consumer,
    topic: str,
    stores: Mapping[int, PartitionStore],
    ends: dict[int, int],
    bulk: frozenset[int],
    changed: set[int],
    cancelled: threading.Event,
) -> int:
    """Apply entries until every end is reached (and removed), or nothing was heard for a while. Returns the number of entries."""
    entries = 0
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
                # The end of what is stable: past control records, or before the first open transaction.
                reached[partition] = offset
            elif not error.retriable() and error.code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                raise KafkaException(error)
        for partition, position in reached.items():
            stores[partition].apply(batch[partition], position, _now_ms(), logged=partition not in bulk)
            if batch[partition]:
                entries += len(batch[partition])
                changed.add(partition)
            if position >= ends[partition]:
                if partition in bulk:
                    stores[partition].flush()
                del ends[partition]
                client.incremental_unassign([TopicPartition(topic, partition)])
        if reached:
            heard = time.monotonic()
        elif time.monotonic() - heard > _SAY_EVERY_SECONDS:
            log.warning("the restore of %s waits: the broker does not answer, or a transaction is still open", topic)
            break
    return entries


def _return_memory() -> None:
    """What a large restore used for a moment goes back to the system: hundreds of megabytes that malloc would keep."""
    with suppress(OSError, AttributeError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
