"""verify finds what is wrong with a cluster's topics, and nothing where nothing is wrong.

The day, the hops and the topics are the real ones; only the log is in memory. Each test spoils the log in one way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from json import dumps as json_text
from pickle import dumps, loads

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.messages import decode, encode
from streams.day import generate
from streams.deadletter import headers as dead_letter_headers
from streams.domain.event import DeadLetterMark, TermsChanged, Tick
from streams.domain.instant import from_millis
from streams.hop import Output, RawRecord
from streams.jsonlines import parse
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import (
    CARRIER_RAW,
    ERP_RAW,
    EVENTS,
    EXCEPTIONS,
    FINDINGS,
    HOLDS,
    MILESTONES,
    RAW_TOPICS,
    REFERENCES,
    RELEASES,
    STATUS,
    TASKS,
    TERMS,
    TMS_RAW,
    dead_letter_topic,
)
from streams.verify import Finding, Kind, Report
from streams.verify.ledger import Retention
from tests.memory_cluster import MemoryCluster

LONG_AFTER = 1_900_000_000_000
"""Every timer of the day is over."""

SAID = (MILESTONES, STATUS, RELEASES, HOLDS, EXCEPTIONS, TASKS, FINDINGS)
WRITTEN = (REFERENCES, EVENTS, *SAID, *(dead_letter_topic(raw) for raw in RAW_TOPICS))


def a_new_day() -> MemoryCluster:
    """A day of 15 orders, and a record on each raw topic that is refused; nothing is processed."""
    cluster = MemoryCluster(hops(Settings()))
    for line in generate(seed=5, orders=15).lines():
        cluster.append(parse(line, 0))
    for topic in RAW_TOPICS:
        cluster.append(Output(topic, b"k", b"no json", timestamp=1_780_300_000_000))
    for number in range(4):  # its fields are read far enough to name an order
        value = b'{"type": "order.cancelled", "system": "SAP", "company": "9", "order": "%d", "at": "never", "revision": 2}' % number
        cluster.append(Output(ERP_RAW, b"k", value, timestamp=1_780_300_000_000))
    return cluster


@cache
def _day() -> bytes:
    cluster = a_new_day()
    cluster.process(LONG_AFTER)
    return dumps((cluster.logs, cluster.processed))


def a_day() -> MemoryCluster:
    """The same, wholly processed."""
    cluster = MemoryCluster(hops(Settings()))
    cluster.logs, cluster.processed = loads(_day())
    return cluster


def pick(cluster: MemoryCluster, topic: str, number: int = 0) -> RawRecord:
    """Some record of a topic that a hop wrote (ticks are written by the clock)."""
    records = [record for record in cluster.all(topic) if not _is_tick(record)]
    return records[number % len(records)]


def _is_tick(record: RawRecord) -> bool:
    return record.topic in (EVENTS, REFERENCES) and isinstance(decode(record.value or b""), Tick)


def log_of(cluster: MemoryCluster, record: RawRecord) -> list[RawRecord]:
    return cluster.logs[record.topic, record.partition]


def kinds(report: Report, topic: str) -> list[Kind]:
    return [finding.kind for finding in report.findings if finding.topic == topic]


def only(report: Report, topic: str) -> Finding:
    (finding,) = [finding for finding in report.findings if finding.topic == topic]
    return finding


# ---- nothing is wrong


def test_a_day_as_the_hops_left_it_is_clean() -> None:
    cluster = a_day()
    report = cluster.verify(LONG_AFTER)
    assert report.findings == []
    assert report.clean
    assert not report.unverifiable
    for topic in WRITTEN:
        assert report.compared[topic] + report.ticks[topic] == len(list(cluster.all(topic))), topic
    assert report.compared[RELEASES] > 5
    assert min(report.compared[TASKS], report.compared[EXCEPTIONS], report.compared[FINDINGS]) > 5
    assert report.ticks[REFERENCES] > 0


@pytest.mark.property
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_it_is_clean_in_whatever_order_the_partitions_are_read(seed: int) -> None:
    assert a_day().verify(LONG_AFTER, seed=seed).clean


def test_a_tick_sent_twice_is_tolerated() -> None:
    cluster = a_day()
    tick = next(record for record in cluster.all(REFERENCES) if _is_tick(record))
    log = log_of(cluster, tick)
    log.insert(log.index(tick) + 1, tick)
    assert cluster.verify(LONG_AFTER).clean


# ---- something is wrong


@pytest.mark.property
@settings(max_examples=15, deadline=None)
@given(topic=st.sampled_from(WRITTEN), number=st.integers(0, 10_000))
def test_any_lost_record_is_missing(topic: str, number: int) -> None:
    cluster = a_day()
    lost = pick(cluster, topic, number)
    log_of(cluster, lost).remove(lost)
    assert Kind.MISSING in kinds(cluster.verify(LONG_AFTER), topic)


@pytest.mark.property
@settings(max_examples=15, deadline=None)
@given(topic=st.sampled_from(WRITTEN), number=st.integers(0, 10_000))
def test_any_record_written_twice_is_a_duplicate(topic: str, number: int) -> None:
    cluster = a_day()
    twice = pick(cluster, topic, number)
    log = log_of(cluster, twice)
    log.append(twice._replace(offset=len(log)))
    assert Kind.DUPLICATE in kinds(cluster.verify(LONG_AFTER), topic)


@pytest.mark.property
@settings(max_examples=15, deadline=None)
@given(topic=st.sampled_from(SAID), number=st.integers(0, 10_000), byte=st.integers(0, 10_000))
def test_any_changed_byte_of_an_output_is_different(topic: str, number: int, byte: int) -> None:
    cluster = a_day()
    record = pick(cluster, topic, number)
    value = bytearray(record.value or b"")
    value[byte % len(value)] ^= 1
    log = log_of(cluster, record)
    log[log.index(record)] = record._replace(value=bytes(value))
    assert only(cluster.verify(LONG_AFTER), topic).kind is Kind.DIFFERENT


def test_a_missing_release_names_its_order_hop_and_cause() -> None:
    cluster = a_day()
    lost = pick(cluster, RELEASES, 7)
    log_of(cluster, lost).remove(lost)
    finding = only(cluster.verify(LONG_AFTER), RELEASES)
    assert (finding.kind, finding.hop, finding.found) == (Kind.MISSING, "shipment", "")
    assert finding.order == (lost.key or b"").decode()
    cause = dict(lost.headers)["milepost.cause"].decode()
    assert finding.cause == "{}-{}@{}".format(*cause.split(":"))


def test_a_duplicate_says_where_it_stands() -> None:
    cluster = a_day()
    twice = pick(cluster, MILESTONES)
    log = log_of(cluster, twice)
    log.append(twice._replace(offset=len(log)))
    finding = only(cluster.verify(LONG_AFTER), MILESTONES)
    assert finding.found == f"{MILESTONES}-{twice.partition}@{len(log) - 1}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda record: record._replace(timestamp=record.timestamp + 1), "timestamp"),
        (lambda record: record._replace(key=b"someone else"), "key 'someone else'"),
        (lambda record: record._replace(headers=(*record.headers, ("more", b"1"))), "header more is '1', not there"),
        (lambda record: record._replace(headers=tuple(reversed(record.headers))), "the order of its headers"),
    ],
)
def test_a_different_record_is_described_by_what_differs(change: Callable[[RawRecord], RawRecord], words: str) -> None:
    cluster = a_day()
    record = pick(cluster, MILESTONES)
    log = log_of(cluster, record)
    log[log.index(record)] = change(record)
    findings = [finding for finding in cluster.verify(LONG_AFTER).findings if finding.topic == MILESTONES]
    if words.startswith("key"):  # it then speaks of another order
        assert [finding.kind for finding in findings] == [Kind.MISSING, Kind.EXTRA]
    else:
        assert [(finding.kind, words in finding.detail) for finding in findings] == [(Kind.DIFFERENT, True)]


def test_a_record_in_another_partition_is_different() -> None:
    cluster = a_day()
    record = pick(cluster, MILESTONES)
    log_of(cluster, record).remove(record)
    other = cluster.logs[MILESTONES, 1 - record.partition]
    other.append(record._replace(partition=1 - record.partition, offset=len(other)))
    finding = only(cluster.verify(LONG_AFTER), MILESTONES)
    assert (finding.kind, finding.detail) == (Kind.DIFFERENT, f"partition {1 - record.partition}, not {record.partition}")


def test_two_outputs_that_changed_places_are_disordered() -> None:
    cluster = a_day()
    log = cluster.logs[MILESTONES, 0]
    log[3], log[4] = log[4]._replace(offset=3), log[3]._replace(offset=4)
    assert only(cluster.verify(LONG_AFTER), MILESTONES).kind is Kind.DISORDERED


def test_a_record_that_nothing_explains_is_extra() -> None:
    cluster = a_day()
    record = pick(cluster, RELEASES)
    log = log_of(cluster, record)
    log.append(record._replace(offset=len(log), key=b"1000:GHOST", value=b"\x00ghost", headers=()))
    finding = only(cluster.verify(LONG_AFTER), RELEASES)
    assert (finding.kind, finding.order) == (Kind.EXTRA, "1000:GHOST")


def test_a_tick_whose_due_entry_never_existed_is_extra() -> None:
    cluster = a_new_day()
    cluster.process(LONG_AFTER)
    order = pick(cluster, MILESTONES).key or b""
    cluster.append(Output(EVENTS, order, encode(Tick(from_millis(1_780_000_000_000), order.decode())), timestamp=1_780_000_000_000))
    cluster.process(LONG_AFTER)
    assert kinds(cluster.verify(LONG_AFTER), EVENTS) == [Kind.EXTRA]


def test_a_tick_that_comes_before_its_due_entry_is_extra() -> None:
    cluster = a_day()
    tick = next(record for record in cluster.all(REFERENCES) if _is_tick(record))
    log = log_of(cluster, tick)
    log.remove(tick)
    log.insert(0, tick)
    assert Kind.EXTRA in kinds(cluster.verify(LONG_AFTER), REFERENCES)


def test_a_terms_broadcast_that_misses_one_partition_is_missing_there() -> None:
    cluster = a_day()
    terms = next(record for record in cluster.all(EVENTS) if isinstance(decode(record.value or b""), TermsChanged))
    log_of(cluster, terms).remove(terms)
    assert Kind.MISSING in kinds(cluster.verify(LONG_AFTER), EVENTS)


def test_a_dead_letter_with_another_reason_is_different() -> None:
    cluster = a_day()
    topic = dead_letter_topic(ERP_RAW)
    letter = pick(cluster, topic)
    changed = tuple((name, b"POISON" if name == dead_letter_headers.CODE else value) for name, value in letter.headers)
    log = log_of(cluster, letter)
    log[log.index(letter)] = letter._replace(headers=changed)
    finding = only(cluster.verify(LONG_AFTER), topic)
    assert finding.kind is Kind.DIFFERENT
    assert "POISON" in finding.detail


def test_a_dead_letter_that_lost_a_byte_of_the_record_is_different() -> None:
    cluster = a_day()
    topic = dead_letter_topic(ERP_RAW)
    letter = next(record for record in cluster.all(topic) if record.value)
    log = log_of(cluster, letter)
    log[log.index(letter)] = letter._replace(value=(letter.value or b"")[:-1])
    assert only(cluster.verify(LONG_AFTER), topic).kind is Kind.DIFFERENT


def test_when_and_in_which_words_a_record_was_refused_may_vary() -> None:
    cluster = a_day()
    letter = pick(cluster, dead_letter_topic(ERP_RAW))
    changed = tuple((name, b"else" if name == dead_letter_headers.FAILED_AT else value) for name, value in letter.headers)
    log = log_of(cluster, letter)
    log[log.index(letter)] = letter._replace(headers=changed)
    assert cluster.verify(LONG_AFTER).clean


def test_a_lost_hold_of_a_dead_letter_is_missing() -> None:
    cluster = a_day()
    mark = next(record for record in cluster.all(EVENTS) if isinstance(decode(record.value or b""), DeadLetterMark))
    log_of(cluster, mark).remove(mark)
    report = cluster.verify(LONG_AFTER)
    assert Kind.MISSING in kinds(report, EVENTS)
    assert any(finding.order == (mark.key or b"").decode() for finding in report.findings)


def test_settling_a_dead_letter_is_somebodys_decision_and_taken_as_it_is() -> None:
    cluster = a_new_day()
    cluster.process(LONG_AFTER)
    record = next(record for record in cluster.all(EVENTS) if isinstance(decode(record.value or b""), DeadLetterMark))
    mark = decode(record.value or b"")
    assert isinstance(mark, DeadLetterMark)
    cluster.append(Output(EVENTS, record.key, encode(replace(mark, open=False)), timestamp=LONG_AFTER))
    cluster.process(LONG_AFTER)
    assert cluster.verify(LONG_AFTER).findings == []


# ---- not yet


def test_what_the_workers_have_not_processed_is_not_yet_and_not_missing() -> None:
    cluster = a_new_day()
    cluster.process(LONG_AFTER, most=100)
    report = cluster.verify(0)
    assert report.findings == []
    assert not report.complete
    assert not report.clean
    assert report.not_yet[EVENTS] > 0


def test_what_was_processed_after_the_verification_began_is_no_extra() -> None:
    cluster = a_new_day()
    cluster.process(LONG_AFTER, most=100)
    before = cluster.layout()
    cluster.process(LONG_AFTER)
    assert cluster.verify(LONG_AFTER, before).findings == []


def test_a_lost_record_is_missing_although_later_ones_are_not_yet() -> None:
    cluster = a_new_day()
    cluster.process(LONG_AFTER, most=200)
    lost = pick(cluster, MILESTONES)
    log_of(cluster, lost).remove(lost)
    report = cluster.verify(0)
    assert kinds(report, MILESTONES) == [Kind.MISSING]
    assert report.not_yet


def test_a_timer_that_is_over_and_has_not_fired_is_not_yet() -> None:
    cluster = a_new_day()
    cluster.process(0)
    report = cluster.verify(LONG_AFTER)
    assert report.findings == []
    assert report.not_yet["ticks of resolve"] > 0


# ---- what the broker may have removed


def _behead(cluster: MemoryCluster, topic: str) -> dict[str, Retention]:
    """Remove the first third of each partition, as retention does."""
    starts = []
    for number in range(cluster.partitions[topic]):
        log = cluster.logs[topic, number]
        del log[: len(log) // 3 + 1]
        starts.append(log[0].offset)
    return {topic: Retention(starts=tuple(starts))}


@pytest.mark.parametrize("topic", [ERP_RAW, MILESTONES, REFERENCES])
def test_what_retention_removed_makes_records_unverifiable_and_not_wrong(topic: str) -> None:
    cluster = a_day()
    retention = _behead(cluster, topic)
    report = cluster.verify(LONG_AFTER, cluster.layout(retention))
    assert report.findings == []
    assert report.unverifiable.total() > 0


def test_a_record_lost_after_what_retention_removed_is_still_missing() -> None:
    cluster = a_day()
    retention = _behead(cluster, MILESTONES)
    del cluster.logs[MILESTONES, 0][5]
    assert kinds(cluster.verify(LONG_AFTER, cluster.layout(retention)), MILESTONES) == [Kind.MISSING]


def _compacted(cluster: MemoryCluster, topic: str) -> None:
    for number in range(cluster.partitions[topic]):
        latest = {record.key: record for record in cluster.logs[topic, number]}
        cluster.logs[topic, number] = [record for record in cluster.logs[topic, number] if latest[record.key] is record]


def test_what_compaction_removed_is_unverifiable_and_not_wrong() -> None:
    cluster = a_day()
    _compacted(cluster, STATUS)
    report = cluster.verify(LONG_AFTER, cluster.layout({STATUS: Retention(compacted=True, segment_ms=1)}))
    assert report.findings == []
    assert report.unverifiable[STATUS] > 0


def test_the_latest_record_of_a_key_must_outlive_compaction() -> None:
    cluster = a_day()
    _compacted(cluster, STATUS)
    del cluster.logs[STATUS, 0][-1]
    report = cluster.verify(LONG_AFTER, cluster.layout({STATUS: Retention(compacted=True, segment_ms=1)}))
    assert set(kinds(report, STATUS)) == {Kind.MISSING}


def test_a_lost_record_is_missing_while_compaction_cannot_have_begun() -> None:
    cluster = a_day()
    lost = next(iter(cluster.all(STATUS)))
    log_of(cluster, lost).remove(lost)
    report = cluster.verify(LONG_AFTER, cluster.layout({STATUS: Retention(compacted=True, segment_ms=1 << 50)}))
    assert kinds(report, STATUS) == [Kind.MISSING]


def test_the_marker_of_a_transaction_lets_compaction_take_old_records_however_close_together_they_are() -> None:
    """It bears the broker's time: months after the records, where an old day is processed."""
    cluster = a_day()
    _compacted(cluster, STATUS)
    week = Retention(compacted=True)
    at = [record.timestamp for record in cluster.all(STATUS)]
    assert max(at) - min(at) < week.segment_ms
    late = cluster.verify(max(at) + 2 * week.segment_ms, cluster.layout({STATUS: week}))
    assert late.findings == []
    assert late.unverifiable[STATUS] > 0
    soon = cluster.verify(max(at), cluster.layout({STATUS: week}))
    assert set(kinds(soon, STATUS)) == {Kind.MISSING}


