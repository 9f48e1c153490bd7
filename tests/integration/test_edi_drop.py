"""`milepost edi drop` on a real broker: each file once, whatever happens between its publishing and its moving."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer

from connectors.edi.drop import Drop, DropLocked
from connectors.edi.partners import NOBODY, Partner, Partners
from connectors.edi.publishing import Publisher
from streams.cli import main
from streams.errors import ConfigurationError
from streams.settings import Settings
from streams.topics import CARRIER_RAW, EDI_TAKEN
from tests.conftest import MakeSettings, MakeTopics
from tests.unit.edi.files import TWO, data

pytestmark = pytest.mark.integration

Install = Callable[[], Settings]
FILE = data(TWO)
ROOT = Path(__file__).parents[2]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def install(settings: MakeSettings, topics: MakeTopics, monkeypatch: pytest.MonkeyPatch) -> Install:
    def make() -> Settings:
        mine = settings()
        topics(mine, CARRIER_RAW, EDI_TAKEN, partitions=2)
        monkeypatch.setenv("KAFKA_BOOTSTRAP", mine.bootstrap)
        monkeypatch.setenv("MILEPOST_PREFIX", mine.prefix)
        return mine

    return make


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / "in" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def committed(mine: Settings, topic: str) -> list[tuple[str, dict[str, Any]]]:
    """`(ce_id, value)` of every committed record of a topic, read to the end that it has now."""
    conf = {"group.id": f"{mine.prefix}reader", "auto.offset.reset": "earliest", "enable.partition.eof": True}
    consumer = Consumer(mine.librdkafka(**conf, **{"isolation.level": "read_committed", "enable.auto.commit": False}))
    consumer.subscribe([mine.topic(topic)])
    found, ended = [], set()
    while len(ended) < 2:
        message = consumer.poll(10)
        assert message is not None, "the topic's end did not come"
        if message.error():
            ended.add(message.partition())
        else:
            headers = dict(message.headers() or [])
            found.append((headers.get("ce_id", b"").decode(), json.loads(message.value() or b"")))
    consumer.close()
    return found


def names(folder: Path, name: str) -> list[str]:
    return sorted(path.name for path in (folder / name).iterdir())


def killed(folder: Path, patch: str) -> None:
    """Run a drop in a process of its own that kills itself where `patch` says."""
    script = f"""
        import os, signal, sys
        from connectors.edi import drop, publishing
        from streams.cli import main
        def die(*a, **k): os.kill(os.getpid(), signal.SIGKILL)
        {patch}
        sys.exit(main(["edi", "drop", {str(folder)!r}, "--once", "--settle", "0"]))
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL


def test_a_file_becomes_records_and_moves_and_its_answer_is_written(install: Install, tmp_path: Path) -> None:
    mine = install()
    put(tmp_path, "carrier.214", FILE)
    agreed = Partners({("02:OLDFREIGHT", ""): Partner(id="old", sender="02:OLDFREIGHT", acknowledge="997")})
    with Publisher(mine) as publisher:
        drop = Drop(tmp_path, publisher, agreed, now, settle=0)
        (outcome,) = drop.sweep()
        assert drop.sweep() == []
        drop.close()
    assert (outcome.verdict, outcome.records, outcome.known) == ("done", 2, False)
    assert (names(tmp_path, "in"), names(tmp_path, "done")) == ([], ["carrier.214"])
    (answer,) = names(tmp_path, "out")
    assert answer.endswith(".0.997.edi")
    assert b"AK9*A*2*2*2" in (tmp_path / "out" / answer).read_bytes()
    assert sorted(value["control"] for _, value in committed(mine, CARRIER_RAW)) == ["0001", "0002"]


@pytest.mark.parametrize(
    ("patch", "moment"),
    [
        ("drop.Drop._put_away = die", "after the commit, before anything else"),
        ("drop.Drop._moved = die", "remembered and answered, not moved"),
        ("publishing.Producer = type('P', (publishing.Producer,), {'commit_transaction': die})", "before the commit"),
    ],
    ids=lambda text: text if " " not in text else None,
)
def test_a_process_that_is_killed_doubles_nothing_and_loses_nothing(patch: str, moment: str, install: Install, tmp_path: Path) -> None:
    mine = install()
    put(tmp_path, "carrier.214", FILE)
    killed(tmp_path, patch)
    assert names(tmp_path, "in") == ["carrier.214"], moment
    assert main(["edi", "drop", str(tmp_path), "--once", "--settle", "0"]) == 0
    assert (names(tmp_path, "in"), names(tmp_path, "done"), names(tmp_path, "failed")) == ([], ["carrier.214"], [])
    ids = [ce_id for ce_id, _ in committed(mine, CARRIER_RAW)]
    assert len(ids) == len(set(ids)) == 2
    assert len(committed(mine, EDI_TAKEN)) == 1


