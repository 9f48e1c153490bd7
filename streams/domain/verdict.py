"""What the gate says of an order, as a value: what counts, what stands in the way, and what the ledger has of it.

How it is made: `billable` (what counts), `obstacles` and `gate` (what stands in the way), `ledger` (what was decided and posted).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from streams.domain.amounts import Amounts, less, plus
from streams.domain.decisions import HoldCode, HoldReason
from streams.domain.event import TermsChanged
from streams.domain.facts import Fact
from streams.domain.goods import Goods, Increment, Portion
from streams.domain.terms import Terms, Trigger

__all__ = ["Billable", "Billed", "Cause", "Judged", "Obstacles", "Verdict"]

_NAMED_LINES: Final = 5
"""Lines named in a reason; the rest are counted."""


class Cause(NamedTuple):
    """A quantity that counts, and the terms by which it does."""

    increment: Increment
    portion: Portion
    terms: Terms


@dataclass(slots=True)
class Billable:
    """What counts of an order."""

    gross: Amounts = field(default_factory=dict)
    off: Amounts = field(default_factory=dict)
    target: Amounts = field(default_factory=dict)
    """What may be invoiced in all, by line."""

    ceiling: Amounts = field(default_factory=dict)
    """What may stay released: the target, what would count if terms were known for its time, and what silence proves but for an
    open exception."""

    expected: Amounts = field(default_factory=dict)
    """What is ordered, less what will not come any more, or is tolerated to be missing."""

    due: Amounts = field(default_factory=dict)
    by_portion: list[tuple[Portion, Amounts]] = field(default_factory=list)
    """What counts of each portion."""

    causes: list[Cause] = field(default_factory=list)
    """By portion, step and time."""

    complete: bool = False
    """All that is ordered counts."""

    no_calendar: Terms | None = None
    """Terms that count silence in working days of a calendar that nobody has sent yet."""

    latest: datetime | None = None
    """Time of the goods' latest step."""

    terms: Terms | None = None
    """Those valid at the latest step (before the first: at the order)."""

    undated: set[Trigger] = field(default_factory=set)
    """Steps at whose time no terms were valid."""

    wake_at: datetime | None = None
    """When silence becomes proof; whole milliseconds."""

    torn: bool = False
    """A delivery or shipment that is invoiced as a whole counts in part only."""

    def excess(self) -> Amounts:
        """What was reached beyond what may be invoiced."""
        return less(self.gross, plus(self.target, self.off))


@dataclass(slots=True)
class Obstacles:
    """What stands in the way, and of what."""

    reasons: list[HoldReason] = field(default_factory=list)
    """Sorted in the end."""

    stopped: bool = False
    """Nothing new may be released."""

    stopped_lines: set[str] = field(default_factory=set)
    """Nothing new may be released of these."""

    withheld: Amounts = field(default_factory=dict)
    """Of the target, these quantities may not be released anew."""

    revocable: Amounts = field(default_factory=dict)
    """Of what is released and not posted, these quantities are to be revoked."""

    remarks: list[str] = field(default_factory=list)
    """Codes that a release carries."""

    def because(self, code: HoldCode, detail: str = "", evidence: Iterable[str] = ()) -> None:
        self.reasons.append(HoldReason(code, detail, tuple(sorted(evidence))))

    def stop(self, fact: Fact) -> None:
        """Stop what a fact is about: the lines that it names, else everything."""
        if fact.lines:
            self.stopped_lines.update([quantity.line for quantity in fact.lines])
        else:
            self.stopped = True

    @staticmethod
    def named(lines: list[str]) -> str:
        """Lines as a reason names them."""
        more = f" and {len(lines) - _NAMED_LINES} more" if len(lines) > _NAMED_LINES else ""
        return "lines " + ", ".join(lines[:_NAMED_LINES]) + more


@dataclass(slots=True)
class Verdict(Obstacles):
    """What the gate says of an order."""

    counted: Billable = field(default_factory=Billable)
    whole_only: bool = False
    """The terms allow no partial invoice."""

    review: bool = False
    """The terms leave credits to a person."""


class Billed(NamedTuple):
    """The ledger's sums, by line."""

    released: Amounts
    posted: Amounts
    """Part of `released`."""

    early: Amounts
    currency: str
    """Of what is released; empty where nothing is."""

    @property
    def covered(self) -> Amounts:
        """What must not be released again."""
        return plus(self.released, self.early)


class Judged(NamedTuple):
    """What the gate said last, and of what; kept between events of one row object."""

    goods: Goods
    terms: TermsChanged | None
    sums: Billed
    verdict: Verdict
