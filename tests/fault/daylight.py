"""The whole pipeline under chaos: workers that run a generated day, fed at a steady pace, and the proof at the end."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.admin import create_topics
from streams.day import generate
from streams.day.found import Found
from streams.day.generator import recent_start
from streams.day.story import CLOSING, DAYTIME
from streams.demo.board import FOLLOWED
from streams.devbroker import LocalCluster
from streams.following import Follower
from streams.jsonlines import parse
from streams.pipeline import hops
from streams.producing import Sender
from streams.settings import Settings
from streams.verify import Report, verify
from tests.fault.chaos import Dice, Workers

__all__ = ["DayUnderChaos"]

SESSION_MS = 6_000


class DayUnderChaos:
    """Workers, and a feeder that tells them the first phase of a day; both end with the block."""

    def __init__(self, cluster: LocalCluster, folder: Path, dice: Dice, workers: list[str], *, orders: int, rate: float) -> None:
        nodes = len(cluster.nodes)
        self.settings = Settings(
            bootstrap=cluster.bootstrap,
            prefix=f"chaos{time.time_ns()}.",
            data=folder / "data",
            metrics_port=0,
            sweep_interval_ms=200,
            session_timeout_ms=SESSION_MS,
            transaction_timeout_ms=5_000,
            replication=nodes,
            min_insync=2 if nodes > 1 else 1,
        )
        create_topics(self.settings)
        self._day = generate(dice.randrange(998), orders, recent_start(datetime.now(UTC), orders))
        self._rate = rate
        self._failure: Exception | None = None
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        command = [sys.executable, "-m", "streams.worker"]
        self.workers = Workers.of(workers, command, folder / "logs", self._environment)

    def __enter__(self) -> Self:
        self.workers.__enter__()
        self._feeder.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.workers.__exit__(kind, error, trace)

    @property
    def feeding(self) -> bool:
        """Records are still to come."""
        return self._feeder.is_alive()

    def lose_state(self, name: str) -> None:
        """kill -9 and the local stores gone, as when a pod comes back without its volume."""
        self.workers.kill(name, before_start=lambda: shutil.rmtree(self.settings.data / self.settings.app_id / name))

    def prove(self, seconds: float = 180) -> tuple[Report, list[str]]:
        """Tell the rest of the day and wait until it is digested. Returns what `verify` finds, and each order that is not as expected."""
        self._feeder.join()
        if self._failure is not None:
            raise self._failure
        self._wait_until_digested(seconds)
        self._send(CLOSING)
        report = self._wait_until_digested(seconds)
        self.workers.stop()
        self.workers.check()
        found = Found()
        with Follower(self.settings, FOLLOWED, from_start=True) as follower:
            while records := follower.read(3):
                for record in records:
                    found.take(record.topic, record.key, record.value, record.headers)
        return report, list(found.differences(self._day.expectations()))

    def _wait_until_digested(self, seconds: float) -> Report:
        return verify(self.settings, hops(self.settings), wait_seconds=seconds, state=True)

    def _feed(self) -> None:
        try:
            self._send(DAYTIME)
        except Exception as error:  # noqa: BLE001 - raised again by the test's thread
            self._failure = error

    def _send(self, phase: int) -> None:
        with Sender(self.settings) as sender:
            began = time.monotonic()
            for count, line in enumerate(self._day.phase(phase)):
                time.sleep(max(0.0, began + count / self._rate - time.monotonic()))
                sender.send(parse(line, 0)._replace(timestamp=0))
        assert not sender.failures, sender.failures

    def _environment(self, worker: str) -> dict[str, str]:
        settings = self.settings
        return os.environ | {
            "KAFKA_BOOTSTRAP": settings.bootstrap,
            "MILEPOST_PREFIX": settings.prefix,
            "MILEPOST_DATA": str(settings.data),
            "MILEPOST_WORKER": worker,
            "MILEPOST_METRICS_PORT": "0",
            "MILEPOST_SWEEP_INTERVAL_MS": str(settings.sweep_interval_ms),
            "MILEPOST_SESSION_TIMEOUT_MS": str(settings.session_timeout_ms),
            "MILEPOST_TRANSACTION_TIMEOUT_MS": str(settings.transaction_timeout_ms),
        }
