"""The proof that finance lives on: a day through the whole pipeline while workers and brokers fail; afterwards `verify` finds nothing.

`MILEPOST_FAULT_ROUNDS=50` runs longer, `MILEPOST_FAULT_SEED` repeats a run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.devbroker import LocalCluster
from tests.fault.chaos import Dice
from tests.fault.daylight import SESSION_MS, DayUnderChaos

pytestmark = [pytest.mark.fault, pytest.mark.integration, pytest.mark.timeout(3_600)]

ROUNDS = int(os.environ.get("MILEPOST_FAULT_ROUNDS", "3"))
RATE = 400.0
RECORDS_AN_ORDER = 9.5


def orders_for(seconds: float) -> int:
    """So many orders that the feeder is busy for about that long."""
    return max(100, int(seconds * RATE / RECORDS_AN_ORDER))


def proves_itself(day: DayUnderChaos) -> None:
    report, differences = day.prove()
    assert report.complete
    assert report.findings == []
    assert differences == []
    assert report.compared["invoice.releases"] > 50


def test_one_worker_killed_again_and_again_with_and_without_its_local_state(own_broker: LocalCluster, tmp_path: Path) -> None:
    dice = Dice()
    with DayUnderChaos(own_broker, tmp_path, dice, ["a"], orders=orders_for(6 + 6 * ROUNDS), rate=RATE) as day:
        for turn in range(ROUNDS):
            time.sleep(dice.uniform(3, 6))
            if turn % 2:
                day.lose_state("a")
            else:
                day.workers.kill("a")
        proves_itself(day)


def test_two_workers_killed_frozen_and_bounced_while_partitions_move(own_broker: LocalCluster, tmp_path: Path) -> None:
    dice = Dice()
    longer = SESSION_MS / 1000 + 2
    with DayUnderChaos(own_broker, tmp_path, dice, ["a", "b"], orders=orders_for(8 + 12 * ROUNDS), rate=RATE) as day:
        workers = day.workers
        # Each at least once in three rounds, then at random.
        must: list[Callable[[str], None]] = [
            lambda name: workers.freeze(name, dice.uniform(longer, longer + 2)),
            lambda name: workers.kill(name, dice.uniform(longer, longer + 2)),
            day.lose_state,
        ]
        may: list[Callable[[str], None]] = [*must, workers.kill, workers.bounce]
        dice.shuffle(must)
        for turn in range(ROUNDS):
            time.sleep(dice.uniform(2, 5))
            (must[turn] if turn < len(must) else dice.choice(may))(dice.choice(workers.names))
        proves_itself(day)


def test_a_broker_that_stops_and_comes_back_is_waited_for(own_broker: LocalCluster, tmp_path: Path) -> None:
    dice = Dice()
    with DayUnderChaos(own_broker, tmp_path, dice, ["a", "b"], orders=orders_for(25), rate=RATE) as day:
        for stop in (own_broker.stop, own_broker.kill):
            time.sleep(dice.uniform(3, 5))
            stop()
            time.sleep(dice.uniform(1, 9))
            own_broker.start()
        proves_itself(day)


def test_a_cluster_that_loses_a_node_and_a_worker_goes_on(cluster: LocalCluster, tmp_path: Path) -> None:
    dice = Dice()
    with DayUnderChaos(cluster, tmp_path, dice, ["a", "b"], orders=orders_for(15 + 10 * ROUNDS), rate=RATE) as day:
        for turn in range(ROUNDS - 1):
            time.sleep(dice.uniform(3, 6))
            node = dice.choice(cluster.nodes)
            node.kill()
            if turn % 2 == 0:
                day.workers.kill(dice.choice(day.workers.names))
            time.sleep(dice.uniform(4, 8))
            cluster.start_node(node.id)
        proves_itself(day)
