"""No bytes make the normalize hop raise: each record ends as statements that can be read back, or as an explained dead letter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.contracts.messages import decode
from streams.deadletter.reasons import CATALOGUE
from streams.hop import DeadLetter, RawRecord
from streams.hops import normalize
from streams.normalize.detect import FORMATS
from streams.offline.memory import MemoryRows
from streams.topics import CARRIER_RAW, ERP_RAW, TERMS, TMS_RAW, WMS_RAW
from tests.unit.normalize.records import EVERY as OWN
from tests.unit.normalize.records import X12_214
from tests.unit.normalize.vendors import SNAPSHOTS, TOLD_OTHERWISE, VENDORS

pytestmark = pytest.mark.property

OTHERS = [*VENDORS, *SNAPSHOTS, *TOLD_OTHERWISE]
EVERY = [*OWN, *((vendor.topic, vendor.record()) for vendor in OTHERS)]
XML = [(vendor.topic, xml) for vendor in OTHERS if (xml := vendor.xml()) is not None]
READ = (("system", b"S4HCLNT100"), ("as_of", b"2026-06-01T12:00:00Z"), ("zone", b"Europe/Berlin"))
"""Headers of documents that were fetched."""

HOP = normalize.hop(max_record_bytes=50_000)
TIMESTAMP = 1_780_322_400_000
QUICK = settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
LONG = settings(QUICK, max_examples=35_000)

topics = st.sampled_from([ERP_RAW, WMS_RAW, TMS_RAW, CARRIER_RAW, TERMS, "t.erp.raw", "elsewhere"])
formats = st.one_of(st.none(), st.sampled_from([name.encode() for name in FORMATS]), st.binary(max_size=40))
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals().map(str),
    st.text(max_size=40),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.sampled_from(["", "\x00", "0", "-1", "9" * 70, "1e999", "NaN", "\ufeff", "a:b"]),
    st.sampled_from(["1.234,56", "1,234", "5.000-", "00000000", "/Date(99999999999999)/", "/Date(-1)/", "PT99H", "20260601", "ZZ"]),
    st.sampled_from(["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "DELIVERED", "order.released"]),
    st.lists(st.none() | st.integers() | st.text(max_size=5), max_size=4),
    st.dictionaries(st.text(max_size=8), st.none() | st.text(max_size=8), max_size=3),
)


def paths(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document, the whole of it included."""
    found = [here]
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        found += paths(value, (*here, key))
    return found


SEGMENTS = [*X12_214["segments"], "AT7*OO*NS***20260601*0815*LT", "AT7*", "B10", "AT7*X6*AO*AB**20260601", "L11*1*QN", "", "*", "AT7"]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A valid record of any type with a few of its fields replaced, removed, repeated or renamed."""
    topic, record = draw(st.sampled_from(EVERY))
    whole: Any = json.loads(json.dumps(record))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(paths(whole)))
        if not path:
            if draw(st.booleans()):
                whole = [whole] * draw(st.integers(0, 3))
            continue
        parent = whole
        for step in path[:-1]:
            parent = parent[step]
        match draw(st.sampled_from(["replace", "remove", "repeat", "rename"])):
            case "replace":
                parent[path[-1]] = draw(odd)
            case "remove":
                del parent[path[-1]]
            case "repeat":
                parent[path[-1]] = [parent[path[-1]]] * 3
            case "rename" if isinstance(parent, dict):
                parent[draw(st.text(max_size=8))] = parent.pop(path[-1])
    return topic, json.dumps(whole).encode()


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A valid record, cut, or with bytes flipped or put in."""
    topic, record = draw(st.sampled_from(EVERY))
    data = bytearray(json.dumps(record).encode())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["cut", "flip", "insert"])):
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case _:
                data[at:at] = draw(st.binary(max_size=6))
    return topic, bytes(data)


MARKUP = [
    b"<",
    b">",
    b"&amp;",
    b"&x;",
    b"<!DOCTYPE a>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"<?x?>",
    b"</IDOC>",
    b"<IDOC>",
    b"&#0;",
    b"\xff",
    b"<a><a>",
]


