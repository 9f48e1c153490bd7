"""What one reference means: the orders that it was linked to, each for a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["LATE_ARRIVALS_MS", "KnownLink", "enter", "holds", "meanings"]

LATE_ARRIVALS_MS: Final = 30 * 86_400_000
"""How long after its window's end, or after it was told if that was later, a link is kept for events that are told late."""


@dataclass(slots=True)
class KnownLink:
    """A link as a row keeps it; times in milliseconds since the epoch."""

    order_id: str
    delivery_id: str
    shipment_id: str
    package_id: str
    shared: bool
    valid_from: int
    valid_to: int
    """Exclusive."""

    told: int = 0
    """When it arrived last."""

    together: tuple[str, ...] = ()
    """Other references of which the same record says the same, for the same time."""

    @property
    def kept_until(self) -> int:
        """Long enough for events that are told late, also where the plan itself was told after its time."""
        return max(self.valid_to, self.told) + LATE_ARRIVALS_MS


def enter(links: list[KnownLink], new: KnownLink) -> bool:
    """Take a link in. False: it says nothing that was not known.

    The same plan again, said at another time, is one link, or a plan that is sent hourly would fill the row: `new` then takes the others'
    windows in.
    """
    known_before = False
    for known in [link for link in links if _same(link, new) and link.valid_from <= new.valid_to and new.valid_from <= link.valid_to]:
        known_before |= known.valid_from <= new.valid_from and new.valid_to <= known.valid_to and known.shared >= new.shared
        new.valid_from = min(new.valid_from, known.valid_from)
        new.valid_to = max(new.valid_to, known.valid_to)
        new.shared = new.shared or known.shared
        new.told = max(new.told, known.told)
        links.remove(known)
    links.append(new)
    return not known_before


def holds(link: KnownLink, at: int) -> bool:
    """Whether the reference means the link's order at this time."""
    return link.valid_from <= at < link.valid_to


def meanings(links: Iterable[KnownLink], at: int) -> list[KnownLink]:
    """What the reference means at this time: one link an order."""
    found = [link for link in links if link.valid_from <= at < link.valid_to]
    if len(found) < 2:
        return found
    by_order: dict[str, list[KnownLink]] = {}
    for link in found:
        by_order.setdefault(link.order_id, []).append(link)
    return [of_order[0] if len(of_order) == 1 else _together(of_order) for of_order in by_order.values()]


def _together(links: list[KnownLink]) -> KnownLink:
    """What several links of one order mean together.

    The shipment is that of the latest window. A warehouse may know the one delivery or package within it where the plan knows only the
    shipment; if several deliveries share the number, it stands for none of them alone.
    """
    latest = max(links, key=lambda link: (link.valid_from, _target(link)))
    same = [link for link in links if link.shipment_id in ("", latest.shipment_id)]
    return replace(
        latest,
        delivery_id=_only(link.delivery_id for link in same),
        package_id=_only(link.package_id for link in same),
        shared=any(link.shared for link in same),
        together=tuple({reference: None for link in links for reference in link.together}),
    )


def _only(names: Iterable[str]) -> str:
    """The one name among these; none where there are several, or none at all."""
    found = {name for name in names if name}
    return found.pop() if len(found) == 1 else ""


def _same(one: KnownLink, other: KnownLink) -> bool:
    return _target(one) == _target(other) and one.together == other.together


def _target(link: KnownLink) -> tuple[str, str, str, str]:
    return link.order_id, link.delivery_id, link.shipment_id, link.package_id
