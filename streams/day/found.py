"""What a run of the pipeline said, gathered from its output topics, and how it differs from what a day expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from streams.contracts import outputs
from streams.day.compare import Actual, SeenDeadLetter, compare, compare_dead_letters
from streams.day.expectation import Expectation, Expected, ExpectedDeadLetter, ExpectedParked
from streams.deadletter import headers as dead_letter_headers
from streams.topics import FINDINGS, HOLDS, MILESTONES, RELEASES, STATUS

__all__ = ["OUTPUTS", "Found"]

OUTPUTS = frozenset({MILESTONES, STATUS, RELEASES, HOLDS, FINDINGS})
"""Logical names of the topics that say something about an order; dead-letter topics come on top."""

_DEAD_LETTERS = ".dlq"


@dataclass(slots=True)
class Found:
    """Records of the output and dead-letter topics, each partition in log order; others are passed over."""

    orders: dict[str, Actual] = field(default_factory=dict)
    dead_letters: list[SeenDeadLetter] = field(default_factory=list)

    def take(self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> None:
        """One record. `topic` is its logical name. Raises `streams.contracts.wire.WireError` for an output that is not ours."""
        if topic in OUTPUTS:
            actual = self.orders.setdefault((key or b"").decode(), Actual())
            actual.take(topic, outputs.read(topic, value or b""))
        elif topic.endswith(_DEAD_LETTERS):
            said = dead_letter_headers.read(headers)
            record = next((text for name, text in headers if name == "message-id"), key or b"")
            for order_id in said.get(dead_letter_headers.ORDER_ID, "").split("\n"):
                self.dead_letters.append(SeenDeadLetter(topic, record.decode(errors="replace"), said[dead_letter_headers.CODE], order_id))

    def differences(self, expectations: Iterable[Expectation]) -> Iterator[str]:
        """Every difference as a line in plain words, orders that nobody expects included; nothing where all is as expected."""
        letters: list[ExpectedDeadLetter] = []
        parked: list[ExpectedParked] = []
        known: set[str] = set()
        for expectation in expectations:
            if isinstance(expectation, Expected):
                known.add(expectation.order_id)
                yield from compare(expectation, self.orders.get(expectation.order_id))
            elif isinstance(expectation, ExpectedDeadLetter):
                letters.append(expectation)
            else:
                parked.append(expectation)
        for order_id in sorted(self.orders.keys() - known):
            yield f"{order_id}: no order of the day"
        yield from compare_dead_letters(letters, parked, self.dead_letters)
