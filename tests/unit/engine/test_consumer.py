"""Our changes to Faust's consumer that need no broker: what a fetched batch carries, and what is nobody's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.engine.app import build_app
from streams.engine.assignment import Assignment, Fetched
from streams.engine.consumer import BatchConsumer, BatchSchema, _ConsumerThread, _Listener
from streams.engine.identity import Identity
from streams.settings import Settings


def read(offset: int, topic: str = "test.orders") -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord(topic, 1, offset, 1_700_000_000_000, 0, b"k", b"v", None, 1, 1, [])


@pytest.fixture
def thread(monkeypatch: pytest.MonkeyPatch) -> _ConsumerThread:
    """A consumer thread without a thread; what aiokafka returns is `thread.found`, after `thread.meanwhile` was called."""
    thread = _ConsumerThread.__new__(_ConsumerThread)
    thread._settings = Settings(prefix="test.")
    thread._cancelled = SimpleNamespace(set=lambda: None)  # type: ignore[assignment]
    thread._logical = {}
    thread.found = {TopicPartition("test.orders", 1): [read(5), read(6)]}  # type: ignore[attr-defined]
    thread.meanwhile = lambda: None  # type: ignore[attr-defined]

    async def fetch(self: Any, *_: Any) -> Any:
        self.meanwhile()
        return self.found

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    return thread


def fetched(thread: _ConsumerThread) -> dict[Any, Fetched]:
    return asyncio.run(thread._fetch_records(None, None))  # type: ignore[no-any-return]


def test_a_batch_carries_the_assignment_under_which_it_was_fetched(thread: _ConsumerThread) -> None:
    thread.held = Assignment(3, b"proof", {})
    ((tp, batch),) = fetched(thread).items()
    assert tp == TP("test.orders", 1)
    assert batch.assignment is thread.held
    assert (batch.topic, batch.partition, [record.offset for record in batch.records]) == ("test.orders", 1, [5, 6])


def test_hops_see_logical_topic_names(thread: _ConsumerThread) -> None:
    thread.held = Assignment(3, b"proof", {})
    (batch,) = fetched(thread).values()
    assert {record.topic for record in batch.records} == {"orders"}


def test_nothing_is_fetched_before_the_seek(thread: _ConsumerThread) -> None:
    assert thread.held is None
    assert fetched(thread) == {}


def test_what_comes_while_partitions_are_asked_back_is_nobodys(thread: _ConsumerThread) -> None:
    thread.held = Assignment(3, b"proof", {})
    thread.meanwhile = thread.let_go  # type: ignore[attr-defined]
    assert fetched(thread) == {}


def test_what_comes_after_a_rebalance_belongs_to_the_new_assignment(thread: _ConsumerThread) -> None:
    thread.held = old = Assignment(3, b"proof", {})
    new = Assignment(4, b"proof", {})

    def rebalance() -> None:
        thread.let_go()
        thread.held = new

    thread.meanwhile = rebalance  # type: ignore[attr-defined]
    (batch,) = fetched(thread).values()
    assert batch.assignment is new
    assert not old.live


def test_asking_partitions_back_kills_the_assignment_before_faust_hears_of_it(thread: _ConsumerThread) -> None:
    thread.held = held = Assignment(3, b"proof", {})
    heard = []
    thread.app = SimpleNamespace(on_rebalance_start=lambda: heard.append(held.live))  # type: ignore[assignment]
    thread.on_partitions_revoked = heard.append  # type: ignore[assignment,method-assign]
    _Listener(thread).on_partitions_revoked([TopicPartition("test.orders", 1)])
    assert heard == [False, {TopicPartition("test.orders", 1)}]
    assert thread.held is None


def new_consumer(folder: Path) -> Any:
    """aiokafka's consumer as the engine makes it; call it on a running loop."""
    settings = Settings(data=folder)
    app = build_app(settings, [], Identity(settings), {})
    thread = cast(BatchConsumer, app.consumer)._thread
    try:
        return thread._create_worker_consumer(app.transport)
    finally:
        thread.thread_loop.close()


async def test_the_consumer_reads_committed_and_waits_for_a_fetch_no_longer_than_needed(tmp_path: Path) -> None:
    made = new_consumer(tmp_path)
    assert (made._isolation_level, made._fetch_max_wait_ms, made._fetch_min_bytes) == ("read_committed", 20, 65_536)
    made._closed = True  # It was never opened.


async def test_an_aiokafka_without_what_we_change_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_create_worker_consumer", lambda *_: object())
    with pytest.raises(AttributeError, match="must be adapted"):
        new_consumer(tmp_path)


def test_a_message_has_the_apps_generation_or_the_stream_would_skip_it() -> None:
    consumer = BatchConsumer.__new__(BatchConsumer)
    consumer.app = SimpleNamespace(consumer_generation_id=7)
    batch = Fetched(Assignment(7, b"", {}), "orders", 1, [read(5), read(6)])
    message = consumer._to_message(TP("orders", 1), batch)
    assert (message.generation_id, message.offset, message.tp) == (7, 6, TP("orders", 1))
    assert BatchSchema().loads_value(None, message) is batch