def test_terms_whose_earlier_versions_were_compacted_away_are_unverifiable() -> None:
    cluster = a_day()
    number = next(number for number in range(2) if len(cluster.logs[TERMS, number]) > 1)
    del cluster.logs[TERMS, number][0]
    report = cluster.verify(LONG_AFTER)
    assert report.findings == []
    assert report.unverifiable[EVENTS] == 2


# ---- references that ask each other


def with_several_references() -> MemoryCluster:
    """Scans by PRO and bill of lading before, between and after the plans that link them; one contradiction; one that nobody claims."""
    cluster = MemoryCluster(hops(Settings()), partitions=3)
    for number in range(12):
        scan = {"carrier": "OLDF", "tracking": f"T{number}", "pro": f"{number}", "code": "ON_VEHICLE", "at": "2026-06-01T08:00:00Z"}
        plan = {"type": "shipment.planned", "system": "TMS", "shipment": f"S{number}", "carrier": "OLDF", "at": "2026-06-01T06:00:00Z"}
        orders = {"orders": [{"company": "1000", "order": f"{number}"}]}
        references = {"references": [{"kind": "pro", "value": f"{number}"}]}
        other = {"references": [{"kind": "tracking", "value": f"T{number}"}], "orders": [{"company": "2000", "order": f"{number}"}]}
        told = [scan, plan | orders | references, scan | {"at": "2026-06-01T09:00:00Z"}, plan | other, scan | {"code": "DELIVERED"}]
        for value in told[: 1 + number % 5]:
            topic = TMS_RAW if "type" in value else CARRIER_RAW
            cluster.append(Output(topic, b"k%d" % number, json_text(value).encode(), timestamp=1_780_311_600_000))
    cluster.process(1_780_400_000_000)
    return cluster


def test_what_references_ask_and_answer_is_recomputed_too() -> None:
    cluster = with_several_references()
    report = cluster.verify(1_780_400_000_000)
    assert report.findings == []
    said = [decode(record.value or b"") for record in cluster.all(REFERENCES)]
    assert {type(message).__name__ for message in said} >= {"Event", "Link", "Inquiry", "Answer"}
    assert report.compared[REFERENCES] == len(said)
    assert report.compared[dead_letter_topic(REFERENCES)] >= 4


@pytest.mark.parametrize("kind", ["Inquiry", "Answer"])
def test_an_answer_that_is_not_there_is_missed(kind: str) -> None:
    cluster = with_several_references()
    spoiled = next(record for record in cluster.all(REFERENCES) if type(decode(record.value or b"")).__name__ == kind)
    log = log_of(cluster, spoiled)
    log[spoiled.offset] = spoiled._replace(value=encode(Tick(from_millis(1_780_311_600_000), "x")))
    assert Kind.MISSING in kinds(cluster.verify(1_780_400_000_000), REFERENCES)
