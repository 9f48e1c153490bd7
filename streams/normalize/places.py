"""Which time zone a place has, as far as its country alone says (tz database, `zone1970.tab`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

__all__ = ["zones_of_country"]


@cache
def zones_of_country(code: str) -> tuple[ZoneInfo, ...]:
    """The zones of a country by its ISO 3166 code of two letters, in no order; none where it has no such code."""
    return tuple(ZoneInfo(name) for name in _table().get(code.upper(), ()))


@cache
def _table() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    text = (files("tzdata") / "zoneinfo" / "zone1970.tab").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            countries, _, name = line.split("\t")[:3]
            for country in countries.split(","):
                found.setdefault(country, []).append(name)
    return found
