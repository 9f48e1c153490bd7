"""Print records as JSON lines from a process of its own: decoding them for people costs as much as a hop."""

from __future__ import annotations

import marshal
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable
from fcntl import F_SETPIPE_SZ, fcntl
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

from streams.hop import Output
from streams.jsonlines import dump, shown_bytes, shown_headers, shown_value

__all__ = ["PIPE_BYTES", "Printer"]

PIPE_BYTES: Final = 1 << 20
"""Room between two processes: one need not wait for the other at every few records."""

_AT_ONCE: Final = 500
_PIPE_CLOSED: Final = 141


class Printer:
    """Prints `{"topic", "key", "value", "headers"}` lines to standard output. Use it as a context manager: leaving it waits for the last
    line.

    Raises `BrokenPipeError` when whoever reads standard output has gone.
    """

    def __init__(self) -> None:
        sys.stdout.flush()
        fork = multiprocessing.get_context("fork")  # the codecs are loaded once; there are no threads yet
        receiver, self._sender = fork.Pipe(duplex=False)
        fcntl(self._sender.fileno(), F_SETPIPE_SZ, PIPE_BYTES)
        self._process = fork.Process(target=_print_all, args=(receiver, self._sender), daemon=True)
        self._process.start()
        receiver.close()
        self._waiting: list[tuple[object, ...]] = []

    def print(self, outputs: Iterable[Output]) -> None:
        """Print records, a little later."""
        self._waiting += [tuple(output) for output in outputs]
        if len(self._waiting) >= _AT_ONCE:
            self._send()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._send()
        finally:
            self._sender.close()
            self._process.join()
        if self._process.exitcode and error is None:
            raise BrokenPipeError if self._process.exitcode == _PIPE_CLOSED else RuntimeError("the printing process failed")

    def _send(self) -> None:
        if self._waiting:
            self._sender.send_bytes(marshal.dumps(self._waiting))
            self._waiting = []


def _print_all(receiver: Connection, sender: Connection) -> None:
    sender.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the other process, and with it the pipe
    with os.fdopen(os.dup(1), "wb") as out:
        try:
            while True:
                for output in marshal.loads(receiver.recv_bytes()):
                    topic, key, value, headers, _, _ = output
                    out.write(
                        dump(
                            {"topic": topic, "key": shown_bytes(key), "value": shown_value(topic, value), "headers": shown_headers(headers)}
                        )
                    )
        except EOFError:
            out.flush()
        except BrokenPipeError:
            os._exit(_PIPE_CLOSED)
