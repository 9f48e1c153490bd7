"""`milepost archive`: closed orders, looked at and brought back."""

from __future__ import annotations

import base64
from typing import Annotated, Any

import typer

from streams.archived import Archived, find, restoring
from streams.cli.output import print_json, print_table
from streams.cli.person import By, whoever
from streams.cli.progress import Bar
from streams.domain.order import OrderRow
from streams.errors import MilepostError
from streams.settings import Settings

__all__ = ["app", "restore", "show"]

app = typer.Typer(help="Closed orders: look at them, bring them back.")

_Orders = Annotated[list[str], typer.Argument(metavar="ORDER...", help="Order ids, such as 1000:4711.")]


@app.command()
def show(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Order id, such as 1000:4711.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what was known of a closed order when it was archived: its facts, what was released, and what was posted. Exit 1 if the archive
    has no such order.

    Example: `milepost archive show 1000:4711`
    """
    archived = _found([order])[order]
    row = archived.row()
    if as_json:
        print_json(_plain(archived, row))
        return
    value = archived.value
    typer.echo(
        f"{order}: {value['state']}, {value['billing']}, released {value['released_amount']} {value['currency']}, "
        f"archived {value['at']:%Y-%m-%d %H:%M}Z"
    )
    facts = sorted(row.facts, key=lambda fact: fact.at)
    print_table(
        ("milestone", "at (UTC)", "shipment", "told by"),
        [(fact.milestone.value, f"{fact.at:%Y-%m-%d %H:%M:%S}", fact.shipment, ", ".join(map(str, fact.sources))) for fact in facts],
    )
    for entry in row.ledger.invoices:
        typer.echo(f"posted: invoice {entry.number}")


@app.command()
def restore(
    orders: _Orders,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why, in words; kept in the log of the order.")],
    by: By = "",
) -> None:
    """Bring removed orders back, so that late facts about them are judged again. Then replay the dead letters that named them.

    An order that is still at hand stays as it is, so asking twice does no harm. Nothing is sent if the archive lacks one of the orders:
    exit 1.

    Example: `milepost archive restore 1000:4711 --reason 'claim 88 of the customer'`
    """
    from streams.producing import Sender

    if not reason.strip():
        raise MilepostError("--reason: say why, in words")
    person = whoever(by)
    found = _found(orders)
    with Sender(Settings()) as sender:
        for archived in found.values():
            sender.send(restoring(archived, person, reason))
    if sender.failures:
        raise MilepostError(f"not every order was sent: {', '.join(sender.failures)}; try again")
    for order in found:
        typer.echo(f"{order}: on its way back; now `milepost dlq replay --code ORDER_REMOVED --order {order}`")


def _found(orders: list[str]) -> dict[str, Archived]:
    with Bar() as bar:
        found = find(Settings(), orders, lambda read, total: bar.show("reading the archive", read, total))
    missing = [order for order in orders if order not in found]
    if missing:
        raise MilepostError(f"not in the archive: {', '.join(missing)}; ids are written like 1000:4711, without leading zeros")
    return found


def _plain(archived: Archived, row: OrderRow) -> dict[str, Any]:
    value = {name: each for name, each in archived.value.items() if name != "row"}
    return {
        **{name: each if isinstance(each, str | None) else str(each) for name, each in value.items()},
        "row": base64.b64encode(archived.value["row"]).decode(),
        "facts": [
            {
                "milestone": fact.milestone.value,
                "classifier": fact.classifier.value,
                "at": fact.at.isoformat(),
                "shipment": fact.shipment,
                "sources": list(map(str, fact.sources)),
            }
            for fact in sorted(row.facts, key=lambda fact: fact.at)
        ],
        "invoices": [entry.number for entry in row.ledger.invoices],
    }
