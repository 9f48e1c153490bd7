"""`milepost dlq audit`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from streams.cli.output import print_json, print_table
from streams.deadletter.audit import AuditState, Job, Settlement
from streams.deadletter.index import Index, Wanted
from streams.deadletter.letter import Letter
from streams.deadletter.plain import plain
from streams.deadletter.selection import Selection
from streams.deadletter.shown import moment, settlement_fields
from streams.errors import MilepostError
from streams.settings import Settings

__all__ = ["audit"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def audit(
    what: Annotated[str, typer.Argument(help="Id of a letter or of a job, or the beginning of one. Without it: all jobs.")] = "",
    as_json: AsJson = False,
) -> None:
    """Who settled what, when, why and with what result: of a letter through all its replays, of one job, or of all jobs.

    Exit 1 if the audit and the letters know nothing of that id.

    Example: `milepost dlq audit 5f0c1a2b`
    """
    index = Index(Settings())
    if not what:
        jobs = sorted(index.audit.jobs.values(), key=lambda job: job.started_at)
        if as_json:
            print_json({"jobs": [_job(job) for job in jobs]})
        else:
            _print_jobs(jobs)
        return
    jobs = [job for job in index.audit.jobs.values() if job.id.startswith(what)]
    if len(jobs) == 1:
        _show_job(jobs[0], index.audit, as_json)
        return
    _show_letter(index, what, as_json)


def _print_jobs(jobs: list[Job]) -> None:
    print_table(
        ["began", "what", "topic", "letters", "by", "why", "outcome", "job"],
        [
            [
                f"{job.started_at:%Y-%m-%d %H:%M:%S}",
                job.action.value.lower(),
                plain(job.topic, 40),
                str(sum(run.settled for run in job.runs)),
                plain(job.by, 20),
                plain(job.reason, 60),
                job.runs[-1].outcome if job.runs else "",
                plain(job.id),
            ]
            for job in jobs
        ],
    )
    print(f"{len(jobs)} jobs")


def _show_job(job: Job, state: AuditState, as_json: bool) -> None:
    letters = sorted((each for each in state.settled.values() if each.job_id == job.id), key=lambda each: each.at)
    if as_json:
        print_json({"job": _job(job), "letters": [settlement_fields(each) for each in letters]})
        return
    selection = Selection.from_json(job.selection)
    to = f" to {plain(job.target)}" if job.target else ""
    print(f"job        {plain(job.id)}: {job.action.value.lower()} letters of {plain(job.topic)}{to}")
    print(f"asked by   {plain(job.by)} at {job.started_at.isoformat()}")
    print(f"why        {plain(job.reason)}")
    print(f"which      {plain(str(selection), 400)}")
    print(f"limits     {plain(job.rate)} letters a second, {job.max_replays} replays a record, {job.limit or 'any number of'} letters")
    for run in job.runs:
        ended = run.ended_at.isoformat() if run.ended_at else "not ended"
        left = "".join(f", {each.count} left {each.fate}" for each in run.skipped)
        print(
            f"run        by {plain(run.by)} on {plain(run.host)}, {run.began_at.isoformat()} to {ended}: {run.outcome}, "
            f"{run.settled} settled, {run.failed_again} failed again{plain(left)}"
        )
    for each in letters[:20]:
        print(f"letter     {plain(each.letter_id)} ({plain(each.code)}) at {each.at.isoformat()}")
    if len(letters) > 20:
        print(f"and {len(letters) - 20} more; --json names all")


def _show_letter(index: Index, what: str, as_json: bool) -> None:
    history = list(_history(index, what))
    if not history:
        raise MilepostError(
            f"neither the letters nor the audit know {what}: `milepost dlq audit` lists jobs, `milepost dlq list --state any` letters"
        )
    if as_json:
        print_json({"history": history})
        return
    for entry in history:
        print(f"{entry['at']}  {plain(entry['what'])}")


def _history(index: Index, what: str) -> Iterator[dict[str, Any]]:
    """Failure and settlement by turns, from the first refusal to the last word."""
    letters = {found.letter.id: found.letter for found in index.letters(Wanted(states=frozenset()))}
    named = [each for each in {**letters, **index.audit.settled} if each.startswith(what)]
    if len(named) > 1:
        raise MilepostError(f"{len(named)} letters begin with {what}: give more of the id")
    if not named:
        return
    replay_of = {each.id: each.replay_of for each in letters.values() if each.replay_of} | {
        each.letter_id: each.replay_of for each in index.audit.settled.values() if each.replay_of
    }
    chain = [named[0]]
    while (before := replay_of.get(chain[0], "")) and before not in chain:
        chain.insert(0, before)
    after = {before: later for later, before in replay_of.items()}
    while (later := after.get(chain[-1], "")) and later not in chain:
        chain.append(later)
    for letter_id in chain:
        yield from _turn(letter_id, letters.get(letter_id), index.audit.settled.get(letter_id))


def _turn(letter_id: str, letter: Letter | None, settlement: Settlement | None) -> Iterator[dict[str, Any]]:
    if letter is not None:
        said = f"refused: {letter.code} at {letter.stage or letter.family}: {letter.message}; attempt {letter.attempt}, letter {letter_id}"
        yield {"at": moment(letter.failed_ms), "letter": letter_id, "event": "refused", "what": said}
    else:
        yield {"at": "", "letter": letter_id, "event": "gone", "what": f"letter {letter_id} is not kept any more"}
    if settlement is not None:
        to = f" to {settlement.target_topic}" if settlement.target_topic else ""
        said = f"{settlement.action.value.lower()}{to} by {settlement.by}: {settlement.reason}; job {settlement.job_id}"
        yield {"at": settlement.at.isoformat(), "letter": letter_id, "event": settlement.action.value, "what": said} | settlement_fields(
            settlement
        )


def _job(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "action": job.action.value,
        "topic": job.topic,
        "selection": json.loads(job.selection),
        "by": job.by,
        "reason": job.reason,
        "target": job.target,
        "rate": job.rate,
        "max_replays": job.max_replays,
        "limit": job.limit,
        "started_at": job.started_at.isoformat(),
        "runs": [
            {
                "by": run.by,
                "host": run.host,
                "began_at": run.began_at.isoformat(),
                "ended_at": run.ended_at.isoformat() if run.ended_at else None,
                "outcome": run.outcome,
                "settled": run.settled,
                "failed_again": run.failed_again,
                "skipped": {each.fate: each.count for each in run.skipped},
            }
            for run in job.runs
        ],
    }
