"""Files of JSON lines on the command line: `-` is standard input, and a bad line is named by its number."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from streams.domain.instant import to_millis
from streams.errors import ConfigurationError
from streams.hop import Output
from streams.jsonlines import LineError, parse

__all__ = ["BadLines", "moment", "now_ms", "opened", "records"]


class BadLines:
    """What to do with a line that is not a record: stop with its number, or with `keep_going` say so and count it."""

    def __init__(self, keep_going: bool) -> None:
        self._keep_going = keep_going
        self.count = 0

    def refuse(self, number: int, why: str) -> None:
        """Raises `ConfigurationError` unless bad lines are to be passed over."""
        message = f"line {number}: {why}"
        if not self._keep_going:
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


def records(stream: BinaryIO, bad: BadLines, start_ms: int) -> Iterator[tuple[int, Output]]:
    """`(line number, record)`; empty lines are skipped. A record without a timestamp has that of the one before; the first, `start_ms`."""
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
