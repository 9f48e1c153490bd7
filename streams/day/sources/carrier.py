"""The carriers: one in UPS Track Alert's shape, two in our own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from streams.day.sources.wording import lines_of
from streams.day.story import Story
from streams.day.truth import Amounts, Order, Shipment
from streams.day.world import UPS, Carrier
from streams.topics import CARRIER_RAW

__all__ = ["MILESTONES", "UPS_CODES", "record", "say", "scan", "scan_part"]

_PROMPT: Final = 20.0
"""Carriers publish within this many minutes."""

MILESTONES: Final = {
    "PICKED_UP": "PICKED_UP",
    "DEPARTED": "DISPATCHED",
    "IN_TRANSIT": "IN_TRANSIT",
    "ON_VEHICLE": "OUT_FOR_DELIVERY",
}
"""What a scan on the way says. UPS departs from any facility on the way: its DEPARTED is IN_TRANSIT."""

UPS_CODES: Final = {
    "PICKED_UP": ("I", "PU", "Pickup Scan"),
    "DEPARTED": ("I", "DP", "Departed from Facility"),
    "IN_TRANSIT": ("I", "AR", "Arrived at Facility"),
    "ON_VEHICLE": ("I", "OT", "Out for Delivery"),
    "DELIVERED": ("D", "FS", "Delivered"),
    "DELAYED": ("X", "DY", "A mechanical failure has delayed delivery"),
    "REFUSED": ("X", "RF", "The receiver refused the package"),
}
"""Type, code and text by the word that our own shape has for it."""

_PLACES: Final = {"UPSN": {"city": "Charlotte", "stateProvince": "NC", "postalCode": "28209", "country": "US"}}


def scan(story: Story, shipment: Shipment, code: str, *, reference: str = "", hours_late: float = 0.0, **more: Any) -> None:
    """One scan of the whole shipment, or of the package with that reference."""
    number = reference or shipment.references[0]
    say(story, shipment.carrier, number, record(story, shipment.carrier, number, code, **more), hours_late=hours_late)


def scan_part(story: Story, shipment: Shipment, order: Order, amounts: Amounts) -> None:
    """Only these quantities were handed over. UPS has no word for it."""
    scan(story, shipment, "PARTIAL", lines=lines_of(order, amounts))


def record(story: Story, carrier: Carrier, number: str, code: str, **more: Any) -> dict[str, Any]:
    """A scan as the carrier would now write it."""
    if carrier is UPS:
        return _track_alert(story, number, code) | more
    return {"carrier": carrier.scac, carrier.reference: number, "code": code, "at": story.at(carrier.zone), **more}


def _track_alert(story: Story, number: str, code: str) -> dict[str, Any]:
    kind, short, text = UPS_CODES.get(code, ("I", code, "Unlisted"))
    here, gmt = story.now.astimezone(UPS.zone), story.now.astimezone(UTC)
    alert: dict[str, Any] = {
        "trackingNumber": number,
        "localActivityDate": f"{here:%Y%m%d}",
        "localActivityTime": f"{here:%H%M%S}",
        "activityLocation": _PLACES["UPSN"],
        "activityStatus": {"type": kind, "code": short, "description": text},
        "gmtActivityDate": f"{gmt:%Y%m%d}",
        "gmtActivityTime": f"{gmt:%H%M%S}",
    }
    if code == "DELIVERED":
        alert |= {"actualDeliveryDate": alert["localActivityDate"], "actualDeliveryTime": alert["localActivityTime"]}
    return alert


def say(
    story: Story,
    carrier: Carrier,
    number: str,
    value: dict[str, Any],
    headers: Mapping[str, str] | None = None,
    *,
    hours_late: float = 0.0,
    once: bool = False,
) -> None:
    """Send a carrier's record, in the shape that its header names."""
    named = ({"format": carrier.shape} if carrier.shape else {}) | dict(headers or {})
    story.say(CARRIER_RAW, number, value, _PROMPT, named, hours_late=hours_late, once=once)
