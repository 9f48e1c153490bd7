"""A dead letter in full: as data for scripts, and as lines for a person."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from streams.contracts.messages import decode
from streams.contracts.wire import WireError, decode_raw
from streams.deadletter.audit import Settlement
from streams.deadletter.explained import advice, problems
from streams.deadletter.groups import Group
from streams.deadletter.index import Found
from streams.deadletter.letter import Letter
from streams.deadletter.plain import plain, plain_bytes
from streams.domain.instant import from_millis
from streams.hop import RawRecord
from streams.topics import EVENTS, REFERENCES, REPLAYED

__all__ = ["decoded", "group_fields", "letter_fields", "lines_about", "moment", "settlement_fields"]


def moment(milliseconds: int | None) -> str:
    """ISO 8601 in UTC with milliseconds; empty for none or for a time that no calendar has."""
    if milliseconds is None:
        return ""
    try:
        return from_millis(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return ""


def letter_fields(found: Found, *, whole: bool = False) -> dict[str, Any]:
    """A letter for JSON. With `whole` also key, value and headers, as base64, and what to know about it."""
    letter = found.letter
    fields: dict[str, Any] = {
        "id": letter.id,
        "state": found.state,
        "family": letter.family,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "code": letter.code,
        "stage": letter.stage,
        "message": letter.message,
        "fingerprint": letter.fingerprint,
        "orders": list(letter.order_ids),
        "key": plain_bytes(letter.key, 200) if letter.key is not None else None,
        "partner": letter.partner,
        "failed_at": moment(letter.failed_ms),
        "first_failed_at": letter.first_failed_at,
        "attempt": letter.attempt,
        "replay_count": letter.replay_count,
        "source": {
            "topic": letter.source_topic,
            "partition": letter.source_partition,
            "offset": letter.source_offset,
            "timestamp": moment(letter.source_timestamp),
        },
        "bytes": letter.value_size if letter.pointer else None if letter.value is None else len(letter.value),
    }
    if not whole:
        return fields
    said = advice(letter)
    return fields | {
        "origin": letter.origin,
        "error_class": letter.error_class,
        "schema_id": letter.schema_id,
        "app_id": letter.app_id,
        "app_version": letter.app_version,
        "replay_of": letter.replay_of,
        "replay_id": letter.replay_id,
        "pointer": letter.pointer,
        "problems": problems(letter),
        "advice": {
            "meaning": said.meaning,
            "usual_cause": said.usual_cause,
            "what_to_do": said.what_to_do,
            "disposition": said.disposition,
        },
        "settlement": settlement_fields(found.settlement) if found.settlement else None,
        "key_base64": _base64(letter.key),
        "value_base64": _base64(letter.value),
        "headers": [[name, _base64(value)] for name, value in letter.headers],
        "decoded": decoded(letter),
    }


def settlement_fields(settlement: Settlement) -> dict[str, Any]:
    """A settlement for JSON."""
    return {
        "letter": settlement.letter_id,
        "action": settlement.action.value,
        "job": settlement.job_id,
        "by": settlement.by,
        "reason": settlement.reason,
        "at": settlement.at.isoformat(),
        "target": settlement.target_topic,
        "edit": settlement.edit,
        "replay_of": settlement.replay_of,
    }


def group_fields(group: Group) -> dict[str, Any]:
    """A group for JSON."""
    return {
        "topic": group.last.topic,
        "code": group.last.code,
        "stage": group.last.stage,
        "fingerprint": group.last.fingerprint,
        "count": group.count,
        "states": dict(group.states),
        "orders": len(group.orders),
        "partners": dict(group.partners),
        "first": moment(group.first.failed_ms),
        "last": moment(group.last.failed_ms),
        "sample": {"id": group.last.id, "message": group.last.message},
    }


def lines_about(found: Found) -> Iterator[tuple[str, str]]:
    """`(label, text)` of all that is known about a letter apart from its bytes, in the order of what matters; texts are plain."""
    letter, said = found.letter, advice(found.letter)
    yield "letter", f"{plain(letter.id)}, {found.state.lower()}"
    yield "reason", plain(f"{letter.code}{f' at {letter.stage}' if letter.stage else ''}: {letter.message or 'no message'}")
    yield "meaning", plain(said.meaning)
    yield "cause", plain(said.usual_cause)
    yield "to do", plain(said.what_to_do)
    if letter.order_ids:
        held = "; their release is held" if found.settlement is None and letter.family == "milepost" else ""
        yield "orders", plain(", ".join(letter.order_ids)) + held
    yield (
        "source",
        plain(f"{letter.source_topic or '(unknown)'}-{_known(letter.source_partition)}@{_known(letter.source_offset)}")
        + (f" of {moment(letter.source_timestamp)}" if letter.source_timestamp is not None else ""),
    )
    if letter.origin:
        yield "origin", plain(letter.origin)
    yield "kept at", plain(letter.coordinates)
    first = f", first at {plain(letter.first_failed_at)}" if letter.first_failed_at not in ("", letter.failed_at) else ""
    yield "failed", f"{moment(letter.failed_ms)}{first}; attempt {letter.attempt}, replayed {letter.replay_count} times before"
    if letter.replay_of:
        yield "replay of", plain(f"{letter.replay_of} by job {letter.replay_id}")
    written = f"{letter.family}: {letter.app_id} {letter.app_version}".rstrip(": ")
    yield "written by", plain(written)
    yield "group", plain(letter.fingerprint) + (plain(f", {letter.error_class}") if letter.error_class else "")
    if letter.pointer:
        yield "bytes", f"{letter.value_size} bytes were too large to keep; they are at the source, SHA-256 {plain(letter.value_sha256)}"
    for problem in problems(letter):
        yield "problem", plain(problem)
    if found.settlement:
        settlement = found.settlement
        to = f" to {settlement.target_topic}" if settlement.target_topic else ""
        yield "settled", plain(f"{settlement.action}{to} at {settlement.at.isoformat()} by {settlement.by}: {settlement.reason}")
        yield "job", plain(settlement.job_id)
        if settlement.edit:
            yield "edit", plain(settlement.edit)


def decoded(letter: Letter) -> str:
    """The value as text for a person: JSON indented, Avro by its schema, text as it is. Empty where it is none of these. Not made plain."""
    value = letter.value
    if value is None:
        return ""
    topic = REPLAYED.get(letter.source_topic, letter.source_topic)
    try:
        if topic in (EVENTS, REFERENCES):
            message = decode(value)
            return _indented({"type": type(message).__name__} | {name: getattr(message, name) for name in message.__slots__})
        if value[:1] in (b"\0", b"\1"):  # framed Avro
            return _indented(decode_raw(RawRecord(topic, 0, 0, 0, letter.key, value, letter.source_headers))[1])
    except (WireError, ValueError, RecursionError):
        pass
    try:
        return msgspec.json.format(value, indent=2).decode()  # numbers stay as they were written
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return value.decode()
    except UnicodeDecodeError:
        return ""


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, default=str, ensure_ascii=False)


def _known(number: int | None) -> str:
    return "?" if number is None else str(number)


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()
