"""What must come of a day, in a form that a file can hold: one JSON line an order, a refused record, a parked statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

__all__ = ["Expectation", "Expected", "ExpectedDeadLetter", "ExpectedParked", "read_expectations", "write_expectations"]


class Expected(msgspec.Struct, frozen=True, tag_field="kind", tag="order"):
    """The final result of one order: once all records are digested and every timer that the day contains is over."""

    order_id: str
    """`<company>:<order number>`."""

    situation: str
    """Which situation it was told in."""

    state: str
    """`OrderState` of the last `shipment.status`."""

    billing: str
    """`BillingState` of the last `shipment.status`."""

    currency: str
    released: dict[str, Decimal] | None
    """Net released quantity by order line, lines at zero left out. None: whether a release or an early posting comes first is a race."""

    amount: Decimal | None
    """Net released amount; None as above."""

    invoiceable: dict[str, Decimal]
    """The larger of what is released and what is posted, by order line: the same in any order of arrival."""

    holds: tuple[str, ...]
    """Codes of the last `invoice.holds`, sorted, each once; none: nothing stands in the way."""

    milestones: dict[str, int]
    """How many different statements of each kind reached `shipment.milestones`."""

    decisions: dict[str, int] | None
    """How many records of each kind `invoice.releases` has; None where that depends on what arrives first."""

    open_exceptions: int
    open_disputes: int

    findings: tuple[str, ...] = ()
    """Checks of the open `reconciliation.findings` that no clock decides (`compare.TIMELESS`), sorted."""


class ExpectedDeadLetter(msgspec.Struct, frozen=True, tag_field="kind", tag="dead_letter"):
    """One dead letter; of one that holds several orders, its effect on one of them."""

    topic: str
    """The topic that the record was read from; the dead letter is on `<topic>.dlq`."""

    record: str
    """The record's `message-id` header; its key where it has none."""

    reason: str
    order_id: str = ""
    """The order whose release it holds; empty: none."""


class ExpectedParked(msgspec.Struct, frozen=True, tag_field="kind", tag="parked"):
    """One statement that waits in vain: in no output until its time to live ends, then a REF_UNRESOLVED dead letter with this key."""

    reference: str
    """`kind:issuer:value`."""

    topic: str
    """Where its raw record was."""


Expectation = Expected | ExpectedDeadLetter | ExpectedParked

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Expectation)


def write_expectations(expectations: Iterable[Expectation]) -> Iterator[bytes]:
    """JSON lines, without line ends; decimals as text."""
    return map(_ENCODER.encode, expectations)


def read_expectations(lines: Iterable[bytes]) -> Iterator[Expectation]:
    """The inverse of `write_expectations`; blank lines are skipped. Raises `msgspec.DecodeError`."""
    return (_DECODER.decode(line) for line in lines if line.strip())
