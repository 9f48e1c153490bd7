"""A progress bar on standard error: drawn in a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

__all__ = ["Bar"]

_LINE_EVERY_SECONDS = 10.0


class Bar:
    """Use as a context manager, and call `show` as often as you like."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._live = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._task: TaskID | None = None
        self._said = time.monotonic()

    def show(self, what: str, done: int, total: int) -> None:
        """`done` of `total`; 0 of 0 where the end is not known."""
        if self._live:
            if self._task is None:
                self._task = self._progress.add_task(what, total=total or None)
            self._progress.update(self._task, description=what, completed=done, total=total or None)
        elif time.monotonic() - self._said >= _LINE_EVERY_SECONDS:
            self._said = time.monotonic()
            print(f"{what}: {done} of {total}" if total else what, file=sys.stderr)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()
