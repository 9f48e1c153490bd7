"""One hop's transactions: what is in them, what is run again, what becomes a dead letter."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams.deadletter.reasons import Reason, Stage
from streams.engine import runner as runner_module
from streams.engine.assignment import Assignment, Part, Work
from streams.engine.errors import (
    BreakerTripped,
    OutcomeUnknown,
    RecordRefused,
    StaleGeneration,
    TransactionAborted,
    WorkerMustRestart,
    WorkerMustStop,
)
from streams.engine.observer import Silent
from streams.engine.producer import Changelog, HopProducer
from streams.engine.rows import PartitionRows
from streams.engine.runner import HopRunner
from streams.engine.state import HopState
from streams.engine.store import MARK, ROW, ChangelogIdentity, PartitionStore, StoreMemory
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.hop import EVERY_PARTITION, DeadLetter, Emission, Hop, Output, RawRecord, Record, Rows, due_key
from streams.settings import Settings

SOURCE = "t.events"
SETTINGS = Settings(bootstrap="127.0.0.1:9", prefix="t.")
CHANGELOG = ChangelogIdentity("t.milepost-count-changelog", "topic-id", 86_400_000)


class Json:
    """Codec of plain data; text is no row."""

    def encode(self, row: Any) -> bytes:
        if isinstance(row, str):
            raise TypeError("text is no row")
        return json.dumps(row).encode()

    def decode(self, data: bytes) -> Any:
        return json.loads(data)


def count(rows: Rows, records: Sequence[Record]) -> list[Emission]:
    """Keeps the values of each key in a list, and emits them. Some values are made to fail, after the row was changed."""
    emissions: list[Emission] = []
    for record in records:
        assert record.key is not None and record.value is not None
        row = rows.get(record.key) or []
        row.append(record.value.decode())
        rows.put(record.key, row)
        rows.mark(b"seen/" + record.value)
        if record.value == b"boom":
            raise ValueError("boom at the end of a batch")
        if record.value == b"not a row":
            rows.put(b"text", "text")
        if record.value == b"misconfigured":
            raise ConfigurationError("set something")
        if record.value == b"refuse":
            emissions.append(DeadLetter(record, Stage.VALIDATE, Reason.SCHEMA_INVALID, "no"))
        else:
            emissions.append(Output("out", record.key, record.value))
    return emissions


def tick(due_ms: int, key: bytes) -> Output:
    return Output("events", key, b"tick", timestamp=due_ms)


COUNT = Hop("count", ("events",), count, Json(), tick)


@dataclass
class Committed:
    """One committed transaction."""

    changelogs: list[Changelog]
    outputs: list[Output]
    offsets: dict[tuple[str, int], int]
    group_metadata: bytes

    @property
    def values(self) -> list[bytes | None]:
        return [output.value for output in self.outputs]


@dataclass
class FakeProducer:
    """Commits unless told otherwise. `failures` are raised one after another; `refused` values are never taken."""

    failures: list[Exception | None] = field(default_factory=list)
    refused: Callable[[Output], bool] = lambda output: False
    committed: list[Committed] = field(default_factory=list)
    asked: int = 0
    end: int = 100

    def transact(
        self,
        changelogs: Sequence[Changelog],
        outputs: Iterable[Output],
        offsets: Mapping[tuple[str, int], int],
        group_metadata: bytes,
    ) -> dict[int, int]:
        self.asked += 1
        outputs = list(outputs)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        if any(map(self.refused, outputs)):
            raise RecordRefused("MSG_SIZE_TOO_LARGE")
        self.committed.append(Committed(list(changelogs), outputs, dict(offsets), group_metadata))
        self.end += 10
        return {changelog.partition: self.end for changelog in changelogs}

    def copies(self, output: Output) -> int:
        return 3 if output.partition == EVERY_PARTITION else 1


class Told(Silent):
    """Remembers what the engine told."""

    def __init__(self) -> None:
        self.sent: dict[str, int] = {}
        self.letters: list[DeadLetter] = []
        self.causes: list[str] = []
        self.sizes: list[int] = []
        self.read: list[tuple[str, int, int]] = []
        self.ticks = 0

    def consumed(self, hop: str, topic: str, partition: int, records: int, lag_seconds: float) -> None:
        self.read.append((topic, partition, records))

    def emitted(self, hop: str, topic: str, records: int) -> None:
        self.sent[topic] = self.sent.get(topic, 0) + records

    def dead_lettered(self, hop: str, letter: DeadLetter) -> None:
        self.letters.append(letter)

    def transaction(self, hop: str, records: int, processing_seconds: float, committing_seconds: float) -> None:
        self.sizes.append(records)

    def aborted(self, hop: str, cause: str) -> None:
        self.causes.append(cause)

    def ticked(self, hop: str, ticks: int) -> None:
        self.ticks += ticks


class Bench:
    """A runner with real stores of two partitions and a fake producer."""

    def __init__(self, folder: Path, hop: Hop = COUNT) -> None:
        self.producer, self.told, self.stopping = FakeProducer(), Told(), threading.Event()
        memory = StoreMemory()
        self.stores = {number: PartitionStore.open(folder / str(number), memory, CHANGELOG, 0) for number in (0, 1)}
        rows = {number: PartitionRows(store, Json(), 100) for number, store in self.stores.items()}
        state = cast(HopState, SimpleNamespace(changelog=CHANGELOG, stores=self.stores, rows=rows)) if hop.codec else None
        self.runner = HopRunner(hop, SETTINGS, cast(HopProducer, self.producer), state, self._render, self.told, self.stopping)
        self.phases: list[str] = []
        self.assignment = Assignment(1, b"member", {(SOURCE, 0): 0, (SOURCE, 1): 0})

    def run(self, *parts: Part) -> None:
        self.runner.run(Work(self.assignment, list(parts)), lambda: self.phases.append("commit"), lambda: self.phases.append("process"))

    def row(self, key: bytes, partition: int = 0) -> Any:
        data = self.stores[partition].row(key)
        return None if data is None else json.loads(data)

    def marks(self) -> list[bytes]:
        return list(self.stores[0].marks(b"seen/"))

    def close(self) -> None:
        for store in self.stores.values():
            store.close()

    @staticmethod
    def _render(letter: DeadLetter) -> list[Output]:
        value = None if letter.pointer else letter.record.value
        return [Output("events.dlq", letter.record.key, value, (("code", letter.reason.encode()),))]


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the runner wanted to wait; nobody waits."""
    seconds: list[float] = []
    clock = SimpleNamespace(sleep=seconds.append, monotonic=time.monotonic, time=time.time, time_ns=time.time_ns)
    monkeypatch.setattr(runner_module, "time", clock)
    return seconds


