"""What a file drop remembers on disk, in one SQLite file: interchanges taken, our own control numbers, and what we wait for.

We wait for an acknowledgement of each interchange and group that we sent, unless the partner gives none. Whether the file that we sent or
the answer to it is seen first makes no difference.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from connectors.edi.edifact.acknowledge import answers
from connectors.edi.edifact.envelope import Reading as EdifactReading
from connectors.edi.files import EdiFile
from connectors.edi.partners import Partners
from connectors.edi.party import number
from connectors.edi.remembered import RememberedInFile
from connectors.edi.x12.envelope import Interchange
from connectors.edi.x12.reading import Reading

__all__ = ["Ledger", "Watched"]

_TABLES: Final = """
create table if not exists expected (
    kind text not null, partner text not null, us text not null, control text not null,
    file text not null default '', sent_at text, answered_at text, accepted integer, said text not null default '',
    primary key (kind, partner, us, control)
) without rowid;
create table if not exists counter (name text primary key, last integer not null) without rowid;
"""

_ACCEPTED: Final = frozenset({"A", "E"})


class Watched(NamedTuple):
    """Something that we sent, or an answer to it."""

    kind: str
    """TA1, 997 (a group; a 999 answers it as well) or CONTRL."""

    partner: str
    us: str
    control: str
    file: str
    sent_at: datetime | None
    answered_at: datetime | None
    accepted: bool | None
    said: str


class Ledger:
    """The memory in a folder. Several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self.interchanges = RememberedInFile(path)
        self._path = path
        with closing(self._connected()) as database:
            database.executescript(_TABLES)

    def controls(self) -> Iterator[int]:
        """Our own control numbers, one after the other; each is on disk before it is used."""
        while True:
            with closing(self._connected()) as database, database:
                statement = "insert into counter values ('control', 1) on conflict (name) do update set last = last + 1 returning last"
                (found,) = database.execute(statement).fetchone()
            yield found

    def sent(self, file: EdiFile, name: str, partners: Partners, at: datetime) -> int:
        """Wait for the answers to a file that we sent; how many they are. Sent twice, the first time counts."""
        rows: list[tuple[str, str, str, str]] = []
        for interchange in file.interchanges:
            partner, us = str(interchange.receiver), str(interchange.sender)
            agreed = partners.of(partner, us)
            if agreed is not None and agreed.answers == "none":
                continue
            if isinstance(interchange, Interchange):
                groups = [group for group in interchange.groups if group.kind != "FA"]
                if interchange.wants_ta1 and groups:
                    rows.append(("TA1", partner, us, _plain(interchange.control)))
                rows += [("997", partner, us, _plain(group.control)) for group in groups]
            elif interchange.wants_contrl and any(message.type != "CONTRL" for message in interchange.messages):
                rows.append(("CONTRL", partner, us, interchange.control))
        with closing(self._connected()) as database, database:
            database.executemany(
                "insert into expected (kind, partner, us, control, file, sent_at) values (?, ?, ?, ?, ?, ?) "
                "on conflict (kind, partner, us, control) do update set "
                "file = excluded.file, sent_at = coalesce(sent_at, excluded.sent_at)",
                [(*row, name, at.isoformat()) for row in rows],
            )
        return len(rows)

    def received(self, file: EdiFile, at: datetime) -> int:
        """Enter what a file answers to ours; how many answers they are."""
        rows = list(_answers(file))
        with closing(self._connected()) as database, database:
            database.executemany(
                "insert into expected (kind, partner, us, control, answered_at, accepted, said) values (?, ?, ?, ?, ?, ?, ?) "
                "on conflict (kind, partner, us, control) do update set "
                "answered_at = excluded.answered_at, accepted = excluded.accepted, said = excluded.said",
                [(*key, at.isoformat(), accepted, said) for key, accepted, said in rows],
            )
        return len(rows)

    def missing(self, sent_before: datetime) -> list[Watched]:
        """What was sent before and never answered, longest first."""
        return self._watched("sent_at < ? and answered_at is null order by sent_at, control", sent_before)

    def rejected(self, since: datetime) -> list[Watched]:
        """What was rejected since, in its order."""
        return self._watched("accepted = 0 and answered_at >= ? order by answered_at, control", since)

    def _watched(self, where: str, moment: datetime) -> list[Watched]:
        columns = "kind, partner, us, control, file, sent_at, answered_at, accepted, said"
        with closing(self._connected()) as database:
            rows = database.execute(f"select {columns} from expected where {where}", (moment.isoformat(),)).fetchall()
        return [Watched(row[0], row[1], row[2], row[3], row[4], _moment(row[5]), _moment(row[6]), _flag(row[7]), row[8]) for row in rows]

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30)


_Key = tuple[str, str, str, str]


def _answers(file: EdiFile) -> Iterator[tuple[_Key, bool, str]]:
    reading = file.reading
    if isinstance(reading, EdifactReading):
        for message in reading.messages():
            answer = answers(message) if message.type == "CONTRL" else None
            if answer is not None:
                parties = str(message.interchange.sender), str(message.interchange.receiver)
                yield ("CONTRL", *parties, answer.control), answer.accepted, answer.said
        return
    for interchange in reading.interchanges:
        if interchange.accepted:
            for said in interchange.ta1:
                control, status, note = [*said[1:2], *said[4:6], "", "", ""][:3]
                key = ("TA1", str(interchange.sender), str(interchange.receiver), _plain(control))
                yield key, status in _ACCEPTED, "" if status == "A" else f"{status}, note {note}"
    yield from _functional(reading)


def _functional(reading: Reading) -> Iterator[tuple[_Key, bool, str]]:
    for transaction in reading.transactions():
        if transaction.set not in ("997", "999"):
            continue
        interchange = transaction.group.interchange
        segments = [segment.split(interchange.delimiters.element) for segment in transaction.segments]
        group = next((each[2] for each in segments if each[0] == "AK1" and len(each) > 2), "")
        status = next((each[1] for each in segments if each[0] == "AK9" and len(each) > 1), "")
        if group:
            key = ("997", str(interchange.sender), str(interchange.receiver), _plain(group))
            yield key, status in _ACCEPTED, "" if status == "A" else f"AK9 {status or 'missing'}"


def _plain(control: str) -> str:
    """A control number without its padding, where it is a number."""
    found = number(control)
    return control.strip() if found is None else str(found)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _flag(stored: int | None) -> bool | None:
    return None if stored is None else bool(stored)
