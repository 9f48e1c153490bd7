"""The command line `milepost`.

Each command lives in a module of its own, which is imported only when that command is called, so that `milepost --help` is quick. To
add one, write its module (a function `command`, or a `typer.Typer` called `app` if it has commands below it) and add a line to `COMMANDS`.

Exit codes: 0 fine, 1 something is wrong (the output says what), 2 wrong use or configuration, 3 no broker answers, 70 a defect of ours.
Errors are one line on standard error that says what to do next.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from streams.cli.errors import guarded

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "dev": ("streams.cli.dev", "Run a real Kafka on this machine, without Docker."),
    "topics": ("streams.cli.topics", "Create the topics of an installation, or check them."),
    "worker": ("streams.cli.worker", "Run the pipeline: one worker, or several under a supervisor."),
    "generate": ("streams.cli.generate", "Make a day of raw records, and what they must lead to."),
    "produce": ("streams.cli.produce", "Send raw records of a file to their topics."),
    "edi": ("streams.cli.edi", "EDI files: look into them, take them, watch for acknowledgements."),
    "dlq": ("streams.cli.dlq", "Dead letters: list, show, replay, edit, discard, export, audit."),
    "archive": ("streams.cli.archive", "Closed orders: look at them, bring them back."),
    "watch": ("streams.cli.watch", "Follow what the pipeline says."),
    "simulate": ("streams.cli.simulate", "Run raw records through the pipeline without Kafka."),
    "terms": ("streams.cli.terms", "Check billing terms in a file, or send them."),
    "explain": ("streams.cli.explain", "Say how raw records are read, and why they are refused."),
    "demo": ("streams.cli.demo", "A realistic day through a real Kafka and two workers, shown and proven."),
    "verify": ("streams.cli.verify", "Recompute from the topics what the pipeline should have said, and compare."),
}
"""Name: module, and the line that `milepost --help` shows."""

_HELP = """Keeps orders, shipments and invoices in step on Kafka.

A first round on your own machine:

    milepost dev up          # a local Kafka
    milepost topics create   # its topics
    milepost worker          # the pipeline
    milepost generate --orders 100 | milepost produce -
    milepost watch           # what it says

Settings come from the environment: KAFKA_BOOTSTRAP names the cluster, MILEPOST_... the rest (docs/deployment.md lists them).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Never raises, and never shows a traceback unless MILEPOST_DEBUG is set."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    return guarded(lambda: _run(words))


def _run(arguments: list[str]) -> int:
    result = _application(arguments)(args=arguments, prog_name="milepost", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _application(arguments: Sequence[str]) -> typer.Typer:
    """The whole command tree, of which only the chosen command is real; the others are names for the help text."""
    root = typer.Typer(help=_HELP, no_args_is_help=True, add_completion=True, rich_markup_mode="markdown")
    root.callback()(_nothing)
    if "_MILEPOST_COMPLETE" in os.environ:  # bash sets the first of these, other shells the second
        arguments = (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]
    chosen = next((word for word in arguments if not word.startswith("-")), "")
    for name, (module_name, summary) in COMMANDS.items():
        if name != chosen:
            root.command(name, help=summary)(_nothing)
            continue
        module = import_module(module_name)
        if hasattr(module, "app"):
            root.add_typer(module.app, name=name, no_args_is_help=True)
        else:
            root.command(name)(module.command)
    return root


def _nothing() -> None:
    pass
