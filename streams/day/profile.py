"""How often each situation occurs in a day, and the proportions of its mess."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from streams.day.situations import changes, channels, delivery, finance, proof, refused, strays, trouble
from streams.day.story import Story

__all__ = ["CARDS", "REALISTIC", "Profile", "Situation"]

Situation = Callable[[Story], None]

CARDS: Final[Mapping[Situation, int]] = {
    delivery.delivered_in_full: 46,
    finance.invoiced: 34,
    delivery.on_the_road: 8,
    delivery.on_the_vehicle: 5,
    delivery.shipped_only: 4,
    delivery.picked_only: 3,
    delivery.released_only: 3,
    delivery.partly_delivered: 6,
    delivery.backorder_delivered: 6,
    delivery.backorder_open: 4,
    delivery.split_over_carriers: 5,
    delivery.consolidated: 5,
    delivery.multi_package: 6,
    delivery.package_missing: 2,
    changes.quantity_reduced: 4,
    changes.line_cancelled: 3,
    changes.line_added: 3,
    changes.cancelled_before_pick: 3,
    changes.cancelled_after_pick: 3,
    changes.cancelled_after_release: 2,
    proof.proof_before_scan: 3,
    proof.signed_at_the_door: 3,
    proof.proof_late: 4,
    proof.proof_missing: 3,
    proof.confirmed_by_silence: 4,
    trouble.delayed_by_weather: 4,
    trouble.damage_settled: 2,
    trouble.damage_open: 2,
    trouble.delivered_damaged: 2,
    trouble.refused_by_consignee: 2,
    trouble.dispute_settled: 2,
    trouble.dispute_open: 2,
    trouble.dispute_after_release: 2,
    trouble.dispute_over_one_line: 2,
    finance.posted_too_early: 2,
    finance.posted_and_proven_later: 2,
    finance.posted_in_the_race: 2,
    finance.terms_late: 3,
    finance.contract_unknown: 1,
    finance.contract_ended: 1,
    finance.wrong_currency: 1,
    channels.told_twice: 4,
    channels.told_by_two_channels: 5,
    channels.scans_out_of_order: 5,
    channels.carrier_ahead_of_plan: 5,
    channels.planned_afterwards: 2,
    channels.linked_by_warehouse: 3,
    channels.estimated_only: 2,
    channels.contents_unknown: 1,
    channels.unit_unknown: 1,
    channels.announced_last: 2,
    channels.never_announced: 1,
    channels.number_used_before: 1,
    channels.same_number_in_two_companies: 2,
    refused.field_missing: 1,
    refused.quantity_unreadable: 1,
    refused.time_unreadable: 1,
    refused.placeholder_date: 1,
    refused.code_unmapped: 2,
    refused.logical_scan: 1,
    refused.whose_lines: 1,
    strays.unknown_parcel: 3,
    strays.json_cut_off: 1,
    strays.binary: 1,
    strays.not_an_object: 1,
    strays.format_unknown: 1,
    strays.shape_unknown: 1,
    strays.tombstone: 1,
}
"""Cards of each situation in the deck. A day is dealt from the shuffled deck, again and again: every situation occurs in each round."""


@dataclass(frozen=True)
class Profile:
    """The proportions of a day."""

    cards: Mapping[Situation, int]
    duplicates: float = 0.02
    """Share of records that their channel delivers twice."""

    oversized: int = 1
    """Records in the whole day that are too large."""

    most_orders_a_day: int = 25_000
    """More orders than this make more days, so that memory stays bounded by what is on its way at one time."""

    until_closing: timedelta = timedelta(days=5)
    """From the last order's beginning to the second phase."""

    @property
    def size(self) -> int:
        """Cards in the deck."""
        return sum(self.cards.values())

    def table(self) -> Iterator[tuple[str, str, str]]:
        """(situation, cards, what happens) for people."""
        for situation, count in self.cards.items():
            yield situation.__name__, str(count), " ".join((situation.__doc__ or "").split())

    def deal(self, seed: int) -> Iterator[Situation]:
        """Situations without end, from a deck that is shuffled each time it is used up."""
        deck = [situation for situation, count in self.cards.items() for _ in range(count)]
        chance = Random(f"deck {seed}")
        while True:
            chance.shuffle(deck)
            yield from deck


REALISTIC: Final = Profile(CARDS)
