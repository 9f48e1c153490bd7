"""What a worker counts, and how it is read over HTTP."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.contracts import outputs, watch_outputs
from streams.deadletter.reasons import Reason, Stage
from streams.domain.decisions import Decision, DecisionKind, Hold, HoldCode, HoldReason, MilestoneReached
from streams.domain.event import Event, Lineage
from streams.domain.instant import Instant
from streams.domain.memory import Concern, Owner, Severity, TaskAction, TaskTarget
from streams.domain.order import OrderRow
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.domain.watch.checks import Check
from streams.domain.watch.exceptions import ExceptionCode
from streams.domain.watch.tasks import Task
from streams.domain.watch.watching import Turn, TurnKind
from streams.engine.observer import Observer
from streams.engine.rows import NoRows
from streams.errors import ConfigurationError
from streams.hop import DeadLetter, Emission, Hop, Output, RawRecord, Record, Rows
from streams.meter import Meter
from streams.metrics import Metrics
from streams.monitor import serve
from streams.processes import free_ports
from streams.topics import EVENTS, MILESTONES, STATUS

NOW = datetime.now(UTC)


def _record(offset: int, topic: str = "eu.shipment.events") -> RawRecord:
    return RawRecord(topic, 0, offset, int(NOW.timestamp() * 1000), b"k", b"v")


def _milestone(kind: Milestone, at: datetime = NOW) -> Output:
    lineage = Lineage("TMS", "milepost.tms.v1", "tms.raw", 0, 1, NOW)
    event = Event("1", kind, Classifier.ACT, Scope.SHIPMENT, Instant(at, at.isoformat(), 0), lineage, "ACME:1")
    return outputs.milestone(MilestoneReached("m", event), _record(0))


def _decision(kind: DecisionKind) -> Output:
    decision = Decision(
        "r", "ACME:1", "ORDER", 1, kind, (), Decimal("1.00"), "EUR", NOW.date(), Trigger.ON_DELIVERY, NOW, "T", 1, (), ()
    )  # fmt: skip
    return outputs.decision(decision, _record(0))


def _hold(*codes: HoldCode) -> Output:
    return outputs.hold(Hold("o", tuple(HoldReason(code) for code in codes), NOW), _record(0))


class Listened:
    """A metered hop that says what the test puts into it."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.meter: Observer = Meter(self.metrics, lambda topic: topic.removeprefix("eu."))
        self.says: list[Emission] = []

        def run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
            return self.says

        assert isinstance(self.meter, Meter)
        self.hop = self.meter.metered(Hop("shipment", (EVENTS,), run))

    def run(self, *batch: Record, says: Sequence[Emission] = ()) -> None:
        self.says = list(says)
        assert self.hop.run(NoRows(), batch) == self.says

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"milepost_{name}", labels) or 0.0


@pytest.fixture
def listened() -> Listened:
    return Listened()


def test_what_a_hop_says_is_counted_when_it_is_committed(listened: Listened) -> None:
    said = [_milestone(Milestone.DELIVERED), _decision(DecisionKind.PARTIAL_RELEASE), Output(STATUS, b"ACME:1", b"")]
    listened.run(_record(1), _record(2), says=said)
    assert listened.value("milestones_total", milestone="DELIVERED") == 0
    listened.meter.transaction("shipment", 2, 0.01, 0.02)
    assert listened.value("milestones_total", milestone="DELIVERED") == 1
    assert listened.value("release_decisions_total", decision="PARTIAL_RELEASE") == 1
    assert listened.value("records_total", hop="shipment", source="shipment.events", outcome="accepted") == 2
    assert listened.value("transaction_seconds_sum", hop="shipment", phase="committing") == 0.02
    assert listened.value("last_progress_timestamp_seconds", hop="shipment") >= NOW.timestamp()
    listened.meter.transaction("shipment", 0, 0, 0)
    assert listened.value("milestones_total", milestone="DELIVERED") == 1


