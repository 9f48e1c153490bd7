"""Refused records name their orders: each is held until the refusal is settled (`docs/operations.md`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from itertools import islice
from typing import Any, Final, TypeVar

from streams.domain.ids import order_key
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal

__all__ = ["MOST_ORDERS", "Named", "entries", "entry", "holding", "text"]

MOST_ORDERS: Final = 1_000
"""Orders that one refusal may name."""

_LONGEST: Final = 64

_T = TypeVar("_T")
_Read = Callable[[Any, Origin], list[_T]]
Named = Iterable[tuple[str, str]]
"""Company and number of orders; empty where they cannot be read."""


def holding(named: Callable[[Any, Origin], Named]) -> Callable[[_Read[_T]], _Read[_T]]:
    """Decorates an adapter: where it refuses a record, and does not say itself which orders that is about, `named` does. It gets whatever
    data there is, however broken."""

    def decorate(read: _Read[_T]) -> _Read[_T]:
        @wraps(read)
        def reading(data: Any, origin: Origin) -> list[_T]:
            try:
                return read(data, origin)
            except Refusal as refusal:
                if not refusal.orders:
                    found = dict.fromkeys(
                        order_key(company, number) for company, number in named(data, origin) if number and company and ":" not in company
                    )
                    refusal.orders = tuple(islice(found, MOST_ORDERS))
                raise

        return reading

    return decorate


def text(data: Any, name: str) -> str:
    """A name or number in an object, empty where there is none or it could be none."""
    value = data.get(name) if isinstance(data, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    found = str(value).strip()
    return found if len(found) <= _LONGEST and found.isprintable() else ""


def entry(data: Any, *path: str) -> Any:
    """What stands at a path of names, or None."""
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def entries(data: Any, *path: str) -> list[Any]:
    """What stands at a path of names, as a list."""
    found = entry(data, *path)
    return found if isinstance(found, list) else []
