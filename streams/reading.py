"""Read topics as they are now, from their beginning to their end: committed records only, outside any consumer group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from streams.admin import connect
from streams.errors import ConfigurationError, MilepostError
from streams.hop import RawRecord
from streams.metadata import find_topics
from streams.settings import READS_MUCH, Settings

__all__ = ["Progress", "read_records"]

_AT_ONCE: Final = 1_000
_PATIENCE: Final = 60
"""Seconds without anything new before we give up."""

Progress = Callable[[int, int], None]
"""Told the records read so far, and how many offsets there are."""


def read_records(settings: Settings, topics: Iterable[str], progress: Progress | None = None) -> Iterator[RawRecord]:
    """All committed records of topics (logical names) that are there now, all partitions at once; commits nothing.

    Raises `BrokerUnreachable`, `ConfigurationError` if a topic is missing, and `MilepostError` if nothing comes for a minute.
    """
    names = {settings.topic(topic): topic for topic in topics}
    existing = find_topics(connect(settings), names)
    missing = sorted(names.keys() - existing.keys())
    if missing:
        raise ConfigurationError(f"there is no topic {', '.join(missing)}: check MILEPOST_PREFIX, or run `milepost topics create`")
    partitions = [TopicPartition(name, number, OFFSET_BEGINNING) for name in names for number in existing[name].partitions]
    consumer = Consumer(
        settings.librdkafka(
            **{
                "group.id": f"{settings.app_id}-dlq",
                **READS_MUCH,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
                "queued.max.messages.kbytes": 65_536,
                "log_level": 3,
            }
        )
    )
    try:
        yield from _read(consumer, names, partitions, progress)
    finally:
        consumer.close()


def _read(consumer: Any, names: dict[str, str], partitions: list[TopicPartition], progress: Progress | None) -> Iterator[RawRecord]:
    total = 0
    if progress is not None:
        for partition in partitions:
            low, high = consumer.get_watermark_offsets(partition, timeout=20)
            total += high - low
    unread = {(partition.topic, partition.partition) for partition in partitions}
    consumer.assign(partitions)
    read = quiet = 0
    while unread:
        messages = consumer.consume(_AT_ONCE, 1.0 if quiet else 0.05)
        quiet = 0 if messages else quiet + 1
        if quiet > _PATIENCE:
            raise MilepostError(f"nothing more of {len(unread)} partitions came for {_PATIENCE} s: look at the brokers, then try again")
        for message in messages:
            error = message.error()
            if error is None:
                read += 1
                yield RawRecord(
                    names[message.topic()],
                    message.partition(),
                    message.offset(),
                    message.timestamp()[1],
                    message.key(),
                    message.value(),
                    message.headers() or (),
                )
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard((message.topic(), message.partition()))
            elif not error.retriable() and error.code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT):
                raise KafkaException(error)
        if progress is not None:
            progress(read, total)
