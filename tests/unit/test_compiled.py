"""Compiled twins are used only where they were made of exactly these sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.compiled import MANIFEST, PYTHON, Twins, digest, twins


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "streams"
    folder.mkdir()
    (folder / "fold.py").write_text("FOLD = 1\n")
    (folder / "gate.py").write_text("GATE = 1\n")
    return folder


@pytest.fixture
def built(tmp_path: Path, sources: Path) -> Path:
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / MANIFEST).write_text(
        json.dumps({"python": PYTHON, "sources": digest(sources), "modules": {"streams.fold": "streams.fold.so"}})
    )
    return folder


def test_twins_of_these_sources_are_found(built: Path, sources: Path) -> None:
    found = twins(built, sources)
    assert found == {"streams.fold": built / "streams.fold.so"}
    spec = Twins(found).find_spec("streams.fold", None)
    assert spec is not None
    assert spec.origin == str(built / "streams.fold.so")
    assert Twins(found).find_spec("streams.gate", None) is None


def test_a_change_of_any_module_leaves_all_twins_aside(built: Path, sources: Path) -> None:
    (sources / "gate.py").write_text("GATE = 2\n")
    assert twins(built, sources) == {}


def test_a_new_or_a_removed_module_leaves_all_twins_aside(built: Path, sources: Path) -> None:
    (sources / "new.py").write_text("")
    assert twins(built, sources) == {}
    (sources / "new.py").unlink()
    assert twins(built, sources)
    (sources / "gate.py").unlink()
    assert twins(built, sources) == {}


def test_twins_for_another_python_are_left_aside(built: Path, sources: Path) -> None:
    manifest = json.loads((built / MANIFEST).read_text())
    (built / MANIFEST).write_text(json.dumps(manifest | {"python": "cpython-39-linux"}))
    assert twins(built, sources) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null"])
def test_a_broken_manifest_means_interpreted(built: Path, sources: Path, text: str) -> None:
    (built / MANIFEST).write_text(text)
    assert twins(built, sources) == {}


def test_without_any_twins_everything_is_interpreted(tmp_path: Path, sources: Path) -> None:
    assert twins(tmp_path / "nothing", sources) == {}
