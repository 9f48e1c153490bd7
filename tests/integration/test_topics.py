"""`streams.admin`: topics made as wanted, and whatever differs found, on a real broker."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, ResourceType

from streams.admin import Difference, check_topics, connect, create_topics
from streams.errors import BrokerUnreachable, MilepostError
from streams.processes import free_ports
from streams.settings import Settings
from streams.topics import CARRIER_RAW, EVENTS, MILESTONES, STATUS, changelog_topic, dead_letter_topic, replay_topic, wanted_topics
from tests.conftest import MakeSettings, MakeTopics

pytestmark = pytest.mark.integration


def _set(settings: Settings, topic: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    admin = connect(settings)
    [future] = admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])]).values()
    future.result()


def _config(settings: Settings, topic: str) -> dict[str, str]:
    admin = connect(settings)
    [future] = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
    return {name: entry.value for name, entry in future.result().items()}


def _found(settings: Settings) -> list[Difference]:
    """The differences, once there are any: a change is promised at once and seen a moment later."""
    deadline = time.monotonic() + 10
    while not (found := check_topics(settings)) and time.monotonic() < deadline:
        pass
    return found


def test_every_wanted_topic_is_made_as_wanted(settings: MakeSettings, topics: MakeTopics) -> None:
    mine = settings(partitions=3)
    assert sorted(topics(mine)) == sorted(topic.name for topic in wanted_topics(mine))
    assert check_topics(mine) == []
    found = connect(mine).list_topics(timeout=10).topics
    assert all(len(found[topic.name].partitions) == 3 for topic in wanted_topics(mine))
    assert _config(mine, mine.topic(STATUS))["cleanup.policy"] == "compact"
    assert _config(mine, changelog_topic(mine.app_id, "shipment"))["cleanup.policy"] == "compact"
    assert _config(mine, mine.topic(EVENTS))["retention.ms"] == "-1"
    assert _config(mine, mine.topic(MILESTONES))["retention.ms"] == str(90 * 86_400_000)


def test_create_twice_changes_nothing(settings: MakeSettings, topics: MakeTopics) -> None:
    mine = settings()
    topics(mine)
    again = create_topics(mine)
    assert (again.created, again.altered, again.differences) == ([], [], [])


def test_missing_topic_is_found_and_made(settings: MakeSettings, topics: MakeTopics) -> None:
    mine = settings()
    topics(mine)
    admin = connect(mine)
    admin.delete_topics([mine.topic(EVENTS)], operation_timeout=30)[mine.topic(EVENTS)].result()
    [difference] = _found(mine)
    assert str(difference) == f"{mine.topic(EVENTS)}: missing; run `milepost topics create`"
    assert create_topics(mine).created == [mine.topic(EVENTS)]
    assert check_topics(mine) == []


def test_changed_setting_is_found_and_only_changed_back_on_demand(settings: MakeSettings, topics: MakeTopics) -> None:
    mine = settings()
    topics(mine)
    _set(mine, mine.topic(STATUS), "cleanup.policy", "delete")
    [difference] = _found(mine)
    assert (difference.what, difference.found, difference.wanted) == ("cleanup.policy", "delete", "compact")
    assert create_topics(mine).differences == [difference]
    altered = create_topics(mine, alter=True)
    assert (altered.altered, altered.differences) == ([mine.topic(STATUS)], [])
    assert check_topics(mine) == []


def test_wrong_partition_count_is_found_and_never_changed(settings: MakeSettings, topics: MakeTopics) -> None:
    mine = settings(partitions=2)
    topics(mine)
    admin = connect(mine)
    admin.create_partitions([NewPartitions(mine.topic(EVENTS), 5)])[mine.topic(EVENTS)].result()
    _found(mine)
    [difference] = create_topics(mine, alter=True).differences
    assert (difference.topic, difference.what, difference.found, difference.wanted) == (mine.topic(EVENTS), "partitions", "5", "2")


def test_too_few_replicas_are_found(settings: MakeSettings, topics: MakeTopics) -> None:
    mine = settings()
    topics(mine)
    wanting = mine.model_copy(update={"replication": 3})
    assert {difference.what for difference in check_topics(wanting)} == {"replication"}


def test_more_replicas_than_brokers_is_one_clear_error(settings: MakeSettings) -> None:
    with pytest.raises(MilepostError, match=r"could not be created: .*[Rr]eplication factor"):
        create_topics(settings(replication=3))


def test_producers_own_raw_topics_and_dead_letters_follow_their_partitions_and_size(settings: MakeSettings, topics: MakeTopics) -> None:
    mine = settings(partitions=2)
    topics(mine, CARRIER_RAW, partitions=7, config={"max.message.bytes": "4000000", "cleanup.policy": "compact"})
    topics(mine)
    assert check_topics(mine) == []
    letters = mine.topic(dead_letter_topic(CARRIER_RAW))
    assert len(connect(mine).list_topics(timeout=10).topics[letters].partitions) == 7
    assert int(_config(mine, letters)["max.message.bytes"]) > 4_000_000
    _set(mine, mine.topic(CARRIER_RAW), "max.message.bytes", "5000000")
    followers = {letters, mine.topic(replay_topic(CARRIER_RAW))}
    assert {(difference.topic, difference.what) for difference in _found(mine)} == {(name, "max.message.bytes") for name in followers}
    create_topics(mine, alter=True)
    assert check_topics(mine) == []


def test_topics_can_be_written_to_at_once(settings: MakeSettings, topics: MakeTopics) -> None:
    mine = settings()
    producer = Producer(mine.librdkafka(**{"message.timeout.ms": 10_000}))
    failures: list[object] = []
    for name in topics(mine):
        producer.produce(name, b"first", key=b"k", on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(10) == 0 and failures == []


def test_absent_broker_is_one_clear_error(settings: MakeSettings) -> None:
    with pytest.raises(BrokerUnreachable, match=r"no Kafka answers at .*`milepost dev up`"):
        connect(settings(bootstrap=f"127.0.0.1:{free_ports(1)[0]}"), seconds=1)
