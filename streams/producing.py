"""Send records to the cluster as an ordinary producer does: each once, in order, outside any transaction."""

from __future__ import annotations

import logging
from collections import Counter
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import KafkaException, Producer

from streams.admin import connect
from streams.hop import Output
from streams.metadata import find_topics
from streams.settings import Settings

__all__ = ["Sender"]

_QUIET: Final = logging.getLogger(__name__ + ".client")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # What matters reaches us as an error or a delivery report.


class Sender:
    """An idempotent producer (acks from all in-sync replicas). Use it as a context manager: leaving it waits until all is delivered.

    Raises `BrokerUnreachable` when it is made and no broker answers.
    """

    def __init__(self, settings: Settings) -> None:
        self._physical = settings.topic
        self._admin = connect(settings)
        self._known: dict[str, bool] = {}
        conf: dict[str, Any] = {
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "compression.type": "lz4",
            "linger.ms": 5,
            "message.max.bytes": 64 << 20,
            # A broker refuses whole batches: a record that is too large for it should go alone.
            "batch.size": 64 << 10,
            "queue.buffering.max.messages": 200_000,
            "log_level": 3,
        }
        self._producer = Producer(settings.librdkafka(**conf), logger=_QUIET)
        self.sent: Counter[str] = Counter()
        """Records handed over, by logical topic."""

        self.failures: Counter[str] = Counter()
        """Records that were not delivered, by the broker's reason."""

    def knows(self, topic: str) -> bool:
        """Whether the cluster has this topic (logical name)."""
        known = self._known.get(topic)
        if known is None:
            known = self._known[topic] = bool(find_topics(self._admin, [self._physical(topic)]))
        return known

    def send(self, record: Output) -> None:
        """Hand a record over; waits while too many are under way. A timestamp of 0 means now; a partition below 0, by key."""
        while True:
            try:
                self._producer.produce(
                    self._physical(record.topic),
                    record.value,
                    record.key,
                    record.partition if record.partition >= 0 else -1,
                    self._report,
                    timestamp=record.timestamp,
                    headers=list(record.headers),
                )
                break
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:  # larger than librdkafka itself takes
                self.failures[error.args[0].str()] += 1
                return
        self.sent[record.topic] += 1
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until the broker has answered for every record."""
        while self._producer.flush(1.0):
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None or isinstance(error, Exception):
            self.flush()

    def _report(self, error: Any, message: Any) -> None:
        if error is not None:
            self.failures[error.str()] += 1
