"""A day through the real hops, without Kafka: everything is as expected, and what is missing or too much is noticed."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from streams.day import REALISTIC, Day, Profile, generate
from streams.day.found import Found
from streams.day.situations import channels
from streams.hop import Output
from streams.jsonlines import parse
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import HOLDS, RELEASES, STATUS

_DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def day() -> Day:
    return generate(seed=5, orders=150, profile=Profile(REALISTIC.cards, oversized=0))


@pytest.fixture(scope="module")
def outputs(day: Day) -> list[Output]:
    pipeline = OfflinePipeline(hops(Settings()))
    said = [output for line in day.lines() for output in pipeline.feed(parse(line, 0))]
    return said + pipeline.advance(pipeline.clock + 2 * _DAY_MS)


def _differences(day: Day, outputs: list[Output]) -> list[str]:
    found = Found()
    for output in outputs:
        found.take(output.topic, output.key, output.value, output.headers)
    return list(found.differences(day.expectations()))


def test_the_pipeline_says_what_the_day_expects(day: Day, outputs: list[Output]) -> None:
    assert _differences(day, outputs) == []


@pytest.mark.parametrize("topic", [RELEASES, STATUS, HOLDS, "wms.raw.dlq", "erp.raw.dlq"])
def test_a_lost_record_is_noticed(day: Day, outputs: list[Output], topic: str) -> None:
    last = max(number for number, output in enumerate(outputs) if output.topic == topic)
    assert _differences(day, outputs[:last] + outputs[last + 1 :])


@pytest.mark.parametrize("topic", [RELEASES, "shipment.milestones", "wms.raw.dlq"])
def test_a_record_said_twice_is_noticed(day: Day, outputs: list[Output], topic: str) -> None:
    again = next(output for output in outputs if output.topic == topic)
    assert _differences(day, [*outputs, again])


def test_an_order_that_nobody_expects_is_noticed(day: Day, outputs: list[Output]) -> None:
    status = next(output for output in outputs if output.topic == STATUS)
    assert _differences(day, [*outputs, status._replace(key=b"9999:1")]) == ["9999:1: no order of the day"]


def test_parked_statements_lapse_when_their_time_is_over(day: Day, outputs: list[Output]) -> None:
    pipeline = OfflinePipeline(hops(Settings()))
    said = [output for line in day.lines() for output in pipeline.feed(parse(line, 0))]
    lapsed = pipeline.advance(pipeline.clock + 20 * _DAY_MS)
    assert any(output.topic == "shipment.references.dlq" for output in lapsed)
    assert _differences(day, said + lapsed) == []


def test_no_estimate_of_a_day_is_given_twice_within_a_minute() -> None:
    """The same estimate told again would be one milestone: a second one, hours later, once named the same minute."""
    estimated = generate(seed=5, orders=2_000, profile=Profile({channels.estimated_only: 1}, oversized=0))
    minutes = Counter(
        (record["key"], record["value"]["at"][:16])
        for line in estimated.lines()
        if (record := json.loads(line))["topic"] == "tms.raw" and record["value"]["type"] == "shipment.eta"
    )
    assert len(minutes) == 4_000
