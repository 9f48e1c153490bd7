"""Several workers on one machine: started, watched, started again when they fail, stopped together.

On Kubernetes and under systemd, let those do it and run one worker a unit; this is for a single machine without either.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.processes import bound_to_parent
from streams.settings import Settings

__all__ = ["Policy", "WorkerSpec", "supervise", "worker_specs"]

_log = logging.getLogger(__name__)

CONFIGURATION_ERROR = 2
TRIPPED = 65
"""`streams.engine.EXIT_TRIPPED`: each start would dead-letter more of what should not be."""

_WORKER_COMMAND = (sys.executable, "-m", "streams.worker")


@dataclass(frozen=True, slots=True)
class Policy:
    """When a worker is started again, and how long it may take to stop. All in seconds."""

    first_wait: float = 1.0
    longest_wait: float = 30.0
    """The wait doubles with each failure in a row, up to this."""

    healthy_after: float = 60.0
    """A worker that ran this long has recovered: its next failure counts as the first."""

    stop_within: float = 30.0
    """After SIGTERM; a worker that has not ended by then is killed, which costs no record (its transaction is undone)."""

    def wait_after(self, failures: int) -> float:
        """How long to wait after this many failures in a row (1 or more)."""
        return float(min(self.longest_wait, self.first_wait * 2 ** (failures - 1)))


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """One worker: its stable id, and what its environment has beyond ours."""

    worker: str
    environment: Mapping[str, str]


def worker_specs(settings: Settings, workers: int) -> list[WorkerSpec]:
    """The workers of one machine. Each has its own id, and with it its own data folder, and its own metrics port.

    Ids are 0, 1, 2, or `<MILEPOST_WORKER>-0` and so on where that is set, so that machines can share a group.
    """
    base = f"{settings.worker}-" if "worker" in settings.model_fields_set else ""
    specs = []
    for number in range(workers):
        port = settings.metrics_port + number if settings.metrics_port else 0
        worker = f"{base}{number}"
        specs.append(WorkerSpec(worker, {"MILEPOST_WORKER": worker, "MILEPOST_METRICS_PORT": str(port)}))
    return specs


def supervise(specs: Sequence[WorkerSpec], *, command: Sequence[str] = _WORKER_COMMAND, policy: Policy | None = None) -> int:
    """Run the workers until SIGTERM or SIGINT, or until all have ended by themselves; returns the exit code.

    A worker that fails is started again after a wait. Exit code 0 is an end on purpose and is left alone. After 2 (the configuration cannot
    work) and 65 (too many records are refused) nothing is started again and the others are stopped. A second signal kills. If this process
    is killed, the kernel kills the workers. Must be called in the main thread.

    Returns 0, 2 (configuration), 65 (too many records are refused), or 1 if a worker did not stop cleanly.
    """
    return asyncio.run(_Supervisor(specs, command, policy or Policy()).run())


class _Supervisor:
    def __init__(self, specs: Sequence[WorkerSpec], command: Sequence[str], policy: Policy) -> None:
        self._specs = specs
        self._command = bound_to_parent(command)
        self._policy = policy
        self._running: dict[str, Process] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        killer = asyncio.create_task(self._kill_when_late())
        try:
            codes = await asyncio.gather(*(self._keep(spec) for spec in self._specs))
        finally:
            killer.cancel()
        if CONFIGURATION_ERROR in codes:
            return CONFIGURATION_ERROR
        if TRIPPED in codes:
            return TRIPPED
        return 0 if all(code == 0 for code in codes) else 1

    async def _keep(self, spec: WorkerSpec) -> int:
        """Keep one worker running; returns its last exit code."""
        code = failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._run_once(spec)
            if self._stopping.is_set():
                return code
            if code == 0:
                _log.info("worker %s has ended on purpose", spec.worker)
                return 0
            if code == CONFIGURATION_ERROR:
                _log.error("worker %s cannot use its configuration: stopping all; correct what it says above and start again", spec.worker)
                self._stop()
                return code
            if code == TRIPPED:
                _log.error("worker %s has stopped because too many records are refused: stopping all; see what it says above", spec.worker)
                self._stop()
                return code
            failures = 1 if time.monotonic() - started >= self._policy.healthy_after else failures + 1
            wait = self._policy.wait_after(failures)
            _log.warning("worker %s ended unexpectedly (%s): starting it again in %.0f s", spec.worker, _said(code), wait)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
                return 0  # Asked to stop while nothing ran.
        return code

    async def _run_once(self, spec: WorkerSpec) -> int:
        # A session of its own, so that Ctrl-C in a terminal reaches the workers once, through us.
        process = await asyncio.create_subprocess_exec(*self._command, env=os.environ | spec.environment, start_new_session=True)
        self._running[spec.worker] = process
        _log.info("worker %s runs as process %d", spec.worker, process.pid)
        if self._stopping.is_set():
            process.terminate()
        try:
            return await process.wait()
        finally:
            del self._running[spec.worker]

    def _on_signal(self) -> None:
        if self._stopping.is_set():
            _log.warning("asked twice: killing the workers")
            self._kill()
        else:
            self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        for process in self._running.values():
            process.terminate()

    def _kill(self) -> None:
        for process in self._running.values():
            process.kill()

    async def _kill_when_late(self) -> None:
        await self._stopping.wait()
        await asyncio.sleep(self._policy.stop_within)
        _log.warning("workers %s did not stop within %.0f s: killing them", ", ".join(self._running), self._policy.stop_within)
        self._kill()


def _said(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
