"""`milepost produce`: JSON lines of raw records into the cluster."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.lines import BadLines, now_ms, opened, records
from streams.cli.output import print_json
from streams.cli.progress import Bar
from streams.producing import Sender
from streams.settings import Settings

__all__ = ["command"]


def command(
    file: Annotated[str, typer.Argument(help="JSON lines of raw records, or - for standard input.")],
    keep_timestamps: Annotated[
        bool, typer.Option("--keep-timestamps", help="Send the lines' timestamps. Default: now, as the clock of a producer would.")
    ] = False,
    rate: Annotated[float | None, typer.Option(min=0.1, metavar="RECORDS", help="At most so many records a second.")] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Pass over lines that are not records; exit 1 if there were any.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Send raw records to the topics of this installation, in the order of the lines, each once.

    Lines as in `milepost simulate`: {"topic", "key", "value", "headers", "timestamp"}. Keys and headers are sent as they are given;
    topics by their names without MILEPOST_PREFIX. Old timestamps count against the topics' retention: by default
    records are stamped now.

    Example: `milepost generate --orders 200 | milepost produce - --rate 500`
    """
    settings = Settings()
    bad = BadLines(keep_going)
    size = 0 if file == "-" else Path(file).stat().st_size
    began = time.monotonic()
    with opened(file) as stream, Sender(settings) as sender, Bar() as bar:
        for count, (number, record) in enumerate(records(stream, bad, now_ms())):
            if not sender.knows(record.topic):
                bad.refuse(number, f"there is no topic {settings.topic(record.topic)} at {settings.bootstrap}")
                continue
            if rate is not None:
                time.sleep(max(0.0, began + count / rate - time.monotonic()))
            sender.send(record if keep_timestamps else record._replace(timestamp=0))
            if count % 500 == 0:
                bar.show("bytes sent" if size else "records sent", stream.tell() if size else count, size)
    _print_summary(sender, time.monotonic() - began, bad.count, as_json)
    if sender.failures or bad.count:
        raise typer.Exit(1)


def _print_summary(sender: Sender, seconds: float, bad_lines: int, as_json: bool) -> None:
    failed = sender.failures.total()
    delivered = sender.sent.total() - failed
    if as_json:
        print_json(
            {
                "delivered": delivered,
                "handed_over": dict(sender.sent),
                "failed": dict(sender.failures),
                "bad_lines": bad_lines,
                "seconds": round(seconds, 3),
            }
        )
        return
    topics = ", ".join(f"{count} to {topic}" for topic, count in sorted(sender.sent.items()))
    print(f"{delivered} records delivered in {seconds:.1f} s ({topics or 'none'})")
    for reason, count in sender.failures.items():
        print(f"{count} records not delivered: {reason}", file=sys.stderr)
