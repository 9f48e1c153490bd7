"""The keyed fold on stock Faust: an agent a record, a RocksDB table, one send. `FAUST_GUARANTEE` is Faust's processing guarantee."""

from __future__ import annotations

import os

import faust
import orjson

from benchmarks.fold.job import FoldJob, count

JOB = FoldJob.of_environment()

app = faust.App(
    JOB.app_id,
    broker=f"kafka://{JOB.bootstrap}",
    store="rocksdb://",
    datadir=JOB.state,
    processing_guarantee=os.environ.get("FAUST_GUARANTEE", "at_least_once"),
    topic_partitions=JOB.partitions,
    topic_replication_factor=1,
    topic_disable_leader=True,
    table_standby_replicas=0,
    consumer_auto_offset_reset="earliest",
    producer_compression_type="lz4",
    producer_linger=0.005,
    stream_wait_empty=False,
    web_enabled=False,
    key_serializer="raw",
    value_serializer="raw",
)
source = app.topic(JOB.input, key_type=bytes, value_type=bytes)
output = app.topic(JOB.output, key_type=bytes, value_type=bytes)
rows = app.Table("rows", key_type=bytes, value_type=bytes, partitions=JOB.partitions)


@app.agent(source)
async def fold(stream: faust.StreamT[bytes]) -> None:
    async for key, value in stream.items():
        stored = rows.get(key)
        row, out = count(orjson.loads(stored) if stored else None, key.decode(), orjson.loads(value))
        rows[key] = orjson.dumps(row)
        await output.send(key=key, value=orjson.dumps(out))


if __name__ == "__main__":
    app.main()
