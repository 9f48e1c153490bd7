"""A replay in a process of its own, to be killed. `python -m tests.integration.replay_job <topic> <job id> <rate>`."""

from __future__ import annotations

import sys

from streams.replay import Action, Guard, Plan, run_replay
from streams.settings import Settings

if __name__ == "__main__":
    topic, job_id, rate = sys.argv[1:]
    plan = Plan(topic, Action.REPLAYED, "test", "to be killed", rate=float(rate), guard=Guard(patience_seconds=0), id=job_id)
    print("begins", flush=True)
    run_replay(Settings(), plan, progress=lambda progress: print(progress.settled, flush=True))
