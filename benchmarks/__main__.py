"""`python -m benchmarks`: the side-by-side runs, printed as Markdown."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cluster import broker
from benchmarks.fold.engines import ENGINES, Engine, Unavailable
from benchmarks.fold.run import run_folds
from benchmarks.machine import this_machine
from benchmarks.pipeline.run import FULL, QUICK, run_pipeline
from benchmarks.report import OURS, Report

__all__ = ["main"]

_RESULTS = Path(__file__).resolve().parent / "results"
_STARTED = time.perf_counter()
_PARTS = ("fold", "pipeline")


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A smoke test: few events, one round, no Faust.")] = False,
    only: Annotated[str, typer.Option(help="fold or pipeline; both when not given.")] = "",
    engines: Annotated[str, typer.Option(help=f"Engines of the fold, with commas: {', '.join(ENGINES)}.")] = "",
    events: Annotated[int, typer.Option(min=100, help="Events of each pass of the fold.")] = 300_000,
    keys: Annotated[int, typer.Option(min=1, help="Different keys of the fold.")] = 50_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; medians are shown.")] = 3,
    write: Annotated[bool, typer.Option("--write", help="Also write benchmarks/results/latest.md and latest.json.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder with the workers' logs.")] = False,
) -> None:
    """Measure Milepost beside other engines, and its pipeline on a generated day.

    A Kafka is started for the run; KAFKA_BOOTSTRAP names another one. What each figure means, and what is fair about it and what is not,
    is in docs/benchmarks.md.

    Example: python -m benchmarks --only fold --engines milepost,kafka-streams --rounds 5
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if only and only not in _PARTS:
        raise typer.BadParameter(f"choose one of {', '.join(_PARTS)}", param_hint="--only")
    usual = [name for name, engine in ENGINES.items() if engine.usual and not (quick and engine.share < 1)]
    names = [name.strip() for name in engines.split(",") if name.strip()] or usual
    unknown = [name for name in names if name not in ENGINES]
    if unknown:
        raise typer.BadParameter(f"no engine is called {unknown[0]}: choose from {', '.join(ENGINES)}", param_hint="--engines")
    if quick:
        events, keys, rounds = 10_000, 1_000, 1
    report = Report(this_machine(), "python -m benchmarks " + " ".join(sys.argv[1:]))
    scratch = Path(tempfile.mkdtemp(prefix="milepost-bench-"))
    try:
        ready = _prepared([ENGINES[name] for name in names], report) if only != "pipeline" else []
        with broker(scratch) as bootstrap:
            if ready:
                report.folds = run_folds(bootstrap, ready, events, keys, rounds, scratch, _say)
            if only != "fold":
                report.pipeline = run_pipeline(bootstrap, scratch, QUICK if quick else replace(FULL, rounds=rounds), _say)
    except (RuntimeError, TimeoutError) as error:
        keep = True
        _say(f"error: {error}")
        raise typer.Exit(1) from None
    finally:
        _say(f"logs: {scratch}") if keep else shutil.rmtree(scratch, ignore_errors=True)
    print(report.markdown())
    if write:
        for path in report.write(_RESULTS):
            _say(f"wrote {path}")
    if report.skipped or any(not run.exactness.exact for run in report.folds if run.engine == OURS):
        raise typer.Exit(1)


def _prepared(engines: list[Engine], report: Report) -> list[Engine]:
    ready = []
    for engine in engines:
        try:
            engine.prepare()
            ready.append(engine)
        except Unavailable as reason:
            report.skipped[engine.title] = str(reason)
            _say(f"left out: {engine.title}: {reason}")
    return ready


def _say(line: str) -> None:
    print(f"{time.perf_counter() - _STARTED:5.0f} s  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
