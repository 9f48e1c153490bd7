"""One measured figure of the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Figure"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with every round's value; the median is what counts."""

    name: str
    unit: str
    values: Sequence[float]
    wanted: str = ""
    note: str = ""

    @property
    def shown(self) -> str:
        """Median, and the lowest and highest round where there are several."""
        middle = _number(median(self.values))
        if len(self.values) == 1:
            return f"{middle} {self.unit}"
        return f"{middle} {self.unit} ({_number(min(self.values))}-{_number(max(self.values))})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"
