"""The topics of a cluster: made as `streams.topics` wants them, and compared with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from streams.errors import BrokerUnreachable, MilepostError
from streams.settings import Settings
from streams.topics import CATALOGUE, RAW_TOPICS, REPLAYED, Topic, dead_letter_topic, wanted_topics

__all__ = ["Created", "Difference", "check_topics", "connect", "create_topics", "topic_config"]

_HEARD_BY_ALL_SECONDS = 2.0
"""After so long each node knows of a topic that was just made or deleted; until then one that is not listed may yet be new."""

_HEADERS_OF_A_DEAD_LETTER = 64 * 1024
"""A dead letter is its record plus headers that say what happened, and so is its replay; at most this many bytes of them."""

_QUIET = logging.getLogger(__name__ + ".client")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # Our own errors say it in one line; librdkafka would repeat it every second.


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing about one topic that is not as wanted. `found` is empty if the topic is missing."""

    topic: str
    what: str
    """`topic`, `partitions`, `replication`, or the name of a topic setting."""

    wanted: str
    found: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        if not self.found:
            return f"{self.topic}: missing; {self.remedy}"
        return f"{self.topic}: {self.what} is {self.found}, wanted {self.wanted}; {self.remedy}"


@dataclass(slots=True)
class Created:
    """What `create_topics` did, and what it left because changing it is somebody's decision."""

    created: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def connect(settings: Settings, seconds: float = 5) -> AdminClient:
    """An admin client of a cluster that answers. Raises `BrokerUnreachable`."""
    admin = AdminClient(settings.librdkafka(**{"socket.connection.setup.timeout.ms": 5_000}), logger=_QUIET)
    try:
        admin.list_topics(timeout=seconds)
    except KafkaException as error:
        raise BrokerUnreachable(
            f"no Kafka answers at {settings.bootstrap} ({error.args[0].str()}): start one with `milepost dev up`, or set KAFKA_BOOTSTRAP"
        ) from error
    return admin


def create_topics(settings: Settings, *, alter: bool = False) -> Created:
    """Create every topic that is missing. What exists stays as it is, unless `alter`: then the settings of our own topics
    (cleanup, retention, in-sync replicas, largest message) are set as wanted. Partitions, replicas and topics of producers are
    never changed.

    Raises `BrokerUnreachable`, and `MilepostError` if the cluster refuses a topic.
    """
    admin = connect(settings)
    outcome = Created()
    existing = _describe(admin)
    _create(admin, settings, [t for t in wanted_topics(settings) if t.name not in existing and not _follows(settings, t)], outcome)
    # Topics of dead letters and of their replays follow their source's partitions and size limit, so the sources come first.
    existing = _describe(admin)
    _create(admin, settings, [t for t in wanted_topics(settings) if t.name not in existing], outcome)
    outcome.differences = _differences(admin, settings)
    if alter:
        _alter(admin, settings, outcome)
    return outcome


def check_topics(settings: Settings) -> list[Difference]:
    """What about this installation's topics is not as wanted; changes nothing. Raises `BrokerUnreachable`."""
    return _differences(connect(settings), settings)


def topic_config(topic: Topic, settings: Settings) -> dict[str, str]:
    """Kafka's topic-level settings for a topic, apart from those that depend on another topic."""
    config = {
        "cleanup.policy": topic.cleanup.value,
        "retention.ms": str(topic.retention_ms),
        "min.insync.replicas": str(settings.min_insync),
    }
    return config | {"message.timestamp.type": "LogAppendTime"} if topic.stamped_by_broker else config


def _create(admin: AdminClient, settings: Settings, topics: Iterable[Topic], outcome: Created) -> None:
    described = _describe(admin)
    new = [
        NewTopic(
            topic.name,
            num_partitions=_partitions(topic, settings, described),
            replication_factor=settings.replication,
            config=_config(admin, topic, settings, described),
        )
        for topic in topics
    ]
    if not new:
        return
    for name, future in admin.create_topics(new, operation_timeout=30).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # Somebody else creates the same topics: fine.
                raise MilepostError(f"topic {name} could not be created: {error.args[0].str()}") from error
        else:
            outcome.created.append(name)
    _await_leaders(admin, [topic.topic for topic in new])


def _await_leaders(admin: AdminClient, names: list[str], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        found = _describe(admin)
        if all(name in found and all(p.leader >= 0 for p in found[name].partitions.values()) for name in names):
            return
        if time.monotonic() > deadline:
            raise MilepostError(f"the new topics have no leaders after {seconds:.0f} s: look at the brokers' logs")
        time.sleep(0.05)


def _alter(admin: AdminClient, settings: Settings, outcome: Created) -> None:
    ours = {difference for difference in outcome.differences if difference.what not in ("topic", "partitions", "replication")}
    changes: dict[str, list[ConfigEntry]] = {}
    for difference in ours:
        entry = ConfigEntry(difference.what, difference.wanted, incremental_operation=AlterConfigOpType.SET)
        changes.setdefault(difference.topic, []).append(entry)
    if not changes:
        return
    resources = [ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries) for name, entries in changes.items()]
    for resource, future in admin.incremental_alter_configs(resources).items():
        try:
            future.result()
        except KafkaException as error:
            raise MilepostError(f"topic {resource.name} could not be changed: {error.args[0].str()}") from error
        outcome.altered.append(resource.name)
    deadline = time.monotonic() + 10
    while set(outcome.differences) & ours and time.monotonic() < deadline:  # A change is promised at once and seen a moment later.
        outcome.differences = _differences(admin, settings)


