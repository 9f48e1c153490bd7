"""How much of each order line was shipped, delivered, proven and accepted, and when: the quantities on which invoices rest.

    shipped     GOODS_ISSUED with lines; without, what was planned (`streams.domain.portions`); less GOODS_ISSUE_REVERSED
    delivered   DELIVERED, DELIVERED_WITH_EXCEPTION: all that the portion holds, or the lines stated; DELIVERED_PARTIAL: the lines stated
    proven      POD_RECEIVED with lines: those; without: the deliveries made up to its time, at least the first (clocks differ), and before
                any delivery is known, all that the portion holds. A proof that states lines overrules those that do not.
    accepted    ACCEPTED_BY_CUSTOMER, in the same way; REJECTED_BY_CUSTOMER takes it away until the next acceptance

Stated lines add up (two partial deliveries), but not beyond what the portion holds. What came back, or was lost: `streams.domain.returns`.
"""

from __future__ import annotations

from typing import Final

from streams.domain.amounts import Amounts, reaches
from streams.domain.dossier import Dossier
from streams.domain.facts import Fact
from streams.domain.goods import Goods, Increment, ItemOf, Portion, Statement, add_up, gains
from streams.domain.portions import goods_without_quantities
from streams.domain.returns import take_back
from streams.domain.statements import added, statements
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone

__all__ = ["goods_of", "proven_by"]

_PARTIAL: Final = Milestone.DELIVERED_PARTIAL
_ARRIVED: Final = (Milestone.DELIVERED, Milestone.DELIVERED_WITH_EXCEPTION, _PARTIAL)
_ACCEPTED: Final = Milestone.ACCEPTED_BY_CUSTOMER
_ON_DELIVERY: Final = Trigger.ON_DELIVERY
_ON_POD: Final = Trigger.ON_POD
_ON_ACCEPTANCE: Final = Trigger.ON_ACCEPTANCE


def goods_of(dossier: Dossier, items: ItemOf) -> Goods:
    """The portions and quantities of an order. Kept in the dossier until a fact about goods comes in."""
    goods = dossier.goods
    if goods is not None:
        if not dossier.since:
            return goods
        if not _same_portions(goods, dossier):
            goods = None
    delivered = True
    if goods is None:
        goods = goods_without_quantities(dossier, items)
    else:
        goods.items = items
        delivered = any(fact.milestone in _ARRIVED for fact in dossier.since)
        _forget(goods, delivered)
    dossier.since.clear()
    if dossier.arrivals and delivered:
        _deliver(goods, dossier.arrivals)
    if dossier.proofs:
        _prove(goods, dossier.proofs)
    if dossier.acceptances:
        _accept(goods, dossier.acceptances)
    if dossier.returns or dossier.losses:
        take_back(goods, dossier)
    portions = goods.portions
    goods.shipped = add_up([(portion, gains(portion.shipped)) for portion in portions])
    if dossier.arrivals:
        goods.delivered = add_up([(portion, gains(portion.delivered)) for portion in portions])
    if dossier.proofs:
        goods.proven = add_up([(portion, gains(portion.proven)) for portion in portions])
    dossier.goods = goods
    return goods


def _same_portions(goods: Goods, dossier: Dossier) -> bool:
    """Whether deliveries and proofs that came since leave the portions and their contents as they are: so it is as long as they speak of
    known places, and nothing but deliveries and proofs was entered into the portions before."""
    if goods.unknown or goods.odd_units or dossier.acceptances or dossier.returns or dossier.losses:
        return False
    if goods.portions and goods.portions[-1].whole_order:
        return False
    told_of = goods.told_of
    for fact in dossier.since:
        if fact.shipment or fact.delivery:
            of_place = told_of.get(goods.place(fact.shipment, fact.delivery))
            if of_place is None or fact.delivery not in of_place:
                return False
        elif not fact.lines and not told_of:
            return False
    return True


def _forget(goods: Goods, delivered: bool) -> None:
    """Take proofs, and deliveries if `delivered`, out of the portions again."""
    for portion in goods.portions:
        if delivered:
            portion.delivered = []
            portion.partly, portion.delivered_at = False, None
        portion.proofs, portion.proven, portion.proven_at = [], [], None
        portion.unproven = portion.unaccepted = portion.delivered


def proven_by(portion: Portion, proofs: list[Statement]) -> tuple[list[Increment], list[Increment]]:
    """What these proofs prove of a portion, and the deliveries of which they say nothing."""
    if not proofs:
        return [], portion.delivered
    expected = gains(portion.delivered) if portion.delivered else portion.contents
    listed = [proof for proof in proofs if proof.lines is not None]
    if listed:
        return _stated(listed, expected), []
    if portion.delivered:
        return _by_delivery(portion.delivered, proofs)
    return ([Increment(proofs[0].at, expected, proofs[0].fact)] if expected is not None else []), []


