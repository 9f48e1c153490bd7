"""Records as JSON lines: what a person writes is what the producer's bytes are, and what is shown can be written again."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.messages import encode
from streams.domain.event import Tick
from streams.hop import Output
from streams.jsonlines import LineError, dump, parse, shown_bytes, shown_headers, shown_value
from streams.topics import CARRIER_RAW, EVENTS


def line(**fields: object) -> bytes:
    return json.dumps({"topic": CARRIER_RAW, "value": {}} | fields).encode()


def test_an_object_is_its_json_text_exactly_as_it_stands_in_the_line() -> None:
    assert parse(b'{"topic": "erp.raw", "value": {"price":  10.10, "n": 1e2}}', 0).value == b'{"price":  10.10, "n": 1e2}'


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("text with \u00e4", b"text with \xc3\xa4"),
        ({"$base64": "AAH/"}, b"\x00\x01\xff"),
        (None, None),
        ([1, 2], b"[1, 2]"),
        (12, b"12"),
        ({"$base64": "AAH/", "more": 1}, b'{"$base64": "AAH/", "more": 1}'),
    ],
)
def test_bytes_of_a_value_or_key(written: object, meant: bytes | None) -> None:
    assert parse(line(value=written), 0).value == meant
    assert parse(line(key=written), 0).key == meant


def test_headers_are_an_object_or_pairs_where_a_name_occurs_twice() -> None:
    assert parse(line(headers={"format": "ups", "raw": {"$base64": "/w=="}}), 0).headers == (("format", b"ups"), ("raw", b"\xff"))
    assert parse(line(headers=[["a", "1"], ["a", "2"]]), 0).headers == (("a", b"1"), ("a", b"2"))
    assert parse(line(headers=None), 0).headers == ()


def test_a_timestamp_is_milliseconds_or_iso_8601_and_else_the_default() -> None:
    assert parse(line(timestamp=1_780_000_000_123), 7).timestamp == 1_780_000_000_123
    assert parse(line(timestamp="2026-06-01T02:00:00.5+02:00"), 7).timestamp == 1_780_272_000_500
    assert parse(line(), 7).timestamp == 7


def test_fields_that_are_not_listed_are_ignored() -> None:
    assert parse(line(phase=2), 0).topic == CARRIER_RAW


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"{", "truncated"),
        (b"[1]", "expected `object`"),
        (b'{"value": 1}', "`topic`"),
        (b'{"topic": "erp.raw"}', "`value`"),
        (b'{"topic": 5, "value": 1}', "$.topic"),
        (b'{"topic": "a", "value": {"x" 1}}', "malformed"),
        (b'{"topic": "a", "value": {"$base64": "%%"}}', "base64"),
        (b'{"topic": "a", "value": {"$base64": 5}}', "expected `str`"),
        (b'{"topic": "a", "value": "\xff"}', "utf-8"),
        (b'{"topic": "a", "value": 1, "timestamp": -1}', "$.timestamp"),
        (b'{"topic": "a", "value": 1, "timestamp": "2026-06-01T00:00:00"}', "timezone"),
        (b'{"topic": "a", "value": 1, "headers": "x"}', "$.headers"),
    ],
)
def test_a_line_that_is_not_a_record_is_refused_with_the_reason(text: bytes, complaint: str) -> None:
    with pytest.raises(LineError, match="(?i)" + complaint.replace("$", r"\$")):
        parse(text, 0)


@pytest.mark.property
@given(
    key=st.none() | st.binary(),
    value=st.none()
    | st.binary()
    | st.text().map(str.encode)
    | st.dictionaries(st.text(), st.integers()).map(lambda object: json.dumps(object).encode()),
    headers=st.lists(st.tuples(st.text(), st.binary())).map(tuple),
)
def test_what_is_shown_can_be_written_again(key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...]) -> None:
    shown = dump({"topic": "t", "key": shown_bytes(key), "value": shown_bytes(value), "headers": shown_headers(headers)})
    assert shown.endswith(b"\n")
    assert shown.count(b"\n") == 1
    assert parse(shown, 9) == Output("t", key, value, headers, timestamp=9)


def test_a_message_of_the_pipelines_own_is_shown_decoded() -> None:
    tick = encode(Tick(datetime(2026, 6, 1, tzinfo=UTC), "C:1"))
    assert orjson.loads(dump(shown_value(EVENTS, tick))) == {"type": "Tick", "due": "2026-06-01T00:00:00+00:00", "key": "C:1"}


def test_a_value_that_does_not_belong_on_its_topic_is_shown_as_bytes() -> None:
    assert shown_value(EVENTS, b"\x00\x00garbage") == "\x00\x00garbage"
