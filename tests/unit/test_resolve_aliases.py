"""The resolve hop and carriers that are quoted under several names: whatever comes first, events find their orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.messages import Message, decode, encode
from streams.deadletter.reasons import Reason
from streams.domain.carriers import Carriers, alias_of
from streams.domain.event import Event, Inquiry, Link, Tick
from streams.domain.reference_data import CarrierChanged
from streams.hop import DUE_PREFIX, DeadLetter, Output, RawRecord, parse_due_key
from streams.hops import resolve
from streams.offline.memory import MemoryRows
from streams.topics import EVENTS, REFERENCES
from tests.unit.test_resolve_hop import DAY, START, TTL, lineage, said

_HOP = resolve.hop(TTL)
OWN, ALIAS = "tracking:UPSN:1Z01", "tracking:C-0012:1Z01"
NAMES = CarrierChanged("UPSN", ("BROWN", "C-0012"))


class Log:
    """`shipment.references` as one partition, and all that follows from its records until nothing more is due before `until`."""

    def __init__(self) -> None:
        self.rows = MemoryRows(_HOP.codec)
        self.offset = 0
        self.events: list[Event] = []
        self.letters: list[DeadLetter] = []

    def tell(self, *messages: Message) -> Log:
        for message in messages:
            self._take(_key(message), encode(message), 1_780_000_000_000)
        return self

    def until(self, end: datetime) -> Log:
        while due := [parse_due_key(mark) for mark in self.rows.marks(DUE_PREFIX)]:
            when, key = due[0]
            if when > end.timestamp() * 1000:
                break
            assert _HOP.tick is not None
            tick = _HOP.tick(when, key)
            self._take(tick.key, tick.value, tick.timestamp)
        return self

    @property
    def reached(self) -> list[str]:
        return sorted({event.order_id for event in self.events})

    def _take(self, key: bytes | None, value: bytes | None, timestamp: int) -> None:
        self.offset += 1
        emissions = _HOP.run(self.rows, [RawRecord(REFERENCES, 0, self.offset, timestamp, key, value)])
        self.rows.commit()
        for emission in emissions:
            if isinstance(emission, DeadLetter):
                self.letters.append(emission)
            elif emission.topic == EVENTS:
                event = decode(emission.value or b"")
                assert isinstance(event, Event)
                self.events.append(event)
            else:
                self._take(emission.key, emission.value, emission.timestamp)


def _key(message: Any) -> bytes:
    if isinstance(message, CarrierChanged):
        return message.carrier.encode()
    if isinstance(message, Event):
        return message.references[0].encode()
    return str(message.reference if isinstance(message, Link | Inquiry) else message.key).encode()


def link(reference: str = OWN, order: str = "1000:1", **more: Any) -> Link:
    return Link(reference, order, START, START + 120 * DAY, lineage(), **{"shipment_id": "S-1", **more})


def test_an_event_under_an_alias_reaches_the_order_of_the_carriers_own_number() -> None:
    log = Log().tell(NAMES, link(), said(reference=ALIAS))
    assert [(event.order_id, event.references) for event in log.events] == [("1000:1", (OWN,))]


def test_a_link_under_an_alias_is_one_of_the_carriers_own_number() -> None:
    assert Log().tell(NAMES, link(ALIAS), said(reference=OWN)).reached == ["1000:1"]


def test_without_the_alias_two_names_are_two_carriers() -> None:
    assert Log().tell(link(), said(reference=ALIAS)).until(START + DAY).reached == []


def test_a_waiting_event_is_sent_on_when_the_alias_becomes_known() -> None:
    log = Log().tell(said(reference=ALIAS), link())
    assert log.reached == []
    assert log.tell(NAMES).until(START + DAY).reached == ["1000:1"]
    assert log.rows.get(ALIAS.encode()) is None
    assert [mark for mark in log.rows.marks(b"") if b"C-0012" in mark] == []


def test_a_link_that_was_kept_under_the_alias_is_sent_on_whole() -> None:
    kept = link(ALIAS, delivery_id="D-1", package_id="P-1", together=("pro:BROWN:7", "bol:TMS:1"))
    log = Log().tell(kept, NAMES).until(START + DAY)
    (known,) = log.rows.get(OWN.encode()).links  # type: ignore[union-attr]
    assert (known.order_id, known.delivery_id, known.shipment_id, known.package_id) == ("1000:1", "D-1", "S-1", "P-1")
    assert known.together == ("pro:UPSN:7", "bol:TMS:1")


@given(order=st.permutations(range(3)), under=st.tuples(st.sampled_from([OWN, ALIAS]), st.sampled_from([OWN, ALIAS])))
def test_whatever_comes_first_the_event_reaches_its_order_once(order: list[int], under: tuple[str, str]) -> None:
    messages: list[Message] = [NAMES, link(under[0]), said(reference=under[1])]
    log = Log().tell(*[messages[number] for number in order]).until(START + DAY)
    assert [event.order_id for event in log.events] == ["1000:1"]
    assert log.letters == []


def test_an_event_that_nobody_claims_is_refused_when_its_own_time_is_over() -> None:
    log = Log().tell(said(reference=ALIAS), NAMES).until(START + TTL - timedelta(seconds=1))
    assert log.letters == []
    log.until(START + TTL + timedelta(seconds=1))
    assert [(letter.reason, "tracking:UPSN:1Z01" in letter.message) for letter in log.letters] == [(Reason.REF_UNRESOLVED, True)]


def test_an_alias_that_is_withdrawn_holds_no_longer() -> None:
    log = Log().tell(NAMES, CarrierChanged("UPSN", ("BROWN",)), link(), said(reference=ALIAS)).until(START + DAY)
    assert log.reached == []
    assert Log().tell(NAMES, CarrierChanged("UPSN", ()), link(), said(reference=ALIAS)).reached == []


def test_another_reference_under_an_alias_is_looked_up_by_its_own_name() -> None:
    event = said(reference="bol:TMS:1")
    event.references = ("bol:TMS:1", ALIAS)
    log = Log().tell(NAMES, link(), event)
    assert log.reached == ["1000:1"]


def test_two_carriers_that_claim_each_other_send_nothing_round_for_ever() -> None:
    log = Log().tell(CarrierChanged("AAAA", ("BBBB",)), CarrierChanged("BBBB", ("AAAA", "CCCC")), said(reference="pro:CCCC:1"))
    assert log.tell(link("pro:BBBB:1")).reached == ["1000:1"]


CLAIMS = [CarrierChanged("AAAA", ("BBBB", "X")), CarrierChanged("BBBB", ("AAAA", "X", "Y")), CarrierChanged("CCCC", ("Y",))]


@given(order=st.permutations(CLAIMS))
def test_which_carrier_a_name_means_does_not_depend_on_what_came_first(order: list[CarrierChanged]) -> None:
    carriers = Carriers()
    for changed in order:
        carriers = carriers.with_(changed)
    assert alias_of(carriers) == {"X": "AAAA", "Y": "BBBB"}


def test_what_has_no_reference_for_a_key_and_is_no_carrier_is_a_dead_letter() -> None:
    rows = MemoryRows(_HOP.codec)
    tick = encode(Tick(datetime(2026, 6, 1, tzinfo=UTC), "x"))
    found = _HOP.run(rows, [RawRecord(REFERENCES, 0, number, 1, b"UPSN", value) for number, value in enumerate([None, b"{}", tick])])
    assert [letter.reason for letter in found if isinstance(letter, DeadLetter)] == [
        Reason.TOMBSTONE,
        Reason.BAD_WIRE_FORMAT,
        Reason.ENVELOPE_INVALID,
    ]
    assert not any(isinstance(emission, Output) for emission in found)
