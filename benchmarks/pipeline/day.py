"""The raw records that the pipeline is measured on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice

from streams.day import generate
from streams.day.generator import recent_start
from streams.hop import Output
from streams.jsonlines import parse
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import HOLDS, MILESTONES, RELEASES, STATUS

__all__ = ["brought_about", "records_of_a_day"]

_OUTPUTS = frozenset({MILESTONES, STATUS, RELEASES, HOLDS})


def records_of_a_day(seed: int, orders: int, at_most: int | None = None) -> list[Output]:
    """The generated day of that many orders in the order of arrival, cut off after `at_most` records. It ends shortly before now."""
    day = generate(seed, orders, recent_start(datetime.now(UTC), orders))
    return list(islice(_parsed(day.lines()), at_most))


def brought_about(warm_up: Sequence[Output], day: Sequence[Output]) -> dict[bytes, int]:
    """By `ce_id` of an output: the number of the record in `day` whose arrival completes what the output needs.

    Found by running both through the same hops in memory. (The raw record that an output names as its cause would not do: where a scan came
    before the plan that links it, it is the plan that the output waited for.)
    """
    pipeline = OfflinePipeline(hops(Settings()))
    for record in warm_up:
        pipeline.feed(record)
    found: dict[bytes, int] = {}
    for number, record in enumerate(day):
        for output in pipeline.feed(record):
            if output.topic in _OUTPUTS:
                found.setdefault(dict(output.headers)["ce_id"], number)
    return found


def _parsed(lines: Iterable[bytes]) -> Iterable[Output]:
    return (parse(line, 0) for line in lines)
