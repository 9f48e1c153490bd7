"""The keyed fold on Quix Streams, exactly-once, RocksDB state with its changelog. `QUIX_COMMIT_S` is its commit interval."""

from __future__ import annotations

import os
from typing import Any

from quixstreams import Application, State  # type: ignore[import-not-found]  # lives in an environment of its own

from benchmarks.fold.job import FoldJob, count


def fold(event: dict[str, Any], key: bytes, timestamp: int, headers: object, state: State) -> dict[str, Any]:
    row, out = count(state.get("row"), key.decode(), event)
    state.set("row", row)
    return out


def main() -> None:
    job = FoldJob.of_environment()
    app = Application(
        broker_address=job.bootstrap,
        consumer_group=job.app_id,
        processing_guarantee="exactly-once",
        auto_offset_reset="earliest",
        commit_interval=float(os.environ.get("QUIX_COMMIT_S", "0.1")),
        state_dir=job.state,
        auto_create_topics=True,
        producer_extra_config={"compression.type": "lz4", "linger.ms": 5},
        loglevel="WARNING",
    )
    source = app.topic(job.input, key_deserializer="bytes", value_deserializer="json")
    output = app.topic(job.output, key_serializer="bytes", value_serializer="json")
    app.dataframe(source).apply(fold, stateful=True, metadata=True).to_topic(output)
    app.run()


if __name__ == "__main__":
    main()
