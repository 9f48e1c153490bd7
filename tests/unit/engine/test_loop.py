"""The state machine of a hop: what it gathers, when it begins, and when it must not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import pytest

from streams.engine.assignment import Assignment, Fetched, Work
from streams.engine.errors import StaleGeneration, WorkerMustRestart, WorkerMustStop
from streams.engine.loop import HopLoop, State
from streams.hop import RawRecord

A, B, OTHER = ("a", 0), ("b", 1), ("someone else's", 0)


class Transaction:
    """A transaction that the hop's thread is in; it ends when the test says so."""

    def __init__(self, work: Work, committing: Callable[[], None], processing: Callable[[], None]) -> None:
        self.work, self.committing, self.processing = work, committing, processing
        self._end = threading.Event()
        self._failure: BaseException | None = None

    @property
    def offsets(self) -> dict[tuple[str, int], list[int]]:
        return {(part.topic, part.partition): [record.offset for record in part.records] for part in self.work.parts}

    def finish(self, failure: BaseException | None = None) -> None:
        self._failure = failure
        self._end.set()

    def wait(self) -> None:
        assert self._end.wait(30), "the test never ended this transaction"
        if self._failure is not None:
            raise self._failure


class FakeRunner:
    """Says what it was asked to do, and waits for the test."""

    def __init__(self) -> None:
        self._running = asyncio.get_running_loop()
        self._begun: asyncio.Queue[Transaction] = asyncio.Queue()
        self._swept: asyncio.Queue[tuple[Assignment, dict[tuple[str, int], int]]] = asyncio.Queue()
        self.every: list[Transaction] = []
        self.sweeps = 0

    def run(self, work: Work, committing: Callable[[], None], processing: Callable[[], None]) -> None:
        processing()
        committing()
        transaction = Transaction(work, committing, processing)
        self.every.append(transaction)
        self._running.call_soon_threadsafe(self._begun.put_nowait, transaction)
        transaction.wait()

    def sweep(self, assignment: Assignment, positions: dict[tuple[str, int], int], now_ms: int) -> None:
        self.sweeps += 1
        self._running.call_soon_threadsafe(self._swept.put_nowait, (assignment, dict(positions)))

    async def begun(self) -> Transaction:
        """The next transaction, once the runner is in it."""
        async with asyncio.timeout(30):
            return await self._begun.get()

    async def swept(self) -> tuple[Assignment, dict[tuple[str, int], int]]:
        """The assignment and the positions of the next sweep."""
        async with asyncio.timeout(30):
            return await self._swept.get()


class FakeTap:
    """Remembers which partitions are closed."""

    def __init__(self) -> None:
        self.assignment: Assignment | None = assigned()
        self.closed: set[tuple[str, int]] = set()

    def current(self) -> Assignment | None:
        return self.assignment

    def close(self, partitions: Collection[tuple[str, int]]) -> None:
        self.closed |= set(partitions)

    def open(self, partitions: Collection[tuple[str, int]]) -> None:
        self.closed -= set(partitions)


class Bench:
    """A loop over the topics a and b, with everything around it."""

    def __init__(self, limit: int, interval: float) -> None:
        self.runner, self.tap = FakeRunner(), FakeTap()
        self.waiting: list[int] = []
        self.loop = HopLoop("hop", ["a", "b"], self.runner, self.tap, limit, interval, self.waiting.append)
        self.task = asyncio.ensure_future(self.loop.run())

    def offer(self, source: tuple[str, int], *offsets: int, assignment: Assignment | None = None) -> None:
        assignment = assignment or self.tap.assignment
        assert assignment is not None
        self.loop.offer(Fetched(assignment, *source, [RawRecord(*source, offset, 0, None, b"") for offset in offsets]))

    def reassign(self, **positions: int) -> Assignment:
        self.tap.assignment = assigned(generation=2, a=positions.get("a", 0), b=positions.get("b", 0))
        return self.tap.assignment

    def state(self) -> State:
        return self.loop.state

    def busy(self) -> bool:
        return self.loop.busy

    async def drained(self) -> None:
        async with asyncio.timeout(30):
            await self.loop.drain()

    async def ended(self) -> None:
        async with asyncio.timeout(30):
            await self.task


