"""The normalize hop: any bytes in, statements or explained dead letters out."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import fastavro
import pytest

from streams.contracts.messages import decode
from streams.contracts.registry import embedded
from streams.contracts.wire import prefix
from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Event
from streams.hop import DeadLetter, Output, RawRecord
from streams.hops import normalize
from streams.normalize.detect import FORMATS
from streams.offline.memory import MemoryRows
from streams.topics import CARRIER_RAW, ERP_RAW, REFERENCE_DATA, REPLAY_TOPICS, TERMS, TMS_RAW, WMS_RAW
from tests.unit.normalize.reading import emitted, event, messages, outputs, raw, refusal, refusals
from tests.unit.normalize.records import CARRIER_HEAD, ERP_HEAD, EVERY, LINES, ORDER, UPS, WMS_HEAD

PICKED = {**WMS_HEAD, "type": "pick.completed", "lines": LINES}
SCAN = {**CARRIER_HEAD, "code": "IN_TRANSIT"}
IDS = [f"{topic} {record.get('type', record.get('code', 'record'))}" for topic, record in EVERY]


def avro(name: str, record: dict[str, Any]) -> bytes:
    """A record in Confluent's wire format, by the embedded registry."""
    schema = embedded().newest(name)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema.parsed, record)
    return prefix(schema.id) + out.getvalue()


def test_it_reads_all_raw_topics_the_terms_and_what_is_replayed_and_keeps_nothing() -> None:
    hop = normalize.hop(1_000)
    assert set(hop.sources) == {ERP_RAW, WMS_RAW, TMS_RAW, CARRIER_RAW, TERMS, REFERENCE_DATA, *REPLAY_TOPICS}
    assert hop.codec is None
    assert hop.tick is None


@pytest.mark.parametrize(("topic", "record"), EVERY, ids=IDS)
def test_every_shape_is_known_by_its_topic_with_or_without_a_prefix(topic: str, record: dict[str, Any]) -> None:
    said = [output.value for output in outputs(topic, record)]
    assert said
    prefixed = [emission for emission in emitted(raw(f"eu-west.{topic}", record)) if isinstance(emission, Output)]
    assert len(prefixed) == len(said)


@pytest.mark.parametrize(("topic", "record"), EVERY, ids=IDS)
def test_the_same_record_gives_the_same_bytes_whenever_it_is_read(topic: str, record: dict[str, Any]) -> None:
    assert emitted(raw(topic, record)) == emitted(raw(topic, record))


def test_a_header_decides_before_topic_and_shape() -> None:
    said = event(CARRIER_RAW, PICKED, {"format": "milepost.wms.v1"})
    assert said.order_id == "1000:4711"
    assert event("something.else", SCAN, {"format": "milepost.carrier.v1"}).references == ("tracking:BLPX:BLP123DE",)


def test_an_unknown_format_is_explained_by_what_was_seen_and_what_is_known() -> None:
    letter = refusal(CARRIER_RAW, [{"eventType": "SHIPMENT"}, {"eventType": "TRANSPORT"}], {"format": "vendor.unheard-of.v1"})
    assert (letter.stage, letter.reason) == (Stage.DETECT, Reason.UNKNOWN_FORMAT)
    assert "'vendor.unheard-of.v1'" in letter.message
    assert all(format in letter.message for format in FORMATS)


def test_a_shape_that_nobody_knows_is_explained_by_its_fields() -> None:
    letter = refusal(CARRIER_RAW, {"eventID": "1", "eventType": "SHIPMENT"})
    assert letter.reason is Reason.UNKNOWN_FORMAT
    assert "'eventID', 'eventType'" in letter.message
    assert refusal(ERP_RAW, {}).message.startswith("no format header, and on erp.raw no shape has the fields none")
    assert "topic 'cms.raw'" in refusal("cms.raw", {"a": 1}).message


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.TOMBSTONE),
        (b"", Reason.ENVELOPE_INVALID),
        (b"{", Reason.ENVELOPE_INVALID),
        (b'{"a":NaN}', Reason.ENVELOPE_INVALID),
        (b"hello", Reason.ENVELOPE_INVALID),
        (b"\xff\xfe{\x00}\x00", Reason.ENVELOPE_INVALID),
        (b'"\\ud800"', Reason.ENVELOPE_INVALID),
        (b"17", Reason.ENVELOPE_INVALID),
        (b"null", Reason.ENVELOPE_INVALID),
        (b"[]", Reason.ENVELOPE_INVALID),
        (b"[" * 50_000, Reason.ENVELOPE_INVALID),
        (b"[" * 40_000 + b"]" * 40_000, Reason.ENVELOPE_INVALID),
        (b'{"order":' + b"9" * 9_000 + b"}", Reason.ENVELOPE_INVALID),
        (b"\x00", Reason.BAD_WIRE_FORMAT),
        (b"\x00\x00\x00\x00\x07body", Reason.UNKNOWN_SCHEMA),
        (b"x" * 100_001, Reason.OVERSIZED),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_record_is_refused_with_its_bytes(value: bytes | None, reason: Reason) -> None:
    letter = refusal(ERP_RAW, value)
    assert (letter.stage, letter.reason) == (Stage.DECODE, reason)
    assert letter.record.value == value
    assert len(letter.message) < 500


