"""A whole X12 file: first what is in it and whether it holds together, then the transactions that may be taken."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, Final

from connectors.edi.x12.envelope import Interchange, Transaction, Walk
from connectors.edi.x12.limits import Limits
from connectors.edi.x12.problems import Problem
from streams.errors import MilepostError

__all__ = ["FileChanged", "Reading"]

_DEFAULTS: Final = Limits()


class FileChanged(MilepostError):
    """The file was written to while it was read."""


class Reading:
    """The survey of a file, made when this is made. `source` is bytes, or a binary stream that can seek; it is read from its start.

    No transaction comes out before the control numbers and counts of its whole interchange have been checked. For that a file is read
    twice: a chunk at a time, so that memory holds the survey (a few hundred bytes a transaction) and one transaction.
    """

    def __init__(self, source: bytes | BinaryIO, limits: Limits = _DEFAULTS) -> None:
        self._stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source
        self._limits = limits
        self.interchanges: list[Interchange] = []
        """All of the file in its order, accepted or not; their transactions without segments."""

        self._stream.seek(0)
        walk = Walk(self._stream, limits)
        for part in walk:
            if isinstance(part, Interchange):
                self.interchanges.append(part)
            else:
                part.segments = []
        self.problems: list[Problem] = walk.problems
        """Of bytes that belong to no readable interchange."""

    @property
    def accepted(self) -> bool:
        """Nothing of the file is refused, and there is something in it."""
        if not self.interchanges or self.problems:
            return False
        groups = [group for interchange in self.interchanges for group in interchange.groups]
        return (
            all(interchange.accepted for interchange in self.interchanges)
            and all(group.accepted for group in groups)
            and all(transaction.accepted for transaction in self._surveyed())
        )

    def transactions(self) -> Iterator[Transaction]:
        """The accepted transactions with their segments, and with the surveyed group and interchange.

        Raises `FileChanged` where the second reading does not find what the first one found.
        """
        self._stream.seek(0)
        surveyed = self._surveyed()
        for part in Walk(self._stream, self._limits):
            if isinstance(part, Transaction):
                known = next(surveyed, None)
                if known is None or (known.position, known.control, known.count) != (part.position, part.control, part.count):
                    raise FileChanged("the file was changed while it was read: read it again once it is complete")
                if known.accepted:
                    yield replace(part, group=known.group, problems=known.problems)
                part.segments = []  # its group in this walk holds it to the end

    def _surveyed(self) -> Iterator[Transaction]:
        for interchange in self.interchanges:
            for group in interchange.groups:
                yield from group.transactions
