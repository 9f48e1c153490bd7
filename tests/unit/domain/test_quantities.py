"""How much of each line was shipped, delivered and proven: partial, split, n:m."""

from __future__ import annotations

from decimal import Decimal

from streams.domain.event import LineQuantity
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone, Scope
from tests.unit.domain.telling import (
    ToldOrder,
    day,
    delivered,
    delivered_partial,
    happened,
    issued,
    pieces,
    planned,
    proven,
    released,
    retracted,
    terms,
)

ON_SHIP = terms(Trigger.ON_SHIP)
ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)
ALL_OR_NOTHING = terms(Trigger.ON_DELIVERY, partial_allowed=False)


def order_of(lines: dict[str, object] | None = None, *versions: object) -> ToldOrder:
    return ToldOrder(*(versions or (ON_DELIVERY,))).hears(released(lines))  # type: ignore[arg-type]


# -- partial


def test_case_13_a_partial_delivery_releases_its_part_and_leaves_the_rest_open() -> None:
    order = order_of().hears(issued(day(2)), delivered_partial(day(3), {"10": 6}))
    assert order.kinds == ["PARTIAL_RELEASE"]
    assert order.net == pieces(_10=6)
    assert order.holds == ["NOT_DELIVERED"]
    assert (order.state, order.billing) == ("PARTIALLY_DELIVERED", "PARTLY_RELEASED")


def test_case_14_a_contract_without_partial_invoices_waits_for_the_whole_order() -> None:
    order = order_of(None, ALL_OR_NOTHING).hears(issued(day(2)), delivered_partial(day(3), {"10": 6}))
    assert order.decisions == []
    assert order.holds == ["INCOMPLETE", "NOT_DELIVERED"]
    order.hears(delivered_partial(day(4), {"10": 4}))
    assert order.release.lines[0].delta == 10


def test_case_16_a_second_shipment_releases_only_the_difference() -> None:
    order = order_of().hears(issued(day(2), {"10": 6}), delivered(day(3)))
    order.hears(issued(day(4), {"10": 4}, "S2"), delivered(day(5), "S2"))
    assert order.kinds == ["PARTIAL_RELEASE", "RELEASE"]
    first, second = order.decisions
    assert (first.lines[0].delta, first.lines[0].cumulative) == (6, 6)
    assert (second.lines[0].delta, second.lines[0].cumulative) == (4, 10)
    assert (second.sequence, second.supersedes) == (2, first.release_id)


def test_a_full_delivery_after_a_partial_one_is_the_rest() -> None:
    order = order_of().hears(issued(day(2)), delivered_partial(day(3), {"10": 6}), delivered(day(4)))
    assert order.net == pieces(_10=10)
    assert order.decisions[1].lines[0].delta == 4


def test_partial_deliveries_never_add_up_to_more_than_the_shipment_holds() -> None:
    order = order_of().hears(issued(day(2), {"10": 8}), delivered_partial(day(3), {"10": 6}), delivered_partial(day(4), {"10": 6}))
    assert order.net == pieces(_10=8)


def test_nothing_is_released_beyond_what_is_ordered() -> None:
    order = order_of().hears(issued(day(2), {"10": 12}), delivered(day(3)))
    assert order.net == pieces(_10=10)
    assert order.kinds == ["RELEASE"]


def test_goods_of_a_line_that_is_not_ordered_are_not_billed() -> None:
    order = order_of().hears(issued(day(2), {"10": 10, "99": 1}), delivered(day(3)))
    assert order.net == pieces(_10=10)


def test_a_partial_delivery_that_lists_nothing_is_not_guessed() -> None:
    order = order_of().hears(issued(day(2)), happened(Milestone.DELIVERED_PARTIAL, day(3), shipment="S1"))
    assert order.decisions == []
    assert order.holds == ["SHIPMENT_CONTENTS_UNKNOWN"]
    assert order.state == "PARTIALLY_DELIVERED"


# -- what a shipment holds


def test_a_delivery_without_lines_delivers_what_was_issued_for_the_shipment() -> None:
    order = order_of({"10": 10, "20": 5}).hears(issued(day(2), {"10": 10}), issued(day(2), {"20": 5}, "S2"), delivered(day(3)))
    assert order.net == pieces(_10=10)


def test_a_line_that_is_listed_twice_adds_up() -> None:
    goods = issued(day(2))
    goods.lines = (LineQuantity("10", Decimal(4)), LineQuantity("10", Decimal(3)))
    order = order_of(None, ON_SHIP).hears(goods)
    assert order.net == pieces(_10=7)