def test_the_same_content_under_another_name_is_not_published_again_even_if_the_folder_is_new(install: Install, tmp_path: Path) -> None:
    mine = install()
    put(tmp_path / "a", "carrier.214", FILE)
    assert main(["edi", "drop", str(tmp_path / "a"), "--once", "--settle", "0"]) == 0
    put(tmp_path / "a", "again.214", FILE)
    put(tmp_path / "b", "carrier.214", FILE)
    for folder in ("a", "b"):
        assert main(["edi", "drop", str(tmp_path / folder), "--once", "--settle", "0"]) == 0
    assert len(committed(mine, CARRIER_RAW)) == 2


def test_a_control_number_used_again_for_something_else_is_refused_after_a_restart(install: Install, tmp_path: Path) -> None:
    mine = install()
    put(tmp_path, "carrier.214", FILE)
    assert main(["edi", "drop", str(tmp_path), "--once", "--settle", "0"]) == 0
    put(tmp_path, "other.214", FILE.replace(b"SPRINGFIELD", b"SHELBYVILLE"))
    assert main(["edi", "drop", str(tmp_path), "--once", "--settle", "0"]) == 1
    assert names(tmp_path, "failed") == ["other.214", "other.214.problems.json"]
    report = json.loads((tmp_path / "failed" / "other.214.problems.json").read_bytes())
    assert [problem["code"] for problem in report["problems"]] == ["INTERCHANGE_DUPLICATE"]
    assert len(committed(mine, CARRIER_RAW)) == 2


