"""Metrics on open dead letters."""

from __future__ import annotations

from streams.deadletter.backlog import Backlog
from streams.letters import publish
from streams.metrics import Metrics
from streams.topics import DEAD_LETTERED, REFERENCE_DATA


def test_letters_of_every_topic_that_is_read_are_counted() -> None:
    metrics = Metrics()
    publish(Backlog(), metrics)
    (family,) = metrics.dead_letters_open.collect()
    (label,) = {name for sample in family.samples for name in sample.labels}
    assert {sample.labels[label] for sample in family.samples} == set(DEAD_LETTERED)
    assert REFERENCE_DATA in DEAD_LETTERED
