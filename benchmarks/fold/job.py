"""What a job of the keyed fold is told, and the fold itself. Standard library only: every engine's environment imports it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

__all__ = ["FoldJob", "count"]


@dataclass(frozen=True, slots=True)
class FoldJob:
    """One run of the fold, handed to the worker process in its environment."""

    bootstrap: str
    input: str
    output: str
    app_id: str
    state: str
    """An empty folder for local state."""

    partitions: int
    worker: str
    """The worker's own stable id, where an engine has such a thing."""

    def environment(self) -> dict[str, str]:
        return {
            "FOLD_BOOTSTRAP": self.bootstrap,
            "FOLD_INPUT": self.input,
            "FOLD_OUTPUT": self.output,
            "FOLD_APP_ID": self.app_id,
            "FOLD_STATE": self.state,
            "FOLD_PARTITIONS": str(self.partitions),
            "FOLD_WORKER": self.worker,
        }

    @classmethod
    def of_environment(cls) -> FoldJob:
        """Raises KeyError when the process was not started by `python -m benchmarks`."""
        e = os.environ
        return cls(
            e["FOLD_BOOTSTRAP"],
            e["FOLD_INPUT"],
            e["FOLD_OUTPUT"],
            e["FOLD_APP_ID"],
            e["FOLD_STATE"],
            int(e["FOLD_PARTITIONS"]),
            e["FOLD_WORKER"],
        )


def count(row: dict[str, Any] | None, key: str, event: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """`(row to write, record to send)` after one more event of a key."""
    n = (row["n"] if row else 0) + 1
    return {"n": n, "last": event["seq"]}, {"o": key, "n": n, "seq": event["seq"]}
