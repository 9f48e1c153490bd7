"""A realistic day comes out the same in whatever order its records are read."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.day import REALISTIC, Profile, generate
from streams.day.story import CLOSING, DAYTIME
from streams.domain.instant import to_millis
from streams.jsonlines import parse
from tests.property.interleaved import Interleaved

pytestmark = pytest.mark.property

_WITHOUT_THE_LARGE_ONE = Profile(REALISTIC.cards, oversized=0)
_SEEDS = st.integers(0, 2**32)


def _differences(day_seed: int, order_seed: int, orders: int) -> list[str]:
    day = generate(day_seed, orders, profile=_WITHOUT_THE_LARGE_ONE)
    after = to_millis(day.closing + timedelta(days=2))
    pipeline = Interleaved(Random(order_seed), now_ms=after)
    for phase in (DAYTIME, CLOSING):
        pipeline.feed(parse(line, 0) for line in day.phase(phase))
    return list(pipeline.found.differences(day.expectations()))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(day_seed=_SEEDS, order_seed=_SEEDS)
def test_expectations_hold_in_any_order_that_keeps_topic_and_key(day_seed: int, order_seed: int) -> None:
    assert _differences(day_seed, order_seed, orders=40) == []


@pytest.mark.parametrize("order_seed", range(2))
def test_expectations_hold_for_every_situation_at_once(order_seed: int) -> None:
    assert _differences(day_seed=11, order_seed=order_seed, orders=400) == []
