"""What a job writes for one letter: the record again, the end of its hold, and its entry in the audit."""

from __future__ import annotations

from datetime import datetime

from streams.deadletter import headers as names
from streams.deadletter.audit import Action, Settlement, encode, key_of
from streams.deadletter.holds import closing
from streams.deadletter.letter import Letter
from streams.domain.instant import to_millis
from streams.hop import Output
from streams.replay.plan import Plan, target_of
from streams.topics import AUDIT

__all__ = ["outputs"]

_HELD_UNTIL_PROCESSED = frozenset((Action.REPLAYED, Action.EDITED))


def outputs(letter: Letter, plan: Plan, at: datetime, value: bytes | None) -> list[Output]:
    """Everything to append for a letter that the plan settles. `at` is now, in UTC; `value` the record's bytes, which a pointer lacks.

    On the usual way the hop that processes the record lifts its hold. A record that is sent elsewhere, or nowhere, is out of Milepost's
    hands: its hold ends here.
    """
    at_ms = to_millis(at)
    target = target_of(letter, plan)
    partition = letter.partition if letter.source_partition is None else letter.source_partition
    sent: list[Output] = []
    if target:
        sent.append(_again(letter, plan, target, partition, at, value))
    if letter.order_ids and plan.action not in _HELD_UNTIL_PROCESSED:
        sent += closing(letter.id, letter.order_ids, max(at_ms, letter.timestamp + 1))
    entry = Settlement(
        letter.id,
        letter.topic,
        letter.partition,
        letter.offset,
        plan.action,
        plan.id,
        plan.by,
        plan.reason,
        at,
        target,
        partition if target else -1,
        letter.code,
        letter.order_ids,
        letter.replay_count,
        letter.replay_of,
        plan.edit.difference if plan.edit is not None else "",
    )
    sent.append(Output(AUDIT, key_of(entry), encode(entry), timestamp=at_ms))
    return sent


def _again(letter: Letter, plan: Plan, target: str, partition: int, at: datetime, value: bytes | None) -> Output:
    """The record, byte for byte with its key, partition and timestamp, unless it was edited; its own headers, then where it comes from."""
    fields = {
        names.ORIGIN: letter.origin or f"{letter.source_topic}/{letter.source_partition}/{letter.source_offset}",
        names.FIRST_FAILED_AT: letter.first_failed_at or letter.failed_at,
        names.ATTEMPT: str(letter.attempt),
        names.REPLAY_COUNT: str(letter.replay_count + 1),
        names.ORDER_ID: "\n".join(letter.order_ids) if plan.action in _HELD_UNTIL_PROCESSED else "",
        names.REPLAY_ID: plan.id,
        names.REPLAY_OF: letter.id,
        names.REPLAY_BY: plan.by,
        names.REPLAY_REASON: plan.reason,
        names.REPLAY_AT: at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        names.REPLAY_EDITED: "true" if plan.edit is not None else "",
    }
    ours = names.write({name: text for name, text in fields.items() if text})
    if plan.edit is not None:
        return Output(target, plan.edit.key, plan.edit.value, names.without_ours(plan.edit.headers) + ours, partition, letter.timestamp)
    return Output(target, letter.key, value, letter.source_headers + ours, partition, letter.timestamp)
