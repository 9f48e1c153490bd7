"""Messages of the pipeline's own topics: written and read without loss, and as any Avro library would."""

from __future__ import annotations

import copy
import dataclasses
from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_reader, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.codec import compile_reader, compile_writer
from streams.contracts.messages import Message, decode, encode
from streams.contracts.registry import Schema, embedded, make_schema
from streams.contracts.wire import WireError, prefix
from streams.deadletter.reasons import Reason
from streams.domain.event import Event, Tick
from tests.unit.contracts.samples import ANY_MESSAGE, EVERYTHING, GOODS_ISSUED, MESSAGES, TICK, plain


def reason_of(data: bytes) -> Reason | None:
    try:
        decode(data)
    except WireError as error:
        return error.reason
    return None


def schema_of(message: Message) -> Schema:
    return embedded().newest(f"milepost.pipeline.{type(message).__name__}")


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    assert decode(encode(message)) == message


@pytest.mark.property
@given(ANY_MESSAGE)
def test_any_message_comes_back_as_it_was(message: Message) -> None:
    assert decode(encode(message)) == message


@pytest.mark.property
@given(ANY_MESSAGE)
def test_the_bytes_are_those_that_fastavro_writes_and_reads(message: Message) -> None:
    schema, data = schema_of(message), encode(message)

    theirs = BytesIO(prefix(schema.id))
    theirs.seek(5)
    schemaless_writer(theirs, schema.parsed, plain(message))

    assert data == theirs.getvalue()
    assert schemaless_reader(BytesIO(data[5:]), schema.parsed, None) == plain(message)


def test_a_text_longer_than_the_table_of_lengths_comes_back() -> None:
    message = dataclasses.replace(GOODS_ISSUED, case_id="ü" * 20_000)

    assert decode(encode(message)) == message


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_that_is_cut_short_is_refused(message: Message) -> None:
    data = encode(message)

    for end in range(len(data)):
        with pytest.raises(WireError) as refused:
            decode(data[:end])
        assert refused.value.reason is Reason.BAD_WIRE_FORMAT


def test_bytes_after_the_end_are_refused() -> None:
    with pytest.raises(WireError, match="1 bytes follow its end"):
        decode(encode(TICK) + b"\x00")


@pytest.mark.property
@given(st.sampled_from(MESSAGES), st.data())
def test_broken_bytes_are_refused_or_read_but_never_raise_anything_else(message: Message, data: st.DataObject) -> None:
    broken = bytearray(encode(message))
    for at in data.draw(st.lists(st.integers(5, len(broken) - 1), min_size=1, max_size=4)):
        broken[at] = data.draw(st.integers(0, 255))

    assert reason_of(bytes(broken)) in (None, Reason.BAD_WIRE_FORMAT)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"\x00\x00\x00\x00\x07", Reason.UNKNOWN_SCHEMA),
        (prefix(embedded().newest("milepost.ShipmentStatus").id), Reason.UNKNOWN_SCHEMA),
        (b"\x02\x00\x00\x00\x07", Reason.BAD_WIRE_FORMAT),
        (b'{"a"', Reason.BAD_WIRE_FORMAT),
        (b"\x01" + b"\x07" * 16, Reason.BAD_WIRE_FORMAT),
        (b"", Reason.BAD_WIRE_FORMAT),
    ],
)
def test_what_is_no_message_of_ours_is_refused_with_its_reason(head: bytes, reason: Reason) -> None:
    with pytest.raises(WireError) as refused:
        decode(head + encode(TICK)[5:])

    assert refused.value.reason is reason


def with_fields(schema: Schema, *fields: dict[str, Any]) -> Schema:
    definition = copy.deepcopy(schema.definition)
    definition["fields"] += fields
    return make_schema(definition, schema.id + 1)


def test_a_worker_reads_what_a_newer_version_wrote_and_leaves_what_it_does_not_know() -> None:
    newer = with_fields(
        schema_of(EVERYTHING), {"name": "weather", "type": "string"}, {"name": "stops", "type": {"type": "array", "items": "long"}}
    )
    body = BytesIO()
    schemaless_writer(body, newer.parsed, plain(EVERYTHING) | {"weather": "hail", "stops": [1, 2, 3]})

    assert decode(prefix(newer.id) + body.getvalue()) == EVERYTHING


def test_a_newer_version_that_is_cut_short_is_refused() -> None:
    newer = schema_of(TICK).id + 1

    with pytest.raises(WireError):
        decode(prefix(newer) + encode(TICK)[5:-1])


def test_what_an_older_version_did_not_have_gets_its_default() -> None:
    definition = copy.deepcopy(schema_of(GOODS_ISSUED).definition)
    definition["fields"] = [field for field in definition["fields"] if field["name"] not in ("packages", "traceparent")]
    older = make_schema(definition, 1)
    body = compile_writer(older.parsed, Event)(GOODS_ISSUED)

    read, end = compile_reader(older.parsed, Event)(body, 0)

    assert read == dataclasses.replace(GOODS_ISSUED, packages=(), traceparent="")
    assert end == len(body)


def test_a_schema_that_does_not_fit_its_class_is_refused_when_the_functions_are_made() -> None:
    stranger = with_fields(schema_of(TICK), {"name": "stranger", "type": "string"})
    lacking = make_schema({"type": "record", "name": "Tick", "fields": [{"name": "key", "type": "string"}]}, 1)
    double = make_schema({"type": "record", "name": "T", "fields": [{"name": "key", "type": "double"}]}, 1)

    with pytest.raises(TypeError, match="Tick has no field stranger"):
        compile_reader(stranger.parsed, Tick)
    with pytest.raises(TypeError, match="Tick has no field stranger"):
        compile_writer(stranger.parsed, Tick)
    with pytest.raises(TypeError, match="schema Tick has no field due, and Tick no default for it"):
        compile_reader(lacking.parsed, Tick)
    with pytest.raises(TypeError, match="double"):
        compile_writer(double.parsed)


def test_arrays_in_several_blocks_with_sizes_are_read() -> None:
    """Other writers may split arrays (negative count, then the block's size in bytes)."""
    schema = make_schema({"type": "record", "name": "R", "fields": [{"name": "items", "type": {"type": "array", "items": "string"}}]}, 1)

    @dataclasses.dataclass
    class Items:
        items: tuple[str, ...]

    Items.__annotations__ = {"items": tuple[str, ...]}
    body = b"\x03\x08\x02a\x02b" + b"\x02\x02c" + b"\x00"
    assert schemaless_reader(BytesIO(body), schema.parsed, None) == {"items": ["a", "b", "c"]}

    assert compile_reader(schema.parsed, Items)(body, 0) == (Items(("a", "b", "c")), len(body))
