"""Which dead letters are meant: one filter for looking, replaying and discarding."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, Final

from streams.deadletter.letter import Letter

__all__ = ["Selection"]

_PARTNER: Final = "partner"
"""Header of the source record."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Letters that fit every field that is set; within a field, any of its values. Empty: all letters.

    A field of keys holds them as text (undecodable bytes replaced).
    """

    ids: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    orders: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    partners: frozenset[str] = frozenset()
    replay_ids: frozenset[str] = frozenset()
    """Letters that came from these replays: what failed again."""

    since_ms: int | None = None
    """Failed at or after, milliseconds since the epoch."""

    until_ms: int | None = None
    """Failed before."""

    def matches(self, letter: Letter) -> bool:
        """Whether this letter is meant."""
        return (
            (not self.ids or letter.id in self.ids)
            and (not self.codes or letter.code in self.codes)
            and (not self.fingerprints or letter.fingerprint in self.fingerprints)
            and (not self.stages or letter.stage in self.stages)
            and (not self.classes or letter.error_class in self.classes)
            and (not self.orders or not self.orders.isdisjoint(letter.order_ids))
            and (not self.keys or (letter.key or b"").decode(errors="replace") in self.keys)
            and (not self.partners or _partner(letter) in self.partners)
            and (not self.replay_ids or letter.replay_id in self.replay_ids)
            and (self.since_ms is None or letter.failed_ms >= self.since_ms)
            and (self.until_ms is None or letter.failed_ms < self.until_ms)
        )

    def to_json(self) -> str:
        """Only what is set, in a stable order."""
        said: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, frozenset):
                if value:
                    said[field.name] = sorted(value)
            elif value is not None:
                said[field.name] = value
        return json.dumps(said, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Selection:
        """The inverse of `to_json`. Raises `ValueError` for anything else."""
        try:
            said: dict[str, Any] = json.loads(text)
            values: dict[str, Any] = {name: frozenset(value) if isinstance(value, list) else value for name, value in said.items()}
            return cls(**values)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not a selection of dead letters: {text[:120]}") from error

    def __str__(self) -> str:
        """In words."""
        said = json.loads(self.to_json())
        if not said:
            return "all letters"
        return " and ".join(f"{name} {', '.join(value) if isinstance(value, list) else value}" for name, value in said.items())


def _partner(letter: Letter) -> str:
    return next((value.decode(errors="replace") for name, value in letter.headers if name == _PARTNER), "")
