"""`milepost generate`: a realistic day of raw records, and what must come of each of its orders."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from streams.cli.lines import moment
from streams.cli.output import print_table
from streams.day.expectation import write_expectations
from streams.day.generator import DEFAULT_START, MOST_ORDERS, generate, recent_start
from streams.day.profile import REALISTIC
from streams.day.story import CLOSING, DAYTIME
from streams.domain.instant import from_millis
from streams.errors import ConfigurationError

__all__ = ["command"]


def command(
    orders: Annotated[int, typer.Option(min=1, max=MOST_ORDERS, help="How many orders. About ten records each.")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same day, byte for byte.")] = 1,
    start: Annotated[
        str, typer.Option(metavar="TIME", help="When the first order begins; `recent`: so that the whole day has just passed.")
    ] = DEFAULT_START.isoformat(),
    out: Annotated[str, typer.Option(metavar="FILE", help="Where the records go; - is standard output.")] = "-",
    expect: Annotated[Path | None, typer.Option(metavar="FILE", help="Where the expected results go. Default: nowhere.")] = None,
    phase: Annotated[
        int | None,
        typer.Option(min=DAYTIME, max=CLOSING, help="Only this phase: 1 the day, 2 what comes once the day is digested. Default: both."),
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show what happens how often, and generate nothing.")] = False,
) -> None:
    """Write a realistic day of raw ERP, WMS, TMS and carrier records as JSON lines, for `milepost produce` and `milepost simulate`.

    With --expect also what must come of it: one JSON line an order, a refused record, a parked statement. docs/day.md tells more.

    Example: `milepost generate --orders 2000 --seed 7 --out day.jsonl --expect expect.jsonl`
    """
    if profile:
        print_table(("situation", "cards", "what happens"), REALISTIC.table(), f"One deck is {REALISTIC.size} cards")
        return
    if expect is not None and out == str(expect):
        raise ConfigurationError(f"--out and --expect both name {out}: give two files")
    begin = recent_start(datetime.now(UTC), orders) if start == "recent" else from_millis(moment("--start", start))
    day = generate(seed, orders, begin)
    with _opened(out) as stream:
        _write(stream, day.lines() if phase is None else day.phase(phase))
    if expect is not None:
        with expect.open("wb") as stream:
            _write(stream, write_expectations(day.expectations()))


def _write(stream: BinaryIO, lines: Iterable[bytes]) -> None:
    for line in lines:
        stream.write(line)
        stream.write(b"\n")


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with Path(file).open("wb") as stream:
        yield stream
