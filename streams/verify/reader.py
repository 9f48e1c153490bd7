"""Read a topic as an independent consumer sees it: committed records only, from its beginning to a given end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.errors import MilepostError
from streams.hop import RawRecord
from streams.settings import READS_MUCH, Settings

__all__ = ["TopicReader"]

_AT_ONCE = 2_000
_POLL_SECONDS = 0.1
_PATIENCE = 600
"""Polls without anything new, a minute, before we give up."""


class TopicReader:
    """One topic. `starts` and `ends` are offsets by partition; a partition ends where the first offset at or after its end is reached.

    It belongs to no consumer group and commits nothing. Close it after use.
    """

    def __init__(self, settings: Settings, topic: str, starts: Mapping[int, int], ends: Mapping[int, int]) -> None:
        self._topic = topic
        self._starts = dict(starts)
        self._ends = dict(ends)
        self._positions = dict(starts)
        self._open = {partition for partition, end in ends.items() if end > starts[partition]}
        self._idle = 0
        self._consumer = Consumer(
            settings.librdkafka(
                **{
                    "group.id": f"{settings.app_id}-verify",
                    **READS_MUCH,
                    "enable.auto.offset.store": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "earliest",
                    "isolation.level": "read_committed",
                    "fetch.wait.max.ms": 20,
                    "queued.max.messages.kbytes": 2_048,
                    "log_level": 3,
                }
            )
        )
        name = settings.topic(topic)
        self._consumer.assign([TopicPartition(name, partition, self._starts[partition]) for partition in sorted(self._open)])

    @property
    def done(self) -> bool:
        """Whether every partition is read to its end."""
        return not self._open

    @property
    def total(self) -> int:
        """Offsets between beginning and end: records, and the markers and aborted records among them."""
        return sum(self._ends.values()) - sum(self._starts.values())

    @property
    def passed(self) -> int:
        """How many of `total` are behind us."""
        return sum(min(self._positions[partition], end) for partition, end in self._ends.items()) - sum(self._starts.values())

    @property
    def fraction(self) -> float:
        """How much is read, 0 to 1."""
        return 1.0 if self.done else self.passed / self.total

    def read(self) -> list[RawRecord]:
        """The next records, perhaps none. Raises `MilepostError` if nothing comes for a minute."""
        records: list[RawRecord] = []
        before = self.passed
        messages: list[Any] = self._consumer.consume(_AT_ONCE, _POLL_SECONDS)
        for message in messages:
            error = message.error()
            partition, offset = message.partition(), message.offset()
            if error is None:
                self._positions[partition] = offset + 1
                if offset < self._ends[partition]:
                    headers = tuple((name, value or b"") for name, value in message.headers() or ())
                    records.append(
                        RawRecord(self._topic, partition, offset, message.timestamp()[1], message.key(), message.value(), headers)
                    )
            elif error.code() == KafkaError._PARTITION_EOF:
                self._positions[partition] = max(offset, self._positions[partition])
            elif not error.retriable() and error.code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                raise KafkaException(error)
        self._open -= {partition for partition in self._open if self._positions[partition] >= self._ends[partition]}
        self._idle = self._idle + 1 if self.passed == before and not records else 0
        if self._idle > _PATIENCE:
            waiting = ", ".join(f"{partition}@{self._positions[partition]}" for partition in sorted(self._open))
            raise MilepostError(
                f"{self._topic} ({waiting}) cannot be read to its end: a transaction is open for long, or a broker is away; try again"
            )
        return records

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()
