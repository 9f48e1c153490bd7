"""What is counted of feeds and references: whether they match, what waits, what nobody understands, when a feed said something new."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from streams.contracts.messages import encode
from streams.domain.event import Event, Link
from streams.domain.instant import to_millis
from streams.hop import Output, RawRecord
from streams.hops import normalize, resolve
from streams.meter import Meter
from streams.metrics import Metrics
from streams.offline.memory import MemoryRows
from streams.topics import CARRIER_RAW, REFERENCES
from tests.resolving import DAY, START, TTL, lineage, link, said
from tests.unit.normalize.reading import raw
from tests.unit.normalize.records import CARRIER_HEAD, ERP_HEAD, X12_214

CARRIER = {"format": "milepost.carrier.v1", "partner": ""}


class Worker:
    """The first two hops, metered; what they read counts once `commit` is called."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.meter = Meter(self.metrics, str, TTL)
        self.normalize = self.meter.metered(normalize.hop(100_000, tally=self.meter.tally("normalize")))
        self.resolve = self.meter.metered(resolve.hop(TTL, self.meter.tally("resolve")))
        self.rows = MemoryRows(self.resolve.codec)
        self._offset = 0

    def reads(self, value: Any, partner: str = "", format: str = "milepost.carrier.v1") -> list[Output]:
        headers = {"format": format} | ({"partner": partner} if partner else {})
        emissions = self.normalize.run(MemoryRows(None), [raw(CARRIER_RAW, value, headers)])
        self.meter.transaction("normalize", 1, 0, 0)
        return [emission for emission in emissions if isinstance(emission, Output)]

    def passes_on(self, outputs: list[Output]) -> None:
        """From normalize to resolve, as the topic between them does."""
        for output in outputs:
            self._offset += 1
            record = RawRecord(REFERENCES, 3, self._offset, output.timestamp, output.key, output.value, output.headers)
            self.resolve.run(self.rows, [record])
            self.rows.commit()
        self.meter.transaction("resolve", len(outputs), 0, 0)

    def hears(self, *messages: Event | Link, commit: bool = True) -> None:
        for message in messages:
            self._offset += 1
            key = message.reference if isinstance(message, Link) else message.references[0]
            record = RawRecord(REFERENCES, 3, self._offset, to_millis(START), key.encode(), encode(message))
            self.resolve.run(self.rows, [record])
            self.rows.commit()
        if commit:
            self.meter.transaction("resolve", len(messages), 0, 0)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"milepost_{name}", labels)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_the_match_rate_is_that_of_events_whose_order_is_known_when_they_come(worker: Worker) -> None:
    worker.hears(link("pro:O:1", "1000:1"), said("pro:O:1"), said("pro:O:1", at=START + 2 * DAY), said("pro:O:2"))
    assert worker.value("reference_events_total", outcome="matched") == 2
    assert worker.value("reference_events_total", outcome="parked") == 1
    worker.hears(link("pro:O:2", "1000:2"))
    assert worker.value("reference_events_total", outcome="found_later") == 1


def test_contradictions_and_what_nobody_claims_are_outcomes_too(worker: Worker) -> None:
    worker.hears(*(said("pro:O:2", at=START + number * timedelta(minutes=1)) for number in range(201)))
    assert worker.value("reference_events_total", outcome="unresolved") == 1
    worker.hears(said("pro:O:2", at=START))
    assert worker.value("reference_events_total", outcome="told_again") == 1


def test_what_was_aborted_was_not_counted(worker: Worker) -> None:
    worker.hears(said("pro:O:1"), commit=False)
    worker.meter.aborted("resolve", "broker")
    worker.hears(said("pro:O:2"))
    assert worker.value("reference_events_total", outcome="parked") == 1


