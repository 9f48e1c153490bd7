"""Words for tests about orders: events as their sources would tell them, and an order that is told them one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from streams.domain.decisions import Decision, DecisionKind, Hold, MilestoneReached, Status
from streams.domain.event import (
    DeadLetterMark,
    Event,
    Exceptional,
    Invoice,
    Lineage,
    LineQuantity,
    OrderDetails,
    OrderLine,
    TermsChanged,
    Tick,
)
from streams.domain.fold import Outcome, apply
from streams.domain.ids import event_id
from streams.domain.instant import Instant, TimeQuality
from streams.domain.order import OrderRow
from streams.domain.reference_data import ItemChanged
from streams.domain.terms import Terms, Trigger
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass, Scope, Settlement
from streams.domain.watch.patience import Patience
from streams.domain.watch.tasks import Task
from streams.domain.watch.watching import Turn

ORDER_ID = "ACME:4711"
TERMS_ID = "C-1"
START = datetime(2026, 6, 1, tzinfo=UTC)

Lines = Mapping[str, Any]
"""Quantity by line; a quantity is a number, or a number and a unit as in `"2 CS"`."""

_offsets = count()


NEVER = timedelta(days=36_500)
NO_HURRY = Patience(NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, NEVER)
"""Nothing is ever overdue: for tests of what has no deadline of its own."""


def day(number: int, time: str = "12:00") -> datetime:
    """A time (UTC) on a day of the test: day 1 is 1 June 2026."""
    hours, minutes = time.split(":")
    return START + timedelta(days=number - 1, hours=int(hours), minutes=int(minutes))


def happened(
    milestone: Milestone,
    at: datetime,
    *,
    shipment: str = "",
    delivery: str = "",
    package: str = "",
    lines: Lines | None = None,
    classifier: Classifier = Classifier.ACT,
    quality: TimeQuality = TimeQuality.EXPLICIT,
    topic: str = "carrier.raw",
    subject: str = "",
    order_id: str = ORDER_ID,
    ingested_at: datetime | None = None,
    **more: Any,
) -> Event:
    """An event about the order. `subject` stands in for a reference by which another source names the order."""
    scope = Scope.PACKAGE if package else Scope.DELIVERY if delivery and not shipment else Scope.SHIPMENT if shipment else Scope.ORDER
    quantities = tuple(_quantity(line, quantity) for line, quantity in (lines or {}).items())
    detail = f"{shipment}/{delivery}/{package}/{quantities}/{more.get('case_id', '')}/{more.get('retracts', '')}/{more.get('invoice', '')}"
    return Event(
        event_id(subject or order_id, milestone, classifier, scope, at, detail),
        milestone,
        classifier,
        more.pop("scope", scope),
        Instant(at, at.isoformat(), None if quality is TimeQuality.UNKNOWN else 0, quality),
        Lineage("TEST", "test.v1", topic, 0, next(_offsets), ingested_at or at),
        order_id,
        shipment_id=shipment,
        delivery_id=delivery,
        package_id=package,
        lines=quantities,
        **more,
    )


def released(
    lines: Lines | None = None,
    at: datetime = START,
    *,
    revision: int = 1,
    price: str = "10.00",
    currency: str = "EUR",
    terms_id: str = TERMS_ID,
    milestone: Milestone = Milestone.ORDER_RELEASED,
    order_id: str = ORDER_ID,
) -> Event:
    """The order as its ERP released it: 10 pieces of line 10 unless said otherwise."""
    told = [_quantity(line, quantity) for line, quantity in (lines or {"10": 10}).items()]
    details = tuple(OrderLine(one.line, f"SKU-{one.line}", one.quantity, one.uom, Decimal(price)) for one in told)
    return happened(
        milestone, at, order=OrderDetails(revision, "CUSTOMER", currency, terms_id, details), topic="erp.raw", order_id=order_id
    )


def changed(lines: Lines, at: datetime, revision: int = 2, **more: Any) -> Event:
    return released(lines, at, revision=revision, milestone=Milestone.ORDER_CHANGED, **more)


def cancelled(at: datetime, revision: int | None = 2) -> Event:
    order = None if revision is None else OrderDetails(revision, "", "", "", ())
    return happened(Milestone.ORDER_CANCELLED, at, order=order, topic="erp.raw")


def picked(at: datetime, lines: Lines | None = None) -> Event:
    return happened(Milestone.PICK_COMPLETED, at, lines=lines or {"10": 10}, topic="wms.raw")


def issued(at: datetime, lines: Lines | None = None, shipment: str = "S1", delivery: str = "", **more: Any) -> Event:
    """Goods left for a shipment; the whole of line 10 unless said otherwise."""
    lines = {"10": 10} if lines is None else lines
    return happened(Milestone.GOODS_ISSUED, at, lines=lines, shipment=shipment, delivery=delivery, topic="wms.raw", **more)


def planned(
    at: datetime, shipment: str = "S1", delivery: str = "", lines: Lines | None = None, packages: Iterable[str] = (), **more: Any
) -> Event:
    return happened(
        Milestone.SHIPMENT_PLANNED, at, shipment=shipment, delivery=delivery, lines=lines, packages=tuple(packages), topic="tms.raw", **more
    )


def in_transit(at: datetime, shipment: str = "S1", **more: Any) -> Event:
    return happened(Milestone.IN_TRANSIT, at, shipment=shipment, **more)


def delivered(at: datetime, shipment: str = "S1", **more: Any) -> Event:
    return happened(Milestone.DELIVERED, at, shipment=shipment, **more)


def delivered_partial(at: datetime, lines: Lines, shipment: str = "S1", **more: Any) -> Event:
    return happened(Milestone.DELIVERED_PARTIAL, at, shipment=shipment, lines=lines, **more)


def delivered_damaged(at: datetime, shipment: str = "S1", case: str = "D1") -> Event:
    exceptional = Exceptional(ReasonClass.DAMAGE, Effect.BILLING_BLOCK)
    return happened(Milestone.DELIVERED_WITH_EXCEPTION, at, shipment=shipment, case_id=case, exceptional=exceptional)


def proven(at: datetime, shipment: str = "S1", **more: Any) -> Event:
    return happened(Milestone.POD_RECEIVED, at, shipment=shipment, **more)


def exception(
    at: datetime, case: str = "X1", effect: Effect = Effect.BILLING_BLOCK, reason: ReasonClass = ReasonClass.OTHER, **more: Any
) -> Event:
    return happened(Milestone.EXCEPTION_RAISED, at, case_id=case, exceptional=Exceptional(reason, effect), **more)


def exception_over(at: datetime, case: str = "X1", **more: Any) -> Event:
    return happened(Milestone.EXCEPTION_RESOLVED, at, case_id=case, **more)


def disputed(at: datetime, case: str = "DIS1", lines: Lines | None = None) -> Event:
    return happened(Milestone.DISPUTE_OPENED, at, case_id=case, lines=lines, topic="erp.raw")


def dispute_over(at: datetime, case: str = "DIS1", settlement: Settlement | None = None, lines: Lines | None = None) -> Event:
    return happened(Milestone.DISPUTE_RESOLVED, at, case_id=case, settlement=settlement, lines=lines, topic="erp.raw")


def posted(
    at: datetime, number: str = "INV1", lines: Lines | None = None, amount: str = "100.00", currency: str = "EUR", release_id: str = ""
) -> Event:
    invoice = Invoice(number, Decimal(amount), currency, release_id)
    return happened(Milestone.INVOICE_POSTED, at, lines=lines, invoice=invoice, topic="erp.raw")


def invoice_cancelled(at: datetime, number: str = "INV1") -> Event:
    return happened(Milestone.INVOICE_CANCELLED, at, invoice=Invoice(number, Decimal(0), "EUR"), topic="erp.raw")


def retracted(event: Event, at: datetime | None = None) -> Event:
    """Its source takes the event back."""
    return happened(event.milestone, at or event.at.utc + timedelta(hours=1), shipment=event.shipment_id, retracts=event.event_id)


def terms(trigger: Trigger = Trigger.ON_DELIVERY, **changes: Any) -> Terms:
    """One version of a contract's terms, valid from the year before the test."""
    values: dict[str, Any] = {
        "terms_id": TERMS_ID,
        "version": 1,
        "trigger": trigger,
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "valid_from": START - timedelta(days=365),
    }
    return Terms(**values | changes)


