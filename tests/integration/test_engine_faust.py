"""Each of our changes to Faust has a test here (or in tests/unit/engine/test_consumer.py) that fails without it. docs/engine.md lists them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from streams.settings import Settings
from tests.fault.chaos import WorkerProcess
from tests.integration.engine_bench import Bench
from tests.integration.engine_job import COPIED, ORDERS, WIDE

pytestmark = pytest.mark.integration


@pytest.fixture
def bench(settings: Callable[..., Settings], tmp_path: Path) -> Bench:
    bench = Bench(settings(), tmp_path)
    bench.make_topics(partitions=2)
    return bench


@contextmanager
def running(bench: Bench) -> Iterator[WorkerProcess]:
    worker = bench.worker()
    worker.start()
    try:
        yield worker
    finally:
        if worker.running:
            worker.kill()


def test_records_of_aborted_transactions_are_not_read(bench: Bench) -> None:
    producer = Producer({"bootstrap.servers": bench.settings.bootstrap, "transactional.id": bench.settings.prefix})
    producer.init_transactions(20)
    for value, end in ((b"aborted", producer.abort_transaction), (b"committed", producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(bench.settings.topic(WIDE), value, b"k", 0)
        producer.flush(10)
        end(20)
    with running(bench):
        assert [message.value() for message in bench.read(COPIED, count=1)] == [b"committed"]


def test_a_quiet_partitions_record_does_not_wait_for_a_running_fetch(bench: Bench) -> None:
    with running(bench):
        bench.send([("a", {})], topic=WIDE, partition=0)
        bench.read(COPIED, count=1)
        began = time.monotonic()
        for number in range(10):
            bench.send([("a", {})], topic=WIDE, partition=0)
            bench.read(COPIED, count=number + 2, longer=0)
        # A partition that has just delivered is not in the fetch that waits at the broker. With Faust's wait of 1.5 s, most of these ten wait so long.
        assert time.monotonic() - began < 8


def test_nothing_is_committed_before_its_transaction(bench: Bench) -> None:
    with running(bench):
        bench.send([("a", {})], partition=0)
        bench.answers(1)
        bench.send([("a", {"sleep": 8})], partition=0)
        # Faust commits what it has handed out every 2.8 s, the first time after 5.6.
        time.sleep(7)
        assert bench.committed()[0] == 1
        bench.answers(2)
    assert bench.committed()[0] == 2


def test_a_stop_waits_for_the_running_transaction(bench: Bench) -> None:
    with running(bench) as worker:
        bench.send([("a", {})], partition=0)
        bench.answers(1)
        bench.send([("a", {"sleep": 2})], partition=0)
        time.sleep(0.5)
        began = time.monotonic()
        worker.terminate()
        assert worker.wait(20) == 0
        assert time.monotonic() - began > 1
        assert bench.committed()[0] == 2
    assert bench.answers(2) == [("a", {"n": 1}), ("a", {"n": 2})]


def test_changelogs_are_not_subscribed_and_faust_makes_no_topics(bench: Bench) -> None:
    admin = AdminClient({"bootstrap.servers": bench.settings.bootstrap})
    before = set(admin.list_topics(timeout=10).topics)
    with running(bench):
        bench.send([("a", {})])
        bench.answers(1)
        group = admin.describe_consumer_groups([bench.settings.app_id])[bench.settings.app_id].result()
        after = set(admin.list_topics(timeout=10).topics)
    (member,) = group.members
    assert {each.topic for each in member.assignment.topic_partitions} == {bench.settings.topic(name) for name in (ORDERS, WIDE)}
    assert {name for name in after - before if name.startswith(bench.settings.prefix)} == set()


def test_a_worker_reads_soon_after_its_start(bench: Bench) -> None:
    bench.send([("a", {})])
    began = time.monotonic()
    with running(bench):
        bench.answers(1, longer=0)
        assert time.monotonic() - began < 10, "2 s on a quiet machine; Faust sleeps for several"
