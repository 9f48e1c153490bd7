"""What a spectator of the demo sees."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from streams.contracts import outputs
from streams.deadletter import headers as dead_letter_headers
from streams.demo.board import Board
from streams.demo.play import Outcome
from streams.demo.screen import Scene, _drawing, open_screen, tables, timeline
from streams.domain.decisions import Decision, DecisionKind, DecisionLine, Hold, HoldCode, HoldReason
from streams.domain.terms import Trigger
from streams.hop import Output, RawRecord
from streams.topics import CARRIER_RAW, dead_letter_topic
from streams.verify import Report

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CAUSE = RawRecord("shipment.events", 0, 5, 1_780_300_000_000, b"", b"")


def record(output: Output) -> RawRecord:
    return RawRecord(output.topic, 0, 0, output.timestamp, output.key, output.value, output.headers)


def release(order: str, amount: str, kind: DecisionKind = DecisionKind.RELEASE, currency: str = "EUR") -> RawRecord:
    sold = Decimal(amount)
    line = DecisionLine("10", "A", sold, sold, "EA", Decimal(1), sold)
    made = Decision(
        f"{order}/{amount}", order, "order", 1, kind, (line,), sold, currency, date(2026, 6, 1), Trigger.ON_SHIP, NOW, "T", 1, ("e",), ()
    )
    return record(outputs.decision(made, CAUSE))


def hold(order: str, *codes: HoldCode) -> RawRecord:
    return record(outputs.hold(Hold(order, tuple(HoldReason(code) for code in codes), NOW), CAUSE))


def refused(order: str) -> RawRecord:
    fields = {dead_letter_headers.CODE: "UNMAPPED_CODE", dead_letter_headers.MESSAGE: "code X", dead_letter_headers.ORDER_ID: order}
    return RawRecord(dead_letter_topic(CARRIER_RAW), 0, 0, 1, b"k", b"{}", dead_letter_headers.write(fields))


@pytest.fixture
def board() -> Board:
    board = Board("C:1")
    board.take([release("C:1", "10"), release("C:2", "2.50"), release("C:2", "-0.50", DecisionKind.REVOKE)])
    board.take([hold("C:1", HoldCode.DISPUTE), hold("C:2", HoldCode.DISPUTE, HoldCode.EXCEPTION), hold("C:1"), refused("C:2"), refused("")])
    return board


def test_it_counts_decisions_amounts_holds_and_refusals(board: Board) -> None:
    assert board.outputs == 8
    assert board.decisions == {"RELEASE": 2, "REVOKE": 1}
    assert (board.held, board.holds) == (1, {"DISPUTE": 1, "EXCEPTION": 1})
    assert board.refusals == {"UNMAPPED_CODE": 2}


def test_the_timeline_is_that_of_the_watched_order(board: Board) -> None:
    assert [(topic, words) for _, topic, words in board.timeline] == [
        ("invoice.releases", "RELEASE 10.0000 EUR [10: 10] on 2026-06-01 (on_ship, terms T v1)"),
        ("invoice.holds", "DISPUTE"),
        ("invoice.holds", "nothing stands in the way"),
    ]
    assert next(str(line) for line in timeline(board)) == "order C:1"


def test_the_screen_shows_it_all(board: Board) -> None:
    drawn = StringIO()
    Console(file=drawn, width=200).print(_drawing(Scene("digesting", 100, sent=40, seconds=2.0, board=board)))
    for expected in ("digesting", "40/100 raw", "20 raw/s", "REVOKE", "UNMAPPED_CODE", "DISPUTE", "nothing stands in the way"):
        assert expected in drawn.getvalue()


def test_where_there_is_no_terminal_it_is_a_plain_line_now_and_then(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene("digesting", 100, sent=40, seconds=2.0, board=board)
    with open_screen(to_stderr=True) as screen:
        screen.show(scene)
        screen.show(scene)
        scene.act = "verifying"
        screen.show(scene)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.split(":")[0].split("  ")[-1] for line in captured.err.splitlines()] == ["digesting", "verifying"]
    assert "40 of 100 raw records sent; 8 outputs" in captured.err


def test_tables_of_nothing_say_none() -> None:
    drawn = StringIO()
    Console(file=drawn, width=200).print(tables(Board("")))
    assert drawn.getvalue().count("none") == 4


@pytest.mark.parametrize(
    ("differences", "not_yet", "agrees"),
    [([], 0, True), (["C:1: state: expected A, found B"], 0, False), ([], 1, False)],
)
def test_the_outcome_agrees_only_if_orders_and_topics_do(board: Board, differences: list[str], not_yet: int, agrees: bool) -> None:
    report = Report()
    report.not_yet["shipment.status"] += not_yet
    outcome = Outcome(1, 2, 20, 1.5, board, report, differences)
    assert outcome.agrees is agrees
    assert outcome.as_dict()["agrees"] is agrees
