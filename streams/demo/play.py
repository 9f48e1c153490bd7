"""The play: feed the day, wait until it is digested, compare each order with what was expected of it, verify."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from streams.day import Day, Expected
from streams.day.generator import generate, recent_start
from streams.day.story import CLOSING, DAYTIME
from streams.demo.board import FOLLOWED, Board
from streams.demo.screen import Scene, Screen
from streams.demo.stage import Stage
from streams.errors import MilepostError
from streams.following import Follower
from streams.jsonlines import parse
from streams.pipeline import hops
from streams.producing import Sender
from streams.verify import Report, verify
from streams.verify.lag import records_behind

__all__ = ["Outcome", "perform"]

_QUIET_SECONDS: Final = 2.0
"""All is digested when the workers have read everything and nothing has been said for so long; timers fire every 0.2 s."""

_STUCK_SECONDS: Final = 120.0
_LOOK_EVERY_SECONDS: Final = 0.5


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    seed: int
    orders: int
    records: int
    seconds: float
    """From the first record sent until everything was digested."""

    board: Board
    report: Report
    differences: list[str] = field(default_factory=list)
    """Between what was expected of the day and what the outputs say, in words."""

    @property
    def agrees(self) -> bool:
        """Every order came out as expected, and the topics hold exactly what they must."""
        return not self.differences and self.report.clean

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        board = self.board
        return {
            "agrees": self.agrees,
            "seed": self.seed,
            "orders": self.orders,
            "raw_records": self.records,
            "outputs": board.outputs,
            "seconds": round(self.seconds, 1),
            "milestones": dict(board.milestones),
            "decisions": dict(board.decisions),
            "released": {currency: str(amount) for currency, amount in board.released.items()},
            "orders_held_by": dict(board.holds),
            "dead_letters_by": dict(board.refusals),
            "differences": self.differences,
            "verify": self.report.as_dict(),
        }


def perform(stage: Stage, orders: int, seed: int, rate: float, screen: Screen) -> Outcome:
    """Run a day of that many orders, sent at up to `rate` raw records a second, over the stage; blocks until all is known.

    Raises `MilepostError` if the workers end, or nothing moves for two minutes.
    """
    day = generate(seed, orders, recent_start(datetime.now(UTC), orders))
    steps = hops(stage.settings)  # which also connects to the schema registry, where there is one: outputs may carry its ids
    board = Board(_telling_order(day))
    scene = Scene("sending the day", sum(1 for _ in day.lines()), board=board)
    with Follower(stage.settings, FOLLOWED, from_start=True) as follower, Sender(stage.settings) as sender:
        began = time.monotonic()
        for phase, act in ((DAYTIME, "sending the day"), (CLOSING, "sending what comes days later")):
            scene.act = act
            feeder = _Feeder(sender, day.phase(phase), rate)
            while feeder.is_alive():
                _watch(stage, follower, scene, sender, began, screen)
            feeder.finish()
            scene.act = "digesting"
            _digest(stage, follower, scene, sender, began, screen)
        seconds = board.last_heard - began
    if sender.failures:
        raise MilepostError(f"{sender.failures.total()} records were not delivered ({next(iter(sender.failures))}): see the broker's log")
    screen.tell("comparing every order with what was expected of it")
    differences = list(board.found.differences(day.expectations()))
    screen.tell("verifying: recomputing from the topics what each hop had to send")
    report = verify(stage.settings, steps, state=True)
    return Outcome(seed, orders, scene.records, seconds, board, report, differences)


class _Feeder(threading.Thread):
    """Sends lines at a steady pace, beside the thread that watches."""

    def __init__(self, sender: Sender, lines: Iterable[bytes], rate: float) -> None:
        super().__init__(name="feeder", daemon=True)
        self._sender = sender
        self._lines = lines
        self._rate = rate
        self._failure: Exception | None = None
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        try:
            for count, line in enumerate(self._lines):
                time.sleep(max(0.0, began + count / self._rate - time.monotonic()))
                # Sent as it happens: the broker's clock, and not the story's, is the time of arrival.
                self._sender.send(parse(line, 0)._replace(timestamp=0))
            self._sender.flush()
        except Exception as error:  # noqa: BLE001 - the watching thread raises it
            self._failure = error

    def finish(self) -> None:
        """Raise what went wrong."""
        self.join()
        if self._failure is not None:
            raise self._failure


def _watch(stage: Stage, follower: Follower, scene: Scene, sender: Sender, began: float, screen: Screen) -> None:
    stage.check()
    scene.board.take(follower.read(0.1))
    scene.sent = sender.sent.total()
    scene.seconds = time.monotonic() - began
    screen.show(scene)


def _digest(stage: Stage, follower: Follower, scene: Scene, sender: Sender, began: float, screen: Screen) -> None:
    moved = time.monotonic()
    behind, least = -1, 1 << 62
    looked = 0.0
    while behind or time.monotonic() - max(scene.board.last_heard, moved) < _QUIET_SECONDS:
        _watch(stage, follower, scene, sender, began, screen)
        now = time.monotonic()
        if now - looked >= _LOOK_EVERY_SECONDS:
            looked = now
            behind = records_behind(stage.settings)
            if behind < least:
                least, moved = behind, now
        if now - max(scene.board.last_heard, moved) > _STUCK_SECONDS:
            raise MilepostError(f"nothing has moved for {_STUCK_SECONDS:.0f} s, {behind} records are not processed: see {stage.log}")


def _telling_order(day: Day) -> str:
    """An order whose timeline is worth watching: among the first hundred, the one with the most kinds of milestones and decisions."""
    expected: Iterator[Expected] = (found for found in day.expectations() if isinstance(found, Expected))
    first = [order for order, _ in zip(expected, range(100), strict=False)]
    return max(first, key=lambda order: len(order.milestones) + 2 * len(order.decisions or {})).order_id
