"""An open dead letter that names orders holds the release of each."""

from __future__ import annotations

from datetime import UTC, datetime

from streams.contracts.messages import decode
from streams.deadletter.holds import hold
from streams.deadletter.reasons import Reason, Stage
from streams.deadletter.writer import letter_id
from streams.domain.event import DeadLetterMark
from streams.hop import BY_KEY, DeadLetter, RawRecord

RECORD = RawRecord("erp.raw", 2, 42, 1_600_000_000_500, b"key", b"{}")


def letter(*order_ids: str) -> DeadLetter:
    return DeadLetter(RECORD, Stage.MAP, Reason.QTY_INVALID, "quantity is no number", order_ids)


def test_each_order_that_the_letter_names_gets_an_open_mark() -> None:
    marks = [decode(output.value or b"") for output in hold(letter("1000:1", "größe:2"))]
    at = datetime(2020, 9, 13, 12, 26, 40, 500_000, UTC)
    assert marks == [
        DeadLetterMark(str(letter_id(RECORD)), order_id, Reason.QTY_INVALID, open=True, at=at) for order_id in ("1000:1", "größe:2")
    ]


def test_a_mark_goes_to_its_orders_partition_with_the_records_time() -> None:
    for order_id, output in zip(("1000:1", "größe:2"), hold(letter("1000:1", "größe:2")), strict=True):
        assert (output.topic, output.key, output.partition) == ("shipment.events", order_id.encode(), BY_KEY)
        assert output.timestamp == RECORD.timestamp


def test_each_reading_of_the_record_gives_the_same_marks() -> None:
    assert hold(letter("1000:1")) == hold(letter("1000:1"))


def test_marks_of_different_records_do_not_close_each_other() -> None:
    one = hold(letter("1000:1"))[0]
    other = hold(DeadLetter(RECORD._replace(offset=43), Stage.MAP, Reason.QTY_INVALID, "m", ("1000:1",)))[0]
    assert one.key == other.key
    first, second = decode(one.value or b""), decode(other.value or b"")
    assert isinstance(first, DeadLetterMark) and isinstance(second, DeadLetterMark)
    assert first.dead_letter_id != second.dead_letter_id


def test_a_letter_that_names_no_order_holds_nothing() -> None:
    assert hold(letter()) == []
