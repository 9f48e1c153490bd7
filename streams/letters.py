"""Keeps a worker's metrics on open dead letters up to date, in a thread of its own that must never be in the way."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

from confluent_kafka import KafkaException

from streams.deadletter.backlog import Backlog
from streams.errors import MilepostError
from streams.following import Follower
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topics import AUDIT, DEAD_LETTERED, dead_letter_topic

__all__ = ["publish", "watch_letters"]

log = logging.getLogger(__name__)

_TOPICS = {dead_letter_topic(source): source for source in DEAD_LETTERED}
_PAUSE_SECONDS = 0.2
"""Between two looks: a backlog is read at some thousand letters a second, and the hops have the rest of the CPU."""

_QUIET_LOOKS = 10
"""Nothing is told before so many looks found nothing new: figures that grow from zero at each start would look like news."""

_AGAIN_SECONDS = 30.0


def watch_letters(settings: Settings, metrics: Metrics) -> None:
    """Start the thread; it ends with the process."""
    threading.Thread(target=_watch, args=(settings, metrics), name="letters", daemon=True).start()


def publish(backlog: Backlog, metrics: Metrics) -> None:
    """Set the gauges to what the backlog says."""
    opened = backlog.open()
    metrics.dead_letters_oldest_timestamp_seconds.clear()
    for topic, source in _TOPICS.items():
        count, oldest_ms = opened.get(topic, (0, 0))
        metrics.dead_letters_open.labels(source).set(count)
        metrics.dead_letters_failed_again.labels(source).set(backlog.failed_again[topic])
        if count:
            metrics.dead_letters_oldest_timestamp_seconds.labels(source).set(oldest_ms / 1000)
    for (topic, action), count in backlog.settled.items():
        metrics.dead_letters_settled.labels(_TOPICS.get(topic, topic), action).set(count)


def _watch(settings: Settings, metrics: Metrics, topics: Iterable[str] = (*_TOPICS, AUDIT)) -> None:
    pause = threading.Event()
    while True:
        backlog, caught_up = Backlog(), False
        try:
            with Follower(settings, list(topics), from_start=True) as follower:
                quiet = 0
                while True:
                    records = follower.read()
                    for record in records:
                        backlog.take(record)
                    quiet = 0 if records else quiet + 1
                    caught_up = caught_up or quiet >= _QUIET_LOOKS
                    if caught_up:
                        publish(backlog, metrics)
                    pause.wait(_PAUSE_SECONDS)
        except (MilepostError, KafkaException) as failure:
            log.warning("open dead letters are not counted now: %s", failure)
            pause.wait(_AGAIN_SECONDS)
