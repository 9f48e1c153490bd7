"""Replays on a real broker: what is sent, what is settled, what is left, and what a kill costs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from streams.contracts.messages import decode
from streams.deadletter.letter import read_letter
from streams.deadletter.selection import Selection
from streams.domain.event import DeadLetterMark
from streams.processes import bound_to_parent
from streams.replay import Action, Edit, Fate, Guard, Outcome, Plan, ReplayRefused, Result, resume_replay, run_replay
from streams.settings import Settings
from streams.topics import EVENTS
from tests.conftest import MakeSettings, MakeTopics
from tests.fault.chaos import Dice
from tests.integration.letters import NOW_MS, audit, everything, refused, write

pytestmark = pytest.mark.integration

LETTERS, AGAIN = "erp.raw.dlq", "erp.raw.replay"
UNWATCHED = Guard(patience_seconds=0)
FOR_EVER = {"retention.ms": "-1"}


@pytest.fixture
def it(settings: MakeSettings, topics: MakeTopics) -> Settings:
    made = settings()
    topics(made)
    return made


def plan(action: Action = Action.REPLAYED, **more: Any) -> Plan:
    return Plan(**{"topic": LETTERS, "action": action, "by": "jane", "reason": "ticket 4711", "guard": UNWATCHED} | more)


def numbers(records: list[Any]) -> Counter[bytes]:
    return Counter(record.value for record in records)


# ---- what is sent


def test_a_record_comes_again_as_it_was_with_its_history(it: Settings) -> None:
    [letter_id] = write(it, [refused(7, partition=2, key="k", value=b"\x00\xff raw", order_ids=("1:7",))])

    result = run_replay(it, plan())

    assert (result.outcome, result.settled) == (Outcome.DONE, 1)
    [record] = everything(it, AGAIN)
    assert (record.partition, record.timestamp, record.key, record.value) == (2, NOW_MS + 7, b"k", b"\x00\xff raw")
    assert record.headers[0] == ("source", b"kept")
    ours = {name: value.decode() for name, value in record.headers[1:]}
    assert ours.pop("replay.at")
    assert ours == {
        "dlq.origin": "erp.raw/2/7",
        "dlq.first.failed.at": "2026-06-01T07:46:40.000Z",
        "dlq.attempt": "1",
        "dlq.replay.count": "1",
        "dlq.order.id": "1:7",
        "replay.id": result.job_id,
        "replay.of": letter_id,
        "replay.by": "jane",
        "replay.reason": "ticket 4711",
    }


def test_the_audit_says_who_settled_what_why_and_how(it: Settings) -> None:
    [letter_id] = write(it, [refused(7, partition=1)])

    result = run_replay(it, plan(selection=Selection(codes=frozenset({"QTY_INVALID"}))))

    state = audit(it)
    entry, job = state.settled[letter_id], state.jobs[result.job_id]
    assert (entry.letter_topic, entry.letter_partition, entry.letter_offset) == (LETTERS, 1, 0)
    assert (entry.action, entry.by, entry.reason, entry.target_topic) == (Action.REPLAYED, "jane", "ticket 4711", AGAIN)
    assert Selection.from_json(job.selection) == Selection(codes=frozenset({"QTY_INVALID"}))
    assert [(run.by, run.outcome, run.settled) for run in job.runs] == [("jane", "DONE", 1)]


def test_records_of_one_key_keep_their_order(it: Settings) -> None:
    write(it, [refused(number, partition=number % 2, key=f"k{number % 2}") for number in range(3_000)])

    run_replay(it, plan())

    found = everything(it, AGAIN)
    for partition in (0, 1):
        assert [record.timestamp - NOW_MS for record in found if record.partition == partition] == list(range(partition, 3_000, 2))


def test_an_edit_sends_the_corrected_copy_and_keeps_what_it_changed(it: Settings) -> None:
    first, second = write(it, [refused(1), refused(2)])
    edit = Edit(b"other", b'{"number": "fixed"}', (("source", b"changed"), ("dlq.id", b"forged")), "-1\n+fixed")

    run_replay(it, plan(Action.EDITED, selection=Selection(ids=frozenset({first})), edit=edit))

    [record] = everything(it, AGAIN)
    headers = dict(record.headers)
    assert (record.key, record.value, headers["source"], headers["replay.edited"]) == (b"other", edit.value, b"changed", b"true")
    assert "dlq.id" not in headers
    state = audit(it)
    assert (state.settled[first].action, state.settled[first].edit) == (Action.EDITED, "-1\n+fixed")
    assert second not in state.settled


def test_a_discard_and_a_redirect_lift_the_hold_themselves(it: Settings, topics: MakeTopics) -> None:
    topics(it, "elsewhere", partitions=4, config=FOR_EVER)
    first, second = write(it, [refused(1, order_ids=("1:1", "1:2")), refused(2, order_ids=("1:3",))], holding=True)

    run_replay(it, plan(Action.DISCARDED, selection=Selection(ids=frozenset({first}))))
    run_replay(it, plan(Action.REDIRECTED, target="elsewhere"))

    marks = [decode(record.value or b"") for record in everything(it, EVENTS)]
    opened = {(mark.dead_letter_id, mark.order_id): mark.at for mark in marks if isinstance(mark, DeadLetterMark) and mark.open}
    closed = {(mark.dead_letter_id, mark.order_id): mark.at for mark in marks if isinstance(mark, DeadLetterMark) and not mark.open}
    assert closed.keys() == opened.keys() == {(first, "1:1"), (first, "1:2"), (second, "1:3")}
    assert all(closed[each] > opened[each] for each in closed)
    assert len(everything(it, "elsewhere")) == 1
    assert everything(it, AGAIN) == []


# ---- what is settled, and what is left


def test_a_filtered_replay_leaves_the_others_open_and_a_later_one_finds_them(it: Settings) -> None:
    ids = write(it, [refused(number, key="a" if number % 2 else "b") for number in range(10)])

    first = run_replay(it, plan(selection=Selection(keys=frozenset({"a"}))))
    assert first.settled == 5
    assert audit(it).settled.keys() == set(ids[1::2])

    second = run_replay(it, plan())
    assert (second.settled, second.skipped) == (5, Counter({Fate.SETTLED: 5}))
    assert sorted(numbers(everything(it, AGAIN)).values()) == [1] * 10


def test_a_record_that_was_replayed_too_often_is_left_where_it_is(it: Settings) -> None:
    worn, fresh = write(it, [refused(1, headers=(("dlq.replay.count", b"3"),)), refused(2, headers=(("dlq.replay.count", b"2"),))])

    result = run_replay(it, plan())

    assert result.skipped == Counter({Fate.EXHAUSTED: 1})
    assert audit(it).settled.keys() == {fresh}
    assert run_replay(it, plan(max_replays=4)).settled == 1
    assert worn in audit(it).settled


def test_letters_that_come_while_a_job_runs_are_none_of_its_business(it: Settings) -> None:
    write(it, [refused(number) for number in range(200)])
    late: list[str] = []

    def progress(_: object) -> None:
        if not late:
            late.extend(write(it, [refused(1_000)]))

    result = run_replay(it, plan(guard=replace(UNWATCHED, sample=50)), progress=progress)

    assert result.settled == 200
    assert late[0] not in audit(it).settled


def test_a_job_that_was_stopped_goes_on_where_it_was_with_its_own_limits(it: Settings) -> None:
    write(it, [refused(number) for number in range(600)])
    stopped = threading.Event()
    job = plan(rate=400.0, limit=500)

    first = run_replay(it, job, progress=lambda _: stopped.set(), stopped=stopped)
    assert (first.outcome, first.settled) == (Outcome.STOPPED, 100)

    second = resume_replay(it, job.id, by="joe", guard=UNWATCHED)
    assert (second.outcome, second.settled) == (Outcome.DONE, 400)
    assert [(run.by, run.outcome) for run in audit(it).jobs[job.id].runs] == [("jane", "STOPPED"), ("joe", "DONE")]
    assert len(everything(it, AGAIN)) == 500


def test_the_rate_is_kept(it: Settings) -> None:
    write(it, [refused(number) for number in range(100)])
    began = time.monotonic()
    run_replay(it, plan(rate=100.0))
    assert time.monotonic() - began > 0.9


# ---- what is refused


def test_a_second_replay_of_the_same_letters_is_refused_while_the_first_goes_on(it: Settings) -> None:
    write(it, [refused(number) for number in range(400)])
    results: list[Result] = []
    began, go_on = threading.Event(), threading.Event()

    def progress(_: object) -> None:
        began.set()
        go_on.wait(60)

    first = threading.Thread(target=lambda: results.append(run_replay(it, plan(rate=400.0), progress=progress)))
    first.start()
    try:
        assert began.wait(30)
        with pytest.raises(ReplayRefused, match=rf"erp\.raw\.dlq is being replayed by .*:{os.getpid()}"):
            run_replay(it, plan(Action.DISCARDED))
    finally:
        go_on.set()
        first.join(60)
    assert [(result.outcome, result.settled) for result in results] == [(Outcome.DONE, 400)]
    assert len(everything(it, AGAIN)) == 400


def test_a_target_without_the_letters_partition_is_refused_before_anything_is_sent(it: Settings, topics: MakeTopics) -> None:
    topics(it, "narrow", partitions=2, config=FOR_EVER)
    write(it, [refused(1, partition=3)])

    with pytest.raises(ReplayRefused, match="narrow has 2 partitions"):
        run_replay(it, plan(Action.REDIRECTED, target="narrow"))

    assert everything(it, "narrow") == []
    assert audit(it).settled == {}


def test_a_target_that_would_drop_an_old_record_at_once_does_not_get_it(it: Settings, topics: MakeTopics) -> None:
    topics(it, "short", partitions=4, config={"retention.ms": "3600000"})
    write(it, [refused(1)])

    assert run_replay(it, plan(Action.REDIRECTED, target="short")).skipped == Counter({Fate.TOO_OLD: 1})


def test_a_record_that_the_target_does_not_take_is_left_open_and_its_neighbours_are_not(it: Settings, topics: MakeTopics) -> None:
    topics(it, "tight", partitions=4, config=FOR_EVER | {"max.message.bytes": "20000"})
    large = random.Random(1).randbytes(50_000)
    ids = write(it, [refused(1), refused(2, value=large), refused(3)])

    result = run_replay(it, plan(Action.REDIRECTED, target="tight"))

    assert (result.settled, result.skipped) == (2, Counter({Fate.REFUSED: 1}))
    assert audit(it).settled.keys() == {ids[0], ids[2]}


# ---- kills


@pytest.mark.slow
@pytest.mark.fault
def test_a_replay_killed_twenty_times_loses_nothing_and_doubles_nothing(it: Settings) -> None:
    dice, count, job_id = Dice(), 40_000, "11111111-1111-4111-8111-111111111111"
    ids = write(it, [refused(number, partition=number % 4) for number in range(count)])
    command = bound_to_parent([sys.executable, "-m", "tests.integration.replay_job", LETTERS, job_id])
    environment = os.environ | {"KAFKA_BOOTSTRAP": it.bootstrap, "MILEPOST_PREFIX": it.prefix, "MILEPOST_DATA": str(it.data)}
    killed_at_work = 0
    for _ in range(20):
        with subprocess.Popen([*command, "4000"], env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            early = dice.random() < 0.2
            for line in process.stdout:  # "begins", then how far it is after each transaction
                if early or line.strip().isdigit():
                    killed_at_work += not early
                    break
            time.sleep(dice.uniform(0.0, 1.0 if early else 0.4))
            process.send_signal(signal.SIGKILL)
    assert killed_at_work > 5
    assert 0 < len(audit(it).settled) < count
    subprocess.run([*command, "0"], env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL)

    found = everything(it, AGAIN)
    assert len(found) == count
    assert Counter(dict(record.headers)["replay.of"].decode() for record in found) == Counter(ids)
    for partition in range(4):
        assert [record.timestamp for record in found if record.partition == partition] == sorted(
            record.timestamp for record in found if record.partition == partition
        )
    state = audit(it)
    assert state.settled.keys() == set(ids)
    assert len(state.jobs[job_id].runs) > 10


# ---- bytes that do not fit


def test_a_letter_of_a_record_at_the_brokers_limit_is_kept_whole(it: Settings) -> None:
    value = random.Random(2).randbytes((1 << 20) - 300)
    write(it, [refused(1, value=value)])

    [record] = everything(it, LETTERS)
    assert read_letter(record).value == value

    assert run_replay(it, plan()).settled == 1
    assert [record.value for record in everything(it, AGAIN)] == [value]
