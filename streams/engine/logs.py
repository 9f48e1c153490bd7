"""What a worker says: one line a fact, in UTC, and not what the libraries below repeat while a broker is away."""

from __future__ import annotations

import logging
import sys
import time
from typing import Final

__all__ = ["set_up_logging"]

_LEVELS: Final = {
    # Faust and mode report every step of every rebalance; what we need of it, the engine says in its own words.
    "faust": logging.CRITICAL,
    "mode": logging.CRITICAL,
    "aiokafka": logging.CRITICAL,
    "kafka": logging.CRITICAL,
    "asyncio": logging.ERROR,
    # Where these three speak it is Faust speaking through our classes; a crash is reported by `run`, once.
    "streams.engine.app": logging.CRITICAL,
    "streams.engine.consumer": logging.CRITICAL,
    "streams.engine.recovery": logging.CRITICAL,
}


class _Line(logging.Formatter):
    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"


def set_up_logging(worker: str, level: int = logging.INFO) -> None:
    """Log to standard error. Replaces whatever handlers the root logger has."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(f"%(asctime)s %(levelname)s worker={worker} %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, limit in _LEVELS.items():
        logging.getLogger(name).setLevel(limit)
