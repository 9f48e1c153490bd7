"""Compiled twins are used only where they were made of exactly these sources."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.compiled import MANIFEST, PYTHON, Twins, digest, twins
from streams.compiled.__main__ import SHAPES
from streams.contracts.messages import Message
from streams.contracts.order_rows import StoredOrder
from streams.domain.carriers import Carriers
from streams.domain.references import ReferenceRow


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


def _classes_in(kind: Any, seen: set[Any]) -> Iterator[type]:
    """Classes with fields that are reached from a type."""
    for inner in typing.get_args(kind):
        yield from _classes_in(inner, seen)
    if kind in seen or not (dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")):
        return
    seen.add(kind)
    yield kind
    for hint in typing.get_type_hints(kind).values():
        yield from _classes_in(hint, seen)


@pytest.mark.parametrize("kind", [*typing.get_args(Message), StoredOrder, ReferenceRow, Carriers], ids=lambda kind: kind.__name__)
def test_what_is_stored_or_sent_is_never_compiled(kind: type) -> None:
    """Its codec reads the types of its fields, which a compiled class does not have."""
    of_domain = {each.__module__ for each in _classes_in(kind, set()) if each.__module__.startswith("streams.domain.")}
    compiled = {name for name in of_domain if f"{name.replace('.', '/')}.py" not in SHAPES}
    assert compiled == set()


def test_the_search_for_compiled_shapes_finds_what_is_nested() -> None:
    assert {"SeenEvent", "KnownLink", "Heard"} <= {each.__name__ for each in _classes_in(ReferenceRow, set())}
