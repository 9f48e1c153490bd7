"""Records of a file into Kafka, all or none, and once: the records and the mark that the file was taken are one transaction.

The mark's key is the hash of the file's content, on the compacted topic `edi.taken`. Whoever starts ends what was open before (the
transactional id fences), reads the marks to their end, and so knows of each file whether it was published, whatever happened to its
predecessor between the commit and the moving of the file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Self

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from streams.admin import connect
from streams.errors import ConfigurationError
from streams.hop import Output
from streams.metadata import find_topics
from streams.settings import Settings
from streams.topics import EDI_TAKEN

__all__ = ["PublishFailed", "Publisher", "RecordsRefused"]

_QUIET: Final = logging.getLogger(__name__ + ".client")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # What matters reaches us as an error or a delivery report.
_SECONDS: Final = 60.0
_FENCED: Final = frozenset({KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED})
_FOR_GOOD: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE, KafkaError.INVALID_RECORD})


class PublishFailed(Exception):
    """Kafka did not take a file. Nothing of it is there, or all: a new `Publisher` knows which."""


class RecordsRefused(Exception):
    """Kafka will not take a record of the file, however often it is tried. Nothing of the file is there."""


class Publisher:
    """A transactional producer and the marks of all files that were published. Use it as a context manager.

    `name` tells apart drops of one installation: two with the same name fence each other. Raises `BrokerUnreachable` when it is made and no
    broker answers, `ConfigurationError` where the topic of the marks is missing, `PublishFailed`.
    """

    def __init__(self, settings: Settings, name: str = "drop") -> None:
        self._settings = settings
        self._name = name
        self._topic = settings.topic(EDI_TAKEN)
        found = find_topics(connect(settings), [self._topic])
        if self._topic not in found:
            raise ConfigurationError(f"there is no topic {self._topic}: run milepost topics create")
        self._failures: list[KafkaError] = []
        self._producer = self._started()
        try:
            self.taken = self._marks()
        except KafkaException as error:
            raise PublishFailed(error.args[0].str()) from error

    def publish(self, records: Iterable[Output], digest: str, mark: dict[str, Any]) -> int:
        """Append all records and the mark of their file, and commit; how many records there were.

        Raises `PublishFailed`, `RecordsRefused`; `ConfigurationError` where another drop took over this one's name.
        """
        self._failures.clear()
        count = 0
        try:
            self._producer.begin_transaction()
            for record in records:
                self._produce(self._settings.topic(record.topic), record)
                count += 1
            self._produce(self._topic, Output(EDI_TAKEN, digest.encode(), orjson.dumps(mark | {"records": count})))
            self._producer.commit_transaction(_SECONDS)
        except KafkaException as error:
            if error.args[0].code() in _FENCED:
                name = f"another drop of this installation runs as {self._name!r}"
                raise ConfigurationError(f"{name}: stop it, or give each a --name of its own") from error
            self._producer.poll(0)
            self._abort()
            self._producer.poll(0)  # the last delivery reports
            for why in self._failures:
                if why.code() in _FOR_GOOD:
                    self._producer = self._started()  # the old one cannot count on after a refused batch
                    raise RecordsRefused(why.str()) from error
            raise PublishFailed(error.args[0].str()) from error
        except Exception:
            self._abort()
            raise
        self.taken.add(digest)
        return count

    def _started(self) -> Producer:
        """A producer, with what its predecessor left open aborted or committed. Raises `PublishFailed`."""
        conf: dict[str, Any] = {
            "transactional.id": f"{self._settings.app_id}-edi-{self._name}",
            "transaction.timeout.ms": 300_000,
            "partitioner": "murmur2_random",
            "compression.type": "lz4",
            "linger.ms": 5,
            "message.max.bytes": 64 << 20,
            "log_level": 3,
        }
        try:
            producer = Producer(self._settings.librdkafka(**conf), logger=_QUIET)
            producer.init_transactions(_SECONDS)
        except KafkaException as error:
            raise PublishFailed(error.args[0].str()) from error
        return producer

    def _abort(self) -> None:
        try:
            self._producer.abort_transaction(_SECONDS)
        except KafkaException as error:
            raise PublishFailed(error.args[0].str()) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._producer.purge()

    def _produce(self, topic: str, record: Output) -> None:
        while True:
            try:
                self._producer.produce(
                    topic, record.value, record.key, on_delivery=self._report, timestamp=record.timestamp, headers=list(record.headers)
                )
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(0.1)

    def _report(self, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            self._failures.append(error)

    def _marks(self) -> set[str]:
        """The digests of all files that were published, by any drop of this installation."""
        conf = {"group.id": f"{self._settings.app_id}-edi-marks", "enable.auto.commit": False, "isolation.level": "read_committed"}
        consumer = Consumer(self._settings.librdkafka(**conf, **{"auto.offset.reset": "earliest", "log_level": 3}), logger=_QUIET)
        try:
            partitions = consumer.list_topics(self._topic, timeout=_SECONDS).topics[self._topic].partitions
            ends: dict[int, int] = {}
            for number in partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(self._topic, number), timeout=_SECONDS)
                if high > low:
                    ends[number] = high
            found: set[str] = set()
            consumer.assign([TopicPartition(self._topic, number, 0) for number in ends])
            while ends:
                for message in consumer.consume(1_000, timeout=0.2):
                    if message.error() is not None:
                        raise KafkaException(message.error())
                    key = message.key()
                    if key is not None and message.value() is not None:
                        found.add(key.decode(errors="replace"))
                for position in consumer.position([TopicPartition(self._topic, number) for number in ends]):
                    # The last record of a transaction is its marker, which is never delivered: the position tells.
                    if position.offset >= ends[position.partition]:
                        del ends[position.partition]
            return found
        finally:
            consumer.close()
