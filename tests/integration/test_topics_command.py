"""`milepost topics` on a real broker."""

from __future__ import annotations

import json

import pytest

from streams.admin import connect
from streams.cli import main
from streams.processes import free_ports
from streams.settings import Settings
from streams.topics import RAW_TOPICS, wanted_topics
from tests.conftest import MakeSettings, MakeTopics

pytestmark = pytest.mark.integration


def _environment(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", settings.bootstrap)
    monkeypatch.setenv("MILEPOST_PREFIX", settings.prefix)
    monkeypatch.setenv("MILEPOST_PARTITIONS", str(settings.partitions))


def test_create_and_check(
    settings: MakeSettings, topics: MakeTopics, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = settings(partitions=2)
    topics(mine, *RAW_TOPICS, partitions=1)
    _environment(monkeypatch, mine)
    wanted = {topic.name for topic in wanted_topics(mine)}
    raw = {mine.topic(name) for name in RAW_TOPICS}

    assert main(["topics", "check", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["differences"]
    assert {entry["topic"] for entry in found} == wanted - raw

    assert main(["topics", "create", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["created"]) == wanted - raw
    assert main(["topics", "create"]) == 0
    assert f"0 topics created, {len(wanted)} were there" in capsys.readouterr().out
    assert main(["topics", "check"]) == 0
    assert f"all {len(wanted)} topics are as wanted" in capsys.readouterr().out

    monkeypatch.setenv("MILEPOST_PARTITIONS", "3")
    assert main(["topics", "check"]) == 1
    assert "partitions" in capsys.readouterr().out
    topics_left = [name for name in connect(mine).list_topics(timeout=10).topics if name.startswith(mine.prefix)]
    admin = connect(mine)
    for future in admin.delete_topics(topics_left, operation_timeout=30).values():
        future.result()


def test_absent_broker_is_one_line_and_exit_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    monkeypatch.setenv("KAFKA_BOOTSTRAP", address)
    assert main(["topics", "check"]) == 3
    said = capsys.readouterr().err
    assert f"no Kafka answers at {address}" in said
    assert said.count("\n") == 1
