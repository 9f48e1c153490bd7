"""`milepost explain`: what the pipeline makes of a raw record, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from streams.cli.lines import BadLines, now_ms, opened, records
from streams.contracts.messages import decode
from streams.deadletter import headers as dead_letter_headers
from streams.deadletter.reasons import CATALOGUE, Reason
from streams.domain.event import Announcement, Event, Link, Snapshot, TermsChanged
from streams.hop import Output
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import EVENTS, REFERENCES, dead_letter_topic

__all__ = ["command", "steps"]

_SAID = Event | Link | Snapshot | Announcement


def command(
    file: Annotated[str, typer.Argument(help="JSON lines of raw records, an X12 or EDIFACT file, or - for standard input.")],
    last: Annotated[
        bool, typer.Option("--last", help="Explain only the last record; those before it (plans, orders) set the scene.")
    ] = False,
) -> None:
    """Say how each raw record is detected, read, mapped and resolved, and where it is refused: why, and what to do.

    Lines in as for `milepost simulate`, in the order in which they arrive: a plan that comes before a scan lets it find its order.

    Example: `milepost explain records.jsonl --last`
    """
    normalize, resolve, _ = hops(Settings())
    pipeline = OfflinePipeline([normalize, resolve])
    bad = BadLines(keep_going=False)
    said: list[str] = []
    with opened(file) as stream:
        for number, record in records(stream, bad, now_ms()):
            if record.topic not in pipeline.inputs:
                bad.refuse(number, f"no hop reads topic {record.topic!r}; name one of {', '.join(sorted(pipeline.inputs))}")
            explained = [f"line {number}: {record.topic}, {len(record.value or b'')} bytes", *steps(record, pipeline.feed(record))]
            said = explained if last else [*said, *explained]
    print("\n".join(said))


def steps(record: Output, outputs: Sequence[Output]) -> Iterator[str]:
    statements = [(output, decode(output.value or b"")) for output in outputs if output.topic in (REFERENCES, EVENTS)]
    refused = [output for output in outputs if output.topic.endswith(dead_letter_topic(""))]
    resolved = {
        id(message) for output, message in statements if isinstance(message, Event) and output.topic == EVENTS and message.references
    }
    for format in dict.fromkeys(m.lineage.format for _, m in statements if isinstance(m, _SAID) and id(m) not in resolved):
        yield f"  detected  {format}, by {_how(record)}"
    for _, message in statements:
        if isinstance(message, Event) and id(message) not in resolved:
            yield from _event(message)
        elif isinstance(message, Link):
            window = f"from {message.valid_from:%Y-%m-%d} to {message.valid_to:%Y-%m-%d}"
            yield f"  linked    {message.reference} means {message.order_id} {window}"
        elif isinstance(message, Snapshot):
            yield f"  read      a snapshot of {message.reference} as of {message.as_of.utc.isoformat()}: {len(message.claims)} claims"
        elif isinstance(message, Announcement):
            yield f"  read      {message.reference} changed at {message.at.utc.isoformat()}; its snapshot will say what"
        elif isinstance(message, TermsChanged):
            yield f"  read      terms {message.terms_id}, {len(message.versions)} versions"
    found = [message for _, message in statements if isinstance(message, Event) and id(message) in resolved]
    yield from (f"  resolved  {message.milestone} reaches {message.order_id}" for message in found)
    waiting = [m for _, m in statements if isinstance(m, Event) and id(m) not in resolved and not m.order_id]
    if waiting and not found:
        yield f"  waits     nobody has linked {waiting[0].references[0]} yet; it is refused as REF_UNRESOLVED when its time is over"
    for output in refused:
        yield from _refusal(output)


def _event(event: Event) -> Iterator[str]:
    offset = "offset not stated" if event.at.offset_minutes is None else f"offset {event.at.offset_minutes:+d} min"
    mapped = f" from code {event.lineage.code!r} by {event.lineage.map_version}" if event.lineage.map_version else ""
    yield f"  read      {event.milestone} {event.classifier}, about {event.scope}{mapped}"
    yield f"            at {event.at.utc.isoformat()} ({event.at.raw!r}, {offset}, {event.at.quality})"
    if event.exceptional is not None:
        yield f"            because {event.exceptional.reason}, effect {event.exceptional.effect}, case {event.case_id}"
    if event.retracts:
        yield f"            takes back statement {event.retracts}"
    yield f"            names order {event.order_id}" if event.order_id else f"            names {', '.join(event.references)}"


def _refusal(output: Output) -> Iterator[str]:
    why = dead_letter_headers.read([(name, value or b"") for name, value in output.headers])
    explanation = CATALOGUE[Reason(why[dead_letter_headers.CODE])]
    yield f"  refused   at {why[dead_letter_headers.STAGE]}: {why[dead_letter_headers.CODE]} ({explanation.disposition})"
    yield f"            {why[dead_letter_headers.MESSAGE]}"
    yield f"            {explanation.what_to_do}"


def _how(record: Output) -> str:
    named = dict(record.headers).get("format")
    if named:
        return f"its format header {named.decode(errors='replace')!r}"
    return "its Avro schema" if (record.value or b"")[:1] in (b"\x00", b"\x01") else "its topic and fields"
