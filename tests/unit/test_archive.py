"""Closed orders: put away after a while, published, and brought back by a late fact."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from streams.contracts.messages import encode
from streams.contracts.order_rows import ORDER_ROWS, ArchivedOrder
from streams.contracts.outputs import read
from streams.contracts.watch_outputs import unpacked
from streams.domain.event import Event, Tick
from streams.domain.instant import from_millis, to_millis
from streams.domain.order import OrderRow
from streams.domain.terms import Trigger
from streams.domain.watch.patience import PATIENCE
from streams.hop import DUE_PREFIX, Emission, Output, RawRecord, parse_due_key
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


def test_a_closed_order_is_archived_once_and_asks_for_nothing_more() -> None:
    partition, emissions = archived()
    (record,) = said(emissions, ARCHIVE)
    assert (record["order_id"], record["state"], record["billing"]) == (ORDER_ID, "DELIVERED", "INVOICED")
    assert record["at"] == LAST + PATIENCE.archive
    assert isinstance(partition.row, ArchivedOrder)
    assert partition.due() == []


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
