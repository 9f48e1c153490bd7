"""Dead letters of other frameworks, with headers encoded exactly as those frameworks write them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.deadletter.foreign import FOREIGN
from streams.deadletter.letter import Letter, read_letter
from streams.hop import RawRecord

AT = 1_760_000_000_000
STACK = "java.lang.IllegalStateException: no\n\tat com.example.Mapper.map(Mapper.java:42)\n\tat com.example.App.run(App.java:7)\n"


def letter(*headers: tuple[str, bytes], value: bytes | None = b"value", topic: str = "orders.dlq", offset: int = 9) -> Letter:
    return read_letter(RawRecord(topic, 1, offset, AT, b"key", value, headers))


def connect(**changes: bytes) -> tuple[tuple[str, bytes], ...]:
    """As DeadLetterQueueReporter writes them: every value as UTF-8 text, numbers included."""
    fields = {
        "topic": b"erp.orders",
        "partition": b"3",
        "offset": b"1044",
        "connector.name": b"jdbc-sink",
        "task.id": b"2",
        "stage": b"VALUE_CONVERTER",
        "class.name": b"io.confluent.connect.avro.AvroConverter",
        "exception.class.name": b"org.apache.kafka.connect.errors.DataException",
        "exception.message": b"Failed to deserialize data for topic erp.orders to Avro:",
        "exception.stacktrace": STACK.encode(),
    }
    return tuple(("__connect.errors." + name, value) for name, value in (fields | changes).items())


STREAMS = tuple(
    ("__streams.errors." + name, value)
    for name, value in (
        ("exception", b"org.apache.kafka.common.errors.SerializationException"),
        ("message", b"Size of data received by LongDeserializer is not 8"),
        ("stacktrace", STACK.encode()),
        ("topic", b"orders"),
        ("partition", b"0"),
        ("offset", b"17"),
    )
)

SPRING = (
    ("kafka_dlt-original-topic", b"orders"),
    ("kafka_dlt-original-partition", struct.pack(">i", 7)),
    ("kafka_dlt-original-offset", struct.pack(">q", 1_234_567)),
    ("kafka_dlt-original-timestamp", struct.pack(">q", AT - 5_000)),
    ("kafka_dlt-original-timestamp-type", b"CreateTime"),
    ("kafka_dlt-original-consumer-group", b"billing"),
    ("kafka_dlt-exception-fqcn", b"org.springframework.kafka.listener.ListenerExecutionFailedException"),
    ("kafka_dlt-exception-cause-fqcn", b"java.lang.IllegalStateException"),
    ("kafka_dlt-exception-message", b"Listener failed; no"),
    ("kafka_dlt-exception-stacktrace", STACK.encode()),
)

SMALLRYE = (
    ("dead-letter-exception-class-name", b"java.lang.RuntimeException"),
    ("dead-letter-reason", b"could not be stored"),
    ("dead-letter-cause-class-name", b"org.hibernate.PersistenceException"),
    ("dead-letter-cause", b"duplicate key"),
    ("dead-letter-topic", b"prices"),
    ("dead-letter-partition", b"4"),
    ("dead-letter-offset", b"55"),
    ("tenant", b"north"),
)

SHARE_GROUP = tuple(
    ("__dlq.errors." + name, value)
    for name, value in (
        ("topic", b"jobs"),
        ("partition", b"2"),
        ("offset", b"41"),
        ("group", b"workers"),
        ("delivery.count", b"5"),
        ("message", b"Offset delivery count exceeded the threshold."),
    )
)


def test_connect_is_read() -> None:
    read = letter(("trace", b"1"), *connect())
    assert (read.family, read.source_topic, read.source_partition, read.source_offset) == ("connect", "erp.orders", 3, 1044)
    assert (read.code, read.error_class) == ("DataException", "org.apache.kafka.connect.errors.DataException")
    assert (read.stage, read.app_id) == ("VALUE_CONVERTER", "jdbc-sink-2")
    assert read.message == "Failed to deserialize data for topic erp.orders to Avro:"
    assert (read.failed_ms, read.value, read.key) == (AT, b"value", b"key")


def test_kafka_streams_is_read() -> None:
    read = letter(*STREAMS)
    assert (read.family, read.source_topic, read.source_partition, read.source_offset) == ("streams", "orders", 0, 17)
    assert (read.code, read.message) == ("SerializationException", "Size of data received by LongDeserializer is not 8")


def test_the_older_error_headers_of_streams_applications_are_read() -> None:
    old = (
        ("__streams.errors.topic", b"orders"),
        ("__streams.errors.partition", b"1"),
        ("__streams.errors.offset", b"2"),
        ("__streams.errors.description", b"enrich"),
        ("__streams.errors.exception.class.name", b"java.lang.NullPointerException"),
        ("__streams.errors.exception.message", b"customer"),
        ("__streams.errors.exception.stack_trace", STACK.encode()),
    )
    read = letter(*old)
    assert (read.family, read.code, read.stage, read.message) == ("streams", "NullPointerException", "enrich", "customer")


def test_spring_numbers_are_binary() -> None:
    read = letter(*SPRING)
    assert (read.family, read.source_topic, read.source_partition, read.source_offset) == ("spring", "orders", 7, 1_234_567)
    assert (read.source_timestamp, read.app_id) == (AT - 5_000, "billing")


def test_spring_is_grouped_by_the_cause_not_by_the_listener() -> None:
    assert letter(*SPRING).code == "IllegalStateException"


def test_spring_numbers_that_somebody_wrote_as_text_are_read_too() -> None:
    other = {"kafka_dlt-original-partition": b"1234", "kafka_dlt-original-offset": b"12345678"}
    read = letter(*((name, other.get(name, value)) for name, value in SPRING))
    assert (read.source_partition, read.source_offset) == (1234, 12_345_678)


def test_spring_retry_topics_say_the_attempt_and_the_first_time() -> None:
    first = (AT - 60_000).to_bytes(6, "big")  # as BigInteger.toByteArray gives it
    read = letter(*SPRING, ("retry_topic-attempts", struct.pack(">i", 4)), ("retry_topic-original-timestamp", first))
    assert (read.attempt, read.source_timestamp) == (4, AT - 60_000)


def test_a_key_that_spring_could_not_read_is_read() -> None:
    read = letter(
        ("kafka_dlt-original-topic", b"orders"),
        ("kafka_dlt-key-exception-fqcn", b"org.springframework.kafka.support.serializer.DeserializationException"),
        ("kafka_dlt-key-exception-message", b"bad key"),
    )
    assert (read.stage, read.code, read.message) == ("key", "DeserializationException", "bad key")


def test_smallrye_is_read() -> None:
    read = letter(*SMALLRYE)
    assert (read.family, read.source_topic, read.source_partition, read.source_offset) == ("smallrye", "prices", 4, 55)
    assert (read.code, read.message) == ("PersistenceException", "could not be stored")


def test_of_a_record_that_smallrye_refused_twice_the_newer_failure_counts() -> None:
    older = (("dead-letter-reason", b"older"), ("dead-letter-topic", b"other"))
    assert letter(*SMALLRYE, *older).message == "could not be stored"


def test_a_delayed_retry_of_smallrye_is_read() -> None:
    read = letter(
        ("delayed-retry-count", b"2"),
        ("delayed-retry-original-timestamp", str(AT - 1).encode()),
        ("delayed-retry-reason", b"timeout"),
        ("delayed-retry-exception-class-name", b"java.util.concurrent.TimeoutException"),
        ("delayed-retry-topic", b"prices"),
        ("delayed-retry-partition", b"0"),
        ("delayed-retry-offset", b"8"),
    )
    assert (read.family, read.attempt, read.source_timestamp, read.code) == ("smallrye", 3, AT - 1, "TimeoutException")


def test_a_share_groups_letter_is_read_without_its_record() -> None:
    read = letter(*SHARE_GROUP, value=None)
    assert (read.family, read.source_topic, read.source_partition, read.source_offset) == ("share-group", "jobs", 2, 41)
    assert (read.code, read.attempt, read.app_id) == ("DELIVERY_COUNT_EXCEEDED", 5, "workers")


def test_a_rejected_record_of_a_share_group_has_a_code_of_its_own() -> None:
    rejected = (*SHARE_GROUP[:-1], ("__dlq.errors.message", b"Offset rejected by client."))
    assert letter(*rejected).code == "REJECTED_BY_CLIENT"


def test_of_two_frameworks_the_last_one_to_write_is_the_one() -> None:
    assert letter(*STREAMS, *connect()).family == "connect"
    assert letter(*connect(), *STREAMS).family == "streams"


def test_a_letter_without_any_known_header_is_unknown() -> None:
    assert letter(("tenant", b"north")).family == "unknown"


def test_two_applications_that_refuse_one_record_write_two_letters() -> None:
    assert letter(*connect(), offset=1).id != letter(*connect(), offset=2).id
    assert letter(*connect(), offset=1).id == letter(*connect(), offset=1).id


def test_failures_of_one_kind_have_one_fingerprint() -> None:
    again = letter(*connect(offset=b"99", **{"exception.message": b"other words"}))
    assert again.fingerprint == letter(*connect()).fingerprint
    assert letter(*connect(**{"exception.class.name": b"java.lang.Other"})).fingerprint != again.fingerprint


@pytest.mark.parametrize("bad", [b"", b"\xff\xfe\x00", b"-1", b"x" * 5000, b"9" * 400, "٣".encode()])
def test_a_number_that_is_none_is_left_out(bad: bytes) -> None:
    read = letter(*connect(partition=bad))
    assert (read.source_partition, read.source_offset) == (None, 1044)


PREFIXES = [prefix for foreign in FOREIGN.values() for prefix in foreign.prefixes]
KNOWN = [name for name, _ in (*connect(), *STREAMS, *SPRING, *SMALLRYE, *SHARE_GROUP)]
NAMES = st.sampled_from(KNOWN) | st.builds(str.__add__, st.sampled_from(PREFIXES), st.text(max_size=8)) | st.text(max_size=8)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=40)), max_size=12), st.none() | st.binary(max_size=8))
def test_no_headers_break_the_reader(headers: list[tuple[str, bytes]], value: bytes | None) -> None:
    read = letter(*headers, value=value)
    assert read.id and read.headers == tuple(headers) and read.value == value