def assigned(generation: int = 1, a: int = 0, b: int = 0) -> Assignment:
    return Assignment(generation, b"member", {A: a, B: b, OTHER: 0})


@asynccontextmanager
async def bench(limit: int = 100, interval: float = 0.0) -> AsyncIterator[Bench]:
    bench = Bench(limit, interval)
    try:
        yield bench
    finally:
        bench.loop.stop()
        for transaction in bench.runner.every:
            transaction.finish()
        await asyncio.wait([bench.task])


# Gathering


async def test_records_that_arrive_while_a_transaction_commits_share_the_next_one() -> None:
    async with bench() as it:
        it.offer(A, 0, 1)
        first = await it.runner.begun()
        assert it.state() is State.COMMITTING
        it.offer(A, 2)
        it.offer(B, 0)
        it.offer(A, 3, 4)
        first.finish()
        second = await it.runner.begun()
        assert first.offsets == {A: [0, 1]}
        assert second.offsets == {A: [2, 3, 4], B: [0]}


async def test_an_idle_hop_begins_at_once_and_the_next_transaction_waits_for_the_interval() -> None:
    async with bench(interval=0.2) as it:
        offered = time.monotonic()
        it.offer(A, 0)
        first = await it.runner.begun()
        began = time.monotonic()
        assert began - offered < 0.2
        first.finish()
        it.offer(A, 1)
        it.offer(A, 2)
        second = await it.runner.begun()
        assert time.monotonic() - offered >= 0.2
        assert second.offsets == {A: [1, 2]}


@pytest.mark.parametrize("what", ["the limit is reached", "a drain", "the end"])
async def test_nothing_that_matters_waits_for_the_interval(what: str) -> None:
    async with bench(limit=3, interval=3600) as it:
        it.offer(A, 0)
        (await it.runner.begun()).finish()
        it.offer(A, 1)
        match what:
            case "the limit is reached":
                it.offer(A, 2, 3)
                assert (await it.runner.begun()).offsets == {A: [1, 2, 3]}
            case "a drain":
                await it.drained()
                assert it.state() is State.DRAINED
            case "the end":
                it.loop.stop()
                await it.ended()


async def test_a_transaction_carries_the_assignment_of_its_records() -> None:
    async with bench() as it:
        it.offer(A, 0)
        assert (await it.runner.begun()).work.assignment is it.tap.assignment


async def test_a_transaction_takes_at_most_the_limit_and_leaves_the_rest_in_order() -> None:
    async with bench(limit=3) as it:
        it.offer(A, 0, 1, 2, 3, 4)
        it.offer(B, 0, 1)
        taken = []
        for _ in range(3):
            transaction = await it.runner.begun()
            taken.append(transaction.offsets)
            transaction.finish()
        assert taken == [{A: [0, 1, 2]}, {A: [3, 4], B: [0]}, {B: [1]}]


async def test_an_offset_may_be_skipped() -> None:
    async with bench() as it:
        it.offer(A, 3, 7)
        it.offer(A, 12)
        assert (await it.runner.begun()).offsets == {A: [3, 7, 12]}


async def test_the_number_of_waiting_records_is_told() -> None:
    async with bench(limit=3) as it:
        it.offer(A, 0, 1)
        it.offer(B, 0, 1)
        first = await it.runner.begun()
        assert it.waiting[-3:] == [2, 4, 1]
        first.finish()
        await it.runner.begun()
        assert it.waiting[-1] == 0


async def test_the_hop_is_busy_while_records_wait_or_a_transaction_runs() -> None:
    async with bench() as it:
        assert not it.busy()
        it.offer(A, 0)
        assert it.busy()
        transaction = await it.runner.begun()
        assert it.busy()
        transaction.finish()
        await it.drained()
        assert not it.busy()


# Backpressure


async def test_at_the_limit_the_hops_own_partitions_close_and_open_again_once_half_is_taken() -> None:
    async with bench(limit=4) as it:
        it.offer(A, 0)
        first = await it.runner.begun()
        it.offer(A, 1, 2, 3)
        assert it.tap.closed == set()
        it.offer(B, 0)
        assert it.tap.closed == {A, B}
        first.finish()
        await it.runner.begun()
        assert it.tap.closed == set()


