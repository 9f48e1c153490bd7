"""The shape of the code: what the domain may import, and what each module offers. Who may import whom: pyproject.toml (lint-imports)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    (path for package in ("streams", "connectors") for path in (ROOT / package).rglob("*.py") if path.name != "__main__.py"), key=str
)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _defined(tree: ast.Module) -> set[str]:
    """Public functions and classes that a module makes itself."""
    names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    return {name for name in names if not name.startswith("_")}


def _assigned(tree: ast.Module) -> set[str]:
    """Constants and type aliases, which a module may keep to itself."""
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _exported(tree: ast.Module) -> set[str] | None:
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id == "__all__" and value is not None:
            return set(ast.literal_eval(value))
    return None


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in MODULES if "domain" in path.parts], ids=_name)
def test_domain_imports_the_standard_library_and_itself(path: Path) -> None:
    for module in _imported(ast.parse(path.read_text())):
        own = module == "streams.domain" or module.startswith("streams.domain.")
        assert own or module.split(".")[0] in sys.stdlib_module_names, f"{_name(path)} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_all_is_exact(path: Path) -> None:
    tree = ast.parse(path.read_text())
    exported, defined = _exported(tree), _defined(tree)
    if path.name == "__init__.py" and exported is None:
        assert not defined
        return
    assert exported is not None, "no __all__"
    assert defined <= exported, f"missing from __all__: {sorted(defined - exported)}"
    imported = {alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    unknown = exported - defined - _assigned(tree) - imported
    assert not unknown, f"in __all__ but not defined: {sorted(unknown)}"
