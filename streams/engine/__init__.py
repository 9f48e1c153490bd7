"""The engine: runs hops on Faust, exactly once. The only code that knows Faust's inside, librdkafka's transactions and RocksDB.

`run_worker` runs a worker process; `Observer` and `Health` are how others look at it. docs/engine.md explains the rest.
"""

from streams.engine.app import App
from streams.engine.errors import EXIT_OK, EXIT_RESTART, EXIT_STOPPED, EXIT_TRIPPED
from streams.engine.health import Health
from streams.engine.observer import Observer
from streams.engine.run import run_worker

__all__ = ["EXIT_OK", "EXIT_RESTART", "EXIT_STOPPED", "EXIT_TRIPPED", "App", "Health", "Observer", "run_worker"]