def test_without_a_goods_issue_it_delivers_what_was_planned() -> None:
    order = order_of().hears(planned(day(1), lines={"10": 7}), delivered(day(3)))
    assert order.net == pieces(_10=7)


def test_a_goods_issue_overrules_the_plan() -> None:
    order = order_of().hears(planned(day(1), lines={"10": 7}), delivered(day(3)), issued(day(2), {"10": 5}))
    assert order.net == pieces(_10=5)
    assert order.kinds == ["PARTIAL_RELEASE", "REVOKE"]


def test_the_latest_plan_counts() -> None:
    order = order_of().hears(planned(day(2), lines={"10": 4}), planned(day(1), lines={"10": 7}), delivered(day(3)))
    assert order.net == pieces(_10=4)


def test_a_shipment_of_which_nobody_said_what_it_holds_is_held() -> None:
    order = order_of().hears(planned(day(1)), delivered(day(3)))
    assert order.decisions == []
    assert [(reason.code.value, reason.detail) for reason in order.row.hold] == [("SHIPMENT_CONTENTS_UNKNOWN", "S1")]  # type: ignore[union-attr]
    order.hears(issued(day(2)))
    assert order.kinds == ["RELEASE"]


def test_goods_that_nobody_described_are_named_by_what_is_known_of_them() -> None:
    order = order_of().hears(delivered(day(3), "S2"), delivered(day(3), "S1"), happened(Milestone.DELIVERED, day(3), delivery="D9"))
    order.hears(happened(Milestone.DELIVERED_PARTIAL, day(4)))
    assert [reason.detail for reason in order.row.hold] == ["D9, S1, S2, order"]  # type: ignore[union-attr]


def test_a_plan_tells_in_which_shipment_a_delivery_travels() -> None:
    order = order_of().hears(issued(day(2), shipment="", delivery="D1"), delivered(day(3)))
    assert order.holds == ["SHIPMENT_CONTENTS_UNKNOWN"]
    order.hears(planned(day(1), delivery="D1"))
    assert order.net == pieces(_10=10)


def test_a_delivery_in_two_shipments_is_in_none_that_we_know() -> None:
    order = order_of().hears(
        issued(day(2), shipment="", delivery="D1"), planned(day(1), "S1", "D1"), planned(day(1), "S2", "D1"), delivered(day(3), "S1")
    )
    assert order.decisions == []
    assert order.holds == ["SHIPMENT_CONTENTS_UNKNOWN"]


def test_of_a_delivery_in_two_shipments_the_planned_lines_count() -> None:
    order = order_of().hears(
        issued(day(2), shipment="", delivery="D1"),
        planned(day(1), "S1", "D1", {"10": 6}),
        planned(day(1), "S2", "D1", {"10": 4}),
        delivered(day(3), "S1"),
    )
    assert order.net == pieces(_10=6)


def test_of_two_deliveries_in_one_shipment_each_can_arrive_for_itself() -> None:
    order = order_of({"10": 10, "20": 5}).hears(
        issued(day(2), {"10": 10}, "S1", "D1"),
        issued(day(2), {"20": 5}, "S1", "D2"),
        happened(Milestone.DELIVERED, day(3), delivery="D2"),
    )
    assert order.net == pieces(_20=5)
    order.hears(delivered(day(4), "S1"))
    assert order.net == pieces(_10=10, _20=5)


def test_lines_stated_for_a_shipment_with_two_deliveries_fill_both() -> None:
    order = order_of().hears(
        issued(day(2), {"10": 6}, "S1", "D1"), issued(day(2), {"10": 4}, "S1", "D2"), delivered_partial(day(3), {"10": 8}, "S1")
    )
    assert order.net == pieces(_10=8)
    order.hears(happened(Milestone.DELIVERED, day(4), delivery="D1"))
    assert order.net == pieces(_10=8)
    order.hears(happened(Milestone.DELIVERED, day(4), delivery="D2"))
    assert order.net == pieces(_10=10)


def test_goods_issued_without_naming_a_shipment_are_shipped_but_in_no_shipment() -> None:
    order = order_of(None, ON_SHIP).hears(issued(day(2), shipment=""))
    assert order.kinds == ["RELEASE"]
    other = order_of().hears(issued(day(2), shipment=""), delivered(day(3)))
    assert other.holds == ["SHIPMENT_CONTENTS_UNKNOWN"]


