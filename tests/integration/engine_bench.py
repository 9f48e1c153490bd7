"""Start a worker of `engine_job`, feed it, and read what it committed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.processes import bound_to_parent
from streams.settings import Settings
from streams.topics import changelog_topic, dead_letter_topic
from tests.fault.chaos import WorkerProcess
from tests.integration.engine_job import COPIED, COUNTED, ORDERS, WIDE

COMPACT = {"cleanup.policy": "compact"}


class Bench:
    """One installation of `engine_job` on a real broker."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self._folder = folder
        self._admin = AdminClient({"bootstrap.servers": settings.bootstrap})
        self._producer = Producer({"bootstrap.servers": settings.bootstrap, "partitioner": "murmur2_random", "linger.ms": 1})

    def make_topics(self, partitions: int = 4, config: dict[str, dict[str, str]] | None = None, without: Sequence[str] = ()) -> None:
        """Every topic of the job, but `without`; `config` by logical name, `changelog` among them."""
        config = config or {}
        names = (ORDERS, COUNTED, WIDE, COPIED, dead_letter_topic(ORDERS), dead_letter_topic(WIDE))
        topics = [NewTopic(self.settings.topic(name), partitions, 1, config=config.get(name, {})) for name in names if name not in without]
        if "changelog" not in without:
            topics.append(NewTopic(self.changelog, partitions, 1, config=config.get("changelog", COMPACT)))
        for made in self._admin.create_topics(topics).values():
            made.result()

    @property
    def changelog(self) -> str:
        return changelog_topic(self.settings.app_id, "bench")

    def worker(self, name: str = "0", **environment: str) -> WorkerProcess:
        """A worker that is not started yet; its log is `worker-<name>.log`."""
        values = {
            "KAFKA_BOOTSTRAP": self.settings.bootstrap,
            "MILEPOST_PREFIX": self.settings.prefix,
            "MILEPOST_DATA": str(self.settings.data),
            "MILEPOST_WORKER": name,
            "MILEPOST_SWEEP_INTERVAL_MS": "50",
            "MILEPOST_SESSION_TIMEOUT_MS": "6000",
            "MILEPOST_TRANSACTION_TIMEOUT_MS": "5000",
        }
        command = bound_to_parent([sys.executable, "-m", "tests.integration.engine_job"])
        return WorkerProcess(command, os.environ | values | environment, self._folder / f"worker-{name}.log")

    def send(self, records: Iterable[tuple[str, dict[str, Any]]], topic: str = ORDERS, **more: Any) -> None:
        """Append records, in order, and wait until they are in the log."""
        for key, said in records:
            self._producer.produce(self.settings.topic(topic), orjson.dumps(said), key.encode(), **more)
        assert self._producer.flush(30) == 0

    def read(self, topic: str = COUNTED, count: int = 0, seconds: float = 30, *, longer: float = 0.5) -> list[Message]:
        """Committed records of a topic: at least `count` (or AssertionError), and whatever comes `longer` after them."""
        return read_committed(self.settings.bootstrap, self.settings.topic(topic), count, seconds, longer)

    def answers(self, count: int, **more: Any) -> list[tuple[str, Any]]:
        """Key and parsed value of the records of `counted`."""
        return [((message.key() or b"").decode(), orjson.loads(message.value() or b"null")) for message in self.read(count=count, **more)]

    def committed(self, topic: str = ORDERS) -> dict[int, int]:
        """The group's offsets, by partition."""
        consumer = Consumer({"bootstrap.servers": self.settings.bootstrap, "group.id": self.settings.app_id})
        partitions = consumer.list_topics(self.settings.topic(topic)).topics[self.settings.topic(topic)].partitions
        found = consumer.committed([TopicPartition(self.settings.topic(topic), number) for number in partitions], timeout=10)
        consumer.close()
        return {each.partition: each.offset for each in found}


def read_committed(bootstrap: str, topic: str, count: int, seconds: float, longer: float) -> list[Message]:
    """From the beginning of every partition, as a consumer with isolation level read_committed sees it."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": f"reader-{time.time_ns()}", "isolation.level": "read_committed",
         "enable.auto.commit": False, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 20}
    )  # fmt: skip
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    found: list[Message] = []
    deadline = time.monotonic() + seconds
    last = time.monotonic()
    while len(found) < count or time.monotonic() - last < longer:
        message = consumer.poll(0.05)
        if message is not None and message.error() is None:
            found.append(message)
            last = time.monotonic()
        assert len(found) >= count or time.monotonic() < deadline, f"{len(found)} of {count} records in {topic} after {seconds} s"
    consumer.close()
    return found
