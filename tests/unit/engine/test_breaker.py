"""When a worker stops because too many records of a partition are refused."""

from __future__ import annotations

from streams.engine.breaker import Breaker, Limits, Tripped
from tests.unit.engine.doubles import record

LIMITS = Limits(consecutive=5, share=0.5, window=20)


class Partition:
    """Feeds a breaker: letters of a text are records, `x` is refused."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.breaker = Breaker(limits)
        self.next = 0

    def batch(self, text: str, *, partition: int = 0, committed: bool = True) -> Tripped | None:
        records = [record(self.next + index, partition=partition) for index in range(len(text))]
        refused = {self.next + index for index, letter in enumerate(text) if letter == "x"}
        tripped = self.breaker.weigh("source", partition, records, refused)
        if committed and tripped is None:
            self.breaker.keep()
            self.next += len(text)
        else:
            self.breaker.forget()
        return tripped


def test_so_many_in_a_row_trip_it_at_that_very_record() -> None:
    it = Partition()
    assert it.batch("..xxxx.x") is None
    tripped = it.batch("xxxxxxxx")
    assert tripped is not None
    assert (tripped.record.offset, tripped.why) == (11, "5 records in a row")


def test_one_that_is_taken_begins_the_count_anew() -> None:
    it = Partition(LIMITS._replace(share=0.0))
    for _ in range(20):
        assert it.batch("xxxx.") is None


def test_a_row_goes_on_from_batch_to_batch() -> None:
    it = Partition()
    assert [it.batch("x") is not None for _ in range(5)] == [False, False, False, False, True]


def test_a_share_of_the_latest_records_trips_it_once_there_were_so_many() -> None:
    it = Partition()
    assert it.batch("x." * 9) is None
    assert it.batch("xx.x") is not None  # 12 of 22, of which the latest 20 hold 11


def test_what_is_long_ago_does_not_count() -> None:
    it = Partition()
    assert it.batch("xxxx.") is None
    assert it.batch("." * 40) is None
    assert it.batch("xx.xx.xx.") is None


def test_a_transaction_that_is_repeated_counts_once() -> None:
    it = Partition()
    for _ in range(10):
        assert it.batch("xxxx", committed=False) is None
    assert it.batch("xxxx") is None
    assert it.batch("x") is not None


def test_partitions_are_counted_apart() -> None:
    it = Partition()
    assert it.batch("xxxx", partition=0) is None
    assert it.batch("xxxx", partition=1) is None


def test_a_limit_of_zero_never_trips() -> None:
    it = Partition(Limits(0, 0.0, 20))
    assert it.batch("x" * 1_000) is None
