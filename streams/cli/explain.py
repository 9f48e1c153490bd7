"""`milepost explain`: what the pipeline makes of a raw record, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final

import typer

from streams.cli.lines import BadLines, now_ms, opened, records
from streams.contracts import outputs as said_to_the_world
from streams.contracts.messages import decode
from streams.deadletter import headers as dead_letter_headers
from streams.deadletter.plain import plain
from streams.deadletter.reasons import CATALOGUE, Reason
from streams.domain.event import Announcement, Answer, Event, Inquiry, Link, Snapshot, TermsChanged
from streams.domain.facts import fact_of, find
from streams.domain.order import OrderRow
from streams.domain.places import timed
from streams.domain.reference_data import CalendarChanged, CarrierChanged, ItemChanged, LocationChanged
from streams.hop import Output
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.tally import Tally
from streams.topics import EVENTS, MILESTONES, REFERENCES, dead_letter_topic

__all__ = ["command", "sources", "steps"]

_MOST_SOURCES: Final = 20
"""Records that are named for a milestone."""

_SAID = Event | Link | Snapshot | Announcement


def command(
    file: Annotated[str, typer.Argument(help="JSON lines of raw records, an X12 or EDIFACT file, or - for standard input.")],
    last: Annotated[
        bool, typer.Option("--last", help="Explain only the last record; those before it (plans, orders) set the scene.")
    ] = False,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Pass over what is no record; exit 1 if there was any.")] = False,
) -> None:
    """Say how each raw record is detected, read, mapped, resolved and applied, and where it is refused: why, and what to do. At the end,
    milestones that several records told, with all of these.

    Lines in as for `milepost simulate`, in the order in which they arrive: a plan that comes before a scan lets it find its order.

    Example: `milepost explain records.jsonl --last`
    """
    tallies: dict[str, Tally] = {}
    pipeline = OfflinePipeline(hops(Settings(), lambda hop: tallies.setdefault(hop, Tally())))
    bad = BadLines(keep_going)
    said: list[str] = []
    told: list[Event] = []
    with opened(file) as stream:
        for number, record in records(stream, bad, now_ms()):
            if record.topic not in pipeline.inputs:
                bad.refuse(number, f"no hop reads topic {record.topic!r}; name one of {', '.join(sorted(pipeline.inputs))}")
                continue
            tallies["normalize"].clear()
            outputs = pipeline.feed(record)
            silent = [what[3] for what in tallies["normalize"].counts if what[0] == "silent"]
            head = f"line {number}: {record.topic}, {len(record.value or b'')} bytes"
            explained = [head, *steps(record, outputs, silent, pipeline)]
            if last:
                said = explained
            else:
                print("\n".join(explained))
            told += [event for event in map(_event_of, outputs) if event is not None]
    for line in (*said, *sources(told, pipeline)):
        print(line)
    if bad.count:
        raise typer.Exit(1)


def sources(told: Iterable[Event], pipeline: OfflinePipeline) -> Iterator[str]:
    """Who told each milestone that more than one record told. `told`: all that the pipeline was told of its orders."""
    by_order: dict[str, dict[str, list[Event]]] = {}
    for event in told:
        by_order.setdefault(event.order_id, {}).setdefault(event.event_id, []).append(event)
    for order_id, by_id in by_order.items():
        row = pipeline.row("shipment", b"o/" + order_id.encode())
        for fact in row.facts if isinstance(row, OrderRow) else ():
            records = {_coordinates(event): event for event_id in fact.ids for event in by_id.get(event_id, ())}
            if len(records) > 1:
                what = f"{fact.milestone} {fact.classifier} of {order_id} at {fact.at.isoformat()}"
                yield f"sources   {what}: one milestone, {len(records)} records"
                for where, event in list(records.items())[:_MOST_SOURCES]:
                    who = f"{event.lineage.format} of {plain(event.lineage.system, 40)}"
                    yield f"          {where}, {who}, said {plain(repr(event.at.raw), 60)}"
                if len(records) > _MOST_SOURCES:
                    yield f"          and {len(records) - _MOST_SOURCES} more"


def steps(record: Output, outputs: Sequence[Output], silent: Sequence[str] = (), pipeline: OfflinePipeline | None = None) -> Iterator[str]:
    """What became of a record, given what the hops sent in consequence.

    `silent`: codes that were passed over. `pipeline`: the one that has just read the record, to say what its orders made of it.
    """
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
            days = f", in working days of {message.calendar}" if message.calendar else ""
            yield f"  read      terms {message.terms_id}, {len(message.versions)} versions{days}"
        elif isinstance(message, ItemChanged):
            units = ", ".join(f"{unit.uom} of {unit.factor} {message.base_uom}" for unit in message.units)
            yield f"  read      article {message.sku}, counted in {message.base_uom}{f', {units}' if units else ''}"
        elif isinstance(message, LocationChanged):
            yield f"  read      place {message.location}: local times are those of {message.time_zone}"
        elif isinstance(message, CarrierChanged):
            yield f"  read      carrier {message.carrier}, also called {', '.join(message.aliases) or 'nothing else'}"
        elif isinstance(message, CalendarChanged):
            weekend = ", ".join(map(str, message.weekend)) or "none"
            yield f"  read      calendar {message.calendar}: {len(message.holidays)} holidays, weekend {weekend}"
        elif isinstance(message, Inquiry):
            yield f"  asks      {message.home} asks what {message.reference} means"
        elif isinstance(message, Answer):
            meant = ", ".join(dict.fromkeys(link.order_id for link in message.links[:5])) or "nothing, so far"
            yield f"  answers   {message.about} means {meant}"
    if silent:
        yield f"  silent    {', '.join(silent)}: known, and says nothing of the freight"
    found = [message for _, message in statements if isinstance(message, Event) and id(message) in resolved]
    yield from (f"  resolved  {message.milestone} reaches {message.order_id}" for message in found)
    waiting = [m for _, m in statements if isinstance(m, Event) and id(m) not in resolved and not m.order_id]
    if waiting and not found:
        names = " or ".join(waiting[0].references)
        yield f"  waits     nobody has linked {names} yet; it is refused as REF_UNRESOLVED when its time is over"
    if pipeline is not None:
        yield from _applied(pipeline, outputs)
    for output in refused:
        yield from _refusal(output)


def _event_of(output: Output) -> Event | None:
    """What an order is told, if that is what the output is."""
    message = decode(output.value or b"") if output.topic == EVENTS else None
    return message if isinstance(message, Event) else None


def _coordinates(event: Event) -> str:
    return f"{event.lineage.topic}/{event.lineage.partition}/{event.lineage.offset}"


def _applied(pipeline: OfflinePipeline, outputs: Sequence[Output]) -> Iterator[str]:
    milestones = [said_to_the_world.read(MILESTONES, output.value or b"") for output in outputs if output.topic == MILESTONES]
    new = {(milestone["order_id"], milestone["event_id"]) for milestone in milestones}
    for output in outputs:
        event = _event_of(output)
        if event is None:
            continue
        if event.place and isinstance(place := pipeline.row("shipment", b"l/" + event.place.encode()), LocationChanged):
            event = timed(event, place)
        row = pipeline.row("shipment", b"o/" + event.order_id.encode())
        index = find(row.facts, fact_of(event)) if isinstance(row, OrderRow) else -1
        if (event.order_id, event.event_id) in new or index < 0 or not isinstance(row, OrderRow):
            yield f"  applied   {event.milestone} is a new milestone of {event.order_id}"
        else:
            told = ", ".join(row.facts[index].sources)
            yield f"  applied   {event.milestone} was known of {event.order_id}: no new milestone; told by {told}"


def _event(event: Event) -> Iterator[str]:
    offset = "offset not stated" if event.at.offset_minutes is None else f"offset {event.at.offset_minutes:+d} min"
    mapped = f" from code {event.lineage.code!r} by {event.lineage.map_version}" if event.lineage.map_version else ""
    yield f"  read      {event.milestone} {event.classifier}, about {event.scope}{mapped}"
    yield f"            at {event.at.utc.isoformat()} ({event.at.raw!r}, {offset}, {event.at.quality})"
    if event.place:
        yield f"            on the clock of {plain(event.place, 64)}, where reference.data tells its zone"
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
