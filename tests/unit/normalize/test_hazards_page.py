"""The table of hazards in docs/sources.md: each has its tests, and the tests are there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "sources.md"


def test_every_hazard_is_proven_by_tests_that_exist() -> None:
    rows = re.findall(r"^\| (H\d+) \|.*\|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _ in rows] == [f"H{number}" for number in range(1, 13)]
    sources = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    defined = {name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.MULTILINE)}
    for hazard, tests in rows:
        named = set(re.findall(r"`(test_\w+)`", tests))
        assert any(name.startswith(f"test_{hazard.lower()}_") for name in named), hazard
        assert named <= defined, (hazard, named - defined)
