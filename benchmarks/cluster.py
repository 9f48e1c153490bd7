"""The broker that the runs share, and the topics of one run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from streams.devbroker import LocalCluster

__all__ = ["PARTITIONS", "admin_client", "broker", "create_topics", "delete_topics_of"]

PARTITIONS = 4
_WAIT_S = 30.0


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Bootstrap servers of the cluster named by `KAFKA_BOOTSTRAP`, or of a one-node Kafka that lives as long as the block."""
    named = os.environ.get("KAFKA_BOOTSTRAP")
    if named:
        yield named
        return
    with LocalCluster(folder / "kafka") as local:
        yield local.bootstrap


def admin_client(bootstrap: str) -> AdminClient:
    """An admin client that keeps librdkafka's chatter to itself."""
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 3})


def create_topics(bootstrap: str, *names: str, partitions: int = PARTITIONS, config: dict[str, str] | None = None) -> None:
    """Creates topics; one that exists is left as it is. Raises KafkaException for any other refusal."""
    admin = admin_client(bootstrap)
    wanted = [NewTopic(name, partitions, 1, config=dict(config or {})) for name in names]
    for future in admin.create_topics(wanted, operation_timeout=_WAIT_S).values():
        try:
            future.result(_WAIT_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def delete_topics_of(bootstrap: str, app_ids: Iterable[str]) -> None:
    """Deletes every topic whose name holds one of the given app ids: outputs, changelogs, what an engine made beside them."""
    admin = admin_client(bootstrap)
    ids = tuple(app_ids)
    doomed = [name for name in admin.list_topics(timeout=_WAIT_S).topics if any(i in name for i in ids)]
    if doomed:
        for future in admin.delete_topics(doomed, operation_timeout=_WAIT_S).values():
            future.result(_WAIT_S)
