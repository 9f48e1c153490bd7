"""Deadlines against the time that a row was told of. However many there are, a row asks to be woken once: at the earliest."""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["Timers", "whole_millisecond"]


class Timers:
    """The deadlines of one order. What is over is over for good: the clock of a row never goes back."""

    __slots__ = ("clock", "wake_at")

    def __init__(self, clock: datetime | None) -> None:
        self.clock = clock
        self.wake_at: datetime | None = None
        """The earliest deadline that is still to come."""

    def over(self, deadline: datetime) -> bool:
        """Whether a deadline has passed; asks to be woken at it where it has not."""
        if self.clock is not None and self.clock >= deadline:
            return True
        due = whole_millisecond(deadline)
        if self.wake_at is None or due < self.wake_at:
            self.wake_at = due
        return False


def whole_millisecond(moment: datetime) -> datetime:
    """Rounded up: due marks and ticks count milliseconds, and a tick must never come before its time."""
    rest = moment.microsecond % 1000
    return moment + timedelta(microseconds=1000 - rest) if rest else moment
