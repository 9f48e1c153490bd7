"""One Kafka process: broker and controller in one, as KRaft allows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.devbroker.errors import BrokerFailed
from streams.processes import bound_to_parent, command_of, wait_for_exit

__all__ = ["Address", "Node"]

_LOG_SETTINGS = Path(__file__).with_name("log4j2.xml")
_IN_CHARGE = b"Activated periodic tasks"
_FENCED = b"because its session has timed out"
_FENCED_WITHIN_SECONDS = 8.0
_COMMON_FLAGS = ("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node listens, on 127.0.0.1."""

    node: int
    port: int
    controller_port: int


class Node:
    """One node of a `LocalCluster`: its folder, its process, and what a test may do to it.

    The process id is kept in the folder, so that a later command can find, question and stop a node that an earlier one started.
    """

    def __init__(self, address: Address, folder: Path) -> None:
        self.address = address
        self.folder = folder.resolve()
        self.log = self.folder / "kafka.log"
        self._properties = self.folder / "server.properties"
        self._pid_file = self.folder / "pid"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def id(self) -> int:
        """KRaft node id: 1, 2, 3."""
        return self.address.node

    @property
    def bootstrap(self) -> str:
        """`host:port` of this node alone."""
        return f"127.0.0.1:{self.address.port}"

    @property
    def pid(self) -> int | None:
        """Process id, or None if the node does not run. A number that meanwhile belongs to another process is not believed."""
        if self._child is not None and self._child.poll() is not None:
            return None
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if str(self._properties) in command_of(pid) else None

    @property
    def running(self) -> bool:
        """Whether the process exists (a suspended one does)."""
        return self.pid is not None

    @property
    def formatted(self) -> bool:
        """Whether the storage has been prepared by an earlier start."""
        return (self.folder / "data" / "meta.properties").exists()

    def configure(self, cluster: Sequence[Address]) -> None:
        """Write the node's properties file for a cluster of these members."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in _properties(self, cluster).items()))

    def format(self, java: str, libs: Path, cluster_id: str) -> subprocess.Popen[bytes]:
        """Begin to prepare the storage; the caller waits for the process, so that nodes are prepared side by side."""
        arguments = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self._properties)]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                bound_to_parent([java, *_COMMON_FLAGS, "-XX:TieredStopAtLevel=1", "-cp", f"{libs}/*", *arguments]), stdout=log, stderr=log
            )

    def start(self, java: str, libs: Path, heap_mb: int, *, outlive: bool) -> None:
        """Start the process. With `outlive` it goes on after its parent; else the kernel ends it with the thread that started it."""
        flags = [f"-Xmx{heap_mb}m", *_COMMON_FLAGS, f"-Dlog4j2.configurationFile={_LOG_SETTINGS}"]
        command = [java, *flags, "-cp", f"{libs}/*", "kafka.Kafka", str(self._properties)]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                command if outlive else bound_to_parent(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self._pid_file.write_text(str(self._child.pid))

    def retire_former(self, java: str, libs: Path, seconds: float = 15) -> None:
        """Have the broker that a lone node was before its end declared dead, by a controller that runs for that alone.

        Else the node comes back while it still counts as alive: its transaction coordinator takes up what it finds, loses every leader a
        moment later, when the former broker's session ends, and drops the markers (docs/engine.md, "What the broker must not do").
        Nothing happens where there was none. Goes on after `seconds`.
        """
        path = self.folder / "controller.properties"
        wanted = dict(line.split("=", 1) for line in self._properties.read_text().splitlines())
        wanted |= {
            "process.roles": "controller",
            "listeners": next(each for each in wanted["listeners"].split(",") if each.startswith("CONTROLLER:")),
            "broker.session.timeout.ms": "500",
            "broker.heartbeat.interval.ms": "100",
        }
        del wanted["advertised.listeners"]
        path.write_text("".join(f"{name}={value}\n" for name, value in wanted.items()))
        flags = ["-Xmx256m", *_COMMON_FLAGS, "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile={_LOG_SETTINGS}"]
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            command = bound_to_parent([java, *flags, "-cp", f"{libs}/*", "kafka.Kafka", str(path)])
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        try:
            now, in_charge, written, appends = time.monotonic(), False, 0, 0
            deadline = now + seconds
            while now < deadline and process.poll() is None:
                with self.log.open("rb") as log:
                    log.seek(begin)
                    said = log.read()
                if _FENCED in said:
                    # Said before it is written: the next but one append comes after it. Controllers append something twice a second.
                    size = self._metadata_bytes()
                    if size > written:
                        written, appends = size, appends + 1
                    if appends > 2:
                        return
                elif _IN_CHARGE in said and not in_charge:
                    in_charge, deadline = True, now + _FENCED_WITHIN_SECONDS
                time.sleep(0.05)
                now = time.monotonic()
        finally:
            process.kill()
            process.wait()

    def _metadata_bytes(self) -> int:
        return sum(segment.stat().st_size for segment in (self.folder / "data" / "__cluster_metadata-0").glob("*.log"))

    def listens(self) -> bool:
        """Whether the broker's port accepts connections. Raises `BrokerFailed` if the process has ended."""
        if self._child is not None and self._child.poll() is not None:
            raise BrokerFailed(f"Kafka node {self.id} ended at start{self._complaint()}; its log is {self.log}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.address.port)) == 0

    def lost_its_port(self) -> bool:
        """Whether the log says that somebody else listens on one of the node's ports."""
        return "Address already in use" in self.log.read_text(errors="replace")

    def stop(self, seconds: float = 30) -> None:
        """Ask the process to end, and kill it if it has not after `seconds`. No error if it does not run."""
        self.ask_to_stop()
        self.wait_stopped(seconds)

    def ask_to_stop(self) -> None:
        """Send SIGTERM, to a suspended process too."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)

    def wait_stopped(self, seconds: float) -> None:
        """Wait for the end; after `seconds`, kill."""
        pid = self.pid
        if pid is not None and not wait_for_exit(pid, seconds):
            self.kill()
        self._forget()

    def kill(self) -> None:
        """kill -9, and wait until the process is gone. No error if it does not run."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            wait_for_exit(pid, 10)
        self._forget()

    def suspend(self) -> None:
        """Freeze the process (SIGSTOP): it keeps its connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Thaw a suspended process (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            os.kill(pid, number)

    def _forget(self) -> None:
        if self._child is not None:
            self._child.wait()
            self._child = None
        self._pid_file.unlink(missing_ok=True)

    def _complaint(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        blamed = [line for line in lines if "Exception" in line and not line.startswith(("\t", " "))]
        return f" ({blamed[-1].strip()})" if blamed else ""


def _properties(node: Node, cluster: Sequence[Address]) -> dict[str, str | int]:
    single = len(cluster) == 1
    replicas, in_sync = (1, 1) if single else (3, 2)
    # A lone node that hands its partitions over has nobody to hand them to. For a moment they have no leader, the transaction coordinator
    # takes them for deleted (4.3: "likely deleted already and hence can be skipped"), and a transaction that was just committed gets no
    # markers: its records are lost. docs/engine.md, "What the broker must not do".
    alone: dict[str, str | int] = {"controlled.shutdown.enable": "false"} if single else {}
    address = node.address
    return {
        "process.roles": "broker,controller",
        "node.id": node.id,
        "controller.quorum.voters": ",".join(f"{member.node}@127.0.0.1:{member.controller_port}" for member in cluster),
        "listeners": f"PLAINTEXT://127.0.0.1:{address.port},CONTROLLER://127.0.0.1:{address.controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{address.port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(node.folder / "data"),
        # A topic that is not asked for is a mistake; `milepost topics create` makes those that are.
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 8,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        # A first worker need not wait three seconds for others.
        "group.initial.rebalance.delay.ms": 0,
        # A dead node is noticed after this long, and a killed one may come back only then.
        "broker.session.timeout.ms": 6_000,
        # Two cores and a small heap.
        "num.network.threads": 2,
        "num.io.threads": 4,
        "log.cleaner.dedupe.buffer.size": 16 << 20,
        **alone,
    }
