"""What was last said of an order's troubles and tasks, as its row remembers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from streams.domain.decisions import DecisionKind

__all__ = ["Amounting", "Concern", "GivenTask", "Memory", "Owner", "Severity", "TaskAction", "TaskTarget", "Told"]


class Severity(StrEnum):
    """How soon somebody should look."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class Owner(StrEnum):
    """Whose system of record must put it right."""

    ERP = "ERP"
    FINANCE = "FINANCE"
    WMS = "WMS"
    TMS = "TMS"
    CARRIER = "CARRIER"


class Amounting(NamedTuple):
    """Two amounts or quantities that should be equal."""

    expected: Decimal
    found: Decimal
    unit: str
    """A currency, or a unit of measure."""


class Concern(NamedTuple):
    """One thing that is not as it should be, as it was last said. Its key in the memory is its cause: `<code>/<subject>`."""

    code: str
    """`exceptions.ExceptionCode` or `findings.Check`."""

    subject: str
    """The shipment, delivery, line, invoice, release or task that it is about; empty: the order."""

    severity: Severity
    owner: Owner
    since: datetime
    """When it began: the deadline that passed, or the time of the fact."""

    detail: str = ""
    """For people, and stable: it changes only when something worth saying does."""

    amounting: Amounting | None = None
    healed: bool = False
    """Findings: it is made good, and stays on record."""

    evidence: tuple[str, ...] = ()
    """Ids of the events that say so, sorted."""


class TaskTarget(StrEnum):
    """Who is to act."""

    WAREHOUSE = "WAREHOUSE"
    TRANSPORT = "TRANSPORT"


class TaskAction(StrEnum):
    """What is to be done. Each version of a task replaces the one before."""

    CREATE = "CREATE"
    AMEND = "AMEND"
    """The same task with other lines: those of this version count."""

    CANCEL = "CANCEL"
    """Nothing was picked (warehouse) or handed over (transport) as far as is known: stop."""

    RETURN_TO_STOCK = "RETURN_TO_STOCK"
    """Picked already: put it back."""

    INTERCEPT = "INTERCEPT"
    """On its way already: stop the goods and bring them back."""


class GivenTask(NamedTuple):
    """The last version of a task that was said."""

    version: int
    action: TaskAction
    lines: tuple[tuple[str, Decimal, str], ...]
    """Line, quantity, unit; sorted."""

    promised_at: datetime | None
    at: datetime
    """Log time at which it was said; the answer is expected from then on."""


class Told(NamedTuple):
    """A decision that finance was told, as far as reconciliation needs it."""

    sequence: int
    kind: DecisionKind
    amount: Decimal
    lines: tuple[str, ...]
    triggered_at: datetime
    at: datetime
    """Log time at which it was said."""


@dataclass(slots=True)
class Memory:
    """What an order's row remembers for the watch. Everything else is derived."""

    exceptions: dict[str, Concern] = field(default_factory=dict)
    findings: dict[str, Concern] = field(default_factory=dict)
    tasks: dict[str, GivenTask] = field(default_factory=dict)
    """By target and ship-from: `WAREHOUSE/HAM`."""

    told: list[Told] = field(default_factory=list)
    expected: dict[str, Decimal] = field(default_factory=dict)
    """What each invoice should have amounted to by the releases known when it was entered."""

    wake_at: datetime | None = None
    """The earliest deadline that is still to come."""
