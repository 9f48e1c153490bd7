"""Whatever is killed, frozen or taken away: every record counts exactly once.

`MILEPOST_FAULT_ROUNDS=50` runs longer, `MILEPOST_FAULT_SEED` repeats a run.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from streams.devbroker import LocalCluster
from streams.devbroker.node import Node
from streams.engine.errors import TransactionAborted
from streams.engine.group import GroupMetadata, encode
from streams.engine.producer import HopProducer
from streams.hop import Output
from streams.settings import Settings
from tests.fault.chaos import Dice, Workers
from tests.fault.counting import Feeder, judge, make_topics
from tests.integration.engine_bench import read_committed

pytestmark = [pytest.mark.fault, pytest.mark.integration]

ROUNDS = int(os.environ.get("MILEPOST_FAULT_ROUNDS", "4"))
SESSION_MS = 6_000
RATE = int(os.environ.get("MILEPOST_FAULT_RATE", "3000"))


def settings_of(cluster: LocalCluster, name: str, folder: Path) -> Settings:
    return Settings(
        bootstrap=cluster.bootstrap,
        prefix=f"{name}.",
        name="count",
        data=folder,
        session_timeout_ms=SESSION_MS,
        transaction_timeout_ms=5_000,
    )


def workers_of(settings: Settings, names: list[str], folder: Path) -> Workers:
    def environment(worker: str) -> dict[str, str]:
        return os.environ | {
            "KAFKA_BOOTSTRAP": settings.bootstrap,
            "MILEPOST_PREFIX": settings.prefix,
            "MILEPOST_NAME": settings.name,
            "MILEPOST_DATA": str(settings.data),
            "MILEPOST_WORKER": worker,
            "MILEPOST_SESSION_TIMEOUT_MS": str(settings.session_timeout_ms),
            "MILEPOST_TRANSACTION_TIMEOUT_MS": str(settings.transaction_timeout_ms),
        }

    return Workers.of(names, [sys.executable, "-m", "tests.fault.counting_job"], folder, environment)


def test_killed_frozen_and_stopped_workers_lose_and_repeat_nothing(own_broker: LocalCluster, tmp_path: Path) -> None:
    dice = Dice()
    settings = settings_of(own_broker, f"workers{time.time_ns()}", tmp_path / "data")
    make_topics(settings)
    with workers_of(settings, ["a", "b"], tmp_path) as workers, Feeder(settings, RATE) as feeder:
        time.sleep(4)
        for _ in range(ROUNDS):
            name = dice.choice(workers.names)
            match dice.choice(["kill", "kill for longer", "kill both", "freeze", "freeze", "bounce"]):
                case "kill":
                    workers.kill(name)
                case "kill for longer":
                    workers.kill(name, dice.uniform(SESSION_MS / 1000, SESSION_MS / 1000 + 3))
                case "kill both":
                    for each in workers.names:
                        workers.kill(each)
                case "freeze":
                    workers.freeze(name, dice.uniform(SESSION_MS / 1000 + 1, SESSION_MS / 1000 + 4))
                case "bounce":
                    workers.bounce(name)
            time.sleep(dice.uniform(0.5, 6))
        sent = feeder.stop()
        verdict = judge(settings, sent, 60)
        workers.stop()
        workers.check()
    assert verdict.exact, verdict


def test_a_broker_that_goes_away_is_waited_for(own_broker: LocalCluster, tmp_path: Path) -> None:
    dice = Dice()
    settings = settings_of(own_broker, f"broker{time.time_ns()}", tmp_path / "data")
    make_topics(settings)
    with workers_of(settings, ["a", "b"], tmp_path) as workers, Feeder(settings, RATE) as feeder:
        time.sleep(4)
        for away in (dice.uniform(1, 3), dice.uniform(8, 10)):
            if dice.random() < 0.5:
                own_broker.stop()
            else:
                own_broker.kill()
            time.sleep(away)
            own_broker.start()
            time.sleep(dice.uniform(3, 6))
        sent = feeder.stop()
        verdict = judge(settings, sent, 90)
        workers.stop()
        workers.check()
    assert verdict.exact, verdict


def test_a_group_coordinator_that_leaves_the_cluster_costs_one_transaction(cluster: LocalCluster, tmp_path: Path) -> None:
    settings = settings_of(cluster, f"coordinator{time.time_ns()}", tmp_path)
    create_topics_named(settings, "source", "out")
    source, nobody = settings.topic("source"), encode(GroupMetadata(settings.app_id, -1, ""))
    producer = HopProducer(settings, "hop", "client", lambda: True, lambda: "")
    producer.open()
    producer.transact((), [Output("out", b"k", b"before")], {(source, 0): 0}, nobody)
    node = coordinator_of(cluster, settings.app_id)
    node.kill()
    old = producer._producer
    until(lambda: node.id not in old.list_topics(timeout=20).brokers)  # From here on it has no connection that could tell it anything.
    with pytest.raises(TransactionAborted):
        producer.transact((), [Output("out", b"k", b"lost")], {(source, 0): 0}, nobody)
    assert producer._producer is not old
    producer.transact((), [Output("out", b"k", b"after")], {(source, 0): 0}, nobody)
    producer.close()
    assert [message.value() for message in read_committed(settings.bootstrap, settings.topic("out"), 2, 20, 0.5)] == [b"before", b"after"]


def coordinator_of(cluster: LocalCluster, group: str) -> Node:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    described = admin.describe_consumer_groups([group])[group].result(20)
    return next(node for node in cluster.nodes if node.id == described.coordinator.id)


def create_topics_named(settings: Settings, *names: str) -> None:
    wanted = [NewTopic(settings.topic(name), 1, 3) for name in names]
    admin = AdminClient(settings.librdkafka())
    for made in admin.create_topics(wanted).values():
        made.result(20)


def until(happened: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"nothing in {seconds:.0f} s"
        time.sleep(0.2)
