"""Snapshots of a document: what happened is what differs from the last one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from streams.domain.event import Claim, Event, Invoice, Lineage, LineQuantity, Snapshot
from streams.domain.facts import fact_of
from streams.domain.instant import Instant, to_millis
from streams.domain.snapshots import CLOCKS_DIFFER_MS, KEPT_MS, MOST_CHANGES, Document, covers, differences
from streams.domain.vocabulary import Milestone

NINE = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
ORDER = "1000:4711"
PICKED, ISSUED, REVERSED = Milestone.PICK_COMPLETED, Milestone.GOODS_ISSUED, Milestone.GOODS_ISSUE_REVERSED


def moment(hours: float) -> Instant:
    at = NINE + timedelta(hours=hours)
    return Instant(at, at.isoformat(), 0)


def lines(**quantities: float) -> tuple[LineQuantity, ...]:
    return tuple(LineQuantity(name.removeprefix("l"), Decimal(str(quantity))) for name, quantity in quantities.items())


def issued(at: float = 0, order: str = ORDER, **quantities: float) -> Claim:
    return Claim(ISSUED, order, moment(at), "D-1", lines=lines(**quantities))


def snapshot(as_of: float, *claims: Claim) -> Snapshot:
    lineage = Lineage("WMS", "wms", "wms.raw", 0, 0, NINE + timedelta(hours=as_of))
    return Snapshot("snapshot:WMS:1", moment(as_of), claims, lineage)


def told(document: Document, as_of: float, *claims: Claim) -> list[tuple[Milestone, dict[str, float]]]:
    return [(event.milestone, {line.line: float(line.quantity) for line in event.lines}) for event in said(document, as_of, *claims)]


def said(document: Document, as_of: float, *claims: Claim) -> list[Event]:
    return differences(document, snapshot(as_of, *claims))


def test_the_first_snapshot_says_everything_and_a_resend_nothing() -> None:
    document = Document()
    assert told(document, 1, issued(l10=4, l20=1)) == [(ISSUED, {"10": 4, "20": 1})]
    assert told(document, 1, issued(l10=4, l20=1)) == []
    assert told(document, 2, issued(l10=4, l20=1)) == []


def test_what_was_added_is_said_and_no_more() -> None:
    document = Document()
    said(document, 1, issued(l10=4, l20=1))
    assert told(document, 2, issued(1, l10=10, l20=1)) == [(ISSUED, {"10": 6})]


def test_what_is_gone_is_reversed_at_the_time_of_the_snapshot() -> None:
    document = Document()
    said(document, 1, issued(l10=4, l20=1))
    (event,) = said(document, 3, issued(l10=1))
    assert (event.milestone, event.at.utc) == (REVERSED, moment(3).utc)
    assert {(line.line, line.quantity) for line in event.lines} == {("10", 3), ("20", 1)}


def test_a_claim_that_is_not_made_any_more_is_reversed_whole() -> None:
    document = Document()
    said(document, 1, issued(l10=4))
    assert told(document, 2) == [(REVERSED, {"10": 4})]
    assert told(document, 3) == []


def test_issued_reversed_and_issued_again_under_one_time_are_three_facts() -> None:
    document = Document()
    events = [
        event
        for hour, claims in enumerate([[issued(l10=4)], [], [issued(l10=4)], [], [issued(l10=4)]])
        for event in said(document, hour, *claims)
    ]
    assert [event.milestone for event in events] == [ISSUED, REVERSED, ISSUED, REVERSED, ISSUED]
    assert len({event.event_id for event in events}) == 5
    assert len({fact_of(event).key for event in events}) == 5


def test_an_older_snapshot_that_comes_late_undoes_nothing() -> None:
    document = Document()
    said(document, 2, issued(l10=10))
    assert told(document, 1, issued(l10=4)) == []
    assert told(document, 2, issued(l10=10)) == []


def test_goods_that_are_unpicked_are_no_news() -> None:
    document = Document()
    picked = [Claim(PICKED, ORDER, moment(0), "D-1", lines=lines(l10=quantity)) for quantity in (4, 2, 5)]
    assert [told(document, hour, claim) for hour, claim in enumerate(picked)] == [[(PICKED, {"10": 4})], [], [(PICKED, {"10": 3})]]


def test_a_step_is_said_once_and_taken_back_by_its_id() -> None:
    document = Document()
    packed = Claim(Milestone.PACKED, ORDER, moment(0), "D-1")
    (first,) = said(document, 1, packed)
    assert said(document, 2, packed) == []
    (gone,) = said(document, 3)
    assert (gone.retracts, gone.lines) == (first.event_id, ())
    (again,) = said(document, 4, packed)
    assert again.event_id != first.event_id, "else it would still stand withdrawn"


def test_a_block_lasts_whatever_time_snapshots_give_it_and_ends_when_it_is_gone() -> None:
    document = Document()
    blocks = [Claim(Milestone.BILLING_BLOCK_SET, ORDER, moment(hour), seen=True) for hour in (1, 2)]
    (raised,) = said(document, 1, blocks[0])
    assert said(document, 2, blocks[1]) == []
    (over,) = said(document, 3)
    assert (over.milestone, over.case_id) == (Milestone.BILLING_BLOCK_CLEARED, raised.case_id)


def test_an_invoice_that_is_not_claimed_any_more_is_taken_back_and_may_be_posted_again() -> None:
    document = Document()
    invoice = Invoice("INV1", Decimal(10), "EUR")
    posted = [Claim(Milestone.INVOICE_POSTED, ORDER, moment(hour), invoice=invoice, seen=True) for hour in range(4)]
    (first,) = said(document, 0, posted[0])
    assert said(document, 1, posted[1]) == []
    (gone,) = said(document, 2)
    assert (gone.milestone, gone.retracts, gone.invoice) == (Milestone.INVOICE_CANCELLED, first.event_id, None)
    (again,) = said(document, 3, posted[3])
    assert again.event_id != first.event_id
    assert again.invoice == first.invoice


def test_two_orders_of_one_delivery_are_told_apart() -> None:
    document = Document()
    assert len(said(document, 1, issued(l10=4), issued(0, "1000:4712", l10=4))) == 2
    (event,) = said(document, 2, issued(l10=4), issued(0, "1000:4712", l10=5))
    assert event.order_id == "1000:4712"


def test_totals_of_one_place_given_twice_count_with_their_sum() -> None:
    assert told(Document(), 1, issued(l10=4), issued(1, l10=2)) == [(ISSUED, {"10": 6})]


def test_the_same_statement_has_the_same_id_as_by_another_channel() -> None:
    one, other = said(Document(), 1, issued(l10=4)), said(Document(), 5, issued(l10=4))
    assert one[0].event_id == other[0].event_id


def test_a_change_announced_up_to_the_snapshot_is_in_it() -> None:
    document = Document()
    assert not covers(None, 0)
    said(document, 1)
    at = to_millis(moment(1).utc)
    assert covers(document, at + CLOCKS_DIFFER_MS)
    assert not covers(document, at + CLOCKS_DIFFER_MS + 1)


def test_what_is_remembered_is_bounded() -> None:
    document = Document()
    for hour in range(MOST_CHANGES + 20):
        said(document, hour, issued(hour, l10=hour + 1))
    assert len(document.said) == MOST_CHANGES
    assert document.kept_until == to_millis(moment(MOST_CHANGES + 19).utc) + KEPT_MS
