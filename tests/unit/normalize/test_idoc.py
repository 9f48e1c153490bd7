"""SAP IDocs: orders, deliveries, proofs and invoices; numbers, dates and units as SAP writes them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from streams.contracts.messages import decode
from streams.deadletter.reasons import Reason
from streams.domain.event import Event, Exceptional, LineQuantity, OrderLine
from streams.domain.instant import TimeQuality
from streams.domain.vocabulary import Effect, Milestone, ReasonClass, Scope
from streams.hop import DeadLetter, Output
from streams.topics import ERP_RAW, WMS_RAW
from tests.unit.domain.telling import ORDER_ID, ToldOrder, terms
from tests.unit.normalize.reading import emitted, event, later, links, messages, raw, refusal
from tests.unit.normalize.vendors import vendor

ORDERS, DELVRY, INVOIC = (vendor(f"sap.{name}.v1") for name in ("orders05", "delvry07", "invoic02"))


def orders(**changes: Any) -> dict[str, Any]:
    record = ORDERS.record()
    record["ORDERS05"]["IDOC"]["E1EDK01"] |= changes
    return record


def with_item(**changes: Any) -> dict[str, Any]:
    record = ORDERS.record()
    record["ORDERS05"]["IDOC"]["E1EDP01"][0] |= changes
    return record


def delivery(mestyp: str = "DESADV", **changes: Any) -> dict[str, Any]:
    record = DELVRY.record()
    record["DELVRY07"]["IDOC"]["EDI_DC40"] |= {"MESTYP": mestyp, "RCVPRN": "S4HCLNT100"}
    record["DELVRY07"]["IDOC"]["E1EDL20"] |= changes
    return record


def invoice(**changes: Any) -> dict[str, Any]:
    record = INVOIC.record()
    record["INVOIC02"]["IDOC"] |= changes
    return record


def events(topic: str, record: Any, **headers: str) -> list[Event]:
    return [one for one in messages(topic, record, headers) if isinstance(one, Event)]


# -- ORDERS05


def test_an_order_is_read_whole_with_leading_zeros_units_and_price_units_as_we_write_them() -> None:
    said = event(ERP_RAW, ORDERS.record())
    assert (said.milestone, said.order_id) == (Milestone.ORDER_RELEASED, "S4HCLNT100:4711")
    assert said.order is not None
    assert (said.order.customer, said.order.currency, said.order.terms_id) == ("10023", "EUR", "NT30")
    assert said.order.lines == (
        OrderLine("10", "4712", Decimal(10), "EA", Decimal("2.5")),
        OrderLine("20", "GREASE-1", Decimal("2.5"), "KG", Decimal(5)),
        OrderLine("30", "4714", Decimal(0), "EA", Decimal(0)),
    )


def test_a_cancelled_or_rejected_item_stands_at_zero() -> None:
    for changed in ({"ACTION": "003"}, {"ABGRU": "92"}):
        order = event(ERP_RAW, with_item(**changed)).order
        assert order is not None
        assert order.lines[0].quantity == 0


def test_the_price_is_that_of_one_unit_where_it_stands_for_a_hundred() -> None:
    record = with_item(NETWR="", VPREI="250.00", PEINH="100")
    order = event(ERP_RAW, record).order
    assert order is not None
    assert order.lines[0].unit_price == Decimal("2.5")


def test_the_later_document_counts() -> None:
    first, second = ORDERS.record(), ORDERS.record()
    second["ORDERS05"]["IDOC"]["EDI_DC40"]["CRETIM"] = "091501"
    numbers = [order.revision for record in (first, second) if (order := event(ERP_RAW, record).order)]
    assert numbers[1] == numbers[0] + 1


def test_a_reversed_document_cancels_the_order_and_a_change_of_items_only_is_parked() -> None:
    assert event(ERP_RAW, orders(ACTION="001")).milestone is Milestone.ORDER_CANCELLED
    record = orders(ACTION="003")
    record["ORDERS05"]["IDOC"]["EDI_DC40"]["MESTYP"] = "ORDCHG"
    assert refusal(ERP_RAW, record).reason is Reason.UNMAPPED_CODE


def test_items_that_are_cancelled_alone_leave_the_rest_of_the_order() -> None:
    record = orders(ACTION="003")
    idoc = record["ORDERS05"]["IDOC"]
    idoc["EDI_DC40"]["MESTYP"] = "ORDCHG"
    idoc["E1EDP01"] = [idoc["E1EDP01"][0] | {"ACTION": "003"}]
    said = event(ERP_RAW, record)
    assert (said.milestone, said.scope) == (Milestone.ORDER_CANCELLED, Scope.LINE)
    (line,) = said.lines
    whole = event(ERP_RAW, ORDERS.record())
    assert whole.order is not None
    one, *rest = whole.order.lines
    assert rest and (line.line, line.quantity) == (one.line, 0)
    order = ToldOrder(terms()).hears(replace(whole, order_id=ORDER_ID), replace(said, order_id=ORDER_ID))
    assert order.row is not None and order.row.dossier is not None
    assert order.row.dossier.cancelled_lines == {one.line: one.quantity}
    assert not order.row.dossier.cancelled
    idoc["E1EDP01"].append(idoc["E1EDP01"][0] | {"POSEX": "000020", "ACTION": "002"})
    assert "have changes sent as ORDERS or ORDRSP" in refusal(ERP_RAW, record).message


def test_the_sellers_number_the_contract_and_the_company_of_the_header_lead() -> None:
    record = ORDERS.record()
    record["ORDERS05"]["IDOC"]["E1EDK02"] = [{"QUALF": "002", "BELNR": "0000004799"}, {"QUALF": "005", "BELNR": "K-1"}]
    said = event(ERP_RAW, record, {"company": "1000"})
    assert said.order_id == "1000:4799"
    assert said.order is not None
    assert said.order.terms_id == "K-1"


def test_an_order_that_cannot_be_read_is_held() -> None:
    letter = refusal(ERP_RAW, with_item(MENGE="ten"))
    assert (letter.reason, letter.order_ids) == (Reason.QTY_INVALID, ("S4HCLNT100:4711",))
    assert "E1EDP01[0].MENGE" in letter.message


def test_a_control_record_of_lists_is_refused() -> None:
    record = ORDERS.record()
    record["ORDERS05"]["IDOC"]["EDI_DC40"]["MESTYP"] = ["ORDERS"] * 3
    assert refusal(ERP_RAW, record).order_ids == ("S4HCLNT100:4711",)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("10.000", "10"),
        ("1.234,500", "1234.5"),
        ("1,234.500", "1234.5"),
        ("12,5", "12.5"),
        ("0,125", "0.125"),
        (" 7 ", "7"),
        ("1.234", "1.234"),
    ],
)
def test_numbers_are_read_as_sap_and_german_systems_write_them(text: str, quantity: str) -> None:
    order = event(ERP_RAW, with_item(MENGE=text)).order
    assert order is not None
    assert order.lines[0].quantity == Decimal(quantity)


@pytest.mark.parametrize("text", ["1,234", "12,345", "1.2.3", "1e5", "5-", "9" * 50, "", "٣", "0x10"])
def test_a_number_that_could_be_two_or_none_is_refused(text: str) -> None:
    assert refusal(ERP_RAW, with_item(MENGE=text)).reason is Reason.QTY_INVALID


@pytest.mark.parametrize(("date", "time"), [("20260601", "091500"), ("01.06.2026", "09:15:00"), ("2026-06-01", "091500")])
def test_dates_are_read_as_sap_and_german_systems_write_them_in_the_zone_of_the_header(date: str, time: str) -> None:
    record = ORDERS.record()
    record["ORDERS05"]["IDOC"]["EDI_DC40"] |= {"CREDAT": date, "CRETIM": time}
    at = event(ERP_RAW, record, {"zone": "Europe/Berlin"}).at
    assert (at.utc.isoformat(), at.offset_minutes, at.quality) == ("2026-06-01T07:15:00+00:00", 120, TimeQuality.PARTNER_DEFAULT)


def test_without_a_zone_or_a_time_of_day_the_quality_is_unknown() -> None:
    record = ORDERS.record()
    assert event(ERP_RAW, record).at.quality is TimeQuality.UNKNOWN
    record["ORDERS05"]["IDOC"]["EDI_DC40"]["CRETIM"] = ""
    assert event(ERP_RAW, record, {"zone": "Europe/Berlin"}).at.quality is TimeQuality.UNKNOWN


@pytest.mark.parametrize(("date", "zone"), [("00000000", ""), ("20261301", ""), ("", ""), ("20260601", "Mars/Base")])
def test_a_date_that_is_none_and_a_zone_that_nobody_knows_are_refused(date: str, zone: str) -> None:
    record = ORDERS.record()
    record["ORDERS05"]["IDOC"]["EDI_DC40"]["CREDAT"] = date
    assert refusal(ERP_RAW, record, {"zone": zone} if zone else {}).reason is Reason.TIME_INVALID


def test_one_bad_document_of_a_packet_does_not_take_its_neighbours_along() -> None:
    good, bad = ORDERS.record()["ORDERS05"]["IDOC"], with_item(MENGE="ten")["ORDERS05"]["IDOC"]
    found = emitted(raw(ERP_RAW, {"ORDERS05": {"IDOC": [good, bad]}}))
    (said,) = (decode(each.value or b"") for each in found if isinstance(each, Output))
    (letter,) = (each for each in found if isinstance(each, DeadLetter))
    assert isinstance(said, Event)
    assert "1 of 2 documents refused; IDOC[1]" in letter.message


@pytest.mark.parametrize("frame", [None, {}, {"IDOC": None}, {"IDOC": []}, {"IDOC": [1] * 1001}, {"IDOC": "x"}])
def test_a_frame_without_documents_is_refused(frame: Any) -> None:
    assert refusal(ERP_RAW, {"ORDERS05": frame}).reason is Reason.SCHEMA_INVALID


# -- DELVRY07


def test_a_goods_issue_is_told_to_each_order_of_the_delivery_with_batches_summed() -> None:
    said = events(ERP_RAW, DELVRY.record())
    assert [(one.order_id, one.lines) for one in said] == [
        ("S4HCLNT100:4711", (LineQuantity("10", Decimal(10), "EA"),)),
        ("S4HCLNT100:4712", (LineQuantity("10", Decimal(3), "KG"),)),
    ]
    assert {(one.milestone, one.scope, one.delivery_id) for one in said} == {(Milestone.GOODS_ISSUED, Scope.DELIVERY, "80000001")}
    assert said[0].at.raw == "20260601 100000", "the actual date, not the planned one"


def test_the_numbers_of_a_delivery_are_linked_to_its_orders() -> None:
    assert {(link.reference, link.order_id) for link in links(ERP_RAW, DELVRY.record())} == {
        (reference, f"S4HCLNT100:{order}")
        for reference in ("delivery:S4HCLNT100:80000001", "bol:S4HCLNT100:BOL-9")
        for order in ("4711", "4712")
    }


def test_a_planned_goods_issue_is_no_goods_issue() -> None:
    letter = refusal(ERP_RAW, delivery(E1EDT13={"QUALF": "006", "NTANF": "20260531"}))
    assert (letter.reason, letter.order_ids) == (Reason.TIME_INVALID, ("S4HCLNT100:4711", "S4HCLNT100:4712"))


def test_a_warehouse_confirms_pick_and_goods_issue_in_one_document() -> None:
    dates = [{"QUALF": "006", "ISDD": "20260601", "ISDZ": "100000"}, {"QUALF": "010", "ISDD": "20260601", "ISDZ": "093000"}]
    functions = [{"QUALF": "PIC"}, {"QUALF": "GWT"}, {"QUALF": "PGI"}]
    said = events(WMS_RAW, delivery("SHPCON", E1EDL18=functions, E1EDT13=dates))
    assert [one.milestone for one in said] == [Milestone.PICK_COMPLETED] * 2 + [Milestone.GOODS_ISSUED] * 2


def test_a_pick_without_order_items_is_found_by_its_delivery_and_a_goods_issue_is_refused() -> None:
    item = {"POSNR": "000010", "LFIMG": "5.000", "VRKME": "PCE"}
    dates = [{"QUALF": "010", "ISDD": "20260601", "ISDZ": "093000"}, {"QUALF": "006", "ISDD": "20260601", "ISDZ": "100000"}]
    picked = event(WMS_RAW, delivery("SHPCON", E1EDL18={"QUALF": "PIC"}, E1EDL24=item, E1EDT13=dates))
    assert (picked.references, picked.lines) == (("delivery:S4HCLNT100:80000001",), ())
    letter = refusal(WMS_RAW, delivery("SHPCON", E1EDL18={"QUALF": "PGI"}, E1EDL24=item, E1EDT13=dates))
    assert "VGBEL and VGPOS are needed" in letter.message


def proof(**difference: str) -> dict[str, Any]:
    record = delivery("STPPOD", PODAT="20260601", POTIM="120000")
    items = record["DELVRY07"]["IDOC"]["E1EDL20"]["E1EDL24"]
    if difference:
        items[1]["E1EDL53"] = difference
    return record


def test_a_proof_without_differences_proves_what_was_sent() -> None:
    said = events(ERP_RAW, proof())
    assert [(one.milestone, one.lines[0].quantity) for one in said] == [(Milestone.POD_RECEIVED, 10), (Milestone.POD_RECEIVED, 3)]


@pytest.mark.parametrize(
    ("difference", "proven", "reason"),
    [
        ({"PODMG": "5.000"}, "9", ReasonClass.SHORTAGE),
        ({"PODMG": "8.000"}, "12", ReasonClass.OVERAGE),
        ({"LFIMG_DIFF": "2.000-"}, "8", ReasonClass.SHORTAGE),
        ({"LFIMG_DIFF": "2.000", "GRUND": "DMG1"}, "8", ReasonClass.SHORTAGE),
        ({"PODMG": "0.000"}, "4", ReasonClass.SHORTAGE),
    ],
)
def test_a_proof_with_a_difference_proves_what_arrived_and_says_why(difference: dict[str, str], proven: str, reason: ReasonClass) -> None:
    first, second = events(ERP_RAW, proof(**difference))
    assert (first.milestone, first.lines) == (Milestone.POD_DIFFERENCE, (LineQuantity("10", Decimal(proven), "EA"),))
    assert first.exceptional is not None
    assert (first.exceptional.reason, first.exceptional.effect) == (reason, Effect.INFO)
    assert second.milestone is Milestone.POD_RECEIVED, "the other order got all that was sent"


def test_a_difference_of_nothing_is_none() -> None:
    assert events(ERP_RAW, proof(PODMG="6.000"))[0] == events(ERP_RAW, proof())[0]


def test_the_difference_is_shown_to_a_person() -> None:
    said = events(ERP_RAW, proof(PODMG="5.000"))[0].exceptional
    assert said == Exceptional(ReasonClass.SHORTAGE, Effect.INFO, "item 000010: 5 of 6")


# -- INVOIC02


def test_an_invoice_covers_its_order_with_lines_and_net_amount() -> None:
    said = event(ERP_RAW, INVOIC.record())
    assert said.invoice is not None
    assert (said.order_id, said.invoice.number, said.invoice.amount) == ("S4HCLNT100:4711", "90000017", Decimal("37.50"))
    assert said.lines == (LineQuantity("10", Decimal(10), "EA"), LineQuantity("20", Decimal("2.5"), "KG"))


def test_an_invoice_over_several_orders_gives_each_its_own_part() -> None:
    items = deepcopy(INVOIC.record()["INVOIC02"]["IDOC"]["E1EDP01"])
    items[1]["E1EDP02"]["BELNR"] = "4712"
    said = events(ERP_RAW, invoice(E1EDP01=items))
    assert [(one.order_id[-4:], one.invoice.number, str(one.invoice.amount)) for one in said if one.invoice] == [
        ("4711", "90000017", "25.00"),
        ("4712", "90000017", "12.50"),
    ]


def test_an_invoice_of_unknown_kind_is_parked_and_holds_its_order() -> None:
    record = INVOIC.record()
    del record["INVOIC02"]["IDOC"]["E1EDK01"]["BSART"]
    letter = refusal(ERP_RAW, record)
    assert (letter.reason, letter.order_ids) == (Reason.UNMAPPED_CODE, ("S4HCLNT100:4711",))


def test_a_credit_memo_is_no_invoice() -> None:
    record = INVOIC.record()
    record["INVOIC02"]["IDOC"]["E1EDK01"]["BSART"] = "CRME"
    assert event(ERP_RAW, record).milestone is Milestone.CREDIT_MEMO_POSTED


def test_an_item_that_names_no_order_is_refused() -> None:
    items = deepcopy(INVOIC.record()["INVOIC02"]["IDOC"]["E1EDP01"])
    del items[0]["E1EDP02"]
    assert "E1EDP02 with qualifier 002 is needed" in refusal(ERP_RAW, invoice(E1EDP01=items)).message


@pytest.mark.parametrize("each", [ORDERS, INVOIC], ids=lambda each: each.format)
def test_the_same_document_later_is_the_same_statement(each: Any) -> None:
    first, again = event(ERP_RAW, each.xml()), event(ERP_RAW, each.xml(), arrived=later(days=2))
    assert first.event_id == again.event_id
