"""`milepost dlq export` and `import`: letters as files, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.dlq.filters import filtered
from streams.cli.lines import opened
from streams.cli.output import print_json
from streams.cli.progress import Bar
from streams.deadletter.export import Exported, ascii_json, parse_line, read_folder, to_line, to_output, write_file
from streams.deadletter.index import Index, Wanted
from streams.deadletter.letter import Letter
from streams.errors import ConfigurationError
from streams.jsonlines import dump, shown_bytes, shown_headers
from streams.producing import Sender
from streams.settings import Settings
from streams.topics import REPLAYED

__all__ = ["export_letters", "import_letters"]

AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


@filtered()
def export_letters(
    wanted: Wanted,
    out: Annotated[
        str, typer.Option("--out", help="A file for JSON lines, an existing folder for a file each, or - for standard output.")
    ] = "-",
    records: Annotated[
        bool, typer.Option("--records", help="Write the refused records as lines for `milepost explain`, `simulate` and `produce`.")
    ] = False,
) -> None:
    """Write letters to files, byte for byte; `milepost dlq import` brings them back. Changes nothing.

    Example: `milepost dlq export --code POISON --out letters.jsonl`
    """
    write = _record_line if records else to_line
    count = 0
    with Bar() as bar:
        letters = (found.letter for found in Index(Settings(), lambda done, of: bar.show("letters read", done, of)).letters(wanted))
        if out != "-" and Path(out).is_dir():
            if records:
                raise ConfigurationError("--records writes lines: name a file with --out")
            for letter in letters:
                write_file(Path(out), letter)
                count += 1
        elif out == "-":
            for letter in letters:
                sys.stdout.buffer.write(write(letter))
                count += 1
            sys.stdout.buffer.flush()
        else:
            with Path(out).open("wb") as file:
                for letter in letters:
                    file.write(write(letter))
                    count += 1
    print(f"{count} letters written" + ("" if out == "-" else f" to {out}"), file=sys.stderr)


def _record_line(letter: Letter) -> bytes:
    topic = REPLAYED.get(letter.source_topic, letter.source_topic)
    timestamp = letter.timestamp if letter.source_timestamp is None else letter.source_timestamp
    fields = {
        "topic": topic,
        "key": shown_bytes(letter.key),
        "value": shown_bytes(letter.value),
        "headers": shown_headers(letter.source_headers),
        "timestamp": timestamp,
    }
    return ascii_json(dump(fields))


def import_letters(
    source: Annotated[str, typer.Argument(help="A file of `milepost dlq export`, a folder of it, or - for standard input.")],
    to: Annotated[str, typer.Option("--to", help="Dead-letter topic to write to. Default: the one that each letter names.")] = "",
    execute: Annotated[bool, typer.Option("--execute", help="Do it. Without this, say what would be done, and touch nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring exported letters back into their dead-letter topics, byte for byte. A DRY RUN unless --execute.

    A letter whose id is there already is left out, so that a second import does nothing. A letter keeps what the audit says of it.
    Exit 1 if any could not be written.

    Example: `milepost dlq import letters.jsonl --execute`
    """
    settings = Settings()
    letters = list(_letters(source))
    topics = {to or letter.topic for letter in letters}
    with Sender(settings) as sender:
        missing = sorted(topic for topic in topics if not sender.knows(topic))
        if missing:
            raise ConfigurationError(f"there is no topic {missing[0]}: name another with --to, or run `milepost topics create`")
        with Bar() as bar:
            index = Index(settings, lambda done, of: bar.show("letters read", done, of))
            there = {found.letter.id for found in index.letters(Wanted(tuple(topics), states=frozenset()))} if topics else set()
        new = list({letter.id: letter for letter in letters if letter.id not in there}.values())
        if execute:
            for letter in new:
                sender.send(to_output(letter, to))
            sender.flush()
    failed = sender.failures.total()
    if as_json:
        print_json(
            {
                "dry_run": not execute,
                "letters": len(letters),
                "written": len(new) - failed if execute else 0,
                "there_already": len(letters) - len(new),
                "failed": dict(sender.failures),
            }
        )
    else:
        verb = f"{len(new) - failed} letters written" if execute else f"dry run: {len(new)} letters would be written; nothing was touched"
        print(f"{verb}, {len(letters) - len(new)} were there already" + ("" if execute else ". Add --execute to do it."))
        for why, count in sender.failures.items():
            print(f"{count} letters not written: {why}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _letters(source: str) -> Iterator[Exported]:
    if source != "-" and Path(source).is_dir():
        yield from (letter for _, letter in read_folder(Path(source)))
        return
    with opened(source) as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                try:
                    yield parse_line(line)
                except ConfigurationError as error:
                    raise ConfigurationError(f"line {number}: {error}") from error
