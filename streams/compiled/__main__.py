"""Make the compiled twins: `python -m streams.compiled`. Wants a C compiler and Python's headers; takes about a minute."""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from streams.compiled import BUILT, MANIFEST, PYTHON, digest

__all__ = ["SHAPES", "main"]

_ROOT: Final = Path(__file__).parents[2]

SHAPES: Final = frozenset(
    f"streams/domain/{name}.py"
    for name in (
        "carriers", "decisions", "event", "facts", "goods", "instant", "links", "memory", "order", "reference_data", "references",
        "snapshots", "terms", "verdict", "vocabulary", "watch/checks", "watch/patience",
    )
)  # fmt: skip
"""What is stored or sent: codecs read the types of its fields, which a compiled class does not have."""

_OTHERS: Final = (
    *(f"streams/contracts/{name}.py" for name in ("codec", "emitted", "messages", "outputs", "watch_outputs", "wire")),
    *(f"streams/hops/{name}.py" for name in ("resolve", "shipment")),
    *(f"streams/normalize/{name}.py" for name in ("codes", "origin", "times")),
    *(f"streams/offline/{name}.py" for name in ("memory", "pipeline", "runner")),
)


def main(folder: Path = BUILT) -> int:
    """Make the twins in a folder; the exit code. `MILEPOST_OPTIMISE` is the compiler's level, 0 to 3 (2)."""
    missing = _missing()
    if missing:
        print(f"milepost: nothing was compiled: {missing}; everything runs interpreted", file=sys.stderr)
        return 2
    os.chdir(_ROOT)  # mypyc takes a module's name from its path
    with tempfile.TemporaryDirectory() as scratch:
        libraries = _build(sorted({*_domain(), *_OTHERS}), Path(scratch))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        modules: dict[str, str] = {}
        for name, library in libraries:
            modules[name] = f"{name}{library.suffix}"
            shutil.copyfile(library, folder / modules[name])
        manifest = {"python": PYTHON, "sources": digest(_ROOT / "streams"), "modules": modules}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
    print(f"{len(modules) - 1} modules compiled into {folder}")
    return 0


def _missing() -> str:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler}): apt-get install gcc libc6-dev"
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        return "Python's headers are missing: apt-get install python3-dev"
    return ""


def _domain() -> Iterator[str]:
    for path in Path("streams/domain").rglob("*.py"):
        if path.name != "__init__.py" and str(path) not in SHAPES:
            yield str(path)


def _build(files: list[str], scratch: Path) -> Iterator[tuple[str, Path]]:
    from mypyc.build import mypycify
    from setuptools import Distribution  # type: ignore[import-untyped]

    extensions = mypycify(
        ["--config-file", "pyproject.toml", *files],
        opt_level=os.environ.get("MILEPOST_OPTIMISE", "2"),
        target_dir=str(scratch / "c"),
    )
    command: Any = Distribution({"name": "milepost-compiled", "packages": [], "ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(scratch / "lib"), str(scratch / "objects")
    command.ensure_finalized()
    command.run()
    for library in sorted((scratch / "lib").rglob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}")):
        yield str(library.relative_to(scratch / "lib")).split(".")[0].replace("/", "."), library


if __name__ == "__main__":
    sys.exit(main())
