"""Messages and statements to write and read: fixed ones, and strategies that make any."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st

from streams.domain.decisions import (
    BillingState,
    Decision,
    DecisionKind,
    DecisionLine,
    Hold,
    HoldCode,
    HoldReason,
    MilestoneReached,
    OrderState,
    ShipmentStatus,
    Status,
)
from streams.domain.event import (
    Announcement,
    Answer,
    Claim,
    DeadLetterMark,
    Event,
    Evidence,
    Exceptional,
    Inquiry,
    Invoice,
    Lineage,
    LineQuantity,
    Link,
    OrderDetails,
    OrderLine,
    Snapshot,
    TermsChanged,
    Tick,
)
from streams.domain.instant import Instant, TimeQuality
from streams.domain.links import KnownLink
from streams.domain.reference_data import CalendarChanged, CarrierChanged, ItemChanged, LocationChanged, UnitFactor
from streams.domain.terms import Terms, Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass, Scope
from streams.hop import RawRecord

AT = datetime(2026, 6, 1, 7, 15, 3, 123456, tzinfo=UTC)
CAUSE = RawRecord("shipment.events", 3, 4711, 1_780_298_103_123, b"ACME:4711", b"")

LINEAGE = Lineage("WMS-HAM", "milepost.wms.v1", "wms.raw", 3, 123_456, AT, "wh-77", "goods.issued", "2026-05")
GOODS_ISSUED = Event(
    "0d5b8a0e-1111-5222-9333-444455556666",
    Milestone.GOODS_ISSUED,
    Classifier.ACT,
    Scope.DELIVERY,
    Instant(AT, "2026-06-01T09:15:03.123456+02:00", 120, TimeQuality.EXPLICIT),
    LINEAGE,
    order_id="ACME:4711",
    delivery_id="80012345",
    shipment_id="SHP-1",
    lines=(LineQuantity("10", Decimal(12)), LineQuantity("20", Decimal("4.5"), "KG")),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
EVERYTHING = Event(
    "11111111-1111-5111-9111-111111111111",
    Milestone.INVOICE_CANCELLED,
    Classifier.EST,
    Scope.PACKAGE,
    Instant(AT, "20260601 071503", None, TimeQuality.UNKNOWN),
    LINEAGE,
    order_id="ACME:Ä-1",
    references=("tracking:UPSN:1Z999AA10123456784", "pro:UPSN:7"),
    delivery_id="D",
    shipment_id="S",
    package_id="P",
    lines=(LineQuantity("1", Decimal("-0.000001")),),
    case_id="C-1",
    retracts="22222222-2222-5222-9222-222222222222",
    order=OrderDetails(
        7,
        "C-1002",
        "EUR",
        "T-POD",
        (
            OrderLine("10", "SKU-1", Decimal("1E+3"), "EA", Decimal("12.50")),
            OrderLine("20", "", Decimal(0), "KG", Decimal("0.333333")),
        ),
    ),
    exceptional=Exceptional(ReasonClass.DAMAGE, Effect.BILLING_BLOCK, "crushed corner"),
    evidence=Evidence("J. Doe", "doc-1"),
    invoice=Invoice("R-1", Decimal("-99.99"), "EUR", "33333333-3333-5333-9333-333333333333"),
    packages=("P", "Q"),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
LINK = Link(
    "tracking:UPSN:1Z999AA10123456784",
    "ACME:4711",
    AT,
    AT + timedelta(days=120),
    LINEAGE,
    "80012345",
    "SHP-1",
    "P",
    True,
    ("pro:UPSN:7",),
)
INQUIRY = Inquiry("bol:TMS-EU:B-1", "pro:UPSN:7", AT)
KNOWN_LINK = KnownLink("ACME:4711", "D", "S", "P", True, 1_780_000_000_000, 1_790_000_000_000, 5, ("tracking:UPSN:1Z",))
ANSWER = Answer("pro:UPSN:7", "bol:TMS-EU:B-1", (KNOWN_LINK,))
SNAPSHOT = Snapshot(
    "snapshot:WMS-HAM:ACME:4711/80012345",
    Instant(AT, "2026-06-01T09:15:03+02:00", 120),
    (
        Claim(Milestone.PACKED, "ACME:4711", Instant(AT, "2026-06-01 09:15"), "80012345"),
        Claim(
            Milestone.GOODS_ISSUED,
            "ACME:4711",
            Instant(AT, "2026-06-01 09:15", None, TimeQuality.UNKNOWN),
            "80012345",
            "SHP-1",
            (LineQuantity("10", Decimal("2.5"), "KG"),),
            Invoice("R-1", Decimal("99.99"), "EUR"),
            seen=True,
        ),
    ),
    LINEAGE,
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
ANNOUNCEMENT = Announcement("snapshot:S4HCLNT100:SALESORDER/4800", Instant(AT, "2026-06-01T07:15:03Z", 0), LINEAGE)
TERMS_CHANGED = TermsChanged(
    "T-POD",
    (
        Terms("T-POD", 1, Trigger.ON_SHIP, "EUR", "Europe/Berlin", AT - timedelta(days=500), AT),
        Terms("T-POD", 2, Trigger.ON_POD, "EUR", "Europe/Berlin", AT, None, partial_allowed=False, pod_auto_confirm_days=5),
    ),
)
TICK = Tick(AT, "ACME:4711")
MARK = DeadLetterMark("44444444-4444-5444-9444-444444444444", "ACME:4711", "SCHEMA_INVALID", True, AT)
REFERENCE_DATA = (
    ItemChanged("SKU-10", "EA", (UnitFactor("CS", Decimal(12)),)),
    LocationChanged("CHICAGO/IL", "America/Chicago"),
    CarrierChanged("UPSN", ("BROWN", "C-0012")),
    CalendarChanged("DE-BY", (6, 7), (date(2026, 12, 25),)),
)
MESSAGES = (GOODS_ISSUED, EVERYTHING, LINK, SNAPSHOT, ANNOUNCEMENT, TERMS_CHANGED, TICK, MARK, INQUIRY, ANSWER, *REFERENCE_DATA)

REACHED = MilestoneReached("55555555-5555-5555-9555-555555555555", GOODS_ISSUED)
REACHED_EVERYTHING = MilestoneReached("66666666-6666-5666-9666-666666666666", EVERYTHING)
DECISION = Decision(
    "77777777-7777-5777-9777-777777777777",
    "ACME:4711",
    "SHP-1",
    2,
    DecisionKind.CREDIT_REQUEST,
    (DecisionLine("10", "SKU-1", Decimal(-2), Decimal(10), "EA", Decimal("12.505"), Decimal("-25.01")),),
    Decimal("-25.01"),
    "EUR",
    date(2026, 6, 1),
    Trigger.ON_POD,
    AT,
    "T-POD",
    2,
    ("0d5b8a0e-1111-5222-9333-444455556666",),
    ("AUTO_CONFIRM",),
    "88888888-8888-5888-9888-888888888888",
)
HOLD = Hold("ACME:4711", (HoldReason(HoldCode.POD_MISSING, "shipment SHP-1", ("e1", "e2")), HoldReason(HoldCode.DISPUTE)), AT)
STATUS_NOW = Status(
    "ACME:4711",
    OrderState.PARTIALLY_DELIVERED,
    BillingState.PARTLY_RELEASED,
    (ShipmentStatus("SHP-1", OrderState.PROVEN, AT, AT, None), ShipmentStatus("SHP-2", OrderState.IN_TRANSIT, eta=AT)),
    ("C-1",),
    (),
    Decimal("1234.5"),
    "EUR",
    AT,
    AT,
)

# ---- any message

_moments = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
_decimals = st.decimals(allow_nan=False, allow_infinity=False)
_longs = st.integers(-(2**63), 2**63 - 1)


def _of(kind: type, **fields: Any) -> st.SearchStrategy[Any]:
    """Any instance of a dataclass; strategies by type where `fields` names none."""
    return st.builds(kind, **fields)


_lines = st.lists(_of(LineQuantity, quantity=_decimals), max_size=3).map(tuple)
_texts = st.lists(st.text(), max_size=3).map(tuple)
_lineages = _of(Lineage, partition=st.integers(-(2**31), 2**31 - 1), offset=_longs, ingested_at=_moments)
_instants = _of(Instant, utc=_moments, offset_minutes=st.none() | st.integers(-1440, 1440))
_orders = _of(
    OrderDetails,
    revision=st.integers(-(2**31), 2**31 - 1),
    lines=st.lists(_of(OrderLine, quantity=_decimals, unit_price=_decimals), max_size=3).map(tuple),
)
EVENTS = _of(
    Event,
    at=_instants,
    lineage=_lineages,
    references=_texts,
    lines=_lines,
    order=st.none() | _orders,
    exceptional=st.none() | _of(Exceptional),
    evidence=st.none() | _of(Evidence),
    invoice=st.none() | _of(Invoice, amount=_decimals),
    packages=_texts,
)
_terms = _of(
    Terms,
    version=st.integers(0, 2**31 - 1),
    valid_from=_moments,
    valid_to=st.none() | _moments,
    pod_auto_confirm_days=st.none() | st.integers(0, 365),
)
ANY_MESSAGE = st.one_of(
    EVENTS,
    _of(Link, valid_from=_moments, valid_to=_moments, lineage=_lineages, together=_texts),
    _of(TermsChanged, versions=st.lists(_terms, max_size=3).map(tuple)),
    _of(Tick, due=_moments),
    _of(DeadLetterMark, at=_moments),
    _of(Inquiry, until=_moments),
    _of(ItemChanged, units=st.lists(_of(UnitFactor, factor=_decimals), max_size=3).map(tuple)),
    _of(LocationChanged),
    _of(CarrierChanged, aliases=_texts),
    _of(CalendarChanged, weekend=st.lists(st.integers(1, 7), max_size=7).map(tuple), holidays=st.lists(st.dates(), max_size=3).map(tuple)),
    _of(Answer, links=st.lists(_of(KnownLink, valid_from=_longs, valid_to=_longs, told=_longs, together=_texts), max_size=3).map(tuple)),
)


_JOINED = ("calendar", "working_days")
"""What terms know of their calendar comes by records of its own."""


def plain(value: Any) -> Any:
    """A message as fastavro takes and gives it: dicts, lists, str for symbols and for decimals."""
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value) if not (isinstance(value, Terms) and field.name in _JOINED)]
        return {name: plain(getattr(value, name)) for name in fields}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, (Decimal, StrEnum)):
        return str(value)
    return value
