"""Whether the committed output of a fold is exactly what its input asks for. Shares no code with any engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

__all__ = ["Exactness", "check_fold"]


@dataclass(frozen=True, slots=True)
class Exactness:
    """What an independent reader found in the committed output."""

    missing: int
    duplicates: int
    wrong_counts: int
    """Records whose count is not the one before it of their key, plus one: a row was lost, applied twice or read stale."""

    @property
    def exact(self) -> bool:
        return not (self.missing or self.duplicates or self.wrong_counts)

    def __str__(self) -> str:
        if self.exact:
            return "exact"
        return f"{self.missing} missing, {self.duplicates} duplicates, {self.wrong_counts} wrong counts"


def check_fold(values: Iterable[bytes], events: int) -> Exactness:
    """Compares the output (in partition order) with an input of `events` records, `seq` 0 to events - 1."""
    seen = bytearray(events)
    counts: dict[str, int] = {}
    total = wrong = 0
    for value in values:
        record = orjson.loads(value)
        total += 1
        seen[record["seq"]] = 1
        order = record["o"]
        if record["n"] != counts.get(order, 0) + 1:
            wrong += 1
        counts[order] = record["n"]
    distinct = sum(seen)
    return Exactness(events - distinct, total - distinct, wrong)
