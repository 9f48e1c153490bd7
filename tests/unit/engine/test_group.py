"""The group metadata codec agrees with librdkafka, and says so at start."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer

from streams.engine import group
from streams.engine.group import GroupMetadata, check_installed, decode, encode
from streams.errors import ConfigurationError


@pytest.mark.parametrize("instance", [None, "milepost-0"])
def test_our_form_is_byte_for_byte_that_of_librdkafka(instance: str | None) -> None:
    consumer = Consumer({"group.id": "a-group"} | ({} if instance is None else {"group.instance.id": instance}))
    theirs = consumer.consumer_group_metadata()
    consumer.close()
    assert encode(GroupMetadata("a-group", -1, "", instance)) == theirs
    assert decode(theirs) == GroupMetadata("a-group", -1, "", instance)


@pytest.mark.parametrize(
    "metadata", [GroupMetadata("g", 0, "m"), GroupMetadata("prefix.milepost", 2_147_483_647, "milepost-0-7d1c", "milepost-0")]
)
def test_what_is_written_is_read_back(metadata: GroupMetadata) -> None:
    assert decode(encode(metadata)) == metadata


@pytest.mark.parametrize("data", [b"", b"CGMDv1:\0\0\0\0g\0", b"CGMDv2:\0\0", encode(GroupMetadata("g", 1, "m")) + b"x\0y\0"])
def test_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="group metadata"):
        decode(data)


def test_the_installed_library_is_accepted() -> None:
    check_installed()


def test_a_library_with_another_form_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "encode", lambda metadata: b"CGMDv3:")
    with pytest.raises(ConfigurationError, match="confluent-kafka"):
        check_installed()