def contract(*versions: Terms) -> TermsChanged:
    return TermsChanged(versions[0].terms_id, versions)


class ToldOrder:
    """One order, told one message after the other; remembers all that was said of it."""

    def __init__(self, *versions: Terms, order_id: str = ORDER_ID, patience: Patience = NO_HURRY) -> None:
        self.patience = patience
        self.exceptions: list[Turn] = []
        self.findings: list[Turn] = []
        self.tasks: list[Task] = []
        self.order_id = order_id
        self.contracts: dict[str, TermsChanged] = {}
        if versions:
            self.contracts[versions[0].terms_id] = contract(*versions)
        self.items: dict[str, ItemChanged] = {}
        self.row: OrderRow | None = None
        self.milestones: list[MilestoneReached] = []
        self.decisions: list[Decision] = []
        self.said_holds: list[Hold] = []
        self.said_status: list[Status] = []
        self.outcome = Outcome(None)

    def hears(self, *messages: Event | Tick | DeadLetterMark | TermsChanged | ItemChanged) -> ToldOrder:
        for message in messages:
            if isinstance(message, TermsChanged):
                self.contracts[message.terms_id] = message
            at = message.at.utc if isinstance(message, Event) else getattr(message, "at", None) or getattr(message, "due", START)
            if isinstance(message, ItemChanged):
                self.items[message.sku] = message
            self.outcome = apply(self.row, message, self.contracts.get, at, self.items.get, patience=self.patience)
            self.row = self.outcome.row
            if self.outcome.watched is not None:
                self.exceptions += self.outcome.watched.exceptions
                self.findings += self.outcome.watched.findings
                self.tasks += self.outcome.watched.tasks
            self.milestones += self.outcome.milestones
            self.decisions += self.outcome.decisions
            if self.outcome.hold is not None:
                self.said_holds.append(self.outcome.hold)
            if self.outcome.status is not None:
                self.said_status.append(self.outcome.status)
        return self

    @property
    def wake_at(self) -> datetime | None:
        """When a tick is wanted, unless it is so far away that only `NO_HURRY` can have asked for it."""
        wake_at = self.outcome.wake_at
        return wake_at if wake_at is not None and wake_at < START + NEVER / 2 else None

    @property
    def open_exceptions(self) -> list[str]:
        """Causes of the exceptions that are open: `<code>/<subject>`."""
        return sorted(self.row.memory.exceptions) if self.row is not None else []

    @property
    def open_findings(self) -> list[str]:
        """Causes of the findings that are open: `<check>/<subject>`."""
        return sorted(cause for cause, finding in self.row.memory.findings.items() if not finding.healed) if self.row is not None else []

    @property
    def holds(self) -> list[str]:
        """Codes of what stands in the way now."""
        return [reason.code.value for reason in self.row.hold] if self.row is not None else []

    @property
    def kinds(self) -> list[str]:
        return [decision.kind.value for decision in self.decisions]

    @property
    def net(self) -> dict[str, Decimal]:
        """Released less what was taken back, by line; zeros left out."""
        total: Counter[str] = Counter()
        for decision in self.decisions:
            for line in decision.lines:
                total[line.line] += line.delta  # type: ignore[assignment]
        return {line: Decimal(quantity) for line, quantity in total.items() if quantity}

    @property
    def amount(self) -> Decimal:
        return sum((decision.amount for decision in self.decisions), Decimal(0))

    @property
    def state(self) -> str:
        return self.row.status.state.value if self.row is not None and self.row.status is not None else ""

    @property
    def billing(self) -> str:
        return self.row.status.billing.value if self.row is not None and self.row.status is not None else ""

    @property
    def release(self) -> Decision:
        """The only decision there is, which must be a release of everything."""
        (decision,) = self.decisions
        assert decision.kind is DecisionKind.RELEASE
        return decision


def pieces(**quantities: Any) -> dict[str, Decimal]:
    """`pieces(_10=6)`: quantity by line."""
    return {line.lstrip("_"): Decimal(str(quantity)) for line, quantity in quantities.items()}


def _quantity(line: str, quantity: Any) -> LineQuantity:
    number, _, unit = str(quantity).partition(" ")
    return LineQuantity(line, Decimal(number), unit or "EA")
