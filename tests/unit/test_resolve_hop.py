"""The resolve hop: events reach the orders that their reference meant at their time, whatever comes first, or are refused in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from streams.contracts.messages import decode, encode
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import DeadLetterMark, Event, Lineage, LineQuantity, Link, Tick
from streams.domain.ids import event_id, stable_id
from streams.domain.instant import Instant, to_millis
from streams.domain.links import LATE_ARRIVALS_MS
from streams.domain.references import MOST_LINKS, MOST_REMEMBERED, MOST_TELLINGS, MOST_WAITING, ReferenceRow
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.hop import DUE_PREFIX, DeadLetter, Emission, Output, RawRecord, parse_due_key
from streams.hops import resolve
from streams.offline.memory import MemoryRows
from streams.topics import REFERENCES

DAY = timedelta(days=1)
START = datetime(2026, 6, 1, tzinfo=UTC)
TTL = 14 * DAY
TRACKING = "tracking:UPSN:1Z01"


def lineage(arrived: datetime = START) -> Lineage:
    return Lineage("UPSN", "ups.track-alert.v2", "carrier.raw", 0, 1, arrived)


def said(
    milestone: Milestone = Milestone.DELIVERED,
    at: datetime = START + DAY,
    *,
    scope: Scope = Scope.PACKAGE,
    lines: tuple[LineQuantity, ...] = (),
    reference: str = TRACKING,
    arrived: datetime = START,
) -> Event:
    """An event that names its reference only."""
    return Event(
        event_id(reference, milestone, Classifier.ACT, scope, at),
        milestone,
        Classifier.ACT,
        scope,
        Instant(at, at.isoformat(), 0),
        lineage(arrived),
        references=(reference,),
        lines=lines,
    )


def link(order: str = "1000:1", valid_from: datetime = START, days: float = 120, **more: Any) -> Link:
    fields = {"shipment_id": "S-1"} | more
    return Link(TRACKING, order, valid_from, valid_from + days * DAY, lineage(), **fields)


@dataclass
class Reference:
    """One reference and its rows, as the hop sees them."""

    rows: MemoryRows = field(default_factory=lambda: MemoryRows(_HOP.codec))
    offset: int = 0

    def tell(self, *messages: Event | Link | Tick) -> list[Emission]:
        return self.read(*(self.record(message) for message in messages))

    def read(self, *records: RawRecord) -> list[Emission]:
        emissions = _HOP.run(self.rows, records)
        self.rows.commit()
        return emissions

    def record(self, message: Any, key: bytes | None = TRACKING.encode()) -> RawRecord:
        self.offset += 1
        headers = (("traceparent", b"00-1-2-01"),)
        return RawRecord(REFERENCES, 2, self.offset, 1_780_000_000_000 + self.offset, key, encode(message), headers)

    @property
    def row(self) -> ReferenceRow | None:
        found = self.rows.get(TRACKING.encode())
        assert found is None or isinstance(found, ReferenceRow)
        return found

    @property
    def due(self) -> list[datetime]:
        return [datetime.fromtimestamp(parse_due_key(mark)[0] / 1000, UTC) for mark in self.rows.marks(DUE_PREFIX)]

    def tick(self) -> list[Emission]:
        """What happens when the first due mark's time comes."""
        (due, *_) = self.due
        assert _HOP.tick is not None
        tick = _HOP.tick(to_millis(due), TRACKING.encode())
        self.offset += 1
        return self.read(RawRecord(tick.topic, 2, self.offset, tick.timestamp, tick.key, tick.value, tick.headers))


_HOP = resolve.hop(TTL)


def events(emissions: list[Emission]) -> list[Event]:
    found = []
    for emission in emissions:
        assert isinstance(emission, Output), emission
        assert emission.topic == "shipment.events"
        event = decode(emission.value or b"")
        assert isinstance(event, Event)
        assert emission.key == event.order_id.encode()
        found.append(event)
    return found


def orders(emissions: list[Emission]) -> list[str]:
    return [event.order_id for event in events(emissions)]


def letter(emissions: list[Emission]) -> DeadLetter:
    (found,) = emissions
    assert isinstance(found, DeadLetter)
    return found


def test_an_event_after_its_link_reaches_the_order_with_what_the_link_knows() -> None:
    reference = Reference()
    assert reference.tell(link(delivery_id="D-1", package_id="P-1")) == []
    event = said()
    (found,) = events(reference.tell(event))
    assert found.event_id == stable_id("resolved", event.event_id, "1000:1")
    assert (found.order_id, found.delivery_id, found.shipment_id, found.package_id) == ("1000:1", "D-1", "S-1", "P-1")
    assert (found.milestone, found.at, found.lineage, found.references) == (event.milestone, event.at, event.lineage, event.references)


