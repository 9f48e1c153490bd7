"""SAP S/4HANA business events (CloudEvents): they name a document that changed, and nothing of what changed.

Such an announcement waits in the resolve hop for the document's snapshot (`streams.normalize.sap_s4`), which whoever fetches documents
sends. A snapshot that holds the change already answers it at once; one that never comes leaves a dead letter (SNAPSHOT_MISSING).
"""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from streams.deadletter.reasons import Reason, Stage
from streams.domain.event import Announcement
from streams.domain.ids import normalised, reference_key
from streams.domain.vocabulary import Classifier, ReferenceKind
from streams.normalize.origin import Origin
from streams.normalize.refusal import Refusal, invalid, shown
from streams.normalize.shapes import Code, Identifier, Shape, TimeText
from streams.normalize.times import parse

__all__ = ["FORMAT", "document_reference", "read"]

FORMAT: Final = "sap.s4.event.v1"


class _Record(Shape):
    type: Annotated[Code, Field(max_length=128)]
    source: Annotated[Code, Field(max_length=256)]
    id: Annotated[Identifier, Field(max_length=128)]
    time: TimeText
    data: Annotated[dict[str, Any], Field(max_length=200)]


_RECORD: Final = TypeAdapter(_Record)


def read(data: Any, origin: Origin) -> list[Announcement]:
    """The announcement. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    row = _documents().get(record.type)
    if row is None:
        raise Refusal(Stage.MAP, Reason.UNMAPPED_CODE, f"type: {shown(record.type)} has no row in maps/sap.s4.documents.csv")
    key, document = row
    number = record.data.get(key)
    if not isinstance(number, str) or not 0 < len(number.strip()) <= 32 or not number.isprintable():
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"data.{key}: the number of the document is needed, got {shown(number)}")
    system = record.source.rstrip("/").rpartition("/")[2].partition(":")[0]
    if not 0 < len(system) <= 32:
        raise Refusal(Stage.VALIDATE, Reason.SCHEMA_INVALID, f"source: {shown(record.source)} does not end with the name of a system")
    at = parse(record.time, Classifier.ACT, origin.ingested_at, "time")
    reference = document_reference(system, document, number)
    return [Announcement(reference, at, origin.lineage(system, FORMAT, record.id, record.type))]


def document_reference(system: str, document: str, number: str) -> str:
    """Key of a document: what announcements and snapshots of it have in common."""
    return reference_key(ReferenceKind.SNAPSHOT, system, f"{document}/{normalised(number)}")


@cache
def _documents() -> dict[str, tuple[str, str]]:
    text = (files("streams.normalize") / "maps" / "sap.s4.documents.csv").read_text(encoding="utf-8")
    return {row["type"]: (row["key"], row["document"]) for row in csv.DictReader(io.StringIO(text))}
