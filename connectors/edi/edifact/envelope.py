"""Segments to interchanges and messages, with every reference and count checked.

What is wrong with a part is written to that part, and reading goes on: a bad message does not take its neighbours along.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from connectors.edi.edifact.limits import Limits
from connectors.edi.edifact.problems import Code, Problem, Refuses
from connectors.edi.edifact.segments import CHARSETS, STANDARD, Elements, Separators, SyntaxFault, elements, end_of, separators
from connectors.edi.party import Party, number

__all__ = ["Interchange", "Message", "Reading"]

_PADDING: Final = " \t\r\n\v\f\x00\x1a"
_MARK: Final = "\xef\xbb\xbf"
"""A byte order mark of UTF-8, as Latin-1 shows it."""

_BEGINNING: Final = re.compile("UN[AB]")
_SEGMENT_ID: Final = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)
_TYPE: Final = re.compile(r"[A-Z]{6}", re.ASCII)
_DEFAULTS: Final = Limits()


@dataclass(slots=True)
class Message:
    """UNH to UNT."""

    interchange: Interchange
    control: str
    """Message reference (0062)."""

    identifier: list[str]
    """S009: type, version, release, agency, perhaps the association's code."""

    position: int
    """Number of its UNH in the file."""

    segments: list[Elements] = field(default_factory=list)
    """UNH and UNT included."""

    problems: list[Problem] = field(default_factory=list)

    @property
    def type(self) -> str:
        return self.identifier[0] if self.identifier else ""

    @property
    def version(self) -> str:
        """Version and release, such as `D97A`."""
        return "".join(self.identifier[1:3])

    @property
    def accepted(self) -> bool:
        return self.interchange.accepted and not self.problems


@dataclass(slots=True)
class Interchange:
    """UNB to UNZ."""

    header: Elements
    """Of UNB, its id first."""

    separators: Separators
    position: int
    messages: list[Message] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def sender(self) -> Party:
        return self._party(2)

    @property
    def receiver(self) -> Party:
        return self._party(3)

    @property
    def syntax(self) -> tuple[str, str]:
        """Syntax identifier and version, such as `("UNOC", "3")`."""
        return _part(self.header, 1, 0), _part(self.header, 1, 1)

    @property
    def sent(self) -> tuple[str, str]:
        """Date and time as they were sent."""
        return _part(self.header, 4, 0), _part(self.header, 4, 1)

    @property
    def control(self) -> str:
        """Control reference (0020)."""
        return _part(self.header, 5, 0).strip()

    @property
    def wants_contrl(self) -> bool:
        """An acknowledgement is asked for (0031)."""
        return _part(self.header, 9, 0) in ("1", "2", "3")

    @property
    def test(self) -> bool:
        """The sender says that this is not production data (0035)."""
        return _part(self.header, 11, 0) not in ("", "0")

    @property
    def accepted(self) -> bool:
        return not any(problem.refuses is Refuses.INTERCHANGE for problem in self.problems)

    def _party(self, index: int) -> Party:
        return Party(_part(self.header, index, 1).strip(), _part(self.header, index, 0).strip())


