"""What must be known of a cluster before its topics can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.verify.ledger import Retention

__all__ = ["Layout"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Partitions, positions of the workers, and what the broker may have removed, all by logical topic name."""

    partitions: Mapping[str, int]
    committed: Mapping[tuple[str, int], int]
    """First offset of each source partition that the workers had not processed; nothing is known of a partition that is missing here,
    so nothing of it counts as processed."""

    retention: Mapping[str, Retention] = field(default_factory=dict)