def test_an_early_event_is_parked_and_applied_once_its_link_arrives() -> None:
    early = Reference()
    event = said()
    assert early.tell(event) == []
    late = Reference()
    late.tell(link())
    assert events(early.tell(link())) == events(late.tell(event))
    assert early.tell(link()) == []


def test_the_order_of_arrival_of_parked_events_does_not_matter_they_go_in_event_time() -> None:
    reference = Reference()
    reference.tell(said(at=START + 3 * DAY), said(Milestone.IN_TRANSIT, START + DAY), said(Milestone.OUT_FOR_DELIVERY, START + 2 * DAY))
    assert [event.milestone for event in events(reference.tell(link()))] == [
        Milestone.IN_TRANSIT,
        Milestone.OUT_FOR_DELIVERY,
        Milestone.DELIVERED,
    ]


def test_an_event_of_a_consolidated_shipment_reaches_each_of_its_orders() -> None:
    reference = Reference()
    reference.tell(link("1000:1", shared=True), link("1000:2", shared=True))
    assert orders(reference.tell(said())) == ["1000:1", "1000:2"]


def test_an_order_that_is_linked_later_gets_the_events_that_others_had_before() -> None:
    reference = Reference()
    reference.tell(link("1000:1"))
    assert orders(reference.tell(said())) == ["1000:1"]
    assert orders(reference.tell(link("1000:2"))) == ["1000:2"]


def test_the_same_plan_again_brings_nothing_twice_and_makes_no_second_link() -> None:
    reference = Reference()
    reference.tell(link(), said())
    assert reference.tell(link(), link(valid_from=START + DAY / 2)) == []
    assert reference.row is not None
    (known,) = reference.row.links
    assert (known.valid_from, known.valid_to) == (to_millis(START), to_millis(START + 120.5 * DAY))


def test_a_statement_told_again_is_handed_on_again_with_its_own_lineage_under_the_same_id() -> None:
    reference = Reference()
    reference.tell(link())
    first, second = events(reference.tell(said(), said(arrived=START + DAY)))
    assert first.event_id == second.event_id
    assert first.lineage != second.lineage
    assert reference.row is not None
    assert len(reference.row.events) == 1


def test_the_same_early_statement_told_twice_waits_once() -> None:
    reference = Reference()
    reference.tell(said(), said())
    assert len(events(reference.tell(link()))) == 1


def test_records_that_tell_the_same_early_statement_wait_side_by_side_in_bounded_number() -> None:
    reference = Reference()
    reference.tell(*(said(arrived=START + number * timedelta(hours=1)) for number in range(MOST_TELLINGS + 3)))
    told = events(reference.tell(link()))
    assert len(told) == MOST_TELLINGS
    assert {event.event_id for event in told} == {stable_id("resolved", said().event_id, "1000:1")}


@pytest.mark.parametrize(
    ("at", "matches"),
    [
        (START - timedelta(milliseconds=1), False),
        (START, True),
        (START + 120 * DAY - timedelta(milliseconds=1), True),
        (START + 120 * DAY, False),
    ],
)
@pytest.mark.parametrize("link_first", [True, False])
def test_a_link_holds_from_its_first_moment_until_before_its_last(at: datetime, matches: bool, link_first: bool) -> None:
    reference = Reference()
    messages = (link(), said(at=at)) if link_first else (said(at=at), link())
    assert orders(reference.tell(*messages)) == (["1000:1"] if matches else [])


def test_h8_a_recycled_tracking_number_does_not_reach_last_years_order() -> None:
    reference = Reference()
    reference.tell(link("1000:old", START - 400 * DAY), link("1000:new", START))
    assert orders(reference.tell(said(at=START + DAY))) == ["1000:new"]
    assert orders(reference.tell(said(at=START - 390 * DAY))) == ["1000:old"]


def test_a_recycled_number_waits_for_the_new_order_and_not_for_ever() -> None:
    reference = Reference()
    assert reference.tell(link("1000:old", START - 130 * DAY), said(at=START + DAY)) == []
    assert orders(reference.tell(link("1000:new"))) == ["1000:new"]


@pytest.mark.parametrize(
    ("names", "scope"),
    [
        ({"package_id": "P-1", "shipment_id": "S-1"}, Scope.PACKAGE),
        ({"shipment_id": "S-1", "delivery_id": "D-1"}, Scope.DELIVERY),
        ({"shipment_id": "S-1"}, Scope.SHIPMENT),
        ({"shipment_id": ""}, Scope.ORDER),
    ],
)
def test_what_a_carrier_says_of_a_number_is_about_what_the_link_says_the_number_stands_for(names: dict[str, str], scope: Scope) -> None:
    reference = Reference()
    reference.tell(link(**names))
    assert [event.scope for event in events(reference.tell(said()))] == [scope]


