"""Decisions and holds in plain words, for people who invoice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from streams.domain.decisions import DecisionKind, HoldCode
from streams.domain.money import rounded
from streams.domain.terms import Trigger

__all__ = ["decided", "held"]

_KINDS: Final = {
    DecisionKind.RELEASE: "Post an invoice over {amount} {currency}: {lines}. Nothing of the order is left after it.",
    DecisionKind.PARTIAL_RELEASE: "Post an invoice over {amount} {currency}: {lines}. More of the order will follow.",
    DecisionKind.REVOKE: "Do not post {amount} {currency} of what was released: {lines}.",
    DecisionKind.CREDIT_REQUEST: "Give credit for {amount} {currency} that were posted: {lines}.",
}

_TRIGGERS: Final = {
    Trigger.ON_ORDER: "the order was released",
    Trigger.ON_SHIP: "the goods left",
    Trigger.ON_DELIVERY: "the goods were delivered",
    Trigger.ON_POD: "the delivery was proven",
    Trigger.ON_ACCEPTANCE: "the customer accepted the goods",
    Trigger.ON_MILESTONES: "all milestones of the contract were passed",
}

_REASONS: Final = {
    "AUTO_CONFIRM": "nobody objected within the agreed days, which counts",
    "NET": "what is in question was left out",
    "LATE_DELIVERY": "the goods came late: the contract has a penalty for that",
    "ORDER_CANCELLED": "the order was cancelled",
    "ORDER_REDUCED": "less is ordered now than was released",
    "EVIDENCE_WITHDRAWN": "what it rested on was taken back",
    "GOODS_ISSUE_REVERSED": "the goods issue was booked back",
    "RETURNED": "the goods came back",
    "RETURN_ANNOUNCED": "the goods are coming back",
    "DISPUTE_CONCEDED": "a dispute ended with a concession",
    "RETURNED_OR_CONCEDED": "goods came back, or a dispute ended with a concession",
    "LOST": "the goods were lost at the seller's risk",
}

_HOLDS: Final = {
    HoldCode.NO_ORDER: "the order itself is not known yet; it comes from the ERP",
    HoldCode.NO_TERMS: "no billing terms are valid; send them on billing.terms",
    HoldCode.NOT_SHIPPED: "not all goods have left",
    HoldCode.NOT_DELIVERED: "not all goods are delivered",
    HoldCode.POD_MISSING: "the proof of delivery is missing",
    HoldCode.MILESTONE_MISSING: "the contract waits for a milestone",
    HoldCode.ACCEPTANCE_MISSING: "the customer has not accepted yet",
    HoldCode.REJECTED: "the customer did not accept the goods; settle it with the customer",
    HoldCode.INCOMPLETE: "the contract invoices this only as a whole, and part of it is open",
    HoldCode.SHIPMENT_CONTENTS_UNKNOWN: "nobody said what the shipment holds; the goods issue or the plan must say",
    HoldCode.UNIT_UNKNOWN: "quantities cannot be converted; send the article's units on reference.data",
    HoldCode.EXCEPTION: "something went wrong on the way, and is not settled",
    HoldCode.DISPUTE: "the customer contests it",
    HoldCode.ORDER_BLOCK: "the ERP blocks billing of the order",
    HoldCode.LINE_BLOCK: "the ERP blocks billing of a line",
    HoldCode.DELIVERY_BLOCK: "the ERP blocks billing of a delivery",
    HoldCode.ORDER_HELD: "the ERP holds the order",
    HoldCode.PRICE_CHECK: "another article was sent than was ordered; change the order to give it a price",
    HoldCode.CANCELLED_LINE: "goods left after they were cancelled; get them back, or order them again",
    HoldCode.RETURN: "goods are announced, or on their way, to come back",
    HoldCode.CREDIT_REVIEW: "more is posted than may be; decide about the credit",
    HoldCode.DEAD_LETTER: "a record about the order was refused; replay or discard it",
    HoldCode.CURRENCY: "currencies differ",
    HoldCode.TIME_ZONE: "the accounting month cannot be told without the zone of a time",
    HoldCode.POSTED_WITHOUT_RELEASE: "an invoice was posted before it might be",
}


def decided(
    kind: str,
    amount: Decimal,
    currency: str,
    lines: Iterable[tuple[str, Decimal, str]],
    *,
    trigger: str,
    triggered_at: datetime,
    accounting_date: date,
    terms: str,
    reasons: Iterable[str],
) -> str:
    """One decision. `lines`: number, quantity and unit of each; `terms`: id and version, as people write them."""
    told = ", ".join(f"line {line} {_plain(abs(quantity))} {uom}" for line, quantity, uom in lines)
    paid = abs(rounded(amount, currency))
    what = _KINDS[DecisionKind(kind)].format(amount=paid, currency=currency, lines=told)
    why = [_REASONS.get(reason, reason) for reason in reasons]
    if DecisionKind(kind) in (DecisionKind.RELEASE, DecisionKind.PARTIAL_RELEASE):
        because = f"{_TRIGGERS[Trigger(trigger)]} on {triggered_at:%Y-%m-%d %H:%M} UTC ({terms})"
        why = [because, *why]
    else:
        why = why or [terms]
    return f"{what} Because {'; '.join(why)}. Accounting date {accounting_date.isoformat()}."


def held(reasons: Iterable[tuple[str, str]]) -> str:
    """All that stands in the way: code and detail of each."""
    told = [f"{_HOLDS[HoldCode(code)]} [{code}{': ' + detail if detail else ''}]" for code, detail in reasons]
    return "Held: " + "; ".join(told) + "." if told else "Nothing stands in the way."


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
