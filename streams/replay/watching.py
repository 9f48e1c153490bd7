"""Looks whether what a job sent fails again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from streams.deadletter import headers as names
from streams.engine.clients import client_settings
from streams.engine.offsets import log_ends
from streams.replay.plan import ReplayRefused
from streams.settings import READS_MUCH, Settings
from streams.topics import REPLAYED
from streams.verify.group import Group

__all__ = ["Watch"]

_LOOK_SECONDS: Final = 0.1


class Watch:
    """Counts the letters that came back from a job, from where the dead-letter topic ended when the job began. A context manager."""

    def __init__(self, settings: Settings, topic: str, ends: Mapping[int, int], job_id: str) -> None:
        self.failed_again = 0
        self._settings = settings
        self._topic = settings.topic(topic)
        self._ends = dict(ends)
        self._job_id = job_id.encode()
        self._consumer = Consumer(
            client_settings(
                settings,
                {
                    "group.id": f"{settings.app_id}-replay-watch",
                    **READS_MUCH,
                    "enable.auto.offset.store": False,
                    "auto.offset.reset": "earliest",
                    "isolation.level": "read_committed",
                    "fetch.wait.max.ms": 50,
                    "queued.max.messages.kbytes": 4_096,
                },
            )
        )
        self._consumer.assign([TopicPartition(self._topic, number, end) for number, end in ends.items()])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._consumer.close()

    def look(self, seconds: float = 0.0) -> int:
        """How many have come back so far; waits up to `seconds` for the first."""
        while messages := self._consumer.consume(500, seconds):
            for message in messages:
                if message.error() is None and (names.REPLAY_ID, self._job_id) in (message.headers() or ()):
                    self.failed_again += 1
            seconds = 0.0
        return self.failed_again

    def await_workers(self, targets: set[str], seconds: float) -> bool:
        """Wait until the workers have read all of the target topics (logical names), and what came of it is counted.

        False if they had not after `seconds`: then nobody reads, or they are far behind.
        """
        deadline = time.monotonic() + seconds
        read = {*targets, *(source for target in targets if (source := REPLAYED.get(target, "")).startswith("shipment."))}
        with Group(self._settings) as group:
            while True:
                if self._all_read(group, read):
                    self._look_to_the_end(deadline)
                    return True
                if time.monotonic() > deadline:
                    self.look()
                    return False
                self.look(_LOOK_SECONDS)

    def _all_read(self, group: Group, topics: set[str]) -> bool:
        for topic in topics:
            ends = log_ends(self._settings, [(self._settings.topic(topic), number) for number in self._numbers(topic)])
            committed = group.committed({topic: len(ends)})
            for (_, number), (first, end) in ends.items():
                # The last offset may be that of a transaction's marker, which nobody commits.
                if end > first and committed.get((topic, number), 0) < end - 1:
                    return False
        return True

    def _look_to_the_end(self, deadline: float) -> None:
        ends = log_ends(self._settings, [(self._topic, number) for number in self._ends])
        wanted = {number: end for (_, number), (_, end) in ends.items() if end > self._ends[number]}
        while time.monotonic() < deadline + 2:
            self.look(_LOOK_SECONDS)
            at = {place.partition: place.offset for place in self._consumer.position([TopicPartition(self._topic, n) for n in wanted])}
            if all(at[number] >= end - 1 for number, end in wanted.items() if at[number] != OFFSET_END):
                return

    def _numbers(self, topic: str) -> list[int]:
        described: Any = self._consumer.list_topics(self._settings.topic(topic), timeout=10).topics[self._settings.topic(topic)]
        if described.error is not None:
            raise ReplayRefused(f"there is no topic {self._settings.topic(topic)}: run `milepost topics create`")
        return list(described.partitions)