@pytest.mark.parametrize("item", [3, "x", None, True, []])
def test_a_list_of_something_else_is_refused(item: Any) -> None:
    assert refusal(CARRIER_RAW, [item]).reason is Reason.ENVELOPE_INVALID


def test_a_byte_order_mark_is_forgiven() -> None:
    assert event(WMS_RAW, b"\xef\xbb\xbf" + json.dumps(PICKED).encode()).order_id == "1000:4711"


def test_a_value_may_be_a_list_of_records_of_one_or_several_shapes() -> None:
    said = messages(CARRIER_RAW, [SCAN, UPS, {**SCAN, "code": "DELIVERED"}])
    assert [message.lineage.format for message in said if isinstance(message, Event)] == [
        "milepost.carrier.v1",
        "ups.track-alert.v2",
        "milepost.carrier.v1",
    ]


def test_a_bad_record_in_a_list_does_not_take_its_neighbours_along() -> None:
    found = emitted(raw(CARRIER_RAW, [SCAN, {**SCAN, "code": "BEAMED_UP"}, {**SCAN, "at": "soon"}, UPS]))
    letters = [emission for emission in found if isinstance(emission, DeadLetter)]
    assert len(found) == 3
    assert [letter.message for letter in letters] == [
        "2 of a list of 4 refused; [1]: code 'BEAMED_UP' has no row in the map of milepost.carrier.v1"
    ]


def test_each_order_of_a_lists_bad_records_is_held() -> None:
    bad = [{**PICKED, "order": order, "at": "soon"} for order in ("1", "2", "1")]
    (letter,) = refusals(WMS_RAW, bad)
    assert letter.order_ids == ("1000:1", "1000:2")
    assert letter.record.value == json.dumps(bad).encode()


def test_a_list_that_is_too_long_is_refused_whole() -> None:
    assert refusal(CARRIER_RAW, [1] * (normalize.MOST_RECORDS + 1)).message == "the value is a list of 1001 records; 1 to 1000 are taken"


def test_a_refused_record_is_kept_once_however_many_orders_it_names() -> None:
    value = json.dumps([{**PICKED, "order": str(number), "at": "soon", "pad": "x" * 900} for number in range(1, 901)]).encode()
    (letter,) = normalize.hop(2_000_000).run(MemoryRows(None), [RawRecord(WMS_RAW, 0, 0, 1_780_000_000_000, None, value)])
    assert isinstance(letter, DeadLetter)
    assert len(letter.order_ids) == 900


@pytest.mark.parametrize(
    "value",
    [
        {**ERP_HEAD, "type": "order.teleported"},
        {**ERP_HEAD, "type": "order.released"},
        {"company": 1000, "order": 4711},
        {**ERP_HEAD, **ORDER, "type": "order.released", "lines": "all of them"},
        {"company": " 1000 ", "order": "4711 ", "type": None},
    ],
)
def test_the_order_is_named_whenever_it_can_be_read(value: dict[str, Any]) -> None:
    assert refusal(ERP_RAW, value).order_ids == ("1000:4711",)


@pytest.mark.parametrize(
    "value",
    [
        {"company": "1000"},
        {"company": True, "order": "1"},
        {"company": "1000", "order": ["1"]},
        {"company": "a:b", "order": "1"},
        {"company": "1000", "order": "1\n2"},
        {"company": "1000", "order": "x" * 65},
        {"company": "", "order": "1"},
        {"orders": 3},
        {"orders": [3, {"company": "1000"}]},
    ],
)
def test_no_order_is_made_up_where_none_can_be_read(value: dict[str, Any]) -> None:
    assert refusal(ERP_RAW, value).order_ids == ()


