"""`milepost dlq replay`, `redirect`, `discard` and `edit`: everything here is a dry run until `--execute`.

The work is in `jobs` and `correcting`, which are imported when it is done: they bring the engine along, and help must be quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.dlq.filters import Topics, filtered
from streams.cli.person import By
from streams.deadletter.audit import Action
from streams.deadletter.index import Wanted

__all__ = ["discard", "edit", "redirect", "replay"]

Execute = Annotated[bool, typer.Option("--execute", help="Do it. Without this, say what would be done, and touch nothing.")]
Why = Annotated[str, typer.Option("--reason", "-r", help="Why, in words, for the audit. Needed with --execute.")]
All = Annotated[bool, typer.Option("--all", help="Every open letter: needed where no other option narrows the choice.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
Rate = Annotated[float, typer.Option(min=0, metavar="LETTERS", help="At most so many letters a second; 0: no limit.")]
MostReplays = Annotated[int, typer.Option("--max-replays", min=1, help="Leave letters that were replayed so often before.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=0, help="At most so many letters a topic; 0: all.")]
StopShare = Annotated[
    float,
    typer.Option("--stop-at-share", min=0, max=1, help="Stop by itself once this share of what was replayed has failed again; 1: never."),
]
Patience = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="Wait so long for the workers to read what was replayed; 0: not at all.")
]
Sample = Annotated[int, typer.Option(min=0, help="Send so many first and see how they fare; 0: all at once.")]


@filtered(states=False)
def replay(
    wanted: Wanted,
    everything: All = False,
    execute: Execute = False,
    reason: Why = "",
    by: By = "",
    to: Annotated[str, typer.Option("--to", help="Send to this topic, as `redirect` does. Default: where Milepost alone reads.")] = "",
    rate: Rate = 0,
    max_replays: MostReplays = 3,
    limit: Limit = 0,
    stop_at_share: StopShare = 0.5,
    sample: Sample = 100,
    patience: Patience = 10,
    resume: Annotated[str, typer.Option(metavar="JOB", help="Go on with this job: same letters, reason, target and limits.")] = "",
    as_json: AsJson = False,
) -> None:
    """Send refused records again, each once: bytes, key, partition, time and headers as they were. A DRY RUN unless --execute.

    They go where only Milepost reads, so nobody else sees a record twice. A job that was stopped or killed goes on with --resume, or
    with the same command. Exit 1 if it stopped by itself because its replays fail again, or if letters that were meant stay open.

    Example: `milepost dlq replay --code UNMAPPED_CODE --execute --reason 'map has the code now'`
    """
    from streams.cli.dlq.jobs import Draft, resumed, settle
    from streams.replay import Guard

    watch = Guard(share=stop_at_share, sample=sample, patience_seconds=patience)

    if resume:
        resumed(resume, by, watch, as_json=as_json)
        return
    action = Action.REDIRECTED if to else Action.REPLAYED
    draft = Draft(action, reason, by, to, rate, max_replays, limit, watch)
    settle(wanted, draft, everything=everything, execute=execute, as_json=as_json)


@filtered(states=False)
def redirect(
    wanted: Wanted,
    to: Annotated[str, typer.Option("--to", help="Logical name of the topic, which must exist.")],
    everything: All = False,
    execute: Execute = False,
    reason: Why = "",
    by: By = "",
    rate: Rate = 0,
    max_replays: MostReplays = 3,
    limit: Limit = 0,
    as_json: AsJson = False,
) -> None:
    """Send refused records to a topic that you name, and call them settled. A DRY RUN unless --execute.

    For letters of other systems (`--topic orders-dlt --to orders`), and for records that belong elsewhere. All its readers see them.

    Example: `milepost dlq redirect --topic orders-dlt --to orders --all --execute --reason 'customer service is fixed'`
    """
    from streams.cli.dlq.jobs import Draft, settle

    draft = Draft(Action.REDIRECTED, reason, by, to, rate, max_replays, limit)
    settle(wanted, draft, everything=everything, execute=execute, as_json=as_json)


@filtered(states=False)
def discard(
    wanted: Wanted,
    everything: All = False,
    execute: Execute = False,
    reason: Why = "",
    by: By = "",
    limit: Limit = 0,
    as_json: AsJson = False,
) -> None:
    """Give letters up: nothing is sent, the holds that they put on orders are lifted. A DRY RUN unless --execute.

    The bytes stay in the dead-letter topic, and the audit says who discarded them and why.

    Example: `milepost dlq discard --id 5f0c… --execute --reason 'test record of the partner'`
    """
    from streams.cli.dlq.jobs import Draft, settle

    draft = Draft(Action.DISCARDED, reason, by, limit=limit)
    settle(wanted, draft, everything=everything, execute=execute, as_json=as_json)


def edit(
    letter: Annotated[str, typer.Argument(help="Id of a letter, the beginning of one, or its place, such as erp.raw.dlq-2@41.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Set a field of the JSON value, such as lines.0.quantity=12.")
    ] = None,
    set_header: Annotated[
        list[str] | None, typer.Option("--set-header", metavar="NAME=TEXT", help="Set a header of the record; an empty text takes it away.")
    ] = None,
    set_key: Annotated[str | None, typer.Option("--set-key", help="Another key, as text.")] = None,
    file: Annotated[Path | None, typer.Option(help="Take the whole value from this file, byte for byte.")] = None,
    topic: Topics = None,
    execute: Execute = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again before sending.")] = False,
    reason: Why = "",
    by: By = "",
    patience: Patience = 10,
    as_json: AsJson = False,
) -> None:
    """Send a corrected copy in place of a refused record; the letter counts as settled. A DRY RUN unless --execute, and then it asks.

    Without --set, --set-header, --set-key or --file the value opens in your editor ($EDITOR). The difference is shown, and kept in the
    audit. An edited record can be taken for something that was never said: correct it at the source where you can.

    Example: `milepost dlq edit 5f0c --set lines.0.quantity=12 --reason 'typed 1Z, agreed with ACME' --execute`
    """
    from streams.cli.dlq.correcting import Correction, correct

    correction = Correction(set_ or [], set_header or [], set_key, file)
    correct(letter, tuple(topic or ()), correction, reason, by, patience, execute=execute, yes=yes, as_json=as_json)
