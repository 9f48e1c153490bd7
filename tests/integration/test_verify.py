"""`milepost verify` on a real broker: topics as the hops leave them, then spoiled. No worker runs here: what is proven is the proof."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from streams.cli import main
from streams.day import generate
from streams.day.generator import recent_start
from streams.devbroker import LocalCluster
from streams.domain.instant import to_millis
from streams.hop import Output, RawRecord
from streams.jsonlines import parse
from streams.pipeline import hops
from streams.processes import free_ports
from streams.producing import Sender
from streams.settings import Settings
from streams.topics import ERP_RAW, HOLDS, MILESTONES, RELEASES, STATUS, dead_letter_topic
from streams.verify import verify
from tests.conftest import MakeSettings, MakeTopics
from tests.memory_cluster import MemoryCluster

pytestmark = pytest.mark.integration


class Installation:
    """A real installation whose topics we write ourselves."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.logs = MemoryCluster(hops(settings), settings.partitions)
        # A broker takes no record from the future, and removes what is older than a topic keeps: the day has just passed.
        now = datetime.now(UTC)
        for line in generate(11, 25, recent_start(now, 25)).lines():
            self.logs.append(parse(line, 0))
        self.logs.process(to_millis(now))

    def write(self) -> None:
        """Put the logs into the topics."""
        with Sender(self.settings) as sender:
            for log in self.logs.logs.values():
                for record in log:
                    sender.send(Output(record.topic, record.key, record.value, record.headers, record.partition, record.timestamp))
        assert not sender.failures

    def produce(self, producer: Producer, record: RawRecord) -> None:
        """With a producer of one's own."""
        name, headers = self.settings.topic(record.topic), list(record.headers)
        producer.produce(name, record.value, record.key, record.partition, timestamp=record.timestamp, headers=headers)

    def transactional(self) -> Producer:
        producer = Producer(self.settings.librdkafka(**{"transactional.id": f"{self.settings.prefix}test"}))
        producer.init_transactions(20)
        return producer

    def commit(self, short: int = 0) -> None:
        """Commit the offsets of workers that have read everything but the last `short` records of each partition."""
        consumer = Consumer(self.settings.librdkafka(**{"group.id": self.settings.app_id, "enable.auto.commit": False}))
        processed = self.logs.processed.items()
        consumer.commit(
            offsets=[TopicPartition(self.settings.topic(topic), number, max(0, offset - short)) for (topic, number), offset in processed],
            asynchronous=False,
        )
        consumer.close()

    def some(self, topic: str) -> RawRecord:
        return next(record for record in self.logs.all(topic))

    def log_of(self, record: RawRecord) -> list[RawRecord]:
        return self.logs.logs[record.topic, record.partition]


