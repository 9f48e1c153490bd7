"""The workers' consumer group, looked at from outside."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.settings import Settings

__all__ = ["Group"]

_PATIENCE_SECONDS = 30
_ASK_AGAIN_SECONDS = 0.2
_PASSING = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._WAIT_COORD,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
    }
)


class Group:
    """Asks for committed offsets, and is no member: the workers do not notice. Use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # For a read_committed client the broker waits until offsets in a transaction are decided.
        conf = {"group.id": settings.app_id, "enable.auto.commit": False, "isolation.level": "read_committed", "log_level": 3}
        self._consumer = Consumer(settings.librdkafka(**conf))

    def committed(self, partitions: Mapping[str, int]) -> dict[tuple[str, int], int]:
        """The first offset that is not processed, of each partition of these topics (logical name and partition count); those of which
        nothing was processed are missing.

        A new broker takes a moment until it coordinates groups. Raises `KafkaException` if it does not answer within half a minute.
        """
        asked = [TopicPartition(self._settings.topic(topic), number) for topic, count in partitions.items() for number in range(count)]
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                found = self._consumer.committed(asked, timeout=5)
            except KafkaException as failure:
                error = failure.args[0]
                if time.monotonic() > deadline or error.code() not in _PASSING:
                    raise
                time.sleep(_ASK_AGAIN_SECONDS)
            else:
                return {(self._settings.logical(at.topic), at.partition): at.offset for at in found if at.offset >= 0}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._consumer.close()
