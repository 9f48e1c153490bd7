"""Calls to the broker: asked again during an outage, and given up when they do not return."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from streams.engine.errors import WorkerMustRestart

__all__ = ["PATIENCE_SECONDS", "Calls", "NoAnswer"]

log = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 2.0
"""How long one call to the broker may block before we look whether to go on."""

_CHANCES: Final = 2
"""How many times one and a half of that pass before a call that has not returned is given up."""


class NoAnswer(Exception):
    """The broker has been silent for longer than a transaction can live, or a call does not return."""


class Calls:
    """The calls of one transactional producer. Use it from one thread at a time.

    They are made in a thread of their own, since librdkafka does not keep to the timeout that it is given: `send_offsets_to_transaction`
    waits for ever for a group coordinator that has left the cluster (librdkafka issues 5456 and 5511). Such a call keeps its thread, and
    the next gets another.

    An outage is waited out for `longest` seconds while `go_on` says so, with one line in the log when it begins and one when it ends.
    """

    def __init__(self, name: str, longest: float, go_on: Callable[[], bool]) -> None:
        self._name = name
        self._longest = longest
        self._go_on = go_on
        self._outage_since: float | None = None
        self._thread = _Thread(name)

    def persist(self, call: Callable[[], object], what: str) -> None:
        """Call until it succeeds or fails for good. A retriable failure says nothing about the transaction, so it is asked again.

        Raises KafkaException as librdkafka does, NoAnswer when it is not worth asking again, WorkerMustRestart when told to stop.
        """
        deadline = self.deadline()
        while True:
            answer = self._thread.ask(call)
            try:
                for _ in range(_CHANCES):
                    if _settled(answer):
                        return
                    self.wait(what, None, deadline)
            except KafkaException as failure:
                error = failure.args[0]
                if error.fatal() or error.txn_requires_abort() or not error.retriable():
                    raise
                self.wait(what, error, deadline)
                time.sleep(0.1)
            else:
                self._thread.dismiss()
                self._thread = _Thread(self._name)
                raise NoAnswer(f"{what} does not return")

    def deadline(self) -> float:
        """When to stop waiting for something that begins now, by the monotonic clock."""
        return time.monotonic() + self._longest

    def wait(self, what: str, error: KafkaError | None, deadline: float) -> None:
        """The broker does not answer: say so once, and decide whether to ask again. Raises NoAnswer or WorkerMustRestart."""
        if self._outage_since is None:
            self._outage_since = time.monotonic()
            detail = f" ({error.name()})" if error is not None else ""
            log.warning("%s: the broker does not answer to %s%s; waiting", self._name, what, detail)
        if not self._go_on():
            raise WorkerMustRestart(f"{self._name}: stopped while {what} waited for the broker")
        if time.monotonic() > deadline:
            raise NoAnswer(f"{what} had no answer for {self._longest:.0f} s")

    def succeeded(self) -> None:
        """The broker did all that was wanted: an outage is over."""
        if self._outage_since is not None:
            log.warning("%s: the broker answers again after %.1f s", self._name, time.monotonic() - self._outage_since)
            self._outage_since = None

    def close(self) -> None:
        """End the thread once it has nothing more to do."""
        self._thread.dismiss()


class _Thread:
    """Makes calls, one after another. It ends with the process, whatever it does then."""

    def __init__(self, name: str) -> None:
        self._asked: SimpleQueue[tuple[Callable[[], object], Future[None]] | None] = SimpleQueue()
        threading.Thread(target=self._serve, name=f"calls-{name}", daemon=True).start()

    def ask(self, call: Callable[[], object]) -> Future[None]:
        """Make the call. The future ends with it, and holds what it raised."""
        answer: Future[None] = Future()
        self._asked.put((call, answer))
        return answer

    def dismiss(self) -> None:
        self._asked.put(None)

    def _serve(self) -> None:
        while (asked := self._asked.get()) is not None:
            call, answer = asked
            try:
                call()
            except BaseException as failure:  # noqa: BLE001 - it belongs to whoever asked
                answer.set_exception(failure)
            else:
                answer.set_result(None)
            del asked, call, answer  # They hold a producer, which may have been replaced.


def _settled(answer: Future[None]) -> bool:
    """Whether the call has returned, waiting a little longer than it was told to take. Raises what it raised."""
    with suppress(TimeoutError):
        answer.result(1.5 * PATIENCE_SECONDS)
    return answer.done() and answer.result() is None
