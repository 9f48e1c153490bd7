"""librdkafka's serialized consumer group metadata, made from what aiokafka knows.

KIP-447 fences a transaction by the consumer group: the offsets in it are refused when they come with an old generation or a member
that the group no longer knows. librdkafka takes those three facts as an opaque object from its own consumer. Ours is aiokafka's, so we
write the object ourselves, in the form that `Consumer.consumer_group_metadata()` returns:

    "CGMDv2:"  int32 generation (native order)  group "\\0"  member "\\0"  then "\\1" without an instance id, or "\\0" instance "\\0"

The form is private to librdkafka. `check_installed` compares it with the installed library at start, before a record is read.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from confluent_kafka import Consumer, libversion

from streams.errors import ConfigurationError

__all__ = ["GroupMetadata", "check_installed", "decode", "encode"]

_MAGIC = b"CGMDv2:"
_GENERATION = struct.Struct("=i")


class GroupMetadata(NamedTuple):
    """Who reads for a group: the proof that a transaction's offsets are ours to commit."""

    group: str
    generation: int
    member: str
    instance: str | None = None


def encode(metadata: GroupMetadata) -> bytes:
    """The object that `Producer.send_offsets_to_transaction` accepts."""
    instance = b"\1" if metadata.instance is None else b"\0" + metadata.instance.encode() + b"\0"
    return b"".join(
        (_MAGIC, _GENERATION.pack(metadata.generation), metadata.group.encode(), b"\0", metadata.member.encode(), b"\0", instance)
    )


def decode(data: bytes) -> GroupMetadata:
    """The inverse of `encode`. Raises ValueError for any other form."""
    start = len(_MAGIC) + _GENERATION.size
    if not data.startswith(_MAGIC) or len(data) < start:
        raise ValueError(f"not group metadata of version 2: {data[:16]!r}")
    (generation,) = _GENERATION.unpack_from(data, len(_MAGIC))
    parts = data[start:].split(b"\0")
    match parts:
        case [group, member, b"\1"]:
            return GroupMetadata(group.decode(), generation, member.decode(), None)
        case [group, member, b"", instance, b""]:
            return GroupMetadata(group.decode(), generation, member.decode(), instance.decode())
    raise ValueError(f"not group metadata of version 2: {len(parts)} fields")


def check_installed() -> None:
    """Compare our form with the installed library's own. Raises ConfigurationError if they differ."""
    for instance in (None, "probe-instance"):
        conf = {"group.id": "probe", "bootstrap.servers": ""} | ({} if instance is None else {"group.instance.id": instance})
        consumer = Consumer(conf)
        try:
            theirs = consumer.consumer_group_metadata()
        finally:
            consumer.close()
        ours = encode(GroupMetadata("probe", -1, "", instance))
        if theirs != ours:
            raise ConfigurationError(
                f"librdkafka {libversion()[0]} writes consumer group metadata in another form than this release of Milepost knows: "
                "install the confluent-kafka version from the lock file"
            )
