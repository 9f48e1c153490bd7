"""Hops chained on a log in memory. The hops here are small ones of our own; the real ones are tried in tests/unit/cli/test_simulate.py."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams.contracts.messages import decode
from streams.deadletter import headers
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import DeadLetterMark
from streams.hop import EVERY_PARTITION, DeadLetter, Emission, Hop, Output, Record, Rows, due_key
from streams.offline import OfflinePipeline
from streams.topics import ERP_RAW, EVENTS


class Text:
    """Codec of text."""

    def encode(self, row: str) -> bytes:
        return row.encode()

    def decode(self, data: bytes) -> str:
        return data.decode()


def _first(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
    sent: list[Emission] = []
    for record in batch:
        if record.value == b"bad":
            sent.append(DeadLetter(record, Stage.VALIDATE, Reason.SCHEMA_INVALID, "bad", ((record.key or b"").decode(),)))
        elif record.value == b"to all":
            sent.append(Output(EVENTS, record.key, record.value, partition=EVERY_PARTITION, timestamp=record.timestamp))
        else:
            sent.append(Output(EVENTS, record.key, record.value, timestamp=record.timestamp))
    return sent


def _second(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
    """`wait N` asks for a tick at N; a tick is `tick`; anything is reported with its timestamp."""
    sent: list[Emission] = []
    for record in batch:
        value = record.value or b""
        if value.startswith(b"wait "):
            rows.mark(due_key(int(value[5:]), record.key or b""))
        if value == b"tick":
            rows.unmark(due_key(record.timestamp, record.key or b""))
        sent.append(Output("report", record.key, b"%s at %d" % (value[:6], record.timestamp), timestamp=record.timestamp))
    return sent


def _tick(due_ms: int, key: bytes) -> Output:
    return Output(EVENTS, key, b"tick", timestamp=due_ms)


def pipeline() -> OfflinePipeline:
    return OfflinePipeline([Hop("first", (ERP_RAW,), _first), Hop("second", (EVENTS,), _second, Text(), _tick)])


def said(outputs: list[Output], topic: str = "report") -> list[bytes | None]:
    return [output.value for output in outputs if output.topic == topic]


def raw(value: bytes, timestamp: int, key: bytes = b"C:1") -> Output:
    return Output(ERP_RAW, key, value, timestamp=timestamp)


def test_outputs_are_handed_to_the_hop_that_reads_their_topic() -> None:
    outputs = pipeline().feed(raw(b"hello", 5))
    assert [(output.topic, output.value) for output in outputs] == [(EVENTS, b"hello"), ("report", b"hello at 5")]


def test_a_record_for_every_partition_is_appended_once() -> None:
    assert said(pipeline().feed(raw(b"to all", 5))) == [b"to all at 5"]


def test_a_topic_that_no_hop_reads_is_refused() -> None:
    with pytest.raises(KeyError):
        pipeline().feed(Output("report", None, b"", timestamp=1))


def test_a_timer_fires_before_the_first_record_with_a_later_timestamp() -> None:
    run = pipeline()
    assert said(run.feed(raw(b"wait 100", 10))) == [b"wait 1 at 10"]
    assert said(run.feed(raw(b"early", 99))) == [b"early at 99"]
    assert said(run.feed(raw(b"late", 150))) == [b"tick at 100", b"late at 150"]


def test_a_timer_that_is_over_when_it_is_set_fires_at_once() -> None:
    run = pipeline()
    run.feed(raw(b"now", 200))
    assert said(run.feed(raw(b"wait 100", 50))) == [b"wait 1 at 50", b"tick at 100"]


def test_advance_fires_timers_in_the_order_of_their_times() -> None:
    run = pipeline()
    run.feed(raw(b"wait 300", 1, b"C:3"))
    run.feed(raw(b"wait 200", 1, b"C:2"))
    run.feed(raw(b"wait 900", 1, b"C:9"))
    outputs = run.advance(300)
    assert [output.key for output in outputs if output.topic == "report"] == [b"C:2", b"C:3"]
    assert run.clock == 300
    assert run.advance(100) == []


def test_ticks_are_among_the_appended_records() -> None:
    run = pipeline()
    run.feed(raw(b"wait 100", 1))
    assert [output.topic for output in run.advance(100)] == [EVENTS, "report"]


def test_a_refused_record_is_kept_on_its_dead_letter_topic_with_its_bytes_and_reason() -> None:
    letter = pipeline().feed(raw(b"bad", 5, key=b""))[0]
    assert (letter.topic, letter.value, letter.timestamp) == (f"{ERP_RAW}.dlq", b"bad", 5)
    assert headers.read(letter.headers)[headers.CODE] == "SCHEMA_INVALID"


def test_a_dead_letter_that_names_an_order_marks_that_order_on_the_log_that_decides() -> None:
    outputs = pipeline().feed(raw(b"bad", 5))
    assert [output.topic for output in outputs] == [f"{ERP_RAW}.dlq", EVENTS, "report"]
    letter, marked, _ = outputs
    mark = decode(marked.value or b"")
    assert isinstance(mark, DeadLetterMark)
    assert (mark.order_id, mark.reason, mark.open, marked.key) == ("C:1", "SCHEMA_INVALID", True, b"C:1")
    assert mark.dead_letter_id == headers.read(letter.headers)[headers.ID]


def test_the_same_records_give_the_same_outputs_whenever_they_are_run() -> None:
    def run() -> list[Output]:
        through = pipeline()
        fed = [raw(b"wait 60", 10), raw(b"bad", 20), raw(b"x", 90)]
        return [output for record in fed for output in through.feed(record)] + through.advance(100)

    assert run() == run()
