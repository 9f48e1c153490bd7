"""What all formats of other systems have in common: each row of each map, detection, resends, bad neighbours, speed of refusal."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from streams.contracts.messages import decode
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event, Exceptional
from streams.domain.vocabulary import Milestone
from streams.hop import DeadLetter, Output
from streams.normalize.codes import Meaning, code_map
from streams.normalize.detect import FORMATS
from tests.unit.normalize.reading import emitted, event, later, messages, raw, refusal
from tests.unit.normalize.vendors import SNAPSHOTS, TOLD_OTHERWISE, VENDORS, Vendor

ROWS = [(vendor, row) for vendor in VENDORS for row in code_map(vendor.format).rows.values()]
EACH = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.format)


def events(vendor: Vendor, record: Any, **arrived: float) -> list[Event]:
    said = messages(vendor.topic, record, {"format": vendor.format}, later(**arrived))
    return [message for message in said if isinstance(message, Event)]


@pytest.mark.parametrize(("vendor", "row"), ROWS, ids=[f"{vendor.format} {row.code} {row.type}" for vendor, row in ROWS])
def test_each_row_of_each_map_is_what_a_record_says(vendor: Vendor, row: Meaning) -> None:
    said = event(vendor.topic, vendor.saying(row), {"format": vendor.format})
    assert (said.milestone, said.classifier) == (row.milestone, row.classifier)
    if said.exceptional is None:
        assert row.reason is None
    else:
        assert (said.exceptional.reason, said.exceptional.effect) == (row.reason, row.effect)
    assert (said.lineage.format, said.lineage.map_version) == (vendor.format, code_map(vendor.format).version)
    assert said.references or said.order_id
    assert row.code in said.lineage.code


def test_every_format_of_another_system_is_tested_here() -> None:
    tested_on_their_own = ("milepost.", "ups.track-alert.v2", "x12.", "edifact.")
    own = {name for name in FORMATS if name.startswith(tested_on_their_own)}
    assert {vendor.format for vendor in (*VENDORS, *SNAPSHOTS, *TOLD_OTHERWISE)} - own == set(FORMATS) - own


@EACH
def test_it_is_known_by_its_shape_too(vendor: Vendor) -> None:
    said = [message for message in messages(vendor.topic, vendor.record()) if isinstance(message, Event)]
    assert said
    assert {one.lineage.format for one in said} == {vendor.format}


@pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor.xml() is not None], ids=lambda vendor: vendor.format)
def test_as_xml_and_as_json_it_says_the_same(vendor: Vendor) -> None:
    assert messages(vendor.topic, vendor.xml()) == messages(vendor.topic, vendor.record())


@EACH
def test_a_resend_says_the_same_statements_under_the_same_ids(vendor: Vendor) -> None:
    first, again = events(vendor, vendor.record()), events(vendor, vendor.record(), hours=6)
    assert [one.event_id for one in first] == [one.event_id for one in again]
    assert len({one.event_id for one in first}) == len(first)
    assert [one.at for one in first] == [one.at for one in again]


@EACH
def test_a_code_without_a_row_is_parked_and_says_nothing(vendor: Vendor) -> None:
    unknown = Meaning("ZZ-9", "", Milestone.DELIVERED, None, None, None, "", "")  # type: ignore[arg-type]
    record = vendor.saying(unknown) if not vendor.format.startswith("dcsa") else _dcsa_unknown(vendor)
    letter = refusal(vendor.topic, record, {"format": vendor.format})
    assert (letter.stage, letter.reason) == (Stage.MAP, Reason.UNMAPPED_CODE)
    assert "ZZ-9" in letter.message


def _dcsa_unknown(vendor: Vendor) -> dict[str, Any]:
    record = deepcopy(vendor.record())
    text = json.dumps(record).replace('"LOAD"', '"ZZ-9"').replace('"DEPA"', '"ZZ-9"')
    return json.loads(text)  # type: ignore[no-any-return]


@EACH
def test_what_is_said_to_have_happened_after_its_record_is_refused(vendor: Vendor) -> None:
    letters = emitted(raw(vendor.topic, vendor.record(), {"format": vendor.format}, later(days=-300)))
    assert all(isinstance(each, DeadLetter) and each.reason is Reason.TIME_INVALID for each in letters)


HISTORIES = ["fedex.track.v1", "dhl.express.v1", "dhl.unified.v1", "easypost.tracker.v2", "aftership.tracking.v4"]


@pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if vendor.format in HISTORIES], ids=lambda vendor: vendor.format)
def test_one_bad_scan_does_not_take_its_neighbours_along(vendor: Vendor) -> None:
    whole = events(vendor, vendor.record())
    scans = _scans(record := vendor.record())
    scans[0][next(name for name in ("eventType", "typeCode", "statusCode", "subtag", "status") if name in scans[0])] = "ZZ-9"
    found = emitted(raw(vendor.topic, record, {"format": vendor.format}))
    said = [decode(each.value or b"") for each in found if isinstance(each, Output)]
    (letter,) = (each for each in found if isinstance(each, DeadLetter))
    assert letter.reason is Reason.UNMAPPED_CODE
    assert "1 of " in letter.message
    assert 0 < len(said) < len(whole)
    assert {one.event_id for one in said if isinstance(one, Event)} < {one.event_id for one in whole}


def _scans(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict):
        for name in ("scanEvents", "events", "tracking_details", "checkpoints"):
            if isinstance(data.get(name), list):
                return data[name]  # type: ignore[no-any-return]
        return next((found for value in data.values() if (found := _scans(value))), [])
    if isinstance(data, list):
        return next((found for value in data if (found := _scans(value))), [])
    return []


def test_one_delivery_by_four_channels_is_one_statement_and_one_proof() -> None:
    """The same fact through a webhook, two platforms and our own shape: one id, so one milestone with four lineages."""
    own = {"carrier": "UPS", "tracking": "1ZR7X4000000000018", "code": "DELIVERED", "at": "2026-06-01T08:15:00-05:00"}
    expected = event("carrier.raw", own).event_id
    for format in ("easypost.tracker.v2", "aftership.tracking.v4"):
        vendor = next(each for each in VENDORS if each.format == format)
        delivered = [one for one in events(vendor, vendor.record()) if one.milestone is Milestone.DELIVERED]
        assert [one.event_id for one in delivered] == [expected]


def test_an_exception_carries_reason_effect_and_case() -> None:
    vendor = next(each for each in VENDORS if each.format == "dhl.express.v1")
    row = code_map(vendor.format).meaning("RD")
    said = event(vendor.topic, vendor.saying(row), {"format": vendor.format})
    assert row.reason and row.effect
    assert said.exceptional == Exceptional(row.reason, row.effect)
    assert said.case_id == "tracking:DHL:3344556677:CONSIGNEE_REFUSED"
