"""Read and normalise records in a process of its own, ahead of the one that applies them."""

from __future__ import annotations

import marshal
import multiprocessing
import pickle
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from fcntl import F_SETPIPE_SZ, fcntl
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, BinaryIO, Final, NamedTuple, Self

from streams.cli.lines import BadLines, records
from streams.cli.printing import PIPE_BYTES
from streams.errors import MilepostError
from streams.hop import Hop, Output, RawRecord
from streams.offline.runner import Runner
from streams.topics import RAW_TOPICS

__all__ = ["Ahead", "ReadAhead"]

_AT_ONCE: Final = 200

_Item = tuple[int, tuple[Any, ...], list[tuple[Any, ...]] | None]
"""A line's number, its record, and what the hop says of it; None: to be asked again, in the process that keeps the clock."""


class Ahead(NamedTuple):
    """A record that was read."""

    number: int
    """Of its line (of an EDI file: of the record)."""

    record: Output
    """Its topic and time alone where `said` tells all that becomes of it."""

    said: list[Output] | None
    """What the normalize hop says of it; None where it was not asked, or refuses something."""


class ReadAhead:
    """The records of a stream, in their order. Use it as a context manager, and iterate once.

    Bad lines are refused by `bad` in this process, in their place among the records. Raises what reading raises.
    """

    def __init__(self, stream: BinaryIO, bad: BadLines, start_ms: int, hop: Hop) -> None:
        self._bad = bad
        fork = multiprocessing.get_context("fork")  # the hop is made once; there are no threads yet
        self._receiver, sender = fork.Pipe(duplex=False)
        fcntl(sender.fileno(), F_SETPIPE_SZ, PIPE_BYTES)
        self._process = fork.Process(target=_read_all, args=(stream, bad.keep_going, start_ms, hop, sender, self._receiver), daemon=True)
        # A child of multiprocessing closes its sys.stdin, which may be what is to be read.
        stdin, sys.stdin = sys.stdin, None
        try:
            self._process.start()
        finally:
            sys.stdin = stdin
        sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._receiver.close()
        self._process.terminate()
        self._process.join()

    def __iter__(self) -> Iterator[Ahead]:
        while True:
            try:
                items, refused, failure = marshal.loads(self._receiver.recv_bytes())
            except EOFError:
                break
            for number, record, said in items:
                yield Ahead(number, Output(*record), None if said is None else [Output(*output) for output in said])
            for number, why, unit in refused:
                self._bad.refuse(number, why, unit)
            if failure:
                raise pickle.loads(failure)
        self._process.join()
        if self._process.exitcode:
            raise RuntimeError(f"the reading process failed ({self._process.exitcode})")


class _Stop(Exception):
    pass


class _Sender:
    """Collects items. What is refused closes a batch, so that it is told in its place."""

    def __init__(self, connection: Connection, keep_going: bool) -> None:
        self._connection = connection
        self._items: list[_Item] = []
        self.keep_going = keep_going

    def take(self, item: _Item) -> None:
        self._items.append(item)
        if len(self._items) >= _AT_ONCE:
            self.send()

    def refuse(self, number: int, why: str, unit: str = "line") -> None:
        self.send([(number, why, unit)])
        if not self.keep_going:
            raise _Stop

    def send(self, refused: list[tuple[int, str, str]] | None = None, failure: bytes = b"") -> None:
        self._connection.send_bytes(marshal.dumps((self._items, refused or [], failure)))
        self._items = []


def _read_all(stream: BinaryIO, keep_going: bool, start_ms: int, hop: Hop, connection: Connection, receiver: Connection) -> None:
    receiver.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the other process, and with it the pipe
    sender = _Sender(connection, keep_going)
    runner, offsets = Runner(hop), Counter[str]()
    try:
        for number, record in records(stream, sender, start_ms):
            said: list[tuple[Any, ...]] | None = None
            if record.topic in RAW_TOPICS:
                offset = offsets[record.topic]
                offsets[record.topic] = offset + 1
                emissions = runner.run((RawRecord(record.topic, 0, offset, record.timestamp, record.key, record.value, record.headers),))
                said = [tuple(emission) for emission in emissions if isinstance(emission, Output)]
                if len(said) < len(emissions):
                    said = None
            sender.take((number, tuple(record if said is None else record._replace(key=None, value=None, headers=())), said))
        sender.send()
    except _Stop:
        pass
    except (BrokenPipeError, ConnectionResetError):
        pass  # nobody listens any more
    except (MilepostError, OSError) as error:
        sender.send(failure=pickle.dumps(error))