def test_parked_references_and_the_oldest_of_them_are_seen(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.meter._LOOK_EVERY_SECONDS", 0.0)
    worker.hears(said("pro:O:1", lineage=lineage(arrived=START + DAY)), said("pro:O:2"), said("pro:O:2", at=START))
    assert worker.value("parked_references", partition="3") == 2
    assert worker.value("oldest_parked_timestamp_seconds", partition="3") == START.timestamp()
    worker.hears(link("pro:O:2", "1000:2"))
    assert worker.value("oldest_parked_timestamp_seconds", partition="3") == (START + DAY).timestamp()
    worker.hears(link("pro:O:1", "1000:1"))
    assert worker.value("parked_references", partition="3") == 0
    assert worker.value("oldest_parked_timestamp_seconds", partition="3") is None


def test_partitions_that_went_to_another_worker_are_not_told_any_more(worker: Worker) -> None:
    worker.hears(said("pro:O:1"))
    assert worker.value("parked_references", partition="3") == 1
    worker.meter.assigned(2)
    assert worker.value("parked_references", partition="3") is None


def test_codes_without_a_row_are_counted_by_format_and_partner(worker: Worker) -> None:
    worker.reads({**CARRIER_HEAD, "code": "DELIVERED"}, "acme")
    worker.reads({**CARRIER_HEAD, "code": "WHAT"}, "acme")
    worker.reads([{**CARRIER_HEAD, "code": "WHAT"}, {**CARRIER_HEAD, "code": "DELIVERED"}])
    assert worker.value("unmapped_total", format="milepost.carrier.v1", partner="acme") == 1
    assert worker.value("unmapped_total", format="milepost.carrier.v1", partner="") == 1
    assert worker.value("statements_total", format="milepost.carrier.v1", partner="acme") == 1
    assert worker.value("statements_total", format="milepost.carrier.v1", partner="") == 1


def test_codes_that_say_nothing_leave_a_trace(worker: Worker) -> None:
    silent = {**X12_214, "segments": [segment.replace("AT7*D1", "AT7*OO") for segment in X12_214["segments"]]}
    worker.reads(silent, "acme", "x12.214")
    assert worker.value("silent_codes_total", format="x12.214", partner="acme", code="AT701/OO") == 1
    assert worker.value("nothing_said_total", format="x12.214", partner="acme") == 1


def test_a_feed_that_answers_and_tells_old_things_again_stands_still(worker: Worker) -> None:
    for at in ("2026-06-01T09:00:00+02:00", "2026-05-30T09:00:00+02:00", "2026-06-01T09:00:00+02:00"):
        worker.reads({**CARRIER_HEAD, "code": "DELIVERED", "at": at})
    assert worker.value("last_said_timestamp_seconds", **CARRIER) == moment("2026-06-01T07:00:00+00:00")


def test_estimates_are_no_news_of_what_happened(worker: Worker) -> None:
    worker.reads({**CARRIER_HEAD, "code": "DELIVERED", "estimated": True, "at": "2026-06-09T09:00:00+02:00"})
    assert worker.value("last_said_timestamp_seconds", **CARRIER) is None


def test_an_event_counts_as_applied_once_it_reaches_an_order(worker: Worker) -> None:
    worker.hears(said("pro:O:1"))
    assert worker.value("last_applied_timestamp_seconds", system="OLDF", partner="") is None
    worker.hears(link("pro:O:1", "1000:1"))
    assert worker.value("last_applied_timestamp_seconds", system="OLDF", partner="") == (START + DAY).timestamp()


def test_what_reached_an_order_is_known_by_partner_too_however_late_it_did(worker: Worker) -> None:
    waits = worker.reads({**CARRIER_HEAD, "code": "DELIVERED"}, "acme")
    worker.passes_on(waits)
    assert worker.value("last_applied_timestamp_seconds", system="BLPX", partner="acme") is None
    worker.hears(link("tracking:BLPX:BLP123DE", "1000:1"))
    told = worker.value("last_said_timestamp_seconds", format="milepost.carrier.v1", partner="acme")
    assert told is not None
    assert worker.value("last_applied_timestamp_seconds", system="BLPX", partner="acme") == told
    worker.passes_on(worker.reads({**CARRIER_HEAD, "code": "DELIVERED"}, "other"))
    worker.reads({**ERP_HEAD, "type": "order.cancelled"}, "direct", "milepost.erp.v1")
    for system, partner in (("BLPX", "other"), ("SAP-EU", "direct")):
        assert worker.value("last_applied_timestamp_seconds", system=system, partner=partner) is not None
    assert worker.value("last_applied_timestamp_seconds", system="BLPX", partner="") is None


def test_made_up_systems_do_not_make_series_without_end(worker: Worker) -> None:
    worker.hears(link("pro:O:1", "1000:1"))
    worker.hears(*(replace(said("pro:O:1"), lineage=replace(lineage(number), system=f"S{number}")) for number in range(310)))
    series = [sample for family in worker.metrics.registry.collect() for sample in family.samples if "last_applied" in sample.name]
    assert len(series) == 301
    assert worker.value("last_applied_timestamp_seconds", system="other", partner="other") is not None
