"""`milepost demo`: the whole of it, on real parts, in a few minutes."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Final

import typer

from streams.cli.output import print_json
from streams.demo import Outcome, perform, staged
from streams.demo.screen import open_screen, tables, timeline

__all__ = ["command"]

_MOST_DIFFERENCES: Final = 30


def command(
    orders: Annotated[int, typer.Option(min=1, help="How many orders the day has.")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same day.")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=16, help="How many worker processes run the pipeline.")] = 2,
    rate: Annotated[float, typer.Option(min=1, metavar="RECORDS", help="Raw records sent a second, at most.")] = 2_000,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the broker (or the topics) there, to look around.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its broker, stores and logs while it runs.")] = Path(".milepost"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON; progress goes to standard error.")] = False,
) -> None:
    """Run a realistic day through a real Kafka and two workers, show it, and prove that it came out right.

    Starts a local Kafka (Java 17 and Maven are enough; KAFKA_BOOTSTRAP names a cluster to use instead), creates topics under a prefix of
    their own, feeds generated ERP, WMS, TMS and carrier records, compares every order with what the generator knows must come of it, and
    recomputes every output from the topics (`milepost verify`).

    Exit 0 only if both agree, 1 if not.

    Example: `milepost demo --orders 5000 --seed 7`
    """
    own = folder / f"demo-{uuid.uuid4().hex[:8]}"
    screen = open_screen(to_stderr=as_json)
    with staged(own, workers, keep=keep, tell=screen.tell) as stage:
        with screen:
            outcome = perform(stage, orders, seed, rate, screen)
        settings = stage.settings
    if as_json:
        print_json(outcome.as_dict())
    else:
        _print_outcome(outcome)
    if keep:
        screen.tell(f"to look around: export KAFKA_BOOTSTRAP={settings.bootstrap} MILEPOST_PREFIX={settings.prefix}")
        if (own / "broker").exists():
            screen.tell(f"to stop that broker: milepost dev down --purge --folder {own / 'broker'}")
    if not outcome.agrees:
        raise typer.Exit(1)


def _print_outcome(outcome: Outcome) -> None:
    from rich.console import Console

    from streams.cli.verify import print_report

    console = Console(highlight=False)
    board = outcome.board
    console.print()
    console.print(tables(board))
    console.print()
    for event in timeline(board):
        console.print(event, soft_wrap=True)
    console.print()
    print_report(outcome.report)
    for line in outcome.differences[:_MOST_DIFFERENCES]:
        console.print(line, style="red", markup=False)
    if len(outcome.differences) > _MOST_DIFFERENCES:
        console.print(f"and {len(outcome.differences) - _MOST_DIFFERENCES} more differences: --json shows all")
    right = f"all {outcome.orders:,} orders came out as expected" if not outcome.differences else f"{len(outcome.differences)} differences"
    console.print(
        f"{outcome.records:,} raw records of {outcome.orders:,} orders (seed {outcome.seed}) gave {board.outputs:,} outputs in "
        f"{outcome.seconds:.1f} s; {right}; verify is {'clean' if outcome.report.clean else 'not clean'}",
        style="bold green" if outcome.agrees else "bold red",
        soft_wrap=True,
    )
