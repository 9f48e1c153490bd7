"""What happens when a record fails, in words, with the settings that decide it."""

from __future__ import annotations

from dataclasses import dataclass

from streams.deadletter.reasons import CATALOGUE, Disposition
from streams.settings import Settings

__all__ = ["Rule", "policy"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can happen."""

    name: str
    what: str
    setting: str = ""
    """The setting that changes it, where there is one."""

    value: str = ""
    """What it is set to."""


def policy(settings: Settings) -> list[Rule]:
    """All rules that hold for this installation, in the order in which a failing record meets them."""
    reasons = {kind: ", ".join(reason for reason, row in CATALOGUE.items() if row.disposition is kind) for kind in Disposition}
    return [
        Rule(
            Disposition.TRANSIENT,
            "something is away (broker, schema registry): the same records are tried again in place, after 0.1 s and up to 10 s; nothing "
            "is dead-lettered, and after this many seconds the worker restarts",
            "MILEPOST_RETRY_SECONDS",
            str(settings.retry_seconds),
        ),
        Rule(Disposition.PERMANENT, f"the same bytes fail again: dead-lettered at once ({reasons[Disposition.PERMANENT]})"),
        Rule(Disposition.PARKED, f"something else must become known first: dead-lettered, then replayed ({reasons[Disposition.PARKED]})"),
        Rule(
            "waiting for a link",
            "an event whose reference no order claims waits this many hours, then it is dead-lettered for that",
            "MILEPOST_PARK_TTL_HOURS",
            str(settings.park_ttl_hours),
        ),
        Rule(
            "breaker, in a row",
            "the worker stops (exit 65) when so many records in a row are refused, of one partition or of a whole source; 0: never",
            "MILEPOST_BREAKER_CONSECUTIVE",
            str(settings.breaker_consecutive),
        ),
        Rule(
            "breaker, share",
            "the worker stops (exit 65) when more than this share of the latest records of a source partition is refused; 0: never",
            "MILEPOST_BREAKER_SHARE",
            f"{settings.breaker_share:g}",
        ),
        Rule("breaker, window", "so many records are the latest", "MILEPOST_BREAKER_WINDOW", str(settings.breaker_window)),
        Rule("hold", "a dead letter that names orders holds their release until it is replayed or discarded"),
        Rule("too large", "a dead letter that the broker refuses is kept as a pointer: coordinates, size and digest of the bytes"),
    ]
