"""A record in one line for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from streams.contracts.outputs import read
from streams.contracts.wire import WireError
from streams.deadletter import headers as dead_letter_headers
from streams.hop import RawRecord
from streams.jsonlines import dump, shown_value
from streams.topics import ARCHIVE, EXCEPTIONS, FINDINGS, HOLDS, MILESTONES, RELEASES, STATUS, TASKS

__all__ = ["orders_of", "said"]

_LONGEST: Final = 160


def orders_of(record: RawRecord) -> list[str]:
    """The orders that a record of an output or dead letter topic names; else its key."""
    named = dead_letter_headers.read(record.headers).get(dead_letter_headers.ORDER_ID, "")
    return named.splitlines() or [(record.key or b"").decode(errors="replace")]


def said(record: RawRecord) -> str:
    """What a record says; its topic is the logical name."""
    fields = dead_letter_headers.read(record.headers)
    if dead_letter_headers.CODE in fields:
        return f"{fields[dead_letter_headers.CODE]}: {fields.get(dead_letter_headers.MESSAGE, '')}"
    describe = _DESCRIPTIONS.get(record.topic)
    if describe is not None and record.value is not None:
        try:
            return describe(read(record.topic, record.value))
        except WireError as error:
            return f"unreadable: {error}"
    text = dump(shown_value(record.topic, record.value)).decode().strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _milestone(value: Mapping[str, Any]) -> str:
    source = value["source"]
    parts = [value["milestone"] + ("" if value["classifier"] == "ACT" else f" ({value['classifier']})"), f"at {value['at_raw']}"]
    if value["at_quality"] == "UNKNOWN":
        parts.append("(zone unknown)")
    if value["shipment_id"]:
        parts.append(f"shipment {value['shipment_id']}")
    if value["lines"]:
        parts.append(_quantities((line["line"], line["quantity"]) for line in value["lines"]))
    if value["exception"]:
        parts.append(value["exception"]["reason"])
    parts.append(f"from {source['system']}" + (f" code {source['code']}" if source["code"] else ""))
    return " ".join(parts)


def _status(value: Mapping[str, Any]) -> str:
    parts = [f"{value['state']}, {value['billing']}, released {value['released_amount']} {value['currency']}".rstrip()]
    parts += [f"exception {case}" for case in value["open_exceptions"]]
    parts += [f"dispute {case}" for case in value["open_disputes"]]
    return ", ".join(parts)


def _decision(value: Mapping[str, Any]) -> str:
    lines = _quantities((line["line"], line["delta"]) for line in value["lines"])
    return (
        f"{value['decision']} {value['amount']} {value['currency']} {lines} on {value['accounting_date']} "
        f"({value['trigger']}, terms {value['terms_id']} v{value['terms_version']})"
    )


def _hold(value: Mapping[str, Any]) -> str:
    reasons = [reason["code"] + (f" ({reason['detail']})" if reason["detail"] else "") for reason in value["reasons"]]
    return ", ".join(reasons) or "nothing stands in the way"


def _exception(value: Mapping[str, Any]) -> str:
    return _concern(value, value["code"])


def _finding(value: Mapping[str, Any]) -> str:
    return _concern(value, value["check"])


def _concern(value: Mapping[str, Any], code: str) -> str:
    parts = [value["state"], code, *(value[name] for name in ("subject", "detail") if value[name])]
    if value["expected"] is not None:
        parts.append(f"{value['found'].normalize():f} where {value['expected'].normalize():f} {value['unit']} should be")
    return " ".join(parts) + f" ({value['severity']}, {value['owner']})"


def _task(value: Mapping[str, Any]) -> str:
    lines = _quantities((line["line"], line["quantity"]) for line in value["lines"])
    place = f" {value['ship_from']}" if value["ship_from"] else ""
    return f"{value['target']}{place}: {value['action']} {lines} v{value['version']}"


def _archived(value: Mapping[str, Any]) -> str:
    return f"archived {value['state']}, {value['billing']}, {len(value['row'])} bytes"


def _quantities(lines: Iterable[tuple[str, Any]]) -> str:
    return "[" + ", ".join(f"{line}: {quantity.normalize():f}" for line, quantity in lines) + "]"


_DESCRIPTIONS: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    MILESTONES: _milestone,
    STATUS: _status,
    RELEASES: _decision,
    HOLDS: _hold,
    EXCEPTIONS: _exception,
    FINDINGS: _finding,
    TASKS: _task,
    ARCHIVE: _archived,
}
