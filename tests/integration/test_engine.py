"""The engine on a real broker: what a worker commits, keeps, refuses and gives back."""

from __future__ import annotations

import random
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.deadletter import headers
from streams.engine import EXIT_STOPPED
from streams.settings import Settings
from tests.fault.chaos import WorkerProcess
from tests.integration.engine_bench import Bench
from tests.integration.engine_job import COPIED, COUNTED, ORDERS, WIDE

pytestmark = pytest.mark.integration

LETTERS = f"{ORDERS}.dlq"


@pytest.fixture
def bench(settings: Callable[..., Settings], tmp_path: Path) -> Bench:
    return Bench(settings(), tmp_path)


@contextmanager
def running(bench: Bench, name: str = "0", **environment: str) -> Iterator[WorkerProcess]:
    """A started worker, killed at the end if it still runs."""
    worker = bench.worker(name, **environment)
    worker.start()
    try:
        yield worker
    finally:
        if worker.running:
            worker.kill()


def counts(answers: list[tuple[str, Any]]) -> dict[str, list[int]]:
    by_key: dict[str, list[int]] = defaultdict(list)
    for key, answer in answers:
        by_key[key].append(answer["n"])
    return by_key


def restored(worker: WorkerProcess) -> list[int]:
    """Entries read from the changelog at each assignment, from the worker's log."""
    return [int(number) for number in re.findall(r"bench: \d+ partitions ready, (\d+) entries", worker.log.read_text())]


def test_every_record_counts_once_through_stops_kills_and_lost_stores(bench: Bench) -> None:
    bench.make_topics()
    keys = [f"order-{number}" for number in range(20)]
    with running(bench) as worker:
        bench.send((key, {}) for _ in range(50) for key in keys)
        bench.answers(1_000)
        worker.terminate()
        assert worker.wait(20) == 0
        # In good order: nothing to catch up with.
        bench.send((key, {}) for _ in range(50) for key in keys)
        worker.start()
        bench.answers(2_000)
        assert restored(worker)[-1] == 0
        worker.kill()
        bench.send((key, {}) for _ in range(50) for key in keys)
        worker.start()
        bench.answers(3_000)
        worker.kill()
        # The store is gone: all rows come back from the changelog.
        shutil.rmtree(bench.settings.data)
        bench.send((key, {}) for _ in range(50) for key in keys)
        worker.start()
        answers = bench.answers(4_000)
        assert restored(worker)[-1] > 0
    assert counts(answers) == {key: list(range(1, 201)) for key in keys}


def test_a_poison_record_is_dead_lettered_and_its_neighbours_are_not(bench: Bench) -> None:
    bench.make_topics(partitions=1)
    bench.send([("a", {}), ("b", {}), ("a", {"poison": True}), ("a", {}), ("b", {})], headers=[("trace", b"t1")])
    with running(bench):
        answers = bench.answers(4)
        letters = bench.read(LETTERS, count=1)
    assert counts(answers) == {"a": [1, 2], "b": [1, 2]}
    (letter,) = letters
    told = headers.read(letter.headers() or [])
    assert (letter.key(), letter.value(), letter.partition()) == (b"a", b'{"poison":true}', 0)
    assert ("trace", b"t1") in (letter.headers() or [])
    assert told[headers.CODE] == "POISON"
    assert told[headers.CLASS] == "ValueError"
    assert told[headers.SOURCE_TOPIC] == ORDERS
    assert told[headers.SOURCE_OFFSET] == "2"


def test_a_refused_record_keeps_its_partition_and_holds_its_order(bench: Bench) -> None:
    bench.make_topics(partitions=3)
    bench.send([("a", {"refuse": "QTY_INVALID", "order": "acme:4711"})], partition=2)
    with running(bench):
        assert bench.answers(1) == [("acme:4711", {"held": True})]
        (letter,) = bench.read(LETTERS, count=1)
    told = headers.read(letter.headers() or [])
    assert letter.partition() == 2
    assert (told[headers.CODE], told[headers.STAGE], told[headers.ORDER_ID]) == ("QTY_INVALID", "validate", "acme:4711")
    assert told[headers.ATTEMPT] == "1" and told[headers.FIRST_FAILED_AT] == told[headers.FAILED_AT]


def test_an_output_too_large_for_its_topic_is_a_dead_letter(bench: Bench) -> None:
    bench.make_topics(partitions=1, config={COUNTED: {"max.message.bytes": "10000"}})
    bench.send([("a", {}), ("a", {"big": 200_000}), ("a", {}), ("b", {})])
    with running(bench):
        answers = bench.answers(3)
        letters = bench.read(LETTERS, count=1)
    assert counts(answers) == {"a": [1, 2], "b": [1]}
    assert [letter.value() for letter in letters] == [b'{"big":200000}']


