"""The hops without Kafka: the very same functions over rows in memory.

    memory    the rows of one partition in a dict
    runner    one hop over such rows, and what becomes of a record on which it fails
    pipeline  all hops, chained by topic, with a clock that follows the records

`simulate` tries a mapping with it, `verify` recomputes with it what a cluster should hold, tests drive it.
"""

from streams.offline.memory import MemoryRows
from streams.offline.pipeline import OfflinePipeline
from streams.offline.runner import Runner

__all__ = ["MemoryRows", "OfflinePipeline", "Runner"]