def test_the_order_as_a_whole_delivered_delivers_all_that_was_issued() -> None:
    order = order_of().hears(issued(day(2), {"10": 6}), issued(day(2), {"10": 3}, "S2"), delivered(day(3), ""))
    assert order.net == pieces(_10=9)


def test_lines_stated_for_the_order_as_a_whole_do_not_add_to_those_of_its_shipments() -> None:
    order = order_of().hears(issued(day(2), {"10": 6}), delivered(day(3)), delivered_partial(day(3), {"10": 8}, ""))
    assert order.net == pieces(_10=8)


def test_a_goods_issue_that_lists_nothing_ships_what_was_planned() -> None:
    order = order_of(None, ON_SHIP).hears(issued(day(2), {}))
    assert order.holds == ["SHIPMENT_CONTENTS_UNKNOWN"]
    order.hears(planned(day(1), lines={"10": 10}))
    assert order.kinds == ["RELEASE"]


# -- packages


def test_a_shipment_in_packages_is_delivered_when_each_of_them_is() -> None:
    order = order_of().hears(planned(day(1), packages=("P1", "P2", "P3")), issued(day(2)))
    order.hears(delivered(day(3), package="P1"), delivered(day(4), package="P3"))
    assert order.decisions == []
    assert order.holds == ["NOT_DELIVERED"]
    assert order.state == "PARTIALLY_DELIVERED"
    order.hears(delivered(day(5), package="P2"))
    assert order.release.triggered_at == day(5)


def test_a_shipment_in_packages_is_delivered_when_someone_says_so_of_all_of_it() -> None:
    order = order_of().hears(planned(day(1), packages=("P1", "P2")), issued(day(2)), delivered(day(3)))
    assert order.kinds == ["RELEASE"]


def test_one_package_delivered_twice_is_still_one_package() -> None:
    order = order_of().hears(planned(day(1), packages=("P1", "P2")), issued(day(2)))
    order.hears(delivered(day(3), package="P1"), delivered(day(4), package="P1"))
    assert order.decisions == []


def test_the_goods_issue_may_name_the_packages() -> None:
    order = order_of().hears(issued(day(2), packages=("P1", "P2")), delivered(day(3), package="P1"))
    assert order.decisions == []
    assert order.hears(delivered(day(3, "13:00"), package="P2")).kinds == ["RELEASE"]


def test_a_package_of_an_unknown_number_of_packages_proves_nothing() -> None:
    order = order_of().hears(issued(day(2)), delivered(day(3), package="P1"))
    assert order.decisions == []
    assert order.holds == ["SHIPMENT_CONTENTS_UNKNOWN"]


def test_a_package_whose_number_is_not_given_completes_nothing() -> None:
    order = order_of().hears(planned(day(1), packages=("P1",)), issued(day(2)), delivered(day(3), scope=Scope.PACKAGE))
    assert order.decisions == []
    assert order.holds == ["NOT_DELIVERED"]


def test_case_17_of_three_packages_two_delivered_and_one_lost_nothing_is_guessed() -> None:
    order = order_of().hears(planned(day(1), packages=("P1", "P2", "P3")), issued(day(2)))
    order.hears(delivered(day(3), package="P1"), delivered(day(3), package="P2"))
    assert order.decisions == []
    assert order.holds == ["NOT_DELIVERED"]


def test_packages_prove_their_shipment_when_each_of_them_is_proven() -> None:
    order = order_of(None, ON_POD).hears(planned(day(1), packages=("P1", "P2")), issued(day(2)), delivered(day(3)))
    order.hears(proven(day(4), package="P1"))
    assert order.decisions == []
    order.hears(proven(day(5), package="P2"))
    assert order.release.triggered_at == day(5)


def test_case_18_two_orders_in_one_package_are_judged_by_their_own_contracts() -> None:
    one = ToldOrder(ON_DELIVERY, order_id="ACME:1").hears(released(order_id="ACME:1"), issued(day(2), order_id="ACME:1"))
    other = ToldOrder(ON_POD, order_id="ACME:2").hears(released({"10": 3}, order_id="ACME:2"), issued(day(2), {"10": 3}, order_id="ACME:2"))
    for order in (one, other):
        order.hears(delivered(day(3), order_id=order.order_id))
    assert one.net == pieces(_10=10)
    assert other.decisions == [] and other.holds == ["POD_MISSING"]


# -- proofs


