"""Broker, topics and workers of a demo: put up, and taken down whatever happens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient, ConsumerGroupDescription

from streams.admin import connect, create_topics
from streams.devbroker import LocalCluster
from streams.errors import MilepostError
from streams.processes import bound_to_parent
from streams.settings import Settings
from streams.topics import wanted_topics

__all__ = ["Stage", "staged"]

_SWEEP_MS: Final = 200
_OFFSETS_TOPIC: Final = "__consumer_offsets"
_START_SECONDS: Final = 90
_STOP_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the play happens."""

    settings: Settings
    workers: subprocess.Popen[bytes]
    """The supervisor of the workers."""

    log: Path
    """What the workers say."""

    def check(self) -> None:
        """Raises `MilepostError` if the workers have ended."""
        code = self.workers.poll()
        if code is not None:
            lines = self.log.read_text(errors="replace").splitlines()[-1:] or ["they said nothing"]
            raise MilepostError(f"the workers ended with exit code {code} ({lines[0]}): see {self.log}")


@contextmanager
def staged(
    folder: Path, workers: int, *, keep: bool, tell: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> Iterator[Stage]:
    """Start what a demo needs, and stop it at the end.

    `KAFKA_BOOTSTRAP` (or MILEPOST_BOOTSTRAP) names the cluster to use; without it a local broker is started in `folder`, which must be of
    this demo alone. Topics get a prefix of their own. With `keep` the broker, or the topics on an existing cluster, are left as they are;
    the workers are stopped in any case.

    Raises `ConfigurationError` (Java or Maven missing), `BrokerUnreachable`, `BrokerFailed`, and `MilepostError` if the workers do not
    come.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        bootstrap = environment.get("KAFKA_BOOTSTRAP") or environment.get("MILEPOST_BOOTSTRAP", "")
        own_broker = not bootstrap
        if own_broker:
            stack.callback(_remove, folder, keep)
            tell("starting a local Kafka")
            cluster = LocalCluster(folder / "broker", outlive=keep)
            stack.callback(_stop_broker, cluster, keep)
            cluster.start()
            bootstrap = cluster.bootstrap
        settings = _settings(bootstrap, folder)
        tell(f"creating topics {settings.prefix}* at {bootstrap}")
        create_topics(settings)
        if not own_broker and not keep:
            stack.callback(_delete_topics, settings)
        tell(f"starting {workers} workers")
        log = folder / "workers.log"
        supervisor = _start_workers(settings, workers, log, environment)
        stack.callback(_stop_workers, supervisor)
        stage = Stage(settings, supervisor, log)
        _await_members(stage, workers)
        yield stage
        tell("stopping")


def _settings(bootstrap: str, folder: Path) -> Settings:
    given = Settings()
    return Settings(bootstrap=bootstrap, prefix=f"{given.prefix}demo-{uuid.uuid4().hex[:8]}.", data=folder / "data")


def _start_workers(settings: Settings, workers: int, log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    own = {
        "KAFKA_BOOTSTRAP": settings.bootstrap,
        "MILEPOST_PREFIX": settings.prefix,
        "MILEPOST_DATA": str(settings.data),
        "MILEPOST_METRICS_PORT": "0",
        "MILEPOST_SWEEP_INTERVAL_MS": str(_SWEEP_MS),
    }
    inherited = {name: value for name, value in environment.items() if name != "MILEPOST_WORKER"}
    command = bound_to_parent([sys.executable, "-m", "streams.cli", "worker", "--workers", str(workers)])
    with log.open("ab") as output:
        # A session of its own: Ctrl-C is for the demo, which stops its workers in good order.
        return subprocess.Popen(
            command, env=inherited | own, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def _await_members(stage: Stage, workers: int) -> None:
    """Until all workers share the partitions. Raises `MilepostError` if they end, or are not there after a while."""
    admin = connect(stage.settings)
    deadline = time.monotonic() + _START_SECONDS
    while True:
        stage.check()
        described = _describe(admin, stage.settings.app_id)
        if described is not None and described.state == ConsumerGroupState.STABLE and len(described.members) == workers:
            return
        if time.monotonic() > deadline:
            raise MilepostError(f"not all of {workers} workers are there after {_START_SECONDS} s: see {stage.log}")
        time.sleep(0.1)


def _describe(admin: AdminClient, group: str) -> ConsumerGroupDescription | None:
    # A new broker coordinates no group before the first worker asks it to; whoever asks about one too early waits in vain.
    if _OFFSETS_TOPIC not in admin.list_topics(timeout=20).topics:
        return None
    (answer,) = admin.describe_consumer_groups([group], request_timeout=5).values()
    try:
        described: ConsumerGroupDescription = answer.result()
    except KafkaException:  # no worker has joined yet
        return None
    return described


def _stop_workers(supervisor: subprocess.Popen[bytes]) -> None:
    supervisor.terminate()
    try:
        supervisor.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()


def _stop_broker(cluster: LocalCluster, keep: bool) -> None:
    if not keep:
        cluster.kill()


def _delete_topics(settings: Settings) -> None:
    admin = connect(settings)
    for future in admin.delete_topics([topic.name for topic in wanted_topics(settings)], operation_timeout=30).values():
        future.result()


def _remove(folder: Path, keep: bool) -> None:
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
