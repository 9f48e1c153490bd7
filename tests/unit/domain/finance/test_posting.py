"""Finance cases 65, 68 to 70 and 72 to 74: what finance posted. Findings about it: test_findings.py."""

from __future__ import annotations

from streams.domain.terms import Granularity, Trigger
from streams.domain.vocabulary import ReasonClass
from tests.unit.domain.finance.words import shipped
from tests.unit.domain.telling import (
    ToldOrder,
    cancelled,
    day,
    delivered,
    exception,
    invoice_cancelled,
    issued,
    pieces,
    posted,
    proven,
    released,
    retracted,
    terms,
)

ON_DELIVERY = terms(Trigger.ON_DELIVERY)
ON_POD = terms(Trigger.ON_POD)


def test_posted_before_the_release_is_held_and_then_cured() -> None:
    """Case 65: given an invoice posted first, when the proof comes later, then the hold ends, and nothing is released a second time."""
    order = shipped(ON_POD).hears(delivered(day(3)), posted(day(3, "13:00")))
    assert order.holds == ["POD_MISSING", "POSTED_WITHOUT_RELEASE"]
    order.hears(proven(day(4)))
    assert (order.decisions, order.holds, order.billing) == ([], [], "INVOICED")


def test_an_invoice_of_nothing_or_less_is_no_invoice_of_goods() -> None:
    """Case 68: given an invoice of zero or less, when it is posted, then it is never counted as one for the release."""
    order = shipped(ON_DELIVERY).hears(posted(day(2), "ZERO", amount="0.00"), posted(day(2), "MINUS", amount="-5.00"), delivered(day(3)))
    assert (order.kinds, order.billing) == (["RELEASE"], "RELEASED")


def test_a_chain_of_rebills_has_one_active_invoice() -> None:
    """Case 69: given an invoice cancelled and posted anew, twice, when it is judged, then one is active and nothing is released again."""
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), posted(day(4)))
    for number, at in ((2, 5), (3, 6)):
        order.hears(invoice_cancelled(day(at), f"INV{number - 1}"), posted(day(at), f"INV{number}"))
    assert order.row is not None and order.row.dossier is not None
    active = [fact.more.invoice.number for fact in order.row.dossier.active_invoices if fact.more and fact.more.invoice]
    assert (order.kinds, order.billing, active) == (["RELEASE"], "INVOICED", ["INV3"])
    assert order.hears(cancelled(day(7))).kinds == ["RELEASE", "CREDIT_REQUEST"]


def test_of_five_deliveries_the_four_without_trouble_are_released() -> None:
    """Case 70: given five deliveries on one invoice and one of them on hold, when they are judged, then four are released."""
    by_delivery = terms(Trigger.ON_DELIVERY, granularity=Granularity.DELIVERY)
    order = ToldOrder(by_delivery).hears(released({"10": 50}))
    for number in range(1, 6):
        order.hears(issued(day(2), shipment=f"S{number}"))
    order.hears(exception(day(3), reason=ReasonClass.DAMAGE, shipment="S3"))
    order.hears(*[delivered(day(4), f"S{number}") for number in range(1, 6)])
    assert (order.net, order.holds) == (pieces(_10=40), ["EXCEPTION"])


def test_an_invoice_of_an_unknown_order_waits_for_it() -> None:
    """Case 72: given an invoice of an order that nobody knows, when the order comes later, then the invoice is matched to it."""
    order = ToldOrder(ON_DELIVERY).hears(posted(day(1)))
    assert order.holds == ["NO_ORDER"]
    order.hears(released(), issued(day(2)), delivered(day(3)))
    assert (order.decisions, order.billing) == ([], "INVOICED")


def test_another_currency_is_held_and_never_converted() -> None:
    """Case 73: given a release in one currency, when another is posted, then it is held with CURRENCY and nothing is converted."""
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), posted(day(4), currency="USD"))
    assert (order.kinds, order.holds) == (["RELEASE"], ["CURRENCY"])


def test_an_invoice_that_is_not_posted_after_all_opens_its_release_again() -> None:
    """Case 74: given a posted release, when the posting is taken back, then the release is open again and there is no second one."""
    invoice = posted(day(4))
    order = shipped(ON_DELIVERY).hears(delivered(day(3)), invoice, retracted(invoice))
    assert (order.kinds, order.billing) == (["RELEASE"], "RELEASED")
    assert order.hears(posted(day(6), "INV2")).billing == "INVOICED"
