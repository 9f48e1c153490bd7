"""What a hop is: a plain function from stored rows and a batch of records to what must be sent.

A hop knows no clock, no network and no broker. It reads its batch, reads and writes rows, and returns emissions. Whoever
runs it (the engine on Kafka, `simulate` and `verify` in memory) makes its writes and its emissions one atomic step. Because
a hop is a pure function of the log that it reads, every state can be recomputed, compared and explained from that log.

Keys of rows are bytes and belong to the hop. Two kinds of entry live side by side in one store:

- *rows*, objects of the domain, encoded by the hop's `RowCodec` once a transaction;
- *marks*, keys without a value, kept in order: indexes such as "orders that wait for these terms" and the *due index*.

The due index is how time enters a log. A hop marks `due_key(when, key)`; whoever runs the hop finds marks whose time has come and
appends the record that `Hop.tick` builds to the hop's own source topic and partition. The hop removes the mark when it reads that record.
A tick sent twice is harmless by design: it is a fact about time, not a command.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from streams.deadletter.reasons import Reason, Stage

__all__ = [
    "DUE_PREFIX",
    "EVERY_PARTITION",
    "BY_KEY",
    "DeadLetter",
    "Emission",
    "Hop",
    "Output",
    "RawRecord",
    "Record",
    "RowCodec",
    "Rows",
    "due_key",
    "parse_due_key",
]

Headers = Sequence[tuple[str, bytes]]

BY_KEY: Final = -1
"""Partition of an output: chosen from its key (murmur2, as the Java client does)."""

EVERY_PARTITION: Final = -2
"""Partition of an output: one copy to each partition of its topic."""

DUE_PREFIX: Final = b"due/"


class Record(Protocol):
    """A consumed record. aiokafka's own record satisfies it, so that the engine copies nothing."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch, as the broker stores it."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


class RawRecord(NamedTuple):
    """A `Record` made by hand: by `simulate`, `verify` and tests."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Output(NamedTuple):
    """A record to append. `topic` is the logical name (without the installation's prefix)."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int = BY_KEY
    timestamp: int = 0
    """Milliseconds since the epoch: that of the record that caused it, so that it is the same at every recomputation."""


@dataclass(slots=True)
class DeadLetter:
    """A record that a hop refuses, with the reason. Whoever runs the hop writes it to `<source topic>.dlq`.

    `order_ids` are the orders that the record was about, where that could be read: their release is then held
    until the dead letter is replayed or discarded.
    """

    record: Record
    stage: Stage
    reason: Reason
    message: str
    order_ids: tuple[str, ...] = ()
    schema_id: int | None = None
    exception: BaseException | None = None
    pointer: bool = False
    """Set by whoever runs the hop where the broker will not take the bytes: the letter then says where they are."""


Emission = Output | DeadLetter


class Rows(Protocol):
    """The stored state of one partition of a hop, inside one transaction. Reads see the transaction's own writes."""

    def get(self, key: bytes) -> Any | None:
        """The decoded row, or None. The object may be changed in place; `put` makes the change part of the transaction."""

    def put(self, key: bytes, row: Any) -> None: ...
    def delete(self, key: bytes) -> None: ...
    def mark(self, key: bytes) -> None:
        """Enter a key without a value into the ordered index (idempotent)."""

    def unmark(self, key: bytes) -> None:
        """Remove a mark (no error where there is none)."""

    def marks(self, prefix: bytes) -> Iterator[bytes]:
        """The marks that start with `prefix`, in byte order, as they stand at the call."""


class RowCodec(Protocol):
    """Bytes of a stored row. Decoding accepts every version ever written."""

    def encode(self, row: Any) -> bytes: ...
    def decode(self, data: bytes) -> Any: ...


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of the pipeline.

    `run` gets the rows of one partition and a batch of that partition's records in offset order (topics of a stateless hop may be
    mixed). It returns what to send, in order. It may raise only on a defect of its own: the batch is then undone and
    run again record by record, and the record that still raises becomes a dead letter with reason POISON.
    """

    name: str
    sources: tuple[str, ...]
    """Logical topic names. A stateful hop has exactly one, and its store has that topic's partitions."""

    run: Callable[[Rows, Sequence[Record]], list[Emission]]
    codec: RowCodec | None = None
    """None: the hop keeps no rows."""

    tick: Callable[[int, bytes], Output] | None = None
    """`tick(due_ms, key)`: the record that tells this hop's own source topic that the time of a due mark has come."""


_DUE = struct.Struct(">Q")


def due_key(when_ms: int, key: bytes) -> bytes:
    """The mark that asks for a tick at `when_ms` (milliseconds since the epoch); byte order is time order."""
    return DUE_PREFIX + _DUE.pack(when_ms) + key


def parse_due_key(mark: bytes) -> tuple[int, bytes]:
    """`(when_ms, key)` of a mark made by `due_key`."""
    start = len(DUE_PREFIX)
    return _DUE.unpack_from(mark, start)[0], mark[start + _DUE.size :]
