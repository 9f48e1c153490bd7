"""The shipment hop: records of `shipment.events` in; rows, marks and output records out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from streams.contracts.messages import encode
from streams.contracts.outputs import read
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import DeadLetterMark, Lineage, Link, TermsChanged, Tick
from streams.domain.instant import from_millis, to_millis
from streams.domain.terms import Trigger
from streams.hop import DUE_PREFIX, DeadLetter, Emission, Output, RawRecord, due_key, parse_due_key
from streams.hops import shipment
from streams.offline.memory import MemoryRows
from streams.topics import EVENTS, HOLDS, MILESTONES, RELEASES, STATUS
from tests.unit.domain.telling import (
    NO_HURRY,
    ORDER_ID,
    START,
    TERMS_ID,
    contract,
    day,
    delivered,
    dispute_over,
    disputed,
    issued,
    proven,
    released,
    terms,
)

ORDER_KEY = b"o/" + ORDER_ID.encode()
SILENCE = contract(terms(Trigger.ON_POD, pod_auto_confirm_days=5))
ON_DELIVERY = contract(terms(Trigger.ON_DELIVERY))

_HOP = shipment.hop(NO_HURRY)


@dataclass
class Partition:
    """One partition of the hop and its rows."""

    rows: MemoryRows = field(default_factory=lambda: MemoryRows(_HOP.codec))
    offset: int = 0

    def tell(self, *messages: Any, at: datetime = START) -> list[Emission]:
        return self.read(*(self.record(encode(message), _key(message), at) for message in messages))

    def read(self, *records: RawRecord) -> list[Emission]:
        emissions = _HOP.run(self.rows, records)
        self.rows.commit()
        return emissions

    def record(self, value: bytes | None, key: bytes | None = ORDER_ID.encode(), at: datetime = START) -> RawRecord:
        self.offset += 1
        return RawRecord(EVENTS, 3, self.offset, to_millis(at), key, value)

    def marks(self, prefix: bytes) -> list[bytes]:
        return list(self.rows.marks(prefix))

    def due(self) -> list[tuple[datetime, bytes]]:
        """Marks of the near future; those of `NO_HURRY` are far away."""
        marks = [(from_millis(when), key) for when, key in map(parse_due_key, self.marks(DUE_PREFIX))]
        return [(when, key) for when, key in marks if when < day(1000)]


def _key(message: Any) -> bytes:
    if isinstance(message, TermsChanged):
        return message.terms_id.encode()
    return message.order_id.encode() if hasattr(message, "order_id") else ORDER_ID.encode()


def said(emissions: list[Emission], topic: str) -> list[dict[str, Any]]:
    """Values of the outputs to a topic."""
    return [read(topic, e.value) for e in emissions if isinstance(e, Output) and e.topic == topic and e.value is not None]


def refused(emissions: list[Emission]) -> DeadLetter:
    (letter,) = emissions
    assert isinstance(letter, DeadLetter)
    return letter


def test_it_reads_one_topic_and_keeps_rows() -> None:
    assert (_HOP.name, _HOP.sources) == ("shipment", (EVENTS,))
    assert _HOP.codec is not None and _HOP.tick is not None


def test_an_order_goes_from_release_to_invoice_release() -> None:
    emissions = Partition().tell(ON_DELIVERY, released(), issued(day(2)), delivered(day(3)))
    assert [value["milestone"] for value in said(emissions, MILESTONES)] == ["ORDER_RELEASED", "GOODS_ISSUED", "DELIVERED"]
    assert [value["state"] for value in said(emissions, STATUS)] == ["RELEASED", "SHIPPED", "DELIVERED"]
    assert [[reason["code"] for reason in value["reasons"]] for value in said(emissions, HOLDS)] == [["NOT_DELIVERED"], []]
    (release,) = said(emissions, RELEASES)
    assert (release["decision"], release["order_id"], release["amount"]) == ("RELEASE", ORDER_ID, Decimal(100))


def test_outputs_are_keyed_by_order_and_dated_and_traced_by_their_cause() -> None:
    partition = Partition()
    partition.tell(ON_DELIVERY, released(), issued(day(2)))
    scan = delivered(day(3))
    scan.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    emissions = partition.tell(scan, at=day(4))
    assert [e.topic for e in emissions if isinstance(e, Output)] == [MILESTONES, STATUS, RELEASES, HOLDS]
    for output in emissions:
        assert isinstance(output, Output)
        headers = dict(output.headers)
        assert output.key == ORDER_ID.encode()
        assert output.timestamp == to_millis(day(4))
        assert headers["milepost.cause"] == f"{EVENTS}:3:4".encode()
        assert headers["traceparent"] == scan.traceparent.encode()


def test_a_batch_says_the_same_as_its_records_one_by_one() -> None:
    messages = [released(), issued(day(2)), ON_DELIVERY, delivered(day(3)), delivered(day(3)), disputed(day(4)), dispute_over(day(5))]
    together, single = Partition(), Partition()
    at_once = together.tell(*messages)
    one_by_one = [emission for message in messages for emission in single.tell(message)]
    assert at_once == one_by_one
    assert together.rows.snapshot() == single.rows.snapshot()


def test_a_duplicate_says_nothing() -> None:
    partition = Partition()
    messages = [ON_DELIVERY, released(), issued(day(2)), delivered(day(3))]
    partition.tell(*messages)
    assert partition.tell(*messages) == []


def test_orders_do_not_touch_each_other() -> None:
    partition = Partition()
    partition.tell(ON_DELIVERY, released(), released(order_id="ACME:2"), issued(day(2)), issued(day(2), order_id="ACME:2"))
    emissions = partition.tell(delivered(day(3), order_id="ACME:2"))
    assert {e.key for e in emissions if isinstance(e, Output)} == {b"ACME:2"}


# -- terms


def test_new_terms_release_the_orders_that_waited_for_them() -> None:
    partition = Partition()
    for order_id in ("ACME:1", "ACME:2"):
        partition.tell(released(order_id=order_id), issued(day(2), order_id=order_id), delivered(day(3), order_id=order_id))
    emissions = partition.tell(ON_DELIVERY)
    assert [value["order_id"] for value in said(emissions, RELEASES)] == ["ACME:1", "ACME:2"]


def test_only_orders_that_are_not_settled_are_marked_as_waiting() -> None:
    partition = Partition()
    mark = b"w/" + TERMS_ID.encode() + b"\0" + ORDER_ID.encode()
    partition.tell(ON_DELIVERY, released())
    assert partition.marks(b"w/") == [mark]
    partition.tell(issued(day(2)), delivered(day(3)))
    assert partition.marks(b"w/") == []
    partition.tell(disputed(day(4)))
    assert partition.marks(b"w/") == [mark]


def test_an_order_of_another_contract_is_left_alone() -> None:
    partition = Partition()
    partition.tell(released(terms_id="C-1", order_id="ACME:1"), released(terms_id="C-10", order_id="ACME:2"))
    emissions = partition.tell(ON_DELIVERY)
    assert {e.key for e in emissions if isinstance(e, Output)} == {b"ACME:1"}


def test_the_same_terms_again_judge_nothing_again() -> None:
    partition = Partition()
    partition.tell(ON_DELIVERY, released(), issued(day(2)))
    assert partition.tell(ON_DELIVERY) == []


def test_very_many_orders_are_judged_again_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipment, "JUDGED_AT_ONCE", 2)
    partition = Partition()
    names = [f"ACME:{number}" for number in range(5)]
    for name in names:
        partition.tell(released(order_id=name), issued(day(2), order_id=name), delivered(day(3), order_id=name))
    judged = [[value["order_id"] for value in said(partition.tell(ON_DELIVERY, at=day(4)), RELEASES)]]
    while due := partition.due():
        ((when, key),) = due
        assert when == day(4)
        judged.append([value["order_id"] for value in said(partition.tell(_ticked(when, key), at=when), RELEASES)])
    assert judged == [names[:2], names[2:4], names[4:]]


def test_newer_terms_that_arrive_while_orders_are_judged_again_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipment, "JUDGED_AT_ONCE", 1)
    partition = Partition()
    for name in ("ACME:1", "ACME:2"):
        partition.tell(released(order_id=name), issued(day(2), order_id=name), delivered(day(3), order_id=name))
    partition.tell(contract(terms(Trigger.ON_POD)), at=day(4))
    said_later = partition.tell(ON_DELIVERY, at=day(5))
    while due := partition.due():
        for when, key in due:
            said_later += partition.tell(_ticked(when, key), at=when)
    assert sorted(value["order_id"] for value in said(said_later, RELEASES)) == ["ACME:1", "ACME:2"]


# -- time


def _ticked(when: datetime, key: bytes) -> Tick:
    return Tick(when, key.decode())


def test_silence_is_due_and_its_tick_releases() -> None:
    partition = Partition()
    partition.tell(SILENCE, released(), issued(day(2)), delivered(day(3)))
    assert partition.due() == [(day(8), ORDER_KEY)]
    emissions = partition.tell(_ticked(day(8), ORDER_KEY), at=day(8))
    assert [value["reasons"] for value in said(emissions, RELEASES)] == [["AUTO_CONFIRM"]]
    assert partition.due() == []


def test_the_tick_is_a_record_of_its_own_topic() -> None:
    assert _HOP.tick is not None
    tick = _HOP.tick(to_millis(day(8)), ORDER_KEY)
    assert (tick.topic, tick.key, tick.timestamp) == (EVENTS, ORDER_ID.encode(), to_millis(day(8)))
    partition = Partition()
    partition.tell(SILENCE, released(), issued(day(2)), delivered(day(3)))
    assert said(partition.read(partition.record(tick.value, tick.key, day(8))), RELEASES)


def test_a_tick_sent_twice_does_nothing_twice() -> None:
    partition = Partition()
    partition.tell(SILENCE, released(), issued(day(2)), delivered(day(3)))
    partition.tell(_ticked(day(8), ORDER_KEY))
    assert partition.tell(_ticked(day(8), ORDER_KEY)) == []


def test_a_proof_takes_the_wish_for_a_tick_back() -> None:
    partition = Partition()
    partition.tell(SILENCE, released(), issued(day(2)), delivered(day(3)), proven(day(4)))
    assert partition.due() == []


def test_a_due_mark_moves_when_an_earlier_delivery_becomes_known() -> None:
    partition = Partition()
    partition.tell(SILENCE, released(), issued(day(2)), delivered(day(4)))
    assert partition.due() == [(day(9), ORDER_KEY)]
    partition.tell(delivered(day(3)))
    assert partition.due() == [(day(8), ORDER_KEY)]


def test_a_tick_removes_its_mark_whatever_became_of_the_row() -> None:
    partition = Partition()
    partition.rows.mark(due_key(to_millis(day(8)), b"o/NOBODY"))
    assert partition.tell(_ticked(day(8), b"o/NOBODY")) == []
    assert partition.due() == []
    assert partition.rows.get(b"o/NOBODY") is None


# -- dead letters


def test_a_refused_record_holds_and_lets_go() -> None:
    partition = Partition()
    partition.tell(ON_DELIVERY, DeadLetterMark("d", ORDER_ID, "POISON", True, day(1)), released(), issued(day(2)))
    assert said(partition.tell(delivered(day(3))), RELEASES) == []
    emissions = partition.tell(DeadLetterMark("d", ORDER_ID, "POISON", False, day(4)))
    assert len(said(emissions, RELEASES)) == 1


def test_a_record_without_a_value_is_refused() -> None:
    partition = Partition()
    letter = refused(partition.read(partition.record(None)))
    assert (letter.stage, letter.reason, letter.order_ids) == (Stage.DECODE, Reason.TOMBSTONE, (ORDER_ID,))


@pytest.mark.parametrize("value", [b"", b"nonsense", b"\x00\x00\x00\x00\x01", encode(released())[:-3]])
def test_a_record_that_cannot_be_read_is_refused_and_names_its_order(value: bytes) -> None:
    partition = Partition()
    letter = refused(partition.read(partition.record(value)))
    assert letter.stage is Stage.DECODE
    assert letter.reason in (Reason.BAD_WIRE_FORMAT, Reason.UNKNOWN_SCHEMA)
    assert letter.order_ids == (ORDER_ID,)
    assert letter.message


def test_a_refused_record_does_not_stop_its_neighbours() -> None:
    partition = Partition()
    emissions = partition.read(partition.record(encode(released())), partition.record(b"?"), partition.record(encode(issued(day(2)))))
    assert [value["milestone"] for value in said(emissions, MILESTONES)] == ["ORDER_RELEASED", "GOODS_ISSUED"]
    assert sum(isinstance(emission, DeadLetter) for emission in emissions) == 1


def test_an_event_that_names_no_order_is_refused() -> None:
    letter = refused(Partition().tell(delivered(day(3), order_id="")))
    assert (letter.reason, letter.message) == (Reason.SCHEMA_INVALID, "order_id: Event names no order")


def test_a_link_does_not_belong_here() -> None:
    lineage = Lineage("TMS", "milepost.tms.v1", "tms.raw", 0, 1, START)
    letter = refused(Partition().tell(Link("tracking:UPSN:1Z", ORDER_ID, START, day(9), lineage)))
    assert (letter.reason, letter.order_ids) == (Reason.SCHEMA_INVALID, (ORDER_ID,))


def test_an_order_without_terms_in_its_partition_waits() -> None:
    emissions = Partition().tell(released(), issued(day(2)), delivered(day(3)))
    assert said(emissions, RELEASES) == []
    assert [reason["code"] for reason in said(emissions, HOLDS)[-1]["reasons"]] == ["NO_TERMS"]
