"""Every metric of a worker, defined once, with its meaning.

Names start with `milepost_`, units are seconds and records. Order ids are never labels. All counts are of committed work: what an aborted
transaction did is not counted, so that a repeated batch counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

__all__ = ["Metrics"]

_TRANSACTION: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LAG: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
_EVENT_LAG: Final = (1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0, 259_200.0, 604_800.0)
_RESTORE: Final = (0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
_FEED: Final = ("format", "partner")
_RECORDS: Final = (1.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 10_000.0)


class Metrics:
    """The metrics of one worker, in a registry of their own, beside those of its process."""

    def __init__(self) -> None:
        disable_created_metrics()  # A series of its own for the birth of each other series helps nobody.
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

        self.records = self._counter(
            "records_total",
            "Records read and settled, by hop, source topic and outcome: accepted, or dead_lettered in whole or in part.",
            ("hop", "source", "outcome"),
        )
        self.emitted_records = self._counter(
            "emitted_records_total", "Records appended to a topic, ticks and dead letters included.", ("hop", "topic")
        )
        self.milestones = self._counter("milestones_total", "Milestones published, by kind.", ("milestone",))
        self.release_decisions = self._counter(
            "release_decisions_total", "Invoice decisions published: RELEASE, PARTIAL_RELEASE, REVOKE, CREDIT_REQUEST.", ("decision",)
        )
        self.holds = self._counter(
            "holds_total", "Hold records published, by each reason that they name; NONE: nothing stands in the way any more.", ("reason",)
        )
        self.exceptions = self._counter(
            "exceptions_total",
            "Exception records published, by code and state: RAISED, ESCALATED, CHANGED, HEALED, CLOSED.",
            ("code", "state"),
        )
        self.findings = self._counter(
            "findings_total", "Reconciliation findings published, by check (R1 to R13) and state.", ("check", "state")
        )
        self.tasks = self._counter("tasks_total", "Versions of tasks published, by target and action.", ("target", "action"))
        self.archived_orders = self._counter("archived_orders_total", "Closed orders put into the archive.")
        self.dead_letters = self._counter(
            "dead_letters_total", "Dead letters written, by source topic, stage and reason code.", ("hop", "source", "stage", "reason")
        )
        self.dead_letters_open = self._gauge(
            "dead_letters_open", "Dead letters that nobody has settled, by source topic. Every worker tells the same.", ("source",)
        )
        self.dead_letters_oldest_timestamp_seconds = self._gauge(
            "dead_letters_oldest_timestamp_seconds",
            "When the oldest open dead letter of a source topic was written, in Unix time; absent where none is open.",
            ("source",),
        )
        self.dead_letters_settled = self._gauge(
            "dead_letters_settled",
            "Dead letters settled so far, by source topic and action: REPLAYED, EDITED, REDIRECTED, DISCARDED. "
            "Every worker tells the same.",
            ("source", "action"),
        )
        self.dead_letters_failed_again = self._gauge(
            "dead_letters_failed_again", "Replays that came back as new dead letters so far. Every worker tells the same.", ("source",)
        )
        self.ticks = self._counter("ticks_total", "Due marks whose time came and that were turned into records.", ("hop",))

        self.statements = self._counter(
            "statements_total", "Statements read from raw records, by format and partner (header `partner`; empty: none).", _FEED
        )
        self.nothing_said = self._counter(
            "nothing_said_total", "Raw records that were read without fault and say nothing, by format and partner.", _FEED
        )
        self.unmapped = self._counter(
            "unmapped_total", "Raw records with a code that has no row in the format's map, by format and partner.", _FEED
        )
        self.silent_codes = self._counter(
            "silent_codes_total", "Codes that are known and say nothing of the freight, by format, partner and code.", (*_FEED, "code")
        )
        self.last_said_timestamp_seconds = self._gauge(
            "last_said_timestamp_seconds",
            "When the latest thing happened that a feed has told since the worker started, in Unix time, by format and partner. It is "
            "event time: a feed that answers and tells old things again stands still.",
            _FEED,
        )
        self.last_applied_timestamp_seconds = self._gauge(
            "last_applied_timestamp_seconds",
            "When the latest thing happened that reached an order since the worker started, in Unix time, by source system and partner "
            "(header `partner`; empty: none): event time. Systems that records make up end as `other`, from the 300th series on.",
            ("system", "partner"),
        )
        self.reference_events = self._counter(
            "reference_events_total",
            "Events that name their order by reference, by what became of them: matched (an order was known), parked (not yet), told_again "
            "(while it waits), found_later (parked before), contradicted (references mean different orders), unresolved (nobody claimed "
            "it in time, or too many wait). matched / (matched + parked) is the match rate.",
            ("outcome",),
        )
        self.parked_references = self._gauge(
            "parked_references",
            "References with events that wait for an order, by partition of shipment.references; looked at every 10 s while records come, "
            "counted up to 10,000.",
            ("partition",),
        )
        self.oldest_parked_timestamp_seconds = self._gauge(
            "oldest_parked_timestamp_seconds",
            "When the record of the event that waits longest was appended, in Unix time, by partition; absent where none waits.",
            ("partition",),
        )

        self.lag_seconds = self._histogram(
            "lag_seconds",
            "Age of a batch's last record when it is committed. Timestamps are passed on from the raw record, so the shipment hop's is the "
            "time from the append of the raw record to the committed outputs.",
            _LAG,
            ("hop", "source"),
        )
        self.event_lag_seconds = self._histogram(
            "event_lag_seconds",
            "Time from when something happened, as its source says, until its milestone was published. What lies in the future (plans, "
            "estimates) is left out.",
            _EVENT_LAG,
            ("milestone",),
        )
        self.last_progress_timestamp_seconds = self._gauge(
            "last_progress_timestamp_seconds", "When the hop last committed a transaction, in Unix time.", ("hop",)
        )
        self.waiting_records = self._gauge("waiting_records", "Records read that wait for the hop's next transaction.", ("hop",))

        self.transaction_seconds = self._histogram(
            "transaction_seconds", "Time of a committed transaction, by phase: processing, committing.", _TRANSACTION, ("hop", "phase")
        )
        self.transaction_records = self._histogram("transaction_records", "Source records of a committed transaction.", _RECORDS, ("hop",))
        self.transactions_aborted = self._counter(
            "transactions_aborted_total",
            "Transactions aborted, by cause: stale (the partitions moved), refused (the broker will not take a record), broker, "
            "unavailable (something that the hop needs is away).",
            ("hop", "cause"),
        )

        self.restore_seconds = self._histogram(
            "restore_seconds", "Time to bring a hop's local stores to the end of their changelog.", _RESTORE, ("hop",)
        )
        self.restored_entries = self._counter("restored_entries_total", "Changelog entries read to restore local stores.", ("hop",))
        self.assigned_partitions = self._gauge("assigned_partitions", "Source partitions that this worker owns.")
        self.rebalances = self._counter("rebalances_total", "Assignments of partitions that this worker received.")

    def _counter(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(f"milepost_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(f"milepost_{name}", meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: Sequence[float], labels: Sequence[str] = ()) -> Histogram:
        return Histogram(f"milepost_{name}", meaning, labels, registry=self.registry, buckets=buckets)
