"""How many letters are open, whichever topic is read first."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

from streams.deadletter.audit import Action, Settlement, encode, key_of
from streams.deadletter.backlog import Backlog
from streams.hop import RawRecord
from streams.topics import AUDIT

TOPIC = "erp.raw.dlq"


def letter(number: int, *headers: tuple[str, bytes]) -> RawRecord:
    return RawRecord(TOPIC, 0, number, 1_000 + number, None, b"", (("dlq.id", b"%d" % number), *headers))


def settled(number: int, action: Action = Action.REPLAYED) -> RawRecord:
    entry = Settlement(str(number), TOPIC, 0, number, action, "job", "jane", "why", datetime(2026, 6, 1, tzinfo=UTC))
    return RawRecord(AUDIT, 0, number, 0, key_of(entry), encode(entry))


def test_what_is_settled_is_not_open_in_whatever_order_it_is_read() -> None:
    for records in permutations([letter(1), letter(2), letter(3), settled(1), settled(3, Action.DISCARDED)]):
        backlog = Backlog()
        for record in records:
            backlog.take(record)
        assert backlog.open() == {TOPIC: (1, 1_002)}
        assert backlog.settled == {(TOPIC, "REPLAYED"): 1, (TOPIC, "DISCARDED"): 1}


def test_replays_that_came_back_are_counted() -> None:
    backlog = Backlog()
    backlog.take(letter(1, ("replay.of", b"0")))
    assert backlog.failed_again == {TOPIC: 1}


def test_a_letter_without_an_id_and_an_entry_that_cannot_be_read_stop_nobody() -> None:
    backlog = Backlog()
    backlog.take(RawRecord(TOPIC, 0, 7, 5, None, None))
    backlog.take(RawRecord(AUDIT, 0, 0, 0, None, b"nonsense"))
    assert backlog.open() == {TOPIC: (1, 5)}
