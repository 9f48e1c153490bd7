"""Transactions of every X12 set, and EDIFACT messages, written for these tests, and how they are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from connectors.edi.edifact.envelope import Reading as EdifactReading
from connectors.edi.partners import Partner
from connectors.edi.raw import message_record, raw_record
from connectors.edi.x12.reading import Reading
from streams.contracts.messages import decode
from streams.domain.event import Event, Link
from streams.hop import DeadLetter, Output, RawRecord
from streams.hops import normalize
from streams.offline.memory import MemoryRows
from tests.unit.edi.files import data, group, interchange, transaction

TAKEN = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
"""After the groups were sent, at 14:02 in Chicago."""

PARTNER = Partner(id="northwind", sender="02:OLDFREIGHT", company="1000", system="WMS-N", zone="America/Chicago", currency="USD")

BODIES: dict[str, list[str]] = {
    "940": [
        "W05*N*4711*PO-9",
        "N1*ST*STORE 7*92*S7",
        "N9*BM*BOL-77",
        "W66*PP*M*******OLDF*OLDF",
        "LX*1",
        "W01*5*EA**VN*SKU-1",
        "N9*LI*10",
        "W76*5",
    ],
    "945": [
        "W06*F*0000004711*20260601*S-77**PO-9",
        "N9*BM*BOL-77",
        "N9*CN*0012345678",
        "G62*11*20260601*A*0715",
        "W27*M*OLDF*OLD FREIGHT",
        "LX*1",
        "MAN*GM*00100000000000000011**CP*T-1",
        "W12*CC*5*5*0*EA**VN*SKU-1",
        "N9*LI*10",
        "N9*LT*LOT-A",
        "LX*2",
        "MAN*GM*00100000000000000028**CP*T-2",
        "W12*CP*4*2.5*1.5*KG**VN*SKU-2",
        "N9*LI*20",
        "W03*7.5*100*LB",
    ],
    "944": ["W17*F*20260601*RCT-5*4711*S-77*9*0830", "N1*WH*NORTH", "W07*2*EA**VN*SKU-1", "N9*LI*10", "W14*2"],
    "856": [
        "BSN*00*S-77*20260601*0730*0001",
        "HL*1**S",
        "TD5*B*2*OLDF",
        "REF*BM*BOL-77",
        "REF*CN*0012345678",
        "DTM*011*20260601*0715*CT",
        "HL*2*1*O",
        "PRF*4711",
        "HL*3*2*P",
        "MAN*GM*00100000000000000011",
        "HL*4*3*I",
        "LIN*10*SK*SKU-1",
        "SN1*10*3*EA",
        "HL*5*2*P",
        "MAN*GM*00100000000000000028",
        "HL*6*5*I",
        "SN1*10*2*EA",
        "HL*7*1*O",
        "PRF*PO-X",
        "REF*OQ*4712",
        "HL*8*7*I",
        "SN1*20*1*EA",
        "CTT*8",
    ],
    "204": [
        "B2**OLDF**80000001**PP",
        "B2A*00*LT",
        "L11*BOL-77*BM",
        "S5*1*LD",
        "OID*4711*PO-9**EA*5",
        "S5*2*PU",
        "OID*4711*PO-9**EA*5",
        "S5*3*CU",
        "OID*4712*PO-10**EA*1",
        "L3*100*G",
    ],
    "990": ["B1*OLDF*80000001*20260601*A", "N9*CN*0012345678"],
    "210": ["B3**FB-1*80000001*PP**20260601*12417**20260601*035*OLDF", "C3*USD", "N9*CN*0012345678", "L3*100*G***12417"],
    "810": ["BIG*20260601*INV-1*20260501*4711", "CUR*SE*USD", "IT1*10*5*EA*19.99", "IT1*20*2.5*KG*.1", "TDS*10020", "CTT*2"],
    "812": ["BCD*20260601*CM-1*A*2500*C**INV-1", "N9*OQ*4711", "N1*SE*MILL", "CDD*01*C"],
}

IFTSTA = (
    "UNB+UNOC:3+OLDF:02+MILLCO:ZZ+260601:0900+55++IFTSTA'UNH+1+IFTSTA:D:97A:UN'BGM+77+9+9'DTM+137:202606010900:203'NAD+CA+OLDF'"
    "CNI+1+12345678'STS+1+21'DTM+334:202606010815:203'RFF+BM:BOL-77'STS+1+48+14'DTM+334:202606010715:203'UNT+11+1'UNZ+1+55'"
)
INVOIC = (
    "UNB+UNOC:3+OLDFREIGHT:02+MILLCO:ZZ+260601:0900+56'UNH+1+INVOIC:D:96A:UN'BGM+380+INV-1+9'DTM+137:202606010830:203'RFF+ON:4711'"
    "CUX+2:EUR'LIN+10'QTY+47:5:PCE'MOA+203:99.95'LIN+20'QTY+47:2,5:KGM'MOA+203:0.25'UNS+S'MOA+77:100,20'UNT+14+1'UNZ+1+56'"
)


def record(set: str, body: list[str] | None = None, version: str = "004010", partner: Partner | None = PARTNER) -> Output:
    """The raw record of a transaction that came in a file."""
    file = data(interchange([group([transaction(BODIES[set] if body is None else body, set=set)], version=version)]))
    (found,) = Reading(file).transactions()
    output = raw_record(found, TAKEN, partner)
    assert output is not None
    return output


def message(file: str, partner: Partner | None = PARTNER) -> Output:
    """The raw record of the one message of an EDIFACT file."""
    (found,) = EdifactReading(file.encode("latin-1")).messages()
    output = message_record(found, TAKEN, partner)
    assert output is not None
    return output


def emitted(output: Output) -> list[Output | DeadLetter]:
    """What the normalize hop sends for a record."""
    raw = RawRecord(output.topic, 0, 5, output.timestamp, output.key, output.value, output.headers)
    return normalize.hop(1_000_000).run(MemoryRows(None), [raw])


def said(output: Output) -> tuple[list[Event], list[Link]]:
    """The events and links of a record that must be accepted."""
    found = emitted(output)
    refused = [letter.message for letter in found if isinstance(letter, DeadLetter)]
    assert not refused, refused
    messages = [decode(each.value or b"") for each in found if isinstance(each, Output)]
    return [each for each in messages if isinstance(each, Event)], [each for each in messages if isinstance(each, Link)]


def refused(output: Output) -> DeadLetter:
    """The one dead letter of a record that must be refused whole."""
    (letter,) = emitted(output)
    assert isinstance(letter, DeadLetter)
    return letter


def value(output: Output) -> dict[str, Any]:
    """The record's JSON."""
    found: dict[str, Any] = json.loads(output.value or b"")
    return found
