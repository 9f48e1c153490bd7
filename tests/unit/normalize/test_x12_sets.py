"""X12 sets of warehouses, loads and bills: from a partner's file to statements and links."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import Exceptional, Freight, FreightCharge, Handling, Invoice, LineQuantity
from streams.domain.instant import TimeQuality
from streams.domain.vocabulary import Classifier, Milestone, Scope
from streams.normalize.codes import Meaning, code_map
from streams.topics import CARRIER_RAW, ERP_RAW, TMS_RAW, WMS_RAW
from tests.unit.normalize.edi_sets import BODIES, PARTNER, record, refused, said, value

NOON = datetime(2026, 6, 1, 12, 15, tzinfo=UTC)
"""07:15 in Chicago."""

TOPICS = {"204": TMS_RAW, "210": CARRIER_RAW, "810": ERP_RAW, "812": ERP_RAW, "856": WMS_RAW, "940": WMS_RAW}
TOPICS |= {"944": WMS_RAW, "945": WMS_RAW, "990": CARRIER_RAW}

MAPS = {
    "940": lambda code: ["W05*N*4711".replace("*N*", f"*{code}*")],
    "945": lambda code: [each.replace("W12*CC*", f"W12*{code}*") for each in BODIES["945"] if not each.startswith(("W12*CP", "N9*LI*20"))],
    "856": lambda code: [BODIES["856"][0].replace("*00*", f"*{code}*"), *BODIES["856"][1:]],
    "204": lambda code: [each.replace("B2A*00", f"B2A*{code}") for each in BODIES["204"]],
    "990": lambda code: [f"B1*OLDF*80000001*20260601*{code}"],
    "812": lambda code: [BODIES["812"][0].replace("*C*", f"*{code}*"), *BODIES["812"][1:]],
}
ROWS = [(set, row) for set in MAPS for row in code_map(f"x12.{set}").rows.values()]


def changed(set: str, old: str, new: str) -> list[str]:
    """A body with one piece of text replaced; fails where it is not there."""
    body = [each.replace(old, new) for each in BODIES[set]]
    assert body != BODIES[set]
    return body


@pytest.mark.parametrize(
    ("set", "topic"),
    [*((set, TOPICS[set]) for set in BODIES), ("850", ERP_RAW)],
)
def test_each_set_has_its_topic_and_one_that_nobody_reads_is_kept(set: str, topic: str) -> None:
    output = record(set, BODIES.get(set, ["BEG*00*SA*1"]))
    assert output.topic == topic
    assert dict(output.headers)["format"] == f"x12.{set}".encode()
    assert dict(output.headers)["partner"] == b"northwind"
    if set == "850":
        assert refused(output).reason is Reason.UNKNOWN_FORMAT
    else:
        assert said(output)[0]


@pytest.mark.parametrize(("set", "row"), ROWS, ids=lambda part: part if isinstance(part, str) else part.code)
def test_each_code_says_what_its_row_says(set: str, row: Meaning) -> None:
    events, _ = said(record(set, MAPS[set](row.code)))
    (event, *_) = [each for each in events if each.milestone is row.milestone]
    assert event.classifier is row.classifier
    assert event.lineage.map_version == code_map(f"x12.{set}").version
    if row.reason and row.effect:
        assert event.exceptional == Exceptional(row.reason, row.effect)


@pytest.mark.parametrize("set", sorted(MAPS))
def test_h4_a_code_without_a_row_is_parked_and_names_its_order(set: str) -> None:
    letter = refused(record(set, MAPS[set]("ZZ")))
    assert letter.reason is Reason.UNMAPPED_CODE
    assert set in ("204", "990") or "1000:4711" in letter.order_ids


@pytest.mark.parametrize("set", sorted(set(BODIES) - {"990", "210"}))
def test_without_an_agreed_company_nobody_knows_whose_order_it_is(set: str) -> None:
    letter = refused(record(set, partner=None))
    assert letter.reason is Reason.SCHEMA_INVALID
    assert "company" in letter.message


# ---- 945


def test_945_issues_goods_by_line_and_links_every_number_that_scans_will_name() -> None:
    (issue, short), links = said(record("945"))
    assert (issue.milestone, issue.scope, issue.order_id, issue.shipment_id) == (
        Milestone.GOODS_ISSUED,
        Scope.SHIPMENT,
        "1000:4711",
        "S-77",
    )
    assert issue.lines == (LineQuantity("10", Decimal(5), "EA"), LineQuantity("20", Decimal("2.5"), "KG"))
    assert (issue.at.utc, issue.at.quality) == (NOON, TimeQuality.PARTNER_DEFAULT)
    assert issue.packages == ("T-1", "T-2")
    assert (short.milestone, short.lines, short.lineage.code) == (
        Milestone.PICK_SHORTED,
        (LineQuantity("20", Decimal("1.5"), "KG"),),
        "CP",
    )
    assert {(link.reference, link.package_id) for link in links} == {
        ("bol:WMS-N:BOL-77", ""),
        ("bol:OLDF:BOL-77", ""),
        ("pro:OLDF:12345678", ""),
        ("shipment:WMS-N:S-77", ""),
        ("tracking:OLDF:T-1", "T-1"),
        ("tracking:OLDF:T-2", "T-2"),
        ("tracking:GS1:100000000000000011", ""),
        ("tracking:GS1:100000000000000028", ""),
    }
    assert {(link.order_id, link.shipment_id) for link in links} == {("1000:4711", "S-77")}


def test_945_with_sscc_alone_has_those_as_packages() -> None:
    (issue, _), _ = said(record("945", [each.replace("**CP*T-1", "").replace("**CP*T-2", "") for each in BODIES["945"]]))
    assert issue.packages == ("100000000000000011", "100000000000000028")


def test_945_lots_of_one_line_count_with_their_sum() -> None:
    (issue, *_), _ = said(record("945", changed("945", "N9*LI*20", "N9*LI*10")))
    assert [(line.line, line.uom) for line in issue.lines] == [("10", "EA"), ("10", "KG")]
    (issue, *_), _ = said(record("945", [each.replace("*KG*", "*EA*") for each in changed("945", "N9*LI*20", "N9*LI*10")]))
    assert issue.lines == (LineQuantity("10", Decimal("7.5"), "EA"),)


def test_945_of_a_date_without_a_time_is_that_day_with_unknown_quality_however_often_it_is_sent() -> None:
    body = [each for each in BODIES["945"] if not each.startswith("G62")]
    (issue, _), _ = said(record("945", body))
    assert (issue.at.utc, issue.at.quality) == (datetime(2026, 6, 1, 5, tzinfo=UTC), TimeQuality.UNKNOWN)


def test_945_of_nothing_but_backorders_issues_nothing() -> None:
    body = [each for each in changed("945", "W12*CC*5*5*0", "W12*BO*5**5") if not each.startswith(("W12*CP", "N9*LI*20"))]
    (short,), links = said(record("945", body))
    assert (short.milestone, short.lines) == (Milestone.PICK_SHORTED, (LineQuantity("10", Decimal(5), "EA"),))
    assert links == []


def test_945_that_ships_nothing_and_misses_nothing_is_refused_and_holds_its_order() -> None:
    body = [each for each in changed("945", "W12*CC*5*5*0", "W12*CC*5*0*0") if not each.startswith(("W12*CP", "N9*LI*20"))]
    letter = refused(record("945", body))
    assert (letter.reason, letter.order_ids) == (Reason.SCHEMA_INVALID, ("1000:4711",))
    assert "nothing was shipped" in letter.message


def test_856_in_which_every_quantity_is_zero_is_refused_and_holds_its_orders() -> None:
    body = [f"{each[:6]}*0*EA" if each.startswith("SN1") else each for each in BODIES["856"]]
    letter = refused(record("856", body))
    assert (letter.reason, set(letter.order_ids)) == (Reason.SCHEMA_INVALID, {"1000:4711", "1000:4712"})
    assert "no quantity above zero" in letter.message


def test_945_says_of_which_lines_no_more_will_come_and_for_which_another_article_was_sent() -> None:
    (issue, _), _ = said(record("945"))
    assert issue.handling == Handling(final=("20",))
    (issue, _), _ = said(record("945", changed("945", "W12*CC", "W12*CS")))
    assert issue.handling == Handling(final=("20",), substituted=("10",))
    (issue, _), _ = said(record("945", changed("945", "W12*CP", "W12*BP")))
    assert issue.handling is None


def test_945_item_without_its_line_is_refused_and_holds_the_order() -> None:
    letter = refused(record("945", [each for each in BODIES["945"] if each != "N9*LI*20"]))
    assert (letter.reason, letter.order_ids) == (Reason.SCHEMA_INVALID, ("1000:4711",))
    assert "N9 with LI" in letter.message


@pytest.mark.parametrize("amount", ["-1", "1e5", "", "9" * 40, "1,5", "½"])
def test_945_quantity_that_is_none_is_refused(amount: str) -> None:
    letter = refused(record("945", changed("945", "W12*CC*5*5*0", f"W12*CC*5*{amount}x*0")))
    assert letter.reason is Reason.QTY_INVALID


# ---- 940, 944


def test_940_is_a_plan_that_never_moves_an_order() -> None:
    (planned,), links = said(record("940"))
    assert (planned.milestone, planned.classifier, planned.order_id) == (Milestone.ORDER_RELEASED, Classifier.PLN, "1000:4711")
    assert {link.reference for link in links} == {"bol:WMS-N:BOL-77", "bol:OLDF:BOL-77"}
    (cancelled,), links = said(record("940", changed("940", "W05*N", "W05*F")))
    assert (cancelled.milestone, cancelled.classifier, links) == (Milestone.ORDER_CANCELLED, Classifier.PLN, [])


def test_944_receives_returned_goods_by_line() -> None:
    (receipt,), _ = said(record("944"))
    assert (receipt.milestone, receipt.lines) == (Milestone.RETURN_RECEIVED, (LineQuantity("10", Decimal(2), "EA"),))
    assert receipt.at.utc == datetime(2026, 6, 1, 13, 30, tzinfo=UTC)


# ---- 856


def test_856_issues_goods_for_each_order_and_links_its_packages() -> None:
    (first, second), links = said(record("856"))
    assert (first.order_id, first.lines) == ("1000:4711", (LineQuantity("10", Decimal(5), "EA"),))
    assert (second.order_id, second.lines) == ("1000:4712", (LineQuantity("20", Decimal(1), "EA"),))
    assert (first.packages, second.packages) == (("100000000000000011", "100000000000000028"), ())
    assert first.at.utc == NOON
    assert {link.reference for link in links if link.order_id == "1000:4712"} == {
        "shipment:WMS-N:S-77",
        "bol:WMS-N:BOL-77",
        "bol:OLDF:BOL-77",
        "pro:OLDF:12345678",
    }
    assert {link.package_id for link in links if link.order_id == "1000:4711"} == {"", "100000000000000011", "100000000000000028"}


def test_856_a_pallet_above_its_orders_is_a_package_of_each() -> None:
    body = ["BSN*00*S-77*20260601*0730", "HL*1**S", "HL*2*1*T", "MAN*GM*001", "HL*3*2*O", "PRF*4711", "HL*4*3*I", "SN1*10*1*EA"]
    body += ["HL*5*2*O", "PRF*4712", "HL*6*5*I", "SN1*10*2*EA"]
    _, links = said(record("856", body))
    assert {link.order_id for link in links if link.reference == "tracking:GS1:1"} == {"1000:4711", "1000:4712"}


def test_856_taken_back_reverses_the_issue_of_each_order_it_names_else_of_the_shipment() -> None:
    events, links = said(record("856", MAPS["856"]("01")))
    assert [(event.milestone, event.order_id, event.shipment_id) for event in events] == [
        (Milestone.GOODS_ISSUE_REVERSED, "1000:4711", "S-77"),
        (Milestone.GOODS_ISSUE_REVERSED, "1000:4712", "S-77"),
    ]
    assert links == []
    (event,), _ = said(record("856", ["BSN*01*S-77*20260601*0730", "HL*1**S"]))
    assert (event.order_id, event.references) == ("", ("shipment:WMS-N:S-77",))


@pytest.mark.parametrize("purpose", ["04", "05"])
def test_856_that_replaces_another_is_parked_and_holds_its_orders(purpose: str) -> None:
    letter = refused(record("856", MAPS["856"](purpose)))
    assert (letter.reason, letter.order_ids) == (Reason.UNMAPPED_CODE, ("1000:4711", "1000:4712"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (["HL*1*2*S", "HL*2*1*O", "PRF*1"], "its parent"),
        (["HL*1**S", "HL*1*1*O", "PRF*1"], "given twice"),
        (["HL*1**S", "HL*2*1*I", "SN1*1*1*EA"], "no order"),
        (["HL*1**S", "HL*2*1*O", "PRF*1"], "no item"),
        (["HL*1**S", "HL*2*1*O"], "PRF01"),
        ([f"HL*{number}*{number - 1 or ''}*S" for number in range(1, 12)], "deep"),
        ([], "HL"),
    ],
)
def test_856_with_a_broken_hierarchy_says_what_is_wrong(body: list[str], message: str) -> None:
    letter = refused(record("856", ["BSN*00*S-77*20260601*0730", *body]))
    assert letter.reason is Reason.SCHEMA_INVALID
    assert message in letter.message


# ---- 204, 990


def test_204_is_a_plan_of_the_orders_it_names_with_a_link_for_each_stop() -> None:
    events, links = said(record("204"))
    assert [(event.milestone, event.order_id) for event in events] == [
        (Milestone.SHIPMENT_PLANNED, "1000:4711"),
        (Milestone.SHIPMENT_PLANNED, "1000:4712"),
        (Milestone.TENDERED, ""),
    ]
    assert {(link.reference, link.order_id) for link in links if link.reference.startswith("delivery:")} == {
        ("delivery:OLDF:80000001/2", "1000:4711"),
        ("delivery:OLDF:80000001/3", "1000:4712"),
    }
    shared = {link.reference for link in links if link.shared}
    assert shared == {"shipment:WMS-N:80000001", "bol:OLDF:80000001", "bol:WMS-N:BOL-77", "bol:OLDF:BOL-77"}


def test_204_cancelled_takes_the_offer_back_and_plans_nothing() -> None:
    (voided,), links = said(record("204", changed("204", "B2A*00", "B2A*01")))
    assert (voided.milestone, voided.references) == (Milestone.MANIFEST_VOIDED, ("shipment:WMS-N:80000001", "bol:OLDF:80000001"))
    assert links == []


def test_204_an_order_unloaded_at_two_stops_is_delivered_by_none_of_them() -> None:
    _, links = said(record("204", changed("204", "OID*4712", "OID*4711")))
    assert not [link for link in links if link.reference.startswith("delivery:")]


def test_990_answers_for_its_own_carrier_only() -> None:
    (accepted,), _ = said(record("990"))
    assert (accepted.milestone, accepted.references, accepted.lineage.system) == (
        Milestone.TENDER_ACCEPTED,
        ("bol:OLDF:80000001",),
        "OLDF",
    )
    (other,), _ = said(record("990", ["B1*ELSE*80000001*20260601*D"]))
    assert (other.milestone, other.references) == (Milestone.TENDER_REJECTED, ("bol:ELSE:80000001",))


# ---- 810, 812, 210


def test_810_posts_an_invoice_in_cents_at_the_time_it_was_sent() -> None:
    (posted,), _ = said(record("810"))
    assert (posted.milestone, posted.invoice) == (Milestone.INVOICE_POSTED, Invoice("INV-1", Decimal("100.20"), "USD"))
    assert posted.lines == (LineQuantity("10", Decimal(5), "EA"), LineQuantity("20", Decimal("2.5"), "KG"))


@pytest.mark.parametrize(
    ("ending", "milestone"),
    [
        ("***DI", Milestone.INVOICE_POSTED),
        ("***CN", Milestone.CREDIT_MEMO_POSTED),
        ("***CR*00", Milestone.CREDIT_MEMO_POSTED),
        ("***PR*07", Milestone.INVOICE_POSTED),
        ("****01", Milestone.INVOICE_CANCELLED),
        ("***DI*01", Milestone.INVOICE_CANCELLED),
    ],
)
def test_810_by_type_and_purpose(ending: str, milestone: Milestone) -> None:
    (event,), _ = said(record("810", changed("810", "*20260501*4711", f"*20260501*4711{ending}")))
    assert event.milestone is milestone


REPLACING = changed("810", "*20260501*4711", "*20260501*4711****05")


def test_810_that_replaces_another_cancels_that_and_is_posted() -> None:
    (cancelled, posted), _ = said(record("810", [*REPLACING, "REF*OI*F-1"]))
    assert [event.milestone for event in (cancelled, posted)] == [Milestone.INVOICE_CANCELLED, Milestone.INVOICE_POSTED]
    assert cancelled.invoice is not None and posted.invoice is not None
    assert (cancelled.invoice.number, cancelled.order_id) == ("F-1", posted.order_id)
    assert posted.invoice.amount == Decimal("100.20")


def test_810_that_replaces_its_own_number_is_parked_and_says_what_to_do() -> None:
    own = next(segment for segment in REPLACING if segment.startswith("BIG")).split("*")[2]
    for body in (REPLACING, [*REPLACING, f"REF*OI*{own}"]):
        letter = refused(record("810", body))
        assert (letter.reason, bool(letter.order_ids)) == (Reason.UNMAPPED_CODE, True)
        assert "have it cancelled (01)" in letter.message


def test_810_the_sellers_own_order_number_counts_before_the_purchase_order() -> None:
    (event,), _ = said(record("810", [*BODIES["810"], "REF*VN*4799"]))
    assert event.order_id == "1000:4799"


@pytest.mark.parametrize("amount", ["", "100.20", "1e3", "9" * 16])
def test_810_an_amount_that_is_none_in_cents_is_refused(amount: str) -> None:
    letter = refused(record("810", changed("810", "TDS*10020", f"TDS*{amount}")))
    assert (letter.reason, letter.order_ids) == (Reason.QTY_INVALID, ("1000:4711",))


def test_a_currency_that_nobody_stated_or_agreed_is_refused() -> None:
    partner = PARTNER.model_copy(update={"currency": None})
    assert "CUR02" in refused(record("810", [each for each in BODIES["810"] if "CUR" not in each], partner=partner)).message


def test_812_credits_the_order() -> None:
    (credit,), _ = said(record("812"))
    assert (credit.milestone, credit.order_id, credit.invoice) == (
        Milestone.CREDIT_MEMO_POSTED,
        "1000:4711",
        Invoice("CM-1", Decimal("25.00"), "USD"),
    )


def test_210_is_a_cost_of_the_load_and_never_an_invoice_of_goods() -> None:
    (bill,), _ = said(record("210"))
    assert (bill.milestone, bill.references) == (Milestone.FREIGHT_BILLED, ("bol:OLDF:80000001", "pro:OLDF:12345678"))
    assert bill.invoice == Invoice("FB-1", Decimal("124.17"), "USD")
    assert bill.freight is None


def test_210_says_its_extra_charges_and_its_weight_in_kilograms() -> None:
    extra = ["L1*1***10000", "L1*2***1500****FUE", "L1*3***917****DTU", "L3*200*G***12417******L"]
    (bill,), _ = said(record("210", [*BODIES["210"][:-1], *extra]))
    charges = (FreightCharge("FUE", Decimal("15.00")), FreightCharge("DETENTION", Decimal("9.17")))
    assert bill.freight == Freight(weight=Decimal("90.72"), charges=charges)


# ---- releases


def test_003070_writes_years_with_two_digits() -> None:
    body = [each.replace("20260601", "260601") for each in BODIES["945"]]
    (old, *_), _ = said(record("945", body, version="003070"))
    (new, *_), _ = said(record("945"))
    assert old.at.utc == new.at.utc
    assert old.event_id == new.event_id
    assert refused(record("945", body)).reason is Reason.TIME_INVALID


def test_releases_before_003070_are_refused() -> None:
    assert "version" in refused(record("945", version="003060")).message


def test_a_record_says_when_its_group_was_sent_and_what_was_agreed() -> None:
    found = value(record("945"))
    assert found["sent"] == ["20260601", "1402"]
    assert (found["company"], found["zone"], found["system"]) == ("1000", "America/Chicago", "WMS-N")
    assert "test" not in found
