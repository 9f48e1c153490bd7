"""Settles dead letters: replays, redirects, edits and discards them, each letter once.

plan      what is asked, and what becomes of each letter
job       one run: `run_replay`, `resume_replay`
sending   what is written for one letter
sole      one job at a time on the letters of a topic
journal   the audit as a job needs it
sources   what the broker knows of targets and pointers
watching  whether what was sent fails again
"""

from streams.deadletter.audit import Action, Outcome
from streams.replay.job import resume_replay, run_replay
from streams.replay.plan import Edit, Fate, Guard, Plan, Progress, ReplayRefused, Result, TellProgress, fate, target_of

__all__ = [
    "Action",
    "Edit",
    "Fate",
    "Guard",
    "Outcome",
    "Plan",
    "Progress",
    "ReplayRefused",
    "Result",
    "TellProgress",
    "fate",
    "resume_replay",
    "run_replay",
    "target_of",
]
