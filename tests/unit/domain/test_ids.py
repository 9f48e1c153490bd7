"""Ids made from what is said."""

from __future__ import annotations

import uuid

from streams.domain.ids import stable_id


def test_a_stable_id_is_the_uuid_of_version_5_of_its_parts() -> None:
    namespace = uuid.UUID("5f2f3c1e-6b0e-5d6f-9f6e-3a1f0b7f5a10")
    for number in range(64):
        assert stable_id("event", f"number {number}") == str(uuid.uuid5(namespace, f"event\x1fnumber {number}"))
