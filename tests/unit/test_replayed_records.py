"""Replayed records in the hops: read like any other, handed on where they belong, and proven by verify."""

from __future__ import annotations

import json
from typing import Any

from streams.contracts.messages import decode
from streams.deadletter.audit import Action
from streams.deadletter.letter import read_letter
from streams.domain.event import DeadLetterMark
from streams.hop import DeadLetter, Output, RawRecord
from streams.hops import normalize
from streams.offline.memory import MemoryRows
from streams.pipeline import hops
from streams.replay.plan import Edit, Plan, Selection
from streams.replay.sending import outputs
from streams.settings import Settings
from streams.topics import EVENTS, REFERENCES, replay_topic
from streams.verify import Kind
from tests.memory_cluster import MemoryCluster
from tests.unit.replay.test_plan import AT

AT_MS = 1_780_300_000_000
LATER = AT_MS + 1_000


def goods(quantity: str) -> bytes:
    lines = [{"line": "10", "quantity": quantity, "uom": "EA"}]
    said = {"type": "goods.issued", "system": "S", "company": "7", "order": "1", "at": "2026-06-01T09:00:00+02:00", "lines": lines}
    return json.dumps(said).encode()


def replayed(cluster: MemoryCluster, **edit: Any) -> None:
    """Replay the latest letter of the warehouse."""
    letter = read_letter(list(cluster.all("wms.raw.dlq"))[-1])
    action = Action.EDITED if edit else Action.REPLAYED
    change = Edit(letter.key, edit["value"], letter.source_headers) if edit else None
    plan = Plan(letter.topic, action, "jane", "test", Selection(ids=frozenset({letter.id})), edit=change)
    for output in outputs(letter, plan, AT, letter.value):
        if output.topic.endswith(".replay"):
            cluster.append(output)


def held_by(cluster: MemoryCluster) -> dict[str, bool]:
    marks = [decode(record.value or b"") for record in cluster.all(EVENTS)]
    return {mark.dead_letter_id: mark.open for mark in marks if isinstance(mark, DeadLetterMark)}


def test_a_replay_that_fails_and_one_that_heals_are_what_verify_expects() -> None:
    cluster = MemoryCluster(hops(Settings()))
    cluster.append(Output("wms.raw", b"1", goods("one"), timestamp=AT_MS))
    cluster.process(LATER)
    assert list(held_by(cluster).values()) == [True]

    replayed(cluster)
    cluster.process(LATER)
    assert list(held_by(cluster).values()) == [False, True]

    replayed(cluster, value=goods("1"))
    cluster.process(LATER)
    assert list(held_by(cluster).values()) == [False, False]
    assert cluster.verify(LATER).clean


def test_a_hold_that_should_have_been_lifted_is_missed() -> None:
    cluster = MemoryCluster(hops(Settings()))
    cluster.append(Output("wms.raw", b"1", goods("one"), timestamp=AT_MS))
    cluster.process(LATER)
    replayed(cluster, value=goods("1"))
    cluster.process(LATER)
    for (topic, _), log in cluster.logs.items():
        if topic == EVENTS:
            log[:] = [one for one in log if not isinstance(mark := decode(one.value or b""), DeadLetterMark) or mark.open]
    [missing] = [finding for finding in cluster.verify(LATER).findings if finding.kind is Kind.MISSING]
    assert (missing.topic, missing.order, missing.hop) == (EVENTS, "7:1", "normalize")


def test_what_belongs_to_the_logs_inside_is_handed_on_as_it_is() -> None:
    hop = normalize.hop(10)
    for topic in (REFERENCES, EVENTS):
        record = RawRecord(replay_topic(topic), 3, 0, AT_MS, b"k", b"longer than any raw record may be", (("replay.of", b"x"),))
        assert hop.run(MemoryRows(None), [record]) == [Output(topic, b"k", record.value, record.headers, 3, AT_MS)]


def test_a_shape_is_known_on_a_replay_topic_as_on_its_source() -> None:
    record = RawRecord("wms.raw.replay", 0, 0, AT_MS, b"1", goods("1"))
    assert not any(isinstance(emission, DeadLetter) for emission in normalize.hop(10_000).run(MemoryRows(None), [record]))
