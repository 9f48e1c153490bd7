"""`milepost produce` and `milepost watch` on a real broker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from streams.cli import main
from streams.contracts import outputs
from streams.deadletter import headers as dead_letter_headers
from streams.domain.decisions import Hold, HoldCode, HoldReason
from streams.domain.instant import from_millis
from streams.following import Follower
from streams.hop import Output, RawRecord
from streams.producing import Sender
from streams.settings import Settings
from streams.topics import CARRIER_RAW, ERP_RAW, HOLDS, MILESTONES, RELEASES, STATUS, dead_letter_topic
from tests.conftest import MakeSettings, MakeTopics

pytestmark = pytest.mark.integration

Install = Callable[..., Settings]


@pytest.fixture
def install(settings: MakeSettings, topics: MakeTopics, monkeypatch: pytest.MonkeyPatch) -> Install:
    """An installation with the named topics, which the command line finds."""

    def make(*names: str, partitions: int = 2, config: dict[str, str] | None = None) -> Settings:
        mine = settings()
        topics(mine, *names, partitions=partitions, config=config)
        monkeypatch.setenv("KAFKA_BOOTSTRAP", mine.bootstrap)
        monkeypatch.setenv("MILEPOST_PREFIX", mine.prefix)
        return mine

    return make


def written(file: Path, *lines: dict[str, Any] | str) -> str:
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return str(file)


def read(settings: Settings, topic: str, count: int) -> list[RawRecord]:
    """The first records of a topic; fails if they do not come within ten seconds."""
    found: list[RawRecord] = []
    deadline = time.monotonic() + 10
    with Follower(settings, [topic], from_start=True) as follower:
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} records came"
            found += follower.read()
    return found


def test_topic_key_value_and_headers_are_sent_as_they_are_given(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = install(ERP_RAW, CARRIER_RAW, partitions=1)
    file = written(
        tmp_path / "lines.jsonl",
        {"topic": ERP_RAW, "key": "a", "value": {"price": 10.10}, "headers": {"format": "milepost.erp.v1"}},
        {"topic": ERP_RAW, "value": {"$base64": "AP8="}, "headers": [["x", "1"], ["x", "2"]]},
        {"topic": ERP_RAW, "key": "c", "value": None},
        {"topic": CARRIER_RAW, "key": "d", "value": "text"},
    )
    assert main(["produce", file]) == 0
    assert "4 records delivered" in capsys.readouterr().out
    first, second, third = read(mine, ERP_RAW, 3)
    assert (first.key, first.value, first.headers) == (b"a", b'{"price": 10.1}', (("format", b"milepost.erp.v1"),))
    assert (second.key, second.value, second.headers) == (None, b"\x00\xff", (("x", b"1"), ("x", b"2")))
    assert (third.key, third.value) == (b"c", None)
    assert read(mine, CARRIER_RAW, 1)[0].value == b"text"


def test_a_record_is_stamped_now_unless_its_timestamp_is_kept(install: Install, tmp_path: Path) -> None:
    mine = install(ERP_RAW, partitions=1)
    file = written(
        tmp_path / "lines.jsonl", {"topic": ERP_RAW, "value": 1, "timestamp": "2026-06-01T00:00:00Z"}, {"topic": ERP_RAW, "value": 2}
    )
    before = time.time() * 1000
    assert main(["produce", file]) == 0
    assert main(["produce", file, "--keep-timestamps"]) == 0
    now, now_too, kept, kept_too = (record.timestamp for record in read(mine, ERP_RAW, 4))
    assert before - 1 <= now <= now_too <= time.time() * 1000
    assert kept == kept_too == 1_780_272_000_000


def test_records_of_a_key_stay_in_order_in_the_partition_that_the_java_client_would_choose(install: Install, tmp_path: Path) -> None:
    mine = install(ERP_RAW, partitions=4)
    file = written(tmp_path / "lines.jsonl", *({"topic": ERP_RAW, "key": f"k{n % 7}", "value": n} for n in range(700)))
    assert main(["produce", file]) == 0
    records = read(mine, ERP_RAW, 700)
    for number in range(7):
        key = b"k%d" % number
        assert [int(record.value or b"") for record in records if record.key == key] == list(range(number, 700, 7))
    # What Kafka's own org.apache.kafka.common.utils.Utils.murmur2 says of these keys, for four partitions.
    assert {record.key: record.partition for record in records} == {
        b"k0": 1, b"k1": 1, b"k2": 1, b"k3": 0, b"k4": 0, b"k5": 0, b"k6": 1,
    }  # fmt: skip


def test_the_summary_as_json(install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(ERP_RAW)
    file = written(tmp_path / "lines.jsonl", *({"topic": ERP_RAW, "value": n} for n in range(5)))
    assert main(["produce", file, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["delivered"], summary["handed_over"], summary["failed"], summary["bad_lines"]) == (5, {ERP_RAW: 5}, {}, 0)


def test_rate_is_kept(install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(ERP_RAW)
    file = written(tmp_path / "lines.jsonl", *({"topic": ERP_RAW, "value": n} for n in range(50)))
    assert main(["produce", file, "--rate", "100", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds"] >= 0.49


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{oops", "line 2: JSON is malformed: object keys must be strings"),
        ('{"topic": "no.such", "value": 1}', "line 2: there is no topic "),
    ],
)
def test_a_bad_line_ends_it_and_what_stood_before_is_sent(
    bad: str, said: str, install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = install(ERP_RAW, partitions=1)
    file = written(tmp_path / "lines.jsonl", {"topic": ERP_RAW, "value": 1}, bad, {"topic": ERP_RAW, "value": 3})
    assert main(["produce", file]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error
    assert main(["produce", file, "--keep-going"]) == 1
    assert [record.value for record in read(mine, ERP_RAW, 3)] == [b"1", b"1", b"3"]


def test_a_record_that_the_broker_refuses_is_counted_and_the_others_are_delivered(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = install(ERP_RAW, partitions=1, config={"max.message.bytes": "100000"})
    noise = Random(1).randbytes(200_000).hex()
    file = written(
        tmp_path / "lines.jsonl", {"topic": ERP_RAW, "value": 1}, {"topic": ERP_RAW, "value": noise}, {"topic": ERP_RAW, "value": 3}
    )
    assert main(["produce", file, "--rate", "50", "--json"]) == 1
    summary = json.loads(capsys.readouterr().out)
    assert (summary["delivered"], sum(summary["failed"].values())) == (2, 1)
    assert [record.value for record in read(mine, ERP_RAW, 2)] == [b"1", b"3"]


# ---- watch


CAUSE = RawRecord("shipment.events", 0, 5, 1_780_300_000_000, b"", b"")
OUTPUTS = (HOLDS, MILESTONES, RELEASES, STATUS)


def hold_of(order: str, *codes: HoldCode) -> Output:
    return outputs.hold(Hold(order, tuple(HoldReason(code, "detail") for code in codes), from_millis(CAUSE.timestamp)), CAUSE)


def refused(order: str) -> Output:
    fields = {dead_letter_headers.CODE: "UNMAPPED_CODE", dead_letter_headers.MESSAGE: "code XYZ", dead_letter_headers.ORDER_ID: order}
    return Output(dead_letter_topic(CARRIER_RAW), b"1Z9", b'{"code": "XYZ"}', dead_letter_headers.write(fields))


def follow(arguments: list[str], mine: Settings, capsys: pytest.CaptureFixture[str], *records: Output) -> str:
    with Sender(mine) as sender:
        for record in records:
            sender.send(record)
    assert main(["watch", "--from-start", "--until-idle", "1", *arguments]) == 0
    return capsys.readouterr().out


def test_watch_says_in_a_line_what_each_record_says(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    mine = install(HOLDS, dead_letter_topic(CARRIER_RAW), partitions=1)
    shown = follow(
        ["--topic", HOLDS, "--topic", dead_letter_topic(CARRIER_RAW)],
        mine,
        capsys,
        hold_of("1000:1", HoldCode.NOT_SHIPPED, HoldCode.DISPUTE),
        hold_of("1000:1"),
        refused("1000:2"),
    )
    assert "1000:1              NOT_SHIPPED (detail), DISPUTE (detail)" in shown
    assert "nothing stands in the way" in shown
    assert "1000:2              UNMAPPED_CODE: code XYZ" in shown


def test_watch_shows_one_order(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    mine = install(HOLDS, dead_letter_topic(CARRIER_RAW), partitions=2)
    arguments = ["--topic", HOLDS, "--topic", dead_letter_topic(CARRIER_RAW), "--order", "1000:2"]
    shown = follow(arguments, mine, capsys, hold_of("1000:1"), hold_of("1000:2"), refused("1000:1\n1000:2"))
    assert len(shown.splitlines()) == 2
    assert "UNMAPPED_CODE" in shown


def test_watch_as_json_lines(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    mine = install(HOLDS, partitions=1)
    shown = follow(["--topic", HOLDS, "--json"], mine, capsys, hold_of("1000:1", HoldCode.NO_TERMS))
    (record,) = [json.loads(line) for line in shown.splitlines()]
    assert (record["topic"], record["partition"], record["offset"], record["key"]) == (HOLDS, 0, 0, "1000:1")
    assert [reason["code"] for reason in record["value"]["reasons"]] == ["NO_TERMS"]
    assert record["headers"]["ce_subject"] == "1000:1"
    assert record["timestamp"] == CAUSE.timestamp


def test_watch_of_a_missing_topic_is_one_line(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(HOLDS)
    assert main(["watch", "--topic", "no.such"]) == 2
    error = capsys.readouterr().err
    assert "no.such: check its name and MILEPOST_PREFIX" in error
    assert error.count("\n") == 1
