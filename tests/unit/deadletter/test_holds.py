"""An open dead letter that names orders holds the release of each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from streams.contracts.messages import decode
from streams.deadletter.holds import hold, lift, settled, without_replay
from streams.deadletter.reasons import Reason, Stage
from streams.deadletter.writer import letter_id
from streams.domain.event import DeadLetterMark
from streams.hop import BY_KEY, DeadLetter, Output, RawRecord

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


# ---- replays

REPLAYED = RECORD._replace(
    topic="erp.raw.replay",
    offset=7,
    headers=(("source", b"kept"), ("dlq.order.id", b"1000:1\n1000:2"), ("replay.of", b"old"), ("replay.at", b"2020-09-14T00:00:00.000Z")),
)
LIFTED_AT = datetime(2020, 9, 14, tzinfo=UTC)


def marks(outputs: list[Output]) -> list[DeadLetterMark]:
    found = [decode(output.value or b"") for output in outputs]
    assert all(isinstance(mark, DeadLetterMark) for mark in found)
    return found  # type: ignore[return-value]


def test_a_replayed_record_lets_go_of_the_orders_that_its_letter_held() -> None:
    assert marks(lift(REPLAYED)) == [DeadLetterMark("old", order, "", open=False, at=LIFTED_AT) for order in ("1000:1", "1000:2")]


def test_the_mark_that_closes_is_later_than_the_one_it_closes_whatever_the_clock_said() -> None:
    for replayed_at in (b"2020-09-13T00:00:00Z", b"nonsense", b""):
        headers = (("dlq.order.id", b"1000:1"), ("replay.of", b"old"), ("replay.at", replayed_at))
        [mark] = marks(lift(REPLAYED._replace(headers=headers)))
        assert mark.at > marks(hold(letter("1000:1")))[0].at


def test_a_replay_that_fails_again_holds_before_its_old_letter_lets_go() -> None:
    again = DeadLetter(REPLAYED, Stage.MAP, Reason.QTY_INVALID, "still no number", ("1000:1",))
    said = [(mark.dead_letter_id, mark.order_id, mark.open) for mark in marks(hold(again))]
    assert said == [(str(letter_id(REPLAYED)), "1000:1", True), ("old", "1000:1", False), ("old", "1000:2", False)]


def test_a_replay_that_cannot_even_be_read_holds_the_orders_that_were_held_before() -> None:
    poison = DeadLetter(REPLAYED, Stage.APPLY, Reason.POISON, "a defect")
    assert [(mark.order_id, mark.open) for mark in marks(hold(poison))] == [
        ("1000:1", True),
        ("1000:2", True),
        ("1000:1", False),
        ("1000:2", False),
    ]


@pytest.mark.parametrize("topic", ["erp.raw", "carrier.raw", "billing.terms"])
def test_what_a_producer_writes_into_headers_lifts_and_holds_nothing(topic: str) -> None:
    forged = REPLAYED._replace(topic=topic)
    assert lift(forged) == []
    assert hold(DeadLetter(forged, Stage.APPLY, Reason.POISON, "a defect")) == []


def test_a_hop_lifts_behind_what_the_record_said_and_never_for_a_refused_one() -> None:
    said = Output("shipment.events", b"k", b"v")
    assert settled(REPLAYED, [said]) == [said, *lift(REPLAYED)]
    refused = DeadLetter(REPLAYED, Stage.MAP, Reason.QTY_INVALID, "no")
    assert settled(REPLAYED, [said, refused]) == [said, refused]


def test_what_follows_from_a_replayed_record_does_not_pass_for_a_replay() -> None:
    assert without_replay(REPLAYED.headers) == (("source", b"kept"),)
