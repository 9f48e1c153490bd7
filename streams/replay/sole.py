"""One job at a time works on the letters of a topic.

It is the only member of a consumer group that is named after the topic, under a fixed instance id, and its producer has a fixed
transactional id. Whoever finds a live member is refused; whoever takes over from a dead one fences it, should it not be dead after all: the
group refuses its offsets and the broker its transactions. So two jobs can never both settle a letter.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.engine.clients import client_settings
from streams.hop import RawRecord
from streams.replay.plan import ReplayRefused
from streams.settings import READS_MUCH, Settings

__all__ = ["SoleReader"]

log = logging.getLogger(__name__)

_AT_ONCE: Final = 1_000
_JOIN_SECONDS: Final = 30.0
_SESSION_MS: Final = 6_000
"""As short as brokers allow by default: so long a killed process of another machine keeps others away."""

_LIVING: Final[set[str]] = set()
"""Readers of this process."""

_LOOK_SECONDS: Final = 0.3
_GONE: Final = frozenset({KafkaError._FENCED, KafkaError.FENCED_INSTANCE_ID, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION})


class SoleReader:
    """Reads the letters of one topic from the beginning, as the only member of the topic's group. Use it as a context manager.

    Raises `ReplayRefused` where another process does so already.
    """

    def __init__(self, settings: Settings, topic: str, partitions: Sequence[int], stopped: threading.Event) -> None:
        self.name: Final = f"{settings.app_id}-replay-{topic}"
        """Group, instance id, and name of the transactions."""

        self.client_id: Final = f"{self.name}@{_here()}"
        self._settings = settings
        self._topic = topic
        self._physical = settings.topic(topic)
        self._partitions = list(partitions)
        self._stopped = stopped
        self._assigned = False
        self._lost = False
        self._early: list[Any] = []
        """What came while the group was joined."""

        self._consumer = Consumer(
            client_settings(
                settings,
                {
                    "group.id": self.name,
                    "group.instance.id": self.name,
                    "client.id": self.client_id,
                    "session.timeout.ms": _SESSION_MS,
                    **READS_MUCH,
                    "enable.auto.offset.store": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "earliest",
                    "isolation.level": "read_committed",
                    "fetch.wait.max.ms": 20,
                    "fetch.message.max.bytes": 8 << 20,
                    "queued.max.messages.kbytes": 32_768,
                },
            )
        )

    def __enter__(self) -> Self:
        _LIVING.add(self.client_id)
        try:
            self._await_absence()
            self._join()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def rival(self) -> str:
        """Where another live process is a member under our name; empty for nowhere."""
        for client in self._members():
            if client != self.client_id and not _is_dead(client):
                return client.rpartition("@")[2]
        return ""

    def read(self, most: int = _AT_ONCE, seconds: float = 0.2) -> tuple[list[RawRecord], dict[int, int]]:
        """The next records, and the ends that were reached: by partition the offset up to which nothing is left.

        Raises `ReplayRefused` once another process has taken over.
        """
        records: list[RawRecord] = []
        ends: dict[int, int] = {}
        messages, self._early = self._early, []
        messages += self._consumer.consume(most, 0.0 if messages else seconds)
        for message in messages:
            error = message.error()
            if error is None:
                headers = message.headers()  # A value may be None: whoever reads a letter minds that.
                at = message.partition(), message.offset(), message.timestamp()[1]
                records.append(RawRecord(self._topic, *at, message.key(), message.value(), tuple(headers) if headers else ()))
            elif error.code() == KafkaError._PARTITION_EOF:
                ends[message.partition()] = message.offset()
            elif error.code() in _GONE or error.fatal():
                self._lost = True
            elif not error.retriable() and error.code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                raise KafkaException(error)
        self.check()
        return records, ends

    def check(self) -> None:
        """Raises `ReplayRefused` once another process has taken over."""
        if self._lost:
            raise ReplayRefused(
                f"another process has begun to replay {self._topic}: this one has stopped, and what it settled stays settled"
            )

    def _end(self) -> None:
        # A member with an instance id stays in the group until its session ends: who comes next must see that it is nobody.
        self._consumer.close()
        _LIVING.discard(self.client_id)

    @property
    def membership(self) -> bytes:
        """The proof of membership that comes with a transaction's offsets."""
        proof: bytes = self._consumer.consumer_group_metadata()
        return proof

    def _await_absence(self) -> None:
        """A killed process stays a member for a session timeout, unless we can see that it does not live any more."""
        deadline = time.monotonic() + _SESSION_MS / 1000 + 2
        said = False
        while place := self.rival():
            if time.monotonic() > deadline:
                raise ReplayRefused(
                    f"{self._topic} is being replayed by {place} (machine:process): wait for it, or stop that process; it loses nothing"
                )
            if not said:
                log.warning("%s is still registered as being replayed by %s; waiting whether it lives", self._topic, place)
                said = True
            if self._stopped.wait(_LOOK_SECONDS):
                raise ReplayRefused("stopped before it began")

    def _members(self) -> list[str]:
        admin = AdminClient(client_settings(self._settings))
        deadline = time.monotonic() + _JOIN_SECONDS
        while True:
            try:
                described = admin.describe_consumer_groups([self.name], request_timeout=5)[self.name].result()
                return [str(member.client_id) for member in described.members]
            except KafkaException as failure:
                code = failure.args[0].code()
                if code == KafkaError.GROUP_ID_NOT_FOUND:
                    return []
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_SECONDS)

    def _join(self) -> None:
        def assigned(consumer: Any, partitions: list[TopicPartition]) -> None:
            got = {partition.partition for partition in partitions}
            self._lost = got != set(self._partitions)
            # Always from the beginning: which letters are open is said by the audit, not by how far somebody read once.
            consumer.assign([TopicPartition(self._physical, number, 0) for number in got])
            self._assigned = True

        def revoked(consumer: Any, partitions: list[TopicPartition]) -> None:
            self._lost = True

        self._consumer.subscribe([self._physical], on_assign=assigned, on_revoke=revoked, on_lost=revoked)
        deadline = time.monotonic() + _JOIN_SECONDS
        while not self._assigned:
            if time.monotonic() > deadline or self._stopped.is_set():
                raise ReplayRefused(f"the group {self.name} could not be joined within {_JOIN_SECONDS:.0f} s: is its coordinator away?")
            self._early += self._consumer.consume(1, 0.05)
        self.check()


def _here() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def _is_dead(client_id: str) -> bool:
    """Whether this member was a reader of this machine that does not live any more. Of other machines nobody can say."""
    host, pid, _ = [*client_id.rpartition("@")[2].split(":"), "", ""][:3]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return client_id not in _LIVING
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