def test_a_record_that_cannot_even_be_dead_lettered_stops_the_worker_and_is_not_skipped(bench: Bench) -> None:
    bench.make_topics(partitions=1, config={LETTERS: {"max.message.bytes": "200"}})  # not even a pointer
    bench.send([("a", {}), ("b", {"poison": True, "pad": random.Random(0).randbytes(20_000).hex()}), ("a", {})])
    with running(bench) as worker:
        assert worker.wait(30) == EXIT_STOPPED
        assert bench.committed() == {0: 1}
        worker.start()
        assert worker.wait(30) == EXIT_STOPPED
    last = worker.log.read_text().strip().splitlines()[-1]
    assert f"{ORDERS}/0@1" in last and "nothing is skipped" in last and "max.message.bytes" in last
    assert counts(bench.answers(1)) == {"a": [1]}


def test_a_broadcast_reaches_every_partition_once(bench: Bench) -> None:
    bench.make_topics(partitions=5)
    bench.send([("a", {"broadcast": "terms"})])
    with running(bench):
        found = bench.read(count=5)
    assert sorted(message.partition() for message in found if message.value() == b"terms") == [0, 1, 2, 3, 4]


def test_the_time_of_a_due_mark_comes_back_as_one_record_of_the_same_partition(bench: Bench) -> None:
    bench.make_topics(partitions=2)
    soon = int(time.time() * 1000) + 1_500
    bench.send([("a", {"due": soon}), ("b", {"due": soon + 3_600_000})], partition=1)
    with running(bench):
        answers = bench.answers(3, longer=1.0)
        log = bench.read(ORDERS, count=3)
        assert int(time.time() * 1000) >= soon
    ticks = [answer for _, answer in answers if "tick" in answer]
    assert ticks == [{"n": 2, "tick": soon}]
    assert [(message.partition(), message.key()) for message in log if b"tick" in (message.value() or b"")] == [(1, b"a")]


def test_a_mark_that_fell_due_while_no_worker_ran_is_ticked_at_the_next_start(bench: Bench) -> None:
    bench.make_topics(partitions=1)
    soon = int(time.time() * 1000) + 6_000
    with running(bench) as worker:
        bench.send([("a", {"due": soon})])
        bench.answers(1)
        worker.kill()
        shutil.rmtree(bench.settings.data)
        time.sleep(max(0.0, soon / 1000 - time.time()))
        worker.start()
        assert [answer for _, answer in bench.answers(2)] == [{"n": 1}, {"n": 2, "tick": soon}]


def test_keys_headers_times_and_logical_topic_names_reach_the_hop(bench: Bench) -> None:
    bench.make_topics(partitions=1)
    bench.send([("ä", {"as is": True})], headers=[("format", b"x"), ("empty", b"")], timestamp=1_700_000_000_123)
    with running(bench):
        (found,) = bench.read(count=1)
    assert found.key() == "ä".encode()
    assert found.headers() == [("format", b"x"), ("empty", b""), ("topic", ORDERS.encode())]
    assert found.timestamp()[1] == 1_700_000_000_123


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records_of_every_compression_are_read_alike(bench: Bench, codec: str) -> None:
    from confluent_kafka import Producer

    bench.make_topics(partitions=1)
    producer = Producer({"bootstrap.servers": bench.settings.bootstrap, "compression.type": codec, "linger.ms": 50})
    for number in range(200):
        producer.produce(bench.settings.topic(WIDE), b"%d" % number + b"x" * 200, b"k")
    producer.flush(10)
    with running(bench):
        found = bench.read(COPIED, count=200)
    assert [message.value() for message in found] == [b"%d" % number + b"x" * 200 for number in range(200)]


def test_keyed_outputs_go_where_a_java_client_would_send_them(bench: Bench) -> None:
    from aiokafka.partitioner import murmur2

    bench.make_topics(partitions=7)
    keys = [f"key-{number}" for number in range(50)]
    bench.send(((key, {}) for key in keys), topic=WIDE)
    with running(bench):
        found = bench.read(COPIED, count=50)
    assert {message.key(): message.partition() for message in found} == {
        key.encode(): (murmur2(key.encode()) & 0x7FFFFFFF) % 7 for key in keys
    }


def test_a_stop_commits_what_runs_and_repeats_nothing(bench: Bench) -> None:
    bench.make_topics(partitions=2)
    with running(bench) as worker:
        bench.send((f"k{number % 50}", {}) for number in range(3_000))
        bench.read(count=1)
        worker.terminate()
        assert worker.wait(20) == 0
        done = len(bench.read())
        assert sum(offset for offset in bench.committed().values() if offset > 0) == done
        worker.start()
        answers = bench.answers(3_000)
    assert all(seen == list(range(1, 61)) for seen in counts(answers).values())
