"""CONTRL: what we say of interchanges that came, and what others say of ours. It says that something could be read, no more.

A CONTRL is never acknowledged. It mirrors the syntax, the separators and the test indicator of what it answers. Times and control
references are the caller's: nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydifact.control.characters import Characters
from pydifact.serializer import Serializer

from connectors.edi.edifact.envelope import Interchange, Message
from connectors.edi.edifact.problems import CATALOGUE
from connectors.edi.edifact.segments import CHARSETS, STANDARD, Elements
from connectors.edi.party import Party

__all__ = ["Answer", "answers", "contrl"]

_CONTRL: Final = "CONTRL"
_REJECTED, _ACKNOWLEDGED = "4", "7"
_LONG_YEARS_SINCE: Final = "4"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a CONTRL says of one interchange of ours."""

    control: str
    """Its control reference."""

    accepted: bool
    """False: it, or a message of it, was rejected."""

    said: str
    """The rejection in short, for people; empty where all is well."""


def contrl(interchange: Interchange, at: datetime, control: str) -> bytes | None:
    """The CONTRL for an interchange, in an interchange of its own with the reference `control`; None for one of CONTRL messages only."""
    answerable = [message for message in interchange.messages if message.type != _CONTRL]
    if not answerable and (interchange.messages or not interchange.problems):
        return None
    errors = [CATALOGUE[problem.code].acknowledged for problem in interchange.problems]
    uci: Elements = ["UCI", interchange.control, _party(interchange.sender), _party(interchange.receiver)]
    uci += [_ACKNOWLEDGED] if interchange.accepted else [_REJECTED, errors[0] if errors else "18"]
    body: list[Elements] = [["UNH", "1", ["CONTRL", "D", "3", "UN"]], uci]
    if interchange.accepted:
        body += [_ucm(message) for message in answerable if not message.accepted]
    body.append(["UNT", str(len(body) + 1), "1"])
    syntax, version = interchange.syntax
    day = f"{at:%Y%m%d}" if version == _LONG_YEARS_SINCE else f"{at:%y%m%d}"
    header: Elements = ["UNB", [syntax, version], _party(interchange.receiver), _party(interchange.sender), [day, f"{at:%H%M}"], control]
    if interchange.test:
        header += ["", "", "", "", "", "1"]
    return _written(interchange, [header, *body, ["UNZ", "1", control]])


def answers(message: Message) -> Answer | None:
    """What a CONTRL message says; None where it names no interchange."""
    uci = next((each for each in message.segments if each[:1] == ["UCI"]), None)
    if uci is None or len(uci) < 5:
        return None
    rejected = [f"message {_text(each, 1)}" for each in message.segments if each[:1] == ["UCM"] and _text(each, 3) == _REJECTED]
    if _text(uci, 4) == _REJECTED:
        return Answer(_text(uci, 1), False, f"rejected, error {_text(uci, 5) or 'not stated'}")
    return Answer(_text(uci, 1), not rejected, f"rejected: {', '.join(rejected[:5])}" if rejected else "")


def _ucm(message: Message) -> Elements:
    errors = [CATALOGUE[problem.code].acknowledged for problem in message.problems]
    return ["UCM", message.control, message.identifier, _REJECTED, errors[0] if errors else "18"]


def _party(party: Party) -> list[str]:
    return [party.id, party.qualifier] if party.qualifier else [party.id]


def _text(parts: Elements, index: int) -> str:
    if index >= len(parts):
        return ""
    element = parts[index]
    return element if isinstance(element, str) else element[0]


def _written(interchange: Interchange, segments: list[Elements]) -> bytes:
    marks = interchange.separators
    characters = Characters(marks.component, marks.element, ".", marks.release, " ", marks.terminator)
    escape = Serializer(characters).escape
    advice = "" if marks == STANDARD else f"UNA{marks.component}{marks.element}.{marks.release.replace(chr(0), ' ')} {marks.terminator}"
    written = [advice]
    for parts in segments:
        elements = [marks.component.join(map(escape, each)) if isinstance(each, list) else escape(each) for each in parts]
        written.append(marks.element.join(elements) + marks.terminator)
    return "".join(written).encode(CHARSETS.get(interchange.syntax[0], "latin-1"), "replace")
