"""Letters go into files and come back byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.deadletter.export import exported, parse_line, read_folder, to_line, to_output, write_file
from streams.deadletter.letter import read_letter
from streams.errors import ConfigurationError
from streams.hop import RawRecord
from tests.unit.deadletter.letters import letter

BYTES = st.none() | st.binary(max_size=64)
HEADERS = st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.binary(max_size=24)), max_size=4)


@given(BYTES, BYTES, HEADERS)
def test_a_line_holds_every_byte(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    record = RawRecord("erp.raw.dlq", 2, 7, 1_700_000_000_000, key, value, tuple(headers))
    line = to_line(read_letter(record))
    assert line.isascii() and line.count(b"\n") == 1
    back = to_output(parse_line(line))
    assert (back.topic, back.partition, back.timestamp, back.key, back.value, back.headers) == (
        record.topic,
        record.partition,
        record.timestamp,
        record.key,
        record.value,
        record.headers,
    )


def test_a_folder_holds_a_file_for_the_value_and_one_for_the_rest(tmp_path: Path) -> None:
    letters = [letter(0, value=b"\x00\xff"), letter(1, value=None), letter(2, value=b"")]
    for each in letters:
        write_file(tmp_path, each)
    assert (tmp_path / f"{letters[0].id}.value").read_bytes() == b"\x00\xff"
    back = {each.id: each for _, each in read_folder(tmp_path)}
    assert back == {each.id: exported(each) for each in letters}


def test_an_id_that_is_no_file_name_writes_nowhere_else(tmp_path: Path) -> None:
    hostile = read_letter(RawRecord("x.dlq", 0, 0, 0, None, b"v", (("dlq.id", b"../../evil"), ("dlq.error.code", b"X"))))
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    path = write_file(folder, hostile)
    assert path.parent == folder
    assert [each for each in tmp_path.rglob("*") if each.is_file() and each.parent != folder] == []
    assert [each.id for _, each in read_folder(folder)] == ["../../evil"]


def test_letters_may_go_to_another_topic() -> None:
    assert to_output(exported(letter()), "test.dlq").topic == "test.dlq"


@pytest.mark.parametrize(
    "line", [b"{}", b"not json", b'{"id":"x","topic":"t","partition":-1,"offset":0,"timestamp":0,"key":null,"headers":[]}']
)
def test_a_line_that_is_no_letter_is_told(line: bytes) -> None:
    with pytest.raises(ConfigurationError, match="not an exported dead letter"):
        parse_line(line)
