"""The keyed fold on Milepost's engine: one hop, rows as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.cluster import create_topics
from benchmarks.fold.job import FoldJob, count
from streams.engine import run_worker
from streams.hop import Emission, Hop, Output, Record, Rows
from streams.settings import Settings
from streams.topics import changelog_topic, dead_letter_topic

HOP = "fold"


class _JsonRows:
    """A row is a small dict, stored as JSON."""

    def encode(self, row: Any) -> bytes:
        return orjson.dumps(row)

    def decode(self, data: bytes) -> Any:
        return orjson.loads(data)


def fold(job: FoldJob) -> Hop:
    """The hop that counts the events of each key and sends what it counted."""

    def run(rows: Rows, batch: Sequence[Record]) -> list[Emission]:
        emissions: list[Emission] = []
        for record in batch:
            key = record.key or b""
            row, out = count(rows.get(key), key.decode(), orjson.loads(record.value or b"{}"))
            rows.put(key, row)
            emissions.append(Output(job.output, key, orjson.dumps(out), timestamp=record.timestamp))
        return emissions

    return Hop(HOP, (job.input,), run, _JsonRows())


def main() -> int:
    job = FoldJob.of_environment()
    settings = Settings(
        bootstrap=job.bootstrap, name=job.app_id, worker=job.worker, data=Path(job.state), partitions=job.partitions, metrics_port=0
    )
    create_topics(job.bootstrap, dead_letter_topic(job.input), partitions=job.partitions)
    create_topics(job.bootstrap, changelog_topic(settings.app_id, HOP), partitions=job.partitions, config={"cleanup.policy": "compact"})
    return run_worker(settings, [fold(job)], outputs=[job.output])


if __name__ == "__main__":
    sys.exit(main())