def test_what_was_aborted_is_not_counted(listened: Listened) -> None:
    listened.run(_record(1), says=[_milestone(Milestone.DELIVERED)])
    listened.meter.aborted("shipment", "broker")
    listened.run(_record(1), says=[_milestone(Milestone.DELIVERED)])
    listened.meter.transaction("shipment", 1, 0, 0)
    assert listened.value("milestones_total", milestone="DELIVERED") == 1
    assert listened.value("transactions_aborted_total", hop="shipment", cause="broker") == 1


def test_holds_are_counted_by_each_reason_and_a_lifted_hold_as_none(listened: Listened) -> None:
    listened.run(_record(1), says=[_hold(HoldCode.POD_MISSING, HoldCode.DISPUTE), _hold(HoldCode.POD_MISSING), _hold()])
    listened.meter.transaction("shipment", 1, 0, 0)
    assert {reason: listened.value("holds_total", reason=reason) for reason in ("POD_MISSING", "DISPUTE", "NONE")} == {
        "POD_MISSING": 2, "DISPUTE": 1, "NONE": 1,
    }  # fmt: skip


def test_what_the_watch_says_is_counted_by_kind(listened: Listened) -> None:
    cause = _record(0)
    late = Concern(ExceptionCode.PICK_OVERDUE, "", Severity.MEDIUM, Owner.WMS, NOW)
    odd = Concern(Check.R4, "INV1", Severity.HIGH, Owner.FINANCE, NOW)
    task = Task("t", 2, "ACME:1", TaskTarget.TRANSPORT, TaskAction.INTERCEPT, "", (), None, NOW, NOW)
    raised, healed = (watch_outputs.exception(Turn("e", "ACME:1", kind, late, NOW), cause) for kind in (TurnKind.RAISED, TurnKind.HEALED))
    finding = watch_outputs.finding(Turn("f", "ACME:1", TurnKind.RAISED, odd, NOW), cause)
    archived = watch_outputs.archive(OrderRow("ACME:1"), b"", cause)
    listened.run(_record(1), says=[raised, raised, healed, finding, watch_outputs.task(task, cause), archived])
    listened.meter.transaction("shipment", 1, 0, 0)
    assert listened.value("exceptions_total", code="PICK_OVERDUE", state="RAISED") == 2
    assert listened.value("exceptions_total", code="PICK_OVERDUE", state="HEALED") == 1
    assert listened.value("findings_total", check="R4", state="RAISED") == 1
    assert listened.value("tasks_total", target="TRANSPORT", action="INTERCEPT") == 1
    assert listened.value("archived_orders_total") == 1


def test_refused_records_are_an_outcome_and_a_dead_letter(listened: Listened) -> None:
    bad, parked = _record(2), _record(7, "eu.shipment.references")
    letter = DeadLetter(bad, Stage.MAP, Reason.UNMAPPED_CODE, "?")
    twice = DeadLetter(bad, Stage.MAP, Reason.TIME_INVALID, "?")
    late = DeadLetter(parked, Stage.RESOLVE, Reason.REF_UNRESOLVED, "?")
    listened.run(_record(1), bad, _record(3), says=[letter, twice, late])
    listened.meter.transaction("shipment", 3, 0, 0)
    for each in (letter, twice, late):
        listened.meter.dead_lettered("shipment", each)
    assert listened.value("records_total", hop="shipment", source="shipment.events", outcome="accepted") == 2
    assert listened.value("records_total", hop="shipment", source="shipment.events", outcome="dead_lettered") == 1
    assert listened.value("dead_letters_total", hop="shipment", source="shipment.events", stage="map", reason="UNMAPPED_CODE") == 1
    assert listened.value("dead_letters_total", hop="shipment", source="shipment.references", stage="resolve", reason="REF_UNRESOLVED") == 1