def records(*values: bytes, key: bytes = b"k", partition: int = 0, first: int = 0, topic: str = "events") -> Part:
    found = [RawRecord(topic, partition, first + index, 1_000, key, value) for index, value in enumerate(values)]
    return Part(f"t.{topic}", partition, found)


# One transaction


def test_rows_outputs_and_offsets_of_all_partitions_are_one_transaction(it: Bench) -> None:
    it.run(records(b"1", b"2", first=5), records(b"3", partition=1, first=8))
    (committed,) = it.producer.committed
    assert committed.values == [b"1", b"2", b"3"]
    assert committed.offsets == {(SOURCE, 0): 7, (SOURCE, 1): 9}
    assert committed.group_metadata == b"member"
    assert committed.changelogs == [
        Changelog(CHANGELOG.topic, 0, {ROW + b"k": b'["1", "2"]', MARK + b"seen/1": b"", MARK + b"seen/2": b""}),
        Changelog(CHANGELOG.topic, 1, {ROW + b"k": b'["3"]', MARK + b"seen/3": b""}),
    ]
    assert it.phases == ["process", "commit"]


def test_after_the_commit_the_stores_have_the_rows_and_the_changelogs_end(it: Bench) -> None:
    it.run(records(b"1"))
    assert it.row(b"k") == ["1"]
    assert it.stores[0].next_offset == it.producer.end
    assert it.stores[1].next_offset is None
    it.run(records(b"2", first=1))
    assert it.row(b"k") == ["1", "2"]


