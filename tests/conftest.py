"""What tests share: a real broker, settings that keep tests apart, and topics.

The brokers start once a session and only if a test asks for them. `KAFKA_BOOTSTRAP` names a cluster to use in place of the local
single node; three-node tests always make their own, because they break it.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from streams.admin import create_topics
from streams.devbroker import LocalCluster, ensure_jars
from streams.devbroker.jars import find_java
from streams.errors import ConfigurationError
from streams.settings import Settings

# A slow machine is no failure, and a failure must say how to repeat it. HYPOTHESIS_PROFILE=thorough looks longer.
_SLOW_IS_FINE = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("usual", deadline=None, print_blob=True, suppress_health_check=_SLOW_IS_FINE)
hypothesis.settings.register_profile("thorough", hypothesis.settings.get_profile("usual"), max_examples=2_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

_EXISTING_CLUSTER = os.environ.get("KAFKA_BOOTSTRAP", "")
_KEPT = ("MILEPOST_KAFKA_HOME",)


class MakeSettings(Protocol):
    """Settings with a prefix of their own, on the session's broker unless `bootstrap` says otherwise."""

    def __call__(self, **changes: Any) -> Settings: ...


class MakeTopics(Protocol):
    """Create every topic of an installation, or only those named (logical names); returns the physical names.

    They are removed after the test.
    """

    def __call__(self, settings: Settings, *names: str, partitions: int = ..., config: dict[str, str] | None = ...) -> list[str]: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first: a mistake is known after seconds, not minutes."""
    items.sort(key=lambda item: [item.get_closest_marker(mark) is not None for mark in ("fault", "slow", "integration")])


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the settings of the shell that runs it."""
    for name in os.environ:
        if name in ("KAFKA_BOOTSTRAP", "SCHEMA_REGISTRY_URL") or (name.startswith("MILEPOST_") and name not in _KEPT):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a real Kafka: one node."""
    if _EXISTING_CLUSTER:
        yield _EXISTING_CLUSTER
        return
    folder = tmp_path_factory.mktemp("kafka")
    with LocalCluster(folder) as broker:
        yield broker.bootstrap
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def java() -> None:
    """For tests that break a broker, and so need one of their own even where a cluster is given."""
    try:
        find_java()
        ensure_jars()
    except ConfigurationError as error:
        if _EXISTING_CLUSTER:
            pytest.skip(f"a test that breaks a broker needs its own: {error}")
        raise


@pytest.fixture
def own_broker(java: None, tmp_path: Path) -> Iterator[LocalCluster]:
    """A single node for one test that stops, kills or freezes it."""
    with LocalCluster(tmp_path / "kafka") as broker:
        yield broker
    shutil.rmtree(tmp_path / "kafka", ignore_errors=True)


@pytest.fixture(scope="session")
def _three_nodes(java: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with LocalCluster(folder, nodes=3) as cluster:
        yield cluster
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(_three_nodes: LocalCluster) -> LocalCluster:
    """Three nodes (replication 3, min.insync 2) for a test that breaks some. What an earlier test broke is whole again."""
    for node in _three_nodes.nodes:
        node.resume()
    _three_nodes.start()
    return _three_nodes


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> MakeSettings:
    def make(**changes: Any) -> Settings:
        if "bootstrap" not in changes:
            changes["bootstrap"] = request.getfixturevalue("kafka")
        own = {"prefix": f"t{uuid.uuid4().hex[:10]}.", "data": tmp_path / "data", "metrics_port": 0}
        return Settings(**(own | changes))

    return make


@pytest.fixture
def topics() -> Iterator[MakeTopics]:
    made: list[tuple[AdminClient, list[str]]] = []

    def make(settings: Settings, *names: str, partitions: int = 0, config: dict[str, str] | None = None) -> list[str]:
        admin = AdminClient(settings.librdkafka())
        if not names:
            created = create_topics(settings).created
        else:
            created = [settings.topic(name) for name in names]
            wanted = [NewTopic(name, partitions or settings.partitions, settings.replication, config=config or {}) for name in created]
            _finish(admin.create_topics(wanted, operation_timeout=30))
        made.append((admin, created))
        return created

    yield make
    for admin, names in made:
        try:
            existing = admin.list_topics(timeout=3).topics
        except KafkaException:
            continue  # A test's own broker is gone, and its topics with it.
        left = [name for name in names if name in existing]
        _finish(admin.delete_topics(left, operation_timeout=30) if left else {})


def _finish(futures: dict[str, Any]) -> None:
    for future in futures.values():
        future.result()
