"""X12 files to start from, written for these tests."""

from __future__ import annotations

from collections.abc import Sequence

ELEMENT, COMPONENT, REPETITION, END = "*", ":", "^", "~"


def isa(
    control: str = "000000101",
    version: str = "00401",
    repetition: str = "U",
    sender: str = "OLDFREIGHT",
    acknowledge: str = "0",
    element: str = ELEMENT,
    component: str = COMPONENT,
) -> str:
    parts = ["ISA", "00", " " * 10, "00", " " * 10, "02", f"{sender:15}", "ZZ", f"{'MILLCO':15}", "260601", "1402"]
    return element.join([*parts, repetition, version, control, acknowledge, "P", component])


MOVED = [
    "B10*0012345678*80000001*OLDF",
    "L11*BOL-77*BM",
    "LX*1",
    "AT7*X6*NS***20260601*0815*LT",
    "MS1*SPRINGFIELD*IL*US",
    "MS2*OLDF*TR881",
]
"""Body of a 214 (004010): on the way."""

DELIVERED = ["B10*0012345678*80000001*OLDF", "LX*1", "AT7*D1*NS***20260601*1130*ET", "MS1*DAYTON*OH*US"]


def transaction(body: Sequence[str], control: str = "0001", set: str = "214") -> list[str]:
    return [f"ST*{set}*{control}", *body, f"SE*{len(body) + 2}*{control}"]


def group(transactions: Sequence[Sequence[str]], control: str = "7", version: str = "004010", kind: str = "QM") -> list[str]:
    head = f"GS*{kind}*OLDFREIGHT*MILLCO*20260601*1402*{control}*X*{version}"
    return [head, *[segment for each in transactions for segment in each], f"GE*{len(transactions)}*{control}"]


def interchange(groups: Sequence[Sequence[str]], control: str = "000000101", **header: str) -> list[str]:
    segments = [segment for each in groups for segment in each]
    return [isa(control, **header), *segments, f"IEA*{len(groups)}*{control}"]


def data(segments: Sequence[str], end: str = "~\n") -> bytes:
    return "".join(segment + end for segment in segments).encode()


TWO = interchange([group([transaction(MOVED, "0001"), transaction(DELIVERED, "0002")])])
"""Segments of an interchange with two transactions."""
