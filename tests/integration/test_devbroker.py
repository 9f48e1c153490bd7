"""The local Kafka: a real broker that starts, answers, keeps its data, survives what tests do to it, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from streams.devbroker import KAFKA_VERSION, BrokerFailed, LocalCluster, ensure_jars, jars
from streams.errors import ConfigurationError
from streams.processes import free_ports, wait_for_exit

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("java")]


def _send(bootstrap: str, topic: str, *values: bytes, seconds: float = 30) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "message.timeout.ms": int(seconds * 1000), "enable.idempotence": True})
    failures: list[object] = []
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(seconds) == 0
    assert not failures


def _read(bootstrap: str, topic: str, count: int = sys.maxsize, *, until: bytes | None = None, seconds: float = 30) -> list[bytes]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "reader", "auto.offset.reset": "earliest", "isolation.level": "read_committed"}
    )
    consumer.subscribe([topic])
    found: list[bytes] = []
    deadline = time.monotonic() + seconds
    while len(found) < count and until not in found and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            found.append(message.value())
    consumer.close()
    return found


def _create(bootstrap: str, topic: str, replicas: int) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 1, replicas)])[topic].result(30)
    deadline = time.monotonic() + 30
    # Each node hears of a topic in its own time, and any of them may be asked next.
    while not all(topic in _heard_by(bootstrap_of_one, topic) for bootstrap_of_one in bootstrap.split(",")):
        assert time.monotonic() < deadline, f"{topic}: not every node has heard of it"


def _heard_by(node: str, topic: str) -> set[str]:
    metadata = AdminClient({"bootstrap.servers": node}).list_topics(topic, timeout=10).topics[topic]
    return {topic} if metadata.partitions and all(partition.leader >= 0 for partition in metadata.partitions.values()) else set()


def test_version_is_that_of_the_pom() -> None:
    pom = ET.parse(Path(jars.__file__).with_name("pom.xml"))
    version = pom.find(".//{*}kafka.version")
    assert version is not None and version.text == KAFKA_VERSION


@pytest.fixture(scope="module")
def _broker(java: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with LocalCluster(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def broker(_broker: LocalCluster) -> LocalCluster:
    """A node that these tests share, and that runs, whatever the test before did to it."""
    _broker.start()
    return _broker


def test_transactions_work(broker: LocalCluster) -> None:
    _create(broker.bootstrap, "atomic", 1)
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": "t"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("atomic", b"aborted")
    producer.abort_transaction(30)
    producer.begin_transaction()
    producer.produce("atomic", b"committed")
    producer.commit_transaction(30)
    assert _read(broker.bootstrap, "atomic", 1) == [b"committed"]


def test_suspended_broker_answers_nothing_until_it_is_resumed(broker: LocalCluster) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    assert admin.list_topics(timeout=10).brokers
    broker.node(1).suspend()
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=1)
    broker.node(1).resume()
    assert admin.list_topics(timeout=10).brokers


def test_found_again_and_stopped_by_another_object(broker: LocalCluster) -> None:
    found = LocalCluster.find(broker.folder)
    assert found is not None and found.running
    assert (found.bootstrap, found.node(1).pid) == (broker.bootstrap, broker.node(1).pid)
    found.stop()
    assert not found.running
    assert not broker.running


def test_data_outlives_a_stop_and_a_kill(broker: LocalCluster) -> None:
    _create(broker.bootstrap, "kept", 1)
    _send(broker.bootstrap, "kept", b"before the stop")
    broker.stop()
    broker.start()
    _send(broker.bootstrap, "kept", b"before the kill")
    broker.node(1).kill()
    assert not broker.running
    broker.start_node(1)
    assert _read(broker.bootstrap, "kept", 2) == [b"before the stop", b"before the kill"]


def test_a_lone_node_does_not_hand_over_what_nobody_can_take(broker: LocalCluster) -> None:
    """It would lose transactions that were just committed (docs/engine.md, "What the broker must not do")."""
    before = broker.nodes[0].log.stat().st_size
    broker.stop()
    said = broker.nodes[0].log.read_text()[before:]
    assert "shut down completed" in said
    assert "controlled shutdown" not in said.lower()
    broker.start()


@pytest.mark.parametrize("end", [LocalCluster.stop, LocalCluster.kill])
def test_a_lone_node_that_comes_back_leads_nothing_before_its_former_self_is_dead(
    broker: LocalCluster, end: Callable[[LocalCluster], None]
) -> None:
    """Else its transaction coordinator takes up transactions, loses all leaders a moment later, and drops their markers."""
    Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": "anyone"}).init_transactions(30)
    (node,) = broker.nodes
    end(broker)
    before = node.log.stat().st_size
    broker.start()
    deadline = time.monotonic() + 30
    while "Elected as the txn coordinator" not in (said := node.log.read_bytes()[before:].decode()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    dead = [found.start() for found in re.finditer("Fencing broker 1 at epoch", said)]
    elected = [found.start() for found in re.finditer("Elected as the txn coordinator", said)]
    unfenced = said.index("handleBrokerUnfenced")
    assert len(dead) == 1
    assert min(elected) > unfenced > dead[0]


def test_failure_at_start_names_the_log_and_leaves_the_data(broker: LocalCluster) -> None:
    broker.kill()
    meta = broker.node(1).folder / "data" / "meta.properties"
    before = meta.read_text()
    meta.write_text("node.id=7\nversion=1\ncluster.id=other\n")
    with pytest.raises(BrokerFailed, match=re.escape(str(broker.node(1).log))):
        broker.start()
    assert not broker.running
    assert meta.exists()
    meta.write_text(before)


def test_broker_ends_with_the_process_that_started_it_even_by_kill_9(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from streams.devbroker import LocalCluster\n"
        "cluster = LocalCluster(Path(sys.argv[1])); cluster.start(); print(cluster.node(1).pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as parent:
        assert parent.stdout is not None
        broker = int(parent.stdout.readline())
        os.kill(broker, 0)
        parent.kill()
    assert wait_for_exit(broker, 10)


def test_process_id_that_now_belongs_to_another_process_is_not_believed(tmp_path: Path) -> None:
    broker = LocalCluster(tmp_path)
    node = broker.node(1)
    node.folder.mkdir(parents=True)
    (node.folder / "pid").write_text(str(os.getpid()))
    assert node.pid is None
    node.kill()
    assert not (node.folder / "pid").exists()


def test_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        port = free_ports(1)[0]
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(ConfigurationError, match=rf"port {port} .*in use"):
            LocalCluster(tmp_path, port=port).start()


def test_two_nodes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="1 or 3 nodes"):
        LocalCluster(tmp_path, nodes=2)


def test_missing_java_or_maven_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigurationError, match="openjdk-17-jre-headless"):
        jars.find_java()
    with pytest.raises(ConfigurationError, match="maven"):
        ensure_jars(tmp_path / "kafka")


def test_too_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigurationError, match=r"11\.0\.2"):
        jars.find_java()


def test_failed_download_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mvn = tmp_path / "mvn"
    mvn.write_text("#!/bin/sh\necho '[ERROR] Could not transfer artifact'; echo '[ERROR] more'; exit 1\n")
    mvn.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BrokerFailed, match=r"Could not transfer artifact.*try again") as raised:
        ensure_jars(tmp_path / "kafka")
    assert "\n" not in str(raised.value)
    assert list((tmp_path / "kafka").iterdir()) == []


def test_two_that_need_the_jars_at_once_fetch_them_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mvn = tmp_path / "mvn"
    mvn.write_text(
        f'#!/bin/sh\necho run >> {tmp_path}/runs\nfor a in "$@"; do case $a in -DoutputDirectory=*) out=${{a#*=}};; esac; done\n'
        'mkdir -p "$out"; touch "$out/kafka-server-4.3.0.jar"\n'
    )
    mvn.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    threads = [threading.Thread(target=ensure_jars, args=(tmp_path / "kafka",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "runs").read_text() == "run\n"
    assert ensure_jars(tmp_path / "kafka") == tmp_path / "kafka" / "libs"


@pytest.mark.fault
@pytest.mark.slow
def test_three_nodes_lose_the_leader_and_none_of_the_records(cluster: LocalCluster) -> None:
    _create(cluster.bootstrap, "safe", 3)
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    leader = admin.list_topics("safe", timeout=10).topics["safe"].partitions[0].leader
    _send(cluster.bootstrap, "safe", b"whole")
    cluster.node(leader).kill()
    _send(cluster.bootstrap, "safe", b"without its leader", seconds=60)
    cluster.start_node(leader)
    assert _read(cluster.bootstrap, "safe", 2) == [b"whole", b"without its leader"]


@pytest.mark.fault
@pytest.mark.slow
def test_two_of_three_nodes_frozen_refuse_writes_and_then_go_on(cluster: LocalCluster) -> None:
    _create(cluster.bootstrap, "quorum", 3)
    _send(cluster.bootstrap, "quorum", b"whole")
    for number in (1, 2):
        cluster.node(number).suspend()
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "message.timeout.ms": 2_000})
    outcomes: list[object] = []
    producer.produce("quorum", b"unsure", on_delivery=lambda error, _: outcomes.append(error))
    producer.flush(15)
    assert outcomes and outcomes[0] is not None
    for number in (1, 2):
        os.kill(cluster.node(number).pid or 0, signal.SIGCONT)
    cluster.wait_ready()
    _send(cluster.bootstrap, "quorum", b"after", seconds=60)
    # A write that timed out was never confirmed, but the leader may have kept it: Kafka promises neither.
    assert _read(cluster.bootstrap, "quorum", until=b"after") in ([b"whole", b"after"], [b"whole", b"unsure", b"after"])
