"""An order's facts in any order, any number of times: the same state, the same holds, the same net release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.contracts.rows import ORDER_ROWS
from streams.domain.decisions import DecisionKind
from streams.domain.event import DeadLetterMark, Event, Handling, Tick
from streams.domain.facts import fact_of
from streams.domain.money import rounded
from streams.domain.terms import Granularity, Incoterm, QuantityBasis, ReturnPolicy, Terms, Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone, Settlement
from tests.unit.domain.telling import (
    ORDER_ID,
    ToldOrder,
    cancelled,
    changed,
    day,
    delivered,
    delivered_damaged,
    dispute_over,
    disputed,
    exception,
    exception_over,
    happened,
    in_transit,
    invoice_cancelled,
    issued,
    picked,
    planned,
    posted,
    proven,
    released,
    retracted,
    terms,
)

pytestmark = pytest.mark.property

PRICE: Final = Decimal("3.335")
STOPPING: Final = {
    "CURRENCY",
    "DEAD_LETTER",
    "DELIVERY_BLOCK",
    "DISPUTE",
    "EXCEPTION",
    "INCOMPLETE",
    "LINE_BLOCK",
    "NO_TERMS",
    "ORDER_BLOCK",
    "ORDER_HELD",
    "POSTED_WITHOUT_RELEASE",
    "PRICE_CHECK",
    "RETURN",
    "TIME_ZONE",
    "UNIT_UNKNOWN",
}
"""With one of these, what is released depends on whether it came before the release: what stops takes nothing back."""

_lines = st.dictionaries(st.sampled_from(["10", "20", "30"]), st.integers(1, 9), min_size=1)
_moment = st.builds(day, st.integers(1, 9), st.sampled_from(["06:00", "12:00", "18:00"]))
_at = st.builds(lambda moment, seconds: moment + timedelta(seconds=seconds), _moment, st.sampled_from([0, 0, 0, 12.5, 40]))
"""Some channels tell hour and minute only."""

_shipment = st.sampled_from(["S1", "S2", ""])
_delivery = st.sampled_from(["", "", "D1", "D2"])
_package = st.sampled_from(["", "", "P1", "P2"])
_effect = st.sampled_from(list(Effect))
_case = st.sampled_from(["A", "B"])
_maybe_lines = st.none() | _lines


@st.composite
def _scans(draw: st.DrawFn) -> Event:
    """A statement about goods: about an order, a delivery, a shipment or a package, with lines or without."""
    milestone = draw(
        st.sampled_from([Milestone.DELIVERED, Milestone.DELIVERED_PARTIAL, Milestone.POD_RECEIVED, Milestone.OUT_FOR_DELIVERY])
    )
    lines = None if milestone is Milestone.OUT_FOR_DELIVERY else draw(_maybe_lines)
    return happened(milestone, draw(_at), shipment=draw(_shipment), delivery=draw(_delivery), package=draw(_package), lines=lines)


_goods = st.one_of(
    st.builds(issued, _at, _lines, _shipment, _delivery),
    st.builds(planned, _at, st.sampled_from(["S1", "S2"]), _delivery, _maybe_lines, st.sampled_from([(), ("P1", "P2")])),
    _scans(),
    st.builds(delivered, _at, _shipment),
    st.builds(proven, _at, _shipment),
    st.builds(in_transit, _at, _shipment),
    st.builds(picked, _at),
    st.builds(
        happened,
        st.sampled_from([Milestone.ETA_UPDATED, Milestone.DELIVERED]),
        _at,
        shipment=_shipment,
        classifier=st.sampled_from([Classifier.EST, Classifier.PLN]),
        ingested_at=_at,
    ),
)
_handled = st.builds(Handling, st.sampled_from([(), ("10",)]), st.sampled_from([(), ("20",)]), st.sampled_from([False, False, True]))
_back = st.one_of(
    st.builds(
        happened,
        st.sampled_from([Milestone.RETURN_INITIATED, Milestone.RETURNING, Milestone.RETURN_RECEIVED, Milestone.LOST]),
        _at,
        shipment=_shipment,
        lines=_maybe_lines,
        case_id=st.sampled_from(["", "R1"]),
    ),
    st.builds(happened, st.just(Milestone.GOODS_ISSUE_REVERSED), _at, shipment=_shipment, lines=_maybe_lines),
    st.builds(issued, _at, _lines, _shipment, _delivery, handling=_handled),
    st.builds(issued, _at, _lines, _shipment, packages=st.sampled_from([("P1",), ("P2",)])),
    st.builds(
        happened,
        st.sampled_from([Milestone.ACCEPTED_BY_CUSTOMER, Milestone.REJECTED_BY_CUSTOMER, Milestone.PICKED_UP, Milestone.CUSTOMS_CLEARED]),
        _at,
        shipment=_shipment,
        lines=_maybe_lines,
    ),
    st.builds(dispute_over, _at, _case, st.sampled_from([None, *Settlement]), _maybe_lines),
)
_order = st.one_of(
    st.builds(released, _lines, price=st.just(str(PRICE))),
    st.builds(changed, _lines, _at, st.integers(2, 4), price=st.just(str(PRICE))),
)
_trouble = st.one_of(
    st.builds(exception, _at, _case, _effect),
    st.builds(exception_over, _at, _case),
    st.builds(delivered_damaged, _at, _shipment, _case),
    st.builds(disputed, _at, _case, _maybe_lines),
    st.builds(dispute_over, _at, _case),
    st.builds(cancelled, _at, st.integers(2, 4)),
    st.builds(
        happened,
        st.sampled_from([Milestone.BILLING_BLOCK_SET, Milestone.BILLING_BLOCK_CLEARED, Milestone.ORDER_HELD, Milestone.ORDER_HOLD_CLEARED]),
        _at,
        lines=_maybe_lines,
        delivery=_delivery,
        case_id=_case,
    ),
    _back,
    _back,
    st.builds(lambda at, open_: DeadLetterMark("d", ORDER_ID, "POISON", open_, at), _at, st.booleans()),
    st.builds(lambda at: Tick(at, f"o/{ORDER_ID}"), _at),
)
_terms = st.builds(
    terms,
    st.sampled_from(list(Trigger)),
    partial_allowed=st.booleans(),
    pod_auto_confirm_days=st.none() | st.integers(0, 3),
    acceptance_days=st.none() | st.integers(0, 3),
    milestones=st.sampled_from([(Milestone.PICKED_UP,), (Milestone.DELIVERED, Milestone.CUSTOMS_CLEARED)]),
    granularity=st.sampled_from([Granularity.LINE, Granularity.LINE, Granularity.DELIVERY, Granularity.SHIPMENT]),
    over_tolerance=st.sampled_from([Decimal(0), Decimal(20)]),
    under_tolerance=st.sampled_from([Decimal(0), Decimal(20)]),
    quantity_basis=st.sampled_from([None, None, QuantityBasis.ORDERED, QuantityBasis.SHIPPED]),
    returns=st.sampled_from(list(ReturnPolicy)),
    incoterm=st.sampled_from([None, Incoterm.DAP]),
    closes_short=st.booleans(),
)


@st.composite
def _stories(draw: st.DrawFn, *, trouble: bool = True) -> list[Event | Tick | DeadLetterMark]:
    """An order and what befalls it; some of it is taken back."""
    told: list[Event | Tick | DeadLetterMark] = [draw(st.builds(released, _lines, price=st.just(str(PRICE))))]
    told += draw(st.lists(st.one_of(_goods, _goods, _order, *([_trouble] if trouble else [])), max_size=12))
    events = [message for message in told if isinstance(message, Event)]
    told += [retracted(event) for event in draw(st.lists(st.sampled_from(events), max_size=2))]
    return told


@st.composite
def _told_twice(
    draw: st.DrawFn, *, trouble: bool = True
) -> tuple[list[Event | Tick | DeadLetterMark], list[Event | Tick | DeadLetterMark]]:
    """A story, and the same story in another order and with repetitions."""
    story = draw(_stories(trouble=trouble))
    again = draw(st.permutations(story + draw(st.lists(st.sampled_from(story), max_size=4))))
    return story, again


def tell(versions: Terms, messages: Sequence[Event | Tick | DeadLetterMark], *, stored: bool = False) -> ToldOrder:
    """The order after all messages; `stored`: its row is written and read between any two."""
    order = ToldOrder(versions)
    for message in messages:
        order.hears(message)
        if stored and order.row is not None:
            order.row = ORDER_ROWS.decode(ORDER_ROWS.encode(order.row))  # type: ignore[assignment]
    return order


def early(order: ToldOrder) -> dict[str, Decimal]:
    """Quantities that are posted without a release."""
    assert order.row is not None and order.row.dossier is not None
    active = {fact.more.invoice.number for fact in order.row.dossier.active_invoices if fact.more and fact.more.invoice}
    total: dict[str, Decimal] = {}
    for entry in order.row.ledger.invoices:
        if entry.number in active:
            for line, quantity in entry.early:
                total[line] = total.get(line, Decimal(0)) + quantity
    return total


def nothing_stops(order: ToldOrder) -> bool:
    """Whether what is released is a matter of facts alone. An open exception also stops silence from counting as proof."""
    assert order.row is not None and order.row.status is not None
    silence_stopped = bool(order.row.status.open_exceptions) and "POD_MISSING" in order.holds
    return STOPPING.isdisjoint(order.holds) and not silence_stopped


def derived(order: ToldOrder) -> tuple[object, ...]:
    """What is derived from facts alone."""
    assert order.row is not None and order.row.status is not None
    status = order.row.status
    return (
        status.state,
        status.shipments,
        status.open_exceptions,
        status.open_disputes,
        status.last_event_at,
        order.row.hold,
        order.wake_at,
        {reached.milestone_id for reached in order.milestones},
    )


@given(_terms, _told_twice())
def test_arrival_order_and_repetition_do_not_matter(
    versions: Terms, told: tuple[list[Event | Tick | DeadLetterMark], list[Event | Tick | DeadLetterMark]]
) -> None:
    one, other = (tell(versions, messages) for messages in told)
    assert derived(one) == derived(other)
    if nothing_stops(one):
        assert one.net == other.net
        assert one.billing == other.billing
        assert one.amount == other.amount


@given(_terms, _stories(), st.data())
def test_a_retraction_undoes_what_it_retracts(versions: Terms, story: list[Event | Tick | DeadLetterMark], data: st.DataObject) -> None:
    extra = data.draw(st.one_of(_goods, _order, _back))
    for message in story:
        if isinstance(message, Event):
            assume(message.event_id != extra.event_id and fact_of(message).key != fact_of(extra).key)
    without = tell(versions, story)
    taken_back = tell(versions, data.draw(st.permutations([*story, extra, retracted(extra)])))
    assert derived(without)[:-1] == derived(taken_back)[:-1]
    if nothing_stops(without):
        assert without.net == taken_back.net


@given(_terms, _told_twice())
def test_decisions_add_up(versions: Terms, told: tuple[list[Event | Tick | DeadLetterMark], list[Event | Tick | DeadLetterMark]]) -> None:
    order = tell(versions, told[1])
    assert [decision.sequence for decision in order.decisions] == list(range(1, len(order.decisions) + 1))
    assert len({decision.release_id for decision in order.decisions}) == len(order.decisions)
    running: dict[str, Decimal] = {}
    for decision in order.decisions:
        backwards = decision.kind in (DecisionKind.REVOKE, DecisionKind.CREDIT_REQUEST)
        assert decision.lines
        assert decision.amount == sum(line.amount for line in decision.lines)
        for line in decision.lines:
            assert line.delta < 0 if backwards else line.delta > 0
            running[line.line] = running.get(line.line, Decimal(0)) + line.delta
            assert line.cumulative == running[line.line] >= 0
    assert order.amount == sum((rounded(quantity * PRICE, "EUR") for quantity in running.values()), Decimal(0))
    assert order.row is not None and order.row.status is not None
    assert order.row.status.released_amount == order.amount


@given(_terms, _told_twice())
def test_a_stored_row_says_the_same_as_one_kept_in_memory(
    versions: Terms, told: tuple[list[Event | Tick | DeadLetterMark], list[Event | Tick | DeadLetterMark]]
) -> None:
    kept, stored = tell(versions, told[1]), tell(versions, told[1], stored=True)
    assert kept.row == stored.row
    assert kept.decisions == stored.decisions
    assert kept.milestones == stored.milestones
    assert (kept.said_holds, kept.said_status) == (stored.said_holds, stored.said_status)


@given(
    _terms,
    _stories(trouble=False),
    st.lists(
        st.one_of(
            st.builds(posted, _at, st.sampled_from(["I1", "I2"]), _maybe_lines, st.sampled_from(["1.00", "50.00"])),
            st.builds(invoice_cancelled, _at, st.sampled_from(["I1", "I2"])),
        ),
        max_size=3,
    ),
    st.data(),
)
def test_finance_never_posts_twice(
    versions: Terms, story: list[Event | Tick | DeadLetterMark], invoices: list[Event], data: st.DataObject
) -> None:
    """Whatever comes first: released and posted early together never exceed what may be invoiced, unless finance posted too much itself."""
    messages = data.draw(st.permutations(story + invoices))
    order = tell(versions, messages)
    unposted = tell(versions, [message for message in messages if message not in invoices])
    assume(nothing_stops(unposted))
    billable, posted_early, net = unposted.net, early(order), order.net
    for line in net.keys() | posted_early.keys() | billable.keys():
        covered = net.get(line, Decimal(0)) + posted_early.get(line, Decimal(0))
        if "POSTED_WITHOUT_RELEASE" not in order.holds:
            assert covered == billable.get(line, Decimal(0))
        else:
            assert net.get(line, Decimal(0)) <= billable.get(line, Decimal(0))
