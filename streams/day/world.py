"""Who takes part in a realistic day: companies, warehouses, carriers, contracts. Invented, but shaped like real ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

__all__ = [
    "AUTO_CONFIRM",
    "BY_COMPANY",
    "CARRIERS",
    "COMPANIES",
    "CONTRACTS",
    "EXPIRED",
    "LATE",
    "NEVER_SENT",
    "FREIGHT",
    "PARCEL",
    "TMS",
    "UPS",
    "Carrier",
    "Company",
    "Contract",
    "Warehouse",
]

TMS: Final = "TMS-1"
"""The one transport management system; it writes its times in UTC."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A place that ships. Its WMS writes local times with their offset."""

    system: str
    zone: ZoneInfo
    names_deliveries: bool = False
    """Its goods issues name the delivery, as SAP's do, and leave it to the plan to say which shipment that travels in."""


@dataclass(frozen=True, slots=True)
class Company:
    """A company with its own ERP, whose order numbers it shares with others."""

    code: str
    erp: str
    zone: ZoneInfo
    warehouses: tuple[Warehouse, ...]
    sap_numbers: bool
    """Ten digits padded with zeros in the ERP, without the zeros in the WMS and TMS, as in IDocs."""

    decimals_as_text: bool
    line_step: int


@dataclass(frozen=True, slots=True)
class Carrier:
    """Who drives. `reference` is what its records name a shipment by: a tracking or a PRO number."""

    scac: str
    reference: str
    zone: ZoneInfo
    shape: str = ""
    """Format that its records name in their header; empty: they name none, and it is detected."""

    nickname: str = ""
    """What the TMS calls it, where that is not its SCAC."""


@dataclass(frozen=True, slots=True)
class Contract:
    """Billing terms as a company agreed them, and when they reach the topic."""

    terms_id: str
    trigger: str
    currency: str
    zone: str
    partial: bool = True
    auto_confirm_days: int | None = None
    former_trigger: str | None = None
    """Trigger of an older version, long ended when the day begins: the version that is valid at the trigger must count."""

    expired: bool = False
    late: bool = False
    """Reaches `billing.terms` only after orders that need it."""

    def record(self, start: datetime) -> dict[str, Any]:
        """The value of its `billing.terms` record, for a day that starts then."""
        versions: list[dict[str, Any]] = []
        changed = start - timedelta(days=150)
        if self.former_trigger is not None:
            versions.append(self._version(1, self.former_trigger, changed - timedelta(days=365), changed))
        end = start - timedelta(days=1) if self.expired else None
        versions.append(self._version(len(versions) + 1, self.trigger, changed, end))
        return {"terms_id": self.terms_id, "versions": versions}

    def _version(self, number: int, trigger: str, since: datetime, until: datetime | None) -> dict[str, Any]:
        version: dict[str, Any] = {
            "version": number,
            "trigger": trigger,
            "currency": self.currency,
            "time_zone": self.zone,
            "valid_from": since.isoformat(),
            "partial_allowed": self.partial,
        }
        if until is not None:
            version["valid_to"] = until.isoformat()
        if self.auto_confirm_days is not None:
            version["pod_auto_confirm_days"] = self.auto_confirm_days
        return version


_HAMBURG = Warehouse("WMS-HAM", ZoneInfo("Europe/Berlin"), names_deliveries=True)
_LISBON = Warehouse("WMS-LIS", ZoneInfo("Europe/Lisbon"))
_MEMPHIS = Warehouse("WMS-MEM", ZoneInfo("America/Chicago"))
_RENO = Warehouse("WMS-RNO", ZoneInfo("America/Los_Angeles"))
_OSAKA = Warehouse("WMS-OSA", ZoneInfo("Asia/Tokyo"))

COMPANIES: Final = (
    Company("1000", "SAP-EU", ZoneInfo("Europe/Berlin"), (_HAMBURG, _LISBON), True, True, 10),
    Company("2000", "SAP-US", ZoneInfo("America/New_York"), (_MEMPHIS, _RENO), True, False, 10),
    Company("JP01", "ERP-JP", ZoneInfo("Asia/Tokyo"), (_OSAKA,), False, False, 1),
)

UPS: Final = Carrier("UPSN", "tracking", ZoneInfo("America/New_York"), "ups.track-alert.v2", nickname="UPS")
PARCEL: Final = Carrier("BLPX", "tracking", ZoneInfo("Europe/Berlin"))
FREIGHT: Final = Carrier("NWFT", "pro", ZoneInfo("America/Chicago"), "milepost.carrier.v1")
CARRIERS: Final = (UPS, PARCEL, FREIGHT)

AUTO_CONFIRM: Final = Contract("T-POD-AUTO-EUR", "on_pod", "EUR", "Europe/Berlin", auto_confirm_days=2)
LATE: Final = Contract("T-DELIVERY-LATE-EUR", "on_delivery", "EUR", "Europe/Berlin", late=True)
EXPIRED: Final = Contract("T-EXPIRED-EUR", "on_delivery", "EUR", "Europe/Berlin", expired=True)
NEVER_SENT: Final = Contract("T-NEVER-SENT-EUR", "on_delivery", "EUR", "Europe/Berlin")

CONTRACTS: Final = (
    Contract("T-SHIP-EUR", "on_ship", "EUR", "Europe/Berlin"),
    Contract("T-DELIVERY-EUR", "on_delivery", "EUR", "Europe/Lisbon"),
    Contract("T-POD-EUR", "on_pod", "EUR", "Europe/Berlin"),
    Contract("T-WHOLE-EUR", "on_delivery", "EUR", "Europe/Berlin", partial=False),
    AUTO_CONFIRM,
    Contract("T-SHIP-USD", "on_ship", "USD", "America/New_York"),
    Contract("T-DELIVERY-USD", "on_delivery", "USD", "America/Chicago", former_trigger="on_ship"),
    Contract("T-POD-USD", "on_pod", "USD", "America/New_York"),
    Contract("T-WHOLE-USD", "on_delivery", "USD", "America/New_York", partial=False),
    Contract("T-SHIP-JPY", "on_ship", "JPY", "Asia/Tokyo"),
    Contract("T-DELIVERY-JPY", "on_delivery", "JPY", "Asia/Tokyo"),
    Contract("T-POD-JPY", "on_pod", "JPY", "Asia/Tokyo"),
    Contract("T-WHOLE-JPY", "on_delivery", "JPY", "Asia/Tokyo", partial=False),
    LATE,
    EXPIRED,
)
"""All that reach `billing.terms`; NEVER_SENT does not."""

BY_COMPANY: Final = {"1000": "EUR", "2000": "USD", "JP01": "JPY"}
"""Currency of a company, and so which contracts its orders may name."""
