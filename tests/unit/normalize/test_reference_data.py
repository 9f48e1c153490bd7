"""Reference data: places, carriers' names and calendars, each whole in one record, sent to every partition of the hop that needs it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import TermsChanged
from streams.domain.instant import TimeQuality
from streams.domain.reference_data import CalendarChanged, CarrierChanged, LocationChanged
from streams.hop import EVERY_PARTITION
from streams.topics import CARRIER_RAW, EVENTS, REFERENCE_DATA, REFERENCES, TERMS
from tests.unit.normalize.reading import event, messages, outputs, why
from tests.unit.normalize.records import CARRIER_HEAD

LOCATION = {"location": " Chicago/il", "time_zone": "America/Chicago"}
ALIASES = {"carrier": "UPS", "aliases": ["brown", "C-0012", "UPSN", "UPS"]}
CALENDAR = {"calendar": "DE-BY", "holidays": ["2026-12-26", "2026-12-25", "2026-12-25"]}


@pytest.mark.parametrize(
    ("record", "said", "topic", "key"),
    [
        (LOCATION, LocationChanged("CHICAGO/IL", "America/Chicago"), EVENTS, b"CHICAGO/IL"),
        (ALIASES, CarrierChanged("UPSN", ("BROWN", "C-0012")), REFERENCES, b"UPSN"),
        (CALENDAR, CalendarChanged("DE-BY", (6, 7), (date(2026, 12, 25), date(2026, 12, 26))), EVENTS, b"DE-BY"),
        ({**CALENDAR, "weekend": [7, 5, 5]}, CalendarChanged("DE-BY", (5, 7), (date(2026, 12, 25), date(2026, 12, 26))), EVENTS, b"DE-BY"),
        ({**CALENDAR, "weekend": [], "holidays": []}, CalendarChanged("DE-BY", (), ()), EVENTS, b"DE-BY"),
    ],
)
def test_each_is_sent_to_every_partition_of_the_hop_that_needs_it(record: dict[str, Any], said: Any, topic: str, key: bytes) -> None:
    assert messages(REFERENCE_DATA, record) == [said]
    assert [(output.topic, output.key, output.partition) for output in outputs(REFERENCE_DATA, record)] == [(topic, key, EVERY_PARTITION)]


@pytest.mark.parametrize(
    ("record", "part"),
    [
        ({**LOCATION, "time_zone": "Mars/Olympus"}, "no IANA time zone"),
        ({**LOCATION, "location": "x" * 65}, "location"),
        ({**LOCATION, "location": " "}, "location"),
        ({"carrier": "UPS", "aliases": ["a:b"]}, "aliases[0]"),
        ({"carrier": "UPS", "aliases": "BROWN"}, "aliases"),
        ({**CALENDAR, "holidays": ["25.12.2026"]}, "holidays[0]"),
        ({**CALENDAR, "holidays": ["2026-02-30"]}, "holidays[0]"),
        ({**CALENDAR, "weekend": [0]}, "weekend[0]"),
        ({**CALENDAR, "weekend": [1, 2, 3, 4, 5, 6, 7]}, "no working day would ever come"),
    ],
)
def test_a_bad_one_is_refused_and_named(record: dict[str, Any], part: str) -> None:
    reason, message = why(REFERENCE_DATA, record)
    assert (reason, part in message) == (Reason.SCHEMA_INVALID, True), message


def test_terms_name_the_calendar_whose_days_they_count() -> None:
    version = {
        "version": 1, "trigger": "on_pod", "currency": "EUR", "time_zone": "Europe/Berlin", "valid_from": "2026-01-01T00:00:00+01:00",
        "granularity": "line", "pod_auto_confirm_days": 5,
    }  # fmt: skip
    (changed,) = messages(TERMS, {"terms_id": "T", "versions": [version], "calendar": "DE-BY"})
    assert isinstance(changed, TermsChanged)
    assert changed.calendar == "DE-BY"
    assert messages(TERMS, {"terms_id": "T", "versions": [version]})[0] == TermsChanged("T", changed.versions)


def test_the_place_of_a_local_time_goes_along_and_that_of_any_other_does_not() -> None:
    scan = {**CARRIER_HEAD, "code": "DELIVERED", "location": " Chicago/IL "}
    local = event(CARRIER_RAW, {**scan, "at": "2026-06-01T09:15:00"})
    assert (local.place, local.at.quality) == ("CHICAGO/IL", TimeQuality.UNKNOWN)
    assert event(CARRIER_RAW, {**scan, "at": "2026-06-01T09:15:00-05:00"}).place == ""
    assert event(CARRIER_RAW, {**scan, "at": "2026-06-01T09:15:00", "location": "x" * 65}).place == ""
    assert event(CARRIER_RAW, {**scan, "at": "2026-06-01T09:15:00", "location": None}).place == ""
