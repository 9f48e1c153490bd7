"""Fingerprints: sixteen bytes that are equal for equal records."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b, sha256
from struct import Struct

from streams.deadletter import headers as dead_letter_headers

__all__ = ["of_dead_letter", "of_record"]

_SIZES = Struct(">iqii")
_ABSENT = -1


def of_record(partition: int, timestamp: int, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """Of all that a record says, where and when it says it."""
    digest = blake2b(digest_size=16)
    digest.update(_SIZES.pack(partition, timestamp, _ABSENT if key is None else len(key), _ABSENT if value is None else len(value)))
    digest.update(key or b"")
    digest.update(value or b"")
    for name, content in headers:
        digest.update(b"%d:%s=%d:%s" % (len(name), name.encode(), len(content or b""), content or b""))
    return digest.digest()


def of_dead_letter(partition: int, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """Of which record was refused and why, and of the bytes that were kept. When it failed, and the words, may vary."""
    fields = dead_letter_headers.read((name, content or b"") for name, content in headers)
    where = (dead_letter_headers.SOURCE_TOPIC, dead_letter_headers.SOURCE_PARTITION, dead_letter_headers.SOURCE_OFFSET)
    told = [(name, fields.get(name, "").encode()) for name in (*where, dead_letter_headers.CODE, dead_letter_headers.ORDER_ID)]
    # A letter whose bytes the broker would not take has their digest.
    digest = fields.get(dead_letter_headers.VALUE_SHA256) or (None if value is None else sha256(value).hexdigest())
    return of_record(partition, 0, key, None if digest is None else digest.encode(), told)
