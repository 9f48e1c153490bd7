"""A breaking change of a schema is refused; each way to break one is tried here."""

from __future__ import annotations

import copy
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_writer

from streams.contracts import outputs
from streams.contracts.registry import embedded, make_schema
from streams.contracts.wire import read_body
from streams.topics import RELEASES
from tests.contract.compatibility import Rule, breaks
from tests.unit.contracts.samples import CAUSE
from tests.unit.contracts.samples import DECISION as SOME_DECISION

pytestmark = pytest.mark.contract

NAMES = sorted({schema.name for schema in embedded().schemas()})
DECISION = embedded().newest("milepost.InvoiceDecision").definition
EVENT = embedded().newest("milepost.pipeline.Event").definition

Change = Callable[[Any], object]


def rule_of(name: str) -> Rule:
    return Rule.APPEND_ONLY if name.startswith("milepost.pipeline.") else Rule.FULL_TRANSITIVE


def changed(definition: Any, change: Change) -> Any:
    version = copy.deepcopy(definition)
    change(version)
    return version


def field(record: Any, *path: str) -> Any:
    """The field at this path; arrays and optional records are stepped into."""
    for step in path:
        record = inner(record)
        record = next(each for each in record["fields"] if each["name"] == step)
    return record


def inner(record: Any) -> Any:
    while "fields" not in record:
        record = record.get("items") or record["type"]
        if isinstance(record, list):
            record = record[1]
    return record


def remove(name: str) -> Change:
    return lambda record: record["fields"].remove(field(record, name))


def rename(name: str) -> Change:
    return lambda record: field(record, name).update(name=f"{name}_new")


def retype(new: Any, *path: str) -> Change:
    return lambda record: field(record, *path).update(type=new)


def add(new: dict[str, Any], at: int | None = None) -> Change:
    return lambda record: record["fields"].insert(len(record["fields"]) if at is None else at, new)


def symbols(change: Callable[[list[str]], object], *path: str) -> Change:
    return lambda record: change(field(record, *path)["type"]["symbols"])


REQUIRED = {"name": "extra", "type": "string"}
OPTIONAL = {"name": "extra", "type": ["null", "string"], "default": None}


@pytest.mark.parametrize("name", NAMES)
def test_every_version_goes_with_all_before_it(name: str) -> None:
    versions = [schema.definition for schema in embedded().versions(name)]

    for count in range(1, len(versions) + 1):
        assert breaks(versions[:count], rule_of(name)) == []


@pytest.mark.parametrize(
    ("what", "change"),
    {
        "a field without default removed": remove("currency"),
        "a field renamed": rename("currency"),
        "a field added without default": add(REQUIRED),
        "a text made a number": retype("long", "currency"),
        "a number made wider, which old readers cannot read": retype("long", "sequence"),
        "a field made optional": retype(["null", "string"], "currency"),
        "a field of a line made a number": retype("int", "lines", "line"),
        "a symbol removed, although the enum has a default": symbols(lambda all_: all_.remove("REVOKE"), "decision"),
        "a symbol moved": symbols(lambda all_: all_.insert(0, all_.pop()), "decision"),
        "a symbol renamed": symbols(lambda all_: all_.__setitem__(0, "GO"), "decision"),
        "the scale of an amount": lambda record: field(record, "amount")["type"].update(scale=2),
        "the precision of an amount": lambda record: field(record, "lines", "amount")["type"].update(precision=12),
        "an amount made bare bytes": retype("bytes", "amount"),
        "a date made a bare number": retype("int", "accounting_date"),
        "micros made millis": lambda record: field(record, "triggered_at")["type"].update(logicalType="timestamp-millis"),
        "the record renamed": lambda record: record.update(name="InvoiceOrder"),
    }.items(),
)  # fmt: skip
def test_a_breaking_change_of_an_emitted_schema_is_refused(what: str, change: Change) -> None:
    assert breaks([DECISION, changed(DECISION, change)], Rule.FULL_TRANSITIVE), what


@pytest.mark.parametrize(
    ("what", "change"),
    {
        "an optional field added": add(OPTIONAL),
        "an optional field added in the middle": add(OPTIONAL, 3),
        "a field with a default removed": remove("supersedes"),
        "a symbol added": symbols(lambda all_: all_.append("DEFER"), "decision"),
        "another explanation": lambda record: record.update(doc="better said"),
    }.items(),
)
def test_a_change_that_breaks_nobody_is_allowed(what: str, change: Change) -> None:
    assert breaks([DECISION, changed(DECISION, change)], Rule.FULL_TRANSITIVE) == [], what


@pytest.mark.parametrize(
    ("what", "change"),
    {
        "a field removed": remove("traceparent"),
        "a field added without default": add(REQUIRED),
        "an optional field added before the end": add(OPTIONAL, 3),
        "a field added inside a line": lambda record: inner(field(record, "lines"))["fields"].append(OPTIONAL),
        "a type changed": retype("long", "case_id"),
        "a number made wider": retype("long", "lineage", "partition"),
        "a symbol added before the end": symbols(lambda all_: all_.insert(0, "SNOWED_IN"), "milestone"),
        "a symbol removed": symbols(lambda all_: all_.pop(), "milestone"),
    }.items(),
)
def test_a_breaking_change_of_a_message_of_the_pipelines_own_is_refused(what: str, change: Change) -> None:
    assert breaks([EVENT, changed(EVENT, change)], Rule.APPEND_ONLY), what


@pytest.mark.parametrize(
    ("what", "change"),
    {
        "an optional field at the end": add(OPTIONAL),
        "a symbol at the end": symbols(lambda all_: all_.append("SNOWED_IN"), "milestone"),
    }.items(),
)
def test_a_message_of_the_pipelines_own_may_grow_at_its_end(what: str, change: Change) -> None:
    assert breaks([EVENT, changed(EVENT, change)], Rule.APPEND_ONLY) == [], what


def test_a_version_must_go_with_all_before_it_and_not_only_with_the_last() -> None:
    """A field with a default is removed, and comes back as something else: each step would pass alone."""
    without = changed(DECISION, remove("supersedes"))
    back = changed(without, add({"name": "supersedes", "type": "long", "default": 0}))

    assert breaks([without, back], Rule.FULL_TRANSITIVE) == []
    assert breaks([DECISION, without, back], Rule.FULL_TRANSITIVE)


def test_a_consumer_with_an_older_schema_sees_that_a_symbol_is_new_to_it() -> None:
    older = embedded().newest("milepost.InvoiceDecision")
    newer = make_schema(changed(DECISION, symbols(lambda all_: all_.append("DEFER"), "decision")), older.id + 1)
    value = outputs.read(RELEASES, outputs.decision(SOME_DECISION, CAUSE).value or b"")
    body = BytesIO()
    schemaless_writer(body, newer.parsed, value | {"decision": "DEFER"})

    assert read_body(newer, body.getvalue(), older) == value | {"decision": "UNRECOGNISED"}
