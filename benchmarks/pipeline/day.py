"""The raw records that the pipeline is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from streams.day import generate
from streams.day.generator import recent_start
from streams.day.story import DAYTIME
from streams.hop import Output
from streams.jsonlines import parse
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import MILESTONES, RELEASES

__all__ = ["RECOGNISED", "brought_about", "records_of_a_day", "start_of_a_day"]

RECOGNISED = (MILESTONES, RELEASES)
"""Topics whose records have ids that do not depend on where their cause stands, so that they are recognised in another run."""


def start_of_a_day(orders: int) -> datetime:
    """When a day of that many orders begins that is over by now, so that none of its timers is still to come."""
    return recent_start(datetime.now(UTC), orders)


def records_of_a_day(seed: int, orders: int, start: datetime | None = None, *, daytime: bool = False) -> list[Output]:
    """The generated day of that many orders in the order of arrival; with `daytime` without what follows days later."""
    day = generate(seed, orders, start or start_of_a_day(orders))
    return [parse(line, 0) for line in (day.phase(DAYTIME) if daytime else day.lines())]


def brought_about(warm_up: Sequence[Output], day: Sequence[Output]) -> dict[bytes, int]:
    """By `ce_id` of a milestone or release: the number of the record in `day` whose arrival completes what the output needs.

    Found by running both through the same hops in memory. (The raw record that an output names as its cause would not do: where a scan came
    before the plan that links it, it is the plan that the output waited for.)
    """
    pipeline = OfflinePipeline(hops(Settings()))
    for record in warm_up:
        pipeline.feed(record)
    found: dict[bytes, int] = {}
    for number, record in enumerate(day):
        for output in pipeline.feed(record):
            if output.topic in RECOGNISED:
                found.setdefault(dict(output.headers)["ce_id"], number)
    return found
