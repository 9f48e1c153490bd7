"""Terms and invoices."""

from __future__ import annotations

from streams.day.journey import agreed, expect_order, hand_over, load, new_shipment, order, prove, travel
from streams.day.outcome import released_of
from streams.day.sources import erp
from streams.day.story import Story
from streams.day.truth import Order
from streams.day.world import COMPANIES, EXPIRED, LATE, NEVER_SENT, Company, Contract

__all__ = [
    "contract_ended",
    "contract_unknown",
    "invoiced",
    "posted_and_proven_later",
    "posted_in_the_race",
    "posted_too_early",
    "terms_late",
    "wrong_currency",
]


def invoiced(story: Story) -> None:
    """Delivered, released, and posted by finance once the release is out: the second phase."""
    one = _delivered(story, *agreed(story))
    story.close_the_books()
    erp.post_invoice(story, one, released_of(one))


def posted_too_early(story: Story) -> None:
    """Finance posts while the goods still travel, and they never arrive."""
    one = order(story, *agreed(story, "on_delivery", "on_pod"))
    shipment = new_shipment(story, one)
    load(story, shipment)
    erp.post_invoice(story, one, one.ordered())
    one.posted_too_early = True
    travel(story, shipment)


def posted_and_proven_later(story: Story) -> None:
    """Posted before the proof; the proof arrives in the second phase and cures it, without a release (finance case 65)."""
    one = order(story, *agreed(story, "on_pod"))
    shipment = new_shipment(story, one)
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)
    erp.post_invoice(story, one, one.ordered())
    one.posted_first = True
    story.close_the_books()
    prove(story, shipment)


def posted_in_the_race(story: Story) -> None:
    """Posted minutes after the delivered scan, on another topic: whether a release comes first depends on which is read first."""
    one = _delivered(story, *agreed(story, "on_delivery"))
    story.wait(0.05, 0.3)
    erp.post_invoice(story, one, one.ordered())
    one.release_varies = True


def terms_late(story: Story) -> None:
    """The contract reaches us after the delivery: the order is released when it does (finance case 45)."""
    _delivered(story, COMPANIES[0], LATE)


def contract_unknown(story: Story) -> None:
    """Nobody ever sends the contract: nothing is released."""
    _delivered(story, COMPANIES[0], NEVER_SENT)


def contract_ended(story: Story) -> None:
    """The contract had ended when the goods were delivered."""
    _delivered(story, COMPANIES[0], EXPIRED)


def wrong_currency(story: Story) -> None:
    """The ERP writes another currency than the contract has: no silent conversion (finance case 73)."""
    company, contract = agreed(story, "on_delivery")
    one = expect_order(story, company, contract)
    one.currency = "GBP"
    erp.announce(story, one)
    _deliver(story, one)


def _delivered(story: Story, company: Company, contract: Contract) -> Order:
    one = order(story, company, contract)
    _deliver(story, one)
    return one


def _deliver(story: Story, one: Order) -> None:
    shipment = new_shipment(story, one)
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)
    if one.contract.trigger == "on_pod":
        prove(story, shipment)
