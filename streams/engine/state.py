"""The partitions of a stateful hop that this worker holds: their stores and their rows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from streams.engine.observer import Observer
from streams.engine.restore import catch_up
from streams.engine.rows import PartitionRows
from streams.engine.store import ChangelogIdentity, PartitionStore, StoreMemory
from streams.hop import Hop
from streams.settings import Settings

__all__ = ["HopState"]

log = logging.getLogger(__name__)


class HopState:
    """Opens, restores and closes the stores of one hop. Not for use by two threads at a time."""

    def __init__(
        self, hop: Hop, settings: Settings, folder: Path, changelog: ChangelogIdentity, memory: StoreMemory, observer: Observer
    ) -> None:
        assert hop.codec is not None
        self.changelog = changelog
        self.stores: dict[int, PartitionStore] = {}
        self.rows: dict[int, PartitionRows] = {}
        self._hop = hop
        self._codec = hop.codec
        self._settings = settings
        self._folder = folder
        self._memory = memory
        self._observer = observer

    def hold(self, partitions: Iterable[int], cancelled: threading.Event) -> None:
        """Own exactly these partitions, each at its changelog's end. Returns early, with nothing usable, once `cancelled`.

        Partitions held before are caught up too: a worker that was frozen may get a partition back in which another has written since.
        """
        wanted = set(partitions)
        for partition in self.stores.keys() - wanted:
            self._release(partition)
        for partition in sorted(wanted - self.stores.keys()):
            if cancelled.is_set():
                return
            path = self._folder / str(partition)
            self.stores[partition] = PartitionStore.open(path, self._memory, self.changelog, time.time_ns() // 1_000_000)
        if not wanted:
            return
        restored = catch_up(self._settings, self.changelog, self.stores, self._memory, cancelled)
        for partition, store in self.stores.items():
            if partition in restored.changed or partition not in self.rows:
                self.rows[partition] = PartitionRows(store, self._codec, self._settings.cached_rows)
        self._observer.restored(self._hop.name, len(wanted), restored.entries, restored.seconds)
        log.info("%s: %d partitions ready, %d entries restored in %.2f s", self._hop.name, len(wanted), restored.entries, restored.seconds)

    def close(self) -> None:
        """Close every store."""
        for partition in list(self.stores):
            self._release(partition)

    def _release(self, partition: int) -> None:
        self.rows.pop(partition, None)
        self.stores.pop(partition).close()
