"""What librdkafka's errors mean for a transaction."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from streams.engine.errors import EngineError, RecordRefused, StaleGeneration, TransactionAborted, WorkerMustStop
from streams.engine.verdict import keeps_its_producer, verdict


@pytest.mark.parametrize(
    ("code", "meaning", "healthy"),
    [
        (KafkaError.ILLEGAL_GENERATION, StaleGeneration, True),
        (KafkaError.UNKNOWN_MEMBER_ID, StaleGeneration, True),
        (KafkaError.FENCED_INSTANCE_ID, StaleGeneration, True),
        (KafkaError.MSG_SIZE_TOO_LARGE, RecordRefused, True),
        (KafkaError.INVALID_RECORD, RecordRefused, True),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, WorkerMustStop, False),
        (KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, WorkerMustStop, False),
        (KafkaError.REBALANCE_IN_PROGRESS, TransactionAborted, False),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, TransactionAborted, False),
        (KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, TransactionAborted, False),
        (KafkaError._TIMED_OUT, TransactionAborted, False),
        (KafkaError._FENCED, TransactionAborted, False),
    ],
)
def test_each_error_has_one_meaning(code: int, meaning: type[EngineError], healthy: bool) -> None:
    error = KafkaError(code, "the reason")
    assert type(verdict(error)) is meaning
    assert "the reason" in str(verdict(error)) and error.name() in str(verdict(error))
    assert keeps_its_producer(error) is healthy


def test_a_fatal_error_costs_the_producer_whatever_it_means() -> None:
    error = KafkaError(KafkaError.FENCED_INSTANCE_ID, "the reason", True)
    assert isinstance(verdict(error), StaleGeneration)
    assert not keeps_its_producer(error)
