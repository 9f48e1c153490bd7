"""Closed orders: put away after a while, published, brought back by a late fact, removed in the end, and restored when asked."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from typing import Any

import pytest

from streams.contracts.messages import encode
from streams.contracts.order_rows import ORDER_ROWS, ArchivedOrder, RemovedOrder
from streams.contracts.outputs import read
from streams.contracts.watch_outputs import unpacked
from streams.deadletter.reasons import Reason
from streams.domain.event import DeadLetterMark, Event, Restored, Tick
from streams.domain.instant import from_millis, to_millis
from streams.domain.order import OrderRow
from streams.domain.terms import Trigger
from streams.domain.watch.patience import PATIENCE
from streams.hop import DUE_PREFIX, DeadLetter, Emission, Output, RawRecord, parse_due_key
from streams.hops import shipment
from streams.offline.memory import MemoryRows
from streams.topics import ARCHIVE, EVENTS, MILESTONES, RELEASES
from tests.unit.domain.telling import (
    ORDER_ID,
    cancelled,
    contract,
    day,
    delivered,
    disputed,
    in_transit,
    issued,
    posted,
    released,
    retracted,
    terms,
)

KEY = b"o/" + ORDER_ID.encode()
HOP = shipment.hop(PATIENCE)
STORY = (released(), issued(day(2)), delivered(day(3)), posted(day(3, "15:00")))
LAST = day(3, "15:00")


class Partition:
    """The hop, told events, and the time whenever it asks for it."""

    def __init__(self) -> None:
        self.rows = MemoryRows(HOP.codec)
        self.offset = 0
        self.say(encode(contract(terms(Trigger.ON_DELIVERY))), b"C-1", day(1))

    def say(self, value: bytes, key: bytes, at: datetime) -> list[Emission]:
        self.offset += 1
        emissions = HOP.run(self.rows, (RawRecord(EVENTS, 0, self.offset, to_millis(at), key, value),))
        self.rows.commit()
        return emissions

    def tell(self, *events: Event) -> list[Emission]:
        return [emission for event in events for emission in self.say(encode(event), event.order_id.encode(), event.at.utc)]

    def pass_time(self, until: datetime) -> list[Emission]:
        emissions: list[Emission] = []
        while (due := self.due()) and due[0] <= until:
            tick = Tick(due[0], KEY.decode())
            emissions += self.say(encode(tick), ORDER_ID.encode(), due[0])
        return emissions

    def due(self) -> list[datetime]:
        return [from_millis(parse_due_key(mark)[0]) for mark in self.rows.marks(DUE_PREFIX)]

    @property
    def row(self) -> Any:
        return self.rows.get(KEY)


def said(emissions: list[Emission], topic: str) -> list[dict[str, Any]]:
    return [read(topic, e.value) for e in emissions if isinstance(e, Output) and e.topic == topic and e.value is not None]


def archived(*story: Event) -> tuple[Partition, list[Emission]]:
    partition = Partition()
    partition.tell(*(story or STORY))
    return partition, partition.pass_time(LAST + PATIENCE.archive + timedelta(days=30))


def test_a_closed_order_is_archived_once_and_asks_for_nothing_but_its_removal() -> None:
    partition, emissions = archived()
    (record,) = said(emissions, ARCHIVE)
    assert (record["order_id"], record["state"], record["billing"]) == (ORDER_ID, "DELIVERED", "INVOICED")
    assert record["at"] == LAST + PATIENCE.archive
    assert isinstance(partition.row, ArchivedOrder)
    assert partition.due() == [LAST + PATIENCE.archive + PATIENCE.removal]


def test_the_archive_holds_the_whole_row() -> None:
    partition, emissions = archived()
    (record,) = said(emissions, ARCHIVE)
    row = ORDER_ROWS.decode(unpacked(record["row"]))
    assert isinstance(row, OrderRow)
    assert [fact.milestone.value for fact in row.facts] == ["ORDER_RELEASED", "GOODS_ISSUED", "DELIVERED", "INVOICE_POSTED"]
    assert row == partition.row.row()


def test_it_takes_a_fraction_of_its_room() -> None:
    scans = [in_transit(day(2, "13:00") + timedelta(minutes=number)) for number in range(36)]
    partition, _ = archived(*STORY[:2], *scans, *STORY[2:])
    assert len(ORDER_ROWS.encode(partition.row)) < 0.5 * len(ORDER_ROWS.encode(partition.row.row()))


def test_an_order_that_is_not_over_is_not_archived() -> None:
    for story in (STORY[:3], (*STORY, disputed(day(4)))):
        _, emissions = archived(*story)
        assert said(emissions, ARCHIVE) == []


def test_a_cancelled_order_of_which_nothing_was_released_is_archived() -> None:
    """Though nobody ever acknowledged that its tasks are cancelled."""
    partition = Partition()
    partition.tell(released(), cancelled(day(2)))
    (record,) = said(partition.pass_time(day(200)), ARCHIVE)
    assert (record["state"], record["billing"], record["released_amount"]) == ("CANCELLED", "NOT_BILLABLE", 0)


def test_a_duplicate_leaves_it_where_it_is() -> None:
    partition, _ = archived()
    before = partition.row
    assert partition.tell(*STORY) == []
    assert partition.row is before


def test_a_late_fact_brings_it_back_and_nothing_is_released_twice() -> None:
    partition, _ = archived()
    emissions = partition.tell(in_transit(day(2, "18:00")))
    assert [value["milestone"] for value in said(emissions, MILESTONES)] == ["IN_TRANSIT"]
    assert said(emissions, RELEASES) == []
    assert isinstance(partition.row, OrderRow)
    assert len(partition.row.facts) == 5


def test_a_late_withdrawal_is_judged_as_if_it_had_never_been_away() -> None:
    partition, _ = archived()
    (decision,) = said(partition.tell(retracted(delivered(day(3)), day(100))), RELEASES)
    assert decision["decision"] == "CREDIT_REQUEST"
    assert decision["sequence"] == 2


def test_an_order_that_came_back_is_archived_again() -> None:
    partition, _ = archived()
    partition.tell(in_transit(day(2, "18:00")))
    emissions = partition.pass_time(day(400))
    assert len(said(emissions, ARCHIVE)) == 1
    assert isinstance(partition.row, ArchivedOrder)


def test_a_tick_that_comes_late_to_an_archived_order_says_nothing() -> None:
    partition, _ = archived()
    assert partition.say(encode(Tick(day(300), KEY.decode())), ORDER_ID.encode(), day(300)) == []


# ---- removed


ENDED = LAST + PATIENCE.archive + PATIENCE.removal


def removed(*story: Event) -> tuple[Partition, bytes]:
    """An order whose time in the archive is over, and the row that its record on `shipment.archive` holds."""
    partition, emissions = archived(*story)
    [record] = said(emissions, ARCHIVE)
    assert partition.pass_time(ENDED) == []
    return partition, record["row"]


def test_an_archived_order_is_removed_when_its_time_is_over_and_ten_bytes_stay() -> None:
    partition, _ = removed()
    assert partition.row == RemovedOrder(to_millis(ENDED))
    assert len(ORDER_ROWS.encode(partition.row)) == 10
    assert partition.due() == []


def test_an_order_that_came_back_is_not_removed_at_the_end_of_its_first_time() -> None:
    partition, _ = archived()
    late = ENDED - timedelta(days=10)
    partition.say(encode(in_transit(day(2, "18:00"))), ORDER_ID.encode(), late)
    partition.pass_time(ENDED)
    assert isinstance(partition.row, ArchivedOrder)
    assert partition.due() == [late + PATIENCE.removal]
    assert partition.say(encode(Tick(ENDED, KEY.decode())), ORDER_ID.encode(), ENDED) == []
    assert isinstance(partition.row, ArchivedOrder)


def test_a_restored_order_to_which_a_late_fact_came_stays_for_the_next_one() -> None:
    partition, row = removed()
    restored(partition, row)
    now = ENDED + timedelta(days=4)
    for late in (in_transit(day(2, "18:00")), in_transit(day(2, "19:00"))):
        emissions = partition.say(encode(late), ORDER_ID.encode(), now)
        assert [value["milestone"] for value in said(emissions, MILESTONES)] == ["IN_TRANSIT"]
        partition.pass_time(now)
    assert partition.due() == [now + PATIENCE.removal]


def test_a_duplicate_does_not_keep_it_from_being_removed() -> None:
    partition, _ = archived()
    partition.tell(*STORY)
    partition.pass_time(ENDED)
    assert isinstance(partition.row, RemovedOrder)


def test_a_late_fact_of_a_removed_order_is_a_dead_letter_and_starts_nothing() -> None:
    partition, _ = removed()
    [letter] = partition.tell(delivered(day(3)))
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.order_ids) == (Reason.ORDER_REMOVED, (ORDER_ID,))
    assert f"milepost archive restore {ORDER_ID}" in letter.message
    assert isinstance(partition.row, RemovedOrder)


def test_the_hold_of_that_dead_letter_has_nobody_to_tell() -> None:
    """Or each mark would be refused in its turn, for ever."""
    partition, _ = removed()
    mark = DeadLetterMark("shipment.events-0-9", ORDER_ID, "ORDER_REMOVED", True, ENDED)
    assert partition.say(encode(mark), ORDER_ID.encode(), ENDED) == []


def restored(partition: Partition, row: bytes, at: datetime = ENDED + timedelta(days=3), order_id: str = ORDER_ID) -> list[Emission]:
    return partition.say(encode(Restored(order_id, row, "ops", "claim 88")), order_id.encode(), at)


def test_a_restored_order_is_archived_again_and_releases_nothing_twice() -> None:
    partition, row = removed()
    assert restored(partition, row) == []
    assert isinstance(partition.row, ArchivedOrder)
    assert partition.due() == [ENDED + timedelta(days=3) + PATIENCE.removal]
    assert partition.tell(*STORY) == []


def test_after_its_restoration_a_late_withdrawal_is_credited_once() -> None:
    partition, row = removed()
    restored(partition, row)
    late = retracted(delivered(day(3)), day(100))
    [decision] = said(partition.tell(late, late), RELEASES)
    assert (decision["decision"], decision["sequence"]) == ("CREDIT_REQUEST", 2)


def test_a_restoration_that_is_sent_twice_or_too_late_changes_nothing() -> None:
    partition, row = removed()
    restored(partition, row)
    partition.tell(in_transit(day(2, "18:00")))
    before = partition.row
    assert restored(partition, row) == []
    assert partition.row is before


def test_a_restored_order_is_removed_again() -> None:
    partition, row = removed()
    restored(partition, row)
    partition.pass_time(ENDED + timedelta(days=4) + PATIENCE.removal)
    assert isinstance(partition.row, RemovedOrder)


@pytest.mark.parametrize("broken", [b"", b"no zlib", "cut", "of another", "bomb", "terms"])
def test_a_row_that_is_not_of_that_order_is_refused(broken: bytes | str) -> None:
    partition, row = removed()
    stored = unpacked(row)
    rows = {
        "cut": row[:-3],
        "of another": zlib.compress(stored.replace(ORDER_ID.encode(), b"9" * len(ORDER_ID))),
        "bomb": zlib.compress(bytes(80 << 20)),
        "terms": zlib.compress(ORDER_ROWS.encode(contract(terms(Trigger.ON_SHIP)))),
    }
    [letter] = restored(partition, rows[broken] if isinstance(broken, str) else broken)
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.order_ids) == (Reason.SCHEMA_INVALID, (ORDER_ID,))
    assert letter.message.startswith("row: ")
    assert isinstance(partition.row, RemovedOrder)


def test_an_order_that_was_never_here_is_not_restored() -> None:
    _, row = removed()
    [letter] = restored(Partition(), row)
    assert isinstance(letter, DeadLetter)
    assert letter.reason is Reason.SCHEMA_INVALID


def test_a_row_that_was_archived_before_rows_had_an_end_stays_and_can_be_read() -> None:
    partition, _ = archived()
    first = b"a\x01" + partition.row.packed
    assert ORDER_ROWS.decode(first) == ArchivedOrder(partition.row.packed, 0)
    assert ORDER_ROWS.decode(first).row() == partition.row.row()
