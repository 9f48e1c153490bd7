"""What a person should know about a dead letter: from the reason catalogue, from its family, and about its own headers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from streams.deadletter.foreign import FOREIGN
from streams.deadletter.letter import MILEPOST, Letter
from streams.deadletter.reasons import CATALOGUE, Reason

__all__ = ["Advice", "advice", "problems"]


@dataclass(frozen=True, slots=True)
class Advice:
    """Three sentences for whoever has to decide."""

    meaning: str
    usual_cause: str
    what_to_do: str
    disposition: str
    """As in the catalogue; empty for letters that are not ours."""


_NEWER: Final = Advice(
    "This version does not know the reason.", "The letter was written by another version of Milepost.", "Look with that version.", ""
)
_UNKNOWN: Final = Advice(
    "No header that we know says why this record is here.",
    "Somebody writes to this topic without saying why, or Kafka Connect runs without errors.deadletterqueue.context.headers.enable.",
    "Ask whoever writes to this topic; replay with --to, or discard.",
    "",
)


def advice(letter: Letter) -> Advice:
    """What the letter's reason means, what usually causes it, and what to do."""
    if letter.family == MILEPOST:
        if letter.code not in Reason.__members__:
            return _NEWER
        row = CATALOGUE[Reason(letter.code)]
        return Advice(row.meaning, row.usual_cause, row.what_to_do, row.disposition.value)
    foreign = FOREIGN.get(letter.family)
    if foreign is None:
        return _UNKNOWN
    return Advice(
        foreign.meaning, f"{letter.error_class or letter.code}, says {letter.app_id or 'the application'}.", foreign.what_to_do, ""
    )


def problems(letter: Letter) -> list[str]:
    """What is wrong with the letter itself: headers that are missing or cannot be read."""
    return list(_problems(letter))


def _problems(letter: Letter) -> Iterator[str]:
    if letter.family not in FOREIGN and letter.family != MILEPOST:
        yield "no header says why it is here"
        return
    if not letter.source_topic or letter.source_partition is None or letter.source_offset is None:
        yield "its headers do not say where the record came from"
    if letter.family == MILEPOST:
        if letter.code not in Reason.__members__:
            yield f"its reason {letter.code or '(none)'} is not in the catalogue"
        if letter.failed_ms == letter.timestamp and letter.failed_at:
            yield "its time of failure cannot be read: Kafka's timestamp stands in"
    if any(
        "\N{REPLACEMENT CHARACTER}" in text
        for text in (letter.message, letter.error_class, letter.stage, letter.source_topic, *letter.order_ids)
    ):
        yield "some of its headers are not UTF-8"
