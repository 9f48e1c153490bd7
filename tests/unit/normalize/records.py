"""Valid raw records of every format and type: what the tests start from."""

from __future__ import annotations

from typing import Any

from streams.topics import CARRIER_RAW, ERP_RAW, TERMS, TMS_RAW, WMS_RAW

ERP_HEAD = {"system": "SAP-EU", "company": "1000", "order": "0000004711", "at": "2026-06-01T09:15:00+02:00"}
WMS_HEAD = {"system": "WMS-HAM", "company": "1000", "order": "4711", "at": "2026-06-01T10:00:00+02:00"}
TMS_HEAD = {"system": "TMS-1", "shipment": "S-77", "at": "2026-06-01T08:00:00Z"}
CARRIER_HEAD = {"carrier": "BLPX", "tracking": "BLP123DE", "at": "2026-06-01T11:30:00+02:00"}

LINES = [{"line": "10", "quantity": "5", "uom": "EA"}, {"line": "20", "quantity": 2.5, "uom": "KG"}]

ORDER_LINES = [
    {"line": "10", "sku": "SKU-1", "quantity": 5, "uom": "EA", "unit_price": 19.99},
    {"line": "20", "sku": "SKU-2", "quantity": "2.5", "uom": "KG", "unit_price": "0.1"},
]
ORDER = {"revision": 1, "customer": "CUST-1", "currency": "EUR", "terms": "T-POD-EUR", "lines": ORDER_LINES}

PLAN = {
    **TMS_HEAD,
    "type": "shipment.planned",
    "carrier": "BLPX",
    "references": [{"kind": "tracking", "value": "BLP123DE"}, {"kind": "bol", "value": "BOL-9"}],
    "orders": [{"company": "1000", "order": "4711", "delivery": "0080000001", "lines": LINES}],
}

UPS = {
    "trackingNumber": "1ZR7X4000000000018",
    "localActivityDate": "20260601",
    "localActivityTime": "081500",
    "activityLocation": {"city": "Springfield", "stateProvince": "IL", "postalCode": "62701", "country": "US"},
    "activityStatus": {"type": "I", "code": "OT", "description": "Out for Delivery", "descriptionCode": "021"},
    "gmtActivityDate": "20260601",
    "gmtActivityTime": "131500",
    "gmtOffset": "-05.00",
}
UPS_DELIVERED = {
    **UPS,
    "activityStatus": {"type": "D", "code": "FS", "description": "Delivered", "descriptionCode": "011"},
    "actualDeliveryDate": "20260601",
    "actualDeliveryTime": "081500",
}

X12_214 = {
    "set": "214",
    "version": "004010",
    "sender": "02:OLDFREIGHT",
    "receiver": "ZZ:MILLCO",
    "interchange": "000000101",
    "group": "7",
    "control": "0001",
    "separators": {"element": "*", "component": ":", "repetition": ""},
    "zone": "America/Chicago",
    "segments": ["ST*214*0001", "B10*0012345678*80000001*OLDF", "LX*1", "AT7*D1*NS***20260601*0815*LT", "Q7*S*CTN*2", "SE*6*0001"],
}

TERMS_RECORD = {
    "terms_id": "T-POD-EUR",
    "versions": [
        {
            "version": 2,
            "trigger": "on_pod",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
            "valid_from": "2026-01-01T00:00:00+01:00",
            "partial_allowed": True,
            "pod_auto_confirm_days": 7,
        },
        {
            "version": 1,
            "trigger": "on_ship",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
            "valid_from": "2024-01-01T00:00:00+01:00",
            "valid_to": "2026-01-01T00:00:00+01:00",
            "partial_allowed": False,
        },
    ],
}

EVERY: list[tuple[str, dict[str, Any]]] = [
    (ERP_RAW, {**ERP_HEAD, **ORDER, "type": "order.released", "id": "msg-1"}),
    (ERP_RAW, {**ERP_HEAD, **ORDER, "type": "order.changed", "revision": 2}),
    (ERP_RAW, {**ERP_HEAD, "type": "order.cancelled", "revision": 3}),
    (ERP_RAW, {**ERP_HEAD, "type": "invoice.posted", "invoice": "INV-1", "amount": "100.20", "currency": "EUR", "lines": LINES}),
    (ERP_RAW, {**ERP_HEAD, "type": "invoice.cancelled", "invoice": "INV-1"}),
    (ERP_RAW, {**ERP_HEAD, "type": "dispute.opened", "case": "D-1", "lines": LINES, "text": "two cartons wet"}),
    (ERP_RAW, {**ERP_HEAD, "type": "dispute.resolved", "case": "D-1"}),
    (WMS_RAW, {**WMS_HEAD, "type": "pick.completed", "lines": LINES}),
    (
        WMS_RAW,
        {
            **WMS_HEAD,
            "type": "goods.issued",
            "lines": LINES,
            "delivery": "80000001",
            "shipment": "S-77",
            "references": [{"kind": "tracking", "issuer": "BLPX", "value": "BLP123DE"}],
        },
    ),
    (TMS_RAW, PLAN),
    (TMS_RAW, {**TMS_HEAD, "type": "shipment.dispatched"}),
    (TMS_RAW, {**TMS_HEAD, "type": "shipment.in_transit"}),
    (TMS_RAW, {**TMS_HEAD, "type": "shipment.out_for_delivery"}),
    (TMS_RAW, {**TMS_HEAD, "type": "shipment.delivered"}),
    (TMS_RAW, {**TMS_HEAD, "type": "shipment.delivered_partial", "lines": LINES}),
    (TMS_RAW, {**TMS_HEAD, "type": "shipment.eta", "at": "2026-06-03T08:00:00Z"}),
    (TMS_RAW, {**TMS_HEAD, "type": "pod.received", "signed_by": "R. Meyer", "document": "pod/77.pdf"}),
    (TMS_RAW, {**TMS_HEAD, "type": "exception.raised", "case": "X-1", "reason": "WEATHER", "text": "snow"}),
    (TMS_RAW, {**TMS_HEAD, "type": "exception.resolved", "case": "X-1"}),
    (CARRIER_RAW, {**CARRIER_HEAD, "code": "DELIVERED", "signed_by": "A. Silva"}),
    (CARRIER_RAW, {**CARRIER_HEAD, "code": "PARTIAL", "lines": LINES}),
    (CARRIER_RAW, {**CARRIER_HEAD, "code": "ETA", "at": "2026-06-03T08:00:00Z", "estimated": True}),
    (CARRIER_RAW, UPS),
    (CARRIER_RAW, UPS_DELIVERED | {"receivedBy": "JONES"}),
    (TERMS, TERMS_RECORD),
]
"""One valid record of every type, with the topic it belongs on."""
