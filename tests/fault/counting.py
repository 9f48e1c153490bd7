"""Topics, load and judgement for `counting_job`."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import orjson
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.settings import Settings
from streams.topics import changelog_topic, dead_letter_topic
from tests.fault.counting_job import COUNTED, EVENTS, HOPS, RAW, TAGGED

__all__ = ["Feeder", "Judgement", "judge", "make_topics"]


def make_topics(settings: Settings, partitions: int = 4, replication: int = 1) -> None:
    """Create every topic of the job."""
    names = [settings.topic(name) for name in (RAW, TAGGED, EVENTS, COUNTED)]
    names += [settings.topic(dead_letter_topic(name)) for name in (RAW, TAGGED, EVENTS)]
    topics = [NewTopic(name, partitions, replication) for name in names]
    topics += [
        NewTopic(changelog_topic(settings.app_id, hop.name), partitions, replication, config={"cleanup.policy": "compact"})
        for hop in HOPS
        if hop.codec is not None
    ]
    admin = AdminClient({"bootstrap.servers": settings.bootstrap})
    for made in admin.create_topics(topics).values():
        made.result()


class Feeder:
    """Writes numbered records of `references` references and `orders` orders to the raw topic, at a steady rate, until stopped."""

    def __init__(self, settings: Settings, rate: int, references: int = 2_000, orders: int = 500) -> None:
        self.sent = 0
        self.refused: list[str] = []
        """Why records were not taken."""
        self._settings = settings
        self._rate = rate
        self._references = references
        self._orders = orders
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> int:
        """Stop and return how many records were sent. All of them were taken, or this fails."""
        self._ending.set()
        self._thread.join()
        assert not self.refused, f"{len(self.refused)} of {self.sent} were not taken: {self.refused[0]}"
        return self.sent

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.refused.append(str(error))

    def _feed(self) -> None:
        producer = Producer(
            {"bootstrap.servers": self._settings.bootstrap, "enable.idempotence": True, "linger.ms": 5, "message.timeout.ms": 120_000}
        )
        topic = self._settings.topic(RAW)
        began = time.monotonic()
        while not self._ending.wait(0.01):
            due = int((time.monotonic() - began) * self._rate)
            while self.sent < due:
                number = self.sent
                event = {"seq": number, "order": f"order-{number % self._orders}"}
                try:
                    producer.produce(
                        topic, orjson.dumps(event), f"reference-{number % self._references}".encode(), on_delivery=self._delivered
                    )
                except BufferError:
                    break
                self.sent += 1
            producer.poll(0)
        if left := producer.flush(120):
            self.refused.append(f"{left} have no answer")


@dataclass
class Judgement:
    """What a read_committed reader found wrong with the output, if anything."""

    expected: int
    found: int = 0
    missing: int = 0
    repeated: int = 0
    broken: list[str] = field(default_factory=list)
    """Sequences with a hole, a repetition or a step back."""

    lost_after: dict[str, int] = field(default_factory=dict)
    """Missing records by the last topic that has them; not in RAW: never written."""

    @property
    def exact(self) -> bool:
        """Every record counted once, and every count right."""
        return not (self.missing or self.repeated or self.broken) and self.found == self.expected


def judge(settings: Settings, expected: int, seconds: float) -> Judgement:
    """Read the output until `expected` different records are there or `seconds` have passed, then to its end, and judge."""
    consumer = _reader(settings, COUNTED)
    seen: Counter[int] = Counter()
    counts: dict[str, int] = defaultdict(int)
    verdict = Judgement(expected)
    deadline = time.monotonic() + seconds
    quiet = 0
    while quiet < 4 and time.monotonic() < deadline + 5:
        messages = [message for message in consumer.consume(5_000, 0.5) if message.error() is None]
        # Records that should not be there would come after the last expected one, so look a little longer.
        quiet = quiet + 1 if not messages and (len(seen) >= expected or time.monotonic() > deadline) else 0
        for message in messages:
            event = json.loads(message.value() or b"")
            seen[event["seq"]] += 1
            key = event["order"]
            if event["count"] != counts[key] + 1 and len(verdict.broken) < 20:
                verdict.broken.append(f"{key}: {event['count']} after {counts[key]} (seq {event['seq']})")
            counts[key] = event["count"]
    consumer.close()
    verdict.found = sum(seen.values())
    verdict.missing = expected - len(seen)
    verdict.repeated = verdict.found - len(seen)
    if verdict.missing:
        verdict.lost_after = _last_seen(settings, set(range(expected)) - seen.keys())
    return verdict


def _last_seen(settings: Settings, missing: set[int]) -> dict[str, int]:
    found: dict[int, str] = dict.fromkeys(missing, "")
    for topic in (RAW, TAGGED, EVENTS):
        consumer = _reader(settings, topic)
        while messages := consumer.consume(5_000, 3):
            for message in messages:
                if message.error() is None and (number := json.loads(message.value() or b"")["seq"]) in missing:
                    found[number] = topic
        consumer.close()
    return dict(Counter(found.values()))


def _reader(settings: Settings, name: str) -> Consumer:
    consumer = Consumer(
        {
            "bootstrap.servers": settings.bootstrap,
            "group.id": f"judge-{time.time_ns()}",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    topic = settings.topic(name)
    partitions = consumer.list_topics(topic).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    return consumer
