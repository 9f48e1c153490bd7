"""How large the parts of an X12 file may be. What is larger is refused with a code of its own, at the cost of reading it once."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, and sizes in characters; `file_bytes` in bytes. The defaults are far above what trading partners send."""

    file_bytes: int = 1 << 30
    transactions: int = 50_000
    """In one interchange; its groups and TA1 segments count too."""

    transaction_segments: int = 50_000
    transaction_chars: int = 800_000
    """A transaction becomes one raw record, which must stay below MILEPOST_MAX_RECORD_BYTES."""

    segment_chars: int = 32_768
    elements: int = 200
    """In one segment."""

    element_chars: int = 8_192
    problems: int = 100
    """Remarks kept for each part of the envelope, and as many more that refuse it; further ones of the same part are not listed."""