def test_messages_show_bad_values_in_bounded_length() -> None:
    letter = refusal(ERP_RAW, {**ERP_HEAD, **ORDER, "type": "order.released", "currency": "x" * 50_000, "terms": list(range(5_000))})
    assert "currency: " in letter.message
    assert len(letter.message) < 800


@pytest.mark.parametrize("timestamp", [-1, 0, 1_780_322_400, 1_780_322_400_000_000, 2**63 - 1])
def test_a_record_whose_own_timestamp_is_no_milliseconds_is_refused(timestamp: int) -> None:
    (letter,) = emitted(raw(WMS_RAW, PICKED)._replace(timestamp=timestamp))
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.order_ids) == (Reason.TIME_INVALID, ("1000:4711",))
    assert str(timestamp) in letter.message


def test_outputs_carry_the_time_of_the_raw_record() -> None:
    record = raw(WMS_RAW, PICKED)
    (output,) = emitted(record)
    assert isinstance(output, Output)
    assert output.timestamp == record.timestamp


AVRO_PICK = {**WMS_HEAD, "type": "pick.completed", "lines": [{"line": "10", "quantity": "2.50", "uom": None}]}


def test_avro_says_the_same_as_json_and_names_its_format_itself() -> None:
    value = avro("milepost.raw.WmsRecord", AVRO_PICK)
    from_avro = event("anywhere", value)
    from_json = event(WMS_RAW, {**AVRO_PICK, "lines": [{"line": "10", "quantity": "2.50"}]})
    assert from_avro.event_id == from_json.event_id
    assert (from_avro.lines, from_avro.lineage.format) == (from_json.lines, "milepost.wms.v1")


TASK_ANSWER = {**WMS_HEAD, "type": "task.rejected", "task": "T-1", "version": 2, "text": "no such dock", "id": "A-9"}
CONSOLIDATED = {
    "type": "invoice.consolidated",
    "system": "SAP-EU",
    "at": WMS_HEAD["at"],
    "invoice": "90001",
    "currency": "EUR",
    "total": "151.00",
    "orders": [
        {"company": "1000", "order": "4711", "amount": "100.00", "lines": [{"line": "10", "quantity": "5"}]},
        {"company": "1000", "order": "4712", "amount": "50.00", "release_id": "R-1"},
    ],
}


@pytest.mark.parametrize(
    ("name", "topic", "value"),
    [("milepost.raw.TaskAnswer", WMS_RAW, TASK_ANSWER), ("milepost.raw.ConsolidatedInvoice", ERP_RAW, CONSOLIDATED)],
)
def test_answers_and_consolidated_invoices_say_the_same_in_avro(name: str, topic: str, value: dict[str, Any]) -> None:
    from_json = [decode(output.value or b"") for output in emitted(raw(topic, value)) if isinstance(output, Output)]
    from_avro = [decode(output.value or b"") for output in emitted(raw("anywhere", avro(name, value))) if isinstance(output, Output)]
    assert len(from_json) == len(value.get("orders", "1"))
    for one, other in zip(from_avro, from_json, strict=True):
        assert isinstance(one, Event) and isinstance(other, Event)
        assert one == replace(other, lineage=replace(other.lineage, topic="anywhere"))


def test_an_invalid_avro_record_names_its_order_too() -> None:
    letter = refusal(WMS_RAW, avro("milepost.raw.WmsRecord", {**AVRO_PICK, "at": "soon"}))
    assert (letter.reason, letter.order_ids) == (Reason.TIME_INVALID, ("1000:4711",))


def test_an_avro_record_that_is_no_raw_shape_is_an_unknown_format() -> None:
    letter = refusal(WMS_RAW, avro("milepost.pipeline.Tick", {"due": 0, "key": "x"}))
    assert letter.reason is Reason.UNKNOWN_FORMAT
    assert "milepost.pipeline.Tick" in letter.message


def test_what_it_says_can_be_read_back() -> None:
    for topic, record in EVERY:
        for output in outputs(topic, record):
            assert decode(output.value or b"")
