"""Whose clock a local time is on: the source's offset, else the place, else what was agreed with the partner, else nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.contracts.messages import decode
from streams.deadletter.reasons import Reason
from streams.domain.event import Event
from streams.domain.instant import Instant, TimeQuality
from streams.domain.vocabulary import Classifier
from streams.errors import ConfigurationError
from streams.hop import DeadLetter, Output
from streams.hops import normalize
from streams.normalize.agreements import AgreementError, Agreements, agreements
from streams.normalize.places import zones_of_country
from streams.normalize.refusal import Refusal
from streams.normalize.times import FUTURE_TOLERANCE, WIDEST_OFFSET, Clock, in_zone, parse
from streams.offline.memory import MemoryRows
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import CARRIER_RAW
from tests.unit.normalize.reading import raw
from tests.unit.normalize.records import CARRIER_HEAD
from tests.unit.normalize.vendors import vendor

LATER = datetime(2027, 1, 1, tzinfo=UTC)
CHICAGO = Clock((ZoneInfo("America/Chicago"),), TimeQuality.PARTNER_DEFAULT)
GERMANY = Clock(zones_of_country("DE"), TimeQuality.DERIVED_LOCATION)
UNITED_STATES = Clock(zones_of_country("us"), TimeQuality.DERIVED_LOCATION)
AGREED = Agreements({"acme": ZoneInfo("America/Chicago")}, {})


def read(text: str, *clocks: Clock, arrived: datetime = LATER) -> Instant:
    return parse(text, Classifier.ACT, arrived, "at", clocks)


def test_a_stated_offset_counts_whatever_else_is_known() -> None:
    assert read("2026-06-01T12:00:00-07:00", GERMANY, CHICAGO) == Instant(
        datetime(2026, 6, 1, 19, tzinfo=UTC), "2026-06-01T12:00:00-07:00", -420
    )


def test_the_place_where_it_happened_comes_before_the_partners_zone() -> None:
    found = read("2026-06-01T12:00:00", GERMANY, CHICAGO)
    assert (found.utc.hour, found.offset_minutes, found.quality) == (10, 120, TimeQuality.DERIVED_LOCATION)


def test_a_country_with_several_clocks_says_nothing_so_the_partners_zone_counts() -> None:
    found = read("2026-06-01T12:00:00", UNITED_STATES, CHICAGO)
    assert (found.utc.hour, found.offset_minutes, found.quality) == (17, -300, TimeQuality.PARTNER_DEFAULT)


@pytest.mark.parametrize("clocks", [(), (UNITED_STATES,), (Clock(zones_of_country("??"), TimeQuality.DERIVED_LOCATION),)])
def test_where_nobody_knows_it_is_read_as_utc_and_marked(clocks: tuple[Clock, ...]) -> None:
    found = read("2026-06-01T12:00:00", *clocks)
    assert (found.utc.hour, found.offset_minutes, found.quality) == (12, None, TimeQuality.UNKNOWN)


def test_the_hour_that_clocks_show_twice_is_the_first_and_marked() -> None:
    found = read("2026-10-25T02:30:00", GERMANY)
    assert (found.utc, found.offset_minutes, found.quality) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 120, TimeQuality.UNKNOWN)


@pytest.mark.parametrize("text", ["2026-03-29T02:30:00", "2026-03-29T02:00:00"])
def test_a_time_that_clocks_skip_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="clocks were put forward") as refused:
        read(text, GERMANY)
    assert refused.value.reason is Reason.TIME_INVALID


@pytest.mark.parametrize(("text", "hour"), [("20261101013000", 6), ("20261101003000", 5), ("20261101023000", 8)])
def test_times_around_the_fold_of_a_named_zone(text: str, hour: int) -> None:
    found = in_zone(text, "America/Chicago", Classifier.ACT, LATER, "at")
    assert found.utc.hour == hour
    assert (found.quality is TimeQuality.UNKNOWN) == (text[8:12] == "0130")


def test_a_local_time_ahead_of_its_record_is_no_future_where_its_clock_is() -> None:
    arrived = datetime(2026, 6, 1, 0, 5, tzinfo=UTC)
    tokyo = Clock((ZoneInfo("Asia/Tokyo"),), TimeQuality.PARTNER_DEFAULT)
    assert read("2026-06-01T09:00:00", tokyo, arrived=arrived).utc == datetime(2026, 6, 1, tzinfo=UTC)
    with pytest.raises(Refusal, match="lies after the record's own time"):
        read("2026-06-01T09:30:00", tokyo, arrived=arrived)


def test_a_local_time_of_an_unknown_clock_may_be_ahead_as_far_as_clocks_are() -> None:
    arrived = datetime(2026, 6, 1, tzinfo=UTC)
    latest = arrived + WIDEST_OFFSET + FUTURE_TOLERANCE
    assert read(latest.replace(tzinfo=None).isoformat(), arrived=arrived).quality is TimeQuality.UNKNOWN
    with pytest.raises(Refusal, match="lies after the record's own time"):
        read((latest + timedelta(seconds=1)).replace(tzinfo=None).isoformat(), arrived=arrived)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "1899-12-31T00:00:00"])
def test_absurd_local_times_are_refused_on_any_clock(text: str) -> None:
    for clocks in ((), (CHICAGO,), (GERMANY,)):
        with pytest.raises(Refusal) as refused:
            read(text, *clocks)
        assert refused.value.reason is Reason.TIME_INVALID


def said(topic: str, value: Any, partner: str = "", agreed: Agreements = AGREED) -> Event:
    hop = normalize.hop(100_000, agreed=agreed)
    found, *_ = hop.run(MemoryRows(None), [raw(topic, value, {"partner": partner} if partner else {})])
    assert isinstance(found, Output), found
    event = decode(found.value or b"")
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize(
    ("partner", "hour", "quality"),
    [("acme", 13, TimeQuality.PARTNER_DEFAULT), ("other", 8, TimeQuality.UNKNOWN), ("", 8, TimeQuality.UNKNOWN)],
)
def test_a_partners_zone_holds_for_its_records_alone(partner: str, hour: int, quality: TimeQuality) -> None:
    at = said(CARRIER_RAW, {**CARRIER_HEAD, "code": "DELIVERED", "at": "2026-06-01T08:00:00"}, partner).at
    assert (at.utc.hour, at.quality) == (hour, quality)


def test_a_scan_of_dhl_in_a_country_of_one_clock_has_its_zone() -> None:
    record = vendor("dhl.unified.v1").record()
    scan = record["shipments"][0]["events"]
    del scan[1:]
    scan[0] = {"timestamp": "2026-06-01T11:05:00", "statusCode": "transit", "location": {"address": {"countryCode": "DE"}}}
    at = said(CARRIER_RAW, record, "acme").at
    assert (at.utc.hour, at.offset_minutes, at.quality) == (9, 120, TimeQuality.DERIVED_LOCATION)


def test_a_carrier_that_quotes_the_bills_of_a_tms_is_found_by_them() -> None:
    quoted = Agreements({}, {("bol", "P44"): "TMS-EU"})
    record = {"shipmentIdentifiers": [{"type": "BILL_OF_LADING", "value": "B-1"}], "statusCode": "PICKED_UP"}
    event = said("tms.raw", {**record, "timestamp": "2026-06-01T08:00:00Z"}, agreed=quoted)
    assert event.references == ("bol:TMS-EU:B-1",)
    assert event.event_id == said("tms.raw", {**record, "timestamp": "2026-06-01T08:00:00Z"}).event_id


def test_a_tms_may_call_a_carrier_by_an_id_of_its_own() -> None:
    named = Agreements({}, {("tracking", "C-0012"): "UPSN"})
    plan = {
        "type": "shipment.planned",
        "system": "TMS",
        "shipment": "S-1",
        "carrier": "C-0012",
        "at": "2026-06-01T08:00:00Z",
        "references": [{"kind": "tracking", "value": "1Z1"}, {"kind": "bol", "value": "7"}],
        "orders": [{"company": "1000", "order": "1"}],
    }
    emissions = normalize.hop(100_000, agreed=named).run(MemoryRows(None), [raw("tms.raw", plan)])
    assert not any(isinstance(emission, DeadLetter) for emission in emissions)
    assert b"tracking:UPSN:1Z1" in {emission.key for emission in emissions if isinstance(emission, Output)}


def tables(folder: Path, partners: str = "", issuers: str = "") -> Path:
    if partners:
        (folder / "partners.csv").write_text("partner,zone,provenance\n" + partners)
    if issuers:
        (folder / "issuers.csv").write_text("kind,issuer,means,provenance\n" + issuers)
    return folder


def test_tables_of_a_folder(tmp_path: Path) -> None:
    found = agreements(tables(tmp_path, "acme,America/Chicago,contract 7\n", "bol,oldf,tms-eu,their guide\n"))
    assert found == Agreements({"acme": ZoneInfo("America/Chicago")}, {("bol", "OLDF"): "TMS-EU"})
    assert agreements(None) == Agreements({}, {})


@pytest.mark.parametrize(
    ("partners", "issuers", "message"),
    [
        ("acme,Chicago,x\n", "", "line 2: 'Chicago' is no time zone"),
        ("acme,UTC,x\nacme,UTC,x\n", "", "line 3: 'acme' has a row already"),
        ("acme,UTC,\n", "", "line 2: every column must be filled"),
        ("", "lading,OLDF,TMS,x\n", "'lading' is no kind of reference"),
        ("", "bol,OLDF,TMS,x\nbol,oldf,TMS-2,x\n", "line 3: bol of 'oldf' has a row already"),
        ("", "bol,OLDF,T:M,x\n", "an issuer has no colon"),
        ("", "bol,OLDF,TMS,x\nbol,TMS,TMS-2,x\n", "which has a row too"),
        ("", "bol,OLDF,TMS,x,y\n", "every column must be filled, and no more"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(tmp_path: Path, partners: str, issuers: str, message: str) -> None:
    with pytest.raises(AgreementError, match=message):
        agreements(tables(tmp_path, partners, issuers))
    with pytest.raises(ConfigurationError, match="MILEPOST_PARTNERS_DIR"):
        hops(Settings(partners_dir=tmp_path))
