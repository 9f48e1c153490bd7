"""What a worker holds between two rebalances, and the records read under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Assignment", "Fetched", "Part", "Work"]

TopicPartition = tuple[str, int]


class Assignment:
    """One generation's hold on a set of source partitions.

    Made when the worker has sought its partitions to the group's committed offsets; dead from the moment the group asks for them back.
    Each fetched batch carries the assignment under which it was fetched, and its transaction carries that assignment's proof of membership,
    not the present one: that is what lets the broker refuse a zombie.
    """

    __slots__ = ("generation", "group_metadata", "live", "positions")

    def __init__(self, generation: int, group_metadata: bytes, positions: Mapping[TopicPartition, int]) -> None:
        self.generation = generation
        self.group_metadata = group_metadata
        self.positions = dict(positions)
        """Physical topic and partition to the first offset read under this assignment."""
        self.live = True
        """False once the partitions are asked back, or the broker refused the generation. Only ever goes from True to False."""


class Fetched(NamedTuple):
    """Records of one partition and poll."""

    assignment: Assignment
    topic: str
    """Physical name."""
    partition: int
    records: list[Any]


class Part(NamedTuple):
    """Records of one partition inside a transaction, in offset order."""

    topic: str
    """Physical name."""
    partition: int
    records: Sequence[Any]


class Work(NamedTuple):
    """What one transaction of a hop will hold."""

    assignment: Assignment
    parts: list[Part]

    @property
    def size(self) -> int:
        """Number of source records."""
        return sum(len(part.records) for part in self.parts)