def test_poison_record_of_the_engine_is_an_outcome_too(listened: Listened) -> None:
    listened.meter.transaction("shipment", 1, 0, 0)
    listened.meter.dead_lettered("shipment", DeadLetter(_record(1), Stage.APPLY, Reason.POISON, "?"))
    assert listened.value("records_total", hop="shipment", source="shipment.events", outcome="dead_lettered") == 1


def test_event_lag_is_measured_for_the_past_only(listened: Listened) -> None:
    now = datetime.now(UTC)
    past, future = now - timedelta(hours=2), now + timedelta(days=1)
    listened.run(_record(1), says=[_milestone(Milestone.DELIVERED, past), _milestone(Milestone.ETA_UPDATED, future)])
    listened.meter.transaction("shipment", 1, 0, 0)
    assert listened.value("event_lag_seconds_sum", milestone="DELIVERED") == pytest.approx(7200, abs=60)
    assert listened.value("event_lag_seconds_count", milestone="ETA_UPDATED") == 0


def test_the_rest_of_the_observer(listened: Listened) -> None:
    meter = listened.meter
    meter.consumed("shipment", EVENTS, 0, 10, 0.2)
    meter.consumed("shipment", EVENTS, 0, 10, -0.2)
    meter.emitted("shipment", MILESTONES, 7)
    meter.restored("shipment", 4, 1000, 0.5)
    meter.ticked("shipment", 3)
    meter.waiting("shipment", 12)
    meter.assigned(8)
    assert listened.value("lag_seconds_sum", hop="shipment", source=EVENTS) == 0.2
    assert listened.value("emitted_records_total", hop="shipment", topic=MILESTONES) == 7
    assert listened.value("restore_seconds_count", hop="shipment") == 1
    assert listened.value("restored_entries_total", hop="shipment") == 1000
    assert listened.value("ticks_total", hop="shipment") == 3
    assert listened.value("waiting_records", hop="shipment") == 12
    assert listened.value("assigned_partitions") == 8
    assert listened.value("rebalances_total") == 1


def test_every_metric_of_ours_has_the_prefix_a_meaning_and_no_order_label() -> None:
    families = [family for family in Metrics().registry.collect() if not family.name.startswith(("process_", "python_"))]
    assert families
    for family in families:
        assert re.fullmatch(r"milepost_[a-z_]+", family.name)
        assert len(family.documentation) > 20 and family.documentation.endswith(".")
        assert not {"order", "order_id", "key"} & {label for sample in family.samples for label in sample.labels}


class _Verdict(NamedTuple):
    ok: bool
    reason: str = ""


class _Health:
    def __init__(self, live: _Verdict, ready: _Verdict) -> None:
        self._live, self._ready = live, ready

    def live(self) -> _Verdict:
        return self._live

    def ready(self) -> _Verdict:
        return self._ready


async def _get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_metrics_and_probes_over_http(listened: Listened) -> None:
    [port] = free_ports(1)
    listened.meter.waiting("shipment", 5)
    runner = await serve(listened.metrics.registry, _Health(_Verdict(True), _Verdict(False, "restoring")), "127.0.0.1", port)
    try:
        assert await _get(port, "/live") == (200, "ok\n")
        assert await _get(port, "/ready") == (503, "restoring\n")
        assert (await _get(port, "/else"))[0] == 404
        status, text = await _get(port, "/metrics")
        samples: dict[str, Any] = {family.name: family for family in text_string_to_metric_families(text)}
        assert status == 200
        assert samples["milepost_waiting_records"].samples[0].value == 5
    finally:
        await runner.cleanup()


async def test_taken_metrics_port_is_one_clear_error(listened: Listened) -> None:
    [port] = free_ports(1)
    health = _Health(_Verdict(True), _Verdict(True))
    runner = await serve(listened.metrics.registry, health, "127.0.0.1", port)
    try:
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port} .*MILEPOST_METRICS_PORT"):
            await serve(listened.metrics.registry, health, "127.0.0.1", port)
    finally:
        await runner.cleanup()
