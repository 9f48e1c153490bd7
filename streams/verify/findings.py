"""What a verification can find, and its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Finding", "Kind", "Report"]


class Kind(StrEnum):
    """How a topic differs from what was recomputed."""

    MISSING = "missing"
    """The cause was processed, and the record that it must have left is not there."""

    EXTRA = "extra"
    """No recomputed record explains this one."""

    DUPLICATE = "duplicate"
    """The same record once more than it should be there."""

    DIFFERENT = "different"
    """There, but with another value, key, header, timestamp or partition."""

    DISORDERED = "disordered"
    """There, but in another order than their causes, which stand in one partition."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One record that is not as recomputed."""

    kind: Kind
    topic: str
    """Logical name."""

    order: str
    """Order id, or the reference while the order is not known; empty where neither can be read."""

    hop: str = ""
    """The hop that should have written it; empty for an extra record."""

    cause: str = ""
    """`topic-partition@offset` of the record from which it was recomputed; empty for an extra record."""

    found: str = ""
    """`topic-partition@offset` where it stands; empty for a missing record."""

    detail: str = ""


@dataclass(slots=True)
class Report:
    """The outcome of a verification."""

    compared: Counter[str] = field(default_factory=Counter)
    """Records that are as recomputed, by logical topic (rows, by `state of <hop>`)."""

    findings: list[Finding] = field(default_factory=list)
    not_yet: Counter[str] = field(default_factory=Counter)
    """Records that will follow once the workers have read on, by logical topic; ticks that are due, by `ticks of <hop>`."""

    unverifiable: Counter[str] = field(default_factory=Counter)
    """Records that could not be judged because retention or compaction took what they would be compared with, by logical topic."""

    ticks: Counter[str] = field(default_factory=Counter)
    """Ticks whose due entry existed, by logical topic. They enter the log by the clock, so they are input here."""

    @property
    def complete(self) -> bool:
        """Whether the workers had processed everything that was there when the verification began."""
        return not self.not_yet.total()

    @property
    def clean(self) -> bool:
        """Nothing missing, extra, duplicate, different or disordered, and nothing still to come."""
        return self.complete and not self.findings

    def count(self, kind: Kind) -> int:
        """Number of findings of one kind."""
        return sum(finding.kind is kind for finding in self.findings)

    def by_order(self) -> Iterator[tuple[str, list[Finding]]]:
        """Findings grouped by order, orders in alphabetical sequence."""
        groups: dict[str, list[Finding]] = {}
        for finding in self.findings:
            groups.setdefault(finding.order, []).append(finding)
        yield from sorted(groups.items())

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "clean": self.clean,
            "complete": self.complete,
            **{kind.value: self.count(kind) for kind in Kind},
            "compared": dict(self.compared),
            "ticks": dict(self.ticks),
            "not_yet": dict(self.not_yet),
            "unverifiable": dict(self.unverifiable),
            "findings": [asdict(finding) for finding in self.findings],
        }
