"""The gauges on open dead letters."""

from __future__ import annotations

from streams.deadletter.backlog import Backlog
from streams.hop import RawRecord
from streams.letters import publish
from streams.metrics import Metrics


def test_open_letters_and_the_oldest_are_told_by_source() -> None:
    metrics, backlog = Metrics(), Backlog()
    for number in (2, 1):
        backlog.take(RawRecord("erp.raw.dlq", 0, number, number * 1_000, None, b"", (("dlq.id", b"%d" % number),)))
    publish(backlog, metrics)
    value = metrics.registry.get_sample_value
    assert value("milepost_dead_letters_open", {"source": "erp.raw"}) == 2
    assert value("milepost_dead_letters_oldest_timestamp_seconds", {"source": "erp.raw"}) == 1
    assert value("milepost_dead_letters_open", {"source": "wms.raw"}) == 0
    assert value("milepost_dead_letters_oldest_timestamp_seconds", {"source": "wms.raw"}) is None
