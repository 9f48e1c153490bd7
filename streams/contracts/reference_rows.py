"""Bytes of a stored `ReferenceRow`: a version byte, then msgpack. Every version ever written can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from streams.domain.references import ReferenceRow

__all__ = ["REFERENCE_ROWS", "VERSION", "ReferenceRowCodec"]

VERSION: Final = 1

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODERS: Final[dict[int, Callable[[bytes], ReferenceRow]]] = {1: msgspec.msgpack.Decoder(ReferenceRow).decode}
"""A version's decoder makes a row of today from its bytes."""

_PREFIX: Final = bytes((VERSION,))


class ReferenceRowCodec:
    """`streams.hop.RowCodec` for the resolve hop."""

    def encode(self, row: Any) -> bytes:
        return _PREFIX + _ENCODER.encode(row)

    def decode(self, data: bytes) -> ReferenceRow:
        """Raises `ValueError` for a version that this release does not know: it was written by a newer one."""
        decode = _DECODERS.get(data[0]) if data else None
        if decode is None:
            version = data[0] if data else "none"
            raise ValueError(f"a reference row of version {version}; this release reads {', '.join(map(str, _DECODERS))}")
        return decode(data[1:])


REFERENCE_ROWS: Final = ReferenceRowCodec()
