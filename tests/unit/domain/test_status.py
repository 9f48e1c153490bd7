"""How far an order and its shipments are."""

from __future__ import annotations

from streams.domain.decisions import OrderState, ShipmentStatus
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Classifier, Milestone
from tests.unit.domain.telling import (
    ToldOrder,
    day,
    delivered,
    delivered_partial,
    exception,
    happened,
    in_transit,
    issued,
    picked,
    planned,
    proven,
    released,
    terms,
)

ON_POD = terms(Trigger.ON_POD)


def test_the_steps_of_an_order_that_nobody_scans() -> None:
    order = ToldOrder(ON_POD)
    states = [
        order.hears(message).state
        for message in (
            released(),
            picked(day(2)),
            issued(day(2, "13:00"), {"10": 4}),
            issued(day(2, "14:00"), {"10": 6}, "S2"),
            happened(Milestone.DISPATCHED, day(2, "15:00"), shipment="S1"),
            happened(Milestone.OUT_FOR_DELIVERY, day(2, "16:00"), shipment="S1"),
            delivered(day(3)),
            delivered(day(4), "S2"),
            proven(day(4)),
            proven(day(4), "S2"),
        )
    ]
    assert states == [
        "RELEASED",
        "PICKED",
        "PARTIALLY_SHIPPED",
        "SHIPPED",
        "IN_TRANSIT",
        "OUT_FOR_DELIVERY",
        "PARTIALLY_DELIVERED",
        "DELIVERED",
        "DELIVERED",
        "PROVEN",
    ]


def test_a_later_scan_does_not_move_an_order_back() -> None:
    order = ToldOrder(ON_POD).hears(released(), issued(day(2)), delivered(day(3)), in_transit(day(4)))
    assert order.state == "DELIVERED"


def test_each_shipment_has_its_own_state() -> None:
    order = ToldOrder(ON_POD).hears(
        released(),
        planned(day(1), "S0"),
        issued(day(2), {"10": 4}, "S1"),
        issued(day(2), {"10": 6}, "S2"),
        in_transit(day(2, "13:00"), "S2"),
        delivered(day(3), "S1"),
        proven(day(4), "S1"),
        happened(Milestone.ETA_UPDATED, day(5), shipment="S2", classifier=Classifier.EST),
        in_transit(day(3), "S7"),
    )
    status = order.said_status[-1]
    assert status.shipments == (
        ShipmentStatus("S0", OrderState.RELEASED),
        ShipmentStatus("S1", OrderState.PROVEN, day(3), day(4)),
        ShipmentStatus("S2", OrderState.IN_TRANSIT, eta=day(5)),
        ShipmentStatus("S7", OrderState.IN_TRANSIT),
    )
    assert status.last_event_at == day(4)
    assert status.order_id == order.order_id


def test_a_shipment_delivered_with_unknown_contents_is_delivered_all_the_same() -> None:
    order = ToldOrder(ON_POD).hears(released(), delivered(day(3)), proven(day(4)))
    assert order.row.status.shipments[0][1:4] == (OrderState.PROVEN, day(3), day(4))  # type: ignore[union-attr]
    assert order.state == "PARTIALLY_DELIVERED"


def test_partial_deliveries_that_reach_everything_are_a_delivery() -> None:
    order = ToldOrder(ON_POD).hears(released(), issued(day(2)), delivered_partial(day(3), {"10": 6}), delivered_partial(day(4), {"10": 4}))
    assert order.row.status.shipments[0][1:3] == (OrderState.DELIVERED, day(4))  # type: ignore[union-attr]


def test_a_delivery_without_a_shipment_stands_under_its_own_number_until_its_shipment_is_known() -> None:
    order = ToldOrder(ON_POD).hears(released(), issued(day(2), shipment="", delivery="D1"))
    assert [mark.shipment_id for mark in order.row.status.shipments] == ["D1"]  # type: ignore[union-attr]
    order.hears(planned(day(1), "S1", "D1"))
    assert [mark.shipment_id for mark in order.row.status.shipments] == ["S1"]  # type: ignore[union-attr]


def test_what_happens_to_a_delivery_happens_to_its_shipment() -> None:
    order = ToldOrder(ON_POD).hears(
        released(),
        planned(day(1), "S1", "D1"),
        happened(Milestone.IN_TRANSIT, day(2), shipment="S1"),
        happened(Milestone.OUT_FOR_DELIVERY, day(3), delivery="D1"),
        happened(Milestone.IN_TRANSIT, day(3), delivery="D1"),
    )
    assert [mark[:2] for mark in order.row.status.shipments] == [("S1", OrderState.OUT_FOR_DELIVERY)]  # type: ignore[union-attr]


def test_an_estimate_of_the_carrier_beats_the_plan() -> None:
    order = ToldOrder(ON_POD).hears(
        released(),
        happened(Milestone.DELIVERED, day(5), shipment="S1", classifier=Classifier.EST, ingested_at=day(2)),
        happened(Milestone.DELIVERED, day(6), shipment="S1", classifier=Classifier.PLN, ingested_at=day(3)),
    )
    assert order.row.status.shipments[0].eta == day(5)  # type: ignore[union-attr]


def test_status_names_open_exceptions_once() -> None:
    order = ToldOrder(ON_POD).hears(released(), exception(day(2), "X2"), exception(day(2), "X1"), exception(day(3), "X1"))
    assert order.said_status[-1].open_exceptions == ("X1", "X2")
