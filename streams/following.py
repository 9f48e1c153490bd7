"""Follow topics as an ordinary consumer does: committed records only, outside any consumer group."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from streams.admin import connect
from streams.errors import ConfigurationError
from streams.hop import RawRecord
from streams.metadata import find_topics
from streams.settings import READS_MUCH, Settings

__all__ = ["Follower"]

_AT_ONCE: Final = 2_000
_AWAY: Final = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT})


class Follower:
    """Reads topics (logical names) from now on, or from their beginning, and commits nothing. Use it as a context manager.

    Raises `BrokerUnreachable`, and `ConfigurationError` if a topic is missing. A broker that goes away later is waited for.
    """

    def __init__(self, settings: Settings, topics: Iterable[str], *, from_start: bool = False) -> None:
        self._logical = settings.logical
        names = [settings.topic(topic) for topic in topics]
        existing = find_topics(connect(settings), names)
        start = OFFSET_BEGINNING if from_start else OFFSET_END
        partitions = []
        for name in names:
            if name not in existing:
                raise ConfigurationError(f"there is no topic {name}: check its name and MILEPOST_PREFIX, or run `milepost topics create`")
            partitions += [TopicPartition(name, partition, start) for partition in existing[name].partitions]
        self._consumer = Consumer(
            settings.librdkafka(
                **{
                    "group.id": f"{settings.app_id}-follower",
                    **READS_MUCH,
                    "auto.offset.reset": "earliest",
                    "isolation.level": "read_committed",
                    "fetch.wait.max.ms": 50,
                    "queued.max.messages.kbytes": 16_384,
                    "log_level": 3,
                }
            )
        )
        self._consumer.assign(partitions)

    def read(self, seconds: float = 0.2) -> list[RawRecord]:
        """What has come, topics by logical name; waits up to `seconds` for the first record."""
        records = []
        messages: list[Any] = self._consumer.consume(_AT_ONCE, seconds)
        for message in messages:
            error = message.error()
            if error is None:
                headers = tuple((name, value or b"") for name, value in message.headers() or ())
                records.append(
                    RawRecord(
                        self._logical(message.topic()),
                        message.partition(),
                        message.offset(),
                        message.timestamp()[1],
                        message.key(),
                        message.value(),
                        headers,
                    )
                )
            elif not error.retriable() and error.code() not in _AWAY:
                raise KafkaException(error)
        return records

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._consumer.close()
