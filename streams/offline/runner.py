"""One hop over rows in memory."""

from __future__ import annotations

from collections.abc import Sequence

from streams.deadletter.reasons import Reason, Stage
from streams.errors import MilepostError
from streams.hop import DeadLetter, Emission, Hop, Record
from streams.offline.memory import MemoryRows

__all__ = ["Runner"]


class Runner:
    """A hop and the rows of one of its partitions. Each call of `run` is one transaction.

    A batch on which the hop fails is undone and run again record by record; the record that still fails becomes a dead letter with
    reason POISON, and its neighbours are processed.
    """

    def __init__(self, hop: Hop, rows: MemoryRows | None = None) -> None:
        self.hop = hop
        self.rows = MemoryRows(hop.codec) if rows is None else rows

    def run(self, batch: Sequence[Record]) -> list[Emission]:
        """What the hop sends for these records, in order."""
        try:
            emissions = self.hop.run(self.rows, batch)
            self.rows.commit()
        except MilepostError:
            self.rows.rollback()
            raise
        except Exception as error:  # noqa: BLE001 - a hop raises on a defect of its own, whatever that is
            self.rows.rollback()
            if len(batch) == 1:
                return [_poison(batch[0], error)]
            return [emission for record in batch for emission in self.run((record,))]
        return emissions


def _poison(record: Record, error: Exception) -> DeadLetter:
    return DeadLetter(record, Stage.APPLY, Reason.POISON, f"{type(error).__name__}: {error}", exception=error)
