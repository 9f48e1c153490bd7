"""What is different between what a day expects and what the output topics say, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from streams.day.expectation import Expected, ExpectedDeadLetter, ExpectedParked
from streams.topics import FINDINGS, HOLDS, MILESTONES, RELEASES, STATUS, dead_letter_topic

__all__ = ["TIMELESS", "Actual", "SeenDeadLetter", "compare", "compare_dead_letters"]

_ZERO: Final = Decimal(0)

TIMELESS: Final = frozenset({"R1", "R4", "R5", "R6", "R7", "R10", "R13"})
"""Checks that depend on what was said alone. The others wait for a deadline, and when that is over depends on the clock of the run."""


@dataclass(slots=True)
class Actual:
    """What the output topics said of one order: its records, taken in log order."""

    state: str = ""
    billing: str = ""
    currency: str = ""
    holds: tuple[str, ...] = ()
    open_exceptions: int = 0
    open_disputes: int = 0
    milestones: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    released: dict[str, Decimal] = field(default_factory=dict)
    amount: Decimal = _ZERO
    posted: dict[str, Decimal] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)
    """Checks of open findings, by the finding's id."""

    def take(self, topic: str, value: Mapping[str, Any]) -> None:
        """One output record of the order, as `streams.contracts.outputs.read` gives it. `topic` is the logical name; others are ignored."""
        if topic == MILESTONES:
            self._milestone(value)
        elif topic == STATUS:
            self.state, self.billing, self.currency = str(value["state"]), str(value["billing"]), value["currency"]
            self.open_exceptions, self.open_disputes = len(value["open_exceptions"]), len(value["open_disputes"])
        elif topic == HOLDS:
            self.holds = tuple(sorted({str(reason["code"]) for reason in value["reasons"]}))
        elif topic == RELEASES:
            self._decision(value)
        elif topic == FINDINGS:
            self._finding(value)

    def _milestone(self, value: Mapping[str, Any]) -> None:
        kind = str(value["milestone"])
        self.milestones[kind] += 1
        if kind == "INVOICE_POSTED":
            _add(self.posted, ((line["line"], line["quantity"]) for line in value["lines"]))

    def _finding(self, value: Mapping[str, Any]) -> None:
        if value["state"] in ("HEALED", "CLOSED"):
            self.findings.pop(value["finding_id"], None)
        else:
            self.findings[value["finding_id"]] = str(value["check"])

    def _decision(self, value: Mapping[str, Any]) -> None:
        self.decisions[str(value["decision"])] += 1
        self.amount += value["amount"]
        _add(self.released, ((line["line"], line["delta"]) for line in value["lines"]))


@dataclass(frozen=True, slots=True)
class SeenDeadLetter:
    """A dead letter as it was found; one that holds several orders counts once for each."""

    topic: str
    """The dead-letter topic, by its logical name."""

    record: str
    """Its `message-id` header; its key where it has none."""

    reason: str
    order_id: str = ""


def compare(expected: Expected, actual: Actual | None) -> Iterator[str]:
    """Each difference as a line that starts with the order's id; nothing where there is none. `actual` None: no output names the order."""
    if actual is None:
        yield f"{expected.order_id} ({expected.situation}): no output names it"
        return
    released = _without_zeros(actual.released)
    invoiceable = {line: max(released.get(line, _ZERO), actual.posted.get(line, _ZERO)) for line in released.keys() | actual.posted.keys()}
    for what, wanted, found in (
        ("state", expected.state, actual.state),
        ("billing state", expected.billing, actual.billing),
        ("currency", expected.currency, actual.currency),
        ("holds", _codes(expected.holds), _codes(actual.holds)),
        ("released quantities", _amounts(expected.released), _amounts(released)),
        ("released amount", _plain(expected.amount), _plain(actual.amount)),
        ("invoiceable quantities", _amounts(expected.invoiceable), _amounts(_without_zeros(invoiceable))),
        ("milestones", _counts(expected.milestones), _counts(actual.milestones)),
        ("decisions", _counts(expected.decisions), _counts(actual.decisions)),
        ("open exceptions", str(expected.open_exceptions), str(actual.open_exceptions)),
        ("findings", _codes(expected.findings), _codes(sorted(TIMELESS & set(actual.findings.values())))),
        ("open disputes", str(expected.open_disputes), str(actual.open_disputes)),
    ):
        if wanted is not None and wanted != found:
            yield f"{expected.order_id} ({expected.situation}): {what}: expected {wanted}, found {found}"


def compare_dead_letters(
    expected: Iterable[ExpectedDeadLetter], parked: Iterable[ExpectedParked], seen: Iterable[SeenDeadLetter]
) -> Iterator[str]:
    """Each difference as a line.

    A parked statement may also have lapsed (REF_UNRESOLVED): whether its time to live is over depends on the clock.
    """
    wanted = Counter(SeenDeadLetter(dead_letter_topic(e.topic), e.record, e.reason, e.order_id) for e in expected)
    may_lapse = Counter(p.reference for p in parked)
    found = Counter(seen)
    for letter, count in sorted((wanted - found).items(), key=_letter_order):
        yield f"{_letter(letter)}: expected {wanted[letter]}, {count} missing"
    for letter, count in sorted((found - wanted).items(), key=_letter_order):
        if letter.reason == "REF_UNRESOLVED" and count <= may_lapse[letter.record]:
            continue
        yield f"{_letter(letter)}: expected {wanted[letter]}, found {found[letter]}"


def _add(total: dict[str, Decimal], more: Iterable[tuple[str, Decimal]]) -> None:
    for line, quantity in more:
        total[line] = total.get(line, _ZERO) + quantity


def _without_zeros(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {line: quantity for line, quantity in amounts.items() if quantity}


def _amounts(amounts: Mapping[str, Decimal] | None) -> str | None:
    if amounts is None:
        return None
    return ", ".join(f"line {line}: {_plain(amounts[line])}" for line in sorted(amounts)) or "none"


def _counts(counts: Mapping[str, int] | None) -> str | None:
    if counts is None:
        return None
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()) if count) or "none"


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(codes) or "none"


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else format(number.normalize(), "f")


def _letter(letter: SeenDeadLetter) -> str:
    held = f", holding {letter.order_id}" if letter.order_id else ""
    return f"dead letter {letter.record} on {letter.topic} ({letter.reason}{held})"


def _letter_order(counted: tuple[SeenDeadLetter, int]) -> tuple[str, str, str, str]:
    letter = counted[0]
    return letter.topic, letter.record, letter.reason, letter.order_id