def _differences(admin: AdminClient, settings: Settings) -> list[Difference]:
    described = _describe(admin)
    wanted = list(wanted_topics(settings))
    present = [topic for topic in wanted if topic.name in described]
    configs = _configs(admin, [topic.name for topic in present])
    found: list[Difference] = []
    for topic in wanted:
        if topic.name not in described or topic.name not in configs:
            found.append(Difference(topic.name, "topic", "present", remedy="run `milepost topics create`"))
        elif topic.ours:
            found += _compare(topic, described, configs, settings)
    return found


def _compare(
    topic: Topic, described: Mapping[str, TopicMetadata], configs: Mapping[str, Mapping[str, str]], settings: Settings
) -> Iterable[Difference]:
    metadata = described[topic.name]
    partitions = _partitions(topic, settings, described)
    if len(metadata.partitions) != partitions:
        yield Difference(
            topic.name,
            "partitions",
            str(partitions),
            str(len(metadata.partitions)),
            "set MILEPOST_PARTITIONS to what exists, or move to a new MILEPOST_PREFIX (keys would change partition)",
        )
    replicas = min((len(partition.replicas) for partition in metadata.partitions.values()), default=0)
    if replicas < settings.replication:
        yield Difference(
            topic.name, "replication", str(settings.replication), str(replicas), "reassign its replicas (kafka-reassign-partitions)"
        )
    wanted = topic_config(topic, settings) | _size_limit(topic, settings, configs)
    for name, value in wanted.items():
        have = configs[topic.name].get(name, "")
        enough = name == "max.message.bytes" and have.isdigit() and int(have) >= int(value)
        if have != value and not enough:
            yield Difference(topic.name, name, value, have or "unset", "run `milepost topics create --alter`")


def _partitions(topic: Topic, settings: Settings, described: Mapping[str, TopicMetadata]) -> int:
    source = _source(settings, topic)
    if source in RAW_TOPICS and settings.topic(source) in described:
        return len(described[settings.topic(source)].partitions)
    return topic.partitions or settings.partitions


def _config(admin: AdminClient, topic: Topic, settings: Settings, described: Mapping[str, TopicMetadata]) -> dict[str, str]:
    source = settings.topic(_source(settings, topic))
    configs = _configs(admin, [source]) if _follows(settings, topic) and source in described else {}
    return topic_config(topic, settings) | _size_limit(topic, settings, configs)


def _size_limit(topic: Topic, settings: Settings, configs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """A topic of dead letters or of replays must take whatever its source took, and the headers."""
    source = settings.topic(_source(settings, topic))
    if not _follows(settings, topic) or source not in configs:
        return {}
    return {"max.message.bytes": str(int(configs[source]["max.message.bytes"]) + _HEADERS_OF_A_DEAD_LETTER)}


def _follows(settings: Settings, topic: Topic) -> bool:
    return _source(settings, topic) != ""


def _source(settings: Settings, topic: Topic) -> str:
    """Logical name of the topic whose dead letters, or replays of them, this one keeps; empty for any other topic."""
    logical = settings.logical(topic.name)
    if logical in REPLAYED:
        return REPLAYED[logical]
    return next((source.name for source in CATALOGUE if source.name not in REPLAYED and dead_letter_topic(source.name) == logical), "")


def _describe(admin: AdminClient) -> dict[str, TopicMetadata]:
    topics: dict[str, TopicMetadata] = admin.list_topics(timeout=20).topics
    return topics


def _configs(admin: AdminClient, names: Iterable[str], seconds: float = 30) -> dict[str, dict[str, str]]:
    """Settings of those topics that exist. A node that has yet to hear of a topic is asked again; a topic that has gone is left out.

    Raises `MilepostError`.
    """
    wanted = set(names)
    found: dict[str, dict[str, str]] = {}
    began = time.monotonic()
    deadline = began + seconds
    while wanted:
        for resource, future in admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in wanted]).items():
            try:
                found[resource.name] = {entry.name: entry.value for entry in future.result().values()}
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART or time.monotonic() > deadline:
                    raise MilepostError(f"settings of topic {resource.name} could not be read: {error.args[0].str()}") from error
        if wanted := wanted - found.keys():
            time.sleep(0.05)
            if time.monotonic() > began + _HEARD_BY_ALL_SECONDS:
                wanted &= _describe(admin).keys()
    return found
