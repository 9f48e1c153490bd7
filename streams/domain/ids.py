"""Names that never change: ids made from what is said, not from when or how often it arrived."""

from __future__ import annotations

import uuid
from datetime import datetime
from hashlib import sha1

from streams.domain.vocabulary import Classifier, Milestone, ReferenceKind, Scope

__all__ = ["event_id", "normalised", "order_key", "reference_key", "stable_id"]

_NAMESPACE = uuid.UUID("5f2f3c1e-6b0e-5d6f-9f6e-3a1f0b7f5a10").bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The hexadecimal digit that holds the variant bits (RFC 9562 section 4.1), by the hash's digit."""


def stable_id(*parts: str) -> str:
    """UUIDv5 (RFC 9562) of the parts within Milepost's namespace."""
    digest = sha1(_NAMESPACE + "\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
    # As `str(uuid.UUID(...))` writes it, in half the time: five ids are made a raw record.
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"


def event_id(subject: str, milestone: Milestone, classifier: Classifier, scope: Scope, at: datetime, detail: str = "") -> str:
    """Id of a statement from its business key.

    `subject` is the order key, or the reference key while the order is unknown; `detail` tells apart what may happen twice at
    one moment (a stop, a package, an invoice number, an order revision).
    """
    return stable_id("event", subject, milestone, classifier, scope, at.isoformat(), detail)


def order_key(company: str, number: str) -> str:
    """`<company or system>:<order number>`, leading zeros of a purely numeric number dropped (SAP IDocs pad, OData does not)."""
    return f"{company}:{normalised(number)}"


def reference_key(kind: ReferenceKind, issuer: str, value: str) -> str:
    """`kind:issuer:value`. Issuer is who gave the number out: a carrier's SCAC, or a system's name."""
    return f"{kind}:{issuer}:{normalised(value)}"


def normalised(number: str) -> str:
    """A number as every system should write it: no blanks around it, upper case, and no leading zeros where it is purely numeric."""
    text = number.strip().upper()
    return text.lstrip("0") or "0" if text.isdigit() else text
