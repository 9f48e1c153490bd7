"""Finance cases 50 to 54: changes and cancellations."""

from __future__ import annotations

from streams.domain.event import OrderDetails
from streams.domain.terms import Granularity, Trigger
from streams.domain.vocabulary import Milestone
from tests.unit.domain.finance.words import Installation, returned, shipped
from tests.unit.domain.telling import (
    Lines,
    ToldOrder,
    cancelled,
    changed,
    day,
    delivered,
    delivered_partial,
    happened,
    issued,
    picked,
    pieces,
    posted,
    released,
    terms,
)

ON_DELIVERY = terms(Trigger.ON_DELIVERY)


def line_cancelled(at, lines: Lines, revision: int = 1):  # type: ignore[no-untyped-def]
    order = OrderDetails(revision, "", "", "", ())
    return happened(Milestone.ORDER_CANCELLED, at, lines=lines, order=order, topic="erp.raw")


def test_a_cancelled_line_that_was_shipped_anyway_is_held() -> None:
    """Case 50: given a line cancelled after its pick, when it is shipped anyway, then it is held with CANCELLED_LINE."""
    order = ToldOrder(ON_DELIVERY).hears(released({"10": 10, "20": 5}), picked(day(1), {"10": 10, "20": 5}))
    order.hears(changed({"10": 10}, day(1, "18:00")), issued(day(2), {"10": 10, "20": 5}), delivered(day(3)))
    assert (order.net, order.holds) == (pieces(_10=10), ["CANCELLED_LINE"])
    assert order.hears(returned(day(6), {"20": 5}, shipment="S1")).holds == []


def test_a_line_cancelled_by_itself_is_no_longer_due() -> None:
    """Case 50: given a cancellation that names a line, when it was shipped anyway, then the line is held; before, it is just not due."""
    order = ToldOrder(ON_DELIVERY).hears(released({"10": 10, "20": 5}), line_cancelled(day(1, "18:00"), {"20": 5}))
    order.hears(issued(day(2)), delivered(day(3)))
    assert (order.kinds, order.net, order.holds) == (["RELEASE"], pieces(_10=10), [])
    order.hears(issued(day(4), {"20": 5}, "S2"))
    assert order.holds == ["CANCELLED_LINE"]


def test_an_order_cancelled_and_shipped_anyway_is_held() -> None:
    """Case 50: given an order cancelled as a whole, when it is shipped anyway, then it is held with CANCELLED_LINE."""
    order = ToldOrder(ON_DELIVERY).hears(released(), cancelled(day(1, "18:00")), issued(day(2)), delivered(day(3)))
    assert (order.decisions, order.holds) == ([], ["CANCELLED_LINE"])


def test_an_order_cancelled_after_its_release_is_revoked_or_credited() -> None:
    """Case 51: given a release, when the order is cancelled, then it is revoked; where it was posted, credit is requested."""
    assert shipped(ON_DELIVERY).hears(delivered(day(3)), cancelled(day(4))).kinds == ["RELEASE", "REVOKE"]
    assert shipped(ON_DELIVERY).hears(delivered(day(3)), posted(day(4)), cancelled(day(5))).kinds == ["RELEASE", "CREDIT_REQUEST"]


def test_a_line_cancelled_after_its_release_is_revoked_or_credited() -> None:
    """Case 51: given a release of two lines, when one line is cancelled in part, then that part is revoked, or credited where posted."""
    for before, kind in (([], "REVOKE"), ([posted(day(4), amount="150.00")], "CREDIT_REQUEST")):
        order = shipped(ON_DELIVERY, lines={"10": 10, "20": 5}).hears(delivered(day(3)), *before, line_cancelled(day(5), {"20": 2}))
        assert (order.kinds, order.net) == (["RELEASE", kind], pieces(_10=10, _20=3))


def test_an_order_reduced_to_what_was_shipped_is_complete() -> None:
    """Case 52: given terms by the whole order and six of ten delivered, when the order is reduced to six, then it is released."""
    order = shipped(terms(Trigger.ON_DELIVERY, granularity=Granularity.ORDER)).hears(delivered_partial(day(3), {"10": 6}))
    assert order.decisions == []
    assert order.hears(changed({"10": 6}, day(4))).release.lines[0].delta == 6


def test_an_order_keyed_anew_is_released_once_though_the_carrier_knows_the_old_number() -> None:
    """Case 53: given an order keyed anew under another number, when the carrier's scan carries the old reference, then one is released."""
    shop = Installation().order("1").issue(day(2), "1", shipment="S1").plan(day(2), "1")
    shop.erp("order.cancelled", day(3), "1", revision=2).order("2", day(3)).issue(day(3), "2", shipment="S1")
    shop.plan(day(3, "13:00"), "2").scan("DELIVERED", day(4))
    assert (shop.decisions("1"), shop.decisions("2"), shop.holds("2")) == ([], ["RELEASE"], [])


def test_a_recycled_tracking_number_delivers_nothing_of_an_old_shipment() -> None:
    """Case 54: given a tracking number whose validity is over, when it is delivered again, then that says nothing of the old order."""
    shop = Installation().order().issue(day(2), shipment="S1").plan(day(2), valid_days=30)
    shop.scan("DELIVERED", day(100)).waits(day(200))
    assert (shop.decisions(), shop.holds(), shop.refusals) == ([], ["NOT_DELIVERED"], ["REF_UNRESOLVED"])


def test_a_revision_after_a_line_was_cancelled_says_itself_what_is_ordered() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released({"10": 10, "20": 5}), line_cancelled(day(1, "18:00"), {"20": 5}))
    order.hears(changed({"10": 10, "20": 3}, day(2)), issued(day(2), {"10": 10, "20": 3}), delivered(day(3)))
    assert order.net == pieces(_10=10, _20=3)


def test_an_order_all_of_whose_lines_were_cancelled_is_cancelled() -> None:
    order = shipped(ON_DELIVERY).hears(line_cancelled(day(4), {"10": 0}), delivered(day(5)))
    assert (order.decisions, order.state, order.billing) == ([], "CANCELLED", "NOT_BILLABLE")
