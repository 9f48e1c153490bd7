"""Shopify: fulfilment events (webhook `fulfillment_events/create`), found by the fulfilment's id.

`confirmed` is what Shopify says when it knows nothing, and `failure` is a fulfilment request that failed, no delivery: neither has a row.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from streams.domain.event import Event
from streams.domain.ids import reference_key
from streams.domain.vocabulary import ReferenceKind, Scope
from streams.normalize.codes import code_map
from streams.normalize.origin import Origin
from streams.normalize.refusal import invalid
from streams.normalize.scans import statements
from streams.normalize.shapes import Code, Identifier, Shape, TimeText

__all__ = ["FORMAT", "SYSTEM", "read"]

FORMAT: Final = "shopify.fulfillment-event.v1"
SYSTEM: Final = "SHOPIFY"


class _Record(Shape):
    id: Identifier
    fulfillment_id: Identifier
    status: Code
    happened_at: TimeText


_RECORD: Final = TypeAdapter(_Record)
_CODES: Final = code_map(FORMAT)


def read(data: Any, origin: Origin) -> list[Event]:
    """The statement of an event. Raises `Refusal`."""
    try:
        record = _RECORD.validate_python(data)
    except ValidationError as error:
        raise invalid(error) from error
    codes = origin.codes(_CODES)
    meaning = codes.meaning(record.status)
    at = origin.time(record.happened_at, meaning.classifier, "happened_at")
    lineage = origin.lineage(SYSTEM, FORMAT, record.id, record.status, codes.version)
    reference = reference_key(ReferenceKind.SHIPMENT, SYSTEM, record.fulfillment_id)
    return statements(origin, lineage, meaning, (reference,), at, Scope.SHIPMENT)
