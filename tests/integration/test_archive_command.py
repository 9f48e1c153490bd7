"""`milepost archive` on a real broker: what was known of a closed order, and its way back."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from streams.cli import main
from streams.contracts.messages import decode
from streams.domain.event import Restored
from streams.hop import Output
from streams.producing import Sender
from streams.settings import Settings
from streams.topics import ARCHIVE, EVENTS
from tests.conftest import MakeSettings, MakeTopics
from tests.integration.letters import everything
from tests.unit.domain.telling import ORDER_ID
from tests.unit.test_archive import archived

pytestmark = pytest.mark.integration

Run = Callable[..., str]


@pytest.fixture
def mine(settings: MakeSettings, topics: MakeTopics) -> Settings:
    """An installation in which one order was archived."""
    chosen = settings(partitions=2)
    topics(chosen)
    _, emissions = archived()
    with Sender(chosen) as sender:
        for emission in emissions:
            if isinstance(emission, Output) and emission.topic == ARCHIVE:
                sender.send(emission._replace(timestamp=0))
    return chosen


@pytest.fixture
def run(mine: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", mine.bootstrap)
    monkeypatch.setenv("MILEPOST_PREFIX", mine.prefix)

    def run(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        ended = main(["archive", *arguments])
        printed = capsys.readouterr()
        assert ended == code, printed.out + printed.err
        return printed.out if code == 0 else printed.err

    return run


def test_show_tells_facts_releases_and_postings(run: Run) -> None:
    said = run("show", ORDER_ID)
    for word in (ORDER_ID, "DELIVERED, INVOICED", "ORDER_RELEASED", "INVOICE_POSTED", "posted: invoice"):
        assert word in said
    data = json.loads(run("show", ORDER_ID, "--json"))
    assert [fact["milestone"] for fact in data["facts"]] == ["ORDER_RELEASED", "GOODS_ISSUED", "DELIVERED", "INVOICE_POSTED"]


def test_restore_sends_the_row_through_the_log_with_who_and_why(run: Run, mine: Settings) -> None:
    assert "dlq replay --code ORDER_REMOVED" in run("restore", ORDER_ID, "--reason", "claim 88", "--by", "ada")
    [record] = everything(mine, EVENTS, quiet_seconds=0.5)
    message = decode(record.value or b"")
    assert isinstance(message, Restored)
    assert (record.key, message.order_id, message.by, message.reason) == (ORDER_ID.encode(), ORDER_ID, "ada", "claim 88")


def test_an_order_that_the_archive_lacks_is_named_and_nothing_is_sent(run: Run, mine: Settings) -> None:
    error = run("restore", ORDER_ID, "1000:0", "--reason", "claim 88", code=1)
    assert "not in the archive: 1000:0" in error and "Traceback" not in error
    assert everything(mine, EVENTS, quiet_seconds=0.5) == []


def test_a_restoration_without_a_reason_is_refused(run: Run) -> None:
    assert "--reason" in run("restore", ORDER_ID, "--reason", " ", code=1)


def test_without_a_broker_it_says_so_in_one_line(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it took 20 s, in which the client wrote 400 lines."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    assert main(["archive", "show", ORDER_ID]) == 3
    [line] = capfd.readouterr().err.splitlines()
    assert "127.0.0.1:1" in line


def test_without_the_topic_it_says_how_to_make_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILEPOST_PREFIX", "nobody.has.this.")
    assert "milepost topics create" in run("show", ORDER_ID, code=2)
