"""How much of each order line was shipped, delivered and proven, and when: the quantities on which invoices rest.

    shipped     GOODS_ISSUED with lines; without, what was planned (`streams.domain.portions`)
    delivered   DELIVERED, DELIVERED_WITH_EXCEPTION: all that the portion holds, or the lines stated; DELIVERED_PARTIAL: the lines stated
    proven      POD_RECEIVED with lines: those; without: the deliveries made up to its time, at least the first (clocks differ), and before
                any delivery is known, all that the portion holds. A proof that states lines overrules those that do not.

Stated lines add up (two partial deliveries), but not beyond what the portion holds.
"""

from __future__ import annotations

from typing import Final

from streams.domain.dossier import Dossier
from streams.domain.facts import Fact
from streams.domain.portions import NONE, Amounts, Goods, Increment, Portion, add_up, gains, goods_without_quantities
from streams.domain.statements import Statement, added, statements
from streams.domain.terms import Trigger
from streams.domain.vocabulary import Milestone

__all__ = ["goods_of"]

_PARTIAL: Final = Milestone.DELIVERED_PARTIAL
_ON_DELIVERY: Final = Trigger.ON_DELIVERY
_ON_POD: Final = Trigger.ON_POD


def goods_of(dossier: Dossier) -> Goods:
    """The portions and quantities of an order. Kept in the dossier until a fact about goods comes in."""
    if dossier.goods is None:
        goods = goods_without_quantities(dossier)
        if dossier.arrivals:
            _deliver(goods, dossier.arrivals)
        if dossier.proofs:
            _prove(goods, dossier.proofs)
        goods.shipped = add_up([(portion, gains(portion.shipped)) for portion in goods.portions])
        goods.delivered = add_up([(portion, gains(portion.delivered)) for portion in goods.portions])
        goods.proven = add_up([(portion, gains(portion.proven)) for portion in goods.portions])
        dossier.goods = goods
    return dossier.goods


def _deliver(goods: Goods, arrivals: list[Fact]) -> None:
    for portion, said in statements(goods, arrivals, _ON_DELIVERY):
        portion.partly = True
        contents = portion.contents
        done: Amounts = {}
        for at, lines, fact in said:
            complete = lines is None or (contents is None and fact.milestone is not _PARTIAL)
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
        if portion.delivered_at is None and contents and _reaches(done, contents):
            portion.delivered_at = portion.delivered[-1].at
        portion.unproven = portion.delivered


def _prove(goods: Goods, proofs: list[Fact]) -> None:
    reached = statements(goods, proofs, _ON_POD)
    of_order_by_line = any(portion.whole_order and _listed(said) for portion, said in reached)
    if of_order_by_line:
        for portion in goods.portions:
            portion.unproven = []
    for portion, said in reached:
        expected = gains(portion.delivered) if portion.delivered else portion.contents
        listed = _listed(said)
        if listed or of_order_by_line:
            done: Amounts = {}
            for at, lines, fact in listed:
                gain = added(lines or {}, done, expected)
                if gain:
                    portion.proven.append(Increment(at, gain, fact))
            portion.unproven = []
        elif portion.delivered:
            _prove_deliveries(portion, said)
        elif expected is not None:
            portion.proven = [Increment(said[0].at, expected, said[0].fact)]
        else:
            goods.not_known(_ON_POD, said[0].fact)
            portion.proven_at = said[0].at
        if portion.proven and (expected is None or _reaches(gains(portion.proven), expected)):
            portion.proven_at = max(increment.at for increment in portion.proven)


def _prove_deliveries(portion: Portion, proofs: list[Statement]) -> None:
    first = portion.delivered[0]
    portion.unproven = []
    for increment in portion.delivered:
        proof = next((proof for proof in proofs if proof.at >= increment.at), None)
        if proof is None and increment is first:
            proof = proofs[0]
        if proof is None:
            portion.unproven.append(increment)
        else:
            portion.proven.append(Increment(proof.at, increment.gain, proof.fact))


def _listed(said: list[Statement]) -> list[Statement]:
    return [statement for statement in said if statement.lines is not None]


def _reaches(amounts: Amounts, wanted: Amounts) -> bool:
    return all(amounts.get(line, NONE) >= quantity for line, quantity in wanted.items())