def test_a_warehouse_that_knows_the_delivery_makes_the_plans_link_precise_whichever_comes_first() -> None:
    for messages in ([link(), link(delivery_id="D-1")], [link(delivery_id="D-1"), link()]):
        reference = Reference()
        reference.tell(*messages)
        (event,) = events(reference.tell(said()))
        assert (event.shipment_id, event.delivery_id, event.scope) == ("S-1", "D-1", Scope.DELIVERY)


def test_a_number_that_two_deliveries_of_an_order_share_stands_for_neither_alone() -> None:
    reference = Reference()
    reference.tell(link(delivery_id="D-1"), link(delivery_id="D-2"))
    (event,) = events(reference.tell(said()))
    assert (event.shipment_id, event.delivery_id, event.scope) == ("S-1", "", Scope.SHIPMENT)


def test_a_package_that_any_link_knows_is_not_the_whole_shipment() -> None:
    reference = Reference()
    reference.tell(link(package_id="1Z01"), link(valid_from=START + DAY / 2))
    (event,) = events(reference.tell(said()))
    assert (event.package_id, event.scope) == ("1Z01", Scope.PACKAGE)


def test_of_two_shipments_of_an_order_the_number_means_the_one_planned_later() -> None:
    reference = Reference()
    reference.tell(link(shipment_id="S-2", valid_from=START + DAY / 2), link(shipment_id="S-1", delivery_id="D-1"))
    (event,) = events(reference.tell(said()))
    assert (event.shipment_id, event.delivery_id) == ("S-2", "")


def test_the_shipment_stays_what_a_shipments_event_is_about() -> None:
    reference = Reference()
    reference.tell(link())
    assert [event.scope for event in events(reference.tell(said(scope=Scope.SHIPMENT)))] == [Scope.SHIPMENT]


PART = (LineQuantity("10", Decimal(1)),)


@pytest.mark.parametrize("link_first", [True, False])
def test_lines_of_a_shared_reference_could_be_anyones_so_each_order_is_held(link_first: bool) -> None:
    reference = Reference()
    event = said(Milestone.DELIVERED_PARTIAL, lines=PART)
    both = [link("1000:1", shared=True), link("1000:2", shared=True)]
    emissions = reference.tell(*both, event) if link_first else reference.tell(event, *both)
    letters = [emission for emission in emissions if isinstance(emission, DeadLetter)]
    assert len(letters) == len(emissions)
    assert {found.reason for found in letters} == {Reason.REF_CONFLICT}
    assert [order for found in letters for order in found.order_ids] == ["1000:1", "1000:2"]
    assert all(found.record.value == encode(event) for found in letters)


def test_lines_of_a_reference_of_one_order_are_that_orders() -> None:
    reference = Reference()
    reference.tell(link())
    (event,) = events(reference.tell(said(Milestone.DELIVERED_PARTIAL, lines=PART)))
    assert event.lines == PART


def test_an_event_that_nobody_claims_is_refused_when_its_time_is_over_with_its_own_record() -> None:
    reference = Reference()
    record = reference.record(said())
    reference.read(record)
    assert reference.due == [START + TTL]
    found = letter(reference.tick())
    assert (found.stage, found.reason) == (Stage.RESOLVE, Reason.REF_UNRESOLVED)
    assert found.record == record
    assert found.message == "no order became known for tracking:UPSN:1Z01 by 2026-06-15T00:00:00+00:00"
    assert reference.row is None
    assert reference.due == []


def test_each_waiting_event_has_its_own_end() -> None:
    reference = Reference()
    reference.tell(said(arrived=START + DAY), said(Milestone.IN_TRANSIT, arrived=START))
    assert reference.due == [START + TTL]
    assert letter(reference.tick()).reason is Reason.REF_UNRESOLVED
    assert reference.due == [START + DAY + TTL]
    assert [event.milestone for event in events(reference.tell(link()))] == [Milestone.DELIVERED]


def test_a_resolved_event_no_longer_waits() -> None:
    reference = Reference()
    reference.tell(said(), link())
    assert reference.due == [START + 120 * DAY + timedelta(milliseconds=LATE_ARRIVALS_MS)]


def test_a_tick_that_comes_twice_or_for_nothing_changes_nothing() -> None:
    reference = Reference()
    reference.tell(said())
    reference.tick()
    before = reference.rows.snapshot()
    assert reference.tell(Tick(START + TTL, TRACKING)) == []
    assert reference.rows.snapshot() == before


def test_a_tick_of_an_earlier_time_keeps_what_waits_longer() -> None:
    reference = Reference()
    reference.tell(said())
    assert reference.tell(Tick(START, TRACKING)) == []
    assert reference.due == [START + TTL]


