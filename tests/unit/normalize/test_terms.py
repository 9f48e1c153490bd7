"""Billing terms: all versions of a contract, told to every partition."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from streams.deadletter.reasons import Reason
from streams.domain.event import TermsChanged
from streams.domain.terms import ExceptionPolicy, ExceptionRule, Granularity, Incoterm, QuantityBasis, Terms, Trigger
from streams.domain.vocabulary import Milestone, ReasonClass
from streams.hop import EVERY_PARTITION
from streams.topics import TERMS
from tests.unit.normalize.reading import messages, outputs, why
from tests.unit.normalize.records import TERMS_RECORD

ORDER = Granularity.ORDER
VERSION = TERMS_RECORD["versions"][0]  # type: ignore[index]


def one(**changes: Any) -> dict[str, Any]:
    return {"terms_id": "T-POD-EUR", "versions": [{**VERSION, **changes}]}


def test_versions_are_read_in_order_with_times_in_utc() -> None:
    (changed,) = messages(TERMS, TERMS_RECORD)
    assert isinstance(changed, TermsChanged)
    first, start = datetime(2023, 12, 31, 23, tzinfo=UTC), datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert changed.terms_id == "T-POD-EUR"
    assert changed.versions == (
        Terms("T-POD-EUR", 1, Trigger.ON_SHIP, "EUR", "Europe/Berlin", first, start, False, granularity=ORDER),
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
    "broken", [{"trigger": "on_full_moon"}, {"currency": "€"}, {"partial_allowed": "perhaps"}, {"pod_auto_confirm_days": -1}]
)
def test_a_broken_field_is_named(broken: dict[str, Any]) -> None:
    reason, message = why(TERMS, one(**broken))
    assert reason is Reason.SCHEMA_INVALID
    assert message.startswith(f"versions[0].{next(iter(broken))}: ")


def test_terms_without_versions_are_refused() -> None:
    assert why(TERMS, {"terms_id": "T", "versions": []})[1].startswith("versions: ")


def read(**changes: Any) -> Terms:
    (changed,) = messages(TERMS, one(trigger=changes.pop("trigger", "on_delivery"), **changes))
    assert isinstance(changed, TermsChanged)
    return changed.versions[0]


def test_every_rule_is_read() -> None:
    told = read(
        trigger="on_pod", quantity_basis="shipped", partial_allowed=None, granularity="delivery", pod_kinds=["SIGNATURE", "PHOTO"],
        over_tolerance="10", exceptions={"LOSS": "release_net"}, disputes="hold_all", returns="revoke", late="review",
        substitutes="ordered_price", incoterm="DAP", ignored_blocks=["08"], late_penalty=True, posting_days=2, closes_short=False,
    )  # fmt: skip
    assert (told.trigger, told.quantity_basis, told.granularity) == (Trigger.ON_POD, QuantityBasis.SHIPPED, Granularity.DELIVERY)
    assert told.exceptions == (ExceptionRule(ReasonClass.LOSS, ExceptionPolicy.RELEASE_NET),)
    assert (told.incoterm, told.over_tolerance, told.posting_days, told.closes_short) == (Incoterm.DAP, Decimal(10), 2, False)


def test_an_incoterm_chooses_the_trigger_where_none_is_named() -> None:
    assert read(trigger=None, incoterm="FOB").milestones == (Milestone.LOADED_ON_VESSEL,)
    assert read(trigger="on_pod", incoterm="FOB").trigger is Trigger.ON_POD


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trigger": None}, "name a trigger"),
        ({"trigger": "on_milestones"}, "needs at least one"),
        ({"trigger": "on_milestones", "milestones": ["INVOICE_POSTED"]}, "INVOICE_POSTED is no step of goods"),
        ({"trigger": "on_ship", "milestones": ["DELIVERED"]}, "only the trigger on_milestones"),
        ({"trigger": "on_ship", "quantity_basis": "proven"}, "not known at the trigger"),
        ({"partial_allowed": False, "granularity": "line"}, "leave one of them out"),
        ({"partial_allowed": None}, "say what is invoiced as a whole"),
        ({"exceptions": {"BAD_LUCK": "hold"}}, "exceptions"),
        ({"over_tolerance": 101}, "over_tolerance"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(changes: dict[str, Any], message: str) -> None:
    reason, said = why(TERMS, one(**changes))
    assert (reason, message in said) == (Reason.SCHEMA_INVALID, True), said
