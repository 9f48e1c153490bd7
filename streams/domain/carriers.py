"""Carriers that are quoted under several names: a reference of one of them is a reference of the carrier.

Which name is an alias of which carrier does not depend on the order in which the records came: a carrier that has a record of its own is
nobody's alias, and of several carriers that claim a name the first in the alphabet has it. So no two names can point at each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from streams.domain.event import Event, Link
from streams.domain.reference_data import CarrierChanged
from streams.domain.vocabulary import ReferenceKind

__all__ = ["Carriers", "alias_of", "renamed", "renamed_event", "renamed_link", "under_alias"]

_OF_CARRIERS = (f"{ReferenceKind.TRACKING}:", f"{ReferenceKind.PRO}:", f"{ReferenceKind.STATEMENT}:")
"""Kinds of references whose issuer is a carrier."""


@dataclass(slots=True)
class Carriers:
    """What is known of carriers' names."""

    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By carrier."""

    def with_(self, changed: CarrierChanged) -> Carriers:
        """The same with what a record says; a carrier without aliases is forgotten."""
        aliases = {**self.aliases, changed.carrier: changed.aliases}
        return Carriers({carrier: names for carrier, names in aliases.items() if names})


def alias_of(carriers: Carriers | None) -> Mapping[str, str]:
    """The carrier of each alias."""
    found: dict[str, str] = {}
    if carriers is not None:
        for carrier in sorted(carriers.aliases):
            for alias in carriers.aliases[carrier]:
                if alias not in carriers.aliases:
                    found.setdefault(alias, carrier)
    return found


def under_alias(reference: str, carrier_of: Mapping[str, str]) -> bool:
    """Whether a reference key is one of a carrier's under another name."""
    return reference.startswith(_OF_CARRIERS) and reference.split(":", 2)[1] in carrier_of


def renamed(reference: str, carrier_of: Mapping[str, str]) -> str:
    """A reference key under the carrier's own name."""
    if not under_alias(reference, carrier_of):
        return reference
    kind, issuer, value = reference.split(":", 2)
    return f"{kind}:{carrier_of[issuer]}:{value}"


def renamed_event(event: Event, carrier_of: Mapping[str, str]) -> Event:
    """An event with its references under the carriers' own names. Its id stays that of what was said."""
    return replace(event, references=tuple(dict.fromkeys([renamed(reference, carrier_of) for reference in event.references])))


def renamed_link(link: Link, carrier_of: Mapping[str, str]) -> Link:
    """A link between references under the carriers' own names."""
    together = tuple([renamed(reference, carrier_of) for reference in link.together])
    return replace(link, reference=renamed(link.reference, carrier_of), together=together)
