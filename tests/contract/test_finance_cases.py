"""All 75 finance cases are tests, each found by the words of its docstring: `Case 12: given ..., when ..., then ...`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract

FOLDER = Path(__file__).parents[1] / "unit" / "domain" / "finance"
CASE = re.compile(r"Case (\d+): given .+?, when .+?, then .+\.$", re.DOTALL)


def _docstrings() -> dict[str, str]:
    found = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{path.name}::{node.name}"] = ast.get_docstring(node) or ""
    return found


def test_every_case_from_1_to_75_has_a_test() -> None:
    cases = {int(number[1]) for text in _docstrings().values() if (number := CASE.match(text))}
    assert cases == set(range(1, 76)), f"missing: {sorted(set(range(1, 76)) - cases)}"


def test_a_case_is_told_as_given_when_then() -> None:
    assert [name for name, text in _docstrings().items() if text.startswith("Case") and not CASE.match(text)] == []
