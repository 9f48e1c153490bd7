"""A local cluster: start it, wait until it answers, break it on purpose, stop it."""

from __future__ import annotations

import base64
import json
import logging
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from streams.devbroker.errors import BrokerFailed
from streams.devbroker.jars import ensure_jars, find_java
from streams.devbroker.node import Address, Node
from streams.errors import ConfigurationError
from streams.processes import free_ports, is_free

__all__ = ["LocalCluster"]

_HEAP_MB = {1: 768, 3: 512}
_QUIET = logging.getLogger(__name__ + ".client")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # While a broker starts, librdkafka reports every refused connection.


class LocalCluster:
    """One or three Kafka nodes on this machine, on 127.0.0.1, without security.

    `folder` keeps everything: data, logs, process ids. A cluster that was stopped goes on with its data when it is started again.
    As a context manager it is started on entry and killed on exit, and it ends with the process that started it, however that ends.
    Use it from the main thread. With `outlive`, it runs on until somebody calls `stop`, in this process or another.

    `port` is that of the first node; each node uses two in a row (the second is the controller's). Without it, ports are chosen
    that are free.
    """

    def __init__(self, folder: Path, *, nodes: int = 1, port: int | None = None, outlive: bool = False) -> None:
        if nodes not in _HEAP_MB:
            raise ConfigurationError(f"a local cluster has 1 or 3 nodes, not {nodes}: choose one of these")
        self.folder = folder
        self._chosen_port = port
        self._outlive = outlive
        self._cluster_id = _new_cluster_id()
        self.nodes = _nodes(folder, _addresses(nodes, port))

    @classmethod
    def find(cls, folder: Path) -> LocalCluster | None:
        """The cluster that was made in this folder, running or not; None if there is none."""
        try:
            state = json.loads((folder / "cluster.json").read_text())
            addresses = [Address(*entry) for entry in state["nodes"]]
            cluster = cls(folder, nodes=len(addresses), port=addresses[0].port, outlive=True)
            cluster._cluster_id = state["cluster_id"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{folder / 'cluster.json'} cannot be read ({error}): remove {folder} and start anew") from error
        cluster.nodes = _nodes(folder, addresses)
        return cluster

    @property
    def bootstrap(self) -> str:
        """Bootstrap servers, comma separated."""
        return ",".join(node.bootstrap for node in self.nodes)

    @property
    def running(self) -> bool:
        """Whether every node's process exists."""
        return all(node.running for node in self.nodes)

    def answers(self) -> bool:
        """Whether at least one node answers a client now."""
        try:
            self._admin().list_topics(timeout=2)
        except KafkaException:
            return False
        return True

    def move(self, port: int) -> None:
        """Other ports from the next start on; the cluster must not run."""
        self._chosen_port = port
        self.nodes = _nodes(self.folder, _addresses(len(self.nodes), port))

    def node(self, number: int) -> Node:
        """The node with this id (1, 2 or 3)."""
        return self.nodes[number - 1]

    def start(self, seconds: float = 60) -> None:
        """Start every node that does not run, and return once the cluster answers.

        Raises `ConfigurationError` (Java or Maven missing, a chosen port in use) or `BrokerFailed`.
        """
        # Other ports may be tried only where we chose them and there is no data to lose.
        fresh = not any(node.formatted for node in self.nodes)
        attempts = 3 if fresh and self._chosen_port is None else 1
        for attempt in range(1, attempts + 1):
            try:
                self._start(seconds)
                return
            except BrokerFailed:
                taken = any(node.log.exists() and node.lost_its_port() for node in self.nodes)
                self.kill()
                if not taken or attempt == attempts:
                    raise
                # Somebody was quicker: the ports were free when we chose them.
                self.purge()
                self.nodes = _nodes(self.folder, _addresses(len(self.nodes), None))

    def start_node(self, number: int, seconds: float = 60) -> None:
        """Start one node again (after `kill`, or with other data), and return once the whole cluster answers and is in sync."""
        self._launch([self.node(number)])
        self.wait_ready(seconds)

    def wait_ready(self, seconds: float = 60) -> None:
        """Return once all nodes are members, there is a controller, and every partition has all its replicas in sync."""
        deadline = time.monotonic() + seconds
        for node in self.nodes:
            self._await(node.listens, deadline, f"node {node.id} does not listen")
        admin = self._admin()
        self._await(lambda: self._whole(admin), deadline, "not all nodes and partitions are in sync")

    def stop(self, seconds: float = 30) -> None:
        """Stop all nodes in good order (kill those that do not end); the data stays."""
        for node in self.nodes:
            node.ask_to_stop()
        deadline = time.monotonic() + seconds
        for node in self.nodes:
            node.wait_stopped(max(0.0, deadline - time.monotonic()))

    def kill(self) -> None:
        """kill -9 of all nodes."""
        for node in self.nodes:
            node.kill()

    def purge(self) -> None:
        """Remove all data and logs of a stopped cluster."""
        if any(node.running for node in self.nodes):
            raise BrokerFailed("the cluster still runs: stop it before its data is removed")
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()

    def _start(self, seconds: float) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "cluster.json").write_text(
            json.dumps(
                {
                    "cluster_id": self._cluster_id,
                    "nodes": [[node.address.node, node.address.port, node.address.controller_port] for node in self.nodes],
                }
            )
        )
        self._launch([node for node in self.nodes if not node.running])
        self.wait_ready(seconds)

    def _launch(self, nodes: list[Node]) -> None:
        java, libs = find_java(), ensure_jars()
        if self._chosen_port is not None:
            _refuse_taken_ports(nodes)
        members = [node.address for node in self.nodes]
        for node in nodes:
            node.configure(members)
        formats = [(node, node.format(java, libs, self._cluster_id)) for node in nodes if not node.formatted]
        for node, process in formats:
            if process.wait() != 0:
                raise BrokerFailed(f"the storage of Kafka node {node.id} could not be prepared: see {node.log}")
        if len(self.nodes) == 1 and not formats:
            for node in nodes:
                node.retire_former(java, libs)
        for node in nodes:
            node.start(java, libs, _HEAP_MB[len(self.nodes)], outlive=self._outlive)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap}, logger=_QUIET)

    def _whole(self, admin: AdminClient) -> bool:
        try:
            metadata: ClusterMetadata = admin.list_topics(timeout=2)
        except KafkaException:
            return False
        partitions = [partition for topic in metadata.topics.values() for partition in topic.partitions.values()]
        return (
            len(metadata.brokers) == len(self.nodes)
            and metadata.controller_id >= 0
            and all(len(partition.isrs) == len(partition.replicas) and partition.leader >= 0 for partition in partitions)
        )

    def _await(self, condition: Callable[[], bool], deadline: float, complaint: str) -> None:
        while not condition():
            if time.monotonic() > deadline:
                raise BrokerFailed(f"Kafka did not get ready in time: {complaint}; see {self.nodes[0].log}")
            time.sleep(0.02)


def _refuse_taken_ports(nodes: list[Node]) -> None:
    for node in nodes:
        for port in (node.address.port, node.address.controller_port):
            if not is_free(port):
                raise ConfigurationError(f"port {port} is in use: stop what listens there, or choose another with --port")


def _new_cluster_id() -> str:
    # Kafka wants 16 bytes in URL-safe base64, and its tools take one that starts with a dash for an option.
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)


def _addresses(nodes: int, port: int | None) -> list[Address]:
    ports = free_ports(2 * nodes) if port is None else list(range(port, port + 2 * nodes))
    return [Address(number, ports[2 * number - 2], ports[2 * number - 1]) for number in range(1, nodes + 1)]


def _nodes(folder: Path, addresses: list[Address]) -> tuple[Node, ...]:
    return tuple(Node(address, folder / f"node-{address.node}") for address in addresses)