def test_what_was_committed_is_told(it: Bench) -> None:
    it.run(records(b"1", b"refuse", b"2"), records(b"3", partition=1))
    assert it.told.sizes == [4]
    assert it.told.read == [("events", 0, 3), ("events", 1, 1)]
    assert it.told.sent == {"out": 3, "events.dlq": 1}
    assert [letter.reason for letter in it.told.letters] == [Reason.SCHEMA_INVALID]


def test_an_output_for_every_partition_counts_once_a_partition(tmp_path: Path) -> None:
    copies = Hop(
        "copies", ("events",), lambda rows, found: [Output("out", b"k", b"v", partition=EVERY_PARTITION), Output("out", b"k", b"v")]
    )
    it = Bench(tmp_path, copies)
    it.run(records(b"1"))
    assert it.told.sent == {"out": 4}
    it.close()


def test_a_hop_without_rows_writes_no_changelog_and_may_mix_topics(tmp_path: Path) -> None:
    forward = Hop("forward", ("erp", "wms"), lambda rows, found: [Output("out", each.key, each.value) for each in found])
    it = Bench(tmp_path, forward)
    it.run(records(b"1", topic="erp"), records(b"2", topic="wms", first=7))
    (committed,) = it.producer.committed
    assert committed.changelogs == []
    assert committed.offsets == {("t.erp", 0): 1, ("t.wms", 0): 8}
    it.close()


# A hop that raises


def test_one_poison_record_becomes_a_dead_letter_and_its_neighbours_are_processed(it: Bench) -> None:
    it.run(records(b"1", b"boom", b"2"), records(b"3", partition=1))
    (committed,) = it.producer.committed
    assert [(output.topic, output.value) for output in committed.outputs] == [
        ("out", b"1"),
        ("events.dlq", b"boom"),
        ("out", b"2"),
        ("out", b"3"),
    ]
    assert it.row(b"k") == ["1", "2"], "no trace of the poison record, each neighbour once"
    assert it.row(b"k", partition=1) == ["3"]
    assert it.marks() == [b"seen/1", b"seen/2"]
    (letter,) = it.told.letters
    assert (letter.reason, letter.stage, letter.record.offset) == (Reason.POISON, Stage.APPLY, 1)
    assert letter.message == "ValueError: boom at the end of a batch"
    assert isinstance(letter.exception, ValueError)
    assert committed.offsets[SOURCE, 0] == 3


def test_a_batch_of_nothing_but_poison_is_dead_lettered_whole(it: Bench) -> None:
    it.run(records(b"boom", b"boom"))
    assert len(it.told.letters) == 2
    assert it.producer.committed[0].changelogs == []
    assert it.row(b"k") is None


def test_after_a_poison_record_the_next_batch_continues_from_clean_rows(it: Bench) -> None:
    it.run(records(b"1", b"boom"))
    it.run(records(b"2", first=2))
    assert it.row(b"k") == ["1", "2"]


def test_a_record_whose_row_cannot_be_written_is_poison_too_and_writes_nothing(it: Bench) -> None:
    it.run(records(b"1", b"not a row", b"2"))
    assert [letter.record.offset for letter in it.told.letters] == [1]
    assert it.row(b"k") == ["1", "2"]
    assert it.marks() == [b"seen/1", b"seen/2"]


def test_a_defect_that_only_a_batch_shows_leaves_no_trace(tmp_path: Path) -> None:
    def run(rows: Rows, found: Sequence[Record]) -> list[Emission]:
        emissions = count(rows, found)
        if len(found) > 1:
            raise RuntimeError("only together")
        return emissions

    it = Bench(tmp_path, Hop("count", ("events",), run, Json()))
    it.run(records(b"1", b"2"))
    assert it.producer.committed[0].values == [b"1", b"2"]
    assert it.row(b"k") == ["1", "2"]
    assert it.told.letters == []
    it.close()


@pytest.mark.parametrize("values", [(b"misconfigured",), (b"boom", b"misconfigured")], ids=["in the batch", "record by record"])
def test_an_error_that_a_person_has_to_act_on_is_no_poison(it: Bench, values: tuple[bytes, ...]) -> None:
    with pytest.raises(ConfigurationError, match="set something"):
        it.run(records(*values))
    assert it.producer.asked == 0


