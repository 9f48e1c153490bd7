"""One partition's rows and marks on local disk (RocksDB), a copy of a compacted changelog topic.

The changelog is the truth. The copy is written only after the transaction that wrote the changelog has committed, and each write carries,
in the same atomic batch, the changelog offset from which a restart has to read on. So a copy is never ahead of the truth, and at most a
tail behind it.

Three kinds of key live in one database, apart by their first byte: `r` rows and `m` marks, which are exactly the keys of the changelog, and
`\\0` what the store knows about itself, which is never in the changelog.
"""

from __future__ import annotations

import logging
import shutil
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from rocksdict import (
    AccessType,
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteBufferManager,
)

from streams.engine.errors import WorkerMustRestart

__all__ = ["MARK", "ROW", "ChangelogIdentity", "PartitionStore", "StoreMemory"]

log = logging.getLogger(__name__)

ROW: Final = b"r"
"""First byte of a row's key, in the store and in the changelog."""

MARK: Final = b"m"
"""First byte of a mark's key, in the store and in the changelog."""

_HEAD: Final = b"\0head"
_IDENTITY: Final = b"\0changelog"
_SIGNS_OF_DAMAGE: Final = ("Corruption", "No such file")
_OFFSET_AND_TIME: Final = struct.Struct(">qq")


class ChangelogIdentity(NamedTuple):
    """Which changelog a store copies, and for how long a copy may lie idle."""

    topic: str
    topic_id: str
    """The broker's id of the topic: a topic deleted and made again under the same name is another one."""

    tombstone_retention_ms: int
    """`delete.retention.ms`: after that long a deletion may have vanished from the changelog, so an older copy could miss it for ever."""


class StoreMemory:
    """Memory that all stores of a worker share: block cache (with filters and indexes) and write buffers, both bounded."""

    def __init__(self, cache_bytes: int = 96 << 20, write_buffer_bytes: int = 64 << 20) -> None:
        self._cache = Cache(cache_bytes)
        self._buffers = WriteBufferManager(write_buffer_bytes, False)

    def options(self) -> Options:
        """RocksDB options for one partition."""
        table = BlockBasedOptions()
        table.set_block_cache(self._cache)
        table.set_cache_index_and_filter_blocks(True)
        table.set_pin_l0_filter_and_index_blocks_in_cache(True)
        table.set_bloom_filter(10, False)
        table.set_block_size(8 << 10)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_block_based_table_factory(table)
        options.set_write_buffer_manager(self._buffers)
        options.set_write_buffer_size(16 << 20)
        options.set_max_write_buffer_number(2)
        options.set_compression_type(DBCompressionType.lz4())
        options.set_bottommost_compression_type(DBCompressionType.zstd())
        options.set_max_open_files(128)
        options.set_max_background_jobs(2)
        options.set_keep_log_file_num(2)
        options.set_max_total_wal_size(64 << 20)
        return options


def _database(path: Path, memory: StoreMemory) -> Rdict:
    return Rdict(str(path), memory.options(), access_type=AccessType.read_write())


def _damage(path: Path) -> Path:
    """The file that remembers that the store next to it was found damaged."""
    return path.with_name(path.name + ".damaged")


def _judged(
    path: Path, memory: StoreMemory, identity: bytes, tombstone_retention_ms: int, now_ms: int
) -> tuple[Rdict | None, str, int | None]:
    """The open database and the changelog offset from which to read on, or why it cannot be used."""
    if _damage(path).exists():
        return None, "it was found damaged", None
    database = None
    try:
        database = _database(path, memory)
        reason, next_offset = _head(database, identity, tombstone_retention_ms, now_ms)
    except Exception as error:  # rocksdict raises bare Exception
        if not any(sign in str(error) for sign in _SIGNS_OF_DAMAGE):
            raise WorkerMustRestart(f"the local store {path} cannot be opened: {error}") from error
        reason, next_offset = f"it is damaged ({error})", None
    if reason and database is not None:
        database.close()
    return None if reason else database, reason, next_offset


