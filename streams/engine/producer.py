"""One transactional librdkafka producer for a hop of a worker."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from streams.engine.calls import PATIENCE_SECONDS, Calls, NoAnswer
from streams.engine.clients import client_settings
from streams.engine.errors import (
    EngineError,
    OutcomeUnknown,
    RecordRefused,
    TransactionAborted,
    WorkerMustRestart,
    WorkerMustStop,
)
from streams.engine.verdict import keeps_its_producer, verdict
from streams.hop import EVERY_PARTITION, Output
from streams.settings import Settings

__all__ = ["Changelog", "HopProducer"]

log = logging.getLogger(__name__)

_SILENCED = logging.getLogger(__name__ + ".librdkafka")
_SILENCED.addHandler(logging.NullHandler())
_SILENCED.propagate = False  # What matters comes back as an error; the rest is one line a connection attempt.


class Changelog(NamedTuple):
    """Rows and marks of one partition, to be written in a transaction."""

    topic: str
    partition: int
    entries: Mapping[bytes, bytes | None]


class HopProducer:
    """A transactional producer. Use it from one thread at a time.

    Broker outages are waited out inside (one line in the log when it begins, one when it ends) as long as `go_on` says so.

    librdkafka's producer dies of some errors, mostly when a transaction was open for longer than its timeout (an outage, a frozen process).
    Its successor takes over the transactional id, which ends what was open, unless `rival` names another process that lives under our name:
    then we are the zombie.
    """

    def __init__(
        self,
        settings: Settings,
        hop: str,
        client_id: str,
        go_on: Callable[[], bool],
        rival: Callable[[], str],
        *,
        transactional_id: str = "",
    ) -> None:
        self.transactional_id = transactional_id or f"{settings.app_id}-{hop}-{settings.worker}"
        self._calls = Calls(self.transactional_id, 2 * settings.transaction_timeout_ms / 1000, go_on)
        self._rival = rival
        self._physical = settings.topic
        self._names: dict[str, str] = {}
        self._partitions: dict[str, int] = {}
        self._conf = client_settings(
            settings,
            {
                "transactional.id": self.transactional_id,
                "transaction.timeout.ms": settings.transaction_timeout_ms,
                "client.id": client_id,
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "linger.ms": 2,
                "batch.num.messages": 10_000,
                # A broker's limit is for the batch, so stay clear of its usual 1 MB; a single larger record still goes alone.
                "batch.size": 500_000,
                "message.max.bytes": 64 << 20,
                "queue.buffering.max.messages": 500_000,
                "queue.buffering.max.kbytes": 256 << 10,
                "logger": _SILENCED,
            },
        )
        self._producer = Producer(self._conf)

    def open(self) -> None:
        """Take the transactional id: an open transaction of this worker's former life is aborted. Raises WorkerMustRestart."""
        while True:
            try:
                self._calls.persist(partial(self._producer.init_transactions, PATIENCE_SECONDS), "init_transactions")
                return
            except NoAnswer as failure:
                self._bury(str(failure))
            except KafkaException as failure:
                error = failure.args[0]
                meaning = verdict(error)
                if isinstance(meaning, WorkerMustStop):
                    raise meaning from failure
                raise WorkerMustRestart(f"the producer {self.transactional_id} cannot start: {meaning}") from failure

    def transact(
        self,
        changelogs: Sequence[Changelog],
        outputs: Iterable[Output],
        offsets: Mapping[tuple[str, int], int],
        group_metadata: bytes,
    ) -> dict[int, int]:
        """Commit rows, outputs and consumed offsets together, or nothing.

        1. Begin.
        2. Append rows and marks to their changelog partition.
        3. Append outputs, ticks and dead letters, in the given order.
        4. Flush: all of it is in the log. A record that the broker refuses shows here. It must come before 5: once the group has accepted
           our offsets, a later owner may restore from the changelog's end of that moment.
        5. Send the offsets with the proof of membership. A group that has moved on refuses it, and with it everything above.
        6. Commit.

        Returns, by changelog partition, the offset after our last entry. Raises StaleGeneration, RecordRefused or TransactionAborted
        after aborting (nothing happened), OutcomeUnknown if the producer died in step 6.
        """
        written: dict[int, int] = {}
        positions = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        try:
            self._producer.begin_transaction()
            try:
                self._append_rows(changelogs, written)
                self._append_outputs(outputs)
                self._flush()
            except KafkaException as failure:
                if failure.args[0].code() != KafkaError._STATE:
                    raise
                # The transaction failed while we were appending; the next step says why.
            self._calls.persist(
                partial(self._producer.send_offsets_to_transaction, positions, group_metadata, PATIENCE_SECONDS),
                "send_offsets_to_transaction",
            )
        except KafkaException as failure:
            raise self._abort(failure.args[0]) from failure
        except NoAnswer as failure:
            self._replace(str(failure))
            raise TransactionAborted(str(failure)) from failure
        except (TypeError, ValueError, UnicodeError) as failure:
            self._abort(None)
            raise RecordRefused(f"an output cannot be sent: {failure}") from failure
        try:
            self._calls.persist(partial(self._producer.commit_transaction, PATIENCE_SECONDS), "commit_transaction")
        except KafkaException as failure:
            meaning = self._abort(failure.args[0])
            if isinstance(meaning, TransactionAborted) and not failure.args[0].txn_requires_abort():
                raise OutcomeUnknown(str(meaning), written) from failure
            raise meaning from failure
        except NoAnswer as failure:
            self._replace(str(failure))
            raise OutcomeUnknown(str(failure), written) from failure
        self._calls.succeeded()
        return written

    def close(self) -> None:
        """Let go of the connections. An open transaction is left to time out, or to the next owner of the id."""
        self._calls.close()
        self._producer.purge(in_queue=True, in_flight=True, blocking=False)
        self._producer.flush(0.1)

    def copies(self, output: Output) -> int:
        """How many records an output that was sent has become."""
        return self._partitions.get(self._physical(output.topic), 1) if output.partition == EVERY_PARTITION else 1

    def forget_partitions(self) -> None:
        """Look partition counts up again: topics may have grown."""
        self._partitions.clear()

    def _partitions_of(self, topic: str) -> int:
        count = self._partitions.get(topic)
        if count is None:
            metadata = self._producer.list_topics(topic, 10).topics[topic]
            if metadata.error is not None:
                raise KafkaException(metadata.error)
            count = self._partitions[topic] = len(metadata.partitions)
        return count

    def _append_rows(self, changelogs: Sequence[Changelog], written: dict[int, int]) -> None:
        produce = self._producer.produce

        def note(error: KafkaError | None, message: Any) -> None:
            if error is None:
                written[message.partition()] = message.offset() + 1

        for topic, partition, entries in changelogs:
            last = len(entries) - 1
            for index, (key, value) in enumerate(entries.items()):
                told = note if index == last else None
                try:
                    produce(topic, value, key, partition, told)
                except BufferError:
                    self._produce_when_there_is_room(topic, value, key, partition, told)

    def _append_outputs(self, outputs: Iterable[Output]) -> None:
        produce, names = self._producer.produce, self._names
        for topic, key, value, headers, partition, timestamp in outputs:
            name = names.get(topic)
            if name is None:
                name = names[topic] = self._physical(topic)
            for each in (partition,) if partition != EVERY_PARTITION else range(self._partitions_of(name)):
                # librdkafka's positional arguments: topic, value, key, partition, callback, on_delivery, timestamp, headers.
                record = (
                    (name, value, key, each, None, None, timestamp, list(headers))
                    if headers
                    else (name, value, key, each, None, None, timestamp)
                )
                try:
                    produce(*record)
                except BufferError:
                    self._produce_when_there_is_room(*record)

    def _produce_when_there_is_room(self, *record: Any) -> None:
        deadline = self._calls.deadline()
        while True:
            self._producer.poll(0.05)
            try:
                self._producer.produce(*record)
                return
            except BufferError:
                if time.monotonic() > deadline:
                    self._calls.wait("produce", None, deadline)

    def _flush(self) -> None:
        deadline = self._calls.deadline()
        while self._producer.flush(PATIENCE_SECONDS):
            self._calls.wait("flush", None, deadline)

    def _abort(self, error: KafkaError | None) -> EngineError:
        """End the open transaction without its commit; the exception that tells the caller what the failure means.

        None for a failure of our own making, with a producer in good health.
        """
        meaning = TransactionAborted("aborted") if error is None else verdict(error)
        if isinstance(meaning, TransactionAborted):
            healthy = error is None or keeps_its_producer(error)
            if not healthy or not self._abort_open():
                self._replace(str(meaning))
        return meaning

    def _abort_open(self) -> bool:
        try:
            self._calls.persist(partial(self._producer.abort_transaction, PATIENCE_SECONDS), "abort_transaction")
        except (KafkaException, NoAnswer):
            return False
        return True

    def _replace(self, cause: str) -> None:
        """Give the transactional id to a new producer, which ends the open transaction. Waits for a broker that answers."""
        self._bury(cause)
        self.open()

    def _bury(self, cause: str) -> None:
        """A new producer in place of the old one.

        After an outage or a freeze that is dead, or has lost count of its sequence numbers and would fail a few times more, or waits for
        something that librdkafka has forgotten.
        """
        if rival := self._rival():
            raise WorkerMustRestart(f"{self.transactional_id} is fenced ({cause}): another process lives under our name at {rival}")
        log.warning("%s: a new producer takes over after %s", self.transactional_id, cause)
        threading.Thread(target=_purge, args=(self._producer,), daemon=True).start()
        self._producer = Producer(self._conf)


def _purge(producer: Producer) -> None:
    """The end of a producer, in a thread that nobody waits for: its destruction has been seen to hang."""
    producer.purge(in_queue=True, in_flight=True, blocking=False)
