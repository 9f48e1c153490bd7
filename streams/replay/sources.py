"""What the broker has to say about a letter: whether its target will keep it, and the bytes of a pointer."""

from __future__ import annotations

import time
from hashlib import sha256
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, ResourceType

from streams.admin import connect
from streams.deadletter.letter import Letter
from streams.engine.clients import client_settings
from streams.metadata import find_topics
from streams.replay.plan import Plan, ReplayRefused
from streams.settings import Settings
from streams.topics import EVENTS, REFERENCES, REPLAYED

__all__ = ["Sources"]

_FETCH_SECONDS: Final = 10.0
_MARGIN_MS: Final = 3_600_000
"""A record so close to the end of its retention counts as too old."""


class Sources:
    """Asks once a topic. A context manager."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self._settings = settings
        self._topic = plan.topic
        self._partitions: dict[str, int] = {}
        self._kept_ms: dict[str, int] = {}
        self._reader: Consumer | None = None
        if plan.target:
            self._ask(plan.target)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._reader is not None:
            self._reader.close()

    def check(self, target: str, letter: Letter) -> None:
        """Raises `ReplayRefused` where the target has no partition of the source's number."""
        if not target:
            return
        number = letter.partition if letter.source_partition is None else letter.source_partition
        self._ask(target)
        if number >= self._partitions[target]:
            raise ReplayRefused(
                f"{target} has {self._partitions[target]} partitions, and {letter.coordinates} belongs into number {number}: its order "
                f"among others of its key would be lost; give {target} as many partitions as {letter.source_topic or letter.topic}"
            )

    def too_old(self, letter: Letter, target: str) -> bool:
        """Whether the target's retention could remove the record, which keeps its timestamp, before anybody has read it."""
        beyond = REPLAYED.get(target, "")
        for topic in (target, beyond) if beyond in (REFERENCES, EVENTS) else (target,):
            self._ask(topic)
            kept = self._kept_ms[topic]
            if 0 <= kept < time.time() * 1000 - letter.timestamp + _MARGIN_MS:
                return True
        return False

    def bytes_of(self, letter: Letter) -> bytes | None:
        """The bytes that a pointer points at; None if they are not there any more, or are others."""
        if letter.source_partition is None or letter.source_offset is None:
            return None
        if self._reader is None:
            conf = {"group.id": f"{self._settings.app_id}-replay-sources", "enable.auto.commit": False, "auto.offset.reset": "error"}
            more = {"isolation.level": "read_uncommitted", "fetch.message.max.bytes": 64 << 20, "receive.message.max.bytes": 256 << 20}
            self._reader = Consumer(client_settings(self._settings, conf | more))
        name = self._settings.topic(letter.source_topic)
        self._reader.assign([TopicPartition(name, letter.source_partition, letter.source_offset)])
        deadline = time.monotonic() + _FETCH_SECONDS
        while time.monotonic() < deadline:
            message: Any = self._reader.poll(0.2)
            if message is None:
                continue
            error = message.error()
            if error is not None:
                if error.retriable() or error.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                    continue
                return None
            value: bytes | None = message.value()
            same = message.offset() == letter.source_offset and value is not None
            return value if same and sha256(value or b"").hexdigest() == letter.value_sha256 else None
        return None

    def _ask(self, topic: str) -> None:
        if topic in self._partitions:
            return
        name = self._settings.topic(topic)
        admin = connect(self._settings)
        found = find_topics(admin, [name])
        if name not in found:
            raise ReplayRefused(f"there is no topic {name}: check its name and MILEPOST_PREFIX, or run `milepost topics create`")
        [answer] = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name)]).values()
        try:
            config = answer.result()
        except KafkaException as failure:
            raise ReplayRefused(f"the settings of {name} cannot be read ({failure.args[0].name()}): grant DescribeConfigs") from failure
        self._partitions[topic] = len(found[name].partitions)
        deleted = "delete" in config["cleanup.policy"].value
        self._kept_ms[topic] = int(config["retention.ms"].value) if deleted else -1
