"""Finance cases 13 to 25: partial, split, n:m, substitutes and units."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from streams.domain.event import Handling
from streams.domain.reference_data import ItemChanged, UnitFactor
from streams.domain.terms import (
    ExceptionPolicy,
    ExceptionRule,
    Granularity,
    QuantityBasis,
    SubstitutePolicy,
    Trigger,
)
from streams.domain.vocabulary import Milestone, ReasonClass
from tests.unit.domain.finance.words import Installation, returned, shipped
from tests.unit.domain.telling import (
    Lines,
    ToldOrder,
    changed,
    day,
    delivered,
    delivered_damaged,
    delivered_partial,
    exception,
    exception_over,
    happened,
    issued,
    pieces,
    planned,
    posted,
    proven,
    released,
    terms,
)

ON_SHIP = terms(Trigger.ON_SHIP)
ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)
WHOLE_ORDER = terms(Trigger.ON_DELIVERY, granularity=Granularity.ORDER)


def carton(package: str, lines: Lines, **more: object):  # type: ignore[no-untyped-def]
    return issued(day(2), lines, packages=(package,), **more)


def test_a_part_delivered_is_a_part_released() -> None:
    """Case 13: given ten ordered and line billing, when six are delivered, then six are released and the rest stays open."""
    order = shipped(ON_DELIVERY).hears(delivered_partial(day(3), {"10": 6}))
    assert (order.kinds, order.net, order.holds) == (["PARTIAL_RELEASE"], pieces(_10=6), ["NOT_DELIVERED"])


def test_an_order_billed_as_a_whole_waits_for_its_rest() -> None:
    """Case 14: given terms by the whole order, when six of ten are delivered, then it is held with INCOMPLETE."""
    order = shipped(WHOLE_ORDER).hears(delivered_partial(day(3), {"10": 6}))
    assert (order.decisions, order.holds) == ([], ["INCOMPLETE", "NOT_DELIVERED"])


def test_a_line_closed_short_does_not_wait_for_the_rest() -> None:
    """Case 15: given line status CP (no backorder) at the issue, when its six are delivered, then they are released, and all is done."""
    for rules in (ON_DELIVERY, WHOLE_ORDER):
        order = ToldOrder(rules).hears(released(), issued(day(2), {"10": 6}, handling=Handling(final=("10",))), delivered(day(3)))
        assert (order.release.lines[0].delta, order.holds, order.billing) == (6, [], "RELEASED")


def test_terms_may_wait_for_the_rest_though_the_warehouse_closed_the_line() -> None:
    """Case 15: given terms that do not take short lines, when six of ten come and the line is closed, then the rest is waited for."""
    order = ToldOrder(terms(Trigger.ON_DELIVERY, closes_short=False))
    order.hears(released(), issued(day(2), {"10": 6}, handling=Handling(final=("10",))), delivered(day(3)))
    assert (order.kinds, order.holds) == (["PARTIAL_RELEASE"], ["NOT_DELIVERED"])


def test_a_backorder_releases_only_the_difference() -> None:
    """Case 16: given six delivered and a backorder (line status BP), when the second shipment is delivered, then four are released."""
    order = ToldOrder(ON_DELIVERY).hears(released(), issued(day(2), {"10": 6}), delivered(day(3)))
    order.hears(issued(day(4), {"10": 4}, "S2"), delivered(day(5), "S2"))
    assert [line.delta for decision in order.decisions for line in decision.lines] == [6, 4]


def test_of_three_packages_the_two_that_arrived_are_released_or_all_is_held() -> None:
    """Case 17: given three packages, when two are delivered and one is lost, then by the terms their lines are released, or all is held."""
    lost = happened(Milestone.LOST, day(4), shipment="S1", package="P3", exceptional=exception(day(4), reason=ReasonClass.LOSS).exceptional)
    story = [carton("P1", {"10": 4}), carton("P2", {"10": 4}), carton("P3", {"10": 2})]
    story += [lost, delivered(day(3), package="P1"), delivered(day(3), package="P2")]
    held = ToldOrder(ON_DELIVERY).hears(released(), *story)
    assert (held.decisions, held.holds) == ([], ["EXCEPTION", "NOT_DELIVERED"])
    net = terms(Trigger.ON_DELIVERY, exceptions=(ExceptionRule(ReasonClass.LOSS, ExceptionPolicy.RELEASE_NET),))
    order = ToldOrder(net).hears(released(), *story)
    assert order.net == pieces(_10=6)


def test_two_orders_in_one_package_go_by_their_own_terms() -> None:
    """Case 18: given one package with goods of two orders, when it is delivered, then each order is judged by its own terms."""
    orders = {"ACME:1": (ON_DELIVERY, 10), "ACME:2": (ON_POD, 3)}
    told = {}
    for name, (version, quantity) in orders.items():
        order = ToldOrder(version, order_id=name).hears(released({"10": quantity}, order_id=name))
        order.hears(issued(day(2), {"10": quantity}, packages=("P1",), order_id=name), delivered(day(3), package="P1", order_id=name))
        told[name] = order
    assert told["ACME:1"].net == pieces(_10=10)
    assert (told["ACME:2"].decisions, told["ACME:2"].holds) == ([], ["POD_MISSING"])


def test_more_than_ordered_is_released_up_to_the_tolerance() -> None:
    """Case 19: given ten ordered and 10 % tolerance, when twelve are delivered, then eleven are released, and one is in excess."""
    order = ToldOrder(terms(Trigger.ON_DELIVERY, over_tolerance=Decimal(10))).hears(
        released(), issued(day(2), {"10": 12}), delivered(day(3))
    )
    assert (order.kinds, order.net) == (["RELEASE"], pieces(_10=11))
    assert ToldOrder(ON_DELIVERY).hears(released(), issued(day(2), {"10": 12}), delivered(day(3))).net == pieces(_10=10)


def test_less_than_ordered_is_billed_as_ordered_within_the_tolerance() -> None:
    """Case 20: given 100 ordered, 2 % tolerance and terms that bill what is ordered, when 98 come, then 100 are released; else 98."""
    tolerant = terms(Trigger.ON_DELIVERY, under_tolerance=Decimal(2), quantity_basis=QuantityBasis.ORDERED)
    story = [released({"10": 100}), issued(day(2), {"10": 98}), delivered(day(3))]
    order = ToldOrder(tolerant).hears(*story)
    assert (order.kinds, order.net, order.holds) == (["RELEASE"], pieces(_10=100), [])
    plain = ToldOrder(ON_DELIVERY).hears(*story)
    assert (plain.net, plain.holds) == (pieces(_10=98), ["NOT_DELIVERED"])


def test_what_is_missing_beyond_the_tolerance_is_not_billed() -> None:
    """Case 20: given 2 % tolerance, when 97 of 100 come, then 97 are released and the rest is waited for."""
    tolerant = terms(Trigger.ON_DELIVERY, under_tolerance=Decimal(2), quantity_basis=QuantityBasis.ORDERED)
    order = ToldOrder(tolerant).hears(released({"10": 100}), issued(day(2), {"10": 97}), delivered(day(3)))
    assert (order.net, order.holds) == (pieces(_10=97), ["NOT_DELIVERED"])


def test_tolerated_shortage_completes_a_line_that_is_billed_as_delivered() -> None:
    """Case 20: given 2 % tolerance and terms that bill what is delivered, when 98 come, then 98 are released and the line is done."""
    order = ToldOrder(terms(Trigger.ON_DELIVERY, under_tolerance=Decimal(2)))
    order.hears(released({"10": 100}), issued(day(2), {"10": 98}), delivered(day(3)))
    assert (order.kinds, order.net, order.holds, order.billing) == (["RELEASE"], pieces(_10=98), [], "RELEASED")


def test_a_proof_of_less_releases_less() -> None:
    """Case 21: given ten shipped and terms by proven quantity, when the proof states eight, then eight are released."""
    difference = happened(Milestone.POD_DIFFERENCE, day(4), shipment="S1", lines={"10": 8})
    for proof in (proven(day(4), lines={"10": 8}), difference):
        order = shipped(ON_POD).hears(delivered(day(3)), proof)
        assert (order.net, order.holds) == (pieces(_10=8), ["POD_MISSING"])


def test_a_difference_that_states_no_quantity_is_held() -> None:
    """Case 21: given ten shipped, when the proof differs and nobody says by how much, then it is held."""
    order = shipped(ON_POD).hears(delivered(day(3)), happened(Milestone.POD_DIFFERENCE, day(4), shipment="S1"), proven(day(4)))
    assert (order.decisions, order.holds) == ([], ["EXCEPTION"])


def test_a_replacement_is_no_second_charge() -> None:
    """Case 22: given damaged units, when their replacement is delivered, then the same quantity is not released a second time."""
    order = ToldOrder(ON_DELIVERY).hears(released({"10": 20}), issued(day(2)), delivered_damaged(day(3)), exception_over(day(4), "D1"))
    assert order.net == pieces(_10=10)
    order.hears(issued(day(5), {"10": 2}, "S2", handling=Handling(replacement=True)), delivered(day(6), "S2"))
    assert (order.net, order.holds) == (pieces(_10=10), ["NOT_DELIVERED"])


def test_a_replacement_makes_good_what_came_back() -> None:
    """Case 22: given two units returned, when two are delivered in their place, then ten are due again, and no more."""
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), returned(day(4), {"10": 2}, shipment="S1"))
    assert order.net == pieces(_10=8)
    order.hears(issued(day(5), {"10": 2}, "S2", handling=Handling(replacement=True)), delivered(day(6), "S2"))
    assert (order.net, order.holds) == (pieces(_10=10), [])


def test_a_substitute_waits_for_its_price() -> None:
    """Case 23: given another article sent (line status CS), when it is delivered, then it is held with PRICE_CHECK until the order says."""
    story = [released({"10": 10, "20": 5}), issued(day(2), {"10": 10, "20": 5}, handling=Handling(substituted=("20",))), delivered(day(3))]
    order = ToldOrder(ON_DELIVERY).hears(*story)
    assert (order.net, order.holds) == (pieces(_10=10), ["PRICE_CHECK"])
    order.hears(changed({"10": 10, "20": 5}, day(4), price="8.00"))
    assert (order.decisions[1].amount, order.holds) == (Decimal(40), [])
    agreed = ToldOrder(terms(Trigger.ON_DELIVERY, substitutes=SubstitutePolicy.ORDERED_PRICE)).hears(*story)
    assert agreed.kinds == ["RELEASE"]


def test_quantities_in_another_unit_are_converted_by_the_article() -> None:
    """Case 24: given pieces ordered, when cases are issued, then the article's factor converts; without one it is held until it comes."""
    order = ToldOrder(ON_SHIP).hears(released({"10": 24}), issued(day(2), {"10": "2 CS"}))
    assert (order.decisions, order.holds) == ([], ["UNIT_UNKNOWN"])
    assert order.row is not None and order.row.needs == ("SKU-10",)
    order.hears(ItemChanged("SKU-10", "EA", (UnitFactor("CS", Decimal(12)),)))
    assert (order.net, order.holds, order.row.needs) == (pieces(_10=24), [], ())