def test_case_21_a_proof_of_less_releases_less() -> None:
    order = order_of(None, ON_POD).hears(issued(day(2)), delivered(day(3)), proven(day(4), lines={"10": 8}))
    assert order.net == pieces(_10=8)
    assert order.holds == ["POD_MISSING"]


def test_a_proof_of_less_overrules_one_that_lists_nothing() -> None:
    order = order_of(None, ON_POD).hears(issued(day(2)), delivered(day(3)), proven(day(4), lines={"10": 8}), proven(day(5)))
    assert order.net == pieces(_10=8)


def test_a_proof_of_less_for_the_order_as_a_whole_overrules_a_shipments_that_lists_nothing() -> None:
    order = order_of(None, ON_POD).hears(issued(day(2)), delivered(day(3)), proven(day(4)), proven(day(5), "", lines={"10": 8}))
    assert order.net == pieces(_10=8)


def test_a_proof_proves_no_more_than_was_delivered() -> None:
    order = order_of(None, ON_POD).hears(issued(day(2)), delivered_partial(day(3), {"10": 6}), proven(day(4), lines={"10": 10}))
    assert order.net == pieces(_10=6)


def test_a_proof_that_lists_nothing_proves_only_the_deliveries_made_by_then() -> None:
    order = order_of(None, ON_POD).hears(issued(day(2)), delivered_partial(day(3), {"10": 6}), proven(day(3, "13:00")), delivered(day(5)))
    assert order.net == pieces(_10=6)
    assert order.holds == ["POD_MISSING"]
    order.hears(proven(day(5, "13:00")))
    assert order.net == pieces(_10=10)


def test_proofs_of_two_partial_deliveries_add_up() -> None:
    order = order_of(None, ON_POD).hears(issued(day(2)), delivered_partial(day(3), {"10": 6}), delivered_partial(day(4), {"10": 4}))
    order.hears(proven(day(3), lines={"10": 6}), proven(day(4), lines={"10": 4}))
    assert order.net == pieces(_10=10)
    assert order.state == "PROVEN"


def test_a_proof_of_unknown_goods_is_held() -> None:
    order = order_of(None, ON_POD).hears(proven(day(3)))
    assert order.decisions == []
    assert order.holds == ["SHIPMENT_CONTENTS_UNKNOWN"]


# -- units


def test_case_24_a_unit_without_a_known_factor_is_held() -> None:
    order = order_of(None, ON_SHIP).hears(issued(day(2), {"10": "2 CS"}))
    assert order.decisions == []
    assert [(reason.code.value, reason.detail) for reason in order.row.hold] == [("UNIT_UNKNOWN", "line 10: CS, ordered in EA")]  # type: ignore[union-attr]


def test_case_24_only_the_line_in_question_is_held() -> None:
    order = order_of({"10": 10, "20": 5}, ON_SHIP).hears(issued(day(2), {"10": "2 CS", "20": 5}))
    assert order.net == pieces(_20=5)
    assert order.holds == ["UNIT_UNKNOWN"]


def test_a_unit_that_the_contract_does_not_look_at_holds_nothing() -> None:
    order = order_of(None, ON_SHIP).hears(issued(day(2)), delivered_partial(day(3), {"10": "2 CS"}))
    assert order.kinds == ["RELEASE"]
    assert order.holds == []


def test_fractions_are_exact() -> None:
    order = order_of({"10": "0.3 KG"}).hears(issued(day(2), {"10": "0.1 KG"}), issued(day(2, "13:00"), {"10": "0.2 KG"}), delivered(day(3)))
    assert order.net == {"10": Decimal("0.3")}
    assert order.kinds == ["RELEASE"]


# -- reversal


def test_case_8_a_reversed_goods_issue_revokes() -> None:
    goods = issued(day(2))
    order = order_of(None, ON_SHIP).hears(goods, retracted(goods))
    assert order.kinds == ["RELEASE", "REVOKE"]
    assert order.net == {}
    assert order.amount == 0


def test_without_partial_invoices_what_is_left_of_a_release_is_revoked_too() -> None:
    second = delivered(day(3), "S2")
    order = order_of(None, ALL_OR_NOTHING).hears(issued(day(2), {"10": 6}), issued(day(2), {"10": 4}, "S2"), delivered(day(3)), second)
    assert order.kinds == ["RELEASE"]
    order.hears(retracted(second))
    assert order.net == {}
    assert order.holds == ["INCOMPLETE", "NOT_DELIVERED"]
