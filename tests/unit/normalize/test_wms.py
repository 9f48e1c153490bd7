"""WMS records: picks and goods issues with their quantities, and the links that a goods issue makes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import LineQuantity
from streams.domain.vocabulary import Milestone, Scope
from streams.normalize.references import DEFAULT_VALID_DAYS, HEAD_START
from streams.topics import WMS_RAW
from tests.unit.normalize.reading import event, links, outputs, refusal, why
from tests.unit.normalize.records import LINES, WMS_HEAD

PICKED = {**WMS_HEAD, "type": "pick.completed", "lines": LINES}
ISSUED = {**WMS_HEAD, "type": "goods.issued", "lines": LINES, "delivery": "0080000001", "shipment": "s-77"}


def issued_with(*references: dict[str, Any]) -> dict[str, Any]:
    return {**ISSUED, "references": list(references)}


def tracking(value: str) -> dict[str, Any]:
    return {"kind": "tracking", "issuer": "BLPX", "value": value}


def test_a_pick_names_its_order_and_lines() -> None:
    said = event(WMS_RAW, PICKED)
    assert (said.milestone, said.scope, said.order_id) == (Milestone.PICK_COMPLETED, Scope.ORDER, "1000:4711")
    assert said.lines == (LineQuantity("10", Decimal(5), "EA"), LineQuantity("20", Decimal("2.5"), "KG"))
    assert (said.at.offset_minutes, said.lineage.system) == (120, "WMS-HAM")


def test_a_goods_issue_names_delivery_and_shipment_as_every_system_writes_them() -> None:
    said = event(WMS_RAW, ISSUED)
    assert (said.milestone, said.scope) == (Milestone.GOODS_ISSUED, Scope.DELIVERY)
    assert (said.delivery_id, said.shipment_id) == ("80000001", "S-77")


@pytest.mark.parametrize(
    ("without", "scope"), [((), Scope.DELIVERY), (("delivery",), Scope.SHIPMENT), (("delivery", "shipment"), Scope.ORDER)]
)
def test_the_scope_is_the_narrowest_that_is_named(without: tuple[str, ...], scope: Scope) -> None:
    assert event(WMS_RAW, {name: value for name, value in ISSUED.items() if name not in without}).scope is scope


def test_the_same_line_from_two_bins_counts_once_with_the_sum() -> None:
    lines = [{"line": "10", "quantity": 2}, {"line": "10", "quantity": "3.5"}, {"line": "10", "quantity": 1, "uom": "BOX"}]
    said = event(WMS_RAW, {**PICKED, "lines": lines})
    assert said.lines == (LineQuantity("10", Decimal("5.5"), "EA"), LineQuantity("10", Decimal(1), "BOX"))


def test_two_picks_confirmed_in_one_second_are_two_and_one_told_twice_is_one() -> None:
    first = event(WMS_RAW, {**PICKED, "lines": [{"line": "10", "quantity": 5}]})
    assert event(WMS_RAW, {**PICKED, "lines": [{"line": "20", "quantity": 5}]}).event_id != first.event_id
    assert event(WMS_RAW, {**PICKED, "lines": [{"line": "10", "quantity": "5.00"}], "id": "other"}).event_id == first.event_id


def test_a_goods_issue_without_references_links_nothing() -> None:
    assert links(WMS_RAW, ISSUED) == []


def test_one_tracking_number_stands_for_the_whole_shipment_from_a_week_before_it_is_said() -> None:
    record = issued_with(tracking("BLP1"))
    (link,) = links(WMS_RAW, record)
    assert (link.reference, link.order_id, link.shipment_id, link.delivery_id, link.package_id) == (
        "tracking:BLPX:BLP1",
        "1000:4711",
        "S-77",
        "80000001",
        "",
    )
    said_at = event(WMS_RAW, record).at.utc
    assert (link.valid_from, link.valid_to) == (said_at - HEAD_START, said_at + timedelta(days=DEFAULT_VALID_DAYS))
    assert not link.shared


def test_several_tracking_numbers_are_several_packages() -> None:
    record = issued_with(tracking("BLP1"), tracking("BLP2"), {"kind": "pro", "issuer": "OLDF", "value": "0077"})
    assert {link.reference: link.package_id for link in links(WMS_RAW, record)} == {
        "tracking:BLPX:BLP1": "BLP1",
        "tracking:BLPX:BLP2": "BLP2",
        "pro:OLDF:77": "",
    }
    assert event(WMS_RAW, record).packages == ("BLP1", "BLP2")


def test_a_reference_given_twice_is_linked_once() -> None:
    assert len(links(WMS_RAW, issued_with(tracking("BLP1"), tracking(" blp1 ")))) == 1


def test_a_link_goes_where_its_reference_lives_and_the_event_to_its_order() -> None:
    assert {(output.topic, output.key) for output in outputs(WMS_RAW, issued_with(tracking("BLP1")))} == {
        ("shipment.events", b"1000:4711"),
        ("shipment.references", b"tracking:BLPX:BLP1"),
    }


def test_a_record_without_lines_is_refused() -> None:
    assert why(WMS_RAW, {**PICKED, "lines": []})[1].startswith("lines: ")
    assert why(WMS_RAW, {**WMS_HEAD, "type": "goods.issued"}) == (Reason.SCHEMA_INVALID, "lines: Field required")


def test_a_reference_of_unknown_kind_is_refused_by_name() -> None:
    letter = refusal(WMS_RAW, issued_with({"kind": "carrier-pigeon", "issuer": "X", "value": "1"}))
    assert letter.reason is Reason.SCHEMA_INVALID
    assert letter.message.startswith("references[0].kind: ")
    assert letter.order_ids == ("1000:4711",)