def _deliver(goods: Goods, arrivals: list[Fact]) -> None:
    for portion, said in statements(goods, arrivals, _ON_DELIVERY):
        portion.partly = True
        contents = portion.contents
        done: Amounts = {}
        for at, lines, fact in said:
            complete = lines is None or (contents is None and fact.milestone is not _PARTIAL and not fact.package)
            if complete and portion.delivered_at is None:
                portion.delivered_at = at
            if lines is not None:
                gain = added(lines, done, contents)
            elif contents is not None:
                gain = added(contents, done, contents)
            else:
                goods.not_known(_ON_DELIVERY, fact)
                continue
            if gain:
                portion.delivered.append(Increment(at, gain, fact))
        if portion.delivered_at is None and contents and reaches(done, contents):
            portion.delivered_at = portion.delivered[-1].at
        portion.unproven = portion.unaccepted = portion.delivered


def _prove(goods: Goods, proofs: list[Fact]) -> None:
    reached = statements(goods, proofs, _ON_POD)
    of_order_by_line = any(portion.whole_order and any(said.lines is not None for said in each) for portion, each in reached)
    if of_order_by_line:
        for portion in goods.portions:
            portion.unproven = []
    for portion, said in reached:
        if of_order_by_line:
            said = [statement for statement in said if statement.lines is not None]
        portion.proofs = said
        expected = gains(portion.delivered) if portion.delivered else portion.contents
        if said:
            if expected is None and all(statement.lines is None for statement in said):
                goods.not_known(_ON_POD, said[0].fact)
                portion.proven_at = said[0].at
            portion.proven, portion.unproven = proven_by(portion, said)
        if of_order_by_line:
            portion.unproven = []
        if portion.proven and (expected is None or reaches(gains(portion.proven), expected)):
            portion.proven_at = max([increment.at for increment in portion.proven])


def _accept(goods: Goods, judgements: list[Fact]) -> None:
    """Acceptances like proofs, but a rejection counts until an acceptance follows it."""
    for portion, said in statements(goods, judgements, _ON_ACCEPTANCE):
        expected = gains(portion.delivered) if portion.delivered else portion.contents
        valid: list[Statement] = []
        for statement in said:
            lines = statement.lines if statement.lines is not None else (expected or {})
            if statement.fact.milestone is _ACCEPTED:
                for line in lines:
                    portion.rejected.pop(line, None)
                valid.append(statement)
            else:
                portion.rejected.update(dict.fromkeys(lines, statement.fact))
                valid = [_without(earlier, lines, expected) for earlier in valid]
        portion.accepted, portion.unaccepted = proven_by(portion, valid)
    of_order = [fact for fact in judgements if fact.milestone is _ACCEPTED and not (fact.lines or fact.shipment or fact.delivery)]
    lifted_at = max((fact.at for fact in of_order), default=None)
    for whole in goods.portions:
        if whole.whole_order:
            for line, fact in list(whole.rejected.items()):
                if lifted_at is None or lifted_at <= fact.at:
                    for portion in goods.portions:
                        portion.rejected[line] = fact
                        portion.accepted = [each if each.at > fact.at else _left(each, {line: fact}) for each in portion.accepted]
    for portion in goods.portions:
        if portion.rejected:
            portion.unaccepted = [_left(increment, portion.rejected) for increment in portion.unaccepted]


def _without(statement: Statement, lines: Amounts, expected: Amounts | None) -> Statement:
    told = statement.lines if statement.lines is not None else (expected or {})
    return statement._replace(lines={line: quantity for line, quantity in told.items() if line not in lines})


def _left(increment: Increment, rejected: dict[str, Fact]) -> Increment:
    return increment._replace(gain={line: quantity for line, quantity in increment.gain.items() if line not in rejected})


def _stated(listed: list[Statement], expected: Amounts | None) -> list[Increment]:
    done: Amounts = {}
    found = []
    for at, lines, fact in listed:
        gain = added(lines or {}, done, expected)
        if gain:
            found.append(Increment(at, gain, fact))
    return found


def _by_delivery(deliveries: list[Increment], proofs: list[Statement]) -> tuple[list[Increment], list[Increment]]:
    """Deliveries made up to the time of a proof are proven by it; the first in any case."""
    proven, unproven = [], []
    for index, increment in enumerate(deliveries):
        proof = None if index else proofs[0]
        for each in proofs:
            if each.at >= increment.at:
                proof = each
                break
        if proof is None:
            unproven.append(increment)
        else:
            proven.append(Increment(proof.at, increment.gain, proof.fact))
    return proven, unproven
