"""Dead letters grouped by what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.deadletter.index import Found
from streams.deadletter.letter import Letter

__all__ = ["Group", "grouped"]


@dataclass(slots=True)
class Group:
    """Letters of one topic with one reason and one fingerprint: the same failure at the same place."""

    first: Letter
    """The one that failed first."""

    last: Letter
    """The one that failed last: the sample to look at."""

    count: int = 0
    states: Counter[str] = field(default_factory=Counter)
    orders: set[str] = field(default_factory=set)
    partners: Counter[str] = field(default_factory=Counter)


def grouped(letters: Iterable[Found]) -> list[Group]:
    """Groups, the largest first."""
    groups: dict[tuple[str, str, str], Group] = {}
    for found in letters:
        letter = found.letter
        key = (letter.topic, letter.code, letter.fingerprint)
        group = groups.get(key)
        if group is None:
            group = groups[key] = Group(letter, letter)
        else:
            at = letter.failed_ms
            if at < group.first.failed_ms:
                group.first = letter
            elif at >= group.last.failed_ms:
                group.last = letter
        group.count += 1
        group.states[found.state] += 1
        group.orders.update(letter.order_ids)
        if letter.partner:
            group.partners[letter.partner] += 1
    return sorted(groups.values(), key=lambda group: -group.count)
