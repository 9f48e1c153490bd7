"""A refused record is corrected field by field; what nobody named keeps its bytes."""

from __future__ import annotations

import json

import pytest

from streams.deadletter.editing import difference, headers_with, parse_change, with_changes
from streams.errors import ConfigurationError

VALUE = b'{"order":"4711","lines":[{"line":"10","quantity":1.10},{"line":"20","quantity":"zw\\u00f6lf"}],"big":12345678901234567890123}'


def test_one_field_is_set_and_every_other_byte_stays() -> None:
    assert with_changes(VALUE, [("lines.1.quantity", "12.50")]) == VALUE.replace(b'"zw\\u00f6lf"', b"12.50")


def test_what_is_no_json_is_taken_as_text() -> None:
    assert json.loads(with_changes(b'{"a":1}', [("a", "1Z")])) == {"a": "1Z"}
    assert with_changes(b'{"a":1}', [("a", '"12"')]) == b'{"a":"12"}'
    assert with_changes(b'{"a":1}', [("a", "null")]) == b'{"a":null}'


def test_a_new_field_is_added_at_its_end() -> None:
    assert with_changes(b'{"a":1}', [("b", "2"), ("c", "3")]) == b'{"a":1,"b":2,"c":3}'


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("lines.2.quantity", "none of the 2 entries"),
        ("lines.x", "none of the 2"),
        ("line.0", "there are order, lines"),
        ("order.x", "no JSON"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(path: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        with_changes(VALUE, [(path, "1")])


@pytest.mark.parametrize("value", [None, b"", b"\x00\x00\x00\x00\x05abc", b"not json", b"\xff"])
def test_a_value_that_is_no_json_is_told(value: bytes | None) -> None:
    with pytest.raises(ConfigurationError, match="--file or the editor"):
        with_changes(value, [("a", "1")])


def test_the_difference_is_that_of_the_fields() -> None:
    lines = difference(b'{"a":1.10,"b":2}', b'{"a":1.1,"b":2}')
    assert '-  "a": 1.10,' in lines and '+  "a": 1.1,' in lines
    assert not any(line.startswith(("-", "+")) and '"b"' in line for line in lines)


def test_equal_values_have_no_difference() -> None:
    assert difference(VALUE, VALUE) == []


def test_the_difference_of_bytes_is_in_hexadecimal_and_of_hostile_text_harmless() -> None:
    assert any("ff 00" in line for line in difference(b"\xff\x00", b"\xff\x01"))
    assert all(line.isprintable() for line in difference(b"a", b"\x1b[2J"))


def test_headers_are_set_in_place_added_and_taken_away() -> None:
    before = (("format", b"ups"), ("trace", b"1"), ("old", b"x"))
    assert headers_with(before, {"format": "fedex", "old": "", "new": "1"}) == (("format", b"fedex"), ("trace", b"1"), ("new", b"1"))


def test_a_change_without_a_value_is_told() -> None:
    with pytest.raises(ConfigurationError, match="<field>=<value>"):
        parse_change("--set", "quantity")
