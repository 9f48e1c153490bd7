"""Bytes to segments, a chunk at a time: never more in memory than a chunk and a segment.

Separators are characters, not bytes, so a terminator may take several bytes. Bytes are read as UTF-8; a segment that is not UTF-8 is
Latin-1, as older systems write it. Line breaks are no part of X12 data unless one is the terminator: they are dropped wherever
they stand, after segments or within them where a transport has wrapped its lines.
"""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO, Final

from connectors.edi.x12.delimiters import ISA_CHARS, Delimiters, HeaderError, delimiters
from connectors.edi.x12.limits import Limits
from connectors.edi.x12.problems import Code, Problem

__all__ = ["Scanner", "SegmentTooLong"]

_CHUNK: Final = 1 << 16
_PADDING: Final = " \t\r\n\v\f\x00\x1a\ufeff"
"""What may stand between interchanges: blanks, line breaks, fill bytes, the end mark of DOS, a byte order mark."""

_ISA_WINDOW: Final = ISA_CHARS * 3
_SHOWN: Final = 20


class SegmentTooLong(Exception):
    """No terminator within the longest segment allowed: nobody can say where the next one begins."""


class Scanner:
    """Reads interchange after interchange: `opening()`, then `segment()` until the IEA, then `opening()` again."""

    def __init__(self, source: bytes | BinaryIO, limits: Limits) -> None:
        self._stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._limits = limits
        self._buffer = ""
        self._at = 0
        self._before = 0
        """Where the last segment began."""

        self._bytes = 0
        self._ended = False
        self._lost = False
        self._terminator = ""
        self.position = 0
        """Number of the last segment in the file."""

        self.problems: list[Problem] = []
        """Of what belongs to no interchange."""

    def opening(self) -> tuple[str, Delimiters] | None:
        """The next ISA (without its terminator) and its separators, or None at the end of the file.

        What stands before it, and an ISA that cannot be read, is a problem; reading goes on at the next ISA that can.
        """
        while self._skip_to_isa():
            header, taken = self._header()
            try:
                found = delimiters(header)
            except HeaderError as error:
                if not self._lost:
                    self._note(error.code, str(error), "ISA")
                self._lost = True
                self._at += 3
                continue
            self._lost = False
            self._at += taken
            self.position += 1
            self._terminator = found.terminator
            text = Delimiters(*(_text(each) for each in found))
            return _text(header[:-1]), text
        return None

    def segment(self) -> str | None:
        """The next segment without its terminator, or None at the end of the file. Raises `SegmentTooLong`."""
        end = self._buffer.find(self._terminator, self._at)
        while end < 0:
            if len(self._buffer) - self._at > 2 * self._limits.segment_chars:
                raise SegmentTooLong
            searched = len(self._buffer) - self._at
            if not self._more():
                return self._rest()
            end = self._buffer.find(self._terminator, self._at + searched)
        token = self._buffer[self._at : end]
        if len(token) > 2 * self._limits.segment_chars:
            raise SegmentTooLong
        self._before, self._at = self._at, end + 1
        self.position += 1
        token = _clean(token)
        if len(token) > self._limits.segment_chars:
            raise SegmentTooLong
        return token

    def unread(self) -> None:
        """Make the last segment the next one again; once, and only directly after `segment()`."""
        self._at = self._before
        self.position -= 1

    def lose(self) -> None:
        """Give up this interchange: `opening()` looks for the next ISA that can be read, and says nothing of what lies before."""
        self._lost = True

    def _rest(self) -> str | None:
        rest = self._buffer[self._at :].strip(_PADDING)
        self._before, self._at = self._at, len(self._buffer)
        if not rest:
            return None
        if len(rest) > self._limits.segment_chars:
            raise SegmentTooLong
        self.position += 1
        return _clean(rest)

    def _skip_to_isa(self) -> bool:
        while not self._lost:
            self._skip_padding()
            while len(self._buffer) - self._at < 3 and self._more():
                pass
            if self._at == len(self._buffer):
                return False
            if self._buffer.startswith("ISA", self._at):
                return True
            stray = _text(self._buffer[self._at : self._at + _SHOWN])
            self._note(Code.NOT_X12, f"{stray!r} stands where an ISA should begin")
            self._lost = True
        return self._find_isa()

    def _skip_padding(self) -> None:
        while True:
            # A window at a time: stripping all that is left would copy it for each interchange.
            window = self._buffer[self._at : self._at + _ISA_WINDOW]
            kept = window.lstrip(_PADDING)
            self._at += len(window) - len(kept)
            if kept or (not window and not self._more()):
                return

    def _find_isa(self) -> bool:
        while True:
            found = self._buffer.find("ISA", self._at)
            if found >= 0:
                self._at = found
                # A word that happens to hold these letters, passed over before it costs more than a look.
                if self._buffer[found + 3 : found + 4].isalnum():
                    self._at += 3
                    continue
                return True
            self._at = max(self._at, len(self._buffer) - 2)
            if not self._more():
                return False

    def _header(self) -> tuple[str, int]:
        """106 characters from here without the line breaks of a wrapping, and how many characters they take."""
        while len(self._buffer) - self._at < _ISA_WINDOW and self._more():
            pass
        window = self._buffer[self._at : self._at + _ISA_WINDOW]
        if "\n" not in window[:ISA_CHARS] and "\r" not in window[:ISA_CHARS]:
            return window[:ISA_CHARS], ISA_CHARS
        kept: list[str] = []
        for taken, character in enumerate(window):
            # The terminator itself may be a line break.
            if character in "\r\n" and len(kept) < ISA_CHARS - 1:
                continue
            kept.append(character)
            if len(kept) == ISA_CHARS:
                return "".join(kept), taken + 1
        return "".join(kept), len(window)

    def _more(self) -> bool:
        """Read a chunk; False at the end."""
        if self._ended:
            return False
        if self._bytes >= self._limits.file_bytes and self._stream.read(1):
            self._note(Code.FILE_LONG, f"the file has more than {self._limits.file_bytes} bytes")
            self._ended = True
            return False
        chunk = self._stream.read(min(_CHUNK, max(1, self._limits.file_bytes - self._bytes)))
        self._ended = not chunk
        self._bytes += len(chunk)
        self._buffer = self._buffer[self._at :] + self._decoder.decode(chunk, final=self._ended)
        self._at = 0
        return True

    def _note(self, code: Code, message: str, segment: str = "") -> None:
        if len(self.problems) < self._limits.problems:
            self.problems.append(Problem(code, message, self.position + 1, segment))


def _clean(token: str) -> str:
    if "\n" in token or "\r" in token:
        token = token.replace("\r", "").replace("\n", "")
    return token if token.isascii() else _text(token)


def _text(token: str) -> str:
    """The text; Latin-1 where the bytes were not UTF-8 (they stand as lone surrogates until now)."""
    try:
        token.encode()
    except UnicodeEncodeError:
        return token.encode("utf-8", "surrogateescape").decode("latin-1")
    return token