def test_pieces_of_what_is_ordered_in_cases_are_parts_of_a_case() -> None:
    """Case 24: given two cases of twelve ordered, when five and seven pieces are issued, then that is one case."""
    order = ToldOrder(ON_SHIP).hears(ItemChanged("SKU-10", "EA", (UnitFactor("CS", Decimal(12)),)), released({"10": "2 CS"}))
    order.hears(issued(day(2), {"10": "5 EA"}), issued(day(3), {"10": "7 EA"}, "S2"))
    assert order.net == pieces(_10=1)


def test_free_goods_are_not_billed_and_hold_nobody_up() -> None:
    """Case 25: given a sample on the order, when all but it is delivered, then the rest is released as a whole."""
    told = released({"10": 10, "20": 1})
    assert told.order is not None
    first, sample = told.order.lines
    told.order = replace(told.order, lines=(first, replace(sample, free=True)))
    order = ToldOrder(WHOLE_ORDER).hears(told, issued(day(2), {"10": 10}), delivered(day(3)))
    assert (order.release.lines[0].line, len(order.release.lines), order.holds) == ("10", 1, [])
    order.hears(issued(day(4), {"20": 1}, "S2"), delivered(day(5), "S2"))
    assert order.kinds == ["RELEASE"]


# -- packages and portions


