"""Small stand-ins for what the engine's parts talk to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from streams.engine.store import ChangelogIdentity, PartitionStore, StoreMemory
from streams.hop import RawRecord

CHANGELOG = ChangelogIdentity("app-hop-changelog", "topic-id", 86_400_000)


class JsonRows:
    """A codec that counts how often it is used."""

    def __init__(self) -> None:
        self.encoded = 0
        self.decoded = 0

    def encode(self, row: Any) -> bytes:
        self.encoded += 1
        return orjson.dumps(row)

    def decode(self, data: bytes) -> Any:
        self.decoded += 1
        return orjson.loads(data)


def open_store(folder: Path, now_ms: int = 0, changelog: ChangelogIdentity = CHANGELOG) -> PartitionStore:
    return PartitionStore.open(folder / "0", StoreMemory(1 << 20, 1 << 20), changelog, now_ms)


def record(offset: int, value: bytes | None = b"{}", key: bytes | None = b"k", topic: str = "source", partition: int = 0) -> RawRecord:
    return RawRecord(topic, partition, offset, 1_700_000_000_000 + offset, key, value)
