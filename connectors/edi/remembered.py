"""Interchanges that were taken before: a sender uses each control number (ISA13, UNB 0020) once for a receiver.

Ask before a file is taken, remember after its records are safely published. A crash between the two publishes them twice, which does
no harm (a fact has the same id each time); the other way round would lose them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from connectors.edi.edifact.envelope import Interchange as EdifactInterchange
from connectors.edi.edifact.problems import Code as EdifactCode
from connectors.edi.edifact.problems import Problem as EdifactProblem
from connectors.edi.x12.envelope import Interchange
from connectors.edi.x12.problems import Code, Problem

__all__ = ["FromOtherFiles", "InterchangeKey", "Remembered", "RememberedInFile", "RememberedInMemory", "key_of", "refuse_duplicate"]


class InterchangeKey(NamedTuple):
    """What makes an interchange unique."""

    sender: str
    receiver: str
    control: str
    """Without leading zeros, where it is a number."""


class Remembered(Protocol):
    """A set of interchanges."""

    def __contains__(self, key: object, /) -> bool: ...
    def add(self, key: InterchangeKey, at: datetime) -> None:
        """Remember an interchange taken at this time. Adding it again changes nothing."""


class RememberedInMemory:
    """Until the process ends."""

    def __init__(self) -> None:
        self._keys: set[InterchangeKey] = set()

    def __contains__(self, key: object, /) -> bool:
        return key in self._keys

    def add(self, key: InterchangeKey, at: datetime) -> None:
        self._keys.add(key)


_TABLE: Final = """
create table if not exists interchanges (
    sender text not null, receiver text not null, control text not null, taken_at text not null, file text not null default '',
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
            if "file" not in [column[1] for column in database.execute("pragma table_info(interchanges)")]:
                database.execute("alter table interchanges add column file text not null default ''")  # a folder of an earlier drop

    def __contains__(self, key: object, /) -> bool:
        return isinstance(key, InterchangeKey) and self.brought_by(key) is not None

    def brought_by(self, key: InterchangeKey) -> str | None:
        """The hash of the file that brought an interchange, empty where that is not known; None: nobody brought it."""
        with closing(self._connected()) as database:
            query = "select file from interchanges where sender = ? and receiver = ? and control = ?"
            found = database.execute(query, key).fetchone()
        return None if found is None else str(found[0])

    def add(self, key: InterchangeKey, at: datetime, file: str = "") -> None:
        """`file`: the hash of the file that brought it. Of an interchange that is known, nothing changes."""
        with closing(self._connected()) as database:
            database.execute("insert or ignore into interchanges values (?, ?, ?, ?, ?)", (*key, at.isoformat(), file))

    def last_taken(self) -> datetime | None:
        """When the latest interchange was taken."""
        with closing(self._connected()) as database:
            (found,) = database.execute("select max(taken_at) from interchanges").fetchone()
        return None if found is None else datetime.fromisoformat(found)

    def forget_before(self, moment: datetime) -> int:
        """Let go of what was taken before, and say how many those were. Control numbers start anew after 999999999."""
        with closing(self._connected()) as database:
            return database.execute("delete from interchanges where taken_at < ?", (moment.isoformat(),)).rowcount

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)


class FromOtherFiles:
    """Interchanges that any file but this one brought: a file is no duplicate of itself, also when it is read again."""

    def __init__(self, remembered: RememberedInFile, file: str) -> None:
        self._remembered = remembered
        self._file = file

    def __contains__(self, key: object, /) -> bool:
        return isinstance(key, InterchangeKey) and self._remembered.brought_by(key) not in (None, self._file)


def key_of(interchange: Interchange | EdifactInterchange) -> InterchangeKey | None:
    """The key of an interchange; None where its control number is none."""
    control = interchange.control
    if isinstance(interchange, Interchange):
        number = interchange.control_number
        control = "" if number is None else str(number)
    return InterchangeKey(str(interchange.sender), str(interchange.receiver), control) if control else None


def refuse_duplicate(interchange: Interchange | EdifactInterchange, remembered: Container[InterchangeKey]) -> bool:
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
