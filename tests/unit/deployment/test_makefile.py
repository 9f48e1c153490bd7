"""The two commands on a machine where something is missing: one line that names it, and exit code 2 before anything is downloaded."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_ALWAYS = ("bash", "sh", "make", "awk", "test", "env", "touch")

Make = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Run make in a copy of the Makefile, with only the named programs on the path. They are empty but for the real ones above."""
    for name in ("Makefile", "pyproject.toml", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in _ALWAYS:
        (programs / name).symlink_to(shutil.which(name) or f"/bin/{name}")

    def run(*words: str, programs_present: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
        for name, script in programs_present.items():
            (programs / name).write_text(f"#!{programs}/bash\n{script}\n")
            (programs / name).chmod(0o755)
        return subprocess.run(
            ["make", *words], cwd=tmp_path, env={"PATH": str(programs), **environment}, capture_output=True, text=True, check=False
        )

    return run


def _said(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode == 2
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize("target", ["demo", "test"])
def test_missing_java(make: Make, target: str) -> None:
    assert "apt-get install openjdk-17-jre-headless" in _said(make(target, programs_present={"mvn": "", "python3": ""}))


@pytest.mark.parametrize("target", ["demo", "test"])
def test_missing_maven(make: Make, target: str) -> None:
    assert "apt-get install maven" in _said(make(target, programs_present={"java": "", "python3": ""}))


@pytest.mark.parametrize("target", ["demo", "test", "test-quick"])
def test_missing_python(make: Make, target: str) -> None:
    assert "apt-get install python3 python3-venv" in _said(make(target, programs_present={"java": "", "mvn": ""}))


def test_old_python(make: Make) -> None:
    done = make("test-quick", programs_present={"python3": '[[ "$*" != *version_info* ]]'})
    assert "Python 3.11 or newer, and python3 is older" in _said(done)


def test_missing_venv_module(make: Make) -> None:
    done = make("test-quick", programs_present={"python3": '[[ "$*" != *ensurepip* ]]'})
    assert "apt-get install python3-venv" in _said(done)


def test_existing_cluster_needs_neither_java_nor_maven(make: Make) -> None:
    done = make("--dry-run", "demo", programs_present={"python3": ""}, KAFKA_BOOTSTRAP="kafka:9092")
    assert done.returncode == 0
    assert ".venv/bin/milepost demo" in done.stdout
    assert "java" not in done.stdout


@pytest.mark.parametrize("target", ["demo", "test"])
def test_docker_stands_in_for_all_of_them(make: Make, target: str) -> None:
    done = make(target, programs_present={"docker": 'echo "docker $*"'})
    assert done.returncode == 0, done.stderr
    assert "docker build --quiet --target tools" in done.stdout
    assert f"milepost-tools make {target}" in done.stdout


def test_help_lists_the_two_commands(make: Make) -> None:
    done = make(programs_present={})
    assert done.returncode == 0
    assert {"make demo", "make test"} <= {line[:9] for line in done.stdout.splitlines()}
