"""`milepost edi`: what is in an EDI file, for a person who talks to the partner that sent it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from connectors.edi.raw import TOPICS
from connectors.edi.x12.envelope import Interchange, Transaction
from connectors.edi.x12.problems import CATALOGUE, Problem
from connectors.edi.x12.reading import Reading
from streams.cli.lines import opened
from streams.cli.output import print_json
from streams.errors import ConfigurationError

__all__ = ["app", "read"]

app = typer.Typer(help="EDI files: look into them.")

_IN_MEMORY = 8 << 20


@app.callback()
def _commands() -> None:
    """EDI files: look into them."""


@app.command()
def read(
    file: Annotated[str, typer.Argument(help="An X12 file, or - for standard input.")],
    segments: Annotated[bool, typer.Option("--segments", help="Show the segments of what is accepted, with their numbers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all as one JSON document.")] = False,
) -> None:
    """Show the interchanges, groups and transactions of a file, and what is wrong with them, where.

    Every separator, control number and count is checked, as when the file is taken. Exit 1 if anything was refused. Segment numbers
    count from the first ISA of the file; those in brackets, from the ST of their transaction.

    Example: `milepost edi read carrier.214 --segments`
    """
    if file != "-" and Path(file).is_dir():
        raise ConfigurationError(f"{file} is a folder: name a file")
    with opened(file) as stream, _seekable(stream) as source:
        reading = Reading(source)
        shown = {each.position: each.segments for each in reading.transactions()} if segments else {}
    if as_json:
        print_json(_document(reading, shown if segments else None))
    else:
        for line in _lines(reading, shown):
            print(_printable(line))
    if not reading.accepted:
        raise typer.Exit(1)


def _seekable(stream: BinaryIO) -> BinaryIO:
    if stream.seekable():
        return stream
    kept: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (closed by the caller)
    shutil.copyfileobj(stream, kept)
    return kept  # type: ignore[no-any-return]


def _lines(reading: Reading, shown: dict[int, list[str]]) -> Iterator[str]:
    for problem in reading.problems:
        yield from _problem(problem, "")
    for interchange in reading.interchanges:
        yield from _interchange(interchange, shown)
    yield _summary(reading)


def _interchange(interchange: Interchange, shown: dict[int, list[str]]) -> Iterator[str]:
    header = interchange.header
    test = ", test data" if interchange.test else ""
    yield (
        f"Interchange {interchange.control} from {interchange.sender} to {interchange.receiver}, {header[9]} {header[10]}, "
        f"version {header[12]}{test}: {_verdict(interchange.accepted)}"
    )
    for problem in interchange.problems:
        yield from _problem(problem, "  ")
    for acknowledged in interchange.ta1:
        yield f"  TA1 for interchange {' '.join(acknowledged[1:])}"
    for group in interchange.groups:
        parties = f"from {group.sender} to {group.receiver}"
        yield f"  Group {group.control} {group.kind} {parties}, version {group.version}: {_verdict(group.accepted)}"
        for problem in group.problems:
            yield from _problem(problem, "    ")
        for transaction in group.transactions:
            goes = f"to {TOPICS[transaction.set]}" if transaction.set in TOPICS else "no reader for this set"
            yield (
                f"    {transaction.set} {transaction.control}, segments {transaction.position} to "
                f"{transaction.position + transaction.count - 1}, {goes}: {_verdict(transaction.accepted)}"
            )
            for problem in transaction.problems:
                yield from _problem(problem, "      ")
            for number, segment in enumerate(shown.get(transaction.position, ()), transaction.position):
                yield f"      {number:>5}  {segment}"


def _problem(problem: Problem, indent: str) -> Iterator[str]:
    inside = f" ({problem.segment} is segment {problem.in_transaction} of it)" if problem.in_transaction and problem.segment else ""
    yield f"{indent}! {problem.code} at segment {problem.position}: {problem.message}{inside}"
    yield f"{indent}  {CATALOGUE[problem.code].what_to_do}"


def _summary(reading: Reading) -> str:
    found = [each for interchange in reading.interchanges for group in interchange.groups for each in group.transactions]
    accepted = sum(each.accepted for each in found)
    if not reading.interchanges:
        return "No interchange that can be read: is this an X12 file?"
    return f"{len(reading.interchanges)} interchanges, {len(found)} transactions: {accepted} accepted, {len(found) - accepted} refused"


def _verdict(accepted: bool) -> str:
    return "accepted" if accepted else "REFUSED"


def _printable(text: str) -> str:
    """A partner's bytes must not steer the terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _document(reading: Reading, shown: dict[int, list[str]] | None) -> dict[str, Any]:
    return {
        "accepted": reading.accepted,
        "problems": [_as_data(problem) for problem in reading.problems],
        "interchanges": [
            {
                "sender": str(interchange.sender),
                "receiver": str(interchange.receiver),
                "control": interchange.control,
                "version": interchange.header[12],
                "test": interchange.test,
                "position": interchange.position,
                "accepted": interchange.accepted,
                "problems": [_as_data(problem) for problem in interchange.problems],
                "ta1": interchange.ta1,
                "groups": [
                    {
                        "kind": group.kind,
                        "sender": group.sender,
                        "receiver": group.receiver,
                        "control": group.control,
                        "version": group.version,
                        "position": group.position,
                        "accepted": group.accepted,
                        "problems": [_as_data(problem) for problem in group.problems],
                        "transactions": [_transaction(each, shown) for each in group.transactions],
                    }
                    for group in interchange.groups
                ],
            }
            for interchange in reading.interchanges
        ],
    }


def _transaction(transaction: Transaction, shown: dict[int, list[str]] | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "set": transaction.set,
        "control": transaction.control,
        "position": transaction.position,
        "count": transaction.count,
        "accepted": transaction.accepted,
        "topic": TOPICS.get(transaction.set),
        "problems": [_as_data(problem) for problem in transaction.problems],
    }
    return found if shown is None else found | {"segments": shown.get(transaction.position, [])}


def _as_data(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "refuses": problem.refuses,
        "message": problem.message,
        "position": problem.position,
        "segment": problem.segment,
        "in_transaction": problem.in_transaction,
        "element": problem.element,
        "what_to_do": CATALOGUE[problem.code].what_to_do,
    }
