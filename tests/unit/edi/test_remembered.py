"""A control number is taken once for each sender and receiver, over restarts and in any spelling."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.edi.remembered import FromOtherFiles, Remembered, RememberedInFile, RememberedInMemory, key_of, refuse_duplicate
from connectors.edi.x12.acknowledge import functional, interchange_acknowledgement
from connectors.edi.x12.problems import Code
from connectors.edi.x12.reading import Reading
from tests.unit.edi.files import MOVED, data, group, interchange, transaction

AT = datetime(2026, 6, 1, 14, 30, tzinfo=UTC)


def reading(control: str = "000000101", sender: str = "OLDFREIGHT") -> Reading:
    return Reading(data(interchange([group([transaction(MOVED)])], control, sender=sender)))


@pytest.fixture(params=["memory", "file"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Remembered]:
    kept = RememberedInMemory()
    return (lambda: kept) if request.param == "memory" else (lambda: RememberedInFile(tmp_path / "edi" / "seen.db"))


def take(remembered: Remembered, file: Reading) -> None:
    key = key_of(file.interchanges[0])
    assert key is not None
    remembered.add(key, AT)


def test_an_interchange_sent_twice_is_refused_with_ta1_025(made: Callable[[], Remembered]) -> None:
    first = reading()
    assert not refuse_duplicate(first.interchanges[0], made())
    assert len(list(first.transactions())) == 1
    take(made(), first)
    take(made(), first)
    again = reading()
    (found,) = again.interchanges
    assert refuse_duplicate(found, made())
    assert [problem.code for problem in found.problems] == [Code.INTERCHANGE_DUPLICATE]
    assert list(again.transactions()) == []
    assert not again.accepted
    assert functional(found, AT, 1) is None
    assert b"*R*025~" in (interchange_acknowledgement(found, AT, 1) or b"")


def test_another_number_or_another_sender_is_new(made: Callable[[], Remembered]) -> None:
    take(made(), reading())
    assert not refuse_duplicate(reading("000000102").interchanges[0], made())
    assert not refuse_duplicate(reading(sender="OTHER").interchanges[0], made())


def test_what_is_old_can_be_forgotten(tmp_path: Path) -> None:
    kept = RememberedInFile(tmp_path / "seen.db")
    take(kept, reading())
    assert kept.forget_before(AT) == 0
    assert kept.forget_before(AT + timedelta(seconds=1)) == 1
    assert not refuse_duplicate(reading().interchanges[0], kept)


def test_a_file_is_no_duplicate_of_itself_but_of_any_other(tmp_path: Path) -> None:
    kept = RememberedInFile(tmp_path / "seen.db")
    key = key_of(reading().interchanges[0])
    assert key is not None
    kept.add(key, AT, "one")
    assert key not in FromOtherFiles(kept, "one")
    assert key in FromOtherFiles(kept, "other")
    assert (kept.brought_by(key), kept.last_taken()) == ("one", AT)


def test_what_an_earlier_drop_remembered_is_known_and_of_an_unknown_file(tmp_path: Path) -> None:
    key = key_of(reading().interchanges[0])
    assert key is not None
    with closing(sqlite3.connect(tmp_path / "seen.db")) as database, database:
        columns = "sender text not null, receiver text not null, control text not null, taken_at text not null"
        database.execute(f"create table interchanges ({columns}, primary key (sender, receiver, control)) without rowid")
        database.execute("insert into interchanges values (?, ?, ?, ?)", (*key, AT.isoformat()))
    kept = RememberedInFile(tmp_path / "seen.db")
    assert key in kept and key in FromOtherFiles(kept, "one")
    assert kept.brought_by(key) == ""
