"""Proof of delivery: before the scan, late, by silence, or never."""

from __future__ import annotations

from streams.day.journey import agreed, hand_over, load, new_shipment, order, prove, travel, trusted
from streams.day.sources import carrier as carriers
from streams.day.story import Story
from streams.day.truth import Shipment
from streams.day.world import AUTO_CONFIRM, COMPANIES, FREIGHT, PARCEL, UPS

__all__ = ["confirmed_by_silence", "proof_before_scan", "proof_late", "proof_missing", "signed_at_the_door"]


def proof_before_scan(story: Story) -> None:
    """The signed note is there before the carrier's delivered scan (finance case 3): one release, and none when the scan lands."""
    shipment = _on_the_way(story)
    prove(story, shipment)
    hand_over(story, shipment)


def signed_at_the_door(story: Story) -> None:
    """UPS tells the delivery with who received it: one record, two milestones."""
    one = order(story, *agreed(story, "on_pod"))
    shipment = new_shipment(story, one, carrier=UPS)
    load(story, shipment)
    travel(story, shipment)
    story.wait(0.5, 4)
    carriers.scan(story, shipment, "DELIVERED", receivedBy="JONES")
    one.reached("DELIVERED")
    one.reached("POD_RECEIVED")
    trusted(shipment, one, one.delivered)
    trusted(shipment, one, one.proven)


def proof_late(story: Story) -> None:
    """The note comes days later, in the second phase (finance case 2)."""
    shipment = _on_the_way(story)
    hand_over(story, shipment)
    story.close_the_books()
    prove(story, shipment, hours=60)


def proof_missing(story: Story) -> None:
    """Delivered, and no note ever (finance case 1)."""
    hand_over(story, _on_the_way(story))


def confirmed_by_silence(story: Story) -> None:
    """Under a contract with auto-confirm nobody objects for as many days: that is the proof (finance case 4)."""
    one = order(story, COMPANIES[0], AUTO_CONFIRM)
    shipment = new_shipment(story, one)
    load(story, shipment)
    travel(story, shipment)
    hand_over(story, shipment)
    one.confirmed_by_silence = True


def _on_the_way(story: Story) -> Shipment:
    shipment = new_shipment(story, order(story, *agreed(story, "on_pod")), carrier=story.pick((PARCEL, FREIGHT, UPS)))
    load(story, shipment)
    travel(story, shipment)
    return shipment