# A broker that refuses


def test_a_refused_record_is_isolated_and_dead_lettered(it: Bench) -> None:
    it.producer.refused = lambda output: output.topic == "out" and output.value == b"huge"
    it.run(records(b"1", b"huge", b"2"), records(b"3", partition=1))
    assert [(one.values, one.offsets) for one in it.producer.committed] == [
        ([b"1"], {(SOURCE, 0): 1}),
        ([b"huge"], {(SOURCE, 0): 2}),
        ([b"2"], {(SOURCE, 0): 3}),
        ([b"3"], {(SOURCE, 1): 1}),
    ]
    assert it.producer.committed[1].outputs[0].topic == "events.dlq"
    assert it.producer.committed[1].changelogs == []
    assert it.row(b"k") == ["1", "2"]
    (letter,) = it.told.letters
    assert (letter.reason, letter.record.offset) == (Reason.POISON, 1)
    assert "MSG_SIZE_TOO_LARGE" in letter.message
    assert it.told.causes == ["refused", "refused"]


def test_a_record_that_cannot_even_be_dead_lettered_stops_the_worker(it: Bench) -> None:
    it.producer.refused = lambda output: output.value == b"huge" or output.topic == "events.dlq"
    with pytest.raises(WorkerMustStop, match=r"t\.events/0@1 can neither be processed .* nor dead-lettered .* t\.events\.dlq"):
        it.run(records(b"1", b"huge", b"2"))
    assert [one.values for one in it.producer.committed] == [[b"1"]], "nothing behind it is processed"


# A transaction that aborts


def test_an_aborted_transaction_is_run_again_from_undone_rows(it: Bench, slept: list[float]) -> None:
    it.run(records(b"0"))
    it.producer.failures = [TransactionAborted("timed out"), TransactionAborted("timed out")]
    it.run(records(b"1", first=1))
    assert it.row(b"k") == ["0", "1"]
    assert it.producer.committed[-1].values == [b"1"]
    assert it.phases[2:] == ["process", "commit"] * 3
    assert it.told.causes == ["broker", "broker"]
    assert len(slept) == 2


def test_dead_letters_are_told_once_they_are_committed(it: Bench, slept: list[float]) -> None:
    it.producer.failures = [TransactionAborted("timed out")]
    it.run(records(b"refuse"))
    assert len(it.told.letters) == 1


def test_a_transaction_that_always_aborts_restarts_the_worker(it: Bench, slept: list[float]) -> None:
    it.producer.failures = [TransactionAborted("timed out")] * 1_000
    with pytest.raises(WorkerMustRestart, match="aborted 40 times in a row, last for timed out"):
        it.run(records(b"1"))
    assert it.producer.asked == 40
    assert 60 < sum(slept) < 90 and max(slept) == 2.0
    assert it.row(b"k") is None


def test_an_aborted_transaction_is_not_run_again_once_its_partitions_are_asked_back(it: Bench, slept: list[float]) -> None:
    it.assignment.live = False
    it.producer.failures = [TransactionAborted("timed out")]
    with pytest.raises(StaleGeneration):
        it.run(records(b"1"))
    assert it.producer.asked == 1


def test_a_stale_generation_ends_the_assignment_and_leaves_no_trace(it: Bench) -> None:
    it.run(records(b"0"))
    it.producer.failures = [StaleGeneration("ILLEGAL_GENERATION")]
    with pytest.raises(StaleGeneration):
        it.run(records(b"1", first=1))
    assert not it.assignment.live
    assert it.told.causes == ["stale"]
    assert it.row(b"k") == ["0"]
    it.assignment = Assignment(2, b"again", it.assignment.positions)
    it.run(records(b"1", first=1))
    assert it.row(b"k") == ["0", "1"]


def test_a_generation_that_goes_stale_record_by_record_keeps_what_was_committed_before(it: Bench) -> None:
    it.producer.failures = [RecordRefused("one of them"), None, StaleGeneration("ILLEGAL_GENERATION")]
    with pytest.raises(StaleGeneration):
        it.run(records(b"1", b"2"))
    assert it.row(b"k") == ["1"]


