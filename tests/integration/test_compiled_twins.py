"""What is compiled does what is interpreted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(900)
def test_a_day_and_the_rules_are_the_same_when_compiled(tmp_path: Path) -> None:
    if (
        shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) is None
        or not Path(sysconfig.get_path("include"), "Python.h").exists()
    ):
        pytest.skip("there is no C compiler, or Python's headers are missing")
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "built", "__pycache__", "build"))
    environment = os.environ | {"PYTHONPATH": str(copy)}

    def run(*words: str, **more: str) -> bytes:
        done = subprocess.run([sys.executable, *words], cwd=copy, env=environment | more, capture_output=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()[-4_000:]
        return done.stdout

    run("-m", "streams.compiled")
    assert b"built" in run("-c", "import streams.domain.fold as fold; print(fold.__file__)")
    run("-m", "streams.cli", "generate", "--orders", "300", "--seed", "5", "--out", "day.jsonl")
    words = ("-m", "streams.cli", "simulate", "day.jsonl", "--until", "2026-09-01T00:00:00Z")
    assert run(*words) == run(*words, MILEPOST_COMPILED="0")
    # The test that is left out sets a constant, which is compiled in.
    rules = ("tests/unit/domain", "tests/contract", "tests/unit/test_shipment_hop.py", "-k", "not in_portions")
    run("-m", "pytest", "-q", "-p", "no:cacheprovider", *rules)
