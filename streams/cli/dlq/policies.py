"""`milepost dlq retry-policy`."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.cli.output import print_json
from streams.deadletter.policy import policy
from streams.deadletter.reasons import CATALOGUE
from streams.settings import Settings

__all__ = ["retry_policy"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def retry_policy(as_json: AsJson = False) -> None:
    """Say what happens to a record that cannot be processed: what is tried again, what is dead-lettered, when a worker stops.

    Shows the settings in force here and every reason with its disposition.

    Example: `milepost dlq retry-policy`
    """
    rules = policy(Settings())
    if as_json:
        print_json(
            {
                "rules": [{"name": rule.name, "what": rule.what, "setting": rule.setting, "value": rule.value} for rule in rules],
                "reasons": {reason.value: row.disposition.value for reason, row in CATALOGUE.items()},
            }
        )
        return
    for rule in rules:
        setting = f" ({rule.setting} = {rule.value})" if rule.setting else ""
        print(f"{rule.name}{setting}\n    {rule.what}")
    print("\nreasons")
    for reason, row in CATALOGUE.items():
        print(f"  {reason.value:<18} {row.disposition.value:<10} {row.what_to_do}")
