"""Billing terms: all versions of a contract, told to every partition."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import TermsChanged
from streams.domain.terms import Terms, Trigger
from streams.hop import EVERY_PARTITION
from streams.topics import TERMS
from tests.unit.normalize.reading import messages, outputs, why
from tests.unit.normalize.records import TERMS_RECORD

VERSION = TERMS_RECORD["versions"][0]  # type: ignore[index]


def one(**changes: Any) -> dict[str, Any]:
    return {"terms_id": "T-POD-EUR", "versions": [{**VERSION, **changes}]}


def test_versions_are_read_in_order_with_times_in_utc() -> None:
    (changed,) = messages(TERMS, TERMS_RECORD)
    assert isinstance(changed, TermsChanged)
    start = datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert changed.terms_id == "T-POD-EUR"
    assert changed.versions == (
        Terms("T-POD-EUR", 1, Trigger.ON_SHIP, "EUR", "Europe/Berlin", datetime(2023, 12, 31, 23, tzinfo=UTC), start, False, None),
        Terms("T-POD-EUR", 2, Trigger.ON_POD, "EUR", "Europe/Berlin", start, None, True, 7),
    )


def test_they_go_to_every_partition_of_the_events() -> None:
    (output,) = outputs(TERMS, TERMS_RECORD)
    assert (output.topic, output.key, output.partition) == ("shipment.events", b"T-POD-EUR", EVERY_PARTITION)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "/etc/passwd", "../UTC", "Europe", "CEST", "\x00"])
def test_a_zone_that_is_no_iana_zone_is_refused(zone: str) -> None:
    reason, message = why(TERMS, one(time_zone=zone))
    assert reason is Reason.SCHEMA_INVALID
    assert message.startswith("versions[0].time_zone: ")


@pytest.mark.parametrize("field", ["valid_from", "valid_to"])
@pytest.mark.parametrize("value", ["2026-01-01", "2026-01-01T00:00:00", "soon", 3])
def test_a_validity_needs_an_offset(field: str, value: Any) -> None:
    reason, message = why(TERMS, one(**{field: value}))
    assert reason is Reason.TIME_INVALID
    assert message.startswith(f"versions[0].{field}: ")


def test_an_end_before_the_start_is_refused() -> None:
    assert why(TERMS, one(valid_to="2025-12-31T23:00:00Z"))[1].endswith("is not after valid_from")


def test_a_version_number_stands_once() -> None:
    reason, message = why(TERMS, {"terms_id": "T", "versions": [VERSION, VERSION]})
    assert (reason, message) == (Reason.SCHEMA_INVALID, "versions: T gives a version number twice")


@pytest.mark.parametrize(
    "broken", [{"trigger": "on_full_moon"}, {"currency": "€"}, {"partial_allowed": None}, {"pod_auto_confirm_days": -1}]
)
def test_a_broken_field_is_named(broken: dict[str, Any]) -> None:
    reason, message = why(TERMS, one(**broken))
    assert reason is Reason.SCHEMA_INVALID
    assert message.startswith(f"versions[0].{next(iter(broken))}: ")


def test_terms_without_versions_are_refused() -> None:
    assert why(TERMS, {"terms_id": "T", "versions": []})[1].startswith("versions: ")
