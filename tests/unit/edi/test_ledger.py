"""What we sent and wait for: answered, rejected, or missing, in whatever order file and answer are seen."""

from __future__ import annotations

import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.edi.edifact.acknowledge import contrl
from connectors.edi.edifact.envelope import Reading as EdifactReading
from connectors.edi.files import EdiFile
from connectors.edi.ledger import Ledger
from connectors.edi.partners import NOBODY, Partner, Partners
from connectors.edi.x12.acknowledge import Functional, functional, interchange_acknowledgement
from connectors.edi.x12.reading import Reading
from streams.cli import main
from tests.unit.edi.files import TWO, data
from tests.unit.edi.test_edifact_reading import TWO as PLAIN

AT = datetime(2026, 6, 1, 20, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
X12 = data(TWO).replace(b"*0*P*:", b"*1*P*:")
EDIFACT = PLAIN.replace("+55'UNH", "+55++++1'UNH").encode()
BAD_X12 = X12.replace(b"SE*8*0001", b"SE*9*0001")


def file(content: bytes | None) -> EdiFile:
    return EdiFile(io.BytesIO(content or b""))


def answers(content: bytes, kind: Functional = Functional.S997) -> list[bytes | None]:
    """What a partner who reads `content` sends back."""
    if content.startswith(b"UNB"):
        return [contrl(EdifactReading(content).interchanges[0], LATER, "9")]
    (found,) = Reading(content).interchanges
    return [interchange_acknowledgement(found, LATER, 9), functional(found, LATER, 10, kind)]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state" / "edi.sqlite")


@pytest.mark.parametrize(("content", "kinds"), [(X12, ["TA1", "997"]), (data(TWO), ["997"]), (EDIFACT, ["CONTRL"]), (PLAIN.encode(), [])])
def test_what_was_sent_is_missing_until_it_is_answered(content: bytes, kinds: list[str], ledger: Ledger) -> None:
    assert ledger.sent(file(content), "out.edi", NOBODY, AT) == len(kinds)
    assert ledger.missing(AT) == []
    missing = ledger.missing(LATER)
    assert sorted(each.kind for each in missing) == sorted(kinds)
    for answer in answers(content):
        ledger.received(file(answer), LATER)
    assert ledger.missing(LATER) == []
    assert ledger.rejected(AT) == []


@pytest.mark.parametrize("kind", list(Functional))
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_it_makes_no_difference_what_is_seen_first(order: tuple[int, ...], kind: Functional, ledger: Ledger) -> None:
    steps = [
        lambda: ledger.sent(file(X12), "out.edi", NOBODY, AT),
        *(lambda answer=answer: ledger.received(file(answer), LATER) for answer in answers(X12, kind)),
    ]
    for index in order:
        steps[index]()
    assert ledger.missing(LATER) == []


def test_an_answer_from_somebody_else_is_no_answer(ledger: Ledger) -> None:
    ledger.sent(file(X12), "out.edi", NOBODY, AT)
    for answer in answers(X12):
        ledger.received(file((answer or b"").replace(b"MILLCO    ", b"OTHERCO   ")), LATER)
    assert len(ledger.missing(LATER)) == 2


@pytest.mark.parametrize("content", [BAD_X12.replace(b"SE*6*0002", b"SE*7*0002"), EDIFACT.replace(b"UNT+3+1", b"UNT+4+1")])
def test_a_rejection_is_told_with_what_it_says(content: bytes, ledger: Ledger) -> None:
    ledger.sent(file(content), "out.edi", NOBODY, AT)
    for answer in answers(content):
        ledger.received(file(answer), LATER)
    (rejected,) = ledger.rejected(AT)
    assert rejected.said in ("AK9 R", "rejected: message 1")
    assert rejected.file == "out.edi"
    assert ledger.rejected(LATER + timedelta(days=1)) == []


def test_memory_and_numbers_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "edi.sqlite"
    first = Ledger(path)
    first.sent(file(X12), "out.edi", NOBODY, AT)
    assert list(itertools.islice(first.controls(), 2)) == [1, 2]
    again = Ledger(path)
    assert next(again.controls()) == 3
    assert len(again.missing(LATER)) == 2
    again.sent(file(X12), "out2.edi", NOBODY, LATER)
    assert {each.sent_at for each in again.missing(LATER)} == {AT}


def test_of_a_partner_who_never_answers_nothing_is_missing(ledger: Ledger) -> None:
    silent = Partner(id="mill", sender="ZZ:MILLCO", answers="none")
    assert ledger.sent(file(X12), "out.edi", Partners({("ZZ:MILLCO", ""): silent}), AT) == 0


def test_our_own_acknowledgements_are_not_waited_for(ledger: Ledger) -> None:
    assert [ledger.sent(file(answer), "ack.edi", NOBODY, AT) for content in (X12, EDIFACT) for answer in answers(content)] == [0, 0, 0]


def test_the_command_says_what_is_missing_and_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edi", "acks", str(tmp_path)]) == 2
    assert "is no folder of milepost edi drop" in capsys.readouterr().err
    ledger = Ledger(tmp_path / "state" / "edi.sqlite")
    assert main(["edi", "acks", str(tmp_path)]) == 0
    ledger.sent(file(data(TWO)), "out.edi", NOBODY, AT)
    assert main(["edi", "acks", str(tmp_path), "--hours", "0"]) == 1
    out = capsys.readouterr().out
    assert "missing   997    7 to ZZ:MILLCO, sent 2026-06-01T20:00:00+00:00 (out.edi)" in out
    assert main(["edi", "acks", str(tmp_path), "--hours", "0", "--json"]) == 1
    (missing,) = json.loads(capsys.readouterr().out)["missing"]
    assert (missing["kind"], missing["control"], missing["partner"]) == ("997", "7", "ZZ:MILLCO")
