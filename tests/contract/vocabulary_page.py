"""docs/vocabulary.md, made from `streams.domain.vocabulary`: `python -m tests.contract.vocabulary_page` writes it anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streams.domain.instant import TimeQuality
from streams.domain.vocabulary import MILESTONES, REASONS, Classifier, Effect, Grade, Group, Milestone

__all__ = ["PAGE", "rendered"]

PAGE = Path(__file__).parents[2] / "docs" / "vocabulary.md"

_HEAD = """# Vocabulary

The words of `shipment.milestones`, whatever words a source uses. Made from `streams/domain/vocabulary.py` by
`python -m tests.contract.vocabulary_page`; a test keeps it current. How sources are read into it: [sources](sources.md).

A statement has a milestone, a classifier, a scope (what it is about) and a time. Exceptions also have a reason class and an effect. What
Milepost decides (release, partial release, revoke, credit request, hold) is no milestone: see [contracts](contracts.md).
"""

_CLASSIFIERS = {
    Classifier.PLN: "planned",
    Classifier.EST: "estimated; an estimated delivery is no delivery",
    Classifier.ACT: "happened; only this moves an order or releases money",
}
_EFFECTS = {
    Effect.INFO: "a remark",
    Effect.DELAY: "later than planned",
    Effect.DELIVERY_BLOCK: "someone has to act before the goods can be handed over",
    Effect.BILLING_BLOCK: "holds the invoice until it is resolved",
}
_QUALITIES = {
    TimeQuality.EXPLICIT: "the source states the offset",
    TimeQuality.DERIVED_LOCATION: "from the zone of the place that the source names",
    TimeQuality.PARTNER_DEFAULT: "the partner's default",
    TimeQuality.UNKNOWN: "nobody said; read as UTC",
}
_GRADES = {
    Grade.MAJOR: "M: major, finance may act on it",
    Grade.MINOR: "m: minor",
    Grade.GENERIC: "g: generic, a scan like any other",
}
_SHORT = {Grade.MAJOR: "M", Grade.MINOR: "m", Grade.GENERIC: "g"}


def rendered() -> str:
    """The whole page."""
    parts = [_HEAD, "## Milestones", f"Grades are {'; '.join(_GRADES[grade] for grade in Grade)}.\n"]
    for group in Group:
        rows = [_milestone(kind) for kind in Milestone if MILESTONES[kind].group is group]
        parts += [f"### {group.capitalize()}", "| milestone | grade | scopes | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"]
    causes = [f"| `{reason}` | {cause.effect} | {cause.meaning} |" for reason, cause in REASONS.items()]
    parts += [
        "## Reason classes",
        "The effect is the default; a code map or the source may say another. Only BILLING_BLOCK holds an invoice.\n",
        "| reason class | effect | meaning |\n|---|---|---|\n" + "\n".join(causes) + "\n",
        "## Classifier, effect, quality of times",
        "\n".join(_words(words) for words in (_CLASSIFIERS, _EFFECTS, _QUALITIES)),
    ]
    return "\n".join(parts)


def _milestone(kind: Milestone) -> str:
    entry = MILESTONES[kind]
    return f"| `{kind}` | {_SHORT[entry.grade]} | {', '.join(entry.scopes)} | {entry.meaning} |"


def _words(words: Mapping[Any, str]) -> str:
    return "| word | meaning |\n|---|---|\n" + "".join(f"| `{word}` | {meaning} |\n" for word, meaning in words.items())


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