@st.composite
def damaged_xml(draw: st.DrawFn) -> tuple[str, bytes]:
    """A valid XML record, cut, with bytes flipped, or with markup put in where text or another element was."""
    topic, xml = draw(st.sampled_from(XML))
    data = bytearray(xml)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["cut", "flip", "insert", "text"])):
            case "cut":
                del data[at : at + draw(st.integers(1, 200))]
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "text" if b">" in data[at:]:
                start = data.index(b">", at) + 1
                end = data.find(b"<", start)
                data[start : end if end >= 0 else None] = draw(st.text(max_size=12)).encode(errors="replace")
            case _:
                data[at:at] = draw(st.sampled_from(MARKUP))
    return topic, bytes(data)


def read(topic: str, value: bytes | None, format: bytes | None = None, may_say_nothing: bool = False) -> None:
    headers = READ if format is None else (("format", format), *READ)
    record = RawRecord(topic, 0, 0, TIMESTAMP, None, value, headers)
    emissions = HOP.run(MemoryRows(None), [record])
    assert emissions or may_say_nothing
    for emission in emissions:
        if isinstance(emission, DeadLetter):
            assert emission.reason in CATALOGUE
            assert 0 < len(emission.message) < 1_500
            assert emission.record is record
            emission.message.encode()
            "".join(emission.order_ids).encode()
        else:
            assert emission.key
            decode(emission.value or b"")


@QUICK
@given(mutated(), formats)
def test_a_record_with_broken_fields_is_read_or_refused(record: tuple[str, bytes], format: bytes | None) -> None:
    read(*record, format)


@QUICK
@given(damaged())
def test_a_record_with_broken_bytes_is_read_or_refused(record: tuple[str, bytes]) -> None:
    read(*record)


@QUICK
@given(damaged_xml(), st.none() | st.sampled_from([b"sap.orders05.v1", b"sap.delvry07.v1", b"sap.invoic02.v1", b"otm.transmission.v1"]))
def test_damaged_xml_is_read_or_refused(record: tuple[str, bytes], format: bytes | None) -> None:
    read(*record, format)


@QUICK
@given(topics, st.binary(max_size=200) | st.none() | odd.map(lambda value: json.dumps(value).encode()), formats)
def test_any_bytes_are_read_or_refused(topic: str, value: bytes | None, format: bytes | None) -> None:
    read(topic, value, format)


@QUICK
@given(
    st.lists(st.sampled_from(SEGMENTS) | st.text(max_size=30) | odd, max_size=8),
    st.sampled_from(["004010", "003070", "003072", "005010X1", "1"]),
    odd,
)
def test_any_segments_of_a_214_are_read_or_refused(segments: list[Any], version: str, zone: Any) -> None:
    record = X12_214 | {"segments": ["ST*214*1", *segments], "version": version, "zone": zone}
    read(CARRIER_RAW, json.dumps(record).encode(), b"x12.214", may_say_nothing=True)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@LONG
@given(mutated(), formats)
def test_a_record_with_broken_fields_is_read_or_refused_long(record: tuple[str, bytes], format: bytes | None) -> None:
    read(*record, format)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@LONG
@given(damaged())
def test_a_record_with_broken_bytes_is_read_or_refused_long(record: tuple[str, bytes]) -> None:
    read(*record)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@LONG
@given(damaged_xml(), st.none() | st.sampled_from([b"sap.orders05.v1", b"sap.delvry07.v1", b"sap.invoic02.v1", b"otm.transmission.v1"]))
def test_damaged_xml_is_read_or_refused_long(record: tuple[str, bytes], format: bytes | None) -> None:
    read(*record, format)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@LONG
@given(topics, st.binary(max_size=200) | st.none() | odd.map(lambda value: json.dumps(value).encode()), formats)
def test_any_bytes_are_read_or_refused_long(topic: str, value: bytes | None, format: bytes | None) -> None:
    read(topic, value, format)
