"""What a failure of librdkafka means for the transaction in which it happened."""

from __future__ import annotations

from typing import Final

from confluent_kafka import KafkaError

from streams.engine.errors import EngineError, RecordRefused, StaleGeneration, TransactionAborted, WorkerMustStop

__all__ = ["keeps_its_producer", "said", "verdict"]

_STALE: Final = frozenset({KafkaError.ILLEGAL_GENERATION, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.FENCED_INSTANCE_ID})
"""The consumer group has moved on: whoever owns the partitions now will read the records again."""

_REFUSED: Final = frozenset(
    {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD}
)
"""One of our records can never be stored."""

_FORBIDDEN: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
"""We lack a right: trying again will not help."""


def verdict(error: KafkaError) -> EngineError:
    """The engine's error for a transaction that failed with `error` and was, or will be, aborted."""
    code = error.code()
    if code in _FORBIDDEN:
        return WorkerMustStop(f"the broker refuses us a right that we need: {said(error)}")
    if code in _STALE:
        return StaleGeneration(said(error))
    if code in _REFUSED:
        return RecordRefused(said(error))
    return TransactionAborted(said(error))


def keeps_its_producer(error: KafkaError) -> bool:
    """Whether the producer is in good health after this failure. After any other it is replaced: cheap, and sure."""
    return not error.fatal() and error.code() in _STALE | _REFUSED


def said(error: KafkaError) -> str:
    """Name and text of an error."""
    return f"{error.name()}: {error.str()}"
