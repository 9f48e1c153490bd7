"""What can go wrong inside the engine, and what each means for the running batch and for the process.

```
EngineError
├── TransactionAborted     nothing of the batch happened              run it again
│   ├── StaleGeneration    the group gave our partitions away         drop it: the new owner reads it
│   └── RecordRefused      the broker refuses one of our records      find the record, dead-letter it
├── OutcomeUnknown         the producer died while it committed       ask the group which offsets are committed
├── WorkerMustRestart      only a fresh process can repair its state  exit EXIT_RESTART: start again, from what is committed
└── WorkerMustStop         going on would skip a record               exit EXIT_STOPPED: a person has to look
    └── BreakerTripped     too many records are refused               exit EXIT_TRIPPED: a person has to look
```
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "BreakerTripped",
    "EXIT_OK",
    "EXIT_RESTART",
    "EXIT_STOPPED",
    "EXIT_TRIPPED",
    "EngineError",
    "OutcomeUnknown",
    "RecordRefused",
    "StaleGeneration",
    "TransactionAborted",
    "WorkerMustRestart",
    "WorkerMustStop",
]

EXIT_OK: Final = 0
"""The worker was asked to stop and finished what it was doing."""

EXIT_STOPPED: Final = 70
"""EX_SOFTWARE: a defect or a refused dead letter; starting again will stop at the same record."""

EXIT_TRIPPED: Final = 65
"""EX_DATAERR: too many records of a partition are refused; starting again refuses the same ones. `milepost worker` does not restart it."""

EXIT_RESTART: Final = 75
"""EX_TEMPFAIL: start the worker again, it continues where the last committed transaction ended."""


class EngineError(Exception):
    """Base of the engine's own errors."""


class TransactionAborted(EngineError):
    """The transaction was aborted: none of its records and none of its offsets are visible."""


class StaleGeneration(TransactionAborted):
    """The broker refused our offsets because the consumer group has moved on."""


class RecordRefused(TransactionAborted):
    """The broker will never take one of the transaction's records (too large, mostly)."""


class OutcomeUnknown(EngineError):
    """The transaction has ended, but the producer that asked for its commit died before it heard how."""

    def __init__(self, message: str, ends: Mapping[int, int]) -> None:
        super().__init__(message)
        self.ends = dict(ends)
        """By changelog partition, the offset after the transaction's last entry, for the case that it was committed."""


class WorkerMustRestart(EngineError):
    """The process cannot know or repair the state it is in; a fresh one can."""


class WorkerMustStop(EngineError):
    """A record can neither be processed nor dead-lettered. The message names it."""


class BreakerTripped(WorkerMustStop):
    """So many records of a partition are refused that something must be wrong. What the message names as not committed is read again."""
