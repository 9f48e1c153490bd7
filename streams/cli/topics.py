"""`milepost topics`: the topics of an installation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from streams.admin import Difference, check_topics, create_topics
from streams.cli.output import print_json, print_table
from streams.settings import Settings
from streams.topics import Topic, wanted_topics

__all__ = ["app", "check", "create"]

app = typer.Typer(
    help="Create the topics of this installation, or compare them with what they should be.\n\n"
    "    milepost topics create\n\n    MILEPOST_PREFIX=eu. milepost topics check --json"
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command()
def create(
    alter: Annotated[
        bool, typer.Option("--alter", help="Also set cleanup, retention, in-sync replicas and size limit of our own topics as wanted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create every topic that is missing; what exists is left alone. Run it as often as you like.

    Partitions, replication and prefix come from MILEPOST_PARTITIONS, MILEPOST_REPLICATION, MILEPOST_MIN_INSYNC and MILEPOST_PREFIX.
    Topics of producers (erp.raw and the like) may already exist with any partition count. Exit 1 if something differs from what is wanted.

    Example: `MILEPOST_PARTITIONS=12 milepost topics create`
    """
    settings = Settings()
    outcome = create_topics(settings, alter=alter)
    if as_json:
        print_json(
            {
                "created": outcome.created,
                "altered": outcome.altered,
                "differences": [asdict(difference) for difference in outcome.differences],
            }
        )
    else:
        made = set(outcome.created)
        if made:
            _print_topics(topic for topic in wanted_topics(settings) if topic.name in made)
        present = len(list(wanted_topics(settings))) - len(made)
        print(f"{len(made)} topics created, {present} were there" + (f", {len(outcome.altered)} altered" if alter else ""))
        _print_differences(outcome.differences)
    if outcome.differences:
        raise typer.Exit(1)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare the topics with what this installation wants; changes nothing. Exit 1 if anything differs.

    Example: `milepost topics check --json`
    """
    settings = Settings()
    differences = check_topics(settings)
    if as_json:
        print_json({"differences": [asdict(difference) for difference in differences]})
    else:
        _print_differences(differences)
        if not differences:
            print(f"all {len(list(wanted_topics(settings)))} topics are as wanted")
    if differences:
        raise typer.Exit(1)


def _print_topics(topics: Iterable[Topic]) -> None:
    print_table(["created", "cleanup", "meaning"], [[topic.name, topic.cleanup.value, topic.meaning] for topic in topics])


def _print_differences(differences: list[Difference]) -> None:
    if differences:
        print_table(
            ["topic", "what", "found", "wanted", "what to do"],
            [[d.topic, d.what, d.found or "missing", d.wanted, d.remedy] for d in differences],
        )
