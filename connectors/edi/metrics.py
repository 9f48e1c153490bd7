"""Metrics of a file drop, each with its meaning."""

from __future__ import annotations

from collections import Counter as Count
from datetime import datetime
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from connectors.edi.drop import Outcome
    from connectors.edi.ledger import Watched

__all__ = ["DropMetrics"]

_PREFIX: Final = "milepost_edi_"


class DropMetrics:
    """The metrics of one drop, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.files = Counter(f"{_PREFIX}files_total", "Files put away, by verdict: done, failed.", ["verdict"], registry=self.registry)
        self.records = Counter(f"{_PREFIX}records_total", "Raw records published.", registry=self.registry)
        self.held_back = Counter(f"{_PREFIX}test_interchanges_total", "Interchanges of test data not published.", registry=self.registry)
        self.waiting = Gauge(
            f"{_PREFIX}waiting_files", "Files in in/ and again/ after the last look, unfinished ones too.", registry=self.registry
        )
        self.last_sweep = Gauge(
            f"{_PREFIX}last_sweep_timestamp_seconds",
            "When the folder was last looked through to its end, in Unix time. It stands still while Kafka takes nothing.",
            registry=self.registry,
        )
        self.last_file = Gauge(
            f"{_PREFIX}last_file_timestamp_seconds",
            "When the last file was read, in Unix time; of a drop that has read none yet, when it began.",
            registry=self.registry,
        )
        self.missing = Gauge(
            f"{_PREFIX}acknowledgements_missing",
            "What we sent and nobody acknowledged in time, by partner and kind.",
            ["partner", "kind"],
            registry=self.registry,
        )
        self.rejected = Gauge(
            f"{_PREFIX}acknowledgements_rejected",
            "What partners rejected lately, by partner and kind.",
            ["partner", "kind"],
            registry=self.registry,
        )

    def begun(self, at: datetime, last_taken: datetime | None) -> None:
        """A drop begins; `last_taken`: when its folder last brought something."""
        self.last_sweep.set(at.timestamp())
        self.last_file.set((last_taken or at).timestamp())

    def swept(self, at: datetime, waiting: int) -> None:
        self.last_sweep.set(at.timestamp())
        self.waiting.set(waiting)

    def taken(self, outcome: Outcome, at: datetime) -> None:
        self.last_file.set(at.timestamp())
        self.files.labels(outcome.verdict).inc()
        self.records.inc(outcome.records)
        self.held_back.inc(outcome.held_back)

    def watched(self, missing: list[Watched], rejected: list[Watched]) -> None:
        for gauge, found in ((self.missing, missing), (self.rejected, rejected)):
            gauge.clear()
            for (partner, kind), count in Count((each.partner, each.kind) for each in found).items():
                gauge.labels(partner, kind).set(count)
