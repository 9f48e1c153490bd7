"""What is said on the pipeline's own topics, in one shape for all sources.

`shipment.events` (keyed by order) carries `Event`, `TermsChanged`, `Tick`, `DeadLetterMark`, and of the reference data (`reference_data`)
articles, places and calendars. `shipment.references` (keyed by reference) carries `Event` whose order is not known yet, `Link`, `Snapshot`,
`Announcement`, `Tick`, other names of carriers, and what one reference's row asks another's: `Inquiry` and `Answer`.

Instances are never changed after they are made; they are plain slots dataclasses because freezing them costs more than the fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from streams.domain.instant import Instant
from streams.domain.links import KnownLink
from streams.domain.terms import Terms
from streams.domain.vocabulary import Classifier, Effect, Milestone, ProofKind, ReasonClass, Scope, Settlement

__all__ = [
    "Announcement",
    "Answer",
    "Claim",
    "DeadLetterMark",
    "Event",
    "Evidence",
    "Exceptional",
    "Freight",
    "FreightCharge",
    "Handling",
    "Inquiry",
    "Invoice",
    "LineQuantity",
    "Lineage",
    "Link",
    "OrderDetails",
    "OrderLine",
    "Restored",
    "Snapshot",
    "TermsChanged",
    "Tick",
]


@dataclass(slots=True)
class Lineage:
    """The raw record from which a statement was read."""

    system: str
    """The source system as it names itself (`SAP-EU`, `WMS-HAM`, carrier's SCAC)."""

    format: str
    """Adapter and version that read it, e.g. `ups.track-alert.v2`."""

    topic: str
    partition: int
    offset: int
    ingested_at: datetime
    """Timestamp of the raw record in its topic."""

    transport_id: str = ""
    """The transport's own message id (webhook id, CloudEvents id), else empty."""

    code: str = ""
    """The source's own status code, untranslated."""

    map_version: str = ""
    """Version of the code map that translated it."""


@dataclass(slots=True)
class LineQuantity:
    """How much of an order line a statement is about."""

    line: str
    quantity: Decimal
    uom: str = "EA"


@dataclass(slots=True)
class OrderLine:
    """One line of an order as released or changed."""

    line: str
    sku: str
    quantity: Decimal
    uom: str
    unit_price: Decimal
    """In the order's currency, for one `uom`."""

    free: bool = False
    """Free goods, a sample: never invoiced, and nobody waits for it."""

    ship_from: str = ""
    """Warehouse or plant that is to send it; empty: the order does not say."""


@dataclass(slots=True)
class OrderDetails:
    """The whole order as its ERP knows it after a release or a change (a snapshot, not a delta)."""

    revision: int
    """Grows with each change in the ERP; the highest known one counts, whatever arrives last."""

    customer: str
    currency: str
    """ISO 4217 alphabetic code."""

    terms_id: str
    """Which billing terms (contract) apply; their versions come by `TermsChanged`."""

    lines: tuple[OrderLine, ...]

    promised_at: datetime | None = None
    """When the customer was promised the goods; None: never."""


@dataclass(slots=True)
class Freight:
    """What the transport of a shipment should cost (SHIPMENT_PLANNED), or how a carrier's bill is made up (FREIGHT_BILLED)."""

    amount: Decimal = Decimal(0)
    """SHIPMENT_PLANNED: agreed, without extra charges; 0: nothing was agreed. A bill's amount is in `Event.invoice`."""

    currency: str = ""
    weight: Decimal = Decimal(0)
    """Chargeable weight in kg; 0: not stated."""

    charges: tuple[FreightCharge, ...] = ()


@dataclass(slots=True)
class FreightCharge:
    """An extra charge of a carrier's bill, part of its amount."""

    code: str
    """As `streams.domain.watch.freight` names those that need a cause; others need none."""

    amount: Decimal


@dataclass(slots=True)
class Exceptional:
    """What went wrong, and what that does."""

    reason: ReasonClass
    effect: Effect
    text: str = ""


@dataclass(slots=True)
class Evidence:
    """Who or what confirms a delivery."""

    signed_by: str = ""
    document: str = ""
    """Reference of a signature, photograph or document kept elsewhere."""

    kind: ProofKind | None = None
    """Where the source says it; else a name is a signature and a reference is a document."""


@dataclass(slots=True)
class Handling:
    """What is special about goods that were issued or planned."""

    final: tuple[str, ...] = ()
    """Lines of which no more will come, however much was ordered (X12 945 line status CP)."""

    substituted: tuple[str, ...] = ()
    """Lines for which another article was sent (X12 945 line status CS)."""

    replacement: bool = False
    """The goods replace what came damaged, late or never: no second charge."""


@dataclass(slots=True)
class Invoice:
    """An invoice as finance posted or cancelled it. Lines may be unstated: then it covers the whole order."""

    number: str
    amount: Decimal
    currency: str
    release_id: str = ""
    """The release that finance acted upon, where it says so."""

    unallocated: Decimal = Decimal(0)
    """Of an invoice over several orders: by how much the parts of the orders miss its total. Said of one of its orders only."""


@dataclass(slots=True)
class Event:
    """One statement of one source: this happened (or is planned, or estimated) then, to that."""

    event_id: str
    """UUIDv5 of the business key (`streams.domain.ids`): the same statement has the same id through any channel and any replay."""

    milestone: Milestone
    classifier: Classifier
    scope: Scope
    at: Instant
    lineage: Lineage
    order_id: str = ""
    """`<company or system>:<order number>`; empty until the resolve hop has found it."""

    references: tuple[str, ...] = ()
    """Reference keys (`kind:issuer:value`) by which the order is to be found, most telling first; empty where the order was named."""

    delivery_id: str = ""
    shipment_id: str = ""
    package_id: str = ""
    lines: tuple[LineQuantity, ...] = ()
    """Empty: everything that the scope holds."""

    case_id: str = ""
    """Id of the exception or dispute that this opens or resolves."""

    retracts: str = ""
    """Event id of a statement that its source takes back."""

    order: OrderDetails | None = None
    exceptional: Exceptional | None = None
    evidence: Evidence | None = None
    invoice: Invoice | None = None
    packages: tuple[str, ...] = ()
    """SHIPMENT_PLANNED: ids of the shipment's packages, where they are tracked one by one."""

    traceparent: str = ""
    """W3C trace context of the raw record, passed on."""

    handling: Handling | None = None
    """Goods issued or planned: what is special about them."""

    settlement: Settlement | None = None
    """DISPUTE_RESOLVED: how it ended; None: in the seller's favour, or nobody said."""

    freight: Freight | None = None
    place: str = ""
    """Where it happened, if only that can tell whose clock `at` is on (`LocationChanged`): then `at` is local time read as UTC."""


@dataclass(slots=True)
class Link:
    """A reference names an order, for a time: tracking numbers are recycled."""

    reference: str
    order_id: str
    valid_from: datetime
    valid_to: datetime
    lineage: Lineage
    delivery_id: str = ""
    shipment_id: str = ""
    package_id: str = ""
    """Only where the reference stands for one package of the shipment."""

    shared: bool = False
    """The reference stands for further orders too, so that line numbers said of it could be anyone's."""

    together: tuple[str, ...] = ()
    """Other references of which the same record says the same, for the same time."""


@dataclass(slots=True)
class Inquiry:
    """A reference with events that name another one too wants to know what that one means, now and until then."""

    reference: str
    """The one that is asked."""

    home: str
    """The one that asks."""

    until: datetime


@dataclass(slots=True)
class Answer:
    """What a reference means, as far as its row knows: all of it in reply to an `Inquiry`, then each new link."""

    reference: str
    """The one that asked."""

    about: str
    """The one that was asked."""

    links: tuple[KnownLink, ...]
    """Empty: nothing, so far."""


@dataclass(slots=True)
class Claim:
    """One thing that a document says of an order as it now stands. Of picked and issued goods, `lines` are totals and no increments."""

    milestone: Milestone
    order_id: str
    at: Instant
    delivery_id: str = ""
    shipment_id: str = ""
    lines: tuple[LineQuantity, ...] = ()
    invoice: Invoice | None = None
    seen: bool = False
    """`at` is when it was seen to be so, and not when it happened: at another time it is the same claim."""


@dataclass(slots=True)
class Snapshot:
    """A document of a source as it stood at one time: all that it then said. What happened is what differs from the snapshot before."""

    reference: str
    """`snapshot:<system>:<document>`."""

    as_of: Instant
    """When the document stood like this."""

    claims: tuple[Claim, ...]
    lineage: Lineage
    traceparent: str = ""


@dataclass(slots=True)
class Announcement:
    """A document of a source changed; what changed, a snapshot of it will say."""

    reference: str
    """`snapshot:<system>:<document>`."""

    at: Instant
    lineage: Lineage


@dataclass(slots=True)
class TermsChanged:
    """All versions of one contract's billing terms. Broadcast to every partition, so that every order can be judged where it lives."""

    terms_id: str
    versions: tuple[Terms, ...]
    calendar: str = ""
    """Whose working days the days of these terms are; empty: every day counts."""


@dataclass(slots=True)
class Tick:
    """Time has come: nothing with a due time up to `due` may wait any longer for the row of `key`."""

    due: datetime
    key: str


@dataclass(slots=True)
class Restored:
    """A closed order that was removed is wanted again, whole: `row` is that of its record in `shipment.archive`."""

    order_id: str
    row: bytes
    by: str
    """Who asked for it."""

    reason: str


@dataclass(slots=True)
class DeadLetterMark:
    """A record that names this order was refused (`open`), or its dead letter was replayed or discarded (not `open`)."""

    dead_letter_id: str
    order_id: str
    reason: str
    open: bool
    at: datetime
