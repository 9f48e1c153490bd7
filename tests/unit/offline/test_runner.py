"""A hop over rows in memory: a record on which it fails does not take its neighbours along."""

from __future__ import annotations

from collections.abc import Sequence

from streams.deadletter.reasons import Reason
from streams.hop import DeadLetter, Emission, Hop, Output, RawRecord, Record, Rows
from streams.offline import Runner


class Numbers:
    """Codec of a list of integers."""

    def encode(self, row: list[int]) -> bytes:
        return bytes(row)

    def decode(self, data: bytes) -> list[int]:
        return list(data)


def _run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
    sent: list[Emission] = []
    for record in batch:
        row = rows.get(b"all") or []
        row.append(len(row))
        rows.put(b"all", row)
        if record.value == b"poison":
            raise RuntimeError("cannot be done")
        sent.append(Output("out", record.key, b"%d" % len(row)))
    return sent


COUNTING = Hop("count", ("in",), _run, Numbers())


def record(offset: int, value: bytes = b"fine") -> RawRecord:
    return RawRecord("in", 0, offset, 1_000, b"k", value)


def test_a_batch_is_one_transaction_in_offset_order() -> None:
    runner = Runner(COUNTING)
    assert runner.run([record(0), record(1)]) == [Output("out", b"k", b"1"), Output("out", b"k", b"2")]
    assert runner.run([record(2)]) == [Output("out", b"k", b"3")]


def test_a_poison_record_becomes_a_dead_letter_and_its_neighbours_are_processed() -> None:
    runner = Runner(COUNTING)
    first, letter, last = runner.run([record(0), record(1, b"poison"), record(2)])
    assert (first, last) == (Output("out", b"k", b"1"), Output("out", b"k", b"2"))
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.record.offset, letter.message) == (Reason.POISON, 1, "RuntimeError: cannot be done")
    assert isinstance(letter.exception, RuntimeError)


def test_what_a_poison_record_did_to_the_rows_is_undone() -> None:
    runner = Runner(COUNTING)
    runner.run([record(0)])
    runner.run([record(1, b"poison")])
    assert runner.rows.get(b"all") == [0]
