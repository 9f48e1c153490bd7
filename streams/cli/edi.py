"""`milepost edi`: look into EDI files, take them from a folder, and see which of ours nobody acknowledged."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.edi_shown import document, lines, segments_of
from streams.cli.lines import opened, seekable
from streams.cli.output import print_json
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.settings import Settings

if TYPE_CHECKING:
    from connectors.edi.drop import Drop
    from connectors.edi.ledger import Watched

__all__ = ["acks", "app", "drop", "read"]

app = typer.Typer(help="EDI files: look into them, take them, watch for acknowledgements.")

_RETRY_SECONDS = 5.0


@app.callback()
def _commands() -> None:
    """EDI files: look into them, take them, watch for acknowledgements."""


@app.command()
def read(
    file: Annotated[str, typer.Argument(help="An X12 or EDIFACT file, or - for standard input.")],
    segments: Annotated[bool, typer.Option("--segments", help="Show the segments of what is accepted, with their numbers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all as one JSON document.")] = False,
) -> None:
    """Show the interchanges and transactions (or messages) of a file, and what is wrong with them, where.

    Every separator, control number and count is checked, as when the file is taken. Exit 1 if anything was refused. Segment numbers
    count from the first ISA or UNB of the file; those in brackets, from the ST or UNH.

    Example: `milepost edi read carrier.214 --segments`
    """
    from connectors.edi.files import EdiFile

    if file != "-" and Path(file).is_dir():
        raise ConfigurationError(f"{file} is a folder: name a file")
    with opened(file) as stream, seekable(stream) as source:
        reading = EdiFile(source).reading
        shown = segments_of(reading) if segments else None
    if as_json:
        print_json(document(reading, shown))
    else:
        for line in lines(reading, shown or {}):
            print(line)
    if not reading.accepted:
        raise typer.Exit(1)


@app.command()
def drop(
    folder: Annotated[Path, typer.Argument(help="The folder; in/, again/, done/, failed/, out/, sent/, watched/, state/ are made in it.")],
    once: Annotated[bool, typer.Option("--once", help="Take what is there, and end. Exit 1 if a file failed.")] = False,
    every: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="How often to look.")] = 2.0,
    settle: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="A file must be at rest so long.")] = 2.0,
    name: Annotated[str, typer.Option(help="Tells apart several drops of one installation.")] = "drop",
    metrics_port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of /metrics; 0 turns it off.")] = 0,
) -> None:
    """Take EDI files out of FOLDER/in, and publish them to the raw topics, each once, whatever happens in between.

    A file goes to done/, or to failed/ with a report beside it; what can be accepted of it is published all the same. What was read before
    is not published again, unless you put it into again/ instead of in/. Acknowledgements are written to out/. Put what you send to
    partners into sent/, too: then `milepost edi acks` knows what nobody acknowledged.

    Ctrl-C or SIGTERM stops; even kill -9 loses and doubles nothing.

    MILEPOST_EDI_PARTNERS names the file of what was agreed with whom. Test interchanges are not published unless MILEPOST_EDI_TAKE_TEST=1.

    Example: `milepost edi drop /srv/edi`
    """
    from prometheus_client import start_http_server

    from connectors.edi.metrics import DropMetrics
    from connectors.edi.partners import read_partners
    from connectors.edi.publishing import PublishFailed

    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file: name the folder that has in/, or is to have it")
    settings = Settings()
    partners = read_partners(settings.edi_partners)
    metrics = DropMetrics()
    asked_to_stop = Event()
    if not once:
        signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.set())  # the file in hand is put away first
    if metrics_port:
        start_http_server(metrics_port, settings.metrics_host, metrics.registry)
    while True:
        try:
            failed = _dropping(settings, folder, partners, metrics, name, asked_to_stop, every=0 if once else every, settle=settle)
        except (PublishFailed, BrokerUnreachable) as error:
            # Who starts anew knows what of the file in hand is there: nothing, or all.
            typer.echo(f"milepost: Kafka does not take files ({error}); they stay in {folder / 'in'} and are tried again", err=True)
            if once:
                raise typer.Exit(3) from error
            if not asked_to_stop.wait(_RETRY_SECONDS):
                continue
            failed = 0
        raise typer.Exit(1 if failed and once else 0)


def _dropping(
    settings: Settings, folder: Path, partners: Any, metrics: Any, name: str, asked_to_stop: Event, *, every: float, settle: float
) -> int:
    """Sweep every so many seconds until asked to stop, or once where `every` is 0; how many files failed."""
    from connectors.edi.drop import Drop
    from connectors.edi.publishing import Publisher

    failed = 0
    with Publisher(settings, name) as publisher:
        dropped = Drop(folder, publisher, partners, _now, take_test=settings.edi_take_test, settle=settle, metrics=metrics)
        try:
            while True:
                failed += _swept(dropped, settings)
                if not every or asked_to_stop.wait(every):
                    return failed
        finally:
            dropped.close()


def _swept(dropped: Drop, settings: Settings) -> int:
    failed = 0
    for outcome in dropped.sweep():
        failed += outcome.verdict == "failed"
        held = f", {outcome.held_back} test interchanges not published" if outcome.held_back else ""
        known = ", read before (to publish it again, put it into again/)" if outcome.known else ""
        print(
            f"{outcome.file}: {outcome.verdict}, {outcome.records} records published, {outcome.refused} problems{held}{known}", flush=True
        )
    now = _now()
    missing = dropped.ledger.missing(now - timedelta(hours=settings.edi_ack_hours))
    dropped.metrics.watched(missing, dropped.ledger.rejected(now - timedelta(days=7)))
    return failed


@app.command()
def acks(
    folder: Annotated[Path, typer.Argument(help="The folder of `milepost edi drop`.")],
    hours: Annotated[int | None, typer.Option(min=0, help="Missing after so long. Default: MILEPOST_EDI_ACK_HOURS.")] = None,
    days: Annotated[int, typer.Option(min=0, help="Show what was rejected within so many days.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print all as one JSON document.")] = False,
) -> None:
    """Show what we sent and nobody acknowledged in time (TA1, 997 or 999, CONTRL), and what partners rejected. Exit 1 if there is any.

    Example: `milepost edi acks /srv/edi --hours 48`
    """
    from connectors.edi.drop import ledger_path
    from connectors.edi.ledger import Ledger

    path = ledger_path(folder)
    if not path.exists():
        raise ConfigurationError(f"{folder} is no folder of milepost edi drop: {path} is not there")
    ledger = Ledger(path)
    now = _now()
    missing = ledger.missing(now - timedelta(hours=Settings().edi_ack_hours if hours is None else hours))
    rejected = ledger.rejected(now - timedelta(days=days))
    if as_json:
        print_json({"missing": [_as_data(each) for each in missing], "rejected": [_as_data(each) for each in rejected]})
    else:
        for each in missing:
            print(f"missing   {each.kind:6} {each.control} to {each.partner}, sent {_shown(each.sent_at)} ({each.file})")
        for each in rejected:
            print(f"rejected  {each.kind:6} {each.control} to {each.partner}, answered {_shown(each.answered_at)}: {each.said}")
        print(f"{len(missing)} missing, {len(rejected)} rejected")
    if missing or rejected:
        raise typer.Exit(1)


def _as_data(each: Watched) -> dict[str, Any]:
    moments = {"sent_at": each.sent_at, "answered_at": each.answered_at}
    return each._asdict() | {name: moment and moment.isoformat() for name, moment in moments.items()}


def _shown(moment: datetime | None) -> str:
    return "at an unknown time" if moment is None else moment.isoformat(timespec="seconds")


def _now() -> datetime:
    return datetime.now(UTC)
