"""The benchmark harness measures what it says: a quick fold on our own engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.fold.check import check_fold
from benchmarks.fold.engines import ENGINES
from benchmarks.fold.run import run_folds
from benchmarks.machine import this_machine
from benchmarks.report import OURS, Report


@pytest.mark.integration
@pytest.mark.slow
def test_a_quick_fold_on_our_engine_is_exact_and_fills_every_figure(kafka: str, tmp_path: Path) -> None:
    said: list[str] = []

    runs = run_folds(kafka, [ENGINES[OURS]], events=5_000, keys=500, rounds=1, scratch=tmp_path, said=said.append)

    assert len(runs) == 1 and len(said) == 1
    run = runs[0]
    assert run.exactness.exact, str(run.exactness)
    assert run.events == 5_000
    for one in (run.first, run.warm):
        assert one.events_s > 100
        assert 1 < one.cpu_us < 5_000
    assert 0 < run.start_s < 60
    assert run.peak_rss > 20 * 2**20
    report = Report(this_machine(), "test", folds=runs)
    assert "| Milepost, exactly once |" in report.markdown()
    assert json.loads(report.json())["folds"][0]["first"]["events_s"] == pytest.approx(run.first.events_s)


def _output(*records: tuple[int, str, int]) -> list[bytes]:
    return [json.dumps({"seq": seq, "o": order, "n": n}).encode() for seq, order, n in records]


def test_the_check_finds_a_missing_a_doubled_and_a_stale_result() -> None:
    right = _output((0, "A", 1), (1, "B", 1), (2, "A", 2))

    assert check_fold(right, 3).exact
    assert check_fold(right[:2], 3).missing == 1
    assert check_fold([*right, right[2]], 3).duplicates == 1
    assert check_fold(_output((0, "A", 1), (1, "B", 1), (2, "A", 1)), 3).wrong_counts == 1
