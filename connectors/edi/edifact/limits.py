"""How large the parts of an EDIFACT file may be. What is larger is refused with a code of its own."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, and sizes in characters; `file_bytes` in bytes. A file is held in memory, other than one of X12: so it may be less large."""

    file_bytes: int = 16 << 20
    messages: int = 50_000
    """In one interchange."""

    message_segments: int = 50_000
    message_chars: int = 700_000
    """A message becomes one raw record, which must stay below MILEPOST_MAX_RECORD_BYTES."""

    segment_chars: int = 32_768
    elements: int = 200
    """In one segment."""

    components: int = 100
    """In one element."""

    element_chars: int = 8_192
    problems: int = 100
    """Remarks kept for each part."""
