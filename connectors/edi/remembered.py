"""Interchanges that were taken before: a sender uses each control number (ISA13, UNB 0020) once for a receiver.

Ask before a file is taken, remember after its records are safely published. A crash between the two publishes them twice, which does
no harm (a fact has the same id each time); the other way round would lose them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from connectors.edi.edifact.envelope import Interchange as EdifactInterchange
from connectors.edi.edifact.problems import Code as EdifactCode
from connectors.edi.edifact.problems import Problem as EdifactProblem
from connectors.edi.x12.envelope import Interchange
from connectors.edi.x12.problems import Code, Problem

__all__ = ["InterchangeKey", "Remembered", "RememberedInFile", "RememberedInMemory", "key_of", "refuse_duplicate"]


class InterchangeKey(NamedTuple):
    """What makes an interchange unique."""

    sender: str
    receiver: str
    control: str
    """Without leading zeros, where it is a number."""


class Remembered(Protocol):
    """A set of interchanges."""

    def __contains__(self, key: InterchangeKey) -> bool: ...
    def add(self, key: InterchangeKey, at: datetime) -> None:
        """Remember an interchange taken at this time. Adding it again changes nothing."""


class RememberedInMemory:
    """Until the process ends."""

    def __init__(self) -> None:
        self._keys: set[InterchangeKey] = set()

    def __contains__(self, key: InterchangeKey) -> bool:
        return key in self._keys

    def add(self, key: InterchangeKey, at: datetime) -> None:
        self._keys.add(key)


_TABLE: Final = """
create table if not exists interchanges (
    sender text not null, receiver text not null, control text not null, taken_at text not null,
    primary key (sender, receiver, control)
) without rowid
"""


class RememberedInFile:
    """In a SQLite file, which several processes may use at once. An added key is on disk when `add` returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with closing(self._connected()) as database:
            database.execute(_TABLE)

    def __contains__(self, key: InterchangeKey) -> bool:
        with closing(self._connected()) as database:
            query = "select 1 from interchanges where sender = ? and receiver = ? and control = ?"
            return database.execute(query, key).fetchone() is not None

    def add(self, key: InterchangeKey, at: datetime) -> None:
        with closing(self._connected()) as database:
            database.execute("insert or ignore into interchanges values (?, ?, ?, ?)", (*key, at.isoformat()))

    def forget_before(self, moment: datetime) -> int:
        """Let go of what was taken before, and say how many those were. Control numbers start anew after 999999999."""
        with closing(self._connected()) as database:
            return database.execute("delete from interchanges where taken_at < ?", (moment.isoformat(),)).rowcount

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)


def key_of(interchange: Interchange | EdifactInterchange) -> InterchangeKey | None:
    """The key of an interchange; None where its control number is none."""
    control = interchange.control
    if isinstance(interchange, Interchange):
        number = interchange.control_number
        control = "" if number is None else str(number)
    return InterchangeKey(str(interchange.sender), str(interchange.receiver), control) if control else None


def refuse_duplicate(interchange: Interchange | EdifactInterchange, remembered: Remembered) -> bool:
    """Write INTERCHANGE_DUPLICATE to an interchange that was taken before, so that nothing of it is accepted. Whether it was."""
    key = key_of(interchange)
    if key is None or key not in remembered:
        return False
    message = f"{key.sender} sent interchange {interchange.control} to {key.receiver} before"
    if isinstance(interchange, Interchange):
        interchange.problems.append(Problem(Code.INTERCHANGE_DUPLICATE, message, interchange.position, "ISA", element=13))
    else:
        interchange.problems.append(EdifactProblem(EdifactCode.INTERCHANGE_DUPLICATE, message, interchange.position, "UNB"))
    return True
