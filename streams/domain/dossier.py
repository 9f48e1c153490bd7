"""The standing facts of one order, sorted by what they speak of, in one pass.

A dossier can take one more fact without being made anew, unless that fact withdraws something. What it holds does not depend on
the order in which it was given the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from streams.domain.facts import Fact, Revision, standing, withdrawn
from streams.domain.vocabulary import Classifier, Effect, Milestone, ReasonClass

if TYPE_CHECKING:
    from streams.domain.fold import Judged
    from streams.domain.portions import Goods, Ordered

__all__ = ["Cases", "Dossier", "Place", "blocks_billing", "blocks_confirmation", "reason_of"]

Place = tuple[str, str]
"""Shipment id and delivery id; either may be empty."""

_ACT: Final = Classifier.ACT
"""Taken out once: an attribute of an Enum class costs a tenth of a microsecond on Python 3.11, and a pass asks for thousands."""

_IN_TRANSIT: Final = Milestone.IN_TRANSIT
_DELIVERED: Final = Milestone.DELIVERED
_ARRIVED: Final = (Milestone.DELIVERED, Milestone.DELIVERED_PARTIAL, Milestone.DELIVERED_WITH_EXCEPTION)
_NONE: Final = Decimal(0)


class Cases:
    """Exceptions, disputes or blocks: when each was raised (again), and when it was last resolved."""

    __slots__ = ("_key", "_raised", "_resolved")

    def __init__(self, key: Callable[[Fact], str]) -> None:
        self._key = key
        self._raised: dict[str, list[Fact]] = {}
        self._resolved: dict[str, Fact] = {}

    def raised(self, fact: Fact) -> None:
        self._raised.setdefault(self._key(fact), []).append(fact)

    def resolved(self, fact: Fact) -> None:
        case = self._key(fact)
        known = self._resolved.get(case)
        if known is None or (fact.at, fact.id) > (known.at, known.id):
            self._resolved[case] = fact

    def open(self) -> list[Fact]:
        """What was raised after its case was last resolved, by case and time."""
        if not self._raised:
            return []
        resolved = self._resolved
        facts = [fact for case, raised in self._raised.items() for fact in raised if case not in resolved or fact.at > resolved[case].at]
        return facts if len(facts) < 2 else sorted(facts, key=lambda fact: (self._key(fact), fact.at, fact.id))

    @property
    def any_settled(self) -> bool:
        return bool(self._resolved)

    def settled(self) -> Iterator[tuple[Fact, list[Fact]]]:
        """Every case that is over: the fact that ended it, and those that raised it."""
        for case, ended in sorted(self._resolved.items()):
            raised = self._raised.get(case, [])
            if all(fact.at <= ended.at for fact in raised):
                yield ended, raised

    def told(self) -> Iterator[Fact]:
        """All that was ever raised."""
        for raised in self._raised.values():
            yield from raised


def _case(fact: Fact) -> str:
    return fact.case


def _block(fact: Fact) -> str:
    """A block is known by its code and by what it is about: header, item and delivery may be blocked with one code."""
    code = fact.more.case if fact.more is not None else ""
    return f"{code}@{fact.shipment}/{fact.delivery}/" + ",".join([quantity.line for quantity in fact.lines])


class Dossier:
    """What the facts of one order say, retractions applied. Only ACT counts, except for plans and estimates."""

    __slots__ = (
        "_gone",
        "acceptances",
        "answers",
        "arrivals",
        "blocks",
        "cancellations",
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
        "unallocated",
        "withdrawals",
    )

    def __init__(self, order_id: str, facts: Sequence[Fact]) -> None:
        self.order: Fact | None = None
        """The fact with the order revision that counts."""
        self.revision: Revision | None = None
        """That revision."""
        self.revisions: list[Fact] = []
        """All that the order ever was, in whatever order it came."""
        self.cancellations: list[Fact] = []
        """Of the order, or of the lines that they name."""
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
        self.exceptions = Cases(_case)
        self.disputes = Cases(_case)
        self.blocks = Cases(_block)
        self.order_holds = Cases(_case)
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

        self.judged: Judged | None = None
        """What the gate said last (`fold`); dropped when a fact comes in that it looks at."""

        self.withdrawals = [fact for fact in facts if fact.more is not None and fact.more.retracts]
        self._gone = withdrawn(self.withdrawals, order_id) if self.withdrawals else frozenset()
        moves = self.moves
        for fact in facts:
            if fact.milestone is _IN_TRANSIT and fact.classifier is _ACT and fact.more is None and not self._gone:
                # By far the most frequent; the same as `_take` does with it.
                if self.last_at is None or fact.at > self.last_at:
                    self.last_at = fact.at
                moves.setdefault((fact.shipment, "") if fact.shipment else ("", fact.delivery), 1)
            else:
                self._take(fact)

    def add(self, fact: Fact) -> bool:
        """Take one more fact. False: it withdraws something, and the dossier must be made anew."""
        if fact.more is not None and fact.more.retracts:
            return False
        self._take(fact)
        return True

    @property
    def cancelled(self) -> bool:
        """The order is cancelled and no later revision revived it, or all its lines are at zero."""
        order = self.revision
        if self.cancellations:
            if any(not fact.lines and self._counts(fact) for fact in self.cancellations):
                return True
            if order is not None:
                gone = self.cancelled_lines
                return not any(line.quantity > gone.get(line.line, _NONE) for line in order.lines)
        if order is None:
            return False
        for line in order.lines:  # noqa: SIM110 - asked several times a message, and the first line mostly answers
            if line.quantity:
                return False
        return True

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

    def open_exceptions(self) -> list[Fact]:
        """Exceptions that are not resolved. A refusal and a loss are over, too, when a clean delivery of the same goods follows."""
        found = self.exceptions.open()
        if not found or not self.arrivals:
            return found
        return [fact for fact in found if not (_ends_with_delivery(fact) and self.delivered_after(fact))]

    def delivered_after(self, fact: Fact) -> bool:
        """Whether the goods that a fact names (a package, delivery or shipment) were delivered clean, and in full, later than it."""
        if not fact.shipment and not fact.delivery and not fact.package:
            return False
        return any(
            arrival.milestone is _DELIVERED
            and not arrival.lines
            and arrival.at > fact.at
            and (arrival.package == fact.package or not arrival.package)
            and (arrival.shipment == fact.shipment or not arrival.shipment)
            and (arrival.delivery == fact.delivery or not arrival.delivery)
            for arrival in self.arrivals
        )

    @property
    def active_invoices(self) -> list[Fact]:
        """Posted, not cancelled, by number."""
        return [self.invoices[number] for number in sorted(self.invoices) if number not in self.invoices_cancelled]

    def stands(self, event_ids: Sequence[str]) -> bool:
        """Whether none of these events was withdrawn."""
        return self._gone.isdisjoint(event_ids)

    def _take(self, fact: Fact) -> None:
        more = fact.more
        if more is not None and more.retracts:
            return
        if self._gone:
            left = standing(fact, self._gone)
            if left is None:
                return
            fact = left
        if fact.classifier is _ACT:
            if self.last_at is None or fact.at > self.last_at:
                self.last_at = fact.at
            if fact.milestone not in _ON_THE_ROAD:
                self.judged = None
            _HAPPENED[fact.milestone](self, fact)
        else:
            foretold = _FORETOLD.get(fact.milestone)
            if foretold is not None:
                foretold(self, fact)

    def _ordered(self, fact: Fact) -> None:
        revision = fact.more.order if fact.more is not None else None
        if revision is None:
            return
        self.revisions.append(fact)
        if self.order is None or self.revision is None or _revision_rank(fact, revision) > _revision_rank(self.order, self.revision):
            self.order, self.revision = fact, revision
            self.goods = self.ordered = None

    def _cancelled(self, fact: Fact) -> None:
        self.cancellations.append(fact)
        self.goods = self.ordered = None

    def _picked(self, fact: Fact) -> None:
        self.picked = True

    def _packed(self, fact: Fact) -> None:
        if fact.package and fact.lines:
            self.packed.append(fact)
            self.goods = None
        self._noted(fact)

    def _reversed(self, fact: Fact) -> None:
        self.reversals.append(fact)
        self.goods = None

    def _issued(self, fact: Fact) -> None:
        self.issues.append(fact)
        self.goods = None

    def _planned(self, fact: Fact) -> None:
        self.plans.append(fact)
        self.goods = None

    def _moving(self, fact: Fact) -> None:
        self.moves.setdefault((fact.shipment, "") if fact.shipment else ("", fact.delivery), 1)

    def _marked(self, fact: Fact) -> None:
        """A step that terms may ask for."""
        self.marks.append(fact)

    def _moved(self, fact: Fact) -> None:
        self._moving(fact)
        self._marked(fact)

    def _cleared(self, fact: Fact) -> None:
        self.exceptions.resolved(fact)
        self._marked(fact)

    def _came_back(self, fact: Fact) -> None:
        self.returns.append(fact)
        self.goods = None
        self._noted(fact)

    def _lost(self, fact: Fact) -> None:
        self.losses.append(fact)
        self.goods = None
        self._noted(fact)

    def _judged_by_customer(self, fact: Fact) -> None:
        self.acceptances.append(fact)
        self.goods = None

    def _differs(self, fact: Fact) -> None:
        """A proof that states other quantities is a proof of these; one that states none is a question to somebody."""
        if fact.lines:
            self._proven(fact)
        else:
            self.exceptions.raised(fact)

    def _out_for_delivery(self, fact: Fact) -> None:
        self.moves[(fact.shipment, "") if fact.shipment else ("", fact.delivery)] = 2

    def _arrived(self, fact: Fact) -> None:
        self.arrivals.append(fact)
        self.goods = None

    def _arrived_badly(self, fact: Fact) -> None:
        self._arrived(fact)
        self.exceptions.raised(fact)

    def _proven(self, fact: Fact) -> None:
        self.proofs.append(fact)
        self.goods = None

    def _noted(self, fact: Fact) -> None:
        """A refused delivery, a loss or a damage that states its effect opens a case under any name; nothing else is derived."""
        if fact.more is not None and fact.more.effect is not None:
            self.exceptions.raised(fact)

    def _forecast(self, fact: Fact) -> None:
        place = (fact.shipment, "") if fact.shipment else ("", fact.delivery)
        known = self.forecasts.get(place)
        if known is None or _forecast_rank(fact) > _forecast_rank(known):
            self.forecasts[place] = fact

    def _drafted(self, fact: Fact) -> None:
        if fact.more is not None and fact.more.invoice is not None:
            self.drafts[fact.more.invoice.number] = fact

    def _freight_billed(self, fact: Fact) -> None:
        if fact.more is not None and fact.more.invoice is not None:
            self.freight.append(fact)

    def _charged(self, fact: Fact) -> None:
        self.charged.append(fact)
        self._noted(fact)

    def _waits(self, fact: Fact) -> None:
        self._moving(fact)
        self.charged.append(fact)

    def _answered(self, fact: Fact) -> None:
        known = self.answers.get(fact.case)
        if known is None or (fact.at, fact.milestone, fact.id) > (known.at, known.milestone, known.id):
            self.answers[fact.case] = fact

    def _promised(self, fact: Fact) -> None:
        if fact.classifier is Classifier.PLN:
            place = (fact.shipment, "") if fact.shipment else ("", fact.delivery)
            known = self.promises.get(place)
            if known is None or _forecast_rank(fact) > _forecast_rank(known):
                self.promises[place] = fact
        self._forecast(fact)

    def _posted(self, fact: Fact) -> None:
        if fact.more is not None and fact.more.invoice is not None:
            invoice = fact.more.invoice
            known = self.invoices.get(invoice.number)
            if invoice.unallocated:
                self.unallocated[invoice.number] = invoice.unallocated
            if known is not None:
                self.reposted.setdefault(invoice.number, [known]).append(fact)
            if known is None or (fact.at, fact.id) < (known.at, known.id):
                self.invoices[invoice.number] = fact

    def _invoice_cancelled(self, fact: Fact) -> None:
        if fact.more is not None and fact.more.invoice is not None:
            self.invoices_cancelled.add(fact.more.invoice.number)

    def _credited(self, fact: Fact) -> None:
        if fact.more is not None and fact.more.invoice is not None:
            number = fact.more.invoice.number
            known = self.credits.get(number)
            if known is None or (fact.at, fact.id) < (known.at, known.id):
                self.credits[number] = fact


_JUDGED: Final[dict[Milestone, Callable[[Dossier, Fact], None]]] = {
    Milestone.ORDER_RELEASED: Dossier._ordered,
    Milestone.ORDER_CHANGED: Dossier._ordered,
    Milestone.ORDER_CANCELLED: Dossier._cancelled,
    Milestone.PICK_COMPLETED: Dossier._picked,
    Milestone.PACKED: Dossier._packed,
    Milestone.STAGED: Dossier._marked,
    Milestone.LOADED: Dossier._marked,
    Milestone.GOODS_ISSUED: Dossier._issued,
    Milestone.GOODS_ISSUE_REVERSED: Dossier._reversed,
    Milestone.SHIPMENT_PLANNED: Dossier._planned,
    Milestone.PICKED_UP: Dossier._moved,
    Milestone.DISPATCHED: Dossier._moved,
    Milestone.IN_TRANSIT: Dossier._moving,
    Milestone.ARRIVED_TERMINAL: Dossier._moving,
    Milestone.DEPARTED_TERMINAL: Dossier._moving,
    Milestone.LOADED_ON_VESSEL: Dossier._moved,
    Milestone.DISCHARGED: Dossier._moving,
    Milestone.ARRIVED_DESTINATION: Dossier._moved,
    Milestone.AVAILABLE_FOR_COLLECTION: Dossier._waits,
    Milestone.OUT_FOR_DELIVERY: Dossier._out_for_delivery,
    Milestone.ETA_UPDATED: Dossier._forecast,
    Milestone.DELIVERED: Dossier._arrived,
    Milestone.DELIVERED_PARTIAL: Dossier._arrived,
    Milestone.DELIVERED_WITH_EXCEPTION: Dossier._arrived_badly,
    Milestone.UNLOADED: Dossier._marked,
    Milestone.POD_RECEIVED: Dossier._proven,
    Milestone.POD_DIFFERENCE: Dossier._differs,
    Milestone.ACCEPTED_BY_CUSTOMER: Dossier._judged_by_customer,
    Milestone.REJECTED_BY_CUSTOMER: Dossier._judged_by_customer,
    Milestone.EXCEPTION_RAISED: lambda dossier, fact: dossier.exceptions.raised(fact),
    Milestone.EXCEPTION_RESOLVED: lambda dossier, fact: dossier.exceptions.resolved(fact),
    Milestone.LOST: Dossier._lost,
    Milestone.CUSTOMS_CLEARED: Dossier._cleared,
    Milestone.RETURN_INITIATED: Dossier._came_back,
    Milestone.RETURNING: Dossier._came_back,
    Milestone.RETURNED_TO_SHIPPER: Dossier._came_back,
    Milestone.RETURN_RECEIVED: Dossier._came_back,
    Milestone.ORDER_HELD: lambda dossier, fact: dossier.order_holds.raised(fact),
    Milestone.ORDER_HOLD_CLEARED: lambda dossier, fact: dossier.order_holds.resolved(fact),
    Milestone.BILLING_BLOCK_SET: lambda dossier, fact: dossier.blocks.raised(fact),
    Milestone.BILLING_BLOCK_CLEARED: lambda dossier, fact: dossier.blocks.resolved(fact),
    Milestone.DISPUTE_OPENED: lambda dossier, fact: dossier.disputes.raised(fact),
    Milestone.DISPUTE_RESOLVED: lambda dossier, fact: dossier.disputes.resolved(fact),
    Milestone.ARRIVED_PICKUP: Dossier._charged,
    Milestone.APPOINTMENT_SET: Dossier._charged,
    Milestone.CUSTOMS_HELD: Dossier._charged,
    Milestone.DELIVERY_ATTEMPTED: Dossier._charged,
    Milestone.DELIVERY_REFUSED: Dossier._charged,
    Milestone.FREIGHT_BILLED: Dossier._freight_billed,
    Milestone.TASK_ACCEPTED: Dossier._answered,
    Milestone.TASK_REJECTED: Dossier._answered,
    Milestone.INVOICE_POSTED: Dossier._posted,
    Milestone.INVOICE_CANCELLED: Dossier._invoice_cancelled,
    Milestone.CREDIT_MEMO_POSTED: Dossier._credited,
}

_HAPPENED: Final[dict[Milestone, Callable[[Dossier, Fact], None]]] = {kind: _JUDGED.get(kind, Dossier._noted) for kind in Milestone}
"""What a fact of each kind does. Milestones that nothing is derived from yet are noted: never a delivery, never a release."""

_ON_THE_ROAD: Final = frozenset(
    {
        Milestone.IN_TRANSIT,
        Milestone.ARRIVED_TERMINAL,
        Milestone.DEPARTED_TERMINAL,
        Milestone.DISCHARGED,
        Milestone.AVAILABLE_FOR_COLLECTION,
        Milestone.OUT_FOR_DELIVERY,
    }
)
"""These say how far goods are, and nothing that the gate looks at."""

_FORETOLD: Final[dict[Milestone, Callable[[Dossier, Fact], None]]] = {
    Milestone.SHIPMENT_PLANNED: Dossier._planned,
    Milestone.ETA_UPDATED: Dossier._promised,
    Milestone.INVOICE_POSTED: Dossier._drafted,
    Milestone.DELIVERED: Dossier._promised,
    Milestone.DELIVERED_PARTIAL: Dossier._promised,
    Milestone.DELIVERED_WITH_EXCEPTION: Dossier._forecast,
}
"""What plans and estimates do; those of other milestones do nothing."""


def blocks_confirmation(fact: Fact) -> bool:
    """An open exception that speaks against taking silence as proof of delivery: all but delays and remarks."""
    effect = fact.more.effect if fact.more is not None else None
    return fact.milestone is Milestone.DELIVERED_WITH_EXCEPTION or effect not in (Effect.INFO, Effect.DELAY)


def blocks_billing(fact: Fact) -> bool:
    """An open exception that holds the invoice."""
    effect = fact.more.effect if fact.more is not None else None
    return fact.milestone is Milestone.DELIVERED_WITH_EXCEPTION or effect not in (Effect.INFO, Effect.DELAY, Effect.DELIVERY_BLOCK)


def reason_of(fact: Fact) -> ReasonClass:
    """Why an exception was raised: its reason class, else what its milestone says by itself."""
    if fact.more is not None and fact.more.reason is not None:
        return fact.more.reason
    return _OWN_REASONS.get(fact.milestone, ReasonClass.OTHER)


_OWN_REASONS: Final = {
    Milestone.DELIVERED_WITH_EXCEPTION: ReasonClass.DAMAGE,
    Milestone.DAMAGED: ReasonClass.DAMAGE,
    Milestone.LOST: ReasonClass.LOSS,
    Milestone.DELIVERY_REFUSED: ReasonClass.CONSIGNEE_REFUSED,
    Milestone.POD_DIFFERENCE: ReasonClass.SHORTAGE,
    Milestone.DELAYED: ReasonClass.CARRIER_DELAY,
}


def _ends_with_delivery(fact: Fact) -> bool:
    return fact.milestone not in _ARRIVED and reason_of(fact) in (ReasonClass.CONSIGNEE_REFUSED, ReasonClass.LOSS)


def _revision_rank(fact: Fact, revision: Revision) -> tuple[int, datetime, str, Revision]:
    """The highest number counts, then the latest word; the rest only makes sure that arrival order never matters."""
    return revision.number, fact.at, fact.id, revision


def _forecast_rank(fact: Fact) -> tuple[bool, datetime, datetime, str]:
    """An estimate beats a plan; among equals the last said counts."""
    return fact.classifier is not Classifier.PLN, fact.told or fact.at, fact.at, fact.id
