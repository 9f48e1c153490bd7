"""What `milepost dlq edit` does: one record, corrected by a person, in place of the one that was refused."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import typer

from streams.cli.dlq.jobs import WHY_NOT, report, stoppable, telling
from streams.cli.output import print_json
from streams.cli.person import whoever
from streams.cli.progress import Bar
from streams.deadletter.audit import Action
from streams.deadletter.editing import difference, headers_with, parse_change, with_changes
from streams.deadletter.index import Index
from streams.deadletter.letter import Letter
from streams.deadletter.selection import Selection
from streams.errors import ConfigurationError, MilepostError
from streams.replay import Edit, Fate, Guard, Plan, fate, run_replay, target_of
from streams.settings import Settings

__all__ = ["Correction", "correct"]


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be changed, as it was typed. Nothing given: in the editor."""

    fields: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    key: str | None = None
    file: Path | None = None


def correct(
    letter: str,
    topics: tuple[str, ...],
    correction: Correction,
    reason: str,
    by: str,
    patience: float,
    *,
    execute: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show the difference, and with `execute` send the copy. Raises `MilepostError`, `ConfigurationError`, and `typer.Exit` if not sent."""
    settings = Settings()
    if execute and not reason.strip():
        raise ConfigurationError("--execute needs --reason '…': the audit keeps why")
    if execute and not yes and not sys.stdin.isatty():
        raise ConfigurationError("an edit is confirmed by a person: run it in a terminal, or add --yes")
    with Bar() as bar:
        found = Index(settings, lambda done, of: bar.show("letters read", done, of)).one(letter, topics)
    original = found.letter
    if found.settlement is not None:
        raise MilepostError(f"letter {original.id} is settled ({found.state.lower()}): `milepost dlq audit {original.id}` says how")
    if original.pointer:
        raise MilepostError(f"the bytes of letter {original.id} were too large to keep: replay it, or correct it at the source")
    value = _edited_value(original, correction)
    headers = headers_with(original.source_headers, dict(parse_change("--set-header", each) for each in correction.headers))
    key = original.key if correction.key is None else correction.key.encode()
    changes = _changes(original, key, value, headers)
    if not changes:
        raise MilepostError("nothing was changed: the record would fail as before")
    if not as_json:
        print("\n".join(changes))
    plan = Plan(
        original.topic,
        Action.EDITED,
        whoever(by),
        reason or "(dry run)",
        Selection(ids=frozenset({original.id})),
        guard=Guard(patience_seconds=patience),
        edit=Edit(key, value, headers, "\n".join(changes)),
    )
    what = fate(original, plan, ())
    if what is not Fate.SETTLE:
        raise MilepostError(f"letter {original.id} cannot be edited: {WHY_NOT.get(what, what.value)}")
    if not execute:
        if as_json:
            print_json({"dry_run": True, "letter": original.id, "target": target_of(original, plan), "changes": changes})
        else:
            print(f"dry run: this copy would go to {target_of(original, plan)}; nothing was touched.")
            print("Add --execute and --reason '…' to send it.")
        return
    if not yes and not typer.confirm("Send this copy in place of the refused record?"):
        print("not sent")
        raise typer.Exit(1)
    with stoppable() as stopped, Bar() as bar:
        result = run_replay(settings, plan, progress=telling(bar), stopped=stopped)
    report([result], as_json)


def _edited_value(letter: Letter, correction: Correction) -> bytes | None:
    if correction.fields and correction.file:
        raise ConfigurationError("--set changes fields and --file takes the place of all: give one of them")
    if correction.file:
        return correction.file.read_bytes()
    if correction.fields:
        return with_changes(letter.value, [parse_change("--set", each) for each in correction.fields])
    return letter.value if correction.headers or correction.key is not None else _in_editor(letter)


def _in_editor(letter: Letter) -> bytes | None:
    if not sys.stdin.isatty():
        raise ConfigurationError("there is no terminal for an editor: say the change with --set, --set-header, --set-key or --file")
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "value.json")
        path.write_bytes(letter.value or b"")
        try:
            ended = subprocess.run([*shlex.split(command), str(path)], check=False).returncode
        except OSError as error:
            raise ConfigurationError(
                f"the editor {command} cannot be started: set EDITOR, or say the change with --set or --file"
            ) from error
        if ended:
            raise MilepostError(f"the editor {command} ended with {ended}: nothing was changed")
        return path.read_bytes()


def _changes(letter: Letter, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...]) -> list[str]:
    lines = difference(letter.value, value)
    if key != letter.key:
        lines += ["key", *difference(letter.key, key)[2:]]
    if headers != letter.source_headers:
        before = "\n".join(f"{name}: {content!r}" for name, content in letter.source_headers).encode()
        after = "\n".join(f"{name}: {content!r}" for name, content in headers).encode()
        lines += ["headers", *difference(before, after)[2:]]
    return lines
