"""Figures of one benchmark run, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from benchmarks.fold.engines import ENGINES
from benchmarks.fold.run import FoldRun
from benchmarks.machine import Machine
from benchmarks.pipeline.figures import Figure

__all__ = ["OURS", "Report"]

OURS = "milepost"


@dataclass(slots=True)
class Report:
    """Everything that one run measured."""

    machine: Machine
    command: str
    folds: list[FoldRun] = field(default_factory=list)
    pipeline: list[Figure] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    """What was left out, and why."""

    def markdown(self) -> str:
        """The tables; medians, with the lowest and highest run in brackets."""
        m = self.machine
        where = f"{m.cpu}, {m.cores} cores, {m.memory_gb} GB, Linux {m.kernel}; Python {m.python}; Kafka {m.kafka}"
        parts = [f"Measured {m.when} with `{self.command}` on {where}; load average before the run {m.load_before}."]
        if self.folds:
            parts += ["### Keyed fold, side by side", self._fold_table()]
        if self.pipeline:
            parts += ["### Pipeline", _pipeline_table(self.pipeline)]
        parts += [f"Left out: {what}: {why}" for what, why in self.skipped.items()]
        return "\n\n".join(parts) + "\n"

    def json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY, default=str)

    def write(self, folder: Path) -> list[Path]:
        """Writes `latest.md` and `latest.json`; returns their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {folder / "latest.md": self.markdown().encode(), folder / "latest.json": self.json()}
        for path, content in files.items():
            path.write_bytes(content)
        return list(files)

    def _fold_table(self) -> str:
        runs: dict[str, list[FoldRun]] = {}
        for run in self.folds:
            runs.setdefault(run.engine, []).append(run)
        ours = runs.get(OURS)
        rows = [_fold_row(name, those, ours) for name, those in runs.items()]
        head = [
            "engine", "events/s", "warm events/s", "CPU µs/event", "warm CPU µs/event", "CPU to ours (first, warm)",
            "start s", "peak RSS MB", "output", "settings",
        ]  # fmt: skip
        count = min(len(those) for those in runs.values())
        return (
            _table(head, rows)
            + f"\n\nMedians of {count} rounds (lowest-highest); events of a pass: "
            + ", ".join(f"{name} {those[0].events:,}" for name, those in runs.items())
        )


def _fold_row(name: str, runs: Sequence[FoldRun], ours: Sequence[FoldRun] | None) -> list[str]:
    def over(pick: Callable[[FoldRun], float], digits: int = 0) -> str:
        values = [pick(run) for run in runs]
        middle = f"{median(values):,.{digits}f}"
        return middle if len(values) == 1 else f"{middle} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"

    def ratio(pick: Callable[[FoldRun], float]) -> str:
        if not ours:
            return "-"
        return f"{median(map(pick, runs)) / median(map(pick, ours)):.1f}"

    wrong = [f"round {run.round}: {run.exactness}" for run in runs if not run.exactness.exact]
    return [
        ENGINES[name].title,
        over(lambda r: r.first.events_s),
        over(lambda r: r.warm.events_s),
        over(lambda r: r.first.cpu_us, 1),
        over(lambda r: r.warm.cpu_us, 1),
        f"{ratio(lambda r: r.first.cpu_us)}, {ratio(lambda r: r.warm.cpu_us)}",
        over(lambda r: r.start_s, 1),
        over(lambda r: r.peak_rss / 2**20),
        "; ".join(wrong) or "exact",
        ENGINES[name].settings,
    ]


def _pipeline_table(figures: Iterable[Figure]) -> str:
    return _table(
        ["figure", "measured", "wanted", "how"],
        [[f.name, f.shown, f.wanted or "-", f.note] for f in figures],
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
