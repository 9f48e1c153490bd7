"""What must be true of the cluster before a worker reads its first record. Whatever is not is refused in one line."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from streams.engine.clients import client_settings
from streams.engine.store import ChangelogIdentity
from streams.errors import ConfigurationError
from streams.hop import Hop
from streams.settings import Settings
from streams.topics import changelog_topic, dead_letter_topic

__all__ = ["Changelogs", "check_cluster", "check_topics"]

log = logging.getLogger(__name__)

_TIMEOUT: Final = 10
_HINT: Final = "run `milepost topics create`"
_REFUSALS: Final = (
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)

Changelogs = Mapping[str, ChangelogIdentity]
"""The changelog of each stateful hop, by the hop's name."""


def check_cluster(settings: Settings, hops: Sequence[Hop], outputs: Iterable[str], stopped: threading.Event) -> Changelogs | None:
    """`check_topics` as soon as a broker answers; that it does not is said once. None if `stopped` first."""
    said = False
    while not stopped.is_set():
        try:
            admin = AdminClient(client_settings(settings))
            admin.list_topics(timeout=5)
            if said:
                log.warning("the broker at %s answers", settings.bootstrap)
                said = False
            return check_topics(settings, admin, hops, outputs)
        except KafkaException as failure:
            error = failure.args[0]
            if error.code() in _REFUSALS:
                raise ConfigurationError(f"the broker at {settings.bootstrap} refuses us: {error.name()} {error.str()}") from failure
            if not said:
                log.warning("no broker answers at %s (%s); waiting for it", settings.bootstrap, error.name())
                said = True
            stopped.wait(0.3)
    return None


def check_topics(settings: Settings, admin: AdminClient, hops: Sequence[Hop], outputs: Iterable[str] = ()) -> Changelogs:
    """Check the topics that these hops read, write and keep their rows in; `outputs` are logical names of topics that they only write.

    Raises ConfigurationError with everything that is wrong, and KafkaException when the broker does not answer.
    """
    sources = {settings.topic(name) for hop in hops for name in hop.sources}
    letters = {settings.topic(dead_letter_topic(name)): settings.topic(name) for hop in hops for name in hop.sources}
    changelogs = {changelog_topic(settings.app_id, hop.name): hop for hop in hops if hop.codec is not None}
    names = sources | letters.keys() | changelogs.keys() | {settings.topic(name) for name in outputs}
    described = _describe(admin, names)
    faults = [f"topic {name} is missing" for name in sorted(names) if name not in described]
    partitions = {name: len(topic.partitions) for name, topic in described.items()}
    for name, source in letters.items():
        if partitions.get(name, 0) < partitions.get(source, 0) and name in partitions:
            faults.append(f"{name} has {partitions[name]} partitions, fewer than the {partitions[source]} of {source}")
    configurations = _configurations(admin, changelogs.keys() & described.keys())
    identities: dict[str, ChangelogIdentity] = {}
    for name, hop in changelogs.items():
        if name not in described:
            continue
        source = settings.topic(hop.sources[0])
        if source in partitions and partitions[name] != partitions[source]:
            faults.append(f"{name} has {partitions[name]} partitions, but its source {source} has {partitions[source]}")
        policy = configurations[name]["cleanup.policy"]
        if policy != "compact":
            faults.append(f"{name} has cleanup.policy={policy}, which loses rows: it must be compact")
        retention = int(configurations[name]["delete.retention.ms"])
        identities[hop.name] = ChangelogIdentity(name, str(described[name].topic_id), retention)
    if faults:
        raise ConfigurationError(f"{'; '.join(faults)}: {_HINT}")
    return identities


def _describe(admin: AdminClient, names: Iterable[str]) -> dict[str, Any]:
    found = {}
    for name, answer in admin.describe_topics(TopicCollection(sorted(names)), request_timeout=_TIMEOUT).items():
        try:
            found[name] = answer.result()
        except KafkaException as failure:
            if failure.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
    return found


def _configurations(admin: AdminClient, names: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in sorted(names)]
    if not resources:
        return {}
    answers: Mapping[ConfigResource, Future[Any]] = admin.describe_configs(resources, request_timeout=_TIMEOUT)
    return {resource.name: {name: entry.value for name, entry in answer.result().items()} for resource, answer in answers.items()}
