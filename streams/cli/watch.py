"""`milepost watch`: what the pipeline says, as it says it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Annotated, Final

import typer

from streams.contracts.remote import connect
from streams.domain.instant import from_millis
from streams.following import Follower
from streams.hop import RawRecord
from streams.jsonlines import dump, shown_bytes, shown_headers, shown_value
from streams.readable import orders_of, said
from streams.settings import Settings
from streams.topics import (
    DEAD_LETTERED,
    EXCEPTIONS,
    FINDINGS,
    HOLDS,
    MILESTONES,
    OUTPUTS,
    RELEASES,
    STATUS,
    TASKS,
    dead_letter_topic,
)

__all__ = ["command"]

_DEFAULT: Final = (*OUTPUTS, *map(dead_letter_topic, DEAD_LETTERED))
_STYLES: Final = {
    MILESTONES: "cyan",
    STATUS: "blue",
    RELEASES: "green",
    HOLDS: "yellow",
    EXCEPTIONS: "magenta",
    TASKS: "bright_cyan",
    FINDINGS: "bright_yellow",
}


def command(
    topic: Annotated[
        list[str] | None, typer.Option(help="Follow this topic; may be repeated. Default: all outputs and dead letters.")
    ] = None,
    order: Annotated[list[str] | None, typer.Option(help="Only what names this order (<company>:<number>); may be repeated.")] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with what is there already.")] = False,
    until_idle: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="End when nothing has come for so long. Default: go on until Ctrl-C.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each record as a JSON line, values decoded.")] = False,
) -> None:
    """Follow topics readably: a line a record, committed records only.

    Topics go by their names without MILEPOST_PREFIX; raw topics, shipment.references and shipment.events can be followed too.

    Example: `milepost watch --order 1000:4711 --from-start --until-idle 3`
    """
    settings = Settings()
    connect(settings.schema_registry_url.get_secret_value(), settings.prefix)  # whose ids the values may carry
    orders = frozenset(order or ())
    write = _write_json if as_json else _writer()
    heard = time.monotonic()
    try:
        with Follower(settings, topic or _DEFAULT, from_start=from_start) as follower:
            while until_idle is None or time.monotonic() - heard < until_idle:
                records = follower.read()
                if records:
                    heard = time.monotonic()
                for record in records:
                    if not orders or not orders.isdisjoint(orders_of(record)):
                        write(record)
                sys.stdout.flush()
    except KeyboardInterrupt:
        return  # how a watch is meant to end


def _write_json(record: RawRecord) -> None:
    sys.stdout.buffer.write(
        dump(
            {
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "timestamp": record.timestamp,
                "key": shown_bytes(record.key),
                "value": shown_value(record.topic, record.value),
                "headers": shown_headers(record.headers),
            }
        )
    )


def _writer() -> Callable[[RawRecord], None]:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)

    def write(record: RawRecord) -> None:
        when = from_millis(record.timestamp).strftime("%Y-%m-%d %H:%M:%S")
        style = _STYLES.get(record.topic, "red" if record.topic.endswith(".dlq") else "")
        console.print(
            Text.assemble(
                (when, "dim"),
                "  ",
                (f"{record.topic:<20}", style),
                "  ",
                (f"{', '.join(orders_of(record)):<18}", "bold"),
                "  ",
                said(record),
            )
        )

    return write