async def test_partitions_stay_closed_while_more_than_half_of_the_limit_waits() -> None:
    async with bench(limit=4) as it:
        it.offer(A, 0)
        transaction = await it.runner.begun()
        it.offer(A, *range(1, 11))
        transaction.finish()
        transaction = await it.runner.begun()
        assert it.tap.closed == {A, B}, "6 of 10 records still wait"
        transaction.finish()
        await it.runner.begun()
        assert it.tap.closed == set(), "2 of 10 records still wait"


async def test_a_drain_opens_what_was_closed() -> None:
    async with bench(limit=2) as it:
        it.offer(A, 0, 1)
        assert it.tap.closed == {A, B}
        await it.drained()
        assert it.tap.closed == set()


# Draining


async def test_a_drain_waits_for_the_running_transaction_and_drops_what_was_gathered() -> None:
    async with bench() as it:
        it.offer(A, 0)
        running = await it.runner.begun()
        it.offer(A, 1, 2)
        drain = asyncio.ensure_future(it.loop.drain())
        await asyncio.sleep(0)
        it.loop.sweep_soon()
        assert not drain.done() and it.state() is State.COMMITTING
        it.offer(A, 3)
        running.finish()
        await drain
        assert it.state() is State.DRAINED
        assert not it.busy()
        it.reassign(a=1)
        it.offer(A, 1)
        assert (await it.runner.begun()).offsets == {A: [1]}
        assert it.runner.sweeps == 0


async def test_a_drained_hop_begins_nothing_until_records_of_a_new_assignment_come() -> None:
    async with bench() as it:
        old = it.tap.assignment
        await it.drained()
        it.tap.assignment = None
        it.offer(A, 0, assignment=old)
        it.loop.sweep_soon()
        await it.drained()
        assert it.state() is State.DRAINED
        assert it.runner.every == []
        new = it.reassign(a=5)
        it.offer(A, 5)
        transaction = await it.runner.begun()
        assert transaction.work.assignment is new


async def test_records_of_a_dead_assignment_are_dropped() -> None:
    async with bench() as it:
        assert it.tap.assignment is not None
        it.tap.assignment.live = False
        it.offer(A, 0)
        assert not it.busy()


async def test_records_of_an_assignment_that_is_not_the_present_one_are_dropped() -> None:
    async with bench() as it:
        it.offer(A, 0, assignment=assigned())
        assert not it.busy()


async def test_a_drain_of_an_idle_hop_ends_at_once() -> None:
    async with bench() as it:
        await it.drained()
        await it.drained()
        assert it.state() is State.DRAINED


# Failing


async def test_a_stale_generation_drops_what_was_gathered_and_the_hop_goes_on() -> None:
    async with bench() as it:
        it.offer(A, 0)
        stale = await it.runner.begun()
        it.offer(A, 1, 2)
        stale.work.assignment.live = False
        stale.finish(StaleGeneration("the group has moved on"))
        it.reassign(a=0)
        it.loop.sweep_soon()
        await it.runner.swept()
        it.offer(A, 0)
        assert (await it.runner.begun()).offsets == {A: [0]}
        assert len(it.runner.every) == 2


@pytest.mark.parametrize("failure", [WorkerMustStop("record 7"), WorkerMustRestart("unknown"), ValueError("a defect")])
async def test_any_other_failure_ends_the_hop(failure: Exception) -> None:
    async with bench() as it:
        it.offer(A, 0)
        (await it.runner.begun()).finish(failure)
        with pytest.raises(type(failure), match=str(failure)):
            await it.ended()


async def test_an_offset_that_goes_back_below_the_start_must_restart_the_worker() -> None:
    async with bench() as it:
        it.reassign(a=5)
        with pytest.raises(WorkerMustRestart, match="a/0 came back to offset 4, expected 5"):
            it.offer(A, 4)


async def test_an_offset_that_is_gathered_already_must_restart_the_worker() -> None:
    async with bench() as it:
        it.offer(A, 0, 1)
        with pytest.raises(WorkerMustRestart, match="came back to offset 1, expected 2"):
            it.offer(A, 1)