def test_old_links_and_what_they_resolved_are_forgotten() -> None:
    reference = Reference()
    reference.tell(link(), said())
    assert reference.tick() == []
    assert reference.row is None
    assert reference.rows.snapshot() == ({}, frozenset())


def test_a_reference_that_nobody_plans_does_not_grow_without_end() -> None:
    reference = Reference()
    many = [said(at=START + number * timedelta(minutes=1)) for number in range(MOST_WAITING + 1)]
    found = letter(reference.tell(*many))
    assert (found.reason, found.message) == (Reason.REF_UNRESOLVED, f"{MOST_WAITING} events wait for an order of {TRACKING} already")
    assert found.record.value == encode(many[-1])
    assert len(events(reference.tell(link()))) == MOST_WAITING


def test_what_was_handed_on_is_remembered_in_bounded_number_the_latest_first() -> None:
    reference = Reference()
    reference.tell(link("1000:1"))
    reference.tell(*(said(at=START + number * timedelta(minutes=1)) for number in range(MOST_REMEMBERED + 5)))
    remembered = events(reference.tell(link("1000:2")))
    assert len(remembered) == MOST_REMEMBERED
    assert remembered[0].at.utc == START + timedelta(minutes=5)


def test_a_placeholder_that_every_plan_uses_does_not_join_all_orders() -> None:
    reference = Reference()
    assert reference.tell(*(link(f"1000:{number}") for number in range(MOST_LINKS))) == []
    found = letter(reference.tell(link("1000:one-more")))
    assert (found.reason, found.order_ids) == (Reason.REF_CONFLICT, ("1000:one-more",))


def test_a_raw_record_without_value_or_key_is_refused() -> None:
    reference = Reference()
    record = reference.record(said(), key=None)
    assert letter(reference.read(record)).reason is Reason.ENVELOPE_INVALID
    assert letter(reference.read(record._replace(key=b"k", value=None))).reason is Reason.TOMBSTONE


@pytest.mark.parametrize("value", [b"", b"{}", b"\x00\x00\x00\x00\x01", encode(said())[:40], b"\x00" + b"\xff" * 30])
def test_bytes_that_are_no_message_are_refused(value: bytes) -> None:
    reference = Reference()
    found = letter(reference.read(reference.record(said())._replace(value=value)))
    assert found.stage is Stage.DECODE
    assert found.reason in (Reason.BAD_WIRE_FORMAT, Reason.UNKNOWN_SCHEMA)
    assert reference.row is None


def test_a_message_of_another_topic_is_refused() -> None:
    reference = Reference()
    mark = DeadLetterMark("id", "1000:1", "POISON", True, START)
    assert letter(reference.read(reference.record(mark))).message == "DeadLetterMark does not belong on shipment.references"


def test_a_resolved_event_keeps_headers_and_takes_the_time_of_what_brought_it_about() -> None:
    reference = Reference()
    parked, plan = reference.record(said()), reference.record(link())
    (output,) = reference.read(parked, plan)
    assert isinstance(output, Output)
    assert output.timestamp == plan.timestamp
    assert output.headers == parked.headers


def test_a_tick_names_the_reference_and_the_time() -> None:
    assert _HOP.tick is not None
    tick = _HOP.tick(1_780_000_000_123, TRACKING.encode())
    assert (tick.topic, tick.key, tick.timestamp) == (REFERENCES, TRACKING.encode(), 1_780_000_000_123)
    message = decode(tick.value or b"")
    assert isinstance(message, Tick)
    assert (to_millis(message.due), message.key) == (1_780_000_000_123, TRACKING)


def test_a_link_that_knows_the_package_says_earlier_events_again_more_precisely() -> None:
    reference = Reference()
    reference.tell(link())
    (coarse,) = events(reference.tell(said()))
    (precise,) = events(reference.tell(link(package_id="P-1", valid_from=START - DAY)))
    assert (coarse.scope, precise.scope, precise.package_id) == (Scope.SHIPMENT, Scope.PACKAGE, "P-1")
    assert precise.event_id == coarse.event_id
    assert reference.tell(link(package_id="P-1", valid_from=START - DAY)) == []


def test_from_order_to_delivery_to_package_each_more_precise_link_says_it_once() -> None:
    reference = Reference()
    reference.tell(link(shipment_id=""), said())
    for names in ({"shipment_id": "S-1"}, {"shipment_id": "S-1", "delivery_id": "D-1"}, {"shipment_id": "S-1", "package_id": "P-1"}):
        (again,) = events(reference.tell(link(valid_from=START + timedelta(hours=len(names)), **names)))
    assert (again.shipment_id, again.delivery_id, again.package_id, again.scope) == ("S-1", "D-1", "P-1", Scope.PACKAGE)
