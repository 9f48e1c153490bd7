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

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from streams.engine.clients import client_settings
from streams.settings import Settings

__all__ = ["log_ends", "start_of"]

log = logging.getLogger(__name__)

_SAY_EVERY_SECONDS = 10.0


def start_of(settings: Settings, partitions: Collection[tuple[str, int]], cancelled: threading.Event) -> dict[tuple[str, int], int]:
    """The first offset to read of each source partition; the log's beginning where the group has committed nothing.

    Blocks: waits out broker outages and open transactions. Empty once `cancelled`.
    """
    said = time.monotonic()
    while not cancelled.is_set():
        try:
            ends = log_ends(settings, partitions)
            return {partition: _start(*partition, offset, *ends[partition]) for partition, offset in _stable(settings, partitions).items()}
        except KafkaException as failure:
            if time.monotonic() - said > _SAY_EVERY_SECONDS:
                log.warning("the group's committed offsets cannot be read yet (%s); trying again", failure.args[0].name())
                said = time.monotonic()
            cancelled.wait(0.02)
    return {}


def _stable(settings: Settings, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    # isolation.level makes librdkafka require stable offsets.
    client = Consumer(client_settings(settings, {"group.id": settings.app_id, "isolation.level": "read_committed"}))
    try:
        answers = client.committed([TopicPartition(topic, number) for topic, number in partitions], timeout=5)
    finally:
        client.close()
    for answer in answers:
        if answer.error is not None:
            raise KafkaException(answer.error)
    return {(answer.topic, answer.partition): answer.offset for answer in answers}


def _start(topic: str, number: int, committed: int, first: int, last: int) -> int:
    if committed < 0:
        return first
    if committed < first:
        log.error("%s/%d: records %d to %d were deleted by retention before they were read", topic, number, committed, first - 1)
        return first
    if committed > last:
        log.error(
            "%s/%d: the group stands at offset %d, but the log ends at %d: the topic was made anew, and is read from its beginning",
            topic, number, committed, last,
        )  # fmt: skip
        return first
    return committed


def log_ends(settings: Settings, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, int]]:
    """The first offset of each partition and the one after the last, which lies behind the records of transactions that are still open.

    Raises KafkaException if one of them cannot be had now. (librdkafka's admin client has a call for it, which in an outage has been seen to
    end the process on an assertion, and to leave out a partition whose leader did not answer.)
    """
    # A read_committed client is told of the end of what is stable.
    client = Consumer(client_settings(settings, {"group.id": "unused", "isolation.level": "read_uncommitted"}))
    try:
        first, last = (_asked(client, partitions, which) for which in (OFFSET_BEGINNING, OFFSET_END))
    finally:
        client.close()
    return {partition: (first[partition], last[partition]) for partition in first}


def _asked(client: Consumer, partitions: Collection[tuple[str, int]], which: int) -> dict[tuple[str, int], int]:
    answers = client.offsets_for_times([TopicPartition(topic, number, which) for topic, number in partitions], timeout=5)
    for answer in answers:
        if answer.error is not None:
            raise KafkaException(answer.error)
        if answer.offset < 0:
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
    return {(answer.topic, answer.partition): answer.offset for answer in answers}
