"""Bytes of the shipment hop's rows: a kind byte, a version byte, then msgpack. Every version ever written can be read.

Orders are stored as a tuple of the fields that matter, not by name: facts are many, and their field names would be most of the row. So the
order of fields is the contract. To change what is stored: raise `VERSION`, keep the old decoder in `_DECODERS` with a function that makes a
row of today of what it reads, and store a sample (tests/contract/test_rows.py refuses a change without).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from streams.domain.decisions import HoldReason
from streams.domain.event import TermsChanged
from streams.domain.facts import Fact
from streams.domain.memory import Memory
from streams.domain.order import Basis, InvoiceEntry, Ledger, LedgerLine, OrderRow, Refused, Release, Snapshot
from streams.domain.reference_data import CalendarChanged, ItemChanged, LocationChanged

__all__ = [
    "ARCHIVED_VERSION",
    "CALENDAR_VERSION",
    "ITEM_VERSION",
    "LOCATION_VERSION",
    "ORDER_ROWS",
    "REMOVED_VERSION",
    "TERMS_VERSION",
    "VERSION",
    "ArchivedOrder",
    "OrderRowCodec",
    "RemovedOrder",
    "StoredOrder",
]

VERSION: Final = 3
"""Of order rows. Facts of version 2 end before `times`, which has a default."""

TERMS_VERSION: Final = 3
"""Of terms rows."""

ITEM_VERSION: Final = 1
CALENDAR_VERSION: Final = 1
LOCATION_VERSION: Final = 1
"""Of rows of articles."""

ARCHIVED_VERSION: Final = 2
"""Of rows of archived orders. Those of version 1 have no end: nobody tells them that their time is over, so they stay."""

REMOVED_VERSION: Final = 1
"""Of what is left of removed orders."""

_MOST_UNPACKED: Final = 64 << 20
"""Bytes of the largest row that is taken back; a row is 10 KB."""

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
    tuple[str, ...],
    Memory,
    bytes,
]
"""An order: id, facts, dead letters, clock, the ledger's five fields, status, hold, wake-up time, terms waited for, articles, what the
watch said, summarised scans."""

_StoredOrderV1 = tuple[
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
"""Facts of version 1 end before `proof`, and their parts before what was appended since: all of that has defaults."""

_ORDER_HEAD: Final = bytes((ord("o"), VERSION))
_TERMS_HEAD: Final = bytes((ord("t"), TERMS_VERSION))
_ITEM_HEAD: Final = bytes((ord("i"), ITEM_VERSION))
_CALENDAR_HEAD: Final = bytes((ord("k"), CALENDAR_VERSION))
_LOCATION_HEAD: Final = bytes((ord("l"), LOCATION_VERSION))
_ARCHIVED_HEAD: Final = bytes((ord("a"), ARCHIVED_VERSION))
_REMOVED_HEAD: Final = bytes((ord("r"), REMOVED_VERSION))
_MILLIS: Final = struct.Struct(">Q")
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_STORED: Final = msgspec.msgpack.Decoder(StoredOrder).decode
_STORED_V1: Final = msgspec.msgpack.Decoder(_StoredOrderV1).decode
_TERMS: Final = msgspec.msgpack.Decoder(TermsChanged).decode


def _order(data: bytes) -> OrderRow:
    order_id, facts, dead_letters, clock, sequence, lines, releases, invoices, basis, *rest = _STORED(data)
    return OrderRow(order_id, facts, dead_letters, clock, Ledger(sequence, lines, releases, invoices, basis), *rest)


def _order_v1(data: bytes) -> OrderRow:
    order_id, facts, dead_letters, clock, sequence, lines, releases, invoices, basis, *rest = _STORED_V1(data)
    return OrderRow(order_id, facts, dead_letters, clock, Ledger(sequence, lines, releases, invoices, basis), *rest)


@dataclass(frozen=True, slots=True)
class ArchivedOrder:
    """A closed order, put away: the bytes of its row, whatever version wrote them, compressed with zlib."""

    packed: bytes
    until_ms: int = 0
    """When it is removed, milliseconds since the epoch; 0: never."""

    @classmethod
    def of(cls, row: OrderRow, until_ms: int) -> ArchivedOrder:
        """Put a row away until then."""
        return cls(zlib.compress(ORDER_ROWS.encode(row)), until_ms)

    def row(self) -> OrderRow:
        """The row as it was. Raises `ValueError` for bytes that are no row."""
        unpacking = zlib.decompressobj()
        try:
            data = unpacking.decompress(self.packed, _MOST_UNPACKED)
            if not unpacking.eof:
                raise ValueError("an archived order that is cut off, or larger than any row")
            row = ORDER_ROWS.decode(data)
        except (zlib.error, msgspec.MsgspecError) as error:
            raise ValueError(f"an archived order that cannot be unpacked: {error}") from error
        if not isinstance(row, OrderRow):
            raise ValueError(f"an archived order that holds a {type(row).__name__}")
        return row


@dataclass(frozen=True, slots=True)
class RemovedOrder:
    """What is left of an archived order when its time is over, so that a late fact does not start it anew and finance is told twice."""

    at_ms: int
    """When it was removed, milliseconds since the epoch."""


def _archived(data: bytes) -> ArchivedOrder:
    return ArchivedOrder(data[_MILLIS.size :], _MILLIS.unpack_from(data)[0])


def _removed(data: bytes) -> RemovedOrder:
    return RemovedOrder(_MILLIS.unpack(data)[0])


_Row = OrderRow | ArchivedOrder | RemovedOrder | TermsChanged | ItemChanged | CalendarChanged | LocationChanged

_DECODERS: Final[dict[bytes, Callable[[bytes], _Row]]] = {
    b"o\x01": _order_v1,
    b"o\x02": _order,
    b"o\x03": _order,
    b"t\x01": _TERMS,
    b"t\x02": _TERMS,
    b"t\x03": _TERMS,
    b"a\x01": ArchivedOrder,
    b"a\x02": _archived,
    b"r\x01": _removed,
    b"i\x01": msgspec.msgpack.Decoder(ItemChanged).decode,
    b"k\x01": msgspec.msgpack.Decoder(CalendarChanged).decode,
    b"l\x01": msgspec.msgpack.Decoder(LocationChanged).decode,
}
"""By kind and version."""


class OrderRowCodec:
    """`streams.hop.RowCodec` of the shipment hop: orders (open, archived, removed), terms and reference data."""

    def encode(self, row: Any) -> bytes:
        """Raises `TypeError` for anything else."""
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
                    row.needs,
                    row.memory,
                    row.scans,
                )
            )
        if isinstance(row, ArchivedOrder):
            return _ARCHIVED_HEAD + _MILLIS.pack(row.until_ms) + row.packed
        if isinstance(row, RemovedOrder):
            return _REMOVED_HEAD + _MILLIS.pack(row.at_ms)
        if isinstance(row, TermsChanged):
            return _TERMS_HEAD + _ENCODE(row)
        if isinstance(row, ItemChanged):
            return _ITEM_HEAD + _ENCODE(row)
        if isinstance(row, CalendarChanged):
            return _CALENDAR_HEAD + _ENCODE(row)
        if isinstance(row, LocationChanged):
            return _LOCATION_HEAD + _ENCODE(row)
        raise TypeError(f"no row of the shipment hop: {type(row).__name__}")

    def decode(self, data: bytes) -> _Row:
        """Raises `ValueError` for a kind or version that this release does not know, or bytes that are no row."""
        decode = _DECODERS.get(data[:2])
        if decode is None:
            raise ValueError(f"a row of kind and version {data[:2]!r}; this release reads {', '.join(map(repr, _DECODERS))}")
        return decode(data[2:])


ORDER_ROWS: Final = OrderRowCodec()
