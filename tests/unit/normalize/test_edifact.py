"""EDIFACT IFTSTA and INVOIC: from a partner's file to statements."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import Exceptional, Invoice, LineQuantity
from streams.domain.instant import TimeQuality
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass
from streams.normalize.codes import Meaning, code_map
from streams.topics import CARRIER_RAW, ERP_RAW
from tests.unit.normalize.edi_sets import IFTSTA, INVOIC, PARTNER, emitted, message, refused, said

ROWS = list(code_map("edifact.IFTSTA").rows.values())


def status(code: str, why: str = "", agency: str = "") -> str:
    listed = f"{code}::{agency}" if agency else code
    return IFTSTA.replace("STS+1+21'", f"STS+1+{listed}{f'+{why}' if why else ''}'")


def test_each_status_has_its_own_time_reason_and_the_numbers_of_its_consignment() -> None:
    (delivered, loaded, damaged), links = said(message(IFTSTA))
    assert message(IFTSTA).topic == CARRIER_RAW
    assert links == []
    assert (delivered.milestone, delivered.references) == (Milestone.DELIVERED, ("pro:OLDF:12345678", "bol:OLDF:BOL-77"))
    assert (delivered.at.utc, delivered.at.quality) == (datetime(2026, 6, 1, 13, 15, tzinfo=UTC), TimeQuality.PARTNER_DEFAULT)
    assert (loaded.milestone, loaded.at.utc.hour, loaded.references) == (Milestone.LOADED, 12, ("pro:OLDF:12345678",))
    assert (damaged.milestone, damaged.exceptional) == (
        Milestone.EXCEPTION_RAISED,
        Exceptional(ReasonClass.DAMAGE, Effect.BILLING_BLOCK),
    )
    assert (loaded.lineage.system, loaded.lineage.code) == ("OLDF", "48/14")


@pytest.mark.parametrize("row", [row for row in ROWS if row.type == "9011"], ids=lambda row: row.code)
def test_each_status_says_what_its_row_says(row: Meaning) -> None:
    event = said(message(status(row.code)))[0][0]
    assert (event.milestone, event.classifier) == (row.milestone, Classifier.ACT)
    assert event.exceptional == (Exceptional(row.reason, row.effect) if row.reason and row.effect else None)


@pytest.mark.parametrize("row", [row for row in ROWS if row.type == "9013"], ids=lambda row: row.code)
def test_each_reason_is_raised_beside_the_status(row: Meaning) -> None:
    moving, why = said(message(status("31", row.code)))[0][:2]
    assert moving.milestone is Milestone.IN_TRANSIT
    assert row.reason and row.effect
    assert why.exceptional == Exceptional(row.reason, row.effect)


def test_h1_a_damaged_delivery_is_no_clean_one() -> None:
    delivered = said(message(status("21", "14")))[0][0]
    assert (delivered.milestone, delivered.exceptional) == (
        Milestone.DELIVERED_WITH_EXCEPTION,
        Exceptional(ReasonClass.DAMAGE, Effect.BILLING_BLOCK),
    )


def test_only_21_is_delivered() -> None:
    assert [row.code for row in ROWS if row.milestone is Milestone.DELIVERED] == ["21"]


def test_h4_a_carriers_own_code_is_parked_and_its_neighbours_are_said() -> None:
    found = emitted(message(status("I", agency="87")))
    (letter,) = [each for each in found if not hasattr(each, "value")]
    assert letter.reason is Reason.UNMAPPED_CODE  # type: ignore[union-attr]
    assert "code 'I' of type '87'" in letter.message  # type: ignore[union-attr]
    assert len(found) == 3


@pytest.mark.parametrize(
    ("old", "new", "reason", "message_part"),
    [
        ("DTM+334:202606010815:203", "DTM+334:20260601:102", Reason.TIME_INVALID, "DTM 334"),
        ("DTM+334:202606010815:203", "DTM+334:202613010815:203", Reason.TIME_INVALID, "DTM 334"),
        ("CNI+1+12345678'STS+1+21'", "CNI+1'STS+1+21'", Reason.SCHEMA_INVALID, "no number"),
        ("STS+1+21'", "STX+1+21'", Reason.TIME_INVALID, ""),
    ],
)
def test_what_cannot_be_read_says_what_is_wrong(old: str, new: str, reason: Reason, message_part: str) -> None:
    letters = [each for each in emitted(message(IFTSTA.replace(old, new))) if not hasattr(each, "value")]
    if "STX" in new:
        assert letters == []
        return
    assert letters[0].reason is reason  # type: ignore[union-attr]
    assert message_part in letters[0].message  # type: ignore[union-attr]


def test_a_time_with_its_offset_needs_no_zone() -> None:
    delivered = said(message(IFTSTA.replace("202606010815:203", "202606010815?+0200:205")))[0][0]
    assert (delivered.at.utc, delivered.at.offset_minutes) == (datetime(2026, 6, 1, 6, 15, tzinfo=UTC), 120)


# ---- INVOIC


def test_an_invoice_is_posted_with_its_lines() -> None:
    (posted,), _ = said(message(INVOIC))
    assert message(INVOIC).topic == ERP_RAW
    assert (posted.milestone, posted.order_id) == (Milestone.INVOICE_POSTED, "1000:4711")
    assert posted.invoice == Invoice("INV-1", Decimal("100.20"), "EUR")
    assert posted.lines == (LineQuantity("10", Decimal(5), "PCE"), LineQuantity("20", Decimal("2.5"), "KGM"))
    assert posted.at.utc == datetime(2026, 6, 1, 13, 30, tzinfo=UTC)


def test_a_credit_note_is_no_invoice() -> None:
    (credit,), _ = said(message(INVOIC.replace("BGM+380", "BGM+381")))
    assert credit.milestone is Milestone.CREDIT_MEMO_POSTED


def test_a_corrected_invoice_cancels_the_one_it_names() -> None:
    corrected = (
        INVOIC.replace("BGM+380+INV-1", "BGM+384+INV-2").replace("RFF+ON:4711'", "RFF+ON:4711'RFF+IV:INV-1'").replace("UNT+14", "UNT+15")
    )
    (cancelled, posted), _ = said(message(corrected))
    assert (cancelled.milestone, cancelled.invoice) == (Milestone.INVOICE_CANCELLED, Invoice("INV-1", Decimal(0), ""))
    assert (posted.milestone, posted.invoice) == (Milestone.INVOICE_POSTED, Invoice("INV-2", Decimal("100.20"), "EUR"))
    letter = refused(message(INVOIC.replace("BGM+380", "BGM+384")))
    assert (letter.reason, letter.order_ids) == (Reason.SCHEMA_INVALID, ("1000:4711",))


def test_an_invoice_that_replaces_another_must_name_it() -> None:
    replacing = INVOIC.replace("INV-1+9", "INV-2+5")
    named = replacing.replace("RFF+ON:4711'", "RFF+ON:4711'RFF+OI:INV-1'").replace("UNT+14", "UNT+15")
    events, _ = said(message(named))
    told = [(event.milestone, event.invoice.number) for event in events if event.invoice]
    assert told == [(Milestone.INVOICE_CANCELLED, "INV-1"), (Milestone.INVOICE_POSTED, "INV-2")]
    for wrong in (replacing, named.replace("OI:INV-1", "OI:INV-2")):
        assert refused(message(wrong)).reason is Reason.SCHEMA_INVALID
    assert "a replaced document of type '381'" in refused(message(named.replace("BGM+380", "BGM+381"))).message


@pytest.mark.parametrize(("function", "milestone"), [("1", Milestone.INVOICE_CANCELLED), ("31", Milestone.INVOICE_POSTED)])
def test_what_the_message_does_counts(function: str, milestone: Milestone) -> None:
    (event,), _ = said(message(INVOIC.replace("INV-1+9", f"INV-1+{function}")))
    assert event.milestone is milestone


@pytest.mark.parametrize("begin", ["BGM+325+INV-1+9", "BGM+380+INV-1+4"])
def test_other_documents_and_functions_are_parked(begin: str) -> None:
    letter = refused(message(INVOIC.replace("BGM+380+INV-1+9", begin)))
    assert (letter.reason, letter.order_ids) == (Reason.UNMAPPED_CODE, ("1000:4711",))


def test_an_invoice_over_two_orders_is_told_to_each_with_its_share() -> None:
    both = INVOIC.replace("LIN+20'", "LIN+20'RFF+ON:4712:30'").replace("UNT+14", "UNT+15")
    (first, second), _ = said(message(both))
    assert (first.order_id, first.invoice) == ("1000:4711", Invoice("INV-1", Decimal("99.95"), "EUR"))
    assert (second.order_id, second.invoice) == ("1000:4712", Invoice("INV-1", Decimal("0.25"), "EUR"))
    assert second.lines == (LineQuantity("30", Decimal("2.5"), "KGM"),)


def test_without_an_agreed_company_it_is_refused() -> None:
    assert "company" in refused(message(INVOIC, partner=None)).message
    assert "CUX" in refused(message(INVOIC.replace("CUX+2:EUR", "CUX+2:euro"), partner=PARTNER)).message
