"""A real Apache Kafka on a developer's machine, without Docker: one KRaft node or three, from Maven Central.

`LocalCluster` is used by `milepost dev up`, where it outlives the command, and by tests, where it ends with them.
"""

from streams.devbroker.cluster import LocalCluster
from streams.devbroker.errors import BrokerFailed
from streams.devbroker.jars import KAFKA_VERSION, ensure_jars
from streams.devbroker.node import Node

__all__ = ["KAFKA_VERSION", "BrokerFailed", "LocalCluster", "Node", "ensure_jars"]
