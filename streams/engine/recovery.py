"""Faust's table machinery, reduced to the two things we want of it: a hook after each rebalance, and streams that wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import faust
from aiokafka.errors import IllegalStateError
from faust.stores.base import Store
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP
from mode import Service

from streams.engine.state import HopState

__all__ = ["HopStore", "HopTable", "RestoringTableManager"]


class _Recovery(Recovery):
    """Restores in one step of our own, in a thread, while the consumer keeps its heartbeat.

    Faust's recovery reads changelogs through its consumer, 7,000 records a second, counts offsets in a way that control records of
    transactions break, and dies of a timeout when the broker is away.
    """

    @Service.task
    async def _restart_recovery(self) -> None:
        while not await self.wait_for_stopped(self.signal_recovery_start.wait()):
            self.signal_recovery_start.clear()
            try:
                await self._wait(self._recover(self._generation_id))
            except (RebalanceAgain, IllegalStateError):
                continue
            except ServiceStopped:
                return

    @Service.task
    async def _slurp_changelogs(self) -> None:
        # Nothing arrives: changelogs are not subscribed.
        return

    async def _recover(self, generation: int) -> None:
        app: Any = self.app
        consumer = app.consumer
        await app.on_rebalance_complete.send()
        sources = set(consumer.assignment())
        await asyncio.gather(
            *(table.data.hold({tp.partition for tp in sources if tp.topic == table.source}) for table in self.tables.values())
        )
        if app.consumer_generation_id != generation:
            return
        if sources:
            await consumer.perform_seek()
        # Only now: a partition that is readable before the seek would be read from wherever aiokafka happened to stand.
        consumer.resume_partitions(sources)
        self.completed.set()
        app.flow_control.resume()
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()
        app.on_held(sources)


class RestoringTableManager(TableManager):
    """Does not subscribe to changelogs (the store reads them itself) and does not sleep a second at start."""

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = _Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()

    async def _update_channels(self) -> None:
        self._tables_finalized.set()
        for table in self.values():
            await table.maybe_start()
        self._tables_registered.set()


class HopStore(Store[bytes, bytes]):
    """Faust's name for a `HopState`: everything Faust asks of a store is answered by "already done"."""

    def __init__(self, *args: Any, state: HopState, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._state = state
        self._cancelled = threading.Event()
        self._turn = asyncio.Lock()

    async def hold(self, partitions: set[int]) -> None:
        """Own exactly these partitions, restored. Cancelling it stops the restore and waits for its thread."""
        async with self._turn:
            self._cancelled.clear()
            restore = asyncio.get_running_loop().run_in_executor(None, self._state.hold, partitions, self._cancelled)
            try:
                await asyncio.shield(restore)
            except asyncio.CancelledError:
                self._cancelled.set()
                await asyncio.wait([restore])
                raise

    async def on_stop(self) -> None:
        self._cancelled.set()
        async with self._turn:
            await asyncio.get_running_loop().run_in_executor(None, self._state.close)

    def persisted_offset(self, tp: TP) -> int | None:
        return None

    def set_persisted_offset(self, tp: TP, offset: int) -> None: ...
    async def need_active_standby_for(self, tp: TP) -> bool:
        return False

    def apply_changelog_batch(self, batch: Any, to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]) -> None: ...
    def reset_state(self) -> None: ...
    async def backup_partition(self, tp: Any, flush: bool = True, purge: bool = False, keep: int = 1) -> None: ...
    def restore_backup(self, tp: Any, latest: bool = True, backup_id: int = 0) -> None: ...
    def __len__(self) -> int:
        return sum(store.statistics()["rows"] for store in self._state.stores.values())


class HopTable(faust.Table[bytes, bytes]):
    """The table of a stateful hop: its changelog's name, and a store that restores itself."""

    def __init__(self, app: Any, *, state: HopState, source: str, **kwargs: Any) -> None:
        super().__init__(app, key_type=bytes, value_type=bytes, **kwargs)
        self.source = source
        """Physical topic whose partitions this table has."""
        self._state = state

    def _new_store(self) -> HopStore:
        return HopStore("rocksdb://", self.app, self, table_name=self.name, key_type=bytes, value_type=bytes, state=self._state)
