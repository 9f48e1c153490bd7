"""Records of other systems' formats, in their shape: `tests/fixtures/<format>.json`, or `.xml` where they come as that."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from streams.contracts.xml import plain
from streams.normalize.codes import Meaning
from streams.topics import CARRIER_RAW, ERP_RAW, TMS_RAW, WMS_RAW

FIXTURES = Path(__file__).parents[2] / "fixtures"


class Vendor(NamedTuple):
    """A format, the topic it comes on, and how to make its record say one row of its map, once."""

    format: str
    topic: str
    says: Callable[[dict[str, Any], Meaning], Any]
    headers: Mapping[str, str] = MappingProxyType({})
    """That the record comes with, besides its format."""

    def record(self) -> dict[str, Any]:
        """A record as the vendor sends it; of XML, the same as JSON."""
        if (xml := self.xml()) is not None:
            return plain(xml)
        return json.loads((FIXTURES / f"{self.format}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]

    def xml(self) -> bytes | None:
        """The record as XML, where the vendor sends that."""
        path = FIXTURES / f"{self.format}.xml"
        return path.read_bytes() if path.exists() else None

    def saying(self, row: Meaning) -> dict[str, Any]:
        """The record with one statement, that of `row`."""
        record = deepcopy(self.record())
        self.says(record, row)
        return record


def _fedex(record: dict[str, Any], row: Meaning) -> None:
    result = record["output"]["completeTrackResults"][0]["trackResults"][0]
    scan = {"date": "2026-06-01T09:12:00+02:00", "eventType": row.code, "derivedStatusCode": row.code, "exceptionCode": row.type}
    result["scanEvents"] = [scan]
    del result["deliveryDetails"]


def _dhl_express(record: dict[str, Any], row: Meaning) -> None:
    record["shipments"][0]["events"] = [{"date": "2026-06-01", "time": "10:21:00", "GMTOffset": "+02:00", "typeCode": row.code}]


def _dhl_unified(record: dict[str, Any], row: Meaning) -> None:
    record["shipments"][0]["events"] = [{"timestamp": "2026-06-01T11:05:00", "statusCode": row.code}]
    record["shipments"][0]["details"]["proofOfDelivery"] = {"timestamp": "2026-06-01T11:05:00"}


def _easypost(record: dict[str, Any], row: Meaning) -> None:
    del record["result"]["signed_by"]
    record["result"]["tracking_details"] = [{"datetime": "2026-06-01T13:15:00Z", "status": row.code, "status_detail": row.type or None}]


def _aftership(record: dict[str, Any], row: Meaning) -> None:
    del record["msg"]["signed_by"]
    record["msg"]["checkpoints"] = [{"checkpoint_time": "2026-06-01T13:15:00Z", "subtag": row.code}]


def _dcsa(record: dict[str, Any], payload: dict[str, Any], row: Meaning) -> None:
    kind, _, more = row.type.partition("/")
    record["eventType"] = kind
    for name in ("shipment", "transport", "equipment"):
        payload.pop(f"{name}EventTypeCode", None)
    payload[f"{kind.lower()}EventTypeCode"] = row.code
    payload["isTransshipmentMove"] = more == "TRANSSHIPMENT"
    if kind == "SHIPMENT":
        payload["documentTypeCode"] = more


def _epcis(record: dict[str, Any], row: Meaning) -> None:
    record["epcisBody"]["eventList"][0] |= {"bizStep": row.code, "disposition": row.type}


def _p44_tl(record: dict[str, Any], row: Meaning) -> None:
    record |= {"eventType": row.code, "eventStopNumber": {"ORIGIN": 1, "STOP": 2, "": None}[row.type]}


def _otm(record: dict[str, Any], row: Meaning) -> None:
    body = record["Transmission"]["TransmissionBody"]
    body["GLogXMLElement"] = element = body["GLogXMLElement"][1]
    element["ShipmentStatus"]["StatusCodeGid"]["Gid"]["Xid"] = row.code


def _s4_delivery(record: dict[str, Any], row: Meaning) -> None:
    item = record["d"]["to_DeliveryDocumentItem"]["results"][0]
    item["GoodsMovementStatus"] = "A"
    (item if row.type == "GoodsMovementStatus" else record["d"])[row.type] = row.code
    record["d"] |= {"ProofOfDeliveryDate": "2026-06-01", "ConfirmationTime": "PT11H00M00S"}


def _refund(record: dict[str, Any], row: Meaning) -> None:
    record["refund_line_items"][0]["restock_type"] = "no_restock" if row.code == "refund" else row.code
    if row.code != "refund":
        record["transactions"] = []


def _orders05(record: dict[str, Any], row: Meaning) -> None:
    document = record["ORDERS05"]["IDOC"]
    document["EDI_DC40"]["MESTYP"] = row.code
    document["E1EDK01"]["ACTION"] = row.type


def _delvry07(record: dict[str, Any], row: Meaning) -> None:
    document = record["DELVRY07"]["IDOC"]
    document["EDI_DC40"]["MESTYP"] = row.code
    delivery = document["E1EDL20"]
    item = delivery["E1EDL24"][-1]
    delivery |= {"E1EDL24": item, "E1EDL18": {"QUALF": row.type}, "PODAT": "20260601", "POTIM": "120000"}
    delivery["E1EDT13"] = [delivery["E1EDT13"], {"QUALF": "010", "ISDD": "20260601", "ISDZ": "080000"}]
    if row.type in ("SHORT", "OVER"):
        item["E1EDL53"] = {"PODMG": "2.000" if row.type == "SHORT" else "4.000"}
        del delivery["E1EDL18"]


def _invoic02(record: dict[str, Any], row: Meaning) -> None:
    record["INVOIC02"]["IDOC"]["E1EDK01"] |= {"BSART": row.code, "ACTION": row.type}


VENDORS = [
    Vendor("fedex.track.v1", CARRIER_RAW, _fedex),
    Vendor("dhl.express.v1", CARRIER_RAW, _dhl_express),
    Vendor("dhl.unified.v1", CARRIER_RAW, _dhl_unified),
    Vendor("easypost.tracker.v2", CARRIER_RAW, _easypost),
    Vendor("aftership.tracking.v4", CARRIER_RAW, _aftership),
    Vendor("dcsa.tnt.v2", CARRIER_RAW, lambda record, row: _dcsa(record, record, row)),
    Vendor("dcsa.tnt.v3", CARRIER_RAW, lambda record, row: _dcsa(record["metadata"], record["payload"], row)),
    Vendor("gs1.epcis.v2", CARRIER_RAW, _epcis),
    Vendor("project44.ltl.v4", TMS_RAW, lambda record, row: record.update(statusCode=row.code)),
    Vendor("project44.tl.v4", TMS_RAW, _p44_tl),
    Vendor("sap.gtt.v1", TMS_RAW, lambda record, row: record.update(EVTID=row.code)),
    Vendor("shopify.fulfillment-event.v1", ERP_RAW, lambda record, row: record.update(status=row.code)),
    Vendor("sap.orders05.v1", ERP_RAW, _orders05),
    Vendor("sap.delvry07.v1", ERP_RAW, _delvry07),
    Vendor("sap.invoic02.v1", ERP_RAW, _invoic02),
    Vendor("dynamics365.business-event.v1", ERP_RAW, lambda record, row: record.update(BusinessEventId=row.code)),
    Vendor("shopify.refund.v1", ERP_RAW, _refund),
    Vendor("otm.transmission.v1", TMS_RAW, _otm),
]


_READ = {"system": "S4HCLNT100", "as_of": "2026-06-01T12:00:00Z", "zone": "Europe/Berlin"}

SNAPSHOTS = [
    Vendor("shopify.fulfillment.v1", ERP_RAW, lambda record, row: record.update(status=row.code)),
    Vendor("netsuite.item-fulfillment.v1", ERP_RAW, lambda record, row: record["shipStatus"].update(id=row.code)),
    Vendor("oracle.receivables.v1", ERP_RAW, lambda record, row: record.update(BusinessEventCode=row.code)),
    Vendor("sap.s4.salesorder.v1", ERP_RAW, lambda record, row: record["d"].update({row.type or "x": "01"}), _READ),
    Vendor("sap.s4.outbounddelivery.v1", ERP_RAW, _s4_delivery, _READ),
    Vendor(
        "sap.s4.billingdocument.v1", ERP_RAW, lambda r, row: r["d"].update(SDDocumentCategory=row.code, CancelledBillingDocument="9"), _READ
    ),
    Vendor("milepost.wms-snapshot.v1", WMS_RAW, lambda record, row: None),
]
"""Formats of which each record is a snapshot, or brings one along: the resolve hop says what they say."""

TOLD_OTHERWISE = [
    Vendor("shopify.order.v1", ERP_RAW, lambda record, row: None),
    Vendor("sap.s4.event.v1", ERP_RAW, lambda record, row: None),
]
"""An order whose code is its topic header; an announcement."""


def vendor(format: str) -> Vendor:
    """The vendor of a format."""
    return next(each for each in (*VENDORS, *SNAPSHOTS, *TOLD_OTHERWISE) if each.format == format)
