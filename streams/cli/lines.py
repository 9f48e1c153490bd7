"""Files of JSON lines on the command line: `-` is standard input, and a bad line is named by its number."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from streams.domain.instant import from_millis, to_millis
from streams.errors import ConfigurationError
from streams.hop import Output
from streams.jsonlines import LineError, parse

__all__ = ["BadLines", "Refuser", "moment", "now_ms", "opened", "records", "seekable"]


_HEAD: Final = 64
_IN_MEMORY: Final = 8 << 20


class Refuser(Protocol):
    """Is told of each line that is not a record."""

    def refuse(self, number: int, why: str, unit: str = "line") -> None: ...


class BadLines:
    """What to do with a line that is not a record: stop with its number, or with `keep_going` say so and count it."""

    def __init__(self, keep_going: bool) -> None:
        self.keep_going = keep_going
        self.count = 0

    def refuse(self, number: int, why: str, unit: str = "line") -> None:
        """Raises `ConfigurationError` unless bad lines are to be passed over."""
        message = f"{unit} {number}: {why}"
        if not self.keep_going:
            raise ConfigurationError(f"{message}; correct it, or pass over such lines with --keep-going")
        self.count += 1
        print(f"milepost: {message}; passed over", file=sys.stderr)


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """The bytes of a file, or of standard input for `-`."""
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        yield stream


def seekable(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or what it holds in a temporary file."""
    if stream.seekable():
        return stream
    kept: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (closed by the caller)
    shutil.copyfileobj(stream, kept)
    return kept  # type: ignore[no-any-return]


def records(stream: BinaryIO, bad: Refuser, start_ms: int) -> Iterator[tuple[int, Output]]:
    """`(line number, record)`; empty lines are skipped. A record without a timestamp has that of the one before; the first, `start_ms`.

    A file of X12 or EDIFACT is taken as `milepost edi drop` would take it, test data too; the number is that of the record. What is
    refused of it is a bad line.
    """
    head = stream.peek(_HEAD)[:_HEAD] if isinstance(stream, io.BufferedReader) else b""
    if head.lstrip()[:3] in (b"ISA", b"UNA", b"UNB"):
        yield from _edi_records(stream, bad, start_ms)
        return
    timestamp = start_ms
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            record = parse(line, timestamp)
        except LineError as error:
            bad.refuse(number, str(error))
            continue
        timestamp = record.timestamp
        yield number, record


def _edi_records(stream: BinaryIO, bad: Refuser, start_ms: int) -> Iterator[tuple[int, Output]]:
    from connectors.edi.files import EdiFile
    from connectors.edi.partners import read_partners
    from streams.settings import Settings

    with seekable(stream) as source:
        file = EdiFile(source, read_partners(Settings().edi_partners), take_test=True)
        for problem in file.problems():
            bad.refuse(int(problem["segment"]), f"{problem['where']}: {problem['code']}, {problem['message']}", "segment")
        yield from enumerate(file.records(from_millis(start_ms)), 1)


def moment(option: str, text: str) -> int:
    """An ISO 8601 time with an offset as milliseconds since the epoch. Raises `ConfigurationError`."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise ConfigurationError(f"{option} {text}: give a time with an offset, such as 2026-06-01T12:00:00+02:00 or 2026-06-01T10:00:00Z")
    return to_millis(parsed)


def now_ms() -> int:
    """The machine's clock in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
