"""The closed catalogue of reasons for which a record is refused: what it means, its usual cause, what to do.

Documentation, dead letter headers, metrics and tools all read this one table. A code, once published, never changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["CATALOGUE", "Disposition", "Explanation", "Reason", "Stage"]


class Stage(StrEnum):
    """Where in the pipeline a record was refused."""

    DECODE = "decode"
    DETECT = "detect"
    VALIDATE = "validate"
    MAP = "map"
    RESOLVE = "resolve"
    APPLY = "apply"


class Disposition(StrEnum):
    """What a failure means for the record's future."""

    TRANSIENT = "transient"
    """Something that the record needs is away: the worker waits and tries again in place. Never a dead letter, so no reason has it."""

    PERMANENT = "permanent"
    """The same bytes will fail again: the producer or a mapping must change."""

    PARKED = "parked"
    """Kept until something else becomes known: a mapping, an order, a link."""


class Reason(StrEnum):
    """Stable code of a refusal: route and group on this, never on the message."""

    ENVELOPE_INVALID = "ENVELOPE_INVALID"
    TOMBSTONE = "TOMBSTONE"
    OVERSIZED = "OVERSIZED"
    BAD_WIRE_FORMAT = "BAD_WIRE_FORMAT"
    UNKNOWN_SCHEMA = "UNKNOWN_SCHEMA"
    UNKNOWN_FORMAT = "UNKNOWN_FORMAT"
    SCHEMA_INVALID = "SCHEMA_INVALID"
    UNMAPPED_CODE = "UNMAPPED_CODE"
    TIME_INVALID = "TIME_INVALID"
    QTY_INVALID = "QTY_INVALID"
    REF_UNRESOLVED = "REF_UNRESOLVED"
    REF_CONFLICT = "REF_CONFLICT"
    SNAPSHOT_MISSING = "SNAPSHOT_MISSING"
    ORDER_REMOVED = "ORDER_REMOVED"
    POISON = "POISON"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row of the catalogue."""

    meaning: str
    usual_cause: str
    what_to_do: str
    disposition: Disposition = Disposition.PERMANENT


CATALOGUE: dict[Reason, Explanation] = {
    Reason.ENVELOPE_INVALID: Explanation(
        "The bytes are not a JSON object, a list of objects, Avro in the Confluent wire format, or XML without a document type.",
        "Truncated or binary payload, wrong character set, a producer's test message.",
        "Ask the producer for the record named in the coordinates; edit and replay, or discard.",
    ),
    Reason.TOMBSTONE: Explanation(
        "The record has no value.",
        "A compacted topic's delete marker, or a connector that writes null on delete.",
        "Discard; deletions come as cancellation records, never as empty values.",
    ),
    Reason.OVERSIZED: Explanation(
        "The value is larger than the configured limit for a raw record.",
        "A batch file or an attachment sent as one record.",
        "Have the producer split it, or raise MILEPOST_MAX_RECORD_BYTES and replay.",
    ),
    Reason.BAD_WIRE_FORMAT: Explanation(
        "The value starts like Avro in the Confluent wire format but cannot be decoded by its schema.",
        "Another serializer, a schema id of another registry, or a truncated body.",
        "Check the producer's registry and serializer, then replay.",
    ),
    Reason.UNKNOWN_SCHEMA: Explanation(
        "The schema id is not known to the registry in use.",
        "A schema registered elsewhere, or not yet released here.",
        "Add the schema, restart the workers and replay.",
        Disposition.PARKED,
    ),
    Reason.UNKNOWN_FORMAT: Explanation(
        "No adapter recognises the shape of the record.",
        "A new source, or a `format` header that names nothing we know.",
        "Set the `format` header to one of the documented names, or ask for an adapter; then replay.",
        Disposition.PARKED,
    ),
    Reason.SCHEMA_INVALID: Explanation(
        "The record was recognised, but a field is missing, has the wrong type or an impossible value.",
        "A producer that changed its format without telling.",
        "The message names the field. Fix at the source, or edit and replay.",
    ),
    Reason.UNMAPPED_CODE: Explanation(
        "The status code of this source has no row in its code map; unknown codes never advance an order.",
        "A new code, or a partner's private one.",
        "Add a row to the map under streams/normalize/maps/ (or the partner's override) and replay.",
        Disposition.PARKED,
    ),
    Reason.TIME_INVALID: Explanation(
        "The event's time is missing, unreadable or impossible.",
        "A placeholder date, a wrong format, or a clock far ahead.",
        "Correct the time at the source, or edit and replay; it is never replaced by the time of arrival.",
    ),
    Reason.QTY_INVALID: Explanation(
        "A quantity or an amount is not a decimal number, or is negative where that means nothing.",
        "Decimal commas, thousands separators, empty fields.",
        "Correct at the source, or edit and replay.",
    ),
    Reason.REF_UNRESOLVED: Explanation(
        "No order became known for the record's reference before its time to live ended.",
        "The shipment plan never arrived, or the reference is mistyped or not ours.",
        "Find the missing plan, then replay.",
        Disposition.PARKED,
    ),
    Reason.REF_CONFLICT: Explanation(
        "References of one record name different orders.",
        "A recycled tracking number, or a mixed-up bill of lading.",
        "Decide which reference is right; edit and replay.",
    ),
    Reason.SNAPSHOT_MISSING: Explanation(
        "A source announced that a document changed, and no snapshot of it came before the announcement's time to live ended.",
        "Whoever fetches documents from the source failed, or may not read this one.",
        "Fetch the document and send its snapshot, then discard this letter or replay it; until then the order may miss a change.",
        Disposition.PARKED,
    ),
    Reason.ORDER_REMOVED: Explanation(
        "The order was closed and archived, and the time for which archived orders are kept at hand is over.",
        "A correction, a claim or a resend of a history, years late.",
        "Where it matters: `milepost archive restore` the order it names, then replay. Otherwise discard.",
        Disposition.PARKED,
    ),
    Reason.POISON: Explanation(
        "Our own code failed on this record; its neighbours were processed.",
        "A defect in Milepost.",
        "Report the exception in the headers; replay once it is fixed.",
        Disposition.PARKED,
    ),
}