async def test_an_offset_that_is_committed_already_must_restart_the_worker() -> None:
    async with bench() as it:
        it.offer(A, 0, 1)
        (await it.runner.begun()).finish()
        it.loop.sweep_soon()
        await it.runner.swept()
        with pytest.raises(WorkerMustRestart, match="came back to offset 1, expected 2"):
            it.offer(A, 1)


async def test_under_a_new_assignment_a_partition_may_begin_earlier() -> None:
    async with bench() as it:
        it.offer(A, 0, 1, 2)
        await it.drained()
        it.reassign(a=1)
        it.offer(A, 1)
        assert (await it.runner.begun()).offsets == {A: [1]}


# Sweeping


async def test_a_sweep_waits_until_nothing_else_runs_and_then_goes_first() -> None:
    async with bench() as it:
        it.offer(A, 0, 1)
        running = await it.runner.begun()
        it.loop.sweep_soon()
        it.offer(A, 2)
        await asyncio.sleep(0)
        assert it.runner.sweeps == 0
        running.finish()
        assignment, positions = await it.runner.swept()
        assert assignment is it.tap.assignment
        assert positions == {A: 2, B: 0}, "what is committed, of the hop's own topics"
        assert (await it.runner.begun()).offsets == {A: [2]}


async def test_sweeps_asked_for_while_one_cannot_begin_are_one_sweep() -> None:
    async with bench() as it:
        it.offer(A, 0)
        running = await it.runner.begun()
        for _ in range(3):
            it.loop.sweep_soon()
        running.finish()
        await it.runner.swept()
        await it.drained()
        assert it.runner.sweeps == 1


async def test_without_an_assignment_there_is_no_sweep() -> None:
    async with bench() as it:
        it.tap.assignment = None
        it.loop.sweep_soon()
        await it.drained()
        assert it.runner.sweeps == 0


# Stopping


async def test_a_stop_lets_the_running_transaction_end_and_begins_no_other() -> None:
    async with bench() as it:
        it.offer(A, 0)
        running = await it.runner.begun()
        it.offer(A, 1)
        it.loop.stop()
        await asyncio.sleep(0)
        assert not it.task.done()
        running.finish()
        await it.ended()
        assert it.state() is State.STOPPED
        assert len(it.runner.every) == 1


async def test_a_stopped_hop_gathers_nothing() -> None:
    async with bench() as it:
        it.loop.stop()
        await it.ended()
        it.offer(A, 0)
        it.loop.sweep_soon()
        assert it.waiting == []
        await it.drained()
        assert it.state() is State.STOPPED


async def test_a_drained_hop_can_be_stopped() -> None:
    async with bench() as it:
        await it.drained()
        it.loop.stop()
        await it.ended()
        assert it.state() is State.STOPPED


# Illegal moves


async def test_an_aborted_transaction_is_processed_again() -> None:
    async with bench() as it:
        it.offer(A, 0)
        running = await it.runner.begun()
        running.processing()
        assert it.state() is State.PROCESSING
        running.committing()
        assert it.state() is State.COMMITTING


async def test_a_transaction_cannot_commit_twice() -> None:
    async with bench() as it:
        it.offer(A, 0)
        running = await it.runner.begun()
        with pytest.raises(AssertionError, match="hop hop cannot go from committing to committing"):
            running.committing()


async def test_a_drained_hop_can_neither_process_nor_commit() -> None:
    async with bench() as it:
        it.offer(A, 0)
        running = await it.runner.begun()
        running.finish()
        await it.drained()
        with pytest.raises(AssertionError, match="from drained to processing"):
            running.processing()
        with pytest.raises(AssertionError, match="from drained to committing"):
            running.committing()
        assert it.state() is State.DRAINED


async def test_a_stopped_hop_can_neither_process_nor_commit() -> None:
    async with bench() as it:
        it.offer(A, 0)
        running = await it.runner.begun()
        running.finish()
        it.loop.stop()
        await it.ended()
        with pytest.raises(AssertionError, match="from stopped to processing"):
            running.processing()
        with pytest.raises(AssertionError, match="from stopped to committing"):
            running.committing()