@pytest.fixture
def installation(settings: MakeSettings, topics: MakeTopics, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    mine = settings(partitions=2)
    topics(mine)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", mine.bootstrap)
    monkeypatch.setenv("MILEPOST_PREFIX", mine.prefix)
    return Installation(mine)


def report(capsys: pytest.CaptureFixture[str], *arguments: str, exit_code: int) -> dict[str, Any]:
    assert main(["verify", "--json", *arguments]) == exit_code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_topics_as_the_hops_leave_them_are_clean(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    installation.write()
    installation.commit()
    found = report(capsys, exit_code=0)
    assert (found["clean"], found["complete"], found["findings"]) == (True, True, [])
    for topic in (MILESTONES, STATUS, RELEASES, HOLDS):
        assert found["compared"][topic] == len(list(installation.logs.all(topic))) > 10
    assert main(["verify"]) == 0
    assert "0 missing, 0 extra, 0 duplicate, 0 different, 0 disordered" in capsys.readouterr().out


def test_what_is_lost_doubled_and_changed_is_named_by_order(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    lost, twice, changed = installation.some(RELEASES), installation.some(MILESTONES), installation.some(STATUS)
    installation.log_of(lost).remove(lost)
    installation.log_of(twice).append(twice)
    log = installation.log_of(changed)
    log[log.index(changed)] = changed._replace(timestamp=changed.timestamp + 1)
    installation.write()
    installation.commit()
    found = report(capsys, exit_code=1)
    seen = {(entry["kind"], entry["topic"], entry["order"]) for entry in found["findings"]}
    assert seen == {
        ("missing", RELEASES, (lost.key or b"").decode()),
        ("duplicate", MILESTONES, (twice.key or b"").decode()),
        ("different", STATUS, (changed.key or b"").decode()),
    }
    assert (found["missing"], found["duplicate"], found["different"], found["extra"], found["disordered"]) == (1, 1, 1, 0, 0)
    assert main(["verify"]) == 1
    shown = capsys.readouterr().out
    assert (lost.key or b"").decode() in shown
    assert "1 missing, 0 extra, 1 duplicate, 1 different" in shown


def test_records_of_an_aborted_transaction_are_not_there(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    installation.write()
    installation.commit()
    producer = installation.transactional()
    producer.begin_transaction()
    for topic in (MILESTONES, RELEASES):
        installation.produce(producer, installation.some(topic))
    producer.flush(20)
    producer.abort_transaction(20)
    assert report(capsys, exit_code=0)["clean"]


def test_a_transaction_that_is_still_open_is_waited_for(installation: Installation) -> None:
    """Offsets are visible as committed a moment before the end of the same transaction shows in every topic."""
    late = installation.some(RELEASES)
    installation.log_of(late).remove(late)
    installation.write()
    installation.commit()
    producer = installation.transactional()
    producer.begin_transaction()
    installation.produce(producer, late)
    producer.flush(20)
    reports = []
    verifying = threading.Thread(target=lambda: reports.append(verify(installation.settings, hops(installation.settings))))
    verifying.start()
    time.sleep(2)  # it must still be waiting: nothing that could be awaited tells that it does not end
    assert reports == []
    producer.commit_transaction(20)
    verifying.join(60)
    # The record came out of order, which the report says; what matters here is that it was not called missing.
    assert [finding.kind for finding in reports[0].findings if finding.kind == "missing"] == []
    assert reports[0].compared[RELEASES] == len(list(installation.logs.all(RELEASES))) + 1


def test_what_is_not_processed_yet_is_not_missing(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    for (topic, _), log in installation.logs.logs.items():
        if topic == MILESTONES:
            log.clear()
    installation.write()
    installation.logs.processed = dict.fromkeys(installation.logs.processed, 0)
    installation.commit()
    found = report(capsys, "--wait", "1", exit_code=4)
    assert (found["clean"], found["complete"], found["missing"]) == (False, False, 0)
    assert found["not_yet"][MILESTONES] > 10
    assert main(["verify", "--wait", "0"]) == 4
    assert "not yet (the workers have not processed everything" in capsys.readouterr().out


def test_it_waits_until_the_workers_have_caught_up(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    installation.write()
    installation.commit(short=3)
    workers = threading.Timer(2, installation.commit)
    workers.start()
    assert report(capsys, "--wait", "60", exit_code=0)["clean"]
    workers.join()


def test_missing_topics_are_one_line_and_exit_2(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", settings().bootstrap)
    monkeypatch.setenv("MILEPOST_PREFIX", "nowhere.")
    assert main(["verify"]) == 2
    error = capsys.readouterr().err
    assert "topics are missing (nowhere.erp.raw" in error
    assert error.count("\n") == 1


def test_an_absent_broker_is_one_line_and_exit_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", f"127.0.0.1:{free_ports(1)[0]}")
    assert main(["verify"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_a_new_broker_that_has_never_seen_a_worker_is_verified_too(
    own_broker: LocalCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It coordinates no consumer group yet, and answers so at first."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP", own_broker.bootstrap)
    assert main(["topics", "create"]) == 0
    capsys.readouterr()
    assert report(capsys, exit_code=0)["clean"]
    with Sender(Settings(bootstrap=own_broker.bootstrap)) as sender:
        sender.send(Output(ERP_RAW, b"k", b"refused"))
    assert report(capsys, "--wait", "0", exit_code=4)["not_yet"] == {dead_letter_topic(ERP_RAW): 1}
