"""No bytes make the X12 reader or its acknowledgements raise, take long, or let a transaction through whose envelope does not hold."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.edi.raw import raw_record
from connectors.edi.x12.acknowledge import Functional, functional, interchange_acknowledgement
from connectors.edi.x12.limits import Limits
from connectors.edi.x12.reading import Reading
from streams.contracts.messages import decode
from streams.deadletter.reasons import CATALOGUE
from streams.hop import DeadLetter, RawRecord
from streams.hops import normalize
from streams.offline.memory import MemoryRows
from tests.unit.edi.files import DELIVERED, MOVED, TWO, data, group, interchange, isa, transaction

pytestmark = pytest.mark.property

AT = datetime(2026, 6, 1, 14, 30, tzinfo=UTC)
HOP = normalize.hop(max_record_bytes=1_000_000)
QUICK = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
LONG = settings(QUICK, max_examples=35_000)

WHOLE = [
    data(TWO),
    data(TWO, "\u00a7"),
    data(interchange([group([transaction(MOVED)], version="003070")], version="00501", repetition="^"), "\r\n") + data(TWO),
    data([isa(), "TA1*000000055*260601*1402*A*000", "IEA*0*000000101"]),
    data(interchange([group([transaction(DELIVERED)], "1"), group([transaction(["AK1*PO*1", "AK9*A*1*1*1"], set="997")], "2", kind="FA")])),
]
PIECES = [b"ISA", b"ST*214*", b"SE*", b"GE*1*7", b"IEA*1*", b"AT7*", b"~", b"\r\n", b"*", b"\xff", b"\xc2", b"\x00", b"9" * 30, b"*" * 250]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound file with parts cut, flipped, repeated or put in."""
    content = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.sampled_from(["cut", "flip", "insert", "repeat"])):
            case "cut":
                del content[at : at + draw(st.integers(1, 60))]
            case "flip" if content:
                content[at] ^= 1 << draw(st.integers(0, 7))
            case "repeat":
                content[at:at] = content[at : at + draw(st.integers(1, 200))]
            case _:
                content[at:at] = draw(st.sampled_from(PIECES) | st.binary(max_size=6))
    return bytes(content)


def read(content: bytes) -> None:
    reading = Reading(io.BytesIO(content), Limits(segment_chars=500, transaction_segments=50))
    taken = list(reading.transactions())
    for found in reading.interchanges:
        for written in (
            interchange_acknowledgement(found, AT, 1),
            functional(found, AT, 2),
            functional(found, AT, 3, Functional.S999),
        ):
            assert written is None or written.startswith(b"ISA")
    for each in taken:
        assert each.accepted
        assert each.count == len(each.segments)
        record = raw_record(each, AT)
        if record is None:
            continue
        for emission in HOP.run(MemoryRows(None), [RawRecord(record.topic, 0, 0, record.timestamp, None, record.value, record.headers)]):
            if isinstance(emission, DeadLetter):
                assert emission.reason in CATALOGUE
                assert 0 < len(emission.message) < 1_500
            else:
                decode(emission.value or b"")


@QUICK
@given(damaged())
def test_a_damaged_file_is_read_or_refused(content: bytes) -> None:
    read(content)


@QUICK
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=20).map(b"".join))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read(isa().encode() + b"~" + content)
    read(content)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@LONG
@given(damaged())
def test_a_damaged_file_is_read_or_refused_long(content: bytes) -> None:
    read(content)


@pytest.mark.parametrize(
    "filler", [b"ISA", b"~", b"\n", b"*", b"A", b"ST*214*1~", b"ISA*", b"GS*QM~", b"\xff", isa().encode() + b"~", b"TA1~", b" ~"]
)
@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.timeout(60)
def test_a_large_file_of_nothing_but_filler_is_read_to_its_end(filler: bytes, opened: bool) -> None:
    begin = isa().encode() + b"~GS*QM*A*B*20260601*1402*7*X*004010~" if opened else b""
    content = begin + filler * (300_000 // len(filler))  # a second or two; hours if it were read again from each place
    list(Reading(content).transactions())
