"""Raw values of any producer: Avro in three forms, JSON, and what is neither."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
import pytest
from fastavro import schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.registry import Schema, UnknownSchema, embedded, fingerprint, make_schema
from streams.contracts.wire import MAX_DEPTH, SCHEMA_ID_HEADER, WireError, decode_raw, prefix
from streams.deadletter.reasons import Reason
from streams.hop import RawRecord

CARRIER = embedded().newest("milepost.raw.CarrierRecord")
SCAN = {"carrier": "UPSN", "tracking": "1Z9", "code": "DELIVERED", "at": "2026-06-01T09:15:00+02:00"}


def record(value: bytes | None, *headers: tuple[str, bytes]) -> RawRecord:
    return RawRecord("carrier.raw", 0, 7, 1_780_298_103_123, None, value, headers)


def avro(schema: Schema, value: Any) -> bytes:
    body = BytesIO()
    schemaless_writer(body, schema.parsed, value)
    return body.getvalue()


def guid_of(schema: Schema) -> bytes:
    return UUID(hex=fingerprint(schema.definition)[:32]).bytes


def refusal(value: bytes | None, *headers: tuple[str, bytes]) -> WireError:
    with pytest.raises(WireError) as refused:
        decode_raw(record(value, *headers))
    assert str(refused.value) == refused.value.message
    return refused.value


def reason_of(value: bytes) -> Reason | None:
    try:
        _, data = decode_raw(record(value))
    except WireError as error:
        return error.reason
    assert isinstance(data, (dict, list))
    return None


@dataclasses.dataclass
class OneSchema:
    """A registry that knows one schema."""

    schema: Schema

    def by_id(self, schema_id: int) -> Schema:
        if schema_id != self.schema.id:
            raise UnknownSchema(f"only {self.schema.id} is known")
        return self.schema

    def by_guid(self, guid: UUID) -> Schema:
        raise UnknownSchema(f"no schema {guid}")


class TestAvro:
    def test_magic_0_and_an_id(self) -> None:
        assert decode_raw(record(prefix(CARRIER.id) + avro(CARRIER, SCAN))) == ("milepost.carrier.v1", SCAN)

    def test_magic_1_and_a_guid(self) -> None:
        assert decode_raw(record(b"\x01" + guid_of(CARRIER) + avro(CARRIER, SCAN))) == ("milepost.carrier.v1", SCAN)

    @pytest.mark.parametrize("header", [prefix(CARRIER.id), b"\x01" + guid_of(CARRIER)], ids=["id", "guid"])
    def test_the_schema_in_a_header_and_a_bare_body(self, header: bytes) -> None:
        value = avro(CARRIER, SCAN)

        assert decode_raw(record(value, ("format", b"x"), (SCHEMA_ID_HEADER, header))) == ("milepost.carrier.v1", SCAN)

    def test_null_fields_are_left_out_at_every_depth_as_json_leaves_them_out(self) -> None:
        terms = embedded().newest("milepost.raw.BillingTerms")
        version = {"version": 1, "trigger": "on_pod", "currency": "EUR", "time_zone": "Europe/Berlin", "valid_from": "2026-01-01T00:00:00Z"}
        value = {"terms_id": "T", "versions": [version | {"valid_to": None, "partial_allowed": True, "pod_auto_confirm_days": None}]}

        _, data = decode_raw(record(prefix(terms.id) + avro(terms, value)))

        assert data == {"terms_id": "T", "versions": [version | {"partial_allowed": True}]}

    def test_a_schema_of_another_registry_gives_its_full_name(self) -> None:
        theirs = make_schema({"type": "record", "namespace": "com.vendor", "name": "Scan", "fields": [{"name": "n", "type": "int"}]}, 42)

        assert decode_raw(record(prefix(42) + avro(theirs, {"n": 1})), OneSchema(theirs)) == ("com.vendor.Scan", {"n": 1})

    def test_a_union_of_records_has_no_one_name(self) -> None:
        either = make_schema([{"type": "record", "name": "A", "fields": [{"name": "n", "type": "int"}]}, "null"], 42)

        assert decode_raw(record(prefix(42) + avro(either, {"n": 1})), OneSchema(either)) == (None, {"n": 1})

    def test_logical_types_of_others_come_as_what_they_mean(self) -> None:
        money = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
        theirs = make_schema({"type": "record", "name": "Bill", "fields": [{"name": "amount", "type": money}]}, 42)

        assert decode_raw(record(prefix(42) + avro(theirs, {"amount": Decimal("1.10")})), OneSchema(theirs))[1] == {
            "amount": Decimal("1.10")
        }

    def test_an_unknown_id_is_refused_with_that_id(self) -> None:
        refused = refusal(b"\x00\x00\x00\x00\x07rest")

        assert (refused.reason, refused.schema_id) == (Reason.UNKNOWN_SCHEMA, 7)

    def test_an_unknown_guid_is_refused(self) -> None:
        assert refusal(b"\x01" + b"\x07" * 16).reason is Reason.UNKNOWN_SCHEMA

    @pytest.mark.parametrize("value", [b"\x00", b"\x00\x01\x02", b"\x01", b"\x01" + b"\x07" * 15])
    def test_a_prefix_that_is_cut_short_is_refused(self, value: bytes) -> None:
        assert refusal(value).reason is Reason.BAD_WIRE_FORMAT

    @pytest.mark.parametrize("header", [b"", b"7", prefix(CARRIER.id) + b"x", prefix(CARRIER.id)[:-1]])
    def test_a_header_that_is_no_schema_id_is_refused(self, header: bytes) -> None:
        assert refusal(avro(CARRIER, SCAN), (SCHEMA_ID_HEADER, header)).reason is Reason.BAD_WIRE_FORMAT

    def test_every_body_that_is_cut_short_is_refused(self) -> None:
        value = prefix(CARRIER.id) + avro(CARRIER, SCAN)

        for end in range(5, len(value)):
            refused = refusal(value[:end])
            assert (refused.reason, refused.schema_id) == (Reason.BAD_WIRE_FORMAT, CARRIER.id)

    def test_bytes_after_the_record_are_refused(self) -> None:
        assert "3 bytes follow" in refusal(prefix(CARRIER.id) + avro(CARRIER, SCAN) + b"abc").message

    def test_a_schema_that_is_no_record_is_refused(self) -> None:
        text = make_schema("string", 42)

        with pytest.raises(WireError, match="Avro, but str") as refused:
            decode_raw(record(prefix(42) + avro(text, "hello")), OneSchema(text))
        assert refused.value.reason is Reason.ENVELOPE_INVALID

    @pytest.mark.property
    @given(st.binary(max_size=200))
    def test_any_bytes_behind_a_known_id_are_read_or_refused(self, body: bytes) -> None:
        assert reason_of(prefix(CARRIER.id) + body) in (None, Reason.BAD_WIRE_FORMAT)


class TestJson:
    def test_an_object_has_no_shape_of_its_own(self) -> None:
        assert decode_raw(record(orjson.dumps(SCAN))) == (None, SCAN)

    def test_a_list_is_taken(self) -> None:
        assert decode_raw(record(orjson.dumps([SCAN, SCAN]))) == (None, [SCAN, SCAN])

    def test_a_byte_order_mark_and_blanks_are_skipped(self) -> None:
        assert decode_raw(record(b'\xef\xbb\xbf \r\n{"a":1}\n')) == (None, {"a": 1})

    @pytest.mark.parametrize(
        "text",
        [
            "0.1",
            "12.50",
            "999999999999999",
            "1234567890123.12",
            "12345678901234567890.123456",
            "123456789012345678901234567890",
            "0.000000000000000001",
        ],
    )
    def test_no_digit_of_a_number_is_lost(self, text: str) -> None:
        _, data = decode_raw(record(f'{{"amount": {text}}}'.encode()))

        assert isinstance(data, dict)
        assert Decimal(str(data["amount"])) == Decimal(text)

    @pytest.mark.property
    @given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**24), max_value=10**24))
    def test_any_amount_keeps_every_digit(self, amount: Decimal) -> None:
        _, data = decode_raw(record(f'{{"amount": {amount:f}}}'.encode()))

        assert isinstance(data, dict)
        assert Decimal(str(data["amount"])) == amount

    def test_a_long_number_in_a_text_stays_text(self) -> None:
        sscc = {"sscc": "003401234567890123456789", "n": 1.5}

        _, data = decode_raw(record(orjson.dumps(sscc)))

        assert data == sscc

    def test_a_number_without_end_is_refused(self) -> None:
        assert "a number of 200 characters" in refusal(b'{"a": ' + b"9" * 200 + b"}").message
        assert refusal(b'{"a": ' + b"9" * 5000 + b"}").reason is Reason.ENVELOPE_INVALID

    def test_nesting_up_to_the_limit_is_read_and_deeper_is_refused(self) -> None:
        def nested(depth: int) -> bytes:
            return b'{"a":' * depth + b"1" + b"}" * depth

        assert decode_raw(record(nested(MAX_DEPTH)))
        refused = refusal(nested(MAX_DEPTH + 1))
        assert (refused.reason, refused.message) == (Reason.ENVELOPE_INVALID, f"JSON nested deeper than {MAX_DEPTH} levels")
        assert refusal(b"[" * 100_000).reason is Reason.ENVELOPE_INVALID
        assert refusal(b"[" * 100_000 + b"]" * 100_000).reason is Reason.ENVELOPE_INVALID

    def test_many_lines_are_not_deep(self) -> None:
        order = {"lines": [{"line": str(number), "tags": []} for number in range(500)]}

        assert decode_raw(record(orjson.dumps(order))) == (None, order)

    @pytest.mark.parametrize(
        "value",
        [
            b"", b" ", b"7", b'"text"', b"null", b"true", b"{", b'{"a":NaN}', b'{"a":1}{"b":2}', b'{"a":1}x',
            b"Obj\x01", b"\xff\xfe{\x00}\x00",
            b'{"a": "\xc3\x28"}', json.dumps({"a": 1}).encode("utf-16"), b"\x1f\x8b\x08", b"<xml>", b"UNA:+.? 'UNB+UNOC:3", b'{"a":1e999}',
        ],
    )  # fmt: skip
    def test_what_is_neither_avro_nor_a_json_document_is_refused(self, value: bytes) -> None:
        assert refusal(value).reason is Reason.ENVELOPE_INVALID

    @pytest.mark.property
    @given(st.binary(max_size=100))
    def test_any_bytes_are_read_or_refused(self, value: bytes) -> None:
        assert reason_of(value) in (None, Reason.ENVELOPE_INVALID, Reason.BAD_WIRE_FORMAT, Reason.UNKNOWN_SCHEMA)


def test_a_record_without_value_is_a_tombstone() -> None:
    assert refusal(None).reason is Reason.TOMBSTONE
