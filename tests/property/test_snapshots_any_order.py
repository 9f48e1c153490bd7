"""Snapshots of a document in any order, any number of times: the totals told are those of the newest, and nothing is told twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.event import Claim, Event, Lineage, LineQuantity, Snapshot
from streams.domain.facts import fact_of, withdrawn
from streams.domain.instant import Instant
from streams.domain.snapshots import Document, differences
from streams.domain.vocabulary import Milestone

pytestmark = pytest.mark.property

NINE = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
ORDERS = ("1000:1", "1000:2")


def snapshot(hour: int, issued: dict[tuple[str, str], int], packed: bool) -> Snapshot:
    at = Instant(NINE + timedelta(hours=hour), str(hour), 0)
    first = Instant(NINE, "nine", 0)
    claims = [
        Claim(
            Milestone.GOODS_ISSUED,
            order,
            first,
            "D-1",
            lines=tuple(LineQuantity(line, Decimal(n)) for (o, line), n in issued.items() if o == order),
        )
        for order in ORDERS
    ]
    claims = [claim for claim in claims if claim.lines]
    if packed:
        claims.append(Claim(Milestone.PACKED, ORDERS[0], first, "D-1"))
    return Snapshot("snapshot:W:1", at, tuple(claims), Lineage("W", "w", "wms.raw", 0, hour, at.utc))


totals = st.dictionaries(st.tuples(st.sampled_from(ORDERS), st.sampled_from(["10", "20"])), st.integers(0, 5), max_size=4)
histories = st.lists(st.tuples(totals, st.booleans()), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(histories, st.data())
def test_whatever_the_order_the_newest_snapshot_is_what_the_facts_add_up_to(
    history: list[tuple[dict[tuple[str, str], int], bool]], data: st.DataObject
) -> None:
    told = [snapshot(hour, issued, packed) for hour, (issued, packed) in enumerate(history)]
    arrived = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=3))))
    document = Document()
    events: list[Event] = []
    for each in arrived:
        events += differences(document, each)
        assert differences(document, each) == []

    net: Counter[tuple[str, str]] = Counter()
    for event in events:
        sign = {Milestone.GOODS_ISSUED: 1, Milestone.GOODS_ISSUE_REVERSED: -1}.get(event.milestone, 0)
        for line in event.lines:
            net[event.order_id, line.line] += sign * int(line.quantity)
    issued, packed = history[-1]
    assert {key: n for key, n in net.items() if n} == {key: n for key, n in issued.items() if n}

    assert len({(event.order_id, fact_of(event).key) for event in events}) == len(events), "the fold would take two for one"
    facts = [fact_of(event) for event in events if event.order_id == ORDERS[0]]
    gone = withdrawn(facts, ORDERS[0])
    standing = [fact for fact in facts if fact.milestone is Milestone.PACKED and gone.isdisjoint(fact.ids)]
    assert len(standing) == packed
