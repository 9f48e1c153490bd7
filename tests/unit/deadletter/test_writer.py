"""Dead letters: the refused record as it was, and why it was refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.deadletter import headers
from streams.deadletter.holds import hold
from streams.deadletter.reasons import Reason, Stage
from streams.deadletter.writer import fingerprint, letter_id, render
from streams.hop import DeadLetter, Headers, Output, RawRecord

NOW_MS = 1_700_000_000_123
RECORD = RawRecord("carrier.raw", 3, 42, 1_600_000_000_000, b"key", b"\x00not json\xff", (("traceparent", b"00-1"), ("format", b"ups")))
LETTER = DeadLetter(RECORD, Stage.DECODE, Reason.ENVELOPE_INVALID, "not a JSON object")


def written(letter: DeadLetter = LETTER, now_ms: int = NOW_MS) -> Output:
    (output,) = render(letter, now_ms, "milepost", "1.2.3")
    return output


def fields(letter: DeadLetter = LETTER, now_ms: int = NOW_MS) -> dict[str, str]:
    return headers.read(written(letter, now_ms).headers)


def refused_again(output: Output, offset: int = 99, replays: str = "1") -> DeadLetter:
    """The same bytes after a replay: back in their topic with the dead letter's headers, and refused again."""
    kept = [header for header in output.headers if header[0] != headers.REPLAY_COUNT]
    record = RawRecord(
        "carrier.raw", 3, offset, 1_650_000_000_000, output.key, output.value, (*kept, (headers.REPLAY_COUNT, replays.encode()))
    )
    return DeadLetter(record, Stage.DECODE, Reason.ENVELOPE_INVALID, "not a JSON object")


def test_a_dead_letter_is_the_record_itself_beside_its_source() -> None:
    output = written()
    assert (output.topic, output.partition) == ("carrier.raw.dlq", 3)
    assert (output.key, output.value, output.timestamp) == (RECORD.key, RECORD.value, RECORD.timestamp)


def test_our_headers_are_added_after_the_sources_own() -> None:
    output = written()
    assert output.headers[:2] == RECORD.headers
    assert all(name.startswith("dlq.") for name, _ in output.headers[2:])


def test_the_headers_say_where_when_and_why() -> None:
    said = fields()
    assert said == {
        headers.ID: str(letter_id(RECORD)),
        headers.SOURCE_TOPIC: "carrier.raw",
        headers.SOURCE_PARTITION: "3",
        headers.SOURCE_OFFSET: "42",
        headers.SOURCE_TIMESTAMP: "1600000000000",
        headers.STAGE: "decode",
        headers.CODE: "ENVELOPE_INVALID",
        headers.MESSAGE: "not a JSON object",
        headers.FINGERPRINT: fingerprint(LETTER),
        headers.APP_ID: "milepost",
        headers.APP_VERSION: "1.2.3",
        headers.FAILED_AT: "2023-11-14T22:13:20.123Z",
        headers.FIRST_FAILED_AT: "2023-11-14T22:13:20.123Z",
        headers.ATTEMPT: "1",
        headers.REPLAY_COUNT: "0",
        headers.ORIGIN: "carrier.raw/3/42",
    }


def test_an_empty_record_stays_empty() -> None:
    output = written(DeadLetter(RawRecord("erp.raw", 0, 1, 0, None, None), Stage.DECODE, Reason.TOMBSTONE, "no value"))
    assert (output.key, output.value) == (None, None)


def test_schema_id_and_class_are_said_where_they_are_known() -> None:
    letter = DeadLetter(RECORD, Stage.APPLY, Reason.POISON, "m", schema_id=0, exception=ValueError("x"))
    assert fields(letter)[headers.SCHEMA_ID] == "0"
    assert fields(letter)[headers.CLASS] == "ValueError"


# Id and fingerprint


def test_the_id_is_the_same_at_each_reading_of_the_record() -> None:
    assert fields()[headers.ID] == fields(now_ms=NOW_MS + 1)[headers.ID] == "b005a6a6-02d9-5a27-8e9d-9862c22e9e2a"


def test_records_at_other_coordinates_have_other_ids() -> None:
    others = [RECORD._replace(topic="erp.raw"), RECORD._replace(partition=4), RECORD._replace(offset=43)]
    assert len({letter_id(record) for record in (RECORD, *others)}) == 4


def _failing(depth: str) -> ValueError:
    try:
        raise ValueError(depth)
    except ValueError as error:
        return error


def _failing_elsewhere() -> ValueError:
    try:
        raise ValueError("elsewhere")
    except ValueError as error:
        return error


def test_failures_of_one_kind_at_one_place_share_a_fingerprint() -> None:
    def poison(exception: Exception, offset: int = 1) -> str:
        record = RECORD._replace(offset=offset)
        return fingerprint(DeadLetter(record, Stage.APPLY, Reason.POISON, str(exception), exception=exception))

    assert poison(_failing("one")) == poison(_failing("two"), offset=2)
    assert poison(_failing("one")) != poison(_failing_elsewhere())
    assert len(poison(_failing("one"))) == 16


def test_another_reason_or_stage_is_another_fingerprint() -> None:
    letters = [
        LETTER,
        DeadLetter(RECORD, Stage.DETECT, Reason.ENVELOPE_INVALID, ""),
        DeadLetter(RECORD, Stage.DECODE, Reason.OVERSIZED, ""),
    ]
    assert len(set(map(fingerprint, letters))) == 3


# The message


def _message(text: str) -> bytes:
    (value,) = [
        value for name, value in written(DeadLetter(RECORD, Stage.MAP, Reason.UNMAPPED_CODE, text)).headers if name == headers.MESSAGE
    ]
    return value


