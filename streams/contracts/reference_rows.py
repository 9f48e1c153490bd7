"""Bytes of the resolve hop's rows: a version byte (of `Carriers` the letter c), then msgpack. Every version ever written can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

import msgspec

from streams.domain.carriers import Carriers
from streams.domain.links import KnownLink, meanings
from streams.domain.references import ReferenceRow, Said, SeenEvent

__all__ = ["REFERENCE_ROWS", "VERSION", "ReferenceRowCodec"]

VERSION: Final = 2
"""1 kept events by the names of their fields, 2 by their place."""


@dataclass(slots=True)
class _SeenV1:
    event_id: str
    at: int
    wait_until: int
    partition: int
    offset: int
    timestamp: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class _RowV1:
    links: list[KnownLink] = field(default_factory=list)
    events: list[_SeenV1] = field(default_factory=list)
    wake_at: int = 0


def _of_v1(data: bytes) -> ReferenceRow:
    """As what events had been handed on was not kept; it was what the links mean."""
    row = _READ_V1(data)
    events = [SeenEvent(*_FIELDS_V1(event)) for event in row.events]
    events = [event if event.wait_until else event._replace(said=_said_v1(row, event.at)) for event in events]
    return ReferenceRow(row.links, events, row.wake_at)


def _said_v1(row: _RowV1, at: int) -> tuple[Said, ...]:
    return tuple([Said(each.order_id, each.delivery_id, each.shipment_id, each.package_id, True) for each in meanings(row.links, at)])


_READ_V1: Final = msgspec.msgpack.Decoder(_RowV1).decode
_FIELDS_V1: Final = attrgetter(*_SeenV1.__dataclass_fields__)
_ENCODER: Final = msgspec.msgpack.Encoder()
_CARRIERS: Final = b"c"
_DECODERS: Final[dict[int, Callable[[bytes], ReferenceRow | Carriers]]] = {
    1: _of_v1,
    2: msgspec.msgpack.Decoder(ReferenceRow).decode,
    _CARRIERS[0]: msgspec.msgpack.Decoder(Carriers).decode,
}
"""A version's decoder makes a row of today from its bytes."""

_PREFIX: Final = bytes((VERSION,))


class ReferenceRowCodec:
    """`streams.hop.RowCodec` for the resolve hop."""

    def encode(self, row: Any) -> bytes:
        return (_CARRIERS if isinstance(row, Carriers) else _PREFIX) + _ENCODER.encode(row)

    def decode(self, data: bytes) -> ReferenceRow | Carriers:
        """Raises `ValueError` for a version that this release does not know: it was written by a newer one."""
        decode = _DECODERS.get(data[0]) if data else None
        if decode is None:
            version = data[0] if data else "none"
            raise ValueError(f"a reference row of version {version}; this release reads {', '.join(map(str, _DECODERS))}")
        return decode(data[1:])


REFERENCE_ROWS: Final = ReferenceRowCodec()
