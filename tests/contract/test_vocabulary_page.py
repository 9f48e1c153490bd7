"""The vocabulary is complete, and docs/vocabulary.md says what it is."""

from __future__ import annotations

import pytest

from streams.domain.vocabulary import MILESTONES, REASONS, Milestone, ReasonClass, Scope
from tests.contract.vocabulary_page import PAGE, rendered

pytestmark = pytest.mark.contract


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered(), "run: python -m tests.contract.vocabulary_page"


def test_every_milestone_and_reason_is_described_and_no_meaning_comes_twice() -> None:
    assert list(MILESTONES) == list(Milestone)
    assert list(REASONS) == list(ReasonClass)
    meanings = [entry.meaning for entry in MILESTONES.values()]
    assert len(set(meanings)) == len(meanings)


def test_every_milestone_can_be_about_something_and_every_scope_is_used() -> None:
    assert all(entry.scopes for entry in MILESTONES.values())
    assert {scope for entry in MILESTONES.values() for scope in entry.scopes} == set(Scope)
