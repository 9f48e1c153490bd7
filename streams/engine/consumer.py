"""What we change in Faust's consumer, and why. docs/engine.md lists each override with the test that fails without it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Mapping
from typing import Any, Final

import aiokafka
import faust
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.engine.assignment import Assignment, Fetched
from streams.engine.group import GroupMetadata, encode
from streams.engine.offsets import start_of
from streams.settings import Settings

__all__ = ["BatchConsumer", "BatchSchema", "BatchTransport"]

FETCH_WAIT_MS: Final = 20
"""How long the broker may keep an empty fetch. Faust's fixed 1,500 ms is seconds of latency over three hops."""

_FETCH_MIN_BYTES: Final = 64 << 10
"""The broker answers a fetch once this much has gathered, or after `FETCH_WAIT_MS`. To answer each few records at once costs worker and
broker a quarter more CPU at half load, which delays records more than the wait does."""

_POLL_SECONDS: Final = 0.1
"""How long to wait for records before the set of readable partitions is looked at again."""


class _Listener(driver.ConsumerRebalanceListener):
    """The moment aiokafka asks partitions back, nothing that it still hands out is ours."""

    _thread: _ConsumerThread

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> Awaitable[Any]:
        self._thread.let_go()
        return super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        self._thread.settled = self._thread.rebalances
        await super().on_partitions_assigned(assigned)


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """Runs aiokafka in its own thread and loop. `held` is written here and read anywhere."""

    held: Assignment | None = None
    rebalances = 0
    """How often partitions were asked back."""
    settled = -1
    """`rebalances` at the time partitions were last assigned; equal to it unless a rebalance is under way."""

    def __init__(self, *args: Any, settings: Settings, **kwargs: Any) -> None:
        self._settings = settings
        self._cancelled = threading.Event()
        self._logical: dict[str, str] = {}
        super().__init__(*args, **kwargs)

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        # Faust reads committed records only in its own (unusable) exactly_once mode, and fixes the fetch wait.
        consumer = super()._create_worker_consumer(transport)
        ours = {"_isolation_level": "read_committed", "_fetch_max_wait_ms": FETCH_WAIT_MS, "_fetch_min_bytes": _FETCH_MIN_BYTES}
        for name, value in ours.items():
            if not hasattr(consumer, name):
                raise AttributeError(f"aiokafka {aiokafka.__version__} has no {name}: the engine must be adapted to it")
            setattr(consumer, name, value)
        return consumer

    def let_go(self) -> None:
        """The partitions are asked back: what is fetched from now on belongs to nobody."""
        self.rebalances += 1
        self._cancelled.set()
        if self.held is not None:
            self.held.live = False
            self.held = None

    async def seek_to_committed(self) -> Mapping[TP, int]:
        # aiokafka's own seek takes unstable offsets (offsets.py) and leaves a partition without any where it happens to stand.
        return await self.call_thread(self._take_hold)  # type: ignore[no-any-return]

    async def _take_hold(self) -> Mapping[TP, int]:
        consumer = self._ensure_consumer()
        coordinator = consumer._coordinator
        rebalances, generation, member = self.rebalances, coordinator.generation, coordinator.member_id
        if rebalances != self.settled:
            raise IllegalStateError("a rebalance is under way")
        partitions = {(tp.topic, tp.partition) for tp in consumer.assignment()}
        self._cancelled.clear()
        start = await asyncio.get_running_loop().run_in_executor(None, start_of, self._settings, partitions, self._cancelled)
        if rebalances != self.rebalances or (generation, member) != (coordinator.generation, coordinator.member_id):
            raise IllegalStateError("partitions were asked back meanwhile")
        for (topic, number), offset in start.items():
            consumer.seek(aiokafka.TopicPartition(topic, number), offset)
        metadata = GroupMetadata(self._settings.app_id, generation, member, self.app.conf.consumer_group_instance_id)
        self.held = Assignment(generation, encode(metadata), start)
        return {TP(*partition): offset for partition, offset in start.items()}

    async def _fetch_records(self, consumer: Any, active_partitions: Any, timeout: Any = None, max_records: Any = None) -> Any:
        # Faust stamps records with the generation of the moment at which the *other* thread converts them, so records fetched before a
        # rebalance can pass as fetched after it. Here nothing can happen between the fetch and the stamp.
        if self.held is None:
            await asyncio.sleep(_POLL_SECONDS / 5)
            return {}
        records = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
        assignment = self._still_held()
        if assignment is None:
            return {}
        fetched = {}
        for tp, found in records.items():
            self._to_logical(tp.topic, found)
            fetched[TP(tp.topic, tp.partition)] = Fetched(assignment, tp.topic, tp.partition, found)
        return fetched

    def _still_held(self) -> Assignment | None:
        return self.held

    def _to_logical(self, topic: str, records: list[Any]) -> None:
        """Hops know topics by their logical names; where an installation has a prefix, take it off."""
        logical = self._logical.get(topic)
        if logical is None:
            logical = self._logical[topic] = self._settings.logical(topic)
        if logical != topic:
            for record in records:
                record.topic = logical


class BatchConsumer(driver.Consumer):
    """Hands out one message a partition and poll, and leaves offsets to the transactions."""

    RebalanceListener = _Listener
    _thread: _ConsumerThread
    app: Any

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon, settings=self.app.settings)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        # Faust's goes through its scheduler record by record, sleeps a second when no partition is active yet, and seeks by itself when the
        # flow is stopped. Ours passes batches on, and only a finished recovery seeks.
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        active = self._get_active_partitions()
        if not active:
            await self.sleep(_POLL_SECONDS / 5)
            return
        records = await self._getmany(active, min(timeout, _POLL_SECONDS))
        for tp, fetched in records.items():
            yield tp, self._to_message(tp, fetched)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        # The generation is required: a stream silently skips messages of another one than the app's.
        last = record.records[-1]
        return ConsumerMessage(
            tp.topic, tp.partition, last.offset, last.timestamp / 1000, last.timestamp_type, [], None, record, None, 0, 0, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    async def wait_empty(self) -> None:
        # Faust waits until messages are acknowledged. What must end before partitions are given up is the running transactions.
        await self.app.drain()

    async def verify_all_partitions_active(self) -> None:
        # Faust logs an error for each quiet partition; `health` says whether the worker makes progress.
        return

    # streams.engine.loop.Tap

    def current(self) -> Assignment | None:
        return self._thread.held

    def close_partitions(self, partitions: Collection[tuple[str, int]]) -> None:
        """Backpressure: fetched records of these partitions stay with aiokafka."""
        for partition in partitions:
            self.on_buffer_full(TP(*partition))

    def open_partitions(self, partitions: Collection[tuple[str, int]]) -> None:
        """The hop keeps up again."""
        for partition in partitions:
            self.on_buffer_drop(TP(*partition))


class BatchTransport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer = BatchConsumer


class BatchSchema(faust.Schema[Any, Any]):
    """Leaves a batch as it is: decoding is the hops' business, and Faust would acknowledge what it cannot decode before asking us."""

    def loads_key(self, app: Any, message: Any, **kwargs: Any) -> Any:
        return None

    def loads_value(self, app: Any, message: Any, **kwargs: Any) -> Any:
        return message.value
