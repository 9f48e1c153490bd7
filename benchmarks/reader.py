"""An independent read_committed reader of output topics: when records became visible, and what they were.

It decodes nothing while a worker is measured: it keeps what `keep` takes from a message, and when, because on a small machine its own
CPU would be taken from the worker.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Generic, TypeVar

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

__all__ = ["CommittedReader"]

_POLL_S = 0.05
_CHECK_S = 0.2
_META_S = 30.0

T = TypeVar("T")


class CommittedReader(Generic[T]):
    """Reads every partition of `topics` from the beginning; a context manager."""

    def __init__(self, bootstrap: str, topics: Iterable[str], keep: Callable[[Message], T]) -> None:
        self.kept: list[T] = []
        """What was kept of each committed record; records of a partition are in order."""
        self.last_at = 0.0
        """`perf_counter` when the newest of them was seen."""
        self._keep = keep
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"reader-{uuid.uuid4()}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
                "queued.max.messages.kbytes": 65536,
                "fetch.queue.backoff.ms": 10,
                "log_level": 3,
            }
        )
        places = []
        for topic in topics:
            partitions = self._consumer.list_topics(topic, _META_S).topics[topic].partitions
            places += [TopicPartition(topic, partition, 0) for partition in partitions]
        self._consumer.assign(places)

    def __enter__(self) -> CommittedReader[T]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._consumer.close()

    def until(self, total: int, timeout_s: float, alive: Callable[[], None]) -> float:
        """Reads until `total` records have been seen in all, and returns the moment of the last one (`perf_counter`).

        `alive` is called a few times a second and may raise to end the wait. Raises TimeoutError when too few arrive in time.
        """
        end = time.perf_counter() + timeout_s
        checked = 0.0
        while len(self.kept) < total:
            self.poll()
            now = time.perf_counter()
            if now > end:
                raise TimeoutError(f"{len(self.kept)} of {total} records in {timeout_s:.0f} s")
            if now - checked > _CHECK_S:
                alive()
                checked = now
        return self.last_at

    def drain(self, quiet_s: float = 1.0) -> float:
        """Reads on until nothing has come for `quiet_s`; returns the moment of the last record (0 if there was none at all)."""
        began = time.perf_counter()
        while self.poll() or time.perf_counter() - max(began, self.last_at) < quiet_s:
            pass
        return self.last_at

    def poll(self, wait_s: float = _POLL_S) -> int:
        """Reads what is there, waiting at most `wait_s` for the first; returns how many records came."""
        messages = self._consumer.consume(10_000, wait_s)
        for message in messages:
            error = message.error()
            if error:
                raise KafkaException(error)
        if messages:
            self.kept.extend(map(self._keep, messages))
            self.last_at = time.perf_counter()
        return len(messages)
