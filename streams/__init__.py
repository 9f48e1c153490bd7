"""Milepost: raw ERP, WMS, TMS and carrier records in; milestones and invoice releases out, exactly once.

Where to find what:

- `domain/`      the rules of the trade, pure Python: facts, status, billing gate.
- `normalize/`   raw record to canonical events, one module a source, code maps as data.
- `hops/`        the three pipeline steps as plain functions over rows and a batch.
- `contracts/`   Avro on the wire and the encoding of stored rows.
- `deadletter/`  reasons, headers and writing of dead letters.
- `engine/`      the only code that knows Faust's inside, librdkafka's transactions and RocksDB.
- `compiled/`    compiled twins of the busiest modules, where they were made.
- `app.py`       the composition root of a worker.
"""

from streams.compiled import prefer_compiled

__all__: list[str] = []

prefer_compiled()