# A transaction whose outcome nobody told


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], int]:
    """The group's committed offsets. As in the real one, nobody answers once the question is cancelled."""
    offsets: dict[tuple[str, int], int] = {}

    def start_of(settings: Settings, partitions: Iterable[tuple[str, int]], cancelled: threading.Event) -> dict[tuple[str, int], int]:
        return {} if cancelled.is_set() else {partition: offsets[partition] for partition in partitions}

    monkeypatch.setattr(runner_module, "start_of", start_of)
    return offsets


def test_an_unknown_outcome_that_was_a_commit_is_not_run_again(it: Bench, group: dict[tuple[str, int], int]) -> None:
    group[SOURCE, 0] = 1
    it.producer.failures = [OutcomeUnknown("fenced", {0: 55})]
    it.run(records(b"1"))
    assert it.producer.asked == 1
    assert (it.row(b"k"), it.stores[0].next_offset) == (["1"], 55)
    assert it.told.sizes == [1]


def test_an_unknown_outcome_that_was_an_abort_is_run_again(it: Bench, group: dict[tuple[str, int], int], slept: list[float]) -> None:
    group[SOURCE, 0] = 0
    it.producer.failures = [OutcomeUnknown("fenced", {0: 55})]
    it.run(records(b"1"))
    assert it.producer.asked == 2
    assert (it.row(b"k"), it.stores[0].next_offset) == (["1"], it.producer.end)


def test_an_unknown_outcome_while_the_worker_stops_is_not_run_again(
    it: Bench, group: dict[tuple[str, int], int], slept: list[float]
) -> None:
    group[SOURCE, 0] = 1
    it.producer.failures = [OutcomeUnknown("fenced", {0: 55})]
    it.stopping.set()
    with pytest.raises(WorkerMustRestart):
        it.run(records(b"1"))


# Ticks


def _wait(it: Bench, *due_ms: int, partition: int = 0) -> None:
    it.stores[partition].apply([(MARK + due_key(when, b"k"), b"") for when in due_ms], 1, 0)


POSITIONS = {(SOURCE, 0): 7, (SOURCE, 1): 9}


def test_ticks_are_sent_fenced_by_the_offset_at_which_we_stand(it: Bench) -> None:
    _wait(it, 100, 200, 999)
    it.runner.sweep(it.assignment, POSITIONS, 200)
    (committed,) = it.producer.committed
    assert committed.outputs == [Output("events", b"k", b"tick", (), 0, 100), Output("events", b"k", b"tick", (), 0, 200)]
    assert committed.offsets == {(SOURCE, 0): 7}
    assert (committed.changelogs, committed.group_metadata) == ([], b"member")
    assert (it.told.ticks, it.told.sent) == (2, {"events": 2})
    it.runner.sweep(it.assignment, POSITIONS, 300)
    assert len(it.producer.committed) == 1


def test_ticks_that_were_aborted_are_sent_by_the_next_sweep(it: Bench) -> None:
    _wait(it, 100)
    it.producer.failures = [TransactionAborted("timed out")]
    it.runner.sweep(it.assignment, POSITIONS, 100)
    assert it.told.ticks == 0
    it.runner.sweep(it.assignment, POSITIONS, 100)
    assert it.told.ticks == 1


def test_a_sweep_under_a_stale_generation_sends_nothing_more(it: Bench) -> None:
    _wait(it, 100)
    _wait(it, 100, partition=1)
    it.producer.failures = [StaleGeneration("ILLEGAL_GENERATION")]
    it.runner.sweep(it.assignment, POSITIONS, 100)
    it.runner.sweep(it.assignment, POSITIONS, 100)
    assert not it.assignment.live
    assert it.producer.asked == 1


def test_a_sweep_whose_outcome_is_unknown_does_not_end_the_worker(it: Bench) -> None:
    _wait(it, 100)
    it.producer.failures = [OutcomeUnknown("fenced", {})]
    it.runner.sweep(it.assignment, POSITIONS, 100)


def test_a_sweep_keeps_quiet_stores_young(it: Bench, tmp_path: Path) -> None:
    _wait(it, 10**12)
    later = CHANGELOG.tombstone_retention_ms - 1
    it.runner.sweep(it.assignment, POSITIONS, later)
    it.stores[0].close()
    it.stores[0] = PartitionStore.open(tmp_path / "0", StoreMemory(), CHANGELOG, later + 2)
    assert it.stores[0].next_offset == 1


