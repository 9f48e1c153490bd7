"""`milepost dlq` on a real broker: looking at dead letters, and settling them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from streams.cli import main
from streams.contracts.messages import decode
from streams.deadletter import headers as names
from streams.deadletter.reasons import Reason
from streams.deadletter.writer import letter_id
from streams.domain.event import DeadLetterMark
from streams.hop import Output, RawRecord
from streams.settings import Settings
from streams.topics import EVENTS
from tests.conftest import MakeSettings, MakeTopics
from tests.integration.letters import NOW_MS, everything, refused, send, write
from tests.unit.deadletter.test_foreign import AT, SHARE_GROUP, SMALLRYE, SPRING, STREAMS, connect

pytestmark = pytest.mark.integration

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe"


@dataclass
class Desk:
    """An installation, and its command line."""

    settings: Settings
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def run(self, *arguments: str, code: int = 0, settings: Settings | None = None) -> str:
        """What the command prints; its exit code must be `code`."""
        chosen = settings or self.settings
        self.monkeypatch.setenv("KAFKA_BOOTSTRAP", chosen.bootstrap)
        self.monkeypatch.setenv("MILEPOST_PREFIX", chosen.prefix)
        self.capsys.readouterr()
        ended = main(["dlq", *arguments])
        printed = self.capsys.readouterr()
        self.errors = printed.err
        assert ended == code, printed.out + printed.err
        return printed.out

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("list", "--json", *arguments).splitlines()]

    def data(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run(*arguments, "--json", code=code))
        return answer

    def offsets(self, *arguments: str) -> set[int]:
        return {line["source"]["offset"] for line in self.lines(*arguments)}

    def on(self, topic: str) -> list[RawRecord]:
        return everything(self.settings, topic, quiet_seconds=0.5)


@pytest.fixture
def desk(settings: MakeSettings, topics: MakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    mine = settings(partitions=2)
    topics(mine)
    return Desk(mine, capsys, monkeypatch)


FAST = ("--execute", "--by", "ops", "--reason", "a test", "--sample", "0", "--patience", "0")


def test_letters_are_listed_newest_first_and_filtered(desk: Desk) -> None:
    write(
        desk.settings,
        [
            refused(0, order_ids=("1000:1",)),
            refused(1, partition=1, key="K1", headers=(("partner", b"ACME"),)),
            refused(2, reason=Reason.UNMAPPED_CODE),
            refused(3, topic="wms.raw"),
        ],
    )
    assert desk.offsets() == {0, 1, 2, 3}
    assert desk.offsets("--order", "1000:1") == {0}
    assert desk.offsets("--key", "K1") == {1}
    assert desk.offsets("--partner", "ACME") == {1}
    assert desk.offsets("--code", "unmapped_code") == {2}
    assert desk.offsets("--topic", "wms.raw") == desk.offsets("--topic", "w*.dlq") == {3}
    assert desk.offsets("--code", "QTY_INVALID", "--topic", "erp.raw") == {0, 1}
    assert desk.offsets("--family", "spring") == set()
    assert desk.offsets("--state", "discarded") == set()
    assert len(desk.lines("--limit", "3")) == 3
    text = desk.run("list", "--topic", "wms.raw")
    assert "wms.raw.dlq            QTY_INVALID at map  key k3" in text
    assert "1 letters, 1 shown" in text


def test_time_is_a_filter_as_a_time_and_as_an_age(desk: Desk) -> None:
    write(desk.settings, [refused(0)])  # failed at NOW_MS
    assert desk.offsets("--since", "2026-06-01T07:00:00Z", "--until", "2026-06-01T08:00:00Z") == {0}
    assert desk.offsets("--until", "2026-06-01T07:00:00Z") == set()
    age = f"{int(time.time() - NOW_MS / 1000) + 60}s"
    assert desk.offsets("--since", age) == {0}
    assert desk.offsets("--until", age) == set()
    desk.run("list", "--since", "3x", code=2)
    assert "such as 90m or 3d" in desk.errors


def test_letters_are_grouped_with_count_first_last_and_a_sample(desk: Desk) -> None:
    write(desk.settings, [refused(n, order_ids=(f"1000:{n}",)) for n in range(3)] + [refused(9, reason=Reason.POISON)])
    found = desk.data("stats")
    assert (found["letters"], [group["count"] for group in found["groups"]]) == (4, [3, 1])
    largest = found["groups"][0]
    assert (largest["topic"], largest["code"], largest["orders"]) == ("erp.raw.dlq", "QTY_INVALID", 3)
    assert largest["sample"]["message"] == "quantity is no number"
    assert desk.offsets("--fingerprint", largest["fingerprint"]) == {0, 1, 2}
    assert largest["sample"]["id"] in desk.run("stats")
    desk.run("stats", "--exit-code", code=1)
    desk.run("stats", "--exit-code", "--order", "1000:77")


def test_a_letter_is_shown_with_why_what_to_do_and_its_bytes(desk: Desk) -> None:
    value = b'{"type":"order.released","system":"SAP","company":"1000","order":"4711","quantity":1.10}'
    (letter,) = write(desk.settings, [refused(0, value=value, order_ids=("1000:4711",))])
    for name in (letter, letter[:8], "erp.raw.dlq-0@0"):
        text = desk.run("show", name)
        assert f"letter     {letter}, open" in text
        assert "reason     QTY_INVALID at map: quantity is no number" in text
        assert "meaning    A quantity or an amount is not a decimal number" in text
        assert "orders     1000:4711; their release is held" in text
        assert "source = kept" in text
        assert '"quantity": 1.10' in text and value.decode()[:60] in text  # decoded, and as it came
    assert "00000000  7b 22 74 79 70 65" in desk.run("show", letter, "--hex")
    desk.run("show", "nothing", code=1)
    assert "there is no dead letter nothing" in desk.errors


def test_show_says_what_would_become_of_the_record_now(desk: Desk) -> None:
    (letter,) = write(desk.settings, [refused(0, value=b'{"type":"order.cancelled"}', headers=(("format", b"milepost.erp.v1"),))])
    assert "refused   at validate: SCHEMA_INVALID" in desk.run("show", letter)


def test_without_execute_nothing_is_touched(desk: Desk) -> None:
    (letter, *_) = write(desk.settings, [refused(n) for n in range(3)])
    assert "dry run: 3 letters would be sent again" in desk.run("replay", "--all")
    assert "dry run: 3 letters would be discarded" in desk.run("discard", "--code", "QTY_INVALID")
    assert desk.data("replay", "--all", "--limit", "2")["letters"] == 2
    assert "dry run: this copy would go to erp.raw.replay" in desk.run("edit", letter, "--set", "number=5")
    assert desk.on("erp.raw.replay") == desk.on("deadletter.audit") == []
    assert desk.offsets() == {0, 1, 2}


def test_what_is_not_said_is_not_done(desk: Desk) -> None:
    (letter,) = write(desk.settings, [refused(0)])
    desk.run("replay", "--execute", "--reason", "x", code=2)
    assert "say which letters are meant" in desk.errors
    desk.run("replay", "--all", "--execute", code=2)
    assert "--execute needs --reason" in desk.errors
    desk.run("edit", letter, "--set", "number=5", "--execute", "--reason", "x", code=2)
    assert "an edit is confirmed by a person" in desk.errors
    desk.run("edit", letter, code=2)
    assert "there is no terminal for an editor" in desk.errors


def test_one_letter_a_group_and_all_are_replayed_each_once(desk: Desk) -> None:
    letters = write(desk.settings, [refused(n) for n in range(4)] + [refused(9, reason=Reason.POISON, topic="wms.raw")])
    assert desk.data("replay", "--id", letters[0], *FAST)["settled"] == 1
    group = next(group for group in desk.data("stats")["groups"] if group["topic"] == "erp.raw.dlq")
    assert desk.data("replay", "--fingerprint", group["fingerprint"], "--limit", "2", *FAST)["settled"] == 2
    assert desk.data("replay", "--all", *FAST)["settled"] == 2
    assert sorted(record.value or b"" for record in desk.on("erp.raw.replay")) == [b'{"number": %d}' % n for n in range(4)]
    assert len(desk.on("wms.raw.replay")) == 1
    assert desk.offsets() == set()
    assert desk.data("replay", "--all", *FAST)["settled"] == 0
    (first,) = [line for line in desk.lines("--state", "any") if line["id"] == letters[0]]
    assert first["state"] == "REPLAYED"


def test_an_edited_copy_is_sent_and_the_original_is_settled(desk: Desk, tmp_path: Path) -> None:
    (one, other) = write(desk.settings, [refused(0), refused(1)])
    arguments = ("--execute", "--yes", "--by", "ops", "--reason", "typed wrong", "--patience", "0")
    text = desk.run("edit", one, "--set", "number=5", "--set-header", "source=corrected", *arguments)
    assert '-  "number": 0' in text and '+  "number": 5' in text
    (sent,) = desk.on("erp.raw.replay")
    assert (sent.value, sent.key) == (b'{"number":5}', b"k0")
    headers = dict(sent.headers)
    assert (headers["source"], headers[names.REPLAY_OF], headers[names.REPLAY_EDITED]) == (b"corrected", one.encode(), b"true")
    assert desk.data("show", one)["settlement"]["action"] == "EDITED"
    assert '+  "number": 5' in desk.data("show", one)["settlement"]["edit"]
    file = tmp_path / "new.bin"
    file.write_bytes(b"\x00\x01")
    desk.run("edit", other, "--file", str(file), *arguments)
    assert {each.value for each in desk.on("erp.raw.replay")} == {b'{"number":5}', b"\x00\x01"}
    desk.run("edit", one, "--set", "number=6", *arguments, code=1)
    assert "is settled (edited)" in desk.errors


def test_a_discarded_letter_lifts_the_hold_and_keeps_why(desk: Desk) -> None:
    (letter,) = write(desk.settings, [refused(0, order_ids=("1000:1",))], holding=True)
    desk.run("discard", "--order", "1000:1", "--execute", "--by", "ops", "--reason", "test record")
    marks = [decode(record.value or b"") for record in desk.on(EVENTS)]
    assert [(mark.dead_letter_id, mark.open) for mark in marks if isinstance(mark, DeadLetterMark)] == [(letter, True), (letter, False)]
    history = desk.data("audit", letter[:8])["history"]
    assert [(entry["event"], entry.get("by"), entry.get("reason")) for entry in history] == [
        ("refused", None, None),
        ("DISCARDED", "ops", "test record"),
    ]


def test_the_history_of_a_record_that_failed_again_is_one_story(desk: Desk) -> None:
    (first,) = write(desk.settings, [refused(0)])
    job = desk.data("replay", "--all", *FAST)["jobs"][0]["job"]
    (sent,) = desk.on("erp.raw.replay")
    again = refused(sent.offset, topic="erp.raw.replay", partition=sent.partition, headers=sent.headers, value=sent.value, key="k0")
    (second,) = write(desk.settings, [again])
    for name in (first, second):
        history = desk.data("audit", name)["history"]
        assert [(entry["letter"], entry["event"]) for entry in history] == [(first, "refused"), (first, "REPLAYED"), (second, "refused")]
    assert desk.offsets("--replay", job) == {sent.offset}
    assert "attempt 2" in desk.run("list")
    jobs = desk.data("audit")["jobs"]
    assert [(each["id"], each["by"], each["runs"][0]["settled"]) for each in jobs] == [(job, "ops", 1)]
    text = desk.run("audit", job)
    assert "why        a test" in text and first in text
    desk.run("audit", "nobody", code=1)


def test_letters_are_carried_to_another_installation_byte_for_byte(
    desk: Desk, settings: MakeSettings, topics: MakeTopics, tmp_path: Path
) -> None:
    write(desk.settings, [refused(0, value=b"\x00\xff\x1b"), refused(1, partition=1, value=None), refused(2, value=b"")])
    other = settings(partitions=2)
    topics(other)
    file = tmp_path / "letters.jsonl"
    desk.run("export", "--out", str(file))
    assert "dry run: 3 letters would be written" in desk.run("import", str(file), settings=other)
    assert everything(other, "erp.raw.dlq", quiet_seconds=0.3) == []
    assert "3 letters written, 0 were there already" in desk.run("import", str(file), "--execute", settings=other)
    assert "0 letters written, 3 were there already" in desk.run("import", str(file), "--execute", settings=other)

    def kept(records: list[RawRecord]) -> set[Any]:
        return {(record.partition, record.key, record.value, record.headers) for record in records}

    assert kept(everything(other, "erp.raw.dlq", quiet_seconds=0.5)) == kept(desk.on("erp.raw.dlq"))


def test_refused_records_are_exported_as_lines_for_explain(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(desk.settings, [refused(0, value=b'{"type":"order.cancelled"}', headers=(("format", b"milepost.erp.v1"),))])
    file = tmp_path / "records.jsonl"
    desk.run("export", "--records", "--out", str(file))
    assert main(["explain", str(file)]) == 0
    assert "refused   at validate: SCHEMA_INVALID" in capsys.readouterr().out


FOREIGN = {"connect": connect(), "streams": STREAMS, "spring": SPRING, "smallrye": SMALLRYE, "share-group": SHARE_GROUP}


@pytest.mark.parametrize("family", FOREIGN)
def test_a_foreign_letter_is_listed_shown_and_replayed_to_a_named_topic_only(desk: Desk, topics: MakeTopics, family: str) -> None:
    topics(desk.settings, "orders", "orders-dlt", partitions=8, config={"retention.ms": "-1"})
    send(desk.settings, [Output("orders-dlt", b"key", b"\xffbytes", (("tenant", b"north"), *FOREIGN[family]), 1, NOW_MS)])
    (line,) = desk.lines("--topic", "orders-dlt")
    assert (line["family"], line["state"]) == (family, "OPEN")
    assert f"written by {family}" in desk.run("show", line["id"], "--topic", "orders-dlt")
    assert "name a target with --to" in desk.run("replay", "--topic", "orders-dlt", "--all", *FAST, code=1)
    assert desk.on("orders") == []
    assert desk.data("replay", "--topic", "orders-dlt", "--family", family, "--to", "orders", *FAST)["settled"] == 1
    original = AT - 5_000 if family == "spring" else NOW_MS  # Spring alone says when the record was written
    (sent,) = desk.on("orders")
    assert (sent.key, sent.value, sent.partition, sent.timestamp) == (b"key", b"\xffbytes", line["source"]["partition"], original)
    assert ("tenant", b"north") in sent.headers
    assert desk.lines("--topic", "orders-dlt") == []


def test_hostile_letters_are_counted_and_shown_and_stop_nobody(desk: Desk) -> None:
    (whole,) = write(desk.settings, [refused(0)])
    bad = HOSTILE.encode()
    damaged = ((names.ID, b"\xff" + bad), (names.CODE, bad), (names.MESSAGE, bad), (names.SOURCE_OFFSET, b"-1"), (names.ORDER_ID, bad))
    send(
        desk.settings,
        [
            Output("erp.raw.dlq", None, None, (), 0, NOW_MS),
            Output("erp.raw.dlq", bad, bad + b"x" * 900_000, damaged, 1, NOW_MS),
            Output("erp.raw.dlq", b"\xff", b"\x00\x00\x00\x00\x01", ((HOSTILE, bad), ("__connect.errors.offset", b"x")), 1, NOW_MS),
        ],
    )
    texts = [desk.run("list"), desk.run("stats"), *(desk.run("list", "--json"), desk.run("stats", "--json"))]
    texts += [desk.run("show", place) for place in ("erp.raw.dlq-0@1", "erp.raw.dlq-1@0", "erp.raw.dlq-1@1")]
    texts.append(desk.run("discard", "--all"))
    assert "4 letters, 4 shown; 3 of those shown have headers that are damaged" in texts[0]
    for text in texts:
        assert not any(character in text for character in "\x1b\x07\u202e"), text
    assert desk.data("replay", "--id", whole, *FAST)["settled"] == 1
    assert desk.data("discard", "--all", "--execute", "--by", "ops", "--reason", "rubbish")["settled"] == 3


@pytest.mark.slow
def test_a_hundred_thousand_letters_are_listed_and_grouped_in_five_seconds(desk: Desk) -> None:
    reasons = list(Reason)
    write(
        desk.settings,
        (
            refused(
                n,
                topic=("erp.raw", "wms.raw", "tms.raw", "carrier.raw")[n % 4],
                partition=n // 20 % 2,
                reason=reasons[n % 20 // 4 + (n % 4)],
                value=b'{"text":"' + b"x" * 400 + b'"}',
                order_ids=(f"1000:{n}",),
            )
            for n in range(100_000)
        ),
    )
    began = time.process_time()  # not the clock: what else the machine does is no matter of ours
    found = desk.data("stats")
    grouped = time.process_time()
    assert (found["letters"], len(found["groups"])) == (100_000, 20)
    assert desk.run("list").count("\n") == 102
    listed = time.process_time()
    assert max(grouped - began, listed - grouped) < 5.0


def test_a_letter_of_ours_has_the_id_of_its_source(desk: Desk) -> None:
    (letter,) = write(desk.settings, [refused(5)])
    assert letter == str(letter_id(refused(5).record)) == desk.lines()[0]["id"]
