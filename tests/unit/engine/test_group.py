"""Group metadata: the proof of membership that librdkafka passes to the broker, made by hand."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import group
from streams.engine.group import GroupMetadata, check_installed, decode, encode
from streams.errors import ConfigurationError

_NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
_GENERATIONS = st.integers(-(2**31), 2**31 - 1)
_METADATA = st.builds(GroupMetadata, _NAMES, _GENERATIONS, _NAMES, st.none() | _NAMES)


@pytest.mark.property
@given(_METADATA)
def test_what_was_encoded_is_decoded(metadata: GroupMetadata) -> None:
    assert decode(encode(metadata)) == metadata


@pytest.mark.property
@given(_METADATA, _METADATA)
def test_two_memberships_never_look_the_same(one: GroupMetadata, other: GroupMetadata) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@pytest.mark.parametrize("instance", [None, "milepost-0"], ids=["dynamic member", "static member"])
def test_the_form_is_that_of_the_installed_library(instance: str | None) -> None:
    conf = {"group.id": "größe", "bootstrap.servers": ""} | ({} if instance is None else {"group.instance.id": instance})
    consumer = Consumer(conf)
    try:
        theirs = consumer.consumer_group_metadata()
    finally:
        consumer.close()
    assert encode(GroupMetadata("größe", -1, "", instance)) == theirs
    assert decode(theirs) == GroupMetadata("größe", -1, "", instance)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"CGMDv2:",
        b"CGMDv2:\0\0\0",
        b"CGMDv1:group\0",
        b"CGMDv3:\0\0\0\0group\0member\0\1",
        b"CGMDv2:\0\0\0\0group\0member",
        b"CGMDv2:\0\0\0\0group\0member\0\2",
        b"CGMDv2:\0\0\0\0group\0member\0\0instance",
        b"CGMDv2:\0\0\0\0group\0member\0\0instance\0more",
    ],
)
def test_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not group metadata of version 2"):
        decode(data)


def test_the_installed_library_passes_the_check() -> None:
    check_installed()


class _OtherConsumer:
    """A client library that writes group metadata in a form of its own."""

    def __init__(self, conf: dict[str, str]) -> None:
        self._instance = conf.get("group.instance.id")

    def consumer_group_metadata(self) -> bytes:
        return self.form(self._instance)

    def close(self) -> None: ...

    def form(self, instance: str | None) -> bytes:
        return encode(GroupMetadata("probe", -1, "", instance)).replace(b"v2", b"v3")


class _OtherForStaticMembers(_OtherConsumer):
    def form(self, instance: str | None) -> bytes:
        metadata = encode(GroupMetadata("probe", -1, "", instance))
        return metadata if instance is None else metadata + b"\0"


@pytest.mark.parametrize("consumer", [_OtherConsumer, _OtherForStaticMembers])
def test_a_library_with_another_form_is_refused_at_start(consumer: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "Consumer", consumer)
    with pytest.raises(ConfigurationError, match="install the confluent-kafka version from the lock file"):
        check_installed()
