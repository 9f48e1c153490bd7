"""A letter in full: why, what to do, where from, and whatever its bytes are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.messages import encode
from streams.deadletter import headers
from streams.deadletter.audit import Action
from streams.deadletter.explained import advice, problems
from streams.deadletter.letter import Letter, read_letter
from streams.deadletter.reasons import CATALOGUE, Reason
from streams.deadletter.shown import decoded, letter_fields, lines_about
from streams.domain.event import DeadLetterMark
from streams.domain.instant import from_millis
from streams.hop import RawRecord
from tests.unit.deadletter.letters import FAILED_AT, as_json, found, letter, settled


def said(each: Letter) -> dict[str, str]:
    return dict(lines_about(found(each)))


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained_from_the_catalogue(reason: Reason) -> None:
    row, lines = CATALOGUE[reason], said(letter(reason=reason))
    assert (lines["meaning"], lines["cause"], lines["to do"]) == (row.meaning, row.usual_cause, row.what_to_do)


def test_an_open_letter_says_whose_release_it_holds() -> None:
    assert said(letter(orders=("1000:1", "1000:2")))["orders"] == "1000:1, 1000:2; their release is held"


def test_a_settled_letter_says_by_whom_and_why() -> None:
    lines = dict(lines_about(settled(letter(), Action.DISCARDED)))
    assert lines["settled"] == "DISCARDED at 2025-10-09T08:53:25+00:00 by ops: a test"
    assert "held" not in lines["orders"]


def test_a_foreign_letter_says_where_to_look() -> None:
    foreign = read_letter(RawRecord("orders-dlt", 0, 3, FAILED_AT, None, b"x", (("kafka_dlt-exception-fqcn", b"a.B"),)))
    assert "Spring Kafka" in said(foreign)["meaning"]
    assert "--to" in said(foreign)["to do"]


def test_a_letter_of_nobody_is_shown_and_named_as_a_problem() -> None:
    nobody = read_letter(RawRecord("x.dlq", 0, 3, FAILED_AT, None, b"x", ()))
    assert said(nobody)["problem"] == "no header says why it is here"
    assert "ask whoever writes" in advice(nobody).what_to_do.lower()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        (headers.SOURCE_OFFSET, b"many", "do not say where the record came from"),
        (headers.CODE, b"BAD_MOON", "BAD_MOON is not in the catalogue"),
        (headers.FAILED_AT, b"yesterday", "time of failure cannot be read"),
        (headers.MESSAGE, b"\xff\xfe", "are not UTF-8"),
    ],
)
def test_a_damaged_header_is_named(name: str, value: bytes, problem: str) -> None:
    whole = letter()
    damaged = tuple((each, value if each == name else content) for each, content in whole.headers)
    read = read_letter(RawRecord(whole.topic, 1, 0, FAILED_AT - 1_000, b"key", b"{}", damaged))
    assert any(problem in each for each in problems(read))
    assert not problems(whole)


def test_json_is_indented_and_its_numbers_stay_as_they_were_written() -> None:
    assert decoded(letter(value=b'{"a":1.10,"b":12345678901234567890}')) == '{\n  "a": 1.10,\n  "b": 12345678901234567890\n}'


def test_our_own_messages_are_decoded_by_their_schema() -> None:
    mark = DeadLetterMark("id", "1000:1", "POISON", open=True, at=from_millis(FAILED_AT))
    assert '"order_id": "1000:1"' in decoded(letter(topic="shipment.events", value=encode(mark)))


def test_bytes_that_nobody_can_read_are_not_decoded() -> None:
    assert decoded(letter(value=b"\x00\x00\x00\x00\x63\xff")) == ""
    assert decoded(letter(value=None)) == ""


def test_scripts_get_every_byte() -> None:
    fields = as_json(letter_fields(found(value=b"\xff\x00"), whole=True))
    assert fields["value_base64"] == "/wA="
    assert ["format", "bWlsZXBvc3QuZXJwLnYx"] in fields["headers"]
    assert fields["advice"]["what_to_do"] == CATALOGUE[Reason.QTY_INVALID].what_to_do


HEADERS = st.lists(
    st.tuples(st.sampled_from([headers.ID, headers.CODE, headers.ORDER_ID, headers.FAILED_AT, headers.SOURCE_TOPIC, "x"]), st.binary())
)


@given(HEADERS, st.none() | st.binary(), st.none() | st.binary())
def test_whatever_a_letter_holds_it_is_shown_in_printable_lines(
    hostile: list[tuple[str, bytes]], key: bytes | None, value: bytes | None
) -> None:
    each = found(read_letter(RawRecord("erp.raw.dlq", 0, 0, FAILED_AT, key, value, tuple(hostile))))
    assert all(text.isprintable() for _, text in lines_about(each))
    as_json(letter_fields(each, whole=True))
