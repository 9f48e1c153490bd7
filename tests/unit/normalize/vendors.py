"""Records of other systems' formats, in their shape: `tests/fixtures/<format>.json`."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from streams.normalize.codes import Meaning
from streams.topics import CARRIER_RAW, ERP_RAW, TMS_RAW

FIXTURES = Path(__file__).parents[2] / "fixtures"


class Vendor(NamedTuple):
    """A format, the topic it comes on, and how to make its record say one row of its map, once."""

    format: str
    topic: str
    says: Callable[[dict[str, Any], Meaning], Any]

    def record(self) -> dict[str, Any]:
        """A record as the vendor sends it."""
        return json.loads((FIXTURES / f"{self.format}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]

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
]


def vendor(format: str) -> Vendor:
    """The vendor of a format."""
    return next(each for each in VENDORS if each.format == format)
