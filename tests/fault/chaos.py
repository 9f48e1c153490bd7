"""Break workers and brokers on purpose, and keep the workers running as a supervisor would.

`WorkerProcess` is one worker as a child process; `Workers` starts several and restarts those that ask for it, from a thread of its own. What is
done to them is up to the test; `Dice` picks it from a printed seed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.engine import EXIT_RESTART
from streams.processes import bound_to_parent

__all__ = ["Dice", "WorkerProcess", "Workers"]


_SEED = os.environ.get("MILEPOST_FAULT_SEED")


class Dice(random.Random):
    """A random generator that prints its seed, or takes it from MILEPOST_FAULT_SEED."""

    def __init__(self) -> None:
        seed = int(_SEED or random.SystemRandom().randrange(1 << 32))
        print(f"MILEPOST_FAULT_SEED={seed}", flush=True)
        super().__init__(seed)


class WorkerProcess:
    """One worker process, its log file, and what may happen to it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.exits: list[int] = []
        """Exit codes of its former lives, negative for a signal."""
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process exists (a frozen one does)."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the present life."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Begin a new life."""
        assert not self.running
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """kill -9."""
        self._signal(signal.SIGKILL)
        self.wait(10)

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self._signal(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: it keeps its connections and its beliefs, and does nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: a zombie that believes no time has passed."""
        self._signal(signal.SIGCONT)

    def wait(self, seconds: float) -> int:
        """Exit code, once the process has ended. Raises `subprocess.TimeoutExpired`."""
        assert self._process is not None, f"the worker does not run: see {self.log}"
        code = self._process.wait(seconds)
        self.exits.append(code)
        self._process = None
        return code

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            assert self._process is not None
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


class Workers:
    """Several workers under supervision: one that ends with EXIT_RESTART, or by a kill of the test, is started again.

    Any other exit code of a worker that was not asked to stop is a failure, reported by `check`.
    """

    def __init__(self, workers: Mapping[str, WorkerProcess]) -> None:
        self._workers = dict(workers)
        self._lock = threading.RLock()
        self._ending = threading.Event()
        self._away: set[str] = set()
        self._faults: list[str] = []
        self._thread = threading.Thread(target=self._supervise, daemon=True)

    @classmethod
    def of(cls, names: Sequence[str], command: Sequence[str], folder: Path, environment: Callable[[str], Mapping[str, str]]) -> Workers:
        """Workers that run the same command, each with its own environment and a log file in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls({name: WorkerProcess(bound_to_parent(command), environment(name), folder / f"worker-{name}.log") for name in names})

    @property
    def names(self) -> list[str]:
        """Names of all workers."""
        return list(self._workers)

    def __getitem__(self, name: str) -> WorkerProcess:
        return self._workers[name]

    def __enter__(self) -> Self:
        for worker in self._workers.values():
            worker.start()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join()
        for worker in self._workers.values():
            if worker.running:
                worker.thaw()
                worker.kill()

    def kill(self, name: str, away_seconds: float = 0.0, before_start: Callable[[], object] | None = None) -> None:
        """kill -9; it starts again after `away_seconds`, and after what `before_start` does."""
        self.check()
        with self._lock:
            self._away.add(name)
            self._workers[name].kill()
        time.sleep(away_seconds)
        if before_start is not None:
            before_start()
        with self._lock:
            self._workers[name].start()
            self._away.discard(name)

    def bounce(self, name: str, seconds: float = 40) -> None:
        """Stop in good order, expect exit code 0, start again."""
        with self._lock:
            self._away.add(name)
            self._workers[name].terminate()
        code = self._workers[name].wait(seconds)
        if code != 0:
            self._faults.append(f"worker {name} ended with {code} when it was asked to stop")
        with self._lock:
            self._workers[name].start()
            self._away.discard(name)

    def freeze(self, name: str, seconds: float) -> None:
        """Stop the clock of a worker for `seconds`."""
        self._workers[name].freeze()
        try:
            time.sleep(seconds)
        finally:
            self._workers[name].thaw()

    def stop(self, seconds: float = 40) -> None:
        """Stop all in good order; every exit code must be 0."""
        with self._lock:
            self._away.update(self._workers)
            for worker in self._workers.values():
                worker.terminate()
        for name, worker in self._workers.items():
            if worker.running or worker._process is not None:
                code = worker.wait(seconds)
                if code != 0:
                    self._faults.append(f"worker {name} ended with {code} when it was asked to stop")

    def check(self) -> None:
        """Raises AssertionError if a worker ended as it should not have."""
        assert not self._faults, "; ".join(self._faults)

    def _supervise(self) -> None:
        while not self._ending.wait(0.1):
            with self._lock:
                for name, worker in self._workers.items():
                    if name in self._away or worker.running:
                        continue
                    code = worker.wait(1)
                    if code != EXIT_RESTART:
                        self._faults.append(f"worker {name} ended with {code}, see {worker.log}")
                        self._away.add(name)
                    else:
                        worker.start()
