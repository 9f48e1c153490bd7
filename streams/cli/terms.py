"""`milepost terms`: billing terms from a file, for shops without a system that sends them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.contracts_file import contracts_in, fed, record_of
from streams.cli.lines import now_ms
from streams.contracts.messages import decode
from streams.domain.event import TermsChanged
from streams.domain.terms import Terms
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import EVENTS

__all__ = ["app", "apply", "check"]

app = typer.Typer(help="Billing terms from a file.")

_File = Annotated[Path, typer.Argument(help="Billing terms in YAML or JSON: one contract, or a list of them (docs/billing.md).")]


@app.command()
def check(file: _File) -> None:
    """Read the terms of a file as the pipeline would, and say what each version asks for. Exit 2 where one of them would be refused.

    Example: `milepost terms check examples/terms.yaml`
    """
    for terms in _read(file):
        until = f" to {terms.valid_to:%Y-%m-%d}" if terms.valid_to is not None else ""
        asks = f"{terms.trigger} ({', '.join(terms.milestones)})" if terms.milestones else terms.trigger
        when = f"from {terms.valid_from:%Y-%m-%d}{until}"
        typer.echo(f"{terms.terms_id} version {terms.version} {when}: {asks}, by {terms.granularity}, {terms.currency}")


@app.command()
def apply(file: _File) -> None:
    """Send the terms of a file to `billing.terms`, all versions of a contract in one record. Nothing is sent where one would be refused.

    Orders that wait for these terms are judged as soon as they arrive. Sending the same terms again changes nothing.

    Example: `milepost terms apply terms.yaml`
    """
    from streams.producing import Sender

    _read(file)
    contracts = contracts_in(file)
    with Sender(Settings()) as sender:
        for contract in contracts:
            sender.send(record_of(contract, 0))
    for reason, count in sender.failures.items():
        typer.echo(f"{count} contracts not delivered: {reason}", err=True)
    typer.echo(f"{len(contracts) - sender.failures.total()} contracts sent")
    if sender.failures:
        raise typer.Exit(1)


def _read(file: Path) -> list[Terms]:
    pipeline = OfflinePipeline(hops(Settings()))
    found: list[Terms] = []
    for contract in contracts_in(file):
        for output in fed(pipeline, contract, now_ms()):
            message = decode(output.value or b"") if output.topic == EVENTS else None
            if isinstance(message, TermsChanged):
                found += message.versions
    return found
