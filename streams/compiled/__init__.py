"""Compiled twins of the modules in which most of a record's time is spent.

`make compile` (`python -m streams.compiled`) makes them with mypyc from the very same sources and puts them into `built/`, with the
digest of all sources. They are used in place of the sources as long as that digest is right and the Python is the same: change any module,
and everything is interpreted again until they are made anew. `MILEPOST_COMPILED=0` leaves them aside. docs/benchmarks.md says what they
save.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

__all__ = ["BUILT", "MANIFEST", "PYTHON", "Twins", "digest", "prefer_compiled", "twins"]

BUILT: Final = Path(__file__).with_name("built")
MANIFEST: Final = "manifest.json"
PYTHON: Final = f"{sys.implementation.cache_tag}-{sys.platform}"
_SOURCES: Final = Path(__file__).parents[1]


class Twins(MetaPathFinder):
    """Finds the compiled twin of a module."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        """`files` by module name."""
        self.files = files

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        file = self.files.get(fullname)
        return None if file is None else spec_from_file_location(fullname, file)


def prefer_compiled() -> None:
    """From now on import compiled twins where there are some that may be used."""
    if os.environ.get("MILEPOST_COMPILED") != "0" and not any(isinstance(finder, Twins) for finder in sys.meta_path):
        found = twins(BUILT, _SOURCES)
        if found:
            sys.meta_path.insert(0, Twins(found))


def twins(built: Path, sources: Path) -> dict[str, Path]:
    """The twins in a folder by module name; none if they were made of other sources, or for another Python."""
    try:
        manifest = json.loads((built / MANIFEST).read_bytes())
        if (manifest["python"], manifest["sources"]) != (PYTHON, digest(sources)):
            return {}
        return {name: built / file for name, file in manifest["modules"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def digest(sources: Path) -> str:
    """Of all Python sources below a folder, hexadecimal."""
    sum_ = hashlib.blake2b(digest_size=16)
    for file in sorted(sources.rglob("*.py")):
        sum_.update(f"{file.relative_to(sources)}\0".encode() + file.read_bytes() + b"\0")
    return sum_.hexdigest()
