"""What the facts of one order say, sorted by what they speak of: the fields of a dossier.

`sorting` fills them, fact by fact; `dossier` decides which facts stand.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from streams.domain.cases import Cases, block_of, case_of
from streams.domain.facts import Fact, Revision
from streams.domain.goods import Goods, Ordered, Place
from streams.domain.verdict import Judged

__all__ = ["Standing"]

_NONE: Final = Decimal(0)


class Standing:
    """Standing facts. Only ACT counts, except for plans and estimates."""

    __slots__ = (
        "acceptances",
        "answers",
        "arrivals",
        "blocks",
        "cancellations",
        "cancelled",
        "charged",
        "credits",
        "disputes",
        "drafts",
        "exceptions",
        "forecasts",
        "freight",
        "goods",
        "invoices",
        "invoices_cancelled",
        "issues",
        "judged",
        "last_at",
        "losses",
        "marks",
        "moves",
        "order",
        "order_holds",
        "ordered",
        "packed",
        "picked",
        "plans",
        "promises",
        "proofs",
        "reposted",
        "returns",
        "reversals",
        "revision",
        "revisions",
        "scans",
        "since",
        "unallocated",
    )

    def __init__(self) -> None:
        self.order: Fact | None = None
        """The fact with the order revision that counts."""
        self.revision: Revision | None = None
        """That revision."""
        self.revisions: list[Fact] = []
        """All that the order ever was, in whatever order it came."""
        self.cancellations: list[Fact] = []
        """Of the order, or of the lines that they name."""
        self.cancelled = False
        """The order is cancelled and no later revision revived it, or all its lines are at zero."""
        self.picked = False
        self.packed: list[Fact] = []
        """What one package holds."""
        self.issues: list[Fact] = []
        self.reversals: list[Fact] = []
        self.plans: list[Fact] = []
        self.arrivals: list[Fact] = []
        self.proofs: list[Fact] = []
        self.acceptances: list[Fact] = []
        """Acceptances and rejections by the customer."""
        self.returns: list[Fact] = []
        """Returns announced, on their way, and received."""
        self.losses: list[Fact] = []
        self.marks: list[Fact] = []
        """Other milestones that terms may ask for."""
        self.moves: dict[Place, int] = {}
        """How far each shipment or delivery came on the road: 1 moving, 2 out for delivery."""
        self.forecasts: dict[Place, Fact] = {}
        """The latest estimate of each shipment's or delivery's arrival."""
        self.exceptions = Cases(case_of)
        self.disputes = Cases(case_of)
        self.blocks = Cases(block_of)
        self.order_holds = Cases(case_of)
        self.invoices: dict[str, Fact] = {}
        self.invoices_cancelled: set[str] = set()
        self.answers: dict[str, Fact] = {}
        """The last answer to each version of a task: `<task id>/<version>`."""
        self.promises: dict[Place, Fact] = {}
        """The latest plan of each shipment's or delivery's arrival."""
        self.drafts: dict[str, Fact] = {}
        """Billing documents that exist and are not in the ledger, by number."""
        self.reposted: dict[str, list[Fact]] = {}
        """All postings of a number that was posted more than once."""
        self.unallocated: dict[str, Decimal] = {}
        """By invoice over several orders: what its parts miss of its total."""
        self.freight: list[Fact] = []
        """Carriers' bills."""
        self.charged: list[Fact] = []
        """Steps for which carriers charge extra."""
        self.scans = -1
        """How many scans may be summarised; below 0: not counted yet."""
        self.credits: dict[str, Fact] = {}
        """Credit memos that finance posted, by number."""
        self.last_at: datetime | None = None
        """Time of the latest thing that happened."""
        self.ordered: Ordered | None = None
        """Made from the revision that counts by `portions`; dropped when another counts."""
        self.goods: Goods | None = None
        """Made from this dossier by `quantities`; dropped when a fact about goods or the order comes in."""
        self.since: list[Fact] = []
        """Deliveries and proofs that came after `goods` was made: `quantities` enters them, or makes it anew."""

        self.judged: Judged | None = None
        """What the gate said last (`fold`); dropped when a fact comes in that it looks at."""

    def is_cancelled(self) -> bool:
        """What `cancelled` must be after a revision or a cancellation came."""
        order = self.revision
        if self.cancellations:
            if any(not fact.lines and self._counts(fact) for fact in self.cancellations):
                return True
            if order is not None:
                gone = self.cancelled_lines
                return not any(line.quantity > gone.get(line.line, _NONE) for line in order.lines)
        return order is not None and not any(line.quantity for line in order.lines)

    @property
    def cancelled_lines(self) -> dict[str, Decimal]:
        """What was taken off the lines of the revision that counts since it was told. Its own quantities where none is stated."""
        gone: dict[str, Decimal] = {}
        for fact in self.cancellations:
            if fact.lines and self._counts(fact):
                ordered = {line.line: line.quantity for line in self.revision.lines} if self.revision is not None else {}
                for line, quantity, _ in fact.lines:
                    gone[line] = gone.get(line, _NONE) + (quantity or ordered.get(line, _NONE))
        return gone

    def _counts(self, cancellation: Fact) -> bool:
        told = cancellation.more.order if cancellation.more is not None else None
        return told is None or self.revision is None or told.number >= self.revision.number