def test_cartons_issued_in_records_of_their_own_are_released_one_by_one() -> None:
    shop = Installation().order()
    for tracking, quantity in (("T1", 4), ("T2", 6)):
        shop.issue(day(2), quantity=quantity, references=[{"kind": "tracking", "issuer": "BLPX", "value": tracking}])
    shop.scan("DELIVERED", day(3))
    assert (shop.decisions(), shop.holds()) == (["PARTIAL_RELEASE"], ["NOT_DELIVERED"])
    shop.scan("DELIVERED", day(4), tracking="T2")
    assert shop.decisions() == ["PARTIAL_RELEASE", "RELEASE"]


def test_a_carton_that_becomes_known_later_takes_nothing_back() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released(), carton("P1", {"10": 4}), delivered(day(3), package="P1"))
    order.hears(carton("P2", {"10": 6}), delivered(day(4), package="P2"))
    assert (order.kinds, order.net) == (["PARTIAL_RELEASE", "RELEASE"], pieces(_10=10))


def test_a_delivery_billed_as_a_whole_waits_for_all_of_it() -> None:
    by_delivery = terms(Trigger.ON_DELIVERY, granularity=Granularity.DELIVERY)
    order = ToldOrder(by_delivery).hears(released({"10": 20}), issued(day(2)), issued(day(2), {"10": 10}, "S2"))
    order.hears(delivered(day(3)), delivered_partial(day(3), {"10": 6}, "S2"))
    assert (order.net, order.holds) == (pieces(_10=10), ["INCOMPLETE", "NOT_DELIVERED"])
    assert order.hears(delivered(day(4), "S2")).net == pieces(_10=20)