def test_a_file_that_failed_in_part_says_so_again_and_is_published_again_only_from_the_folder_for_that(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = install()
    content = FILE.replace(b"SE*8*0001", b"SE*9*0001")
    drop = ["edi", "drop", str(tmp_path), "--once", "--settle", "0"]
    put(tmp_path, "half.214", content)
    assert main(drop) == 1
    put(tmp_path, "half.214", content)
    assert main(drop) == 1
    assert "failed, 0 records published, 1 problems, read before (to publish it again, put it into again/)" in capsys.readouterr().out
    (report,) = [path for path in (tmp_path / "failed").glob("half.214.*.problems.json") if path.name != "half.214.problems.json"]
    assert json.loads(report.read_bytes())["read_before"] is True
    assert len(committed(mine, CARRIER_RAW)) == 1
    put(tmp_path, "half.214", content).rename(tmp_path / "again" / "half.214")
    assert main(drop) == 1
    twice = committed(mine, CARRIER_RAW)
    assert len(twice) == 2 and len({ce_id for ce_id, _ in twice}) == 1


def test_what_was_refused_as_a_duplicate_is_no_success_when_its_file_comes_again(install: Install, tmp_path: Path) -> None:
    """Its other interchange was published, so the file is known; the duplicate in it still was never taken."""
    mine = install()
    drop = ["edi", "drop", str(tmp_path), "--once", "--settle", "0"]
    put(tmp_path, "first.214", FILE)
    assert main(drop) == 0
    changed = FILE.replace(b"SPRINGFIELD", b"SHELBYVILLE")
    for _ in range(2):
        put(tmp_path, "both.214", changed + FILE.replace(b"000000101", b"000000102"))
        assert main(drop) == 1
    assert len(committed(mine, CARRIER_RAW)) == 4
    put(tmp_path, "corrected.214", changed).rename(tmp_path / "again" / "corrected.214")
    assert main(drop) == 0
    assert len(committed(mine, CARRIER_RAW)) == 6


def test_it_is_asked_to_stop_and_says_what_it_has_done_in_its_metrics(install: Install, tmp_path: Path) -> None:
    install()
    put(tmp_path, "carrier.214", FILE)
    put(tmp_path, "cut.part", FILE)
    with Publisher(Settings()) as publisher:
        began = now()
        drop = Drop(tmp_path, publisher, NOBODY, now, settle=0)
        drop.sweep()
        values = {sample.name: sample.value for family in drop.metrics.registry.collect() for sample in family.samples}
        assert values["milepost_edi_waiting_files"] == 1
        assert (
            values["milepost_edi_last_sweep_timestamp_seconds"] >= values["milepost_edi_last_file_timestamp_seconds"] >= began.timestamp()
        )
        drop.close()
    command = [sys.executable, "-m", "streams.cli", "edi", "drop", str(tmp_path), "--settle", "0", "--every", "0.1"]
    put(tmp_path, "other.214", FILE.replace(b"000000101", b"000000102"))
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("other.214: done, 2 records published")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_what_is_sound_in_a_failed_file_is_published(install: Install, tmp_path: Path) -> None:
    mine = install()
    put(tmp_path, "half.214", FILE.replace(b"SE*8*0001", b"SE*9*0001"))
    put(tmp_path, "noise.txt", b"\x00\xffhello")
    put(tmp_path, ".hidden", FILE)
    put(tmp_path, "growing.part", FILE)
    assert main(["edi", "drop", str(tmp_path), "--once", "--settle", "0"]) == 1
    assert names(tmp_path, "failed") == ["half.214", "half.214.problems.json", "noise.txt", "noise.txt.problems.json"]
    assert names(tmp_path, "in") == [".hidden", "growing.part"]
    assert [value["control"] for _, value in committed(mine, CARRIER_RAW)] == ["0002"]


def test_test_data_does_not_reach_the_raw_topics_unless_a_setting_says_so(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = install()
    content = FILE.replace(b"*0*P*:", b"*0*T*:")
    put(tmp_path, "test.214", content)
    assert main(["edi", "drop", str(tmp_path), "--once", "--settle", "0"]) == 0
    assert "1 test interchanges not published" in capsys.readouterr().out
    assert committed(mine, CARRIER_RAW) == []
    monkeypatch.setenv("MILEPOST_EDI_TAKE_TEST", "1")
    put(tmp_path, "test.214", content)
    assert main(["edi", "drop", str(tmp_path), "--once", "--settle", "0"]) == 0
    assert [value["test"] for _, value in committed(mine, CARRIER_RAW)] == [True, True]


def test_what_was_sent_is_watched_and_its_acknowledgement_settles_it(install: Install, tmp_path: Path) -> None:
    install()
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent" / "ours.940").write_bytes(FILE)
    assert main(["edi", "drop", str(tmp_path), "--once", "--settle", "0"]) == 0
    assert names(tmp_path, "watched") == ["ours.940"]
    assert main(["edi", "acks", str(tmp_path), "--hours", "0"]) == 1
    head = "ISA*00*          *00*          *ZZ*MILLCO         *02*OLDFREIGHT     *260601*1500*U*00401*000000900*0*P*:"
    answer = [head, "GS*FA*MILLCO*OLDFREIGHT*20260601*1500*1*X*004010", "ST*997*0001", "AK1*QM*7", "AK9*A*2*2*2", "SE*4*0001"]
    put(tmp_path, "answer.997", data([*answer, "GE*1*1", "IEA*1*000000900"]))
    assert main(["edi", "drop", str(tmp_path), "--once", "--settle", "0"]) == 0
    assert main(["edi", "acks", str(tmp_path), "--hours", "0"]) == 0


def test_one_process_a_folder_and_no_topic_no_drop(install: Install, settings: MakeSettings, tmp_path: Path) -> None:
    mine = install()
    with Publisher(mine) as publisher:
        first = Drop(tmp_path, publisher, NOBODY, now)
        with pytest.raises(DropLocked):
            Drop(tmp_path, publisher, NOBODY, now)
        first.close()
        Drop(tmp_path, publisher, NOBODY, now).close()
    with pytest.raises(ConfigurationError, match="milepost topics create"):
        Publisher(settings())


def test_of_two_drops_with_one_name_the_later_one_goes_on_and_nothing_is_doubled(install: Install, tmp_path: Path) -> None:
    mine = install()
    put(tmp_path / "a", "one.214", FILE)
    put(tmp_path / "b", "two.214", FILE)
    with Publisher(mine) as first, Publisher(mine) as second:
        early, late = Drop(tmp_path / "a", first, NOBODY, now, settle=0), Drop(tmp_path / "b", second, NOBODY, now, settle=0)
        assert [outcome.records for outcome in late.sweep()] == [2]
        with pytest.raises(ConfigurationError, match="--name"):
            early.sweep()
        assert names(tmp_path / "a", "in") == ["one.214"]
        early.close()
        late.close()
    assert len(committed(mine, CARRIER_RAW)) == 2


def test_without_a_broker_files_stay_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    put(tmp_path, "carrier.214", FILE)
    assert main(["edi", "drop", str(tmp_path), "--once", "--settle", "0"]) == 3
    assert names(tmp_path, "in") == ["carrier.214"]


def test_a_record_that_kafka_will_never_take_fails_its_file_and_no_other(
    settings: MakeSettings, topics: MakeTopics, tmp_path: Path
) -> None:
    mine = settings()
    topics(mine, EDI_TAKEN, partitions=2)
    topics(mine, CARRIER_RAW, partitions=2, config={"max.message.bytes": "2000"})
    noise = "".join(f"L11*{os.urandom(12).hex()}*BM~\n" for _ in range(200)).encode()
    put(tmp_path, "large.214", FILE.replace(b"L11*BOL-77*BM~\n", noise).replace(b"SE*8*0001", b"SE*207*0001"))
    put(tmp_path, "small.214", FILE.replace(b"000000101", b"000000102"))
    with Publisher(mine) as publisher:
        drop = Drop(tmp_path, publisher, NOBODY, now, settle=0)
        assert sorted((outcome.file, outcome.verdict, outcome.records) for outcome in drop.sweep()) == [
            ("large.214", "failed", 0),
            ("small.214", "done", 2),
        ]
        drop.close()
    assert b"KAFKA_REFUSED" in (tmp_path / "failed" / "large.214.problems.json").read_bytes()
    assert [ce_id.split("/")[3] for ce_id, _ in committed(mine, CARRIER_RAW)] == ["000000102", "000000102"]


def test_a_file_waits_until_it_is_at_rest(install: Install, tmp_path: Path) -> None:
    mine = install()
    path = put(tmp_path, "slow.214", FILE)
    with Publisher(mine) as publisher:
        drop = Drop(tmp_path, publisher, NOBODY, now, settle=3_600)
        assert drop.sweep() == []
        os.utime(path, (0, 0))
        assert [outcome.verdict for outcome in drop.sweep()] == ["done"]
        drop.close()
    shutil.rmtree(tmp_path / "done")
