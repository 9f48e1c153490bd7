"""Further words for finance cases: returns, blocks, acceptances, and the pipeline's own code from raw record to decision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from streams.contracts.outputs import read
from streams.deadletter import headers
from streams.domain.event import Event, Tick
from streams.domain.instant import to_millis
from streams.domain.vocabulary import Milestone
from streams.hop import Output
from streams.offline import OfflinePipeline
from streams.pipeline import hops
from streams.settings import Settings
from streams.topics import HOLDS, RELEASES, STATUS
from tests.unit.domain.telling import ORDER_ID, Lines, ToldOrder, day, happened, issued, released


def shipped(*versions: Any, lines: Lines | None = None) -> ToldOrder:
    """An order under these terms, released on day 1 and issued for shipment S1 on day 2."""
    lines = lines or {"10": 10}
    return ToldOrder(*versions).hears(released(lines), issued(day(2), lines))


def tick(number: int, time: str = "12:00") -> Tick:
    return Tick(day(number, time), f"o/{ORDER_ID}")


def blocked(at: datetime, code: str = "ERP:01", lines: Lines | None = None, **more: Any) -> Event:
    return happened(Milestone.BILLING_BLOCK_SET, at, case_id=code, lines=lines, topic="erp.raw", **more)


def unblocked(at: datetime, code: str = "ERP:01", lines: Lines | None = None, **more: Any) -> Event:
    return happened(Milestone.BILLING_BLOCK_CLEARED, at, case_id=code, lines=lines, topic="erp.raw", **more)


def return_announced(at: datetime, lines: Lines | None = None, case: str = "", **more: Any) -> Event:
    return happened(Milestone.RETURN_INITIATED, at, lines=lines, case_id=case, topic="erp.raw", **more)


def returned(at: datetime, lines: Lines | None = None, case: str = "", **more: Any) -> Event:
    return happened(Milestone.RETURN_RECEIVED, at, lines=lines, case_id=case, topic="wms.raw", **more)


def accepted(at: datetime, lines: Lines | None = None) -> Event:
    return happened(Milestone.ACCEPTED_BY_CUSTOMER, at, lines=lines, topic="erp.raw")


def rejected(at: datetime, lines: Lines | None = None) -> Event:
    return happened(Milestone.REJECTED_BY_CUSTOMER, at, lines=lines, topic="erp.raw")


class Installation:
    """The three hops in memory, fed with raw records; remembers what they said."""

    TERMS = ("T-DELIVERY", "on_delivery")

    def __init__(self, trigger: str = "on_delivery", **rules: Any) -> None:
        self.pipeline = OfflinePipeline(hops(Settings()))
        self.said: list[Output] = []
        version = {"version": 1, "trigger": trigger, "currency": "EUR", "time_zone": "Europe/Berlin", "partial_allowed": True, **rules}
        version["valid_from"] = "2025-01-01T00:00:00Z"
        self.hears("billing.terms", {"terms_id": "T-1", "versions": [version]}, day(1))

    def hears(self, topic: str, value: Any, at: datetime, named: Mapping[str, str] | None = None) -> Installation:
        encoded = tuple((name, text.encode()) for name, text in (named or {}).items())
        self.said += self.pipeline.feed(Output(topic, b"k", json.dumps(value).encode(), encoded, timestamp=to_millis(at)))
        return self

    def waits(self, until: datetime) -> Installation:
        self.said += self.pipeline.advance(to_millis(until))
        return self

    def order(self, number: str = "1", at: datetime | None = None, quantity: int = 10, **more: Any) -> Installation:
        line = {"line": "10", "sku": "SKU-10", "quantity": quantity, "unit_price": "10.00"}
        told = {"revision": 1, "customer": "C", "currency": "EUR", "terms": "T-1", "lines": [line]}
        return self.erp("order.released", at or day(1), number, **told | more)

    def erp(self, kind: str, at: datetime, number: str = "1", **more: Any) -> Installation:
        head = {"type": kind, "system": "ERP", "company": "ACME", "order": number, "at": at.isoformat()}
        return self.hears("erp.raw", head | more, at)

    def issue(self, at: datetime, number: str = "1", quantity: int = 10, **more: Any) -> Installation:
        head = {"type": "goods.issued", "system": "WMS", "company": "ACME", "order": number, "at": at.isoformat()}
        return self.hears("wms.raw", head | {"lines": [{"line": "10", "quantity": quantity}]} | more, at)

    def plan(self, at: datetime, *numbers: str, shipment: str = "S1", tracking: str = "T1", **more: Any) -> Installation:
        head = {"type": "shipment.planned", "system": "TMS", "shipment": shipment, "at": at.isoformat(), "carrier": "BLPX"}
        orders = [{"company": "ACME", "order": number} for number in numbers or ("1",)]
        return self.hears("tms.raw", head | {"references": [{"kind": "tracking", "value": tracking}], "orders": orders} | more, at)

    def scan(self, code: str, at: datetime, tracking: str = "T1", heard: datetime | None = None, **more: Any) -> Installation:
        value = {"carrier": "BLPX", "tracking": tracking, "code": code, "at": at.isoformat()}
        return self.hears("carrier.raw", value | more, heard or at)

    def decisions(self, number: str = "1") -> list[str]:
        return [value["decision"] for value in self._values(RELEASES, number)]

    def holds(self, number: str = "1") -> list[str]:
        values = self._values(HOLDS, number)
        return [str(reason["code"]) for reason in values[-1]["reasons"]] if values else []

    def state(self, number: str = "1") -> str:
        values = self._values(STATUS, number)
        return str(values[-1]["state"]) if values else ""

    @property
    def refusals(self) -> list[str]:
        return [headers.read(output.headers)[headers.CODE] for output in self.said if output.topic.endswith(".dlq")]

    def _values(self, topic: str, number: str) -> list[dict[str, Any]]:
        key = f"ACME:{number}".encode()
        return [read(topic, output.value) for output in self.said if output.topic == topic and output.key == key and output.value]
