"""Records that belong to no order of the day."""

from __future__ import annotations

from typing import Final

from streams.day.expectation import ExpectedDeadLetter, ExpectedParked
from streams.day.sources import carrier as carriers
from streams.day.story import Story
from streams.day.world import FREIGHT, PARCEL, UPS
from streams.topics import CARRIER_RAW, ERP_RAW, TMS_RAW, WMS_RAW

__all__ = [
    "OVERSIZED_BYTES",
    "binary",
    "format_unknown",
    "json_cut_off",
    "not_an_object",
    "oversized",
    "shape_unknown",
    "tombstone",
    "unknown_parcel",
]

OVERSIZED_BYTES: Final = 1_000_100
"""Just above the default limit for a raw record (`MILEPOST_MAX_RECORD_BYTES`)."""


def unknown_parcel(story: Story) -> None:
    """A parcel of somebody else: no plan names it, so its scans wait until their time to live ends."""
    carrier = story.pick((UPS, PARCEL, FREIGHT))
    number = f"{'1ZR7X4' if carrier is UPS else ''}{story.number()}9"
    for code in ("IN_TRANSIT", "DELIVERED"):
        carriers.say(story, carrier, number, carriers.record(story, carrier, number, code))
        story.parked.append(ExpectedParked(f"{carrier.reference}:{carrier.scac}:{number.lstrip('0')}", CARRIER_RAW))
        story.wait(1, 5)


def json_cut_off(story: Story) -> None:
    """A record whose end is missing."""
    _stray(story, WMS_RAW, '{"type": "pick.completed", "system": "WMS-HAM", "compa', "ENVELOPE_INVALID")


def binary(story: Story) -> None:
    """Bytes that are neither JSON nor Avro."""
    _stray(story, CARRIER_RAW, b"\x1f\x8b\x08\x00\xff\xfe" + story.number().encode(), "ENVELOPE_INVALID")


def not_an_object(story: Story) -> None:
    """Somebody's test message."""
    _stray(story, TMS_RAW, f'"ping {story.number()}"', "ENVELOPE_INVALID")


def format_unknown(story: Story) -> None:
    """A header that names a format nobody knows."""
    _stray(story, ERP_RAW, {"doc": story.number()}, "UNKNOWN_FORMAT", {"format": "acme.orders.v9"})


def shape_unknown(story: Story) -> None:
    """No header, and fields that no source has."""
    _stray(story, CARRIER_RAW, {"awb": story.number(), "status": "OK"}, "UNKNOWN_FORMAT")


def tombstone(story: Story) -> None:
    """A connector that writes null on delete."""
    _stray(story, ERP_RAW, None, "TOMBSTONE")


def oversized(story: Story) -> None:
    """A scanned delivery note inside the record."""
    _stray(story, CARRIER_RAW, "x" * OVERSIZED_BYTES, "OVERSIZED")


def _stray(
    story: Story, topic: str, value: dict[str, str] | str | bytes | None, reason: str, headers: dict[str, str] | None = None
) -> None:
    record = story.message_id()
    story.refused.append(ExpectedDeadLetter(topic, record, reason))
    story.say(topic, record, value, 5, {"message-id": record} | (headers or {}), once=True)
