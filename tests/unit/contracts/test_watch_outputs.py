"""Exceptions, findings, tasks and the archive as records."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from streams.contracts import outputs, watch_outputs
from streams.domain.memory import Amounting, Concern, Owner, Severity, TaskAction, TaskTarget
from streams.domain.order import OrderRow
from streams.domain.watch.checks import Check
from streams.domain.watch.exceptions import ExceptionCode
from streams.domain.watch.tasks import Task, TaskLine
from streams.domain.watch.watching import Turn, TurnKind
from streams.hop import Output, RawRecord
from streams.readable import said
from streams.topics import ARCHIVE, EXCEPTIONS, FINDINGS, TASKS
from tests.unit.contracts.samples import AT, CAUSE

ORDER = "ACME:4711"
LATE = Concern(ExceptionCode.DELAY_EXPECTED, "S1", Severity.HIGH, Owner.CARRIER, AT, "expected 2 days after 2026-06-05")
ODD = Concern(
    Check.R4, "INV1", Severity.HIGH, Owner.FINANCE, AT, "AMOUNT", Amounting(Decimal(100), Decimal("99.90"), "EUR"), evidence=("e1",)
)
TASK = Task(
    "t",
    3,
    ORDER,
    TaskTarget.WAREHOUSE,
    TaskAction.CANCEL,
    "HAM",
    (TaskLine("10", "SKU", Decimal("2.5"), "KG"),),
    None,
    AT + timedelta(hours=1),
    AT,
)

EXCEPTION_SAID = watch_outputs.exception(Turn("x", ORDER, TurnKind.ESCALATED, LATE, AT), CAUSE)
FINDING_SAID = watch_outputs.finding(Turn("f", ORDER, TurnKind.RAISED, ODD, AT), CAUSE)
TASK_SAID = watch_outputs.task(TASK, CAUSE, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
ARCHIVED = watch_outputs.archive(OrderRow(ORDER), b"packed", CAUSE)
EMITTED = [(EXCEPTIONS, EXCEPTION_SAID), (FINDINGS, FINDING_SAID), (TASKS, TASK_SAID), (ARCHIVE, ARCHIVED)]


@pytest.mark.parametrize(("topic", "output"), EMITTED, ids=[topic for topic, _ in EMITTED])
def test_a_record_is_a_cloud_event_of_its_order(topic: str, output: Output) -> None:
    headers = dict(output.headers)
    assert (output.topic, output.key, output.timestamp) == (topic, ORDER.encode(), CAUSE.timestamp)
    assert headers["ce_subject"] == ORDER.encode()
    assert headers["milepost.cause"] == b"shipment.events:3:4711"


def test_the_type_tells_the_kind() -> None:
    types = [dict(output.headers)["ce_type"].decode() for _, output in EMITTED]
    assert types == [
        "milepost.exception.delay_expected.v1",
        "milepost.finding.r4.v1",
        "milepost.task.cancel.v1",
        "milepost.order.archived.v1",
    ]


def test_the_same_concern_said_by_another_cause_is_another_record() -> None:
    again = watch_outputs.exception(Turn("x", ORDER, TurnKind.HEALED, LATE, AT), CAUSE._replace(offset=9))
    assert dict(again.headers)["ce_id"] != dict(EXCEPTION_SAID.headers)["ce_id"]


def test_what_is_written_is_read() -> None:
    finding = outputs.read(FINDINGS, FINDING_SAID.value or b"")
    assert (finding["finding_id"], finding["check"], finding["state"], finding["evidence"]) == ("f", "R4", "RAISED", ["e1"])
    assert (finding["expected"], finding["found"], finding["unit"]) == (Decimal(100), Decimal("99.90"), "EUR")
    task = outputs.read(TASKS, TASK_SAID.value or b"")
    assert (task["version"], task["ship_from"], task["lines"][0]["quantity"]) == (3, "HAM", Decimal("2.5"))
    assert outputs.read(ARCHIVE, ARCHIVED.value or b"")["row"] == b"packed"
    exception = outputs.read(EXCEPTIONS, EXCEPTION_SAID.value or b"")
    assert (exception["code"], exception["expected"], exception["since"]) == ("DELAY_EXPECTED", None, AT)


def test_each_kind_has_a_line_for_people() -> None:
    lines = [said(RawRecord(topic, 0, 0, 0, output.key, output.value, ())) for topic, output in EMITTED]
    assert lines == [
        "ESCALATED DELAY_EXPECTED S1 expected 2 days after 2026-06-05 (HIGH, CARRIER)",
        "RAISED R4 INV1 AMOUNT 99.9 where 100 EUR should be (HIGH, FINANCE)",
        "WAREHOUSE HAM: CANCEL [10: 2.5] v3",
        "archived , , 6 bytes",
    ]


@pytest.mark.parametrize("kind", TurnKind)
@pytest.mark.parametrize("code", [*ExceptionCode])
def test_every_exception_can_be_said(code: ExceptionCode, kind: TurnKind) -> None:
    output = watch_outputs.exception(Turn("x", ORDER, kind, LATE._replace(code=code), AT), CAUSE)
    assert outputs.read(EXCEPTIONS, output.value or b"")["code"] == code


@pytest.mark.parametrize("check", [*Check])
def test_every_finding_can_be_said(check: Check) -> None:
    output = watch_outputs.finding(Turn("f", ORDER, TurnKind.RAISED, ODD._replace(code=check), AT), CAUSE)
    assert outputs.read(FINDINGS, output.value or b"")["check"] == check
