"""Bytes of the shipment hop's rows: a kind byte, a version byte, then msgpack. Every version ever written can be read.

Orders are stored as a tuple of the fields that matter, not by name: facts are many, and their field names would be most of the row. So the
order of fields is the contract. To change what is stored: raise `VERSION`, keep the old decoder in `_DECODERS` with a function that makes a
row of today of what it reads, and store a sample (tests/contract/test_rows.py refuses a change without).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from streams.domain.decisions import HoldReason
from streams.domain.event import TermsChanged
from streams.domain.facts import Fact
from streams.domain.order import Basis, InvoiceEntry, Ledger, LedgerLine, OrderRow, Refused, Release, Snapshot

__all__ = ["ORDER_ROWS", "TERMS_VERSION", "VERSION", "OrderRowCodec", "StoredOrder"]

VERSION: Final = 1
"""Of order rows."""

TERMS_VERSION: Final = 1
"""Of terms rows."""

StoredOrder = tuple[
    str,
    list[Fact],
    dict[str, Refused],
    datetime | None,
    int,
    dict[str, LedgerLine],
    list[Release],
    list[InvoiceEntry],
    Basis | None,
    Snapshot | None,
    tuple[HoldReason, ...],
    datetime | None,
    str,
]
"""An order of version 1: id, facts, dead letters, clock, the ledger's five fields, status, hold, wake-up time, terms waited for."""

_ORDER_HEAD: Final = bytes((ord("o"), VERSION))
_TERMS_HEAD: Final = bytes((ord("t"), TERMS_VERSION))
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_STORED: Final = msgspec.msgpack.Decoder(StoredOrder).decode


def _order(data: bytes) -> OrderRow:
    order_id, facts, dead_letters, clock, sequence, lines, releases, invoices, basis, status, hold, wake_at, waits_for = _STORED(data)
    return OrderRow(
        order_id, facts, dead_letters, clock, Ledger(sequence, lines, releases, invoices, basis), status, hold, wake_at, waits_for
    )


_DECODERS: Final[dict[bytes, Callable[[bytes], OrderRow | TermsChanged]]] = {
    b"o\x01": _order,
    b"t\x01": msgspec.msgpack.Decoder(TermsChanged).decode,
}
"""By kind and version."""


class OrderRowCodec:
    """`streams.hop.RowCodec` of the shipment hop: orders and terms."""

    def encode(self, row: Any) -> bytes:
        """Raises `TypeError` for anything but an `OrderRow` or a `TermsChanged`."""
        if isinstance(row, OrderRow):
            ledger = row.ledger
            return _ORDER_HEAD + _ENCODE(
                (
                    row.order_id,
                    row.facts,
                    row.dead_letters,
                    row.clock,
                    ledger.sequence,
                    ledger.lines,
                    ledger.releases,
                    ledger.invoices,
                    ledger.basis,
                    row.status,
                    row.hold,
                    row.wake_at,
                    row.waits_for,
                )
            )
        if isinstance(row, TermsChanged):
            return _TERMS_HEAD + _ENCODE(row)
        raise TypeError(f"no row of the shipment hop: {type(row).__name__}")

    def decode(self, data: bytes) -> OrderRow | TermsChanged:
        """Raises `ValueError` for a kind or version that this release does not know, or bytes that are no row."""
        decode = _DECODERS.get(data[:2])
        if decode is None:
            raise ValueError(f"a row of kind and version {data[:2]!r}; this release reads {', '.join(map(repr, _DECODERS))}")
        return decode(data[2:])


ORDER_ROWS: Final = OrderRowCodec()
