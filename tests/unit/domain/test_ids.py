"""Ids that never change."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.ids import stable_id

NAMESPACE = uuid.UUID("5f2f3c1e-6b0e-5d6f-9f6e-3a1f0b7f5a10")


@given(st.lists(st.text()))
def test_a_stable_id_is_the_uuid5_of_its_parts_in_our_namespace(parts: list[str]) -> None:
    assert stable_id(*parts) == str(uuid.uuid5(NAMESPACE, "\x1f".join(parts)))


def test_a_stable_id_stays_what_it_always_was() -> None:
    assert stable_id("event", "ACME:1") == "08efcb3b-17b0-5cbd-b93b-0049e8817a1e"