@pytest.mark.parametrize("letter", ["a", "é", "€", "𝄞"])
@pytest.mark.parametrize("shift", range(4))
def test_a_message_ends_at_a_whole_character_within_one_kib(letter: str, shift: int) -> None:
    text = "x" * shift + letter * 1_100
    kept = _message(text)
    assert 1_020 < len(kept) <= 1_024
    assert text.startswith(kept.decode())


def test_a_message_of_exactly_one_kib_is_whole() -> None:
    assert _message("é" * 512) == ("é" * 512).encode()


def test_a_message_that_is_no_valid_text_is_still_written() -> None:
    assert _message("lone \ud800 surrogate") == b"lone ? surrogate"


# Orders


def test_several_orders_stand_one_a_line_and_are_held() -> None:
    letter = DeadLetter(RECORD, Stage.MAP, Reason.UNMAPPED_CODE, "m", ("1000:1", "1000:2"))
    asked: list[DeadLetter] = []

    def hold(held: DeadLetter) -> list[Output]:
        asked.append(held)
        return [Output("shipment.events", b"1000:1", b"mark")]

    outputs = render(letter, NOW_MS, "milepost", "1.2.3", hold)
    assert headers.read(outputs[0].headers)[headers.ORDER_ID].splitlines() == ["1000:1", "1000:2"]
    assert outputs[1:] == [Output("shipment.events", b"1000:1", b"mark")]
    assert asked == [letter]


def test_without_an_order_nothing_is_held() -> None:
    assert len(render(LETTER, NOW_MS, "milepost", "1.2.3", hold)) == 1
    assert headers.ORDER_ID not in fields()


# Replays


def test_attempt_counts_on_and_the_first_failure_is_kept_over_replays() -> None:
    first = written()
    second = written(refused_again(first), NOW_MS + 60_000)
    third = written(refused_again(second, 120, "2"), NOW_MS + 120_000)
    said = [headers.read(output.headers) for output in (first, second, third)]
    assert [each[headers.ATTEMPT] for each in said] == ["1", "2", "3"]
    assert [each[headers.REPLAY_COUNT] for each in said] == ["0", "1", "2"]
    assert {each[headers.FIRST_FAILED_AT] for each in said} == {"2023-11-14T22:13:20.123Z"}
    assert said[2][headers.FAILED_AT] == "2023-11-14T22:15:20.123Z"
    assert said[2][headers.SOURCE_OFFSET] == "120"


def test_of_an_earlier_failure_only_its_history_is_kept() -> None:
    first = written(DeadLetter(RECORD, Stage.APPLY, Reason.POISON, "m", ("1000:1",), 7, ValueError("x")))
    second = written(refused_again(first))
    names = [name for name, _ in second.headers]
    assert len(names) == len(set(names)), "no header of the earlier failure is left beside the new one"
    assert not {headers.ORDER_ID, headers.SCHEMA_ID, headers.CLASS} & set(names)
    assert headers.without_failure(second.headers) == RECORD.headers


# Whatever a source sends

_NAMES = st.text(max_size=20) | st.sampled_from(
    [headers.ATTEMPT, headers.FIRST_FAILED_AT, headers.REPLAY_COUNT, headers.ID, "dlq.", "format"]
)
_HEADERS = st.lists(st.tuples(_NAMES, st.binary(max_size=40) | st.text("0123456789²٣", max_size=6).map(str.encode)), max_size=8)


@pytest.mark.property
@given(_HEADERS, st.binary() | st.none(), st.binary() | st.none())
@example([(headers.ATTEMPT, "²".encode())], None, b"")
@example([(headers.ATTEMPT, b"-1"), (headers.ATTEMPT, b"\xff")], None, b"")
def test_whatever_the_source_sent_is_kept_and_readable(source: list[tuple[str, bytes]], key: bytes | None, value: bytes | None) -> None:
    record = RawRecord("tms.raw", 0, 7, 0, key, value, tuple(source))
    output = written(DeadLetter(record, Stage.DETECT, Reason.UNKNOWN_FORMAT, "m"))
    assert (output.key, output.value) == (key, value)
    assert headers.without_failure(output.headers) == tuple(header for header in source if not header[0].startswith("dlq."))
    said = headers.read(output.headers)
    assert said[headers.ID] == str(letter_id(record))
    assert int(said[headers.ATTEMPT]) >= 1
    assert int(said[headers.REPLAY_COUNT]) >= 0
    ours = [name for name, _ in output.headers if name.startswith("dlq.")]
    assert len(ours) == len(set(ours))


def _with(*source: tuple[str, bytes]) -> DeadLetter:
    record_headers: Headers = source
    return DeadLetter(RECORD._replace(headers=tuple(record_headers)), Stage.DETECT, Reason.UNKNOWN_FORMAT, "m")


@pytest.mark.parametrize("name", [headers.ATTEMPT, headers.REPLAY_COUNT])
def test_an_endless_number_in_a_header_of_the_source_is_no_number(name: str) -> None:
    assert fields(_with((name, b"9" * 5_000)))[headers.ATTEMPT]


def test_an_empty_time_of_first_failure_is_no_time() -> None:
    assert fields(_with((headers.FIRST_FAILED_AT, b"")))[headers.FIRST_FAILED_AT] == "2023-11-14T22:13:20.123Z"


def test_a_header_without_a_value_is_kept_as_it_is() -> None:
    nothing: bytes = None  # type: ignore[assignment]  # Kafka allows it, and aiokafka hands it out
    output = written(_with(("empty", nothing), (headers.ATTEMPT, nothing)))
    assert output.headers[0] == ("empty", nothing)
    assert headers.read(output.headers)[headers.ATTEMPT] == "1"
