"""Taking over partitions: offsets and rows are right although another worker's transactions are still open, aborted or just committed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as AiokafkaPartition
from confluent_kafka import KafkaException, Producer, TopicPartition

from streams.engine.errors import OutcomeUnknown, RecordRefused, StaleGeneration, TransactionAborted, WorkerMustRestart
from streams.engine.group import GroupMetadata, encode
from streams.engine.offsets import log_ends, start_of
from streams.engine.producer import Changelog, HopProducer
from streams.engine.restore import catch_up
from streams.engine.store import ChangelogIdentity, PartitionStore, StoreMemory
from streams.hop import Output
from streams.settings import Settings
from tests.integration.engine_bench import read_committed

pytestmark = pytest.mark.integration

NOBODY = "a group without members accepts offsets from anybody"


@pytest.fixture
def installation(settings: Callable[..., Settings], topics: Callable[..., list[str]]) -> Settings:
    made = settings(transaction_timeout_ms=5_000)
    topics(made, "source", "out", partitions=2)
    topics(made, "changelog", partitions=2, config={"cleanup.policy": "compact"})
    return made


def transactional(settings: Settings, name: str) -> Producer:
    producer = Producer({"bootstrap.servers": settings.bootstrap, "transactional.id": f"{settings.app_id}-{name}", "linger.ms": 0})
    producer.init_transactions(20)
    return producer


def anybody(settings: Settings) -> bytes:
    return encode(GroupMetadata(settings.app_id, -1, ""))


def open_transaction(settings: Settings, name: str, entries: dict[bytes, bytes | None], offset: int) -> Producer:
    """A transaction with changelog entries and a source offset, flushed and neither committed nor aborted."""
    producer = transactional(settings, name)
    producer.begin_transaction()
    for key, value in entries.items():
        producer.produce(settings.topic("changelog"), value, key, 0)
    assert producer.flush(20) == 0
    producer.send_offsets_to_transaction([TopicPartition(settings.topic("source"), 0, offset)], anybody(settings), 20)
    return producer


def commit(settings: Settings, name: str, entries: dict[bytes, bytes | None], offset: int = 1) -> None:
    open_transaction(settings, name, entries, offset).commit_transaction(20)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PartitionStore]:
    store = PartitionStore.open(tmp_path / "store", StoreMemory(), identity("-"), 0)
    yield store
    store.close()


def identity(topic: str) -> ChangelogIdentity:
    return ChangelogIdentity(topic, "id", 86_400_000)


def restore(settings: Settings, store: PartitionStore) -> int:
    return catch_up(settings, identity(settings.topic("changelog")), {0: store}, StoreMemory(), threading.Event()).entries


def test_committed_offsets_wait_for_the_transaction_that_holds_them(installation: Settings) -> None:
    source = installation.topic("source")
    producer = Producer({"bootstrap.servers": installation.bootstrap})
    for _ in range(100):
        producer.produce(source, b"", partition=0)
    producer.flush(10)
    commit(installation, "first", {}, 40)
    pending = open_transaction(installation, "second", {}, 60)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(start_of, installation, [(source, 0), (source, 1)], threading.Event())
        time.sleep(1)
        assert not asked.done()
        pending.commit_transaction(20)
        assert asked.result(20) == {(source, 0): 60, (source, 1): 0}


async def test_why_aiokafkas_own_committed_offsets_will_not_do(installation: Settings) -> None:
    """It is told the offset before the pending transaction, whose records would then be processed twice."""
    commit(installation, "first", {}, 40)
    pending = open_transaction(installation, "second", {}, 60)
    consumer = AIOKafkaConsumer(bootstrap_servers=installation.bootstrap, group_id=installation.app_id, isolation_level="read_committed")
    await consumer.start()
    partition = AiokafkaPartition(installation.topic("source"), 0)
    consumer.assign([partition])
    assert await consumer.committed(partition) == 40
    pending.commit_transaction(20)
    await consumer.stop()


def test_a_read_that_is_cancelled_comes_back_with_nothing(installation: Settings) -> None:
    pending = open_transaction(installation, "pending", {}, 60)
    cancelled = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(start_of, installation, [(installation.topic("source"), 0)], cancelled)
        cancelled.set()
        assert asked.result(20) == {}
    pending.abort_transaction(20)


def test_the_end_of_a_log_lies_behind_open_transactions(installation: Settings, store: PartitionStore) -> None:
    changelog = installation.topic("changelog")
    assert restore(installation, store) == 0  # Waits until the topic that was just made is known everywhere.
    assert log_ends(installation, [(changelog, 0)]) == {(changelog, 0): (0, 0)}
    pending = open_transaction(installation, "pending", {b"ra": b"1", b"rb": b"1"}, 1)
    assert log_ends(installation, [(changelog, 0)]) == {(changelog, 0): (0, 2)}
    pending.abort_transaction(20)


def test_a_restore_waits_for_an_open_transaction_and_takes_what_it_commits(installation: Settings, store: PartitionStore) -> None:
    commit(installation, "first", {b"ra": b"1", b"mdue": b""})
    pending = open_transaction(installation, "second", {b"ra": b"2", b"rb": b"2", b"mdue": None}, 1)
    with ThreadPoolExecutor(1) as pool:
        restoring = pool.submit(restore, installation, store)
        time.sleep(1)
        assert not restoring.done()
        pending.commit_transaction(20)
        assert restoring.result(20) == 5
    assert (store.row(b"a"), store.row(b"b"), list(store.marks(b""))) == (b"2", b"2", [])


def test_a_restore_takes_nothing_of_what_was_aborted(installation: Settings, store: PartitionStore) -> None:
    commit(installation, "first", {b"ra": b"1"})
    open_transaction(installation, "second", {b"ra": b"2", b"rb": b"2"}, 1).abort_transaction(20)
    assert restore(installation, store) == 1
    assert (store.row(b"a"), store.row(b"b")) == (b"1", None)
    commit(installation, "third", {b"rc": b"3"})
    assert restore(installation, store) == 1
    assert store.row(b"c") == b"3"


def test_a_store_that_continues_beyond_its_changelog_is_restored_whole(installation: Settings, store: PartitionStore) -> None:
    commit(installation, "first", {b"ra": b"1"})
    store.apply([(b"ra", b"wrong"), (b"rghost", b"wrong")], 1_000, 0)
    assert restore(installation, store) == 1
    assert (store.row(b"a"), store.row(b"ghost")) == (b"1", None)


def producer_of(settings: Settings, *, rival: str = "") -> HopProducer:
    producer = HopProducer(settings, "hop", "client", lambda: True, lambda: rival)
    producer.open()
    return producer


def test_a_transaction_tells_where_its_changelog_entries_ended(installation: Settings, store: PartitionStore) -> None:
    changelog, source = installation.topic("changelog"), installation.topic("source")
    producer = producer_of(installation)
    rows = [Changelog(changelog, 0, {b"ra": b"1", b"rb": b"1"}), Changelog(changelog, 1, {b"rc": b"1"})]
    ends = producer.transact(rows, [Output("out", b"k", b"v")], {(source, 0): 1}, anybody(installation))
    assert ends == {0: 2, 1: 1}
    store.apply(rows[0].entries.items(), ends[0], 0)
    assert restore(installation, store) == 0
    producer.close()


def test_a_generation_that_is_over_changes_nothing(installation: Settings) -> None:
    changelog, source = installation.topic("changelog"), installation.topic("source")
    producer = producer_of(installation)
    zombie = encode(GroupMetadata(installation.app_id, 7, "a-member-that-is-gone", "instance"))
    with pytest.raises(StaleGeneration):
        producer.transact([Changelog(changelog, 0, {b"ra": b"1"})], [Output("out", b"k", b"zombie")], {(source, 0): 9}, zombie)
    producer.transact((), [Output("out", b"k", b"next")], {(source, 0): 1}, anybody(installation))
    producer.close()
    assert [message.value() for message in read_committed(installation.bootstrap, installation.topic("out"), 1, 20, 0.5)] == [b"next"]
    assert start_of(installation, [(source, 0)], threading.Event()) == {(source, 0): 0}  # the log is empty: 1 lies beyond it


def test_an_output_that_cannot_be_sent_aborts_and_names_itself(installation: Settings) -> None:
    producer = producer_of(installation)
    offsets = {(installation.topic("source"), 0): 1}
    with pytest.raises(RecordRefused, match="cannot be sent"):
        producer.transact((), [Output("out", b"k", b"before"), Output("out", b"k", 7)], offsets, anybody(installation))  # type: ignore[arg-type]
    producer.transact((), [Output("out", b"k", b"after")], offsets, anybody(installation))
    producer.close()
    assert [message.value() for message in read_committed(installation.bootstrap, installation.topic("out"), 1, 20, 0.5)] == [b"after"]


def fence(settings: Settings) -> None:
    """Another producer takes the transactional id: the first one dies of its next step."""
    Producer(
        {"bootstrap.servers": settings.bootstrap, "transactional.id": f"{settings.app_id}-hop-{settings.worker}"}
    ).init_transactions(20)


def test_a_fenced_producer_is_replaced_when_nobody_else_has_our_name(installation: Settings) -> None:
    producer, offsets = producer_of(installation), {(installation.topic("source"), 0): 1}
    fence(installation)
    with pytest.raises(TransactionAborted):
        producer.transact((), [Output("out", b"k", b"fenced")], offsets, anybody(installation))
    producer.transact((), [Output("out", b"k", b"again")], offsets, anybody(installation))
    producer.close()
    assert [message.value() for message in read_committed(installation.bootstrap, installation.topic("out"), 1, 20, 0.5)] == [b"again"]


def test_a_fenced_producer_gives_up_when_another_process_has_our_name(installation: Settings) -> None:
    producer = producer_of(installation, rival="elsewhere")
    fence(installation)
    with pytest.raises(WorkerMustRestart, match="another process lives under our name at elsewhere"):
        producer.transact((), [Output("out", b"k", b"v")], {(installation.topic("source"), 0): 1}, anybody(installation))


def test_a_producer_that_dies_in_its_commit_says_that_the_outcome_is_unknown(installation: Settings) -> None:
    producer = producer_of(installation)
    inner = producer._producer

    class Dying:
        """Fenced between the offsets and the commit."""

        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

        def commit_transaction(self, timeout: float) -> None:
            fence(installation)
            inner.commit_transaction(timeout)

    producer._producer = Dying()  # type: ignore[assignment]
    with pytest.raises((OutcomeUnknown, KafkaException)) as caught:
        producer.transact((), [Output("out", b"k", b"v")], {(installation.topic("source"), 0): 1}, anybody(installation))
    assert isinstance(caught.value, OutcomeUnknown)
    assert start_of(installation, [(installation.topic("source"), 0)], threading.Event()) == {(installation.topic("source"), 0): 0}
    producer.close()
