"""Our schemas in a real registry, and its schemas in our hands."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from fastavro import schemaless_writer

from streams.contracts import outputs
from streams.contracts.registry import UnknownSchema, embedded
from streams.contracts.remote import RemoteRegistry, connect
from streams.contracts.wire import WireError, decode_raw  # fmt: skip
from streams.contracts.wire import prefix as wire_prefix
from streams.deadletter.reasons import Reason
from streams.errors import ConfigurationError
from streams.hop import RawRecord
from streams.topics import RELEASES
from tests.unit.contracts.samples import CAUSE, DECISION

pytestmark = [pytest.mark.contract, pytest.mark.integration]


@pytest.fixture
def registry(schema_registry: str, prefix: str) -> Iterator[RemoteRegistry]:
    made = RemoteRegistry(schema_registry, prefix, patience=5)
    yield made
    made.close()


def post(url: str, path: str, schema: Any, **more: Any) -> httpx.Response:
    return httpx.post(f"{url}{path}", json={"schema": json.dumps(schema), **more})


def scan_of(vendor: str) -> dict[str, Any]:
    return {"type": "record", "namespace": vendor, "name": "Scan", "fields": [{"name": "tracking", "type": "string"}]}


def test_registering_again_changes_nothing(registry: RemoteRegistry) -> None:
    ids = registry.register()

    assert registry.register() == ids
    emitted_and_raw = {schema.id for schema in embedded().schemas() if not schema.name.startswith("milepost.pipeline.")}
    assert set(ids) == emitted_and_raw
    assert len(set(ids.values())) == len(ids)


def test_the_registry_gives_back_what_was_registered(registry: RemoteRegistry) -> None:
    for ours, theirs in registry.register().items():
        schema = registry.by_id(theirs)

        assert schema.definition == embedded().by_id(ours).definition
        assert schema.shape == embedded().by_id(ours).shape


def test_our_own_ids_are_known_without_asking(registry: RemoteRegistry) -> None:
    for schema in embedded().schemas():
        assert registry.by_id(schema.id) is schema


def test_emitted_subjects_are_full_transitive(schema_registry: str, prefix: str, registry: RemoteRegistry) -> None:
    registry.register()

    for topic in ("shipment.milestones", "shipment.status", "invoice.releases", "invoice.holds"):
        assert httpx.get(f"{schema_registry}/config/{prefix}{topic}-value").json()["compatibilityLevel"] == "FULL_TRANSITIVE"


def test_the_registry_refuses_a_breaking_version(schema_registry: str, prefix: str, registry: RemoteRegistry) -> None:
    """The same judgement as that of our own check, by another implementation."""
    registry.register()
    subject = f"/subjects/{prefix}invoice.releases-value/versions"
    breaking = copy.deepcopy(embedded().newest("milepost.InvoiceDecision").definition)
    breaking["fields"] = [field for field in breaking["fields"] if field["name"] != "currency"]
    adding = copy.deepcopy(embedded().newest("milepost.InvoiceDecision").definition)
    adding["fields"].append({"name": "tax_code", "type": ["null", "string"], "default": None})

    assert post(schema_registry, subject, breaking).status_code == 409
    assert post(schema_registry, subject, adding).is_success


def test_a_subject_that_someone_else_filled_is_said_at_start(schema_registry: str, prefix: str, registry: RemoteRegistry) -> None:
    subject = f"{prefix}invoice.releases-value"
    stranger = {"type": "record", "name": "Stranger", "fields": [{"name": "a", "type": "string"}]}
    assert post(schema_registry, f"/subjects/{subject}/versions", stranger).is_success

    with pytest.raises(ConfigurationError, match=r"answers 409 to POST .*invoice\.releases-value/versions"):
        registry.register()


def test_emitted_records_carry_the_ids_of_the_registry_once_connected(schema_registry: str, prefix: str) -> None:
    registry = connect(schema_registry, prefix)
    assert isinstance(registry, RemoteRegistry)
    try:
        value = outputs.decision(DECISION, CAUSE).value or b""
        written_by = registry.by_id(int.from_bytes(value[1:5], "big"))

        assert int.from_bytes(value[1:5], "big") not in {schema.id for schema in embedded().schemas()}
        assert written_by.name == "milepost.InvoiceDecision"
        assert outputs.read(RELEASES, value)["release_id"] == DECISION.release_id
    finally:
        outputs.use_ids({})
        registry.close()


def test_a_producers_own_schema_is_found_by_its_id(schema_registry: str, prefix: str, registry: RemoteRegistry) -> None:
    vendor = f"com.vendor{prefix[:4]}"
    schema_id = post(schema_registry, f"/subjects/{prefix}vendor/versions", scan_of(vendor)).json()["id"]
    body = BytesIO()
    schemaless_writer(body, registry.by_id(schema_id).parsed, {"tracking": "1Z9"})
    record = RawRecord("carrier.raw", 0, 0, 0, None, wire_prefix(schema_id) + body.getvalue())

    assert decode_raw(record, registry) == (f"{vendor}.Scan", {"tracking": "1Z9"})


def test_a_schema_that_builds_upon_another_subject_is_read_with_it(schema_registry: str, prefix: str, registry: RemoteRegistry) -> None:
    subject = f"{prefix}scan"
    assert post(schema_registry, f"/subjects/{subject}/versions", scan_of("com.vendor")).is_success
    batch = {"type": "record", "name": "Batch", "fields": [{"name": "scans", "type": {"type": "array", "items": "com.vendor.Scan"}}]}
    reference = {"name": "com.vendor.Scan", "subject": subject, "version": 1}
    schema_id = post(schema_registry, f"/subjects/{prefix}batch/versions", batch, references=[reference]).json()["id"]

    # Two scans: count 2, their texts, end of the array.
    record = RawRecord("carrier.raw", 0, 0, 0, None, wire_prefix(schema_id) + b"\x04\x02a\x02b\x00")

    assert decode_raw(record, registry) == ("Batch", {"scans": [{"tracking": "a"}, {"tracking": "b"}]})


def test_an_id_that_the_registry_does_not_know_is_refused(registry: RemoteRegistry) -> None:
    with pytest.raises(WireError, match=r"has no schemas/ids/999999") as refused:
        decode_raw(RawRecord("carrier.raw", 0, 0, 0, None, wire_prefix(999_999)), registry)
    assert refused.value.reason is Reason.UNKNOWN_SCHEMA


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("JSON", {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}),
        ("AVRO", {"type": "record", "name": "Loop", "fields": [{"name": "next", "type": ["null", "Loop"]}]}),
    ],
)
def test_a_schema_that_is_not_read_is_refused(schema_registry: str, prefix: str, registry: RemoteRegistry, kind: str, schema: Any) -> None:
    answer = post(schema_registry, f"/subjects/{prefix}{kind}/versions", schema, schemaType=kind)
    assert answer.is_success, answer.text
    schema_id = answer.json()["id"]

    with pytest.raises(UnknownSchema, match=r"is JSON; only AVRO is read|refers to itself"):
        registry.by_id(schema_id)