def test_a_hop_without_ticks_has_nothing_to_sweep(tmp_path: Path) -> None:
    it = Bench(tmp_path, Hop("count", ("events",), count, Json()))
    _wait(it, 100)
    it.runner.sweep(it.assignment, POSITIONS, 100)
    assert it.producer.asked == 0
    it.close()


# Dead letters that the broker does not take


def test_a_dead_letter_that_is_too_large_is_kept_as_a_pointer_with_its_own_reason(it: Bench) -> None:
    it.producer.refused = lambda output: output.topic == "events.dlq" and output.value is not None
    it.run(records(b"1", b"refuse", b"2"))
    letters = [output for committed in it.producer.committed for output in committed.outputs if output.topic == "events.dlq"]
    assert [(letter.value, dict(letter.headers)["code"]) for letter in letters] == [(None, b"SCHEMA_INVALID")]
    assert it.row(b"k") == ["1", "refuse", "2"]


def test_a_record_whose_output_and_whose_dead_letter_are_too_large_is_kept_as_a_pointer(it: Bench) -> None:
    it.producer.refused = lambda output: output.value == b"huge"
    it.run(records(b"1", b"huge", b"2"))
    letters = [output for committed in it.producer.committed for output in committed.outputs if output.topic == "events.dlq"]
    assert [(letter.value, dict(letter.headers)["code"]) for letter in letters] == [(None, b"POISON")]
    assert it.row(b"k") == ["1", "2"]


# The breaker


def test_a_batch_that_trips_the_breaker_is_not_committed(it: Bench) -> None:
    it.run(records(*[b"refuse"] * 300))
    with pytest.raises(BreakerTripped) as stopped:
        it.run(records(b"1", *[b"refuse"] * 500, first=300))
    assert len(it.producer.committed) == 1
    said = str(stopped.value)
    assert "500 records in a row of t.events/0" in said
    assert "the last at offset 800 (SCHEMA_INVALID: no)" in said
    assert "offsets from 300 are not committed" in said


def test_a_hop_that_raises_on_every_record_trips_it_and_is_logged_once(it: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(BreakerTripped):
        it.run(records(*[b"boom"] * 1_000))
    assert it.producer.committed == []
    assert sum("Traceback" in (each.exc_text or "") for each in caplog.records) == 1
    assert "999 more records are refused as POISON" in caplog.text


def test_what_is_replayed_does_not_stop_a_worker(tmp_path: Path) -> None:
    refuse = Hop("refuse", ("erp.raw.replay",), lambda rows, found: [DeadLetter(one, Stage.MAP, Reason.QTY_INVALID, "") for one in found])
    it = Bench(tmp_path, refuse)
    it.run(records(*[b"1"] * 2_000, topic="erp.raw.replay"))
    assert len(it.told.letters) == 2_000
    it.close()


# Something is away


def away(times: int) -> Hop:
    """A hop that needs what is away so many times."""
    left = [times]

    def run(rows: Rows, found: Sequence[Record]) -> list[Emission]:
        if left[0]:
            left[0] -= 1
            raise BrokerUnreachable("the registry does not answer")
        return [Output("out", each.key, each.value) for each in found]

    return Hop("needy", ("events",), run)


def test_what_passes_by_itself_is_waited_for_and_makes_no_dead_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    it = Bench(tmp_path, away(4))
    waits: list[float] = []
    monkeypatch.setattr(it.stopping, "wait", waits.append)
    it.run(records(b"1", b"2"))
    assert it.producer.committed[0].values == [b"1", b"2"]
    assert it.told.causes == ["unavailable"] * 4
    assert it.told.letters == []
    assert waits == sorted(waits) and len(waits) == 4
    it.close()


def test_a_wait_ends_when_the_worker_stops_and_owes_nothing(tmp_path: Path) -> None:
    it = Bench(tmp_path, away(1_000))
    it.stopping.set()
    with pytest.raises(StaleGeneration):
        it.run(records(b"1"))
    assert it.producer.committed == []
    it.close()