class Reading:
    """What is in a file, made when this is made. `source` is bytes, or a binary stream, which is read whole."""

    def __init__(self, source: bytes | BinaryIO, limits: Limits = _DEFAULTS) -> None:
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        stream.seek(0)
        data = stream.read(limits.file_bytes + 1)
        self._limits = limits
        self._at = 0
        self._before = 0
        self._position = 0
        self.interchanges: list[Interchange] = []
        """All of the file in its order, accepted or not."""

        self.problems: list[Problem] = []
        """Of what belongs to no interchange."""

        if len(data) > limits.file_bytes:
            self._text = ""
            self._note(self.problems, Code.FILE_LONG, f"the file has more than {limits.file_bytes} bytes")
        else:
            self._text = data.decode("latin-1")
            self._read()

    @property
    def accepted(self) -> bool:
        """Nothing of the file is refused, and there is something in it."""
        return bool(self.interchanges) and not self.problems and all(self._sound(each) for each in self.interchanges)

    def messages(self) -> Iterator[Message]:
        """The accepted messages."""
        return (message for interchange in self.interchanges for message in interchange.messages if message.accepted)

    @staticmethod
    def _sound(interchange: Interchange) -> bool:
        return interchange.accepted and all(message.accepted for message in interchange.messages)

    def _read(self) -> None:
        while self._opening():
            marks = STANDARD
            if self._text.startswith("UNA", self._at):
                try:
                    marks = separators(self._text[self._at + 3 : self._at + 9])
                except SyntaxFault as fault:
                    self._note(self.problems, Code.UNA_SEPARATORS, str(fault), "UNA")
                    self._at += 3
                    self._lose()
                    continue
                self._at += 9
                self._skip(marks)
            if not self._text.startswith("UNB" + marks.element, self._at):
                self._note(self.problems, Code.NOT_EDIFACT, f"{self._text[self._at : self._at + 20]!r} stands where a UNB should begin")
                self._at += 1
                self._lose()
                continue
            self._interchange(marks)

    def _interchange(self, marks: Separators) -> None:
        found = Interchange([], marks, self._position + 1)
        problems = found.problems
        charset = "latin-1"
        group: tuple[str, int] | None = None
        groups = 0
        seen: set[str] = set()
        opened = False
        parts: Elements = []
        while (token := self._segment(marks, problems)) is not None:
            tag = token[:3]
            if tag in ("UNB", "UNZ", "UNG", "UNE", "UNH"):
                parts = self._parts(token, marks, charset, problems)
            if tag == "UNB" and not opened:
                opened = True
                self.interchanges.append(found)
                found.header = parts
                charset = self._check_header(found)
            elif tag == "UNZ":
                count = groups or len(found.messages)
                if group is not None:
                    self._note(problems, Code.UNE_MISMATCH, f"group {group[0][:20]} has no UNE", "UNZ")
                self._check_end(problems, parts, count, found.control, Code.UNZ_COUNT, Code.UNZ_CONTROL)
                return
            elif tag == "UNB":
                self._unread()
                break
            elif tag == "UNG" and group is None:
                group, groups = (_part(parts, 5, 0), len(found.messages)), groups + 1
            elif tag == "UNE" and group is not None:
                wrong: list[Problem] = []
                self._check_end(wrong, parts, len(found.messages) - group[1], group[0], Code.UNE_MISMATCH, Code.UNE_MISMATCH)
                problems += wrong[:1]
                group = None
            elif tag == "UNH":
                if len(found.messages) >= self._limits.messages:
                    self._note(problems, Code.INTERCHANGE_LONG, f"more than {self._limits.messages} messages")
                    self._lose()
                    return
                self._message(found, token, parts, marks, charset, seen)
            else:
                self._note(problems, Code.INTERCHANGE_SEGMENT, f"{tag!r} stands outside of any message", tag)
        if not opened:
            self._note(self.problems, Code.NOT_EDIFACT, "the UNB has no end", "UNB")
        else:
            self._note(problems, Code.UNZ_MISSING, f"interchange {found.control[:20]} has no UNZ")

    def _message(self, interchange: Interchange, first: str, header: Elements, marks: Separators, charset: str, seen: set[str]) -> None:
        identifier = header[2] if len(header) > 2 else ""
        message = Message(interchange, _part(header, 1, 0), identifier if isinstance(identifier, list) else [identifier], self._position)
        interchange.messages.append(message)
        problems = message.problems
        if not message.control or not _TYPE.fullmatch(message.type):
            self._note(problems, Code.UNH_LAYOUT, f"its reference is {message.control[:20]!r}, its type {message.type[:20]!r}", "UNH", 1)
        if message.control in seen:
            self._note(problems, Code.UNH_DUPLICATE, f"message reference {message.control[:20]} is given twice", "UNH", 1)
        seen.add(message.control)
        count = chars = 0
        parts = header
        token: str | None = first
        while token is not None:
            tag = token[:3]
            if tag in ("UNB", "UNZ", "UNG", "UNE") or (tag == "UNH" and token is not first):
                self._unread()
                break
            count += 1
            chars += len(token)
            if chars > self._limits.message_chars or count > self._limits.message_segments:
                if not any(problem.code is Code.MESSAGE_LONG for problem in problems):
                    limit = f"{self._limits.message_segments} segments or {self._limits.message_chars} characters"
                    self._note(problems, Code.MESSAGE_LONG, f"more than {limit}", "", count)
                message.segments = []
                parts = []
                if tag == "UNT":
                    parts = self._parts(token, marks, charset, problems, count)
            else:
                parts = self._parts(token, marks, charset, problems, count)
                message.segments.append(parts)
            if tag == "UNT":
                self._check_end(problems, parts, count, message.control, Code.UNT_COUNT, Code.UNT_CONTROL, count)
                return
            token = self._segment(marks, interchange.problems)
        self._note(problems, Code.UNT_MISSING, f"message {message.control[:20]} has no UNT", "", count + 1)

    def _check_header(self, interchange: Interchange) -> str:
        """The encoding of the interchange."""
        syntax, version = interchange.syntax
        if not interchange.control or not interchange.sender.id or not interchange.receiver.id or version not in ("1", "2", "3", "4"):
            message = f"syntax {syntax[:8]!r} {version[:8]!r}, from {interchange.sender.id[:20]!r} to {interchange.receiver.id[:20]!r}"
            self._note(interchange.problems, Code.UNB_LAYOUT, f"{message}, reference {interchange.control[:20]!r}", "UNB")
        charset = CHARSETS.get(syntax)
        if charset is None:
            self._note(interchange.problems, Code.CHARSET_UNKNOWN, f"the syntax identifier is {syntax[:20]!r}", "UNB")
        return charset or "latin-1"

    def _check_end(
        self,
        problems: list[Problem],
        parts: Elements,
        count: int,
        control: str,
        count_code: Code,
        control_code: Code,
        where: int = 0,
    ) -> None:
        tag = _part(parts, 0, 0)
        said, repeated = _part(parts, 1, 0).strip(), _part(parts, 2, 0).strip()
        if number(said) != count:
            self._note(problems, count_code, f"{tag} says {said[:20]!r}, there are {count}", tag, where)
        if repeated != control:
            self._note(problems, control_code, f"{tag} says {repeated[:20]!r}, the header {control[:20]!r}", tag, where)

    def _parts(self, token: str, marks: Separators, charset: str, problems: list[Problem], where: int = 0) -> Elements:
        """The elements of a segment within the limits; an empty list with a problem where it cannot be read."""
        limits = self._limits
        tag = token[:3] if token[:3].isprintable() else ""
        try:
            text = token if token.isascii() else token.encode("latin-1").decode(charset)
        except UnicodeDecodeError as error:
            self._note(problems, Code.CHARACTER, f"{tag} is no text in {charset}: byte {error.start + 1}", tag, where)
            return []
        if not text.isprintable():
            self._note(problems, Code.CHARACTER, f"{tag} holds a control character", tag, where)
            return []
        try:
            found = elements(text, marks)
        except SyntaxFault as fault:
            self._note(problems, Code.SEGMENT_SYNTAX, f"{tag} {fault}", tag, where)
            return []
        if not isinstance(found[0], str) or not _SEGMENT_ID.fullmatch(found[0]):
            self._note(problems, Code.SEGMENT_SYNTAX, f"{text[:12]!r} begins with no segment id", tag, where)
        elif len(found) - 1 > limits.elements or any(isinstance(each, list) and len(each) > limits.components for each in found):
            message = f"{tag} has more than {limits.elements} elements, or one more than {limits.components} components"
            self._note(problems, Code.ELEMENTS_MANY, message, tag, where)
        elif len(text) > limits.element_chars and any(
            len(part) > limits.element_chars for each in found for part in (each if isinstance(each, list) else [each])
        ):
            self._note(problems, Code.ELEMENT_LONG, f"{tag} has an element of more than {limits.element_chars} characters", tag, where)
        else:
            return found
        return []

    def _segment(self, marks: Separators, problems: list[Problem]) -> str | None:
        """The next segment without terminator and line breaks; None at the end, or where one is too long."""
        self._skip(marks)
        start = self._at
        if start >= len(self._text):
            return None
        end = end_of(self._text, start, start + self._limits.segment_chars + 1, marks)
        if end < 0:
            self._note(problems, Code.SEGMENT_LONG, f"no segment ends within {self._limits.segment_chars} characters")
            self._lose()
            return None
        self._before, self._at = start, end + 1
        self._position += 1
        token = self._text[start:end]
        return token.replace("\r", "").replace("\n", "") if "\n" in token or "\r" in token else token

    def _unread(self) -> None:
        self._at = self._before
        self._position -= 1

    def _skip(self, marks: Separators) -> None:
        """Go over blanks and line breaks between segments; a terminator that is one of them ends an empty segment, which is none."""
        while self._at < len(self._text) and self._text[self._at] in "\r\n \t" and self._text[self._at] != marks.terminator:
            self._at += 1

    def _opening(self) -> bool:
        """Go to the next UNA or UNB; what stands before it, other than padding, is a problem. False at the end."""
        text = self._text
        if text.startswith(_MARK, self._at):
            self._at += len(_MARK)
        while self._at < len(text) and text[self._at] in _PADDING:
            self._at += 1
        if self._at >= len(text):
            return False
        if not text.startswith(("UNA", "UNB"), self._at):
            self._note(self.problems, Code.NOT_EDIFACT, f"{text[self._at : self._at + 20]!r} stands where a UNB should begin")
            self._lose()
        return self._at < len(text)

    def _lose(self) -> None:
        """Go to what may be the next interchange."""
        found = _BEGINNING.search(self._text, self._at + 1)
        self._at = found.start() if found else len(self._text)

    def _note(self, problems: list[Problem], code: Code, message: str, segment: str = "", where: int = 0) -> None:
        if len(problems) < self._limits.problems:
            problems.append(Problem(code, message, max(1, self._position), segment, where))


def _part(parts: Elements, index: int, component: int) -> str:
    """A component of an element; empty where there is none."""
    if index >= len(parts):
        return ""
    element = parts[index]
    if isinstance(element, str):
        return element if component == 0 else ""
    return element[component] if component < len(element) else ""
