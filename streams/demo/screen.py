"""The board in a terminal, redrawn in place; or as plain lines where the output goes to a file or a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from streams.demo.board import Board

__all__ = ["Scene", "Screen", "open_screen", "tables", "timeline"]

_DRAW_EVERY_SECONDS: Final = 0.25
_LINE_EVERY_SECONDS: Final = 2.0
_TIMELINE_LINES: Final = 12


@dataclass(slots=True)
class Scene:
    """How far the play is."""

    act: str
    """What is going on, in a few words."""

    records: int
    """Raw records of the day."""

    sent: int = 0
    seconds: float = 0.0
    """Since the first record was sent."""

    board: Board = field(default_factory=lambda: Board(""))

    @property
    def sent_rate(self) -> float:
        """Raw records sent a second, so far."""
        return self.sent / self.seconds if self.seconds else 0.0


class Screen(Protocol):
    """Where the play is seen. Use it as a context manager."""

    def tell(self, words: str) -> None:
        """One line, at once."""

    def show(self, scene: Scene) -> None:
        """Call it as often as you like; it is drawn now and then."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def open_screen(*, to_stderr: bool) -> Screen:
    """A live screen in a terminal, plain lines elsewhere. Standard error, where standard output is for a script."""
    console = Console(stderr=to_stderr, highlight=False)
    return _Live(console) if console.is_terminal else _Plain(to_stderr)


def tables(board: Board) -> RenderableType:
    """Milestones, decisions, holds and dead letters side by side."""
    released = [(f"released {currency}", f"{amount:,.2f}") for currency, amount in board.released.items()]
    decisions = [(name, f"{count:,}") for name, count in sorted(board.decisions.items())] + released
    return Columns(
        [
            _counts("milestones", board.milestones),
            _pairs("releases", decisions),
            _counts("orders held by", board.holds),
            _counts("dead letters by", board.refusals),
        ],
        padding=(0, 3),
    )


class _Live:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")
        self._drawn = 0.0

    def tell(self, words: str) -> None:
        self._console.print(Text(words))

    def show(self, scene: Scene) -> None:
        now = time.monotonic()
        if now - self._drawn >= _DRAW_EVERY_SECONDS:
            self._drawn = now
            self._live.update(_drawing(scene), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()


class _Plain:
    def __init__(self, to_stderr: bool) -> None:
        self._stream = sys.stderr if to_stderr else sys.stdout
        self._said = 0.0
        self._act = ""

    def tell(self, words: str) -> None:
        print(words, file=self._stream, flush=True)

    def show(self, scene: Scene) -> None:
        now = time.monotonic()
        if now - self._said < _LINE_EVERY_SECONDS and scene.act == self._act:
            return
        self._said, self._act = now, scene.act
        board = scene.board
        self.tell(
            f"{scene.seconds:5.1f} s  {scene.act}: {scene.sent:,} of {scene.records:,} raw records sent; {board.outputs:,} outputs "
            f"({board.rate:,.0f}/s), {board.milestones.total():,} milestones, {board.decisions.total():,} decisions, {board.held:,} orders "
            f"held, {board.refusals.total():,} dead letters"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


def _drawing(scene: Scene) -> RenderableType:
    board = scene.board
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(scene.act, style="bold"),
        ProgressBar(total=max(1, scene.records), completed=scene.sent, width=30),
        Text(f"{scene.sent:,}/{scene.records:,} raw"),
        Text(f"{scene.sent_rate:,.0f} raw/s", style="cyan"),
        Text(f"{board.outputs:,} outputs"),
        Text(f"{board.rate:,.0f} outputs/s", style="cyan"),
        Text(f"{scene.seconds:.0f} s"),
    )
    order, *lines = timeline(board)
    recent = lines[-_TIMELINE_LINES:]
    for line in recent:
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(head, Text(), tables(board), Text(), order, *recent)


def timeline(board: Board) -> list[Text]:
    """What was said of the watched order, a line each, in the order in which it was heard."""
    lines = [Text(f"order {board.watched_order}", style="bold")]
    for when, topic, words in board.timeline:
        lines.append(Text.assemble((when.strftime("%H:%M:%S"), "dim"), "  ", (f"{topic:<19}", "cyan"), "  ", words))
    return lines


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _pairs(title, [(name, f"{count:,}") for name, count in ranked])


def _pairs(title: str, rows: list[tuple[str, str]]) -> Table:
    table = Table(title, Column(justify="right"), box=None, pad_edge=False)
    for name, number in rows or [("none", "")]:
        table.add_row(name, number)
    return table
