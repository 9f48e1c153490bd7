"""Input for a worker: a backlog that appears all at once, and a feed that is appended at a steady rate."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from confluent_kafka import KafkaException, Producer

from streams.hop import Output

__all__ = ["Backlog", "SteadyFeed"]

_WAIT_S = 60.0
_FULL_WAIT_S = 0.1


def _producer(bootstrap: str, **more: Any) -> Producer:
    conf = {
        "bootstrap.servers": bootstrap,
        "compression.type": "lz4",
        "partitioner": "murmur2_random",
        "queue.buffering.max.messages": 1_000_000,
        "message.max.bytes": 10_000_000,  # The day holds a record that is too large for the pipeline.
        "log_level": 3,
    }
    return Producer(conf | more)


def _produce(producer: Producer, prefix: str, record: Output, on_delivery: Any = None) -> None:
    more: dict[str, Any] = {"timestamp": record.timestamp} if record.timestamp else {}
    if record.partition >= 0:
        more["partition"] = record.partition
    while True:
        try:
            producer.produce(
                prefix + record.topic, key=record.key, value=record.value, headers=list(record.headers), on_delivery=on_delivery, **more
            )
            return
        except BufferError:
            producer.poll(_FULL_WAIT_S)


class Backlog:
    """Appends records inside a Kafka transaction, so that a read_committed worker sees them all at the moment it commits.

    So a worker can be started, take its partitions and fall idle before its work begins, and the work's first moment is known exactly.
    Every record is on the broker by then: appending costs nothing while a worker is measured. `prefix` goes before each topic.
    """

    def __init__(self, bootstrap: str, prefix: str = "") -> None:
        self._prefix = prefix
        self._producer = _producer(
            bootstrap, **{"transactional.id": f"backlog-{uuid.uuid4()}", "transaction.timeout.ms": 600_000, "linger.ms": 20}
        )
        self._producer.init_transactions(_WAIT_S)

    def append(self, records: Iterable[Output]) -> None:
        """Appends records; a read_committed consumer does not see them yet."""
        self._producer.begin_transaction()
        for number, record in enumerate(records):
            _produce(self._producer, self._prefix, record)
            if number % 1_000 == 0:
                self._producer.poll(0)
        left = self._producer.flush(_WAIT_S)
        if left:
            raise RuntimeError(f"{left} records could not be appended: is the broker up?")

    def release(self) -> float:
        """Makes what was appended visible; returns the moment just before (`perf_counter`)."""
        moment = time.perf_counter()
        self._producer.commit_transaction(_WAIT_S)
        return moment


class SteadyFeed:
    """Appends records at `rate` a second in a thread, while it is a context; notes when it appended each.

    The moment is that of handing the record to the producer (linger 1 ms), before any of the broker's time.
    """

    def __init__(self, bootstrap: str, prefix: str, records: Sequence[Output], rate: float) -> None:
        self._prefix = prefix
        self._records = records
        self._rate = rate
        self._producer = _producer(bootstrap, **{"linger.ms": 1, "enable.idempotence": True})
        self._stopping = threading.Event()
        self._failed: list[str] = []
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self.appended_at: list[float] = []
        """`perf_counter` of each record, in order."""

        self.behind_s = 0.0
        """How late the feed was at worst: well below the latencies measured, or they are not those of this rate."""

    def __enter__(self) -> SteadyFeed:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        self._thread.join()
        if kind is None and self._failed:
            raise RuntimeError(f"{len(self._failed)} records could not be appended: {self._failed[0]}")

    @property
    def done(self) -> bool:
        """Whether every record was appended."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        began = time.perf_counter()
        for number, record in enumerate(self._records):
            planned = began + number / self._rate
            while (wait := planned - time.perf_counter()) > 0:
                self._producer.poll(0)
                if self._stopping.wait(min(wait, 0.005)):
                    break
            if self._stopping.is_set():
                break
            now = time.perf_counter()
            self.behind_s = max(self.behind_s, now - planned)
            self.appended_at.append(now)
            _produce(self._producer, self._prefix, record, self._delivered)
        self._producer.flush(_WAIT_S)

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failed.append(str(KafkaException(error)))
