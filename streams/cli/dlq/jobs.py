"""What `milepost dlq replay`, `redirect` and `discard` do: survey first, then a job a topic."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import typer

from streams.cli.output import print_json, print_table
from streams.cli.person import whoever
from streams.cli.progress import Bar
from streams.deadletter.audit import Action, Outcome
from streams.deadletter.index import OPEN, Index, Wanted, letter_topics
from streams.deadletter.plain import plain
from streams.deadletter.selection import Selection
from streams.errors import ConfigurationError
from streams.replay import Fate, Guard, Plan, Progress, Result, fate, resume_replay, run_replay, target_of
from streams.settings import Settings

__all__ = ["WHY_NOT", "Draft", "report", "resumed", "settle", "stoppable", "telling"]

WHY_NOT: dict[Fate, str] = {
    Fate.SETTLED: "settled before; that happens once",
    Fate.EXHAUSTED: "replayed as often as --max-replays allows",
    Fate.NO_TARGET: "not from a topic of Milepost's: name a target with --to",
    Fate.TOO_OLD: "older than the target keeps records",
    Fate.GONE: "its bytes are not here: only at the source, if anywhere",
    Fate.REFUSED: "the broker does not take it",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What is asked, before it is known of which topics."""

    action: Action
    reason: str
    by: str
    to: str = ""
    rate: float = 0
    max_replays: int = 3
    limit: int = 0
    guard: Guard = Guard()  # noqa: RUF009 - frozen

    def plan(self, topic: str, selection: Selection) -> Plan:
        return Plan(
            topic,
            self.action,
            whoever(self.by),
            self.reason or "(dry run)",
            selection,
            self.to,
            self.rate,
            self.max_replays,
            self.limit,
            self.guard,
        )


def resumed(job_id: str, by: str, guard: Guard, *, as_json: bool) -> None:
    """Go on with a job, and say how it ended. Raises `typer.Exit` as `settle` does."""
    with stoppable() as stopped, Bar() as bar:
        result = resume_replay(Settings(), job_id, by=whoever(by), guard=guard, progress=telling(bar), stopped=stopped)
    report([result], as_json)


def settle(wanted: Wanted, draft: Draft, *, everything: bool, execute: bool, as_json: bool) -> None:
    """Say what would be done, or with `execute` do it, a job a topic. Raises `typer.Exit` where letters that were meant stay open."""
    settings = Settings()
    if not (everything or wanted.families or wanted.selection != Selection()):
        raise ConfigurationError("say which letters are meant (--code, --fingerprint, --order, --id …), or --all for every open one")
    if execute and not draft.reason.strip():
        raise ConfigurationError("--execute needs --reason '…': the audit keeps why")
    surveyed = _survey(settings, wanted, draft)
    if not execute:
        _print_survey(surveyed, draft, as_json)
        return
    with stoppable() as stopped, Bar() as bar:
        results = []
        for survey in surveyed:
            if survey.fates[Fate.SETTLE] and not stopped.is_set():
                results.append(run_replay(settings, survey.plan, progress=telling(bar), stopped=stopped))
            if results and results[-1].outcome is not Outcome.DONE:
                break  # what stopped one topic's letters is no reason to go on with the next
    left = sum((survey.fates for survey in surveyed), Counter[Fate]())
    del left[Fate.SETTLE]
    report(results, as_json, left)


@dataclass(slots=True)
class _Survey:
    plan: Plan
    fates: Counter[Fate]
    routes: Counter[tuple[str, str]]
    """Letters by reason code and target."""


def _survey(settings: Settings, wanted: Wanted, draft: Draft) -> list[_Survey]:
    """What a job on each topic would do, without doing it."""
    with Bar() as bar:
        index = Index(settings, lambda done, of: bar.show("letters read", done, of))
        ids: set[str] = set()
        surveys = {
            topic: _Survey(draft.plan(topic, wanted.selection), Counter(), Counter()) for topic in letter_topics(settings, wanted.topics)
        }
        for found in index.letters(replace(wanted, states=frozenset({OPEN}))):
            letter = found.letter
            survey = surveys[letter.topic]
            what = fate(letter, survey.plan, ())
            if what is Fate.SETTLE and draft.limit and survey.fates[Fate.SETTLE] >= draft.limit:
                continue
            survey.fates[what] += 1
            if what is Fate.SETTLE:
                survey.routes[letter.code, target_of(letter, survey.plan)] += 1
                ids.add(letter.id)
    if wanted.families:  # which a selection cannot say: name the letters
        for survey in surveys.values():
            survey.plan = replace(survey.plan, selection=Selection(ids=frozenset(ids)))
    return [survey for survey in surveys.values() if survey.fates]


def _print_survey(surveys: list[_Survey], draft: Draft, as_json: bool) -> None:
    rows = [(survey.plan.topic, code, target, count) for survey in surveys for (code, target), count in sorted(survey.routes.items())]
    left = sum((survey.fates for survey in surveys), Counter[Fate]())
    count = left.pop(Fate.SETTLE, 0)
    if as_json:
        print_json(
            {
                "dry_run": True,
                "action": draft.action.value,
                "letters": count,
                "routes": [{"topic": topic, "code": code, "target": target, "letters": number} for topic, code, target, number in rows],
                "left": {what.value: number for what, number in left.items()},
            }
        )
        return
    if rows:
        print_table(
            ["letters", "from", "reason", "to"],
            [[str(number), plain(topic), plain(code, 60), plain(target) or "nowhere"] for topic, code, target, number in rows],
        )
    _print_left(left)
    words = {Action.DISCARDED: "discarded"}.get(draft.action, "sent again")
    print(f"dry run: {count} letters would be {words}; nothing was touched. Add --execute and --reason '…' to do it.")


def report(results: list[Result], as_json: bool, left: Counter[Fate] | None = None) -> None:
    skipped = sum((result.skipped for result in results), Counter[Fate]())
    for what, number in (left or Counter()).items():
        skipped[what] = max(skipped[what], number)
    del skipped[Fate.SETTLED]  # before this run, and so nothing that is left
    settled = sum(result.settled for result in results)
    if as_json:
        print_json(
            {
                "dry_run": False,
                "settled": settled,
                "left": {what.value: number for what, number in skipped.items()},
                "jobs": [_result(result) for result in results],
            }
        )
    else:
        for result in results:
            print(plain(result.words))
            if result.outcome is not Outcome.DONE:
                print(f"go on with: milepost dlq replay --resume {result.job_id}")
        _print_left(skipped)
        print(f"{settled} letters settled" + (f"; see `milepost dlq audit {results[0].job_id}`" if results else ""))
    if skipped or any(result.outcome is not Outcome.DONE for result in results):
        raise typer.Exit(1)


def _result(result: Result) -> dict[str, Any]:
    return {
        "job": result.job_id,
        "action": result.action.value,
        "outcome": result.outcome.value,
        "settled": result.settled,
        "failed_again": result.failed_again,
        "skipped": {what.value: number for what, number in result.skipped.items()},
        "words": result.words,
    }


def _print_left(left: Counter[Fate]) -> None:
    for what, number in sorted(left.items()):
        if number:
            print(f"{number} letters stay as they are: {WHY_NOT.get(what, what.value)}")


def telling(bar: Bar) -> Callable[[Progress], None]:
    return lambda at: bar.show(
        f"{at.settled} settled, {at.skipped} left, {at.failed_again} failed again; looked through", at.seen, at.total
    )


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM end the job after its transaction, so that it can be resumed."""
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