def _head(database: Rdict, identity: bytes, tombstone_retention_ms: int, now_ms: int) -> tuple[str, int | None]:
    head = database.get(_HEAD)
    if head is None:
        return "", None
    next_offset, written_ms = _OFFSET_AND_TIME.unpack(head)
    if database.get(_IDENTITY) != identity:
        return "it belongs to another changelog", None
    if now_ms - written_ms >= tombstone_retention_ms:
        return "it is older than the changelog's tombstones", None
    return "", next_offset


class PartitionStore:
    """The store of one partition. Opened by `open`; used by one thread at a time."""

    def __init__(self, path: Path, database: Rdict, next_offset: int | None) -> None:
        self.path = path
        self._database = database
        self.next_offset = next_offset
        """Changelog offset from which to read on; None: nothing was restored yet, read from the beginning."""

    @classmethod
    def open(cls, path: Path, memory: StoreMemory, changelog: ChangelogIdentity, now_ms: int) -> PartitionStore:
        """Open or create the store in the folder `path`.

        A store of another changelog, or one that was last written longer ago than tombstones live, is wiped: it is restored whole.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        identity = f"{changelog.topic}/{changelog.topic_id}".encode()
        database, reason, next_offset = _judged(path, memory, identity, changelog.tombstone_retention_ms, now_ms)
        if database is None:
            log.warning("the local store %s is wiped and restored whole: %s", path, reason)
            shutil.rmtree(path, ignore_errors=True)
            _damage(path).unlink(missing_ok=True)
            database = _database(path, memory)
        database.put(_IDENTITY, identity)
        return cls(path, database, next_offset)

    def row(self, key: bytes) -> bytes | None:
        """The stored bytes of a row."""
        try:
            value: bytes | None = self._database.get(ROW + key)
        except Exception as error:
            raise self._failed("read", error) from error
        return value

    def marks(self, prefix: bytes) -> Iterator[bytes]:
        """Marks that start with `prefix`, in byte order."""
        start = MARK + prefix
        try:
            iterator = self._database.iter()
            iterator.seek(start)
            while iterator.valid() and (key := iterator.key()).startswith(start):
                yield key[1:]
                iterator.next()
            iterator.status()  # An iterator that meets damage ends like one that meets the end.
        except Exception as error:
            raise self._failed("read", error) from error

    def apply(self, changes: Iterable[tuple[bytes, bytes | None]], next_offset: int, now_ms: int) -> None:
        """Write changelog entries (None deletes) and the offset after them, all or nothing."""
        batch = WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        for key, value in changes:
            if value is None:
                delete(key)
            else:
                put(key, value)
        put(_HEAD, _OFFSET_AND_TIME.pack(next_offset, now_ms))
        try:
            self._database.write(batch)
        except Exception as error:
            raise self._failed("written", error) from error
        self.next_offset = next_offset

    def touch(self, now_ms: int) -> None:
        """Note that the store was complete at `now_ms` although nothing was written."""
        if self.next_offset is not None:
            self._database.put(_HEAD, _OFFSET_AND_TIME.pack(self.next_offset, now_ms))

    def wipe(self, memory: StoreMemory, changelog: ChangelogIdentity, now_ms: int) -> None:
        """Forget everything, so that the next restore starts at the changelog's beginning."""
        self._database.close()
        shutil.rmtree(self.path)
        fresh = PartitionStore.open(self.path, memory, changelog, now_ms)
        self._database, self.next_offset = fresh._database, None

    def close(self) -> None:
        """Flush and close. The object must not be used afterwards."""
        self._database.close()

    def statistics(self) -> Mapping[str, int]:
        """Sizes as RocksDB estimates them: `rows` (marks included) and `bytes` on disk."""
        return {
            "rows": self._database.property_int_value("rocksdb.estimate-num-keys") or 0,
            "bytes": self._database.property_int_value("rocksdb.total-sst-files-size") or 0,
        }

    def _failed(self, what: str, error: Exception) -> WorkerMustRestart:
        if any(sign in str(error) for sign in _SIGNS_OF_DAMAGE):
            _damage(self.path).touch()
        return WorkerMustRestart(f"the local store {self.path} cannot be {what}: {error}")
