"""Dead letters in the running pipeline: a bad deploy, holds that replays lift, and records that never get well."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from streams.contracts.outputs import read
from streams.deadletter.audit import AuditState
from streams.deadletter.letter import Letter, read_letter
from streams.deadletter.selection import Selection
from streams.engine import EXIT_TRIPPED
from streams.following import Follower
from streams.hop import Output, RawRecord
from streams.pipeline import hops
from streams.processes import bound_to_parent
from streams.replay import Action, Edit, Fate, Guard, Outcome, Plan, Result, run_replay
from streams.settings import Settings
from streams.topics import HOLDS, MILESTONES
from streams.verify import verify
from tests.conftest import MakeSettings, MakeTopics
from tests.fault.chaos import WorkerProcess
from tests.integration.letters import audit, everything, send

pytestmark = [pytest.mark.integration, pytest.mark.slow]

AT = "2026-06-01T09:00:00+02:00"
AT_MS = 1_780_300_000_000


@pytest.fixture
def deployed(settings: MakeSettings, topics: MakeTopics) -> Settings:
    """Topics of an installation."""
    made = settings(sweep_interval_ms=100)
    topics(made)
    return made


@pytest.fixture
def it(deployed: Settings) -> Iterator[Settings]:
    """The same; afterwards everything that happened there is verified: replays, lifted holds and all."""
    made = deployed
    yield made
    report = verify(made, hops(made), wait_seconds=0)
    assert report.findings == []
    # No worker runs any more, so a mark may have become due since.
    assert not {what for what in report.not_yet if not what.startswith("ticks of ")}


@contextmanager
def working(it: Settings, folder: Path, module: str = "streams.worker") -> Iterator[WorkerProcess]:
    """A worker, stopped in good order if it still runs."""
    environment = os.environ | {
        "KAFKA_BOOTSTRAP": it.bootstrap,
        "MILEPOST_PREFIX": it.prefix,
        "MILEPOST_DATA": str(it.data),
        "MILEPOST_METRICS_PORT": "0",
    }
    worker = WorkerProcess(bound_to_parent([sys.executable, "-m", module]), environment, folder / f"{module}.log")
    worker.start()
    try:
        yield worker
    finally:
        if worker.running:
            worker.terminate()
            worker.wait(40)


def order(number: int) -> Output:
    line = {"line": "10", "sku": "A", "quantity": "1", "uom": "EA", "unit_price": "1.00"}
    said = {"type": "order.released", "revision": 1, "customer": "C", "currency": "EUR", "terms": "T", "lines": [line]}
    return raw("erp.raw", number, said)


def goods(number: int, quantity: str) -> Output:
    return raw("wms.raw", number, {"type": "goods.issued", "lines": [{"line": "10", "quantity": quantity, "uom": "EA"}]})


def raw(topic: str, number: int, said: dict[str, Any]) -> Output:
    value = {"system": "S", "company": "7", "order": str(number), "at": AT} | said
    return Output(topic, str(number).encode(), json.dumps(value).encode(), timestamp=AT_MS)


def await_records(it: Settings, topic: str, wanted: Callable[[RawRecord], bool], count: int, seconds: float = 60) -> list[RawRecord]:
    found: list[RawRecord] = []
    deadline = time.monotonic() + seconds
    with Follower(it, [topic], from_start=True) as follower:
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} records came on {topic}"
            found += [record for record in follower.read() if wanted(record)]
    return found


def any_record(record: RawRecord) -> bool:
    return True


def await_letters(it: Settings, topic: str, count: int) -> list[Letter]:
    return [read_letter(record) for record in await_records(it, topic, any_record, count)]


def await_hold(it: Settings, number: int, held: bool, seconds: float = 30) -> None:
    """Until the latest hold record of an order names a dead letter, or names none."""
    deadline = time.monotonic() + seconds
    latest = None
    with Follower(it, [HOLDS], from_start=True) as follower:
        while latest is not held:
            assert time.monotonic() < deadline, f"order {number}: held by a dead letter is {latest}"
            for record in follower.read():
                if record.key == f"7:{number}".encode():
                    codes = {reason["code"] for reason in read(HOLDS, record.value or b"")["reasons"]}
                    latest = "DEAD_LETTER" in codes


def replay(it: Settings, topic: str, action: Action = Action.REPLAYED, **more: Any) -> Result:
    return run_replay(it, Plan(**{"topic": topic, "action": action, "by": "jane", "reason": "test"} | more))


def ids_of(*letters: Letter) -> Selection:
    return Selection(ids=frozenset(letter.id for letter in letters))


def test_a_bad_deploy_stops_itself_and_after_the_fix_everything_arrives(deployed: Settings, tmp_path: Path) -> None:
    it = deployed  # Not to be verified: no version of the hops explains what two of them did.
    few, many = 300, 3_000
    with working(it, tmp_path, "tests.integration.broken_worker") as broken:
        send(it, (order(number) for number in range(few)))
        await_letters(it, "erp.raw.dlq", few)  # too few to stop for
        send(it, (order(number) for number in range(few, few + many)))
        assert broken.wait(60) == EXIT_TRIPPED
    said = broken.log.read_text()
    assert said.count("CRITICAL") == 1
    assert "of the latest" in said or "in a row" in said
    assert "POISON: KeyError: 'renamed'" in said
    letters = everything(it, "erp.raw.dlq")
    assert few <= len(letters) <= 1_000

    with working(it, tmp_path):
        await_records(it, MILESTONES, any_record, few + many - len(letters))
        result = replay(it, "erp.raw.dlq")
        assert (result.outcome, result.settled, result.failed_again) == (Outcome.DONE, len(letters), 0)
        found = await_records(it, MILESTONES, any_record, few + many)
    assert sorted(record.key or b"" for record in found) == sorted(f"7:{number}".encode() for number in range(few + many))


def test_a_hold_is_lifted_by_the_corrected_record_and_by_a_discard(it: Settings, tmp_path: Path) -> None:
    with working(it, tmp_path):
        send(it, [order(1), order(2), goods(1, "one"), goods(2, "two")])
        letters = {letter.order_ids: letter for letter in await_letters(it, "wms.raw.dlq", 2)}
        first, second = letters["7:1",], letters["7:2",]
        await_hold(it, 1, held=True)
        await_hold(it, 2, held=True)

        edit = Edit(first.key, goods(1, "1").value, first.source_headers)
        assert replay(it, "wms.raw.dlq", Action.EDITED, selection=ids_of(first), edit=edit).settled == 1
        await_hold(it, 1, held=False)
        assert any(b"goods.issued" in (record.value or b"") for record in everything(it, MILESTONES) if record.key == b"7:1")

        assert replay(it, "wms.raw.dlq", Action.DISCARDED, selection=ids_of(second)).settled == 1
        await_hold(it, 2, held=False)


def test_a_record_that_never_gets_well_ends_after_its_maximum_with_its_history(it: Settings, tmp_path: Path) -> None:
    with working(it, tmp_path):
        send(it, [order(1), goods(1, "one")])
        for replays in range(3):
            letter = await_letters(it, "wms.raw.dlq", replays + 1)[-1]
            assert (letter.replay_count, letter.attempt, letter.origin) == (replays, replays + 1, letter.origin)
            result = replay(it, "wms.raw.dlq")
            assert (result.settled, result.failed_again) == (1, 1)
        last = await_letters(it, "wms.raw.dlq", 4)[-1]
        result = replay(it, "wms.raw.dlq")
        assert (result.settled, result.skipped[Fate.EXHAUSTED]) == (0, 1)
        await_hold(it, 1, held=True)
    assert history(audit(it), last) == 3
    assert last.first_failed_at < last.failed_at
    assert last.origin.startswith("wms.raw/")


def history(state: AuditState, letter: Letter) -> int:
    """How many settled letters lead to this one."""
    steps, before = 0, letter.replay_of
    while before:
        entry = state.settled[before]
        assert (entry.by, entry.action) == ("jane", Action.REPLAYED)
        steps, before = steps + 1, entry.replay_of
    return steps


def test_a_replay_whose_records_fail_again_stops_by_itself(it: Settings, tmp_path: Path) -> None:
    with working(it, tmp_path):
        send(it, [goods(number, "many") for number in range(400)])
        await_letters(it, "wms.raw.dlq", 400)
        result = replay(it, "wms.raw.dlq", guard=Guard(sample=50))
    assert (result.outcome, result.settled, result.failed_again) == (Outcome.GUARD, 50, 50)
    assert "failed again" in result.words
    assert len(everything(it, "wms.raw.replay")) == 50


# ---- bytes that do not fit


def test_a_refused_record_at_the_brokers_limit_fits_into_its_dead_letter(it: Settings, tmp_path: Path) -> None:
    value = random.Random(3).randbytes((1 << 20) - 200)  # all that a batch of one record may hold by default
    with working(it, tmp_path):
        send(it, [Output("wms.raw", b"k", value, timestamp=AT_MS)])
        [letter] = await_letters(it, "wms.raw.dlq", 1)
    assert (letter.code, letter.pointer, letter.value) == ("OVERSIZED", False, value)


def test_bytes_that_the_broker_does_not_take_are_pointed_at_and_replayed_from_where_they_are(it: Settings, tmp_path: Path) -> None:
    entry = ConfigEntry("max.message.bytes", "100000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, it.topic("wms.raw.dlq"), incremental_configs=[entry])
    admin = AdminClient(it.librdkafka())
    [answer] = admin.incremental_alter_configs([resource]).values()
    answer.result()
    value = random.Random(4).randbytes(500_000)
    with working(it, tmp_path):
        send(it, [Output("wms.raw", b"k", value, (("source", b"kept"),), timestamp=AT_MS), order(1)])
        [letter] = await_letters(it, "wms.raw.dlq", 1)
        assert (letter.code, letter.pointer, letter.value, letter.value_size) == ("ENVELOPE_INVALID", True, None, len(value))
        assert letter.source_headers == (("source", b"kept"),)

        assert replay(it, "wms.raw.dlq").settled == 1
        again = await_letters(it, "wms.raw.dlq", 2)[-1]
    assert [record.value for record in everything(it, "wms.raw.replay")] == [value]
    assert (again.replay_of, again.pointer, again.source_topic) == (letter.id, True, "wms.raw.replay")
