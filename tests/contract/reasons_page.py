"""docs/reasons.md, made from `streams.deadletter.reasons`: `python -m tests.contract.reasons_page` writes it anew."""

from __future__ import annotations

from pathlib import Path

from streams.deadletter.foreign import FOREIGN
from streams.deadletter.reasons import CATALOGUE

__all__ = ["PAGE", "rendered"]

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"

_HEAD = """# Why records are refused

The closed catalogue of reasons, in the header `dlq.error.code`, in metrics, and in `milepost dlq`. Made from
`streams/deadletter/reasons.py` by `python -m tests.contract.reasons_page`; a test keeps it current.
What becomes of such records: [dead letters](dead-letters.md).

`permanent`: the same bytes fail again. `parked`: kept until something else becomes known, then replayed.
"""


def rendered() -> str:
    """The whole page."""
    rows = [
        f"| `{reason}` | {row.disposition} | {row.meaning} | {row.usual_cause} | {row.what_to_do} |" for reason, row in CATALOGUE.items()
    ]
    others = []
    for family, foreign in FOREIGN.items():
        prefixes = ", ".join(f"`{prefix}…`" for prefix in foreign.prefixes)
        others.append(f"| `{family}` | {prefixes} | {foreign.meaning} | {foreign.what_to_do} |")
    return "\n".join(
        [
            _HEAD,
            "| reason | disposition | meaning | usual cause | what to do |\n|---|---|---|---|---|",
            *rows,
            "\n## Letters of other systems",
            "Their reason is the exception's own name, or the broker's disposition.\n",
            "| family | headers | meaning | what to do |\n|---|---|---|---|",
            *others,
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
