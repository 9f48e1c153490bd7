"""`milepost dev`: the broker outlives the command that started it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from streams.devbroker import LocalCluster
from streams.processes import command_of, free_ports

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("java")]

_FOLDER = Path(".milepost/broker")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    cluster = LocalCluster.find(tmp_path / _FOLDER)
    if cluster is not None:
        cluster.kill()


def _milepost(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "streams.cli", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_up_status_down(folder: Path) -> None:
    port = free_ports(1)[0]
    started = _milepost(folder, "dev", "up", "--port", str(port), "--json")
    assert started.returncode == 0, started.stderr
    state = json.loads(started.stdout)
    assert state["bootstrap"] == f"127.0.0.1:{port}"
    assert AdminClient({"bootstrap.servers": state["bootstrap"]}).list_topics(timeout=10).brokers
    [node] = state["nodes"]
    assert "kafka.Kafka" in command_of(node["pid"])

    again = _milepost(folder, "dev", "up")
    assert again.returncode == 0
    assert f"already runs at 127.0.0.1:{port}" in again.stdout
    assert f"export KAFKA_BOOTSTRAP=127.0.0.1:{port}" in again.stdout

    status = _milepost(folder, "dev", "status", "--json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["nodes"][0]["pid"] == node["pid"]

    other = _milepost(folder, "dev", "up", "--nodes", "3")
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)
    assert "milepost dev down --purge" in other.stderr
    moved = _milepost(folder, "dev", "up", "--port", str(port + 10))
    assert (moved.returncode, moved.stderr.count("\n")) == (2, 1)

    down = _milepost(folder, "dev", "down")
    assert (down.returncode, down.stdout) == (0, "stopped\n")
    assert command_of(node["pid"]) == ""
    assert _milepost(folder, "dev", "status").returncode == 3
    purged = _milepost(folder, "dev", "down", "--purge")
    assert (purged.returncode, purged.stdout) == (0, "was not running, data removed\n")
    assert not (folder / _FOLDER).exists()


def test_port_in_use_is_one_line_and_exit_2(folder: Path) -> None:
    [port] = free_ports(1)
    with socket.create_server(("127.0.0.1", port)):
        done = _milepost(folder, "dev", "up", "--port", str(port))
    assert done.returncode == 2
    assert done.stderr == f"milepost: port {port} is in use: stop what listens there, or choose another with --port\n"
