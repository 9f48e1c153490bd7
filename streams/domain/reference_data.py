"""What is known apart from orders: units of articles, zones of places, other names of carriers, working days.

Each comes by `reference.data`, whole in one record, and is broadcast to every partition of the hop that needs it, so that what is made of
a record stays a function of that partition's log alone.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

__all__ = ["CalendarChanged", "CarrierChanged", "ItemChanged", "LocationChanged", "UnitFactor"]


@dataclass(slots=True)
class UnitFactor:
    """How many base units one unit is: a case of twelve pieces has factor 12."""

    uom: str
    factor: Decimal


@dataclass(slots=True)
class ItemChanged:
    """An article's units of measure."""

    sku: str
    base_uom: str
    units: tuple[UnitFactor, ...]


@dataclass(slots=True)
class LocationChanged:
    """On whose clock the local times of a place are."""

    location: str
    """As sources name it (docs/raw-records.md): a site, a UN/LOCODE, `CITY/STATE`."""

    time_zone: str
    """IANA name."""


@dataclass(slots=True)
class CarrierChanged:
    """Other names under which a carrier's numbers are quoted."""

    carrier: str
    """Its own name in reference keys: the SCAC where it has one."""

    aliases: tuple[str, ...]
    """In upper case. All of them: those of an earlier record that are not listed any more are gone."""


@dataclass(slots=True)
class CalendarChanged:
    """Which days count where terms count working days."""

    calendar: str
    weekend: tuple[int, ...]
    """Days of the week off, 1 is Monday (ISO 8601)."""

    holidays: tuple[date, ...]
    """In ascending order."""

    def counts(self, day: date) -> bool:
        """Whether this is a working day."""
        if day.isoweekday() in self.weekend:
            return False
        at = bisect_left(self.holidays, day)
        return at == len(self.holidays) or self.holidays[at] != day
