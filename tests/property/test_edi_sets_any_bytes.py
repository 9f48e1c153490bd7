"""No transaction, message or bytes make an EDI adapter raise: each ends as statements, or as an explained dead letter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.edi.edifact.acknowledge import answers, contrl
from connectors.edi.edifact.envelope import Reading
from connectors.edi.edifact.limits import Limits
from connectors.edi.raw import message_record
from streams.contracts.messages import decode
from streams.deadletter.reasons import CATALOGUE, Reason
from streams.hop import DeadLetter, Output, RawRecord
from streams.hops import normalize
from streams.offline.memory import MemoryRows
from tests.unit.normalize.edi_sets import BODIES, IFTSTA, INVOIC, PARTNER, TAKEN, message, record

pytestmark = pytest.mark.property

HOP = normalize.hop(max_record_bytes=1_000_000)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
LONG = settings(QUICK, max_examples=35_000)

RECORDS = [*(record(name) for name in sorted(BODIES)), message(IFTSTA), message(INVOIC)]
WHOLE = [IFTSTA.encode(), INVOIC.encode(), b"UNA:+.? '" + (IFTSTA + INVOIC.replace("+56", "+57")).encode()]
PIECES = [
    b"UNB+",
    b"UNH+1+",
    b"UNT+",
    b"UNZ+",
    b"UNA:+.? '",
    b"STS+1+",
    b"'",
    b"?",
    b"??'",
    b"+",
    b":",
    b"\r\n",
    b"\xff",
    b"\x00",
    b"9" * 30,
]
odd = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "0", "-1", "9" * 70, "1e9", "½", "a:b", "\x00", "20261301", "991231", "ZZ", "HL", "LX", "OID"]),
)


@st.composite
def mutated(draw: st.DrawFn) -> Output:
    """A record of any set whose segments and elements were replaced, removed, repeated or moved."""
    output = draw(st.sampled_from(RECORDS))
    value: dict[str, Any] = json.loads(output.value or b"")
    segments: list[Any] = value["segments"]
    edifact = isinstance(segments[0], list)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(1, len(segments) - 1)) if len(segments) > 1 else 0
        match draw(st.sampled_from(["element", "element", "element", "remove", "repeat", "move"])):
            case "element":
                parts = segments[at] if edifact else segments[at].split("*")
                if parts:
                    parts[draw(st.integers(0, len(parts) - 1))] = draw(odd)
                segments[at] = parts if edifact else "*".join(parts)
            case "remove" if len(segments) > 2:
                del segments[at]
            case "repeat":
                segments[at:at] = [segments[at]] * draw(st.integers(1, 3))
            case _:
                segments.insert(draw(st.integers(1, len(segments))), segments[at])
    for name in draw(st.lists(st.sampled_from(["company", "zone", "currency", "sent", "version", "stops"]), max_size=1)):
        value[name] = draw(odd | st.none() | st.lists(odd, max_size=3))
    return output._replace(value=json.dumps(value).encode())


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound EDIFACT file with parts cut, flipped, repeated or put in."""
    content = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 4))):
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


def read(output: Output) -> None:
    raw = RawRecord(output.topic, 0, 0, output.timestamp, output.key, output.value, output.headers)
    emissions = HOP.run(MemoryRows(None), [raw])
    assert emissions
    for emission in emissions:
        if isinstance(emission, DeadLetter):
            assert emission.reason in CATALOGUE
            assert emission.reason is not Reason.POISON
            assert 0 < len(emission.message) < 1_500
            emission.message.encode(errors="strict")
        else:
            assert emission.key
            decode(emission.value or b"")


def read_file(content: bytes) -> None:
    reading = Reading(content, Limits(segment_chars=500, message_segments=50, messages=20))
    for interchange in reading.interchanges:
        written = contrl(interchange, TAKEN, "9")
        assert written is None or Reading(written).interchanges
    for each in reading.messages():
        answers(each)
        output = message_record(each, TAKEN, PARTNER)
        if output is not None:
            read(output)


@QUICK
@given(mutated())
def test_any_transaction_or_message_is_read_or_refused(output: Output) -> None:
    read(output)


@QUICK
@given(damaged())
def test_a_damaged_edifact_file_is_read_or_refused(content: bytes) -> None:
    read_file(content)


@QUICK
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=20).map(b"".join))
def test_any_bytes_are_read_or_refused_as_edifact(content: bytes) -> None:
    read_file(content)
    read_file(b"UNB+UNOC:3+A+B+260601:0900+1'" + content)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@LONG
@given(mutated())
def test_any_transaction_or_message_is_read_or_refused_long(output: Output) -> None:
    read(output)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@LONG
@given(damaged())
def test_a_damaged_edifact_file_is_read_or_refused_long(content: bytes) -> None:
    read_file(content)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@LONG
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=20).map(b"".join))
def test_any_bytes_are_read_or_refused_as_edifact_long(content: bytes) -> None:
    read_file(content)
    read_file(b"UNB+UNOC:3+A+B+260601:0900+1'" + content)


@pytest.mark.parametrize(
    "filler", [b"UNB", b"UNB+", b"UNA", b"'", b"?", b"?'", b"+", b":", b"UNH+1+A'", b"UNB+UNOC:3+A+B+1:2+5'", b"\n", b"\xff"]
)
@pytest.mark.parametrize("opened", [b"", b"UNB+UNOC:3+A+B+1:2+5'UNH+1+IFTSTA:D:97A:UN'"])
@pytest.mark.timeout(60)
def test_a_large_file_of_nothing_but_filler_is_read_to_its_end(filler: bytes, opened: bytes) -> None:
    Reading(opened + filler * (20_000 // len(filler)))  # a moment; hours if it were read again from each place