def test_a_shipment_billed_as_a_whole_waits_for_all_its_deliveries() -> None:
    by_shipment = terms(Trigger.ON_DELIVERY, granularity=Granularity.SHIPMENT)
    order = ToldOrder(by_shipment).hears(released(), issued(day(2), {"10": 6}, "S1", "D1"), issued(day(2), {"10": 4}, "S1", "D2"))
    order.hears(happened(Milestone.DELIVERED, day(3), delivery="D1"))
    assert (order.decisions, order.holds) == ([], ["INCOMPLETE", "NOT_DELIVERED"])
    assert order.hears(happened(Milestone.DELIVERED, day(4), delivery="D2")).kinds == ["RELEASE"]


def test_what_a_package_holds_may_be_said_when_it_is_packed() -> None:
    order = ToldOrder(ON_DELIVERY).hears(released(), planned(day(1), packages=("P1", "P2")), issued(day(2)))
    order.hears(happened(Milestone.PACKED, day(1), shipment="S1", package="P1", lines={"10": 3}), delivered(day(3), package="P1"))
    assert order.net == pieces(_10=3)
    assert order.hears(delivered(day(4), package="P2")).net == pieces(_10=10)


def test_an_invoice_for_free_goods_only_is_never_due() -> None:
    told = released()
    assert told.order is not None
    told.order = replace(told.order, lines=tuple(replace(line, free=True) for line in told.order.lines))
    order = ToldOrder(ON_DELIVERY).hears(told, issued(day(2)), delivered(day(3)), posted(day(4), amount="0"))
    assert (order.decisions, order.billing) == ([], "NOT_BILLABLE")
