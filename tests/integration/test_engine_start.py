"""What a worker refuses at its start, in one line and with exit code 2, and what it waits for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.devbroker import LocalCluster
from streams.processes import free_ports
from streams.settings import Settings
from streams.topics import dead_letter_topic
from tests.fault.chaos import WorkerProcess
from tests.integration.engine_bench import COMPACT, Bench
from tests.integration.engine_job import COUNTED, ORDERS

pytestmark = pytest.mark.integration


@pytest.fixture
def bench(settings: Callable[..., Settings], tmp_path: Path) -> Bench:
    return Bench(settings(), tmp_path)


@contextmanager
def running(worker: WorkerProcess) -> Iterator[WorkerProcess]:
    worker.start()
    try:
        yield worker
    finally:
        if worker.running:
            worker.kill()


def refusal(worker: WorkerProcess, seconds: float = 30) -> str:
    """The one line with which a worker refuses to start."""
    with running(worker):
        assert worker.wait(seconds) == 2
    lines = [line for line in worker.log.read_text().splitlines() if " ERROR " in line or "Traceback" in line]
    assert len(lines) == 1, worker.log.read_text()
    return lines[0]


def ready(worker: WorkerProcess) -> bool:
    return "partitions ready" in worker.log.read_text()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_missing_topics_are_all_named(bench: Bench) -> None:
    bench.make_topics(without=(COUNTED, "changelog"))
    said = refusal(bench.worker())
    assert f"topic {bench.settings.topic(COUNTED)} is missing" in said
    assert f"topic {bench.changelog} is missing" in said
    assert "milepost topics create" in said


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"changelog": {"cleanup.policy": "delete"}}, "cleanup.policy=delete"),
        ({"changelog": {"cleanup.policy": "compact,delete"}}, "must be compact"),
    ],
)
def test_a_changelog_that_would_lose_rows_is_refused(bench: Bench, config: dict[str, dict[str, str]], said: str) -> None:
    bench.make_topics(config=config)
    assert said in refusal(bench.worker())


def test_partition_counts_that_do_not_fit_are_refused(bench: Bench) -> None:
    bench.make_topics(partitions=4, without=("changelog", dead_letter_topic(ORDERS)))
    make(bench, bench.changelog, 3, COMPACT)
    make(bench, bench.settings.topic(dead_letter_topic(ORDERS)), 2, {})
    said = refusal(bench.worker())
    assert f"{bench.changelog} has 3 partitions, but its source {bench.settings.topic(ORDERS)} has 4" in said
    assert "has 2 partitions, fewer than the 4 of" in said


def test_a_second_worker_with_the_same_folder_is_refused_at_once(bench: Bench) -> None:
    bench.make_topics()
    with running(bench.worker("twin")) as first:
        until(lambda: ready(first))
        second = bench.worker("twin")
        second.log = second.log.with_name("second.log")
        assert "another process runs worker 'twin'" in refusal(second, 10)
        assert first.running


def test_a_second_worker_with_the_same_name_on_another_machine_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.make_topics()
    with running(bench.worker("twin")) as first:
        until(lambda: ready(first))
        second = bench.worker("twin", MILEPOST_DATA=str(tmp_path / "elsewhere"))
        second.log = second.log.with_name("second.log")
        assert "already runs at 127.0.0.1" in refusal(second, 30)
        bench.send([("a", {})])
        assert bench.answers(1) == [("a", {"n": 1})]
        assert first.running


def test_a_killed_worker_takes_its_own_place_without_waiting_for_its_session(bench: Bench) -> None:
    bench.make_topics()
    with running(bench.worker(MILEPOST_SESSION_TIMEOUT_MS="30000")) as worker:
        until(lambda: ready(worker))
        for expected in range(1, 4):
            worker.kill()
            worker.start()
            bench.send([("a", {})])
            assert len(bench.answers(expected, seconds=15, longer=0.1)) == expected


def test_a_broker_that_is_not_there_yet_is_waited_for_and_said_once(tmp_path: Path, settings: Callable[..., Settings]) -> None:
    (port,) = free_ports(1)
    bench = Bench(settings(bootstrap=f"127.0.0.1:{port}"), tmp_path)
    with running(bench.worker()) as worker:
        until(lambda: "no broker answers" in worker.log.read_text())
        with LocalCluster(tmp_path / "kafka", port=port):
            until(lambda: not worker.running)
            assert worker.wait(1) == 2
        log = worker.log.read_text()
    assert len(re.findall("no broker answers", log)) == 1
    assert f"the broker at 127.0.0.1:{port} answers" in log and "is missing" in log
    assert "rdkafka" not in log


def test_a_worker_that_waits_for_a_broker_stops_when_asked(tmp_path: Path, settings: Callable[..., Settings]) -> None:
    (port,) = free_ports(1)
    bench = Bench(settings(bootstrap=f"127.0.0.1:{port}"), tmp_path)
    with running(bench.worker()) as worker:
        until(lambda: "no broker answers" in worker.log.read_text())
        worker.terminate()
        assert worker.wait(10) == 0


def make(bench: Bench, name: str, partitions: int, config: dict[str, Any]) -> None:
    from confluent_kafka.admin import NewTopic

    for made in bench._admin.create_topics([NewTopic(name, partitions, 1, config=config)]).values():
        made.result()
