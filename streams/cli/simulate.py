"""`milepost simulate`: raw records through the real hops, without Kafka."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.ahead import ReadAhead
from streams.cli.contracts_file import contracts_in, fed
from streams.cli.lines import BadLines, moment, now_ms, opened
from streams.cli.printing import Printer
from streams.hop import Output
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.processes import RARE_COLLECTION
from streams.readable import explained
from streams.settings import Settings
from streams.topics import HOLDS, RELEASES

__all__ = ["command"]


def command(
    file: Annotated[str, typer.Argument(help="JSON lines of raw records, an X12 or EDIFACT file, or - for standard input.")],
    terms: Annotated[Path | None, typer.Option(help="Billing terms (YAML or JSON): one contract or a list of them.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Let time pass to this moment after the last record, so that timers fire.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Timestamp of the records before the first that has one. Default: now.")
    ] = None,
    topic: Annotated[list[str] | None, typer.Option(help="Print only records of this topic; may be repeated.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print only decisions and holds, one a line, in plain words.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Pass over lines that are not records; exit 1 if there were any.")
    ] = False,
) -> None:
    """Run raw records through the pipeline's own code without Kafka, and print every record that it would append.

    A line in: {"topic": "carrier.raw", "key": ..., "value": ..., "headers": {"format": ...}, "timestamp": ...}. A value is an object, text,
    {"$base64": "..."} or null. Topics: erp.raw, wms.raw, tms.raw, carrier.raw, billing.terms. A record without a timestamp has that of
    the line before. The records' timestamps are the only clock, so the same file gives the same output.

    A line out: {"topic", "key", "value", "headers"}, values decoded, in the order in which they are appended. Dead letters are there
    too, on <topic>.dlq; the header dlq.error.code says why.

    --explain tells finance: what may be posted, and what stands in the way, in sentences.

    Example: `milepost simulate day.jsonl --terms terms.yaml --until 2026-07-01T00:00:00Z --topic invoice.releases`
    """
    gc.set_threshold(*RARE_COLLECTION)
    chain = hops(Settings())
    pipeline = OfflinePipeline(chain)
    wanted = frozenset((RELEASES, HOLDS) if explain else topic or ())
    bad = BadLines(keep_going)
    end = None if until is None else moment("--until", until)
    start = now_ms() if at is None else moment("--at", at)
    contracts = [] if terms is None else contracts_in(terms)
    with (
        _Explainer() if explain else Printer() as printer,
        opened(file) as stream,
        ReadAhead(stream, bad, start, chain[0]) as ahead,
    ):
        for number, record, said in ahead:
            if contracts:
                for contract in contracts:
                    printer.print(_chosen(fed(pipeline, contract, record.timestamp), wanted))
                contracts = []
            if record.topic not in pipeline.inputs:
                bad.refuse(number, f"no hop reads topic {record.topic!r}; name one of {', '.join(sorted(pipeline.inputs))}")
                continue
            printer.print(_chosen(pipeline.feed(record, said), wanted))
        if end is not None:
            printer.print(_chosen(pipeline.advance(end), wanted))
    if bad.count:
        raise typer.Exit(1)


class _Explainer:
    """Prints decisions and holds in plain words."""

    def __enter__(self) -> _Explainer:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def print(self, outputs: list[Output]) -> None:
        for output in outputs:
            if output.value is not None:
                typer.echo(explained(output.topic, output.value))


def _chosen(outputs: list[Output], wanted: frozenset[str]) -> list[Output]:
    return [output for output in outputs if output.topic in wanted] if wanted else outputs
