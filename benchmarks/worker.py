"""A worker process under test: started with its log in a file, ended by its own pid."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from benchmarks.meter import Meter

__all__ = ["Worker", "WorkerFailed"]

_STOP_S = 20.0


class WorkerFailed(RuntimeError):
    """The worker ended before its work was done. The message carries the end of its log."""


class Worker:
    """Context manager around one worker process and its meter; leaving it ends the process."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        self._log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                list(command), stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, cwd=cwd, start_new_session=True
            )
        self.meter = Meter(self.process.pid).start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def check(self) -> None:
        """Raises WorkerFailed when the process is gone."""
        code = self.process.poll()
        if code is not None:
            tail = self._log.read_text(errors="replace")[-3000:]
            raise WorkerFailed(f"worker ended with code {code}; end of {self._log}:\n{tail}")

    def kill(self) -> None:
        """kill -9 of the whole session, as a crash would."""
        self._signal(signal.SIGKILL)
        self.process.wait()
        self.meter.stop()

    def stop(self) -> None:
        """Ask it to end, then insist."""
        if self.process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self.process.wait()
        self.meter.stop()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
