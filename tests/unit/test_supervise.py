"""The supervisor of several workers, with small programs in their place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.processes import command_of, wait_for_exit
from streams.settings import Settings
from streams.supervise import Policy, worker_specs

_SUPERVISOR = """
import logging, sys
from streams.supervise import Policy, WorkerSpec, supervise
logging.basicConfig(level=logging.INFO, format="%(message)s")
specs = [WorkerSpec(str(i), {"MILEPOST_WORKER": str(i)}) for i in range(int(sys.argv[1]))]
policy = Policy(first_wait=0.05, longest_wait=0.2, healthy_after=60, stop_within=float(sys.argv[3]))
sys.exit(supervise(specs, command=[sys.executable, "-c", sys.argv[2]], policy=policy))
"""
_NOTE = "import os, signal, sys, time, pathlib; me = os.environ['MILEPOST_WORKER']; open('runs-' + me, 'a').write(f'{os.getpid()}\\n');"
_UNTIL_TERM = _NOTE + "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); open('ready-' + me, 'w'); time.sleep(60)"

StartSupervisor = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartSupervisor]:
    started: list[subprocess.Popen[str]] = []

    def run(workers: int, program: str, stop_within: float = 10) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", _SUPERVISOR, str(workers), program, str(stop_within)]
        child = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
        started.append(child)
        return child

    yield run
    for child in started:
        child.kill()
        child.communicate()


def _eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


def _runs(folder: Path, worker: int) -> list[int]:
    file = folder / f"runs-{worker}"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def _ready(folder: Path, workers: int) -> bool:
    return all((folder / f"ready-{worker}").exists() for worker in range(workers))


def test_worker_that_fails_is_started_again_and_the_others_are_left_alone(start: StartSupervisor, tmp_path: Path) -> None:
    program = _UNTIL_TERM.replace("open('ready", "me == '1' and os.stat('runs-1').st_size < 20 and sys.exit(1); open('ready")
    supervisor = start(2, program)
    _eventually(lambda: _ready(tmp_path, 2))
    supervisor.terminate()
    _, said = supervisor.communicate(timeout=10)
    assert supervisor.returncode == 0
    assert len(_runs(tmp_path, 0)) == 1
    assert len(_runs(tmp_path, 1)) >= 3
    assert "worker 1 ended unexpectedly (exit code 1): starting it again in 0 s" in said
    assert "Traceback" not in said


def test_worker_killed_by_a_signal_is_started_again(start: StartSupervisor, tmp_path: Path) -> None:
    supervisor = start(1, _UNTIL_TERM)
    _eventually(lambda: _ready(tmp_path, 1))
    os.kill(_runs(tmp_path, 0)[0], signal.SIGKILL)
    _eventually(lambda: len(_runs(tmp_path, 0)) == 2)
    supervisor.terminate()
    _, said = supervisor.communicate(timeout=10)
    assert "worker 0 ended unexpectedly (signal SIGKILL)" in said


def test_wrong_configuration_is_never_started_again_and_stops_all(start: StartSupervisor, tmp_path: Path) -> None:
    supervisor = start(2, _UNTIL_TERM.replace("open('ready", "me == '1' and sys.exit(2); open('ready"))
    _, said = supervisor.communicate(timeout=10)
    assert supervisor.returncode == 2
    assert len(_runs(tmp_path, 1)) == 1
    assert "worker 1 cannot use its configuration" in said
    assert all(not command_of(pid) for worker in (0, 1) for pid in _runs(tmp_path, worker))


def test_worker_that_ends_on_purpose_is_left_alone(start: StartSupervisor, tmp_path: Path) -> None:
    supervisor = start(2, _NOTE)
    assert supervisor.wait(timeout=10) == 0
    assert [len(_runs(tmp_path, worker)) for worker in (0, 1)] == [1, 1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_all_workers_in_good_order(number: signal.Signals, start: StartSupervisor, tmp_path: Path) -> None:
    supervisor = start(3, _UNTIL_TERM)
    _eventually(lambda: _ready(tmp_path, 3))
    supervisor.send_signal(number)
    assert supervisor.wait(timeout=10) == 0
    assert all(not command_of(pid) for worker in range(3) for pid in _runs(tmp_path, worker))


def test_worker_that_does_not_stop_is_killed_after_a_while(start: StartSupervisor, tmp_path: Path) -> None:
    supervisor = start(1, _UNTIL_TERM.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN"), stop_within=0.3)
    _eventually(lambda: _ready(tmp_path, 1))
    supervisor.terminate()
    _, said = supervisor.communicate(timeout=10)
    assert supervisor.returncode == 1
    assert "workers 0 did not stop within 0 s: killing them" in said


def test_second_signal_kills_at_once(start: StartSupervisor, tmp_path: Path) -> None:
    supervisor = start(1, _UNTIL_TERM.replace("lambda *_: sys.exit(0)", "lambda *_: open('asked', 'w')"), stop_within=60)
    _eventually(lambda: _ready(tmp_path, 1))
    supervisor.terminate()
    _eventually((tmp_path / "asked").exists)
    supervisor.terminate()
    assert supervisor.wait(timeout=10) == 1


def test_workers_die_with_a_killed_supervisor(start: StartSupervisor, tmp_path: Path) -> None:
    supervisor = start(2, _UNTIL_TERM)
    _eventually(lambda: _ready(tmp_path, 2))
    supervisor.kill()
    assert all(wait_for_exit(_runs(tmp_path, worker)[0], 10) for worker in (0, 1))


def test_waits_double_up_to_a_limit() -> None:
    policy = Policy(first_wait=1, longest_wait=30)
    assert [policy.wait_after(failures) for failures in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_each_worker_has_its_own_id_and_metrics_port() -> None:
    assert [spec.environment for spec in worker_specs(Settings(metrics_port=9464), 2)] == [
        {"MILEPOST_WORKER": "0", "MILEPOST_METRICS_PORT": "9464"},
        {"MILEPOST_WORKER": "1", "MILEPOST_METRICS_PORT": "9465"},
    ]


def test_ids_of_several_machines_differ_and_no_port_stays_no_port() -> None:
    assert [spec.environment for spec in worker_specs(Settings(worker="east", metrics_port=0), 2)] == [
        {"MILEPOST_WORKER": "east-0", "MILEPOST_METRICS_PORT": "0"},
        {"MILEPOST_WORKER": "east-1", "MILEPOST_METRICS_PORT": "0"},
    ]
