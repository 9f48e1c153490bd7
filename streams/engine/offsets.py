"""Where to start reading a partition: the group's committed offset, once it is certain.

aiokafka asks for committed offsets in a form that knows nothing of transactions: while an earlier owner's transaction is committed but its
end has not reached the offsets topic yet, the answer is the offset *before* it, and its records would be processed twice. librdkafka asks
for stable offsets (KIP-447): the coordinator answers only when no transaction over that partition is pending.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from typing import Final

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from streams.engine.clients import client_settings
from streams.settings import Settings

__all__ = ["EARLIEST", "LATEST", "CommittedOffsets", "log_offsets"]

log = logging.getLogger(__name__)

EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]
"""The end of the log, behind records of transactions that are still open."""
_SAY_EVERY_SECONDS = 10.0


class CommittedOffsets:
    """Reads the group's offsets. Blocks, so it belongs in a thread; one call at a time."""

    def __init__(self, settings: Settings) -> None:
        common = client_settings(settings)
        self._consumer = Consumer(common | {"group.id": settings.app_id, "isolation.level": "read_committed", "enable.auto.commit": False})
        self._admin = AdminClient(common)

    def start_of(self, partitions: Collection[tuple[str, int]], cancelled: threading.Event) -> dict[tuple[str, int], int]:
        """The first offset to read of each source partition; the log's beginning where the group has committed nothing.

        Waits out broker outages and open transactions. Empty once `cancelled`.
        """
        said = time.monotonic()
        while not cancelled.is_set():
            try:
                committed = self._consumer.committed([TopicPartition(topic, number) for topic, number in partitions], timeout=5)
                if failed := next((found.error for found in committed if found.error is not None), None):
                    raise KafkaException(failed)
                first = log_offsets(self._admin, partitions, EARLIEST)
                return {(found.topic, found.partition): self._start(found, first[found.topic, found.partition]) for found in committed}
            except KafkaException as failure:
                if time.monotonic() - said > _SAY_EVERY_SECONDS:
                    log.warning("the group's committed offsets cannot be read yet (%s); trying again", failure.args[0])
                    said = time.monotonic()
                cancelled.wait(0.02)
        return {}

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()

    def _start(self, committed: TopicPartition, first: int) -> int:
        if committed.offset < 0:
            return first
        if committed.offset < first:
            log.error(
                "%s/%d: records %d to %d were deleted by retention before they were read",
                committed.topic, committed.partition, committed.offset, first - 1,
            )  # fmt: skip
            return first
        return int(committed.offset)


def log_offsets(admin: AdminClient, partitions: Collection[tuple[str, int]], which: OffsetSpec) -> dict[tuple[str, int], int]:
    """The first offset of each partition, or the one after the last. Raises KafkaException if one of them cannot be had now."""
    asked = admin.list_offsets(
        {TopicPartition(*partition): which for partition in partitions},
        isolation_level=IsolationLevel.READ_UNCOMMITTED,
        request_timeout=5,
    )
    offsets = {(found.topic, found.partition): answer.result().offset for found, answer in asked.items()}
    if any(offset < 0 for offset in offsets.values()):
        # librdkafka leaves its "no offset" where a partition's leader did not answer.
        raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE, "a partition's leader did not answer"))
    return offsets
