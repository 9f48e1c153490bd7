"""One installation of the pipeline on the run's broker, handled as its users handle it: environment, `milepost topics`, workers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import orjson
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Message, TopicPartition
from confluent_kafka.admin import OffsetSpec

from benchmarks.cluster import PARTITIONS, admin_client, delete_topics_of
from benchmarks.reader import CommittedReader, T
from benchmarks.worker import Worker
from streams.settings import Settings
from streams.topics import EVENTS, HOLDS, MILESTONES, RAW_TOPICS, REFERENCES, RELEASES, STATUS, TERMS

__all__ = ["OUTPUTS", "Installation", "installation"]

OUTPUTS = (MILESTONES, STATUS, RELEASES, HOLDS)
_SOURCES = (*RAW_TOPICS, TERMS, REFERENCES, EVENTS)
_WAIT_S = 30.0
_MARKERS = 10
"""More offsets than this at the end of a partition are surely not only markers."""


class Installation:
    """Topics with a prefix of their own, a data folder, and workers."""

    def __init__(self, bootstrap: str, scratch: Path) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"bench-{uuid.uuid4().hex[:8]}."
        self.folder = scratch / self.prefix.rstrip(".")
        self.folder.mkdir(parents=True)
        self.log = self.folder / "worker.log"
        """What all lives of the worker wrote."""

        self.environment = {
            "KAFKA_BOOTSTRAP": bootstrap,
            "MILEPOST_PREFIX": self.prefix,
            "MILEPOST_DATA": str(self.folder / "data"),
            "MILEPOST_PARTITIONS": str(PARTITIONS),
            "MILEPOST_METRICS_PORT": "0",
        }
        self.settings = Settings(bootstrap=bootstrap, prefix=self.prefix, data=self.folder / "data", partitions=PARTITIONS, metrics_port=0)
        made = _milepost(self.environment, "topics", "create")
        if made.returncode:
            raise RuntimeError(f"`milepost topics create` ended with {made.returncode}: {(made.stdout + made.stderr).strip()[-1500:]}")

    def worker(self) -> Worker:
        """Starts the installation's one worker; always the same, so that it finds its store and its place in the group again."""
        return Worker((sys.executable, "-m", "streams.worker"), self.log, self.environment)

    def reader(self, keep: Callable[[Message], T], topics: Iterable[str] = OUTPUTS) -> CommittedReader[T]:
        """A reader of what the pipeline says to the world."""
        return CommittedReader(self.bootstrap, [self.prefix + topic for topic in topics], keep)

    def lose_store(self) -> None:
        """Removes every local file of a stopped worker."""
        shutil.rmtree(self.folder / "data")

    def behind(self) -> dict[str, int]:
        """Source partitions that hold records which the group has not committed yet, and how many offsets lie between.

        Offsets behind the last record are left out: a transaction, committed or not, leaves a marker there that no group ever commits.
        """
        admin = admin_client(self.bootstrap)
        topics = {self.prefix + name for name in _SOURCES}
        places = [
            TopicPartition(name, partition)
            for name, topic in admin.list_topics(timeout=_WAIT_S).topics.items()
            if name in topics
            for partition in topic.partitions
        ]
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = admin.list_offsets(dict.fromkeys(places, latest))
        ends = {(place.topic, place.partition): answer.result().offset for place, answer in asked.items()}
        group = self.settings.app_id
        answer = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result()
        committed = {(p.topic, p.partition): p.offset for p in answer.topic_partitions}
        gaps = {place: (max(0, committed.get(place, 0)), end) for place, end in ends.items()}
        return {
            f"{topic}/{partition}@{start}": end - start
            for (topic, partition), (start, end) in gaps.items()
            # A gap of one is a marker. A wider one may be several, or records.
            if end - start > 1 and (end - start > _MARKERS or self._holds_records(topic, partition, start, end))
        }

    def _holds_records(self, topic: str, partition: int, start: int, end: int) -> bool:
        conf = {"group.id": "unused", "isolation.level": "read_committed", "enable.auto.commit": False, "enable.partition.eof": True}
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "log_level": 3, **conf})
        try:
            consumer.assign([TopicPartition(topic, partition, start)])
            while (message := consumer.poll(_WAIT_S)) is not None:
                if message.error() is None:
                    return True
                if (message.offset() or 0) >= end:
                    return False
            return True
        finally:
            consumer.close()

    def exact(self) -> str:
        """What `milepost verify` finds wrong, in a line; empty when that is nothing."""
        done = _milepost(self.environment, "verify", "--json")
        try:
            report = orjson.loads(done.stdout)
        except orjson.JSONDecodeError:
            return f"`milepost verify` ended with {done.returncode}: {done.stderr.strip()[-500:]}"
        if report["clean"]:
            return ""
        counts = [f"{report[kind]} {kind}" for kind in ("missing", "extra", "duplicate", "different", "disordered") if report[kind]]
        first = [f"first: {report['findings'][0]}"] if report["findings"] else []
        return "; ".join([*counts, *([] if report["complete"] else ["not everything was processed"]), *first])


@contextmanager
def installation(bootstrap: str, scratch: Path) -> Iterator[Installation]:
    """An installation that is removed afterwards, topics and data."""
    made = Installation(bootstrap, scratch)
    try:
        yield made
    finally:
        delete_topics_of(bootstrap, [made.prefix])
        shutil.rmtree(made.folder / "data", ignore_errors=True)


def _milepost(environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams.cli", *words]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
