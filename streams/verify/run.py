"""Verify a real cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from streams.admin import connect
from streams.hop import Hop
from streams.settings import Settings
from streams.topics import changelog_topic
from streams.verify.audit import Audit
from streams.verify.findings import Report
from streams.verify.lag import records_behind
from streams.verify.reader import TopicReader
from streams.verify.snapshot import Snapshot, end_offsets, take
from streams.verify.state import compare_state

__all__ = ["Progress", "verify"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is; 0 of 0 where nobody knows."""

_LOOK_AGAIN_SECONDS = 0.3


def verify(
    settings: Settings, hops: Sequence[Hop], *, wait_seconds: float = 60, state: bool = False, progress: Progress | None = None
) -> Report:
    """Compare what the cluster holds with what the hops must have made of it.

    Waits up to `wait_seconds` until the workers have processed everything that is there; a report on less says so (`Report.complete`). With
    `state`, the hops' changelogs are compared with the recomputed rows too.

    Raises `BrokerUnreachable`, `ConfigurationError` (a topic is missing), `MilepostError` (a topic cannot be read to its end).
    """
    tell = progress or _silent
    deadline = time.monotonic() + wait_seconds
    while True:
        _await_caught_up(settings, deadline, tell)
        report = _verify_once(settings, hops, state, tell)
        if report.complete or time.monotonic() >= deadline:
            return report
        time.sleep(_LOOK_AGAIN_SECONDS)


def _verify_once(settings: Settings, hops: Sequence[Hop], state: bool, tell: Progress) -> Report:
    snapshot = take(settings)
    audit = Audit(hops, snapshot.layout)
    with ExitStack() as stack:
        readers = []
        for topic in snapshot.layout.partitions:
            reader = _reader(settings, topic, snapshot)
            stack.callback(reader.close)
            readers.append(reader)
        total = sum(reader.total for reader in readers)
        while unread := [reader for reader in readers if not reader.done]:
            # Keeping all topics equally far keeps small what one side of a comparison has and the other has not yet.
            for record in min(unread, key=lambda reader: reader.fraction).read():
                audit.read(record)
            tell("comparing", sum(reader.passed for reader in readers), total)
    report = audit.finish(time.time_ns() // 1_000_000)
    if state and report.complete:
        for hop in hops:
            if hop.codec is not None:
                _verify_state(settings, hop, audit, report, tell)
    return report


def _reader(settings: Settings, topic: str, snapshot: Snapshot) -> TopicReader:
    partitions = range(snapshot.layout.partitions[topic])
    starts = {partition: snapshot.starts[topic, partition] for partition in partitions}
    return TopicReader(settings, topic, starts, {partition: snapshot.ends[topic, partition] for partition in partitions})


def _verify_state(settings: Settings, hop: Hop, audit: Audit, report: Report, tell: Progress) -> None:
    assert hop.codec is not None
    admin = connect(settings)
    changelog = settings.logical(changelog_topic(settings.app_id, hop.name))
    count = len(admin.list_topics(settings.topic(changelog)).topics[settings.topic(changelog)].partitions)
    ends = end_offsets(settings, admin, {changelog: count})
    reader = TopicReader(
        settings, changelog, dict.fromkeys(range(count), 0), {partition: ends[changelog, partition] for partition in range(count)}
    )
    stored: dict[int, dict[bytes, bytes]] = {partition: {} for partition in range(count)}
    try:
        while not reader.done:
            for record in reader.read():
                if record.value is None:
                    stored[record.partition].pop(record.key or b"", None)
                else:
                    stored[record.partition][record.key or b""] = record.value
            tell(f"reading the state of {hop.name}", reader.passed, reader.total)
    finally:
        reader.close()
    for partition in range(count):
        rows, marks = audit.rows(hop.sources[0], partition)
        compare_state(report, hop.name, changelog, hop.codec, stored[partition], rows, marks)


def _await_caught_up(settings: Settings, deadline: float, tell: Progress) -> None:
    while (behind := records_behind(settings)) and time.monotonic() < deadline:
        tell(f"waiting for the workers, {behind} records behind", 0, 0)
        time.sleep(_LOOK_AGAIN_SECONDS)


def _silent(what: str, done: int, total: int) -> None:
    pass
